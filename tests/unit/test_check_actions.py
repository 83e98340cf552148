"""The knowledge check of actions: a sound one passes, and each thing that may be wrong is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.support.small_bundle import FINDINGS, tables, with_examples, write

from rearm.assessment.check import check
from rearm.findings import FUNCTIONS
from rearm.findings.base import NOTHING


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(autouse=True)
def functions_of_the_small_bundle(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in FINDINGS["finding"]:
        if name not in FUNCTIONS:
            monkeypatch.setitem(FUNCTIONS, name, lambda chart: NOTHING)


def action(**changes: Any) -> dict[str, Any]:
    sound = {
        "id": "treat_infection",
        "text": "Treat the infection",
        "urgency": "now",
        "when": "infection",
        "because": "It does not wait.",
        "until": "it is over",
        "sources": ["s1"],
        "example_true": {"infection": True},
        "example_false": {"infection": False},
    }
    return {key: value for key, value in (sound | changes).items() if value is not None}


def told(tmp_path: Path, *actions: dict[str, Any]) -> str:
    found = with_examples(tables())
    found["actions.toml"] = {"action": list(actions)}
    return "\n".join(str(p) for p in check(write(tmp_path / "b", found)))


def test_a_sound_action_is_sound(tmp_path: Path) -> None:
    finds_out = action(
        id="count",
        when="infection",
        unless="lost",
        finds_out=["anc"],
        before=["treat_infection"],
        example_false={"infection": True, "anc": 2.0},
    )
    assert told(tmp_path, action(), finds_out) == ""


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"sources": None}, "action treat_infection: has no source"),
        ({"sources": ["nobody-2020"]}, "cites nobody-2020"),
        ({"text": "Treat the infection."}, "ends in a full stop"),
        ({"until": " "}, "lacks because or until"),
        ({"until": None}, "until"),
        ({"urgency": "soon"}, "urgency"),
        ({"because": "In 31 % of patients."}, "the number 31 is neither in a cited source"),
        ({"when": "lots"}, "there is no finding named lots"),
        ({"unless": "lots"}, "action treat_infection, unless"),
        ({"open_when": "lost"}, "has open_when but no open_text"),
        ({"finds_out": ["lots"]}, "there is no finding named lots"),
        ({"shows": ["lots"]}, "there is no finding named lots"),
        ({"before": ["treat_infection"]}, "there is no other action treat_infection"),
        ({"before": ["lots"]}, "there is no other action lots"),
        ({"example_true": None}, "has no example_true"),
        ({"example_true": {"lots": True}}, "example_true: there is no finding named lots"),
        ({"example_true": {"infection": False}}, "example_true leaves it not due"),
        ({"example_true": {"lost": True}}, "example_true leaves it unknown"),
        ({"example_false": {"infection": True}}, "example_false leaves it due"),
        ({"unless": "infection"}, "example_true leaves it not due"),
        (
            {"finds_out": ["anc"], "example_true": {"infection": True, "anc": 1.0}},
            "example_true leaves it not due",
        ),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, changes: dict[str, Any], problem: str) -> None:
    assert problem in told(tmp_path, action(**changes))


def test_two_of_one_id_are_told(tmp_path: Path) -> None:
    assert "the id treat_infection is used" in told(tmp_path, action(), action())
