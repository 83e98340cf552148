"""Known false signals: a flag beside the course; the response stays as the criteria have it."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.course_builder import condition, lab, record, serum, therapy

from rearm.response.course import ResponseCourse, response_course
from rearm.response.criteria import load_criteria


def course(**parts: Any) -> ResponseCourse:
    criteria = load_criteria(**parts.pop("parameters", {}))
    return response_course(record(infusions=[], **parts), start=0, criteria=criteria)


def flagged(found: ResponseCourse, name: str) -> list[int | None]:
    return [f.day for f in found.flags if f.id == name]


@pytest.mark.parametrize(
    ("protein", "marrow", "days"),
    [(2.6, 1.0, [28]), (2.0, 4.9, [28]), (2.6, 5.0, []), (1.0, 1.0, []), (3.8, 1.0, [])],
)
def test_marrow_clears_before_the_m_protein(protein: float, marrow: float, days: list[int]) -> None:
    """SD or MR by the protein only: with a fall of half the protein follows, and a rise is
    progression whatever the marrow says.
    """
    labs = [
        *serum({-6: 3.0, 28: protein, 56: protein}),
        lab("marrow_plasma_cells", -6, 40),
        lab("marrow_plasma_cells", 28, marrow),
    ]
    assert flagged(course(labs=labs), "marrow_before_m_protein") == days


@pytest.mark.parametrize(
    ("kappa", "lam", "reference", "days"),
    [
        (3.0, 0.5, {}, [28]),
        (19.4, 5.0, {}, [28]),
        (19.5, 5.0, {}, []),
        (3.0, 26.3, {}, [28]),
        (3.0, 26.4, {}, []),
        (12.0, 10.0, {}, []),
        (19.0, 5.0, {"ref_low": 6.7, "ref_high": 18.0}, []),
    ],
)
def test_low_chains_with_an_abnormal_ratio(
    kappa: float, lam: float, reference: dict[str, float], days: list[int]
) -> None:
    labs = [
        *serum({-6: 3.0, 28: 0.2}),
        lab("kappa_flc", 28, kappa, **reference),
        lab("lambda_flc", 28, lam),
    ]
    assert flagged(course(labs=labs), "low_chains_abnormal_ratio") == days


def test_given_immunoglobulin_raises_igg() -> None:
    values = {-6: 3000, 28: 600, 56: 1400, 84: 1400}
    labs = [lab("igg", day, value) for day, value in values.items()] + [
        lab("urine_m_protein_24h", day, 0) for day in values
    ]
    neph = {"serum_marker": "quantitative_ig"}
    given = [therapy(40, "supportive", agents=("immunoglobulin",))]
    found = course(labs=labs, therapies=given, parameters=neph)
    assert (
        found.progression_day == 56
    )  # the criteria know no exception; the flag says what to check
    assert flagged(found, "immunoglobulin_given") == [56]
    assert flagged(course(labs=labs, parameters=neph), "immunoglobulin_given") == []
    long_ago = [therapy(-70, "supportive", agents=("immunoglobulin",))]
    assert (
        flagged(course(labs=labs, therapies=long_ago, parameters=neph), "immunoglobulin_given")
        == []
    )
    assert (
        flagged(
            course(labs=serum({-6: 3.0, 28: 0.6, 56: 1.4}), therapies=given), "immunoglobulin_given"
        )
        == []
    )


def test_a_disease_with_its_own_criteria_gives_no_flag_by_these() -> None:
    labs = [*serum({-6: 3.0, 28: 2.6}), lab("marrow_plasma_cells", 28, 1)]
    assert (
        flagged(
            course(labs=labs, conditions=[condition("al_amyloidosis", -10)]),
            "marrow_before_m_protein",
        )
        == []
    )
