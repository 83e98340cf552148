"""The places: read, complete, each with a ground, a source and examples that its condition meets.

A second engager class that mirrors the first has a mirrored row, or a reason why not.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from tests.support.small_bundle import FINDINGS, tables, with_examples, write

from rearm.assessment.check import check
from rearm.findings import FUNCTIONS
from rearm.findings.base import NOTHING
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


# ---------------------------------------------------------------- what the check of places tells
BASE: dict[str, Any] = {
    "reason": "It stands here for everybody.",
    "ground": "usual_practice",
    "sources": ["s1"],
    "tier": "situational",
}
LIFT = BASE | {
    "id": "later",
    "strategy": "bispecific-gprc5d",
    "tier": "first",
    "when": "exposed",
    "example_true": {"exposed": True},
    "example_false": {"exposed": False},
}


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for a bundle whose findings the program can give."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in FINDINGS["finding"]:
        if name not in FUNCTIONS:
            monkeypatch.setitem(FUNCTIONS, name, lambda chart: NOTHING)
    return tmp_path / "b"


def problems_of(folder: Path, lift: dict[str, Any], *bases: dict[str, Any]) -> str:
    found = with_examples(tables())
    rows = bases or tuple(
        BASE | {"id": f"{s}-base", "strategy": s} for s in ("bispecific-gprc5d", "bispecific-bcma")
    )
    lift = {key: value for key, value in lift.items() if value is not None}
    found["places/all.toml"] = {"place": [*rows, lift]}
    return "\n".join(str(p) for p in check(write(folder, found)))


def test_sound_places_are_sound(small: Path) -> None:
    assert problems_of(small, LIFT) == ""


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"tier": None}, "place later: has no tier, or two"),
        ({"at_most": "avoid"}, "place later: has no tier, or two"),
        ({"reason": " "}, "place later: has no reason"),
        ({"strategy": None}, "place later: places no strategy"),
        ({"strategy": "bispecific-gprc5"}, "bispecific-gprc5 is not the strategy of any option"),
        ({"tier": None, "at_most": "avoid", "when": None, "example_true": None,
          "example_false": None}, "place later: limits the strategy for every patient"),
        ({"when": None, "example_true": None, "example_false": None},
         "strategy bispecific-gprc5d: has 2 placements without a condition"),
        ({"sources": None}, "place later: has no source"),
        ({"sources": ["nobody-2020"]}, "cites nobody-2020"),
        ({"ground": "hearsay"}, "ground"),
        ({"tier": "second"}, "tier"),
        ({"when": "lots"}, "there is no finding named lots"),
        ({"example_true": None}, "place later: has no example_true"),
        ({"example_true": {"exposed": False}}, "example_true makes the condition false"),
        ({"example_false": {"exposed": True}}, "example_false makes the condition true"),
        ({"example_true": {"lost": True}}, "example_true makes the condition unknown"),
        ({"example_true": {"exposed": 3}}, "exposed is of type bool"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_place_is_told(
    small: Path, changes: dict[str, Any], problem: str
) -> None:
    assert problem in problems_of(small, LIFT | changes)


def test_a_strategy_without_its_base_row_is_told(small: Path) -> None:
    one = BASE | {"id": "base", "strategy": "bispecific-gprc5d"}
    assert "strategy bispecific-bcma: has 0 placements" in problems_of(small, LIFT, one)


def test_two_places_of_one_id_are_told(small: Path) -> None:
    bases = [
        BASE | {"id": "later", "strategy": s} for s in ("bispecific-gprc5d", "bispecific-bcma")
    ]
    assert "the id later is used" in problems_of(small, LIFT | {"id": "other"}, *bases)
