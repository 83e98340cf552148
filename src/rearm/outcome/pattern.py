"""Where a relapse shows itself: biochemical, clinical, marrow, paraskeletal, extraosseous, cns,
leukaemic (DESIGN 5).
"""

from __future__ import annotations

from rearm.record import Record, ResponseStatement
from rearm.response.course import ResponseCourse
from rearm.response.lesions import histology

__all__ = ["PATTERNS", "pattern_at"]

PATTERNS = ("biochemical", "clinical", "marrow", "paraskeletal", "extraosseous", "cns", "leukaemic")


def pattern_at(
    record: Record, course: ResponseCourse, day: int, stated: ResponseStatement | None
) -> tuple[str, ...]:
    """What was found within `pattern_days` of `day`, in a fixed order. Clinical only where myeloma
    is stated as the cause.
    """
    c = course.criteria
    near = c.pattern_days
    met = (
        {p.criterion for v in course.visits if abs(v.day - day) <= near for p in v.pd}
        if course.progression_day is None
        else set(course.progression_criteria)
    )
    found: set[str] = set()
    if met & {"serum", "urine", "dflc"}:
        found.add("biochemical")
    if "marrow" in met:
        found.add("marrow")
    if "circulating" in met:
        found.add("leukaemic")
    if "calcium" in met or any(
        e.attributed and abs(e.day - day) <= near for e in course.clinical_events
    ):
        found.add("clinical")
    for lab in record.labs:
        at = lab.when.day
        if at is None or at <= course.start or abs(at - day) > near:
            continue
        if lab.test == "csf_plasma_cells" and lab.word == "positive":
            found.add("cns")
        elif lab.quantity is None:
            continue
        elif lab.test == "marrow_plasma_cells" and lab.quantity.at_least(c.marrow_pd_rise):
            found.add("marrow")
        elif lab.test == "circulating_plasma_cells" and lab.quantity.at_least(
            c.circulating_pd_minimum
        ):
            found.add("leukaemic")
    for condition in record.conditions:
        at = condition.when.day
        if (
            condition.status == "present"
            and at is not None
            and at > course.start
            and abs(at - day) <= near
        ):
            if condition.condition == "cns_myeloma":
                found.add("cns")
            elif condition.condition == "plasma_cell_leukaemia":
                found.add("leukaemic")
    found |= _lesions(record, course, day, growing="lesion_growth" in met)
    if stated is not None and stated.pattern:
        words = stated.pattern.replace(",", ";").lower().split(";")
        found |= {w.strip() for w in words} & set(PATTERNS)
    return tuple(p for p in PATTERNS if p in found)


def _lesions(record: Record, course: ResponseCourse, day: int, *, growing: bool) -> set[str]:
    """Lesions that are new, or all that are there when old ones grew; a lesion explained by another
    histology is none of myeloma.
    """
    said = histology(record.facts)
    found: set[str] = set()
    for row in record.imaging:
        at = row.when.day
        if (
            row.result != "positive"
            or at is None
            or at <= course.start
            or abs(at - day) > course.criteria.pattern_days
        ):
            continue
        if said.get(row.lesion or "", "plasma_cells") != "plasma_cells" or not (
            growing or row.new or (row.lesion or "") in course.lesion_days
        ):
            continue
        if row.kind == "paraskeletal" or row.contiguous_with_bone:
            found.add("paraskeletal")
        elif row.kind == "extramedullary" or row.contiguous_with_bone is False:
            found.add("extraosseous")
    return found
