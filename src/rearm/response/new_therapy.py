"""Which therapy ends a course: the first that is not part of the plan."""

from __future__ import annotations

from rearm.record import Record, Therapy
from rearm.therapy.lines import lines

__all__ = ["PLANNED_PURPOSES", "new_therapy", "planned"]

# what belongs to the treatment itself or does not treat myeloma: none of it ends a course
PLANNED_PURPOSES = frozenset(
    (
        "consolidation",
        "maintenance",
        "lymphodepletion",
        "mobilisation",
        "toxicity_management",
        "supportive",
        "radiotherapy",
    )
)
_STEROIDS = frozenset(
    ("dexamethasone", "prednisone", "prednisolone", "methylprednisolone", "hydrocortisone")
)


def new_therapy(record: Record, start: int, *, until: int | None = None) -> Therapy | None:
    """The first anti-myeloma therapy after `start` that is not part of the plan.

    Planned: maintenance, consolidation, lymphodepletion, mobilisation, palliative radiotherapy, a
    stem-cell boost, further parts of the line that is given on `start` (induction, transplant and
    maintenance are one, see `lines`), steroids alone without a stated purpose. Rows without a day
    are not read here.
    """
    own = _line_on(record, start)
    later = [
        (day, place)
        for place, t in enumerate(record.therapies)
        if (day := t.start.day) is not None
        and day > start
        and (until is None or day <= until)
        and not planned(t)
        and t not in own
    ]
    return record.therapies[min(later)[1]] if later else None


def _line_on(record: Record, start: int) -> tuple[Therapy, ...]:
    """All rows of the line that has a part begun on `start`; none for CAR-T, whose further parts
    are known by their purpose.
    """
    if not any(t.start.day == start for t in record.therapies):
        return ()
    for line in lines(record):
        if line.infusion is None and any(row.start.day == start for row in line.rows):
            return line.rows
    return ()


def planned(therapy: Therapy) -> bool:
    """Does this row leave the course going (see `new_therapy`)?"""
    if therapy.purpose in PLANNED_PURPOSES:
        return True
    if therapy.purpose == "transplant":
        return "boost" in (therapy.regimen or "").lower()
    steroids_alone = bool(therapy.agents) and set(therapy.agents) <= _STEROIDS
    return therapy.purpose is None and steroids_alone
