"""What a visit says of a complete response that could not be called, of urine that was not
collected, and of what was carried forward.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.support.course_builder import infusion, lab, lesion, record, serum

from rearm.interval import Interval
from rearm.response.course import CourseDays, ResponseCourse, response_course
from rearm.response.criteria import load_criteria

SERUM, URINE, SIFE, UIFE = (
    "serum_m_protein",
    "urine_m_protein_24h",
    "serum_immunofixation",
    "urine_immunofixation",
)
MARROW, CLONAL = "marrow_plasma_cells", "marrow_clonality"
BASE = {SERUM: 4.0, URINE: 0, SIFE: "positive", UIFE: "negative"}
CLEAR = {SERUM: 0, URINE: 0, SIFE: "negative", UIFE: "negative"}
RATIO = {"kappa_flc": 12, "lambda_flc": 10}


def course(
    then: dict[int, dict[str, Any]],
    *,
    baseline: dict[str, Any] = BASE,
    images: list[Any] | None = None,
    **p: Any,
) -> ResponseCourse:
    labs = [lab(t, d, v) for d, values in {-5: baseline, **then}.items() for t, v in values.items()]
    return response_course(
        record(infusions=[], labs=labs, imaging=images or []),
        start=0,
        criteria=load_criteria(visit_window=0, **p),
    )


# what is known on day 28                                          rule                      missing
# for CR
LABELS: list[tuple[str, dict[str, Any], str, list[str]]] = [
    ("everything, marrow 2 %", {**CLEAR, MARROW: 2}, "cr", []),
    (
        "all but the urine",
        {SERUM: 0, SIFE: "negative", MARROW: 2},
        "pr-cr-without-urine",
        ["urine immunofixation"],
    ),
    ("all but the marrow", CLEAR, "vgpr-cr-incomplete", ["marrow plasma cells"]),
    (
        "serum immunofixation not done",
        {SERUM: 0, URINE: 0, UIFE: "negative", MARROW: 2},
        "vgpr-cr-incomplete",
        ["serum immunofixation"],
    ),
    (
        "a protein is measured, its immunofixation not done",
        {SERUM: 0.2, URINE: 0, UIFE: "negative", MARROW: 2},
        "vgpr-serum",
        [],
    ),
    (
        "urine protein is measured, its immunofixation not done",
        {SERUM: 0, URINE: 30, SIFE: "negative", MARROW: 2},
        "vgpr-serum",
        [],
    ),
    (
        "neither urine nor marrow",
        {SERUM: 0, SIFE: "negative"},
        "pr-cr-incomplete",
        ["urine immunofixation", "marrow plasma cells"],
    ),
    (
        "marrow below 6 %, a bound",
        {**CLEAR, MARROW: Interval(0, 6, high_open=True)},
        "vgpr-cr-incomplete",
        ["marrow plasma cells"],
    ),
    ("marrow between 5 and 9 %", {**CLEAR, MARROW: Interval(5, 9)}, "vgpr-serum", []),
    ("marrow 5 %", {**CLEAR, MARROW: 5}, "vgpr-serum", []),
    ("marrow 4.9 %", {**CLEAR, MARROW: 4.9}, "cr", []),
    ("immunofixation positive", {**CLEAR, SIFE: "positive", MARROW: 2}, "vgpr-serum", []),
    (
        "urine not collected, serum down 95 %",
        {SERUM: 0.2, SIFE: "positive"},
        "pr-urine-not-collected",
        [],
    ),
    ("urine 150", {SERUM: 0.2, SIFE: "positive", URINE: 150}, "pr-urine-cap", []),
]


@pytest.mark.parametrize(
    ("what", "then", "rule", "missing"), LABELS, ids=[row[0] for row in LABELS]
)
def test_label(what: str, then: dict[str, Any], rule: str, missing: list[str]) -> None:
    visit = course({28: then}).visits[0]
    assert visit.rule == rule
    assert [m.removesuffix(" (for CR)") for m in visit.missing if m.endswith("(for CR)")] == missing


def test_a_small_plasmacytoma_is_no_missing_result() -> None:
    def seen(after: float) -> list[Any]:
        return [
            lesion(-5, kind="plasmacytoma", spd_mm2=1000, length_mm=30),
            lesion(28, kind="plasmacytoma", spd_mm2=after, length_mm=8),
        ]

    assert course({28: {**CLEAR, MARROW: 2}}, images=seen(50)).visits[0].rule == "vgpr-lesions"


@pytest.mark.parametrize(
    ("more", "response", "missing"),
    [
        ({}, "CR", ["FLC ratio (for sCR)", "marrow clonality (for sCR)"]),
        (RATIO, "CR", ["marrow clonality (for sCR)"]),
        ({CLONAL: "polyclonal"}, "CR", ["FLC ratio (for sCR)"]),
        ({**RATIO, CLONAL: "clonal"}, "CR", []),
        ({**RATIO, CLONAL: "polyclonal"}, "sCR", []),
    ],
    ids=["neither", "no clonality", "no ratio", "clonal", "stringent"],
)
def test_what_stringent_response_wants(
    more: dict[str, Any], response: str, missing: list[str]
) -> None:
    visit = course({28: {**CLEAR, MARROW: 2, **more}}).visits[0]
    assert (visit.response, list(visit.missing)) == (response, missing)


def test_marrow_and_imaging_carried_forward_show_their_age() -> None:
    images = [lesion(28, kind="plasmacytoma", result="negative")]
    found = course(
        {28: {**CLEAR, MARROW: 2, CLONAL: "polyclonal"}, 56: CLEAR}, images=images
    ).visits
    assert dict(found[0].carried) == {} and "(marrow of day" not in found[0].reason
    assert (
        dict(found[1].carried) == {MARROW: 28, CLONAL: 28, "imaging": 28}
        and "(marrow of day 28)" in found[1].reason
    )


def test_clonality_is_carried_no_longer_than_the_limit() -> None:
    then = {
        28: {**CLEAR, MARROW: 2, CLONAL: "polyclonal", **RATIO},
        118: {**CLEAR, MARROW: 2, **RATIO},
        119: {**CLEAR, MARROW: 2, **RATIO},
    }
    assert [(v.day, v.response) for v in course(then, carry_forward=90).visits] == [
        (28, "sCR"),
        (118, "sCR"),
        (119, "CR"),
    ]


def test_marrow_from_before_the_immunofixation_cleared() -> None:
    """A16: by default it counts; where it must follow, a marrow of the day on which immunofixation
    cleared does.
    """
    early = {28: {**CLEAR, SIFE: "positive", MARROW: 2}, 56: CLEAR}
    assert course(early).visits[1].response == "CR"
    assert course(early, A16="after_ife").visits[1].rule == "vgpr-cr-incomplete"
    assert course({28: {**CLEAR, MARROW: 2}, 56: CLEAR}, A16="after_ife").visits[1].response == "CR"
    relapsed = {28: {**CLEAR, MARROW: 2}, 56: {**CLEAR, SIFE: "positive"}, 84: CLEAR}
    assert course(relapsed, A16="after_ife").visits[2].rule == "vgpr-cr-incomplete"
    undone: dict[int, dict[str, Any]] = {
        28: {**CLEAR, MARROW: 2},
        56: {SERUM: 0, URINE: 0},
        84: CLEAR,
    }
    assert (
        course(undone, A16="after_ife").visits[2].response == "CR"
    )  # a test that was not done ends no stretch


def test_complete_response_without_m_protein_is_labelled() -> None:
    only_marrow = {SERUM: 0, URINE: 0, SIFE: "negative", UIFE: "negative", MARROW: 60, **RATIO}
    found = course({28: {**CLEAR, MARROW: 2}}, baseline=only_marrow)
    assert found.visits[0].rule == "cr-nonsecretory" and "nonsecretory" in [
        f.id for f in found.flags
    ]
    secretory = course({28: {**CLEAR, MARROW: 2}})
    assert secretory.visits[0].rule == "cr" and not secretory.flags


def test_progression_from_day_28_after_infusion_is_not_provisional() -> None:
    def certainty(day: int) -> str | None:
        labs = serum({-5: 2.0, 7: 1.0, day: 2.0})
        found = response_course(record(infusions=[infusion(0)], labs=labs), start=0)
        return found.suspicion.certainty if found.suspicion is not None else None

    assert (certainty(27), certainty(28)) == ("provisional", "unconfirmed")


BOUND = Interval(0.0, 0.1, high_open=True)
UNFIXED: list[tuple[str, dict[str, Any], str]] = [
    # what is left at a visit whose immunofixation was not done      the rule
    ("serum 0.2", {"serum_m_protein": 0.2, "urine_m_protein_24h": 0}, "vgpr-serum"),
    ("serum 0", {"serum_m_protein": 0, "urine_m_protein_24h": 0}, "vgpr-cr-incomplete"),
    ("serum below 0.1", {"serum_m_protein": BOUND, "urine_m_protein_24h": 0}, "vgpr-cr-incomplete"),
    ("urine 0.5", {"serum_m_protein": 0, "urine_m_protein_24h": 0.5}, "vgpr-serum"),
    ("urine below 0.1", {"serum_m_protein": 0, "urine_m_protein_24h": BOUND}, "vgpr-cr-incomplete"),
]


@pytest.mark.parametrize(("what", "then", "rule"), UNFIXED, ids=[u[0] for u in UNFIXED])
def test_a_protein_that_is_still_quantified_speaks_for_itself(
    what: str, then: dict[str, Any], rule: str
) -> None:
    """Without immunofixation: nothing quantified may be a complete response that was not shown, a
    quantity cannot.
    """
    labs = [
        lab("serum_m_protein", -5, 3.0),
        *(lab(test, 28, value) for test, value in then.items()),
    ]
    assert [v.rule for v in response_course(record(infusions=[], labs=labs), start=0).visits] == [
        rule
    ]


@pytest.mark.parametrize(
    ("unreadable", "reason"),
    [(True, "no disease result could be used"), (False, "nothing was measured")],
)
def test_nothing_measured_is_not_nothing_readable(unreadable: bool, reason: str) -> None:
    aside = replace(lab("serum_m_protein", 28, 1), quantity=None, why_set_aside="no unit")
    parts = {"set_aside": [aside]} if unreadable else {}
    course = response_course(
        record(infusions=[], labs=[lab("serum_m_protein", -5, 0.2)], **parts),
        start=0,
        days=CourseDays(schedule=(28,)),
    )
    assert [(v.response, v.reason) for v in course.visits] == [("NE", reason)]
