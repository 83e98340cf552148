"""A baseline of which it is not known whether it is measurable: two results, or a bound."""

from __future__ import annotations

import pytest
from tests.support.course_builder import lab, record, serum

from rearm.interval import Interval
from rearm.outcome.failures import failures
from rearm.record import Lab
from rearm.response.course import ResponseCourse, response_course

FALLS = {30: 0.6, 60: 0.3, 90: 0.3}


def course(labs: list[Lab]) -> ResponseCourse:
    return response_course(record(labs=labs), start=0)


@pytest.mark.parametrize(
    "baseline",
    [
        [lab("serum_m_protein", -6, 1.5), lab("serum_m_protein", -6, 0.8)],
        [lab("serum_m_protein", -6, 0.8), lab("serum_m_protein", -6, 1.5)],
        [lab("serum_m_protein", -6, Interval(0.8, 1.5))],
        [lab("serum_m_protein", -6, Interval(0.8, float("inf"), low_open=True))],
    ],
)
def test_no_response_is_called_where_it_depends_on_what_is_measurable(baseline: list[Lab]) -> None:
    found = course(baseline + serum(FALLS))
    assert (found.measurable, found.undecided) == ((), ("serum",))
    assert [(v.day, v.response, v.rule) for v in found.visits] == [
        (30, "NE", "ne-measurability"),
        (60, "NE", "ne-measurability"),
        (90, "NE", "ne-measurability"),
    ]
    assert (
        "it is unknown whether the serum M-protein is measurable at baseline"
        in found.visits[0].reason
    )
    assert "measurability_unknown" in {flag.id for flag in found.flags}
    failure = failures(record(labs=baseline + serum(FALLS)))[0]
    assert (failure.status, failure.best_response) == ("cannot_be_judged", None)
    assert "unknown whether the serum M-protein is measurable at baseline" in failure.reason


def test_two_results_that_are_both_measurable_count_falls_from_the_lower() -> None:
    both = [lab("serum_m_protein", -6, 3.0), lab("serum_m_protein", -6, 2.0)]
    found = course(both + serum({30: 1.1, 60: 1.1}))
    assert (found.measurable, found.undecided) == (("serum",), ())
    assert [v.response for v in found.visits] == ["MR", "MR"]  # 45 % from 2.0, 63 % from 3.0
    assert "from 2 to 3 at baseline" in found.visits[0].reason


def test_rises_count_from_the_higher_of_two_results() -> None:
    both = [lab("serum_m_protein", -6, 3.0), lab("serum_m_protein", -6, 2.0)]
    assert course(both + serum({30: 3.6, 60: 3.6})).progression_day is None
    assert course(both + serum({30: 3.8, 60: 3.8})).progression_day == 30


def test_urine_that_may_be_measurable_beside_serum_that_is() -> None:
    """The response is called where both answers give the same one."""
    urine = [lab("urine_m_protein_24h", -6, 300), lab("urine_m_protein_24h", -6, 100)]
    labs = [
        lab("serum_m_protein", -6, 3.0),
        *urine,
        lab("serum_m_protein", 30, 1.4),
        lab("urine_m_protein_24h", 30, 50),  # VGPR or no cap
        lab("serum_m_protein", 60, 1.4),
        lab("urine_m_protein_24h", 60, 220),  # stable, or a cap at MR
    ]
    found = course(labs)
    assert found.undecided == ("urine",)
    assert [(v.day, v.response) for v in found.visits] == [(30, "PR"), (60, "NE")]


def test_light_chains_do_not_progress_where_the_m_protein_may_be_measurable() -> None:
    """By the light chains alone there is progression only without a measurable M-protein."""
    chains = [
        lab(test, day, value)
        for day, own in ((-6, 50.0), (30, 40.0), (60, 300.0), (90, 320.0))
        for test, value in (("kappa_flc", own), ("lambda_flc", 10.0))
    ]
    low = [lab("serum_m_protein", -6, 0.8), *chains]
    assert course(low).progression_day == 60
    assert course([*low, lab("serum_m_protein", -6, 1.5)]).progression_day is None
