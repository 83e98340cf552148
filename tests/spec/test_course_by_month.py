"""Results of the disease that are known by their month, their year or their order only are read in
the course. What follows is an interval, or open; never a day, and never nothing.
"""

from __future__ import annotations

from typing import Any

import pytest

from rearm.intake import read_tables
from rearm.outcome.endpoints import endpoints
from rearm.outcome.failure import Failure
from rearm.outcome.failures import failures
from rearm.outcome.patient_course import patient_course
from rearm.record import Record, When
from rearm.report.response.headline import headline

# The infusion is day 0, 15 January 2024; the patient was last seen on day 400.
DEEP = [("-10", "3.0"), ("30", "0.3"), ("60", "0.3")]
Labs = list[tuple[str, str]]


def _record(labs: Labs, **tables: Any) -> Record:
    patient = {"patient_id": "P", "day_zero": "2024-01-15", "last_seen_day": "400"}
    given = {
        "patients": [patient | {"heavy_chain": "IgG", "light_chain": "kappa"}],
        "infusions": [{"patient_id": "P", "day": "0", "product": "cilta-cel"}],
        "labs": [
            {"patient_id": "P", "day": d, "test": "serum_m_protein", "value": v, "unit": "g/dL"}
            for d, v in labs
        ],
    }
    (record,) = read_tables(given | tables).records
    return record


def _failure(labs: Labs, **tables: Any) -> Failure:
    (failure,) = failures(_record(labs, **tables))
    return failure


@pytest.mark.parametrize(
    ("labs", "status", "because", "when"),
    [
        # two months that rise, in their order
        ([*DEEP, ("2024-10", "1.5"), ("2024-11", "2.5")], "failed", "progression", When(260, 290)),
        # all of it by month, the baseline too
        (
            [("2023-12", "3.0"), ("2024-02", "0.3"), ("2024-04", "0.3"), ("2024-10", "1.5"),
             ("2024-11", "2.5")],
            "failed", "progression", When(260, 290),
        ),
        # once is not twice
        ([*DEEP, ("2024-10", "1.5")], "suspected", "suspicion", When(260, 290)),
        # confirmed by a day, or the day by a month: either order is the same progression
        ([*DEEP, ("265", "1.5"), ("2024-10", "1.8")], "failed", "progression", When(260, 265)),
        # a day of the same month that denies it may be before or after
        ([*DEEP, ("2024-10", "1.5"), ("275", "0.3")], "suspected", "vague_days", When(260, 290)),
        # after the infusion, on any day
        ([*DEEP, ("after infusion", "4.5")], "suspected", "vague_days", When(1, 400)),
        ([*DEEP, ("2024", "4.5")], "suspected", "vague_days", When(1, 351)),
        # between two that deny it, wherever it lies
        ([*DEEP, ("2024-02", "4.5"), ("90", "0.3")], "not_failed", "no_progression", When()),
        # what is known roughly and changes nothing
        ([*DEEP, ("2024-10", "0.3")], "not_failed", "no_progression", When()),
        ([("before infusion", "3.0"), *DEEP[1:], ("265", "1.5"), ("280", "1.8")],
         "failed", "progression", When(265, 265)),
    ],
)  # fmt: skip
def test_failure_by_month(labs: Labs, status: str, because: str, when: When) -> None:
    found = _failure(labs)
    assert (found.status, found.because, found.when) == (status, because, when)
    assert found.day == when.day


def test_a_result_that_breaks_the_response_may_lie_between_any_two_visits() -> None:
    labs = [("-10", "3.0"), ("30", "1.4"), ("90", "1.4"), ("after infusion", "2.4"), ("200", "1.4")]
    assert _failure([x for x in labs if x[0] != "after infusion"]).best_response == "PR"
    assert _failure(labs).best_response == "PR"  # 30 and 90, or 90 and 200, whichever it parts
    assert _failure([x for x in labs if x[0] != "200"]).best_response != "PR"


def test_a_result_whose_day_is_gone_may_deny_the_first_rise_and_makes_none() -> None:
    rise = [*DEEP, ("150", "0.9"), ("180", "1.2")]
    assert _failure(rise).when == When(150, 150)
    denied = [*rise, ("", "0.3"), ("210", "1.3")]
    assert (_failure(denied).status, _failure(denied).when) == ("failed", When(150, 180))
    assert _failure([*DEEP, ("", "4.5")]).status == "not_failed"


def test_an_assessment_by_month_reaches_to_its_first_day_at_least() -> None:
    found = _failure([*DEEP, ("2024-10", "0.3")])
    assert found.last_assessed_day == 260
    assert "No progression up to day 260" in found.reason


def test_the_sentence_names_the_days_that_are_possible() -> None:
    reason = _failure([*DEEP, ("2024-10", "1.5"), ("2024-11", "2.5")]).reason
    assert reason.startswith("Progressive disease on a day between 260 and 290 (confirmed")


def test_the_response_is_known_by_months_too() -> None:
    found = _failure([("2023-12", "3.0"), ("2024-02", "0.3"), ("2024-04", "0.3")])
    assert (found.best_response, found.responded) == ("VGPR", True)


def test_a_month_that_may_precede_the_infusion_is_no_sure_baseline() -> None:
    found = _failure([("2024-01", "3.0"), ("30", "0.3"), ("60", "0.3")])
    assert (found.status, found.best_response, found.responded) == ("not_failed", None, None)


@pytest.mark.parametrize(
    ("labs", "endpoint", "told"),
    [
        # a month counts by its middle, and says so
        ([*DEEP, ("2024-10", "1.5"), ("2024-11", "2.5")], "PFS", ("event", 275, When(260, 290))),
        ([*DEEP, ("2024-10", "0.3")], "PFS", ("censored", 260, None)),
        # one reading has it confirmed, the other has not
        ([*DEEP, ("265", "1.5"), ("2024", "1.8")], "PFS", ("not_computable", None, None)),
        ([*DEEP, ("265", "1.5"), ("2024", "1.8")], "OS", ("censored", 400, None)),
    ],
)
def test_endpoints_by_month(labs: Labs, endpoint: Any, told: Any) -> None:
    record = _record(labs)
    found = endpoints(record, failures(record))[1][endpoint]
    assert (found.status, found.day, found.between) == told


def test_the_visit_says_which_days_it_may_have_been_on() -> None:
    course = patient_course(_record([*DEEP, ("2024-10", "1.5"), ("2024-11", "2.5")]))
    assert [v.when for v in course.visits][-2:] == [When(260, 290), When(291, 320)]
    assert [v.when.day for v in course.visits][:2] == [30, 60]


def test_the_report_names_days_between_which_a_visit_was() -> None:
    labs = [("2023-12", "3.0"), ("2024-02", "0.3"), ("2024-04", "0.3"), ("2024-10", "1.5")]
    text = " ".join(headline(patient_course(_record([*labs, ("2024-11", "2.5")]))))
    assert "M-protein 3 g/dL (day -45 to -15)" in text
    assert "PR on day 17 to 45" in text
    assert "Confirmed progression on day 260 to 290, last seen without it on day 77 to 106" in text


def test_results_with_days_are_read_once() -> None:
    assert _failure(DEEP).readings == ()
