"""The best response where results say less than the team: what is missing, or known as a bound
only, does not deny the team's word; what was measured does.

Each row: the results by day (serum M-protein in g/dL unless named), the team's word and its day,
the response that is used, why, and how it is said.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.course_builder import lab, record, serum, team

from rearm.interval import Interval, Undetected
from rearm.outcome.failure import Failure
from rearm.outcome.failures import failures
from rearm.record import Lab, ResponseStatement, When

NOT_DETECTED = Undetected(0.0, 0.11, high_open=True)


def m_protein(series: dict[int, float | Interval], *, urine: bool = False) -> list[Lab]:
    labs = [lab("serum_m_protein", day, x) for day, x in series.items()]
    return labs + ([lab("urine_m_protein_24h", day, 0) for day in series] if urine else [])


def one(labs: list[Lab], responses: list[ResponseStatement], **parts: Any) -> Failure:
    (found,) = failures(record(labs=labs, responses=responses, **parts))
    return found


CLEARED = m_protein({-5: 2.1, 30: 0.4, 60: NOT_DETECTED, 90: NOT_DETECTED})
HALVED = m_protein({-5: 2.1, 30: 0.8, 60: 0.8, 90: 0.8})
KAPPA = [lab("kappa_flc", day, x) for day, x in {-5: 890, 30: 4, 90: 4}.items()]
PERHAPS = m_protein(dict.fromkeys((30, 90), Interval(0.0, 1.6, high_open=True)), urine=True)
IFE = [lab("serum_immunofixation", 90, "positive")]

# fmt: off
#   results        team          used    because             said
ROWS: list[tuple[list[Lab], ResponseStatement, str, str, str]] = [
    (CLEARED,      team(90, "CR"),   "CR",   "not_denied",
     "CR by the team; VGPR by the results; urine, immunofixation and marrow are not on record"),
    (CLEARED[:3],  team(60, "CR"),   "CR",   "not_denied",
     "CR by the team; PR by the results; urine, immunofixation and marrow are not on record"),
    ([*CLEARED, *IFE], team(90, "CR"), "VGPR", "two_assessments",
     "VGPR by serum, urine not on record; team: CR (the results are used: immunofixation positive,"
     " on day 90)"),
    (CLEARED,      team(30, "CR"),   "VGPR", "two_assessments",
     "VGPR by serum, urine not on record; team: CR (the results are used: serum M-protein 0.4 g/dL,"
     " 81.0 % down from 2.1 at baseline, on day 30)"),
    (HALVED,       team(60, "CR"),   "PR",   "two_assessments",
     "PR; team: CR (the results are used: serum M-protein 0.8 g/dL, 61.9 % down from 2.1 at"
     " baseline, on day 60)"),
    (HALVED,       team(60, "MR"),   "PR",   "two_assessments",
     "PR; team: MR (the results are used: two assessments)"),
    (KAPPA,        team(90, "VGPR"), "VGPR", "only_one",
     "VGPR by the team; lambda is not on record"),
    ([*serum({-5: 3.0}), *PERHAPS], team(90, "PR"), "PR", "not_denied",
     "PR by the team; MR by the results"),
]
# fmt: on


@pytest.mark.parametrize(("labs", "stated", "used", "because", "said"), ROWS)
def test_which_is_used(
    labs: list[Lab], stated: ResponseStatement, used: str, because: str, said: str
) -> None:
    found = one(labs, [stated])
    assert (found.best.response, found.best.because) == (used, because)
    assert found.best_response_text == said


def test_progression_from_the_complete_response_of_the_team() -> None:
    """Strict IMWG keeps its cap: no endpoint counts from a CR that results do not show."""
    labs = [*CLEARED, *m_protein({300: 1.2, 330: 1.4})]
    found = one(labs, [team(90, "CR")])
    assert (found.status, found.kind) == ("failed", "progression_from_cr")
    assert found.course is not None and found.course.best_confirmed == "PR"
    assert found.course.relapse_from_cr_day is None


LESS = Interval(0.0, 1.6, high_open=True)
MORE = Interval(3.0, float("inf"), low_open=True)


@pytest.mark.parametrize(
    "series",
    [{-5: 3.0, 30: LESS, 90: LESS, 150: LESS}, {-5: MORE, 30: 2.0, 90: 1.8, 150: 1.9}],
    ids=["values", "baseline"],
)
def test_a_bound_is_no_lack_of_response(series: dict[int, float | Interval]) -> None:
    found = one(m_protein(series, urine=True), [])
    assert (found.kind, found.responded, found.signals) == (None, None, ())
    assert found.best_response_text == "at least MR, VGPR possible within the bounds"


def test_exact_values_are_one() -> None:
    found = one(m_protein({-5: 3.0, 30: 1.55, 90: 1.55, 150: 1.55}, urine=True), [])
    assert (found.kind, found.responded) == ("primary_refractory", False)
    assert [s.id for s in found.signals] == ["no_response_by_day_90"]


def test_code_and_reason_of_a_visit_agree_where_nothing_is_measurable() -> None:
    """Without lambda nobody knows; with a normal ratio no response but CR can be called."""
    course = one(KAPPA, []).course
    assert course is not None
    assert {(v.response, v.rule) for v in course.visits} == {("NE", "ne-measurability")}
    chains = [lab(f"{x}_flc", day, 10) for x in ("kappa", "lambda") for day in (-5, 30, 90)]
    course = one(chains, []).course
    assert course is not None
    assert {(v.response, v.rule, v.because) for v in course.visits} == {
        ("SD", "sd-none", ("none-measurable",))
    }


@pytest.mark.parametrize(
    ("when", "last"),
    [
        (When(1, 400), None),  # `after infusion`, cut at the last contact
        (When(-14, 351), None),  # a year
        (When(107, 137), 107),  # a month: until its first day for certain
        (When(90, 90), 90),
    ],
)
def test_a_response_without_a_day_is_no_assessment_at_the_last_contact(
    when: When, last: int | None
) -> None:
    stated = team(90, "VGPR", when=when, after_infusion=1)
    found = one([], [stated], last_seen_day=400)
    assert (found.status, found.best.response) == ("not_failed", "VGPR")
    assert found.last_assessed_day == last
    if last is None:
        assert found.reason.startswith(
            "No progression is on record; the team recorded VGPR on an unknown day"
        )
