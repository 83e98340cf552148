"""Day numbers beside dates: they count from the first infusion where that has a date; else the
number that keeps the dates from being read is named.
"""

from __future__ import annotations

from typing import Any

import pytest

from rearm.intake import read_tables
from rearm.record import Record

LAB = {"test": "serum_m_protein", "value": 5, "unit": "g/L"}
A = {"patient_id": "A"}


def _read(**tables: list[dict[str, Any]]) -> Record:
    given = {name: [A | row for row in rows] for name, rows in tables.items()}
    return read_tables({"patients": [A], **given}).records[0]


def _infusion(day: object, **more: object) -> dict[str, Any]:
    return {"day": day, "product": "ide-cel", **more}


@pytest.mark.parametrize("number", [3, "3", "+3"])
def test_one_number_counts_from_the_dated_infusion(number: object) -> None:
    record = _read(
        infusions=[_infusion("2024-01-15")],
        labs=[LAB | {"day": "2024-01-10"}, LAB | {"day": "2024-02-15"}],
        toxicities=[{"day": number, "toxicity": "crs", "grade": 1}],
    )
    assert str(record.day_zero) == "2024-01-15"
    assert [x.day for x in record.labs] == [-5, 31]
    assert [x.when.day for x in record.toxicities] == [3]
    (issue,) = [i for i in record.issues if i.code == "number_beside_dates"]
    assert (issue.severity, issue.done, issue.column, issue.value) == (
        "error", "used", "day", str(number),
    )  # fmt: skip
    assert "toxicities" in str(issue.source) and "2024-01-15" in issue.message
    assert len(issue.places) == 1


def test_all_numbers_are_places_of_one_issue() -> None:
    record = _read(
        infusions=[_infusion("2024-01-15"), _infusion("2025-01-15")],
        labs=[LAB | {"day": day} for day in (30, 60, "2024-04-15")],
        deaths=[{"day": 900}],
    )
    assert sorted(x.day or 0 for x in record.labs) == [30, 60, 91]
    (issue,) = [i for i in record.issues if i.code == "number_beside_dates"]
    assert len(issue.places) == 3 and issue.message.startswith("3 days are numbers")


# infusions that do not say from what a number counts
OPEN = [
    [],
    [_infusion(0), _infusion("2025-01-15")],
    [_infusion("2024-01")],
    [_infusion("2024-01-15"), _infusion(None)],
    [_infusion("2024-01-15", infused="no")],
]


@pytest.mark.parametrize("infusions", OPEN)
def test_else_the_number_is_named(infusions: list[dict[str, Any]]) -> None:
    record = _read(
        infusions=infusions,
        labs=[LAB | {"day": "2024-02-15"}],
        toxicities=[{"day": 3, "toxicity": "crs", "grade": 1}],
    )
    assert record.day_zero is None and [x.when.day for x in record.toxicities] == [3]
    (told, *_) = [i for i in record.issues if i.code == "no_day_zero"]
    count = "2 days are numbers" if infusions and infusions[0]["day"] == 0 else "1 day of this"
    assert count in told.message and "patients.day_zero" in told.message
    named = "infusions" if count.startswith("2") else "toxicities"
    assert named in told.message, "the place of the first number"


def test_a_stated_day_0_is_as_before() -> None:
    tables: dict[str, Any] = {
        "patients": [A | {"day_zero": "2024-01-15"}],
        "labs": [A | LAB | {"day": 30}, A | LAB | {"day": "2024-02-15"}],
    }
    record = read_tables(tables).records[0]
    assert [x.day for x in record.labs] == [30, 31] and record.issues == ()
