"""A relapse that somebody states as a fact is at least suspected, and ends no endpoint as if there
was none.
"""

from __future__ import annotations

from typing import Any

import pytest

from rearm.intake import read_tables
from rearm.outcome.endpoints import endpoints
from rearm.outcome.failure import Failure
from rearm.outcome.failures import failures
from rearm.record import Record

INFUSION = {"day": 0, "product": "ide-cel"}
VGPR = {"day": 90, "response": "VGPR", "by": "team"}


def _record(facts: list[dict[str, Any]], **tables: list[dict[str, Any]]) -> Record:
    given = {"infusions": [INFUSION], "assessments": [VGPR], "facts": facts} | tables
    rows = {name: [{"patient_id": "A"} | row for row in table] for name, table in given.items()}
    return read_tables({"patients": [{"patient_id": "A"}]} | rows).records[0]


def _said(finding: str, value: str, day: int | str | None = None) -> dict[str, Any]:
    return {"finding": finding, "value": value, "day": day, "by": "clinician"}


def _last(record: Record) -> Failure:
    return failures(record)[-1]


# facts; status of the infusion, first and last day of the relapse
STATED = [
    ([_said("relapse_after_car_t", "yes", 200)], "suspected", (200, 200)),
    ([_said("relapse_after_car_t", "yes")], "suspected", (1, None)),
    ([_said("relapse_after_car_t", "yes", "after infusion")], "suspected", (1, None)),
    ([_said("disease_response", "progressing", 200)], "suspected", (200, 200)),
    ([_said("disease_response", "progressing")], "suspected", (1, None)),
    ([_said("relapse_after_car_t", "no", 200)], "not_failed", (None, None)),
    ([_said("disease_response", "stable", 200)], "not_failed", (None, None)),
    # before the infusion it is of another disease course
    ([_said("disease_response", "progressing", -5)], "not_failed", (None, None)),
    # a later statement takes it back, an earlier one does not
    (
        [_said("disease_response", "progressing", 100), _said("disease_response", "stable", 200)],
        "not_failed",
        (None, None),
    ),
    (
        [_said("disease_response", "stable", 100), _said("disease_response", "progressing", 200)],
        "suspected",
        (200, 200),
    ),
    # of two without a day neither is the later one
    (
        [_said("relapse_after_car_t", "yes"), _said("relapse_after_car_t", "no")],
        "suspected",
        (1, None),
    ),
]


@pytest.mark.parametrize(("facts", "status", "days"), STATED)
def test_status(
    facts: list[dict[str, Any]], status: str, days: tuple[int | None, int | None]
) -> None:
    failure = _last(_record(facts))
    assert failure.status == status
    assert (failure.when.first, failure.when.last) == days
    if status == "suspected":
        assert failure.certainty == "signal"
        assert "stated by clinician" in failure.reason


def test_progression_that_was_recorded_stands_above_it() -> None:
    progression = {"day": 150, "response": "PD", "by": "team"}
    record = _record([_said("relapse_after_car_t", "yes", 200)], assessments=[VGPR, progression])
    failure = _last(record)
    assert (failure.status, failure.day, failure.signals) == ("failed", 150, ())


def test_it_is_of_the_infusion_that_it_follows() -> None:
    infusions = [INFUSION, {"day": 300, "product": "cilta-cel"}]
    for day, expected in ((200, ["suspected", "cannot_be_judged"]), (None, [..., "suspected"])):
        record = _record([_said("relapse_after_car_t", "yes", day)], infusions=infusions)
        found = [x.status for x in failures(record)]
        assert found[1] == expected[1]
        assert any(s.id == "relapse_stated" for s in failures(record)[0].signals) is (day == 200)


@pytest.mark.parametrize("day", [200, None])
def test_progression_free_survival_is_not_censored_as_if_there_was_none(day: int | None) -> None:
    record = _record([_said("relapse_after_car_t", "yes", day)])
    found = endpoints(record, failures(record))[1]
    assert (found["PFS"].status, found["PFS"].obstacle) == ("not_computable", "progression_undated")
