"""How old the newest result of each test is: a small record, and what a board is told of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from tests.support.loops import some

from rearm.assessment.last_results import LastResult, last_results
from rearm.board.child.reading import LastTest
from rearm.board.patient.readiness import readiness
from rearm.intake import read_tables
from rearm.knowledge.bundle import load

PATIENT = {"patient_id": "P", "day_zero": "2026-01-01", "last_seen_day": "300"}


def results(**tables: list[Mapping[str, Any]]) -> dict[str, LastResult]:
    rows = {name: [{"patient_id": "P", **row} for row in own] for name, own in tables.items()}
    (record,) = read_tables({"patients": [PATIENT], **rows}).records
    return {found.name: found for found in last_results(record)}


def lab(
    day: str, test: str = "creatinine", value: str = "1", unit: str = "mg/dL"
) -> dict[str, str]:
    return {"day": day, "test": test, "value": value, "unit": unit}


@pytest.mark.parametrize(
    ("rows", "day", "undated"),
    [
        #  results of creatinine                      newest day   one without a day
        ([], None, False),
        ([lab("100")], 100, False),
        ([lab("100"), lab("200"), lab("150")], 200, False),
        ([lab("2026-02")], 31, False),  # some day of February: the first, so the age is not short
        ([lab("")], None, True),
        ([lab("100", unit="furlongs")], None, False),  # not usable: none
    ],
)
def test_the_newest_usable_result_counts(
    rows: list[Mapping[str, Any]], day: int | None, undated: bool
) -> None:
    found = results(labs=rows)["creatinine"]
    assert (found.day, found.undated, found.max_age) == (day, undated, 28)


def test_tests_stand_instead_of_each_other() -> None:
    found = results(labs=[lab("100", "lambda_flc", "20", "mg/L")])
    assert found["free light chains"].day == 100 and found["M-protein in serum"].day is None


def test_imaging_without_a_lesion_is_imaging() -> None:
    found = results(imaging=[{"day": "90", "method": "PET-CT", "result": "negative"}])
    assert (found["imaging"].day, found["imaging"].max_age) == (90, 56)


def test_nothing_is_asked_for_of_a_patient_who_died() -> None:
    assert results(deaths=[{"day": "290"}]) == {}


def test_nothing_after_the_day_of_the_answer_is_read() -> None:
    rows = [{"patient_id": "P", **lab(day)} for day in ("100", "200")]
    (record,) = read_tables({"patients": [PATIENT], "labs": rows}).records
    found = {x.name: x.day for x in last_results(record, as_of=150)}
    assert found["creatinine"] == 100


def test_each_limit_has_a_source() -> None:
    found = results()
    assert len(found) == 13
    for one in some(found.values()):
        assert one.max_age in (28, 56) and set(one.sources) <= set(load().statements)
        assert one.sources


TESTS = (
    LastTest(name="creatinine", max_age=28, date="2026-10-12", age=2),
    LastTest(name="calcium", max_age=28, date="2026-10-12", age=2),
    LastTest(name="marrow", max_age=56, date="2026-10-12", age=2),
    LastTest(name="imaging", max_age=56),
    LastTest(name="IgG", max_age=56, undated=True),
    LastTest(name="LDH", max_age=28, age=40),  # a record without a calendar
)


@pytest.mark.parametrize(
    ("meeting", "today", "invented", "old", "reckoned"),
    [
        # meeting     today         invented  too old: tests and age                 on the day of
        ("2026-11-09", "2026-10-20", False, {("LDH",): 40}, "meeting"),  # 28 days: not yet
        ("2026-11-10", "2026-10-20", False,
         {("creatinine", "calcium"): 29, ("LDH",): 40}, "meeting"),
        ("2026-12-08", "2026-10-20", False,
         {("creatinine", "calcium"): 57, ("marrow",): 57, ("LDH",): 40}, "meeting"),
        (None, "2026-11-10", False, {("creatinine", "calcium"): 29, ("LDH",): 40}, "today"),
        (None, "2027-11-10", True, {("LDH",): 40}, "last_entry"),
    ],
)  # fmt: skip
def test_a_result_is_as_old_as_at_the_meeting(
    meeting: str | None, today: str, invented: bool, old: dict[Any, int], reckoned: str
) -> None:
    found = readiness(
        TESTS,
        meeting=None if meeting is None else date.fromisoformat(meeting),
        today=date.fromisoformat(today),
        invented=invented,
    )
    assert {x.tests: x.age for x in found.old} == old
    assert (found.lacking, found.undated, found.reckoned) == (("imaging",), ("IgG",), reckoned)
    assert found.wanting
