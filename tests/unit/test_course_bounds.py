"""Open and closed ends where they matter: `<100` is below 100, `<=100` is not; and how both are
named.
"""

from __future__ import annotations

import math
from typing import Any

import pytest
from tests.support.course_builder import lab, record, serum

from rearm.interval import Interval
from rearm.response import ResponseCourse, Visit, load_criteria, response_course


def course(labs: list[Any], **parameters: Any) -> ResponseCourse:
    return response_course(
        record(infusions=[], labs=labs), start=0, criteria=load_criteria(**parameters)
    )


def visit(labs: list[Any], **parameters: Any) -> Visit:
    return course(labs, **parameters).visits[-1]


def urine_of(value: Interval) -> Visit:
    """VGPR by serum; the urine, not measurable at baseline, decides whether it may be called."""
    labs = [*serum({-5: 4.0, 28: 0.2}, urine=False), lab("urine_m_protein_24h", -5, 0)]
    return visit([*labs, lab("urine_m_protein_24h", 28, value)])


def test_urine_below_a_limit() -> None:
    assert urine_of(Interval(0.0, 100.0, high_open=True)).response == "VGPR"
    closed = urine_of(Interval(0.0, 100.0))
    assert (closed.response, closed.reason) == (
        "PR",
        "urine M-protein <=100 mg/24h, not below 100",
    )


@pytest.mark.parametrize(
    ("marrow", "response"),
    [(Interval(0.0, 5.0, high_open=True), "CR"), (Interval(0.0, 5.0), "VGPR")],
)
def test_marrow_below_a_limit(marrow: Interval, response: str) -> None:
    labs = [*serum({-5: 4.0, 28: 0.0}), lab("marrow_plasma_cells", 28, marrow)]
    labs += [lab(f"{x}_immunofixation", 28, "negative") for x in ("serum", "urine")]
    assert visit(labs).response == response


@pytest.mark.parametrize(("nadir", "escaped"), [(True, True), (False, False)])
def test_a_strict_rise_from_an_open_nadir(nadir: bool, escaped: bool) -> None:
    """Light chains rise by exactly 10 mg/dL, which is not more than 10, unless the nadir lies below
    its bound.
    """
    low = Interval(0.0, 100.0, high_open=nadir)
    labs = serum({-5: 4.0, 28: 1.0, 56: 1.0})
    labs += [lab("kappa_flc", 28, low), lab("kappa_flc", 56, 200)]
    labs += [lab("lambda_flc", d, 0) for d in (28, 56)]
    assert visit(labs).escape is escaped


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (Interval(0.0, 1.0, high_open=True), "<1"),
        (Interval(0.0, 1.0), "<=1"),
    ],
)
def test_a_bound_is_named_as_it_was_given(value: Interval, words: str) -> None:
    found = visit([*serum({-5: 4.0}), lab("serum_m_protein", 28, value)])
    assert found.reason.startswith(f"serum M-protein {words} g/dL, 75.0 % down from 4")
    assert f"an exact serum M-protein (only {words} is known)" in found.missing


def test_a_value_without_an_upper_end_is_no_nadir() -> None:
    least = Interval(2.0, math.inf)
    found = course([*serum({-5: 4.0}), lab("urine_m_protein_24h", 28, least), *serum({56: 4.0})])
    nadir = found.visits[-1].nadir
    assert nadir == {"serum": Interval.of(4.0), "urine": Interval.of(0.0)}
    without = course([lab("serum_m_protein", -5, least), *serum({56: 4.0})])
    assert "serum" not in without.visits[-1].nadir


def test_a_nadir_that_is_a_bound_is_named_by_it() -> None:
    low = Interval(0.0, 0.002, high_open=True)
    labs = [*serum({-5: 4.0, 84: 1.2, 112: 1.2}), lab("serum_m_protein", 28, low)]
    assert course(labs).progression_reason == (
        "serum M-protein from <0.002 to 1.2 g/dL (at least +1.198)"
    )


def test_a_value_without_an_upper_end_has_no_fall_that_can_be_counted() -> None:
    labs = [
        lab("marrow_plasma_cells", -5, Interval.of(36.5)),
        lab("marrow_plasma_cells", 77, Interval(40, math.inf, low_open=True)),
    ]
    said = " ".join(visit.reason for visit in course(labs).visits)
    assert "marrow plasma cells >40 % on day 77, no fall to count from 36.5" in said
