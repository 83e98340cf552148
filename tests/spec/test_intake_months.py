"""Dates of which only the month is known, and no day 0: intervals of days from the infusion, never
a day that nobody stated.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from rearm import assess
from rearm.findings import find
from rearm.intake import read_tables
from rearm.interval import Interval
from rearm.knowledge.catalogue import load_catalogue
from rearm.outcome.failures import failures
from rearm.record import Record, When

Row = dict[str, Any]


def _record(**tables: list[Row]) -> Record:
    people: list[Row] = [{}]
    rows = {"patients": people} | tables
    return read_tables(
        {name: [{"patient_id": "A"} | row for row in given] for name, given in rows.items()}
    ).records[0]


def _chosen(record: Record) -> tuple[str, str]:
    (issue,) = [i for i in record.issues if i.code == "day_zero_chosen"]
    return issue.severity, issue.message


INFUSED = {"day": "2023-03", "product": "ide-cel"}
PD = {"day": "2024-01", "response": "PD", "by": "team"}


def test_a_patient_known_by_months_has_a_failure_within_bounds() -> None:
    record = _record(
        patients=[{"last_seen_day": "2024-01", "birth_year": 1950, "diagnosis_day": "2018-05"}],
        infusions=[INFUSED],
        assessments=[PD, {"day": "2023-05", "response": "VGPR"}],
        therapies=[{"line": 1, "regimen": "VRd", "start_day": "2018-06", "end_day": "2018-12"}],
    )
    assert record.infusions[0].when == When.on(0)
    assert record.day_zero is None
    # 1 January 2024 is 276 days after 31 March 2023; 31 January is 336 after 1 March
    assert [x.when for x in record.responses] == [When(276, 336), When(31, 91)]
    assert record.diagnosis == When(-1795, -1735)
    assert record.last_seen_day == 276
    (failure,) = failures(record)
    assert (failure.status, failure.day, failure.when) == ("failed", None, When(276, 336))
    assert (failure.timing, failure.kind) == ("late", "progression_after_response")
    severity, message = _chosen(record)
    assert severity == "warning"
    assert "between 2023-03-01 and 2023-03-31" in message
    assert [x.status for x in assess(record).failures] == ["failed"]


# birth, the last day on record; age on that day
AGES = [
    ({"birth_date": "1950-06-10"}, {"day": "2023-03"}, 72),
    ({"birth_date": "1950-03-10"}, {"day": "2023-03"}, Interval(72, 73)),
    ({"birth_year": 1950}, {"day": "2023-03"}, Interval(72, 73)),
    ({"birth_year": 1950}, {"day": "2023"}, Interval(72, 73)),
]


@pytest.mark.parametrize(("birth", "infused", "age"), AGES)
def test_age_at_an_infusion_of_a_month(birth: Row, infused: Row, age: int | Interval) -> None:
    record = _record(patients=[birth], infusions=[INFUSED | infused])
    found = find(record, failures(record), load_catalogue(), as_of=0)["age"]
    assert (found.value if found.interval is None else found.interval) == age


# day of the infusion, of the result; the interval of the result on the axis, severity of the issue
BESIDE = [
    ("2023-03", "2023-04-10", When(10, 40), "error"),
    ("2023-03", "2023-03-10", When(-21, 9), "error"),
    ("2023-03", "2023-02-14", When(-45, -15), "error"),
    ("March 2023", "2023-04", When(1, 60), "warning"),
    ("2023", "2024-02-01", When(32, 396), "error"),
    ("2023-03-15", "2023-04", When(17, 46), "note"),
]


@pytest.mark.parametrize(("infused", "sampled", "when", "severity"), BESIDE)
def test_results_beside_an_infusion_of_a_month(
    infused: str, sampled: str, when: When, severity: str
) -> None:
    lab = {"day": sampled, "test": "crp", "value": 5, "unit": "mg/L"}
    record = _record(infusions=[{"day": infused, "product": "ide-cel"}], labs=[lab])
    assert record.infusions[0].when == When.on(0)
    assert [x.when for x in record.labs] == [when]
    assert _chosen(record)[0] == severity


# end of bendamustine; days from it to an apheresis of April 2023, whether it came before
BENDAMUSTINE = [
    ("2022-10-01", "2022-12-31", Interval(91, 120), True),
    ("2022-10-01", "2023-04-10", Interval(0, 211), True),
    ("2023-04-10", "2023-04-12", None, None),
    ("2023-05-02", "2023-05-03", None, False),
]


@pytest.mark.parametrize(("start", "end", "days", "before"), BENDAMUSTINE)
def test_apheresis_of_a_month(
    start: str, end: str, days: Interval | None, before: bool | None
) -> None:
    record = _record(
        infusions=[{"day": "2023-06-15", "product": "ide-cel", "apheresis_days": "2023-04"}],
        therapies=[{"line": 4, "agents": "bendamustine", "start_day": start, "end_day": end}],
        labs=[{"day": "Leukapheresis", "test": "crp", "value": 5, "unit": "mg/L"}],
    )
    assert record.infusions[0].apheresis == (When(-75, -46),)
    assert record.labs[0].when == When(-75, -46)
    found = find(record, failures(record), load_catalogue(), as_of=0)
    assert found["days_bendamustine_to_apheresis"].interval == days
    assert found["days_bendamustine_to_apheresis"].value is None
    assert found["bendamustine_before_apheresis"].value is before


# month of the progression on the first line, which began in June 2018; functional high risk
FIRST_LINES = [("2019-03", True), ("2019-12", None), ("2020-06", False)]


@pytest.mark.parametrize(("progressed", "high_risk"), FIRST_LINES)
def test_first_line_known_by_months(progressed: str, high_risk: bool | None) -> None:
    begun = {"line": 1, "regimen": "VRd", "start_day": "2018-06", "end_day": progressed}
    record = _record(
        infusions=[{"day": "2023-06-15", "product": "ide-cel"}],
        therapies=[begun | {"progression_on": "yes"}, {"line": 2, "start_day": "2020-09"}],
    )
    found = find(record, failures(record), load_catalogue(), as_of=0)
    assert found["functional_high_risk"].value is high_risk


def test_an_infusion_with_a_whole_date_is_day_0_beside_one_of_a_month() -> None:
    later = {"day": "2024-02-10", "product": "cilta-cel"}
    record = _record(infusions=[INFUSED, later])
    assert record.day_zero == date(2024, 2, 10)
    assert [x.when for x in record.infusions] == [When(-346, -316), When.on(0)]


def test_of_two_infusions_of_months_the_first_is_day_0() -> None:
    record = _record(infusions=[{"day": "2024-06", "product": "cilta-cel"}, INFUSED])
    assert [x.when for x in record.infusions] == [When(428, 487), When.on(0)]


@pytest.mark.parametrize("again", ["2023-03", "March 2023"])
def test_a_row_that_repeats_the_infusion_is_no_second_one(again: str) -> None:
    record = _record(infusions=[INFUSED, INFUSED | {"day": again}])
    assert [x.when for x in record.infusions] == [When.on(0)]
    assert "duplicate_row" in {i.code for i in record.issues}


def test_another_product_of_the_month_may_have_come_before_or_after() -> None:
    other = {"day": "2023-03", "product": "cilta-cel"}
    record = _record(infusions=[INFUSED, other])
    assert [x.when for x in record.infusions] == [When.on(0), When(-30, 30)]


def test_a_product_that_was_never_given_is_no_day_0() -> None:
    never = {"day": "2023-01", "product": "ide-cel", "infused": "no"}
    record = _record(infusions=[never, INFUSED])
    assert record.infusions[1].when == When.on(0)


@pytest.mark.parametrize("by_month", [True, False])
def test_without_an_infusion_the_first_therapy_is_the_origin(by_month: bool) -> None:
    begun = "2018-06" if by_month else "2018-06-01"
    record = _record(therapies=[{"line": 1, "regimen": "VRd", "start_day": begun}])
    assert record.day_zero == date(2018, 6, 1)
    assert record.therapies[0].start == (When(0, 29) if by_month else When.on(0))
    severity, message = _chosen(record)
    assert severity == "warning"
    assert ("the first of the month of" in message) is by_month


def test_months_beside_day_numbers_choose_no_day_0() -> None:
    record = _record(infusions=[INFUSED], labs=[{"day": 5, "test": "crp", "value": 5}])
    assert [i.code for i in record.issues if i.code == "day_zero_chosen"] == []
    assert "no_day_zero" in {i.code for i in record.issues}


# the last contact; the days that a progression of January 2024 may have been on
CONTACTS = [
    ("2024-01", When(291, 321)),
    ("2024-01-10", When(291, 300)),
    ("2024-02", When(291, 321)),
    (None, When(291, 321)),
]


@pytest.mark.parametrize(("contact", "when"), CONTACTS)
def test_the_month_of_the_last_contact_cuts_nothing_of_it_off(
    contact: str | None, when: When
) -> None:
    record = _record(
        patients=[{"last_seen_day": contact}],
        infusions=[{"day": "2023-03-16", "product": "ide-cel"}],
        assessments=[PD],
    )
    assert [x.when for x in record.responses] == [when]
    assert failures(record)[0].when == when
