"""Where a relapse shows itself: biochemical, clinical, marrow, paraskeletal, extraosseous, cns,
leukaemic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal, get_args

from rearm.record import Imaging, Lab, Record, ResponseStatement, When
from rearm.response.course import ResponseCourse
from rearm.response.criteria import Criteria
from rearm.response.lesion_kind import soft_kind
from rearm.response.lesions import histology, name_of

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
    record: Record, course: ResponseCourse, failed: When, stated: ResponseStatement | None
) -> tuple[RelapsePattern, ...]:
    """What was found within `pattern_days` of the days that the failure may have been, in a fixed
    order; what the team named alone where these have no bounds. Clinical only where myeloma is
    stated as the cause.
    """
    near = course.criteria.pattern_days
    first, last = failed.first, failed.last
    if first is None or last is None or last - first > near:
        return tuple(pattern for pattern in PATTERNS if pattern in _named(stated))

    def close(day: int) -> bool:
        return first - near <= day <= last + near

    def around(when: When) -> bool:
        return when.day is not None and when.day > course.start and close(when.day)

    met = _criteria_met(course, close)
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
    if any(event.attributed and close(event.day) for event in course.clinical_events):
        found.add("clinical")
    return tuple(pattern for pattern in PATTERNS if pattern in found)


def _criteria_met(course: ResponseCourse, close: Callable[[int], bool]) -> set[str]:
    """Criteria of the confirmed progression, else those met close to the failure."""
    if course.progression_day is not None:
        return set(course.progression_criteria)
    return {pd.criterion for v in course.visits if close(v.day) for pd in v.pd}


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
        lesion = name_of(row)
        if row.result != "positive":
            continue
        of_myeloma = histologies.get(lesion, "plasma_cells") == "plasma_cells"
        if not of_myeloma or not (growing or row.new or lesion in course.lesion_days):
            continue
        kind = soft_kind(row)
        if kind is not None:
            yield kind


def _named(stated: ResponseStatement | None) -> set[str]:
    """The patterns that the team named."""
    if stated is None or not stated.pattern:
        return set()
    return {word.strip() for word in stated.pattern.replace(",", ";").lower().split(";")}
