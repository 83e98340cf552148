"""Grades of toxicities that are only bounded: severe is grade 3 or more, never grade 3."""

from __future__ import annotations

from typing import Any

import pytest

from rearm.findings import find
from rearm.intake import read_tables
from rearm.interval import Interval
from rearm.knowledge.catalogue import load_catalogue
from rearm.outcome.failures import failures

Episode = tuple[str, int | None, str | None]  # toxicity, grade, severity


def _found(*episodes: Episode, day: int = 3) -> Any:
    rows = [
        {"patient_id": "A", "day": day, "toxicity": t, "grade": g, "severity": s}
        for t, g, s in episodes
    ]
    tables: dict[str, list[dict[str, Any]]] = {
        "patients": [{"patient_id": "A"}],
        "infusions": [{"patient_id": "A", "day": 0, "product": "ide-cel"}],
        "toxicities": rows,
    }
    record = read_tables(tables).records[0]
    return find(record, failures(record), load_catalogue(), as_of=100)


# episodes; value of the finding where it is exact, its bounds where it is not
HIGHEST = [
    ([("crs", None, "severe")], None, (3, 5)),
    ([("crs", None, "life_threatening")], None, (4, 5)),
    ([("crs", None, "fatal")], 5, None),
    ([("crs", None, "moderate")], 2, None),
    ([("crs", None, "severe"), ("crs", 4, None)], None, (4, 5)),
    ([("crs", None, "severe"), ("crs", 5, None)], 5, None),
    ([("crs", None, "severe"), ("crs", 1, None)], None, (3, 5)),
    ([("crs", None, None), ("crs", 2, None)], None, (2, 5)),
]


@pytest.mark.parametrize(("episodes", "value", "bounds"), HIGHEST)
def test_highest_grade(
    episodes: list[Episode], value: int | None, bounds: tuple[float, float] | None
) -> None:
    found = _found(*episodes)["crs_grade_past"]
    assert (found.value, found.interval) == (value, Interval(*bounds) if bounds else None)


@pytest.mark.parametrize(
    ("finding", "toxicity"),
    [("neuropathy_grade", "peripheral_neuropathy"), ("keratopathy_grade", "keratopathy")],
)
def test_grade_that_lasts(finding: str, toxicity: str) -> None:
    found = _found((toxicity, None, "severe"))[finding]
    assert (found.value, found.interval) == (None, Interval(3, 5))
    assert found.interval.at_least(2) is True
    assert found.interval.at_most(3) is None
    assert "grade 3 or more" in found.text


def test_a_severe_oral_toxicity_is_of_grade_3_or_more() -> None:
    assert _found(("dysgeusia", None, "severe"))["oral_or_weight_toxicity"].value is True
    assert _found(("dysgeusia", None, "moderate"))["oral_or_weight_toxicity"].value is False
    assert _found(("dysgeusia", None, None))["oral_or_weight_toxicity"].value is None


def test_a_severe_icaht_without_an_end_stands_where_counts_are_missing() -> None:
    assert _found(("icaht", None, "severe"), day=20)["prolonged_cytopenia"].value is True
    assert _found(("icaht", None, None), day=20)["prolonged_cytopenia"].value is None
