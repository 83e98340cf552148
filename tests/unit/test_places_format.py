"""The places: read, complete, each with a ground, a source and examples that its condition meets.

A second engager class that mirrors the first has a mirrored row, or a reason why not.
"""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from rearm.knowledge import load
from rearm.knowledge.bundle import DATA
from rearm.rules import parse_condition

FILES = sorted((DATA / "places").glob("*.toml"))
PLACES: list[tuple[str, dict[str, Any]]] = [
    (file.name, place)
    for file in FILES
    for place in tomllib.loads(file.read_text(encoding="utf-8"))["place"]
]
SWAPS = (
    ("bispecific-bcma", "bispecific-gprc5d"),
    ("car_target_bcma", "car_target_gprc5d"),
    ("exposed_bcma_bispecific", "exposed_gprc5d"),
    ("refractory_bcma_bispecific", "refractory_gprc5d"),
    ("bcma_status", "gprc5d_status"),
)
every = pytest.mark.parametrize(("file", "place"), PLACES, ids=[p["id"] for _, p in PLACES])


def strategies_of(place: dict[str, Any]) -> list[str]:
    return place["strategies"] if "strategies" in place else [place["strategy"]]


def swapped(text: str) -> str:
    """The text with BCMA and GPRC5D in each other's place."""
    for n, (one, other) in enumerate(SWAPS):
        text = text.replace(one, f"<{n}>").replace(other, one).replace(f"<{n}>", other)
    return text


@every
def test_a_row_has_its_form(file: str, place: dict[str, Any]) -> None:
    """What `rearm knowledge check` leaves open."""
    assert ("strategy" in place) != ("strategies" in place)
    assert place["reason"].endswith(".")
    if place["sources"] == ["accepted-practice"]:
        assert place["ground"] == "usual_practice"


@every
def test_the_examples_say_what_the_condition_reads(file: str, place: dict[str, Any]) -> None:
    if "when" in place:
        reads = set(parse_condition(place["when"], load().catalogue).reads)
        assert set(place["example_true"]) <= reads
        assert set(place["example_false"]) <= reads
    else:
        assert "example_true" not in place


def test_bcma_and_gprc5d_mirror_each_other() -> None:
    def key(place: dict[str, Any], strategy: str, when: str) -> tuple[str, str, str]:
        return strategy, place.get("tier") or f"at most {place['at_most']}", when

    rows = {
        key(place, strategy, place.get("when", "")): place["id"]
        for _, place in PLACES
        if "asymmetry" not in place
        for strategy in strategies_of(place)
        if strategy in SWAPS[0]
    }
    mirrored = {(swapped(s), tier, swapped(when)) for s, tier, when in rows}
    assert [name for row, name in rows.items() if row not in mirrored] == []


RISING = ("avoid", "situational", "alternative", "first")


def test_no_row_is_without_effect() -> None:
    """A row lifts its strategy above the base, and a cap lies under what a row can give."""
    base: dict[str, int] = {}
    highest: dict[str, int] = {}
    for _, place in PLACES:
        for strategy in strategies_of(place):
            if "tier" in place:
                tier = RISING.index(place["tier"])
                highest[strategy] = max(tier, highest.get(strategy, 0))
                if "when" not in place:
                    base[strategy] = tier
    idle = []
    for _, place in PLACES:
        for strategy in strategies_of(place):
            if "at_most" in place and RISING.index(place["at_most"]) >= highest[strategy]:
                idle.append((place["id"], strategy))
            lifts = "tier" in place and "when" in place
            if lifts and RISING.index(place["tier"]) <= base[strategy]:
                idle.append((place["id"], strategy))
    assert idle == []
