"""The answer tells patients apart: what `make gate-discrimination` prints of many holds of a few,
and what it looks for is seen where it is put in.
"""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs
from scripts.discrimination import REAL, broken, by_strategy, counted, first, groups

from rearm.assessment.result import AnswerTier, Assessment

Groups = dict[str, list[Assessment]]


@pytest.fixture(scope="module")
def patients() -> Groups:
    found = groups(invented=60)
    found.pop(REAL, None)
    return found


def test_patients_are_told_apart(patients: Groups) -> None:
    assert list(broken(patients)) == []
    assert len(patients["invented"]) > 50
    ever = {placed.strategy for result in patients["invented"] for placed in first(result)}
    assert len(ever) >= 6


def emptied(result: Assessment, **changes: Any) -> Assessment:
    return structs.replace(result, answer=structs.replace(result.answer, **changes))


def all_first(result: Assessment) -> Assessment:
    lines = tuple(s for t in result.answer.tiers for s in t.strategies)
    return emptied(result, tiers=(AnswerTier(tier="first", strategies=lines),))


def none_high(result: Assessment) -> Assessment:
    low = tuple(t for t in result.answer.tiers if t.tier not in ("first", "alternative"))
    return emptied(result, tiers=low, state="choose")


def test_what_is_broken_is_told(patients: Groups) -> None:
    (one, *_) = patients["examples"]
    number = sum(len(t.strategies) for t in one.answer.tiers)
    assert list(broken({"these": [all_first(one)]}))[:2] == [
        f"these: the median patient has {number} strategies first.",
        f"these: a patient has {number} strategies first.",
    ]
    untraced = [x for x in broken({"these": [all_first(one)]}) if "without a finding" in x]
    assert untraced and all("is first in more than half" in x for x in untraced)
    assert list(broken({"these": [none_high(one)]})) == [
        "these: a patient has nothing high and no state or line that says why."
    ]


def test_nothing_is_printed_of_a_few_real_patients(patients: Groups) -> None:
    assert [counted(REAL, n, 8) for n in (0, 1, 4, 5, 7, 8)] == ["0", "–", "–", "–", "–", "8"]
    assert counted(REAL, 6, 12) == "6" and counted("examples", 1, 9) == "1"
    few = {REAL: patients["examples"][:6]}
    cells = [row.split(" | ") for row in by_strategy(few)]
    assert not any("%" in cell and "100 %" not in cell for row in cells for cell in row)
