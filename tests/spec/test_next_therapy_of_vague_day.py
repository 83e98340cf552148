"""Further therapy after the CAR-T counts however vaguely its day is known."""

from __future__ import annotations

from typing import Any

import pytest

from rearm.intake import read_tables
from rearm.outcome.endpoints import endpoints
from rearm.outcome.failures import failures
from rearm.record import Record

PATIENT: dict[str, Any] = {"patient_id": "A", "day_zero": "2023-05-01", "last_seen_day": 600}
VGPR = {"day": 90, "response": "VGPR", "by": "team"}
PD = {"day": 200, "response": "PD", "by": "team"}


def _record(
    *therapies: dict[str, Any], assessments: tuple[dict[str, Any], ...] = (VGPR,)
) -> Record:
    tables: dict[str, Any] = {
        "infusions": [{"day": 0, "product": "ide-cel"}],
        "assessments": assessments,
        "therapies": therapies,
    }
    rows = {name: [{"patient_id": "A"} | row for row in table] for name, table in tables.items()}
    return read_tables({"patients": [PATIENT]} | rows).records[0]


# how the day of talquetamab is given; status of the infusion, TTNT, failure by reading b
BEGUN = [
    ({"start_day": 150}, "suspected", "event", "event"),
    ({"start_day": "2023-11"}, "suspected", "event", "event"),
    ({"after_infusion": 1}, "suspected", "not_computable", "not_computable"),
    ({"start_day": "after infusion"}, "suspected", "not_computable", "not_computable"),
    ({"start_day": "nach CAR-T"}, "suspected", "not_computable", "not_computable"),
    ({"start_day": "2024"}, "suspected", "not_computable", "not_computable"),
    ({"start_day": "2024", "progression_on": "yes"}, "suspected", *["not_computable"] * 2),
    # the year of the infusion: before it or after
    ({"start_day": "2023"}, "not_failed", "not_computable", "not_computable"),
    ({"start_day": "2023", "line": 3}, "not_failed", "censored", "censored"),
    ({"start_day": "2022"}, "not_failed", "censored", "censored"),
    ({"start_day": "before infusion"}, "not_failed", "censored", "censored"),
    ({"start_day": "after infusion", "purpose": "maintenance"}, "not_failed", *["censored"] * 2),
]


@pytest.mark.parametrize(("day", "status", "ttnt", "failure_b"), BEGUN)
def test_next_therapy(day: dict[str, Any], status: str, ttnt: str, failure_b: str) -> None:
    record = _record({"regimen": "talquetamab", "purpose": "salvage"} | day)
    judged = failures(record)
    assert judged[0].status == status
    found = endpoints(record, judged)[1]
    assert (found["TTNT"].status, found["failure-b"].status) == (ttnt, failure_b)
    if ttnt == "not_computable":
        assert found["TTNT"].obstacle == found["PFS2"].obstacle == "new_therapy_undated"


def test_after_a_known_progression_it_is_the_progression_that_ends_the_course() -> None:
    salvage = {"regimen": "talquetamab", "purpose": "salvage", "start_day": "after infusion"}
    record = _record(salvage, assessments=(VGPR, PD))
    found = endpoints(record, failures(record))[1]
    assert (found["failure-b"].status, found["failure-b"].day) == ("event", 200)
    assert found["TTNT"].status == "not_computable"


def test_which_of_two_came_first_is_not_known() -> None:
    dated = {"regimen": "talquetamab", "purpose": "salvage", "start_day": 400}
    vague = {"regimen": "teclistamab", "purpose": "salvage", "start_day": "after infusion"}
    later = vague | {"start_day": "2025"}
    both, after = _record(dated, vague), _record(dated, later)
    assert endpoints(both, failures(both))[1]["TTNT"].obstacle == "new_therapy_undated"
    assert endpoints(after, failures(after))[1]["TTNT"].day == 400
