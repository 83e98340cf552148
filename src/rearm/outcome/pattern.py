"""Where a relapse shows itself: biochemical, clinical, marrow, paraskeletal, extraosseous, cns,
leukaemic.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, get_args

from rearm.record import Imaging, Lab, Record, ResponseStatement, When
from rearm.response.course import ResponseCourse
from rearm.response.criteria import Criteria
from rearm.response.lesions import histology

__all__ = ["PATTERNS", "RelapsePattern", "pattern_at"]

RelapsePattern = Literal[
    "biochemical", "clinical", "marrow", "paraskeletal", "extraosseous", "cns", "leukaemic"
]
PATTERNS: tuple[RelapsePattern, ...] = get_args(RelapsePattern)

_OF_CRITERION: dict[str, RelapsePattern] = {
    "serum": "biochemical",
    "urine": "biochemical",
    "dflc": "biochemical",
    "marrow": "marrow",
    "circulating": "leukaemic",
    "calcium": "clinical",
}
_TELLING_TESTS = frozenset(("csf_plasma_cells", "marrow_plasma_cells", "circulating_plasma_cells"))
_OF_CONDITION: dict[str, RelapsePattern] = {
    "cns_myeloma": "cns",
    "plasma_cell_leukaemia": "leukaemic",
}


def pattern_at(
    record: Record, course: ResponseCourse, day: int, stated: ResponseStatement | None
) -> tuple[RelapsePattern, ...]:
    """What was found within `pattern_days` of `day`, in a fixed order. Clinical only where myeloma
    is stated as the cause.
    """
    near = course.criteria.pattern_days

    def around(when: When) -> bool:
        return when.day is not None and when.day > course.start and abs(when.day - day) <= near

    met = _criteria_met(course, day)
    labs = [x for x in record.labs if x.test in _TELLING_TESTS and around(x.when)]
    conditions = [x for x in record.conditions if around(x.when)]
    imaging = [x for x in record.imaging if around(x.when)]
    found = {
        *(_OF_CRITERION.get(criterion) for criterion in met),
        *(_of_result(lab, course.criteria) for lab in labs),
        *(_OF_CONDITION.get(x.condition) for x in conditions if x.status == "present"),
        *_of_lesions(record, course, imaging, growing="lesion_growth" in met),
        *_named(stated),
    }
    if _organ_damage(course, day):
        found.add("clinical")
    return tuple(pattern for pattern in PATTERNS if pattern in found)


def _organ_damage(course: ResponseCourse, day: int) -> bool:
    """Organ damage near `day` that is stated as due to myeloma."""
    attributed = [event.day for event in course.clinical_events if event.attributed]
    return any(abs(at - day) <= course.criteria.pattern_days for at in attributed)


def _criteria_met(course: ResponseCourse, day: int) -> set[str]:
    """Criteria of the confirmed progression, else those met near `day`."""
    if course.progression_day is not None:
        return set(course.progression_criteria)
    near = [v for v in course.visits if abs(v.day - day) <= course.criteria.pattern_days]
    return {pd.criterion for v in near for pd in v.pd}


def _of_result(lab: Lab, c: Criteria) -> RelapsePattern | None:
    """What a single result shows by itself."""
    if lab.test == "csf_plasma_cells":
        return "cns" if lab.word == "positive" else None
    if lab.quantity is None:
        return None
    if lab.test == "marrow_plasma_cells" and lab.quantity.at_least(c.marrow_pd_rise):
        return "marrow"
    if lab.test == "circulating_plasma_cells" and lab.quantity.at_least(c.circulating_pd_minimum):
        return "leukaemic"
    return None


def _of_lesions(
    record: Record, course: ResponseCourse, imaged: list[Imaging], *, growing: bool
) -> Iterator[RelapsePattern]:
    """Lesions that are new, or all that are there when old ones grew; a lesion explained by another
    histology is none of myeloma.
    """
    histologies = histology(record.facts)
    for row in imaged:
        lesion = row.lesion or ""
        if row.result != "positive":
            continue
        of_myeloma = histologies.get(lesion, "plasma_cells") == "plasma_cells"
        if not of_myeloma or not (growing or row.new or lesion in course.lesion_days):
            continue
        if row.kind == "paraskeletal" or row.contiguous_with_bone:
            yield "paraskeletal"
        elif row.kind == "extramedullary" or row.contiguous_with_bone is False:
            yield "extraosseous"


def _named(stated: ResponseStatement | None) -> set[str]:
    """The patterns that the team named."""
    if stated is None or not stated.pattern:
        return set()
    return {word.strip() for word in stated.pattern.replace(",", ";").lower().split(";")}
