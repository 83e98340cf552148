"""Days of the patient's axis stand with their dates where the record is on the calendar."""

from __future__ import annotations

import pytest
from msgspec import structs
from tests.support.results import examples

from rearm.report.assessment.dated import date_of, dated
from rearm.report.words import capital

RESULT = structs.replace(examples()["SYN-01"], as_of=100, as_of_date="2026-04-11")

TABLE = """
text                                        | with its dates
day 0                                       | day 0 (2026-01-01)
Day 31, confirmed                           | Day 31 (2026-02-01), confirmed
failed on day 90 (3.0 months)               | failed on day 90 (2026-04-01; 3.0 months)
2.2 mg, day 79 (21 days ago), none before   | 2.2 mg, day 79 (2026-03-21; 21 days ago), none before
between day -1 and day 9                    | between day -1 (2025-12-31) and day 9 (2026-01-10)
day 31 (2026-02-01)                         | day 31 (2026-02-01)
day 31, 2026-02-01                          | day 31, 2026-02-01
31 days                                     | 31 days
holiday 31                                  | holiday 31
day unknown                                 | day unknown
"""
ROWS = [tuple(x.strip() for x in line.split("|")) for line in TABLE.strip().splitlines()[1:]]


@pytest.mark.parametrize(("text", "expected"), ROWS)
def test_a_day_stands_with_its_date(text: str, expected: str) -> None:
    assert dated(text, RESULT) == expected
    assert dated(expected, RESULT) == expected  # and not with two


def test_without_the_calendar_a_day_stays_a_number() -> None:
    for without in ({"as_of_date": None}, {"as_of": None}):
        result = structs.replace(RESULT, **without)
        assert dated("day 31 (1.0 months)", result) == "day 31 (1.0 months)"


def test_a_day_beyond_the_calendar_has_no_date() -> None:
    assert date_of(99_999_999, RESULT) == ""
    assert dated("day 99999999", RESULT) == "day 99999999"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("relapse", "Relapse"), ("IMiD", "IMiD"), ("t(11;14)", "t(11;14)"), ("eGFR", "eGFR"),
     ("t cell", "T cell"), ("", "")],
)  # fmt: skip
def test_a_name_keeps_its_small_letter(text: str, expected: str) -> None:
    assert capital(text) == expected
