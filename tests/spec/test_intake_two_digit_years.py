"""A year of two digits is read where day, month and year stand in the one order of points."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from rearm.intake import read_tables
from rearm.intake.days import parse_moment
from rearm.intake.values import Refused
from rearm.record import Record, When

ZERO = date(2023, 5, 1)


def _record(day: str, **patient: Any) -> Record:
    patients = [{"patient_id": "A", "day_zero": "2023-05-01"} | patient]
    labs: list[dict[str, Any]] = [
        {"patient_id": "A", "day": day, "test": "creatinine", "value": 1, "unit": "mg/dL"}
    ]
    return read_tables({"patients": patients, "labs": labs}, today=date(2026, 11, 30)).records[0]


READ = [
    ("26.1.26", date(2026, 1, 26)),
    ("30.1.26", date(2026, 1, 30)),
    ("01.02.24", date(2024, 2, 1)),
    ("1. 2. 24", date(2024, 2, 1)),
    ("12.3.98", date(1998, 3, 12)),
]


@pytest.mark.parametrize(("given", "expected"), READ)
def test_read_and_noted(given: str, expected: date) -> None:
    record = _record(given)
    assert [x.when for x in record.labs] == [When.on((expected - ZERO).days)]
    assert [(i.severity, i.code, i.done) for i in record.issues] == [
        ("note", "short_year_read", "used")
    ]
    assert expected.isoformat() in record.issues[0].message


# slashes have two orders, a month of two numbers is none, and 1940 is no day of a record
REFUSED = [
    ("07/25", "two_digit_year"),
    ("26/1/26", "two_digit_year"),
    ("26-1-26", "two_digit_year"),
    ("07.25", "two_digit_year"),
    ("32.1.26", "date_impossible"),
    ("26.1.40", "date_in_future"),
]


@pytest.mark.parametrize(("given", "code"), REFUSED)
def test_refused(given: str, code: str) -> None:
    record = _record(given)
    assert record.labs == ()
    assert [i.code for i in record.issues] == [code]


def test_birth_date_is_not_guessed() -> None:
    record = _record("2024-01-01", birth_date="12.3.58")
    assert record.birth_date is None
    assert [i.code for i in record.issues] == ["two_digit_year"]


# what stands there, what to write
ADVICE = [
    ("07/25", "the month as YYYY-MM, such as 2025-07"),
    ("07.25", "the month as YYYY-MM, such as 2025-07"),
    ("Mar 24", "the month as YYYY-MM, such as 2024-03"),
    ("13/25", "the month as YYYY-MM; a day as YYYY-MM-DD"),
    ("14 Mar 24", "all four digits of the year (14 Mar 2024)"),
    ("26/1/26", "Write YYYY-MM-DD."),
]


@pytest.mark.parametrize(("given", "advice"), ADVICE)
def test_the_refusal_says_what_to_write(given: str, advice: str) -> None:
    with pytest.raises(Refused) as refusal:
        parse_moment(given)
    assert advice in str(refusal.value)
    assert refusal.value.code == "two_digit_year"
