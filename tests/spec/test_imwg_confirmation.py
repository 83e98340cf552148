"""Confirmation where it is rare: early after CAR-T, death of myeloma, results of one assessment
that lie some days apart.

Each row gives the assessments with the criteria of progression that they meet, and the day on which
progression is dated.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.course_builder import infusion, lab, lesion, record, serum, therapy

from rearm.outcome.failures import failures
from rearm.response.confirm import Confirmed, confirm
from rearm.response.course import ResponseCourse, response_course
from rearm.response.criteria import load_criteria
from rearm.response.progression import Criterion, MetCriterion
from rearm.response.score import Visit
from rearm.response.visits import VisitResults

# criteria: (name, needs a repeat, too early after CAR-T to tell)
Met = tuple[Criterion, bool, bool]
Row = tuple[int, list[Met]]  # day, criteria met; none: stable disease

SERUM: Met = ("serum", True, False)
URINE: Met = ("urine", True, False)
EARLY_SERUM: Met = ("serum", True, True)  # before day 28
EARLY_LESION: Met = ("new_lesion", False, True)  # before day 60, no biopsy
# plasma cells on biopsy: no false progression, and no repeat is needed
BIOPSIED: Met = ("new_lesion", False, False)

# fmt: off
#   what                                           assessments   parameters  death  dated  by death
ROWS: list[tuple[str, list[Row], dict[str, str], int | None, int | None, bool]] = [
    ("early pair", [(20, [EARLY_SERUM]), (24, [EARLY_SERUM])], {}, None, None, False),
    ("early, then in time", [(20, [EARLY_SERUM]), (30, [SERUM])], {}, None, 20, False),
    ("early, then on day 28", [(20, [EARLY_SERUM]), (28, [SERUM])], {}, None, 20, False),
    ("early pair, biopsied lesion beside", [(20, [EARLY_SERUM]), (24, [EARLY_SERUM, BIOPSIED])], {},
     None, 20, False),
    ("early pair, lesion not biopsied", [(20, [EARLY_SERUM]), (24, [EARLY_SERUM, EARLY_LESION])],
     {}, None, None, False),
    ("early pair, then stable", [(20, [EARLY_SERUM]), (24, [EARLY_SERUM]), (60, [])], {}, None,
     None, False),
    ("early pair, death of myeloma", [(20, [EARLY_SERUM]), (24, [EARLY_SERUM])], {}, 40, 20, True),
    ("early pair, then stable, death of myeloma",
     [(20, [EARLY_SERUM]), (24, [EARLY_SERUM]), (60, [])], {}, 80, None, False),
    ("serum, then urine", [(40, [SERUM]), (50, [URINE])], {}, None, 40, False),
    ("serum, then urine, A2", [(40, [SERUM]), (50, [URINE])], {"A2": "same"}, None, None, False),
    ("serum, then urine, A2, death of myeloma", [(40, [SERUM]), (50, [URINE])], {"A2": "same"}, 60,
     50, True),
    ("serum, then urine, serum, A2", [(40, [SERUM]), (50, [URINE]), (60, [URINE, SERUM])],
     {"A2": "same"}, None, 50, False),
    ("once, death of myeloma",                   [(40, [SERUM])], {}, 60, 40, True),
    ("once, then stable, death of myeloma",      [(40, [SERUM]), (50, [])], {}, 60, None, False),
]
# fmt: on


def confirmed(
    assessments: list[Row], parameters: dict[str, str], death: int | None = None
) -> Confirmed:
    visits = [
        Visit(
            day=day,
            results=VisitResults(day=day, first=day),
            response="PD" if met else "SD",
            pd=tuple(
                MetCriterion(criterion=name, day=day, repeat=repeat, provisional=early, because=())
                for name, repeat, early in met
            ),
        )
        for day, met in assessments
    ]
    return confirm(
        visits, load_criteria(**parameters), died_of_myeloma=death is not None, provisional_until=28
    )


@pytest.mark.parametrize(
    ("what", "assessments", "parameters", "death", "dated", "by_death"),
    ROWS,
    ids=[r[0] for r in ROWS],
)
def test_rare_confirmation(
    what: str,
    assessments: list[Row],
    parameters: dict[str, str],
    death: int | None,
    dated: int | None,
    by_death: bool,
) -> None:
    out = confirmed(assessments, parameters, death)
    found = out.progression
    assert (None if found is None else found.day) == dated
    assert (found is not None and found.by == "death") == by_death


@pytest.mark.parametrize(
    ("assessments", "provisional"),
    [
        ([(20, [EARLY_SERUM])], True),
        ([(40, [EARLY_LESION])], True),
        (
            [(40, [SERUM, EARLY_LESION])],
            False,
        ),  # what waits for its repeat is more than what may be swelling
        ([(20, [EARLY_SERUM]), (24, [EARLY_SERUM])], True),
    ],
)
def test_why_a_progression_is_open(assessments: list[Row], provisional: bool) -> None:
    out = confirmed(assessments, {})
    assert out.pending is not None and out.pending.day == assessments[0][0]
    assert out.pending_provisional is provisional


def test_progression_is_dated_by_the_first_result_of_its_assessment() -> None:
    """Blood on day 100, the urine collected by day 103: one assessment, both progressive, repeated
    on day 130.
    """
    labs = [*serum({-6: 3.0, 28: 1.0, 56: 1.0, 100: 2.0, 130: 2.2}, urine=False)]
    labs += [
        lab("urine_m_protein_24h", day, value)
        for day, value in {-6: 0, 28: 0, 56: 0, 103: 400, 130: 500}.items()
    ]
    course = response_course(record(labs=labs), start=0)
    assert [v.day for v in course.visits if v.response == "PD"] == [100, 130]
    assert set(course.progression_criteria) == {"serum", "urine"}
    assert course.progression_day == 100


def test_lesions_imaged_between_bridging_and_infusion_lower_the_nadir() -> None:
    """Shrunk under bridging, grown by half since the infusion: progression, though smaller than
    before bridging.
    """
    sizes: dict[str, Any] = {"kind": "plasmacytoma", "n_lesions": 2}
    images = [
        lesion(day, spd_mm2=spd, **sizes) for day, spd in {-45: 2000, -5: 800, 90: 1300}.items()
    ]
    rows = [therapy(-40, "bridging")]
    labs = serum({-45: 3.0, 90: 1.0})
    judged = failure_course(labs=labs, imaging=images, therapies=rows)
    assert judged.progression_day == 90
    assert judged.progression_criteria == ("lesion_growth",)
    stable = [*images[:1], *images[2:]]
    assert failure_course(labs=labs, imaging=stable, therapies=rows).progression_day is None


def failure_course(**parts: Any) -> ResponseCourse:
    course = failures(record(infusions=[infusion(0)], **parts))[0].course
    assert course is not None
    return course
