"""Which therapy ends a course: the first that is not part of the plan."""

from __future__ import annotations

from collections.abc import Collection

from rearm.record import Record, Therapy
from rearm.therapy.anti_myeloma import SUPPORT, treats_myeloma
from rearm.therapy.lines import bridges_to_infusion, lines

__all__ = [
    "PLANNED_PURPOSES",
    "begins",
    "may_follow",
    "new_therapy",
    "planned",
    "undated_therapies",
    "unknown_medication",
]

# what belongs to the treatment itself or does not treat myeloma: none of it ends a course
PLANNED_PURPOSES = frozenset(
    (
        "consolidation",
        "maintenance",
        "lymphodepletion",
        "mobilisation",
        *SUPPORT,
        "radiotherapy",
    )
)

_A_MONTH = 31


def new_therapy(
    record: Record, start: int, *, until: int | None = None, bridging: bool = True
) -> Therapy | None:
    """The first anti-myeloma therapy after `start` that is not part of the plan.

    Planned: maintenance, consolidation, lymphodepletion, mobilisation, palliative radiotherapy, a
    stem-cell boost, further parts of the line that is given on `start` (induction, transplant and
    maintenance are one, see `lines`), and what does not treat the myeloma. Of medication of which
    that is not known see `unknown_medication`. A therapy known by its month counts from its first
    day; rows without any day are not read here. Bridging ends the response to what came before it;
    with `bridging` false it is left to the infusion that follows it, as a part of that line.
    `record`: of the patient; nothing after the day `until` is read. None where there is none.
    Raises nothing.

    >>> import rearm
    >>> record = rearm.read("examples/tables").records[0]
    >>> from rearm.response import new_therapy
    >>> new_therapy(record, 0) is None
    True
    """
    later = [
        (day, place)
        for place, t in enumerate(record.therapies)
        if (day := begins(t)) is not None
        and day > start
        and (until is None or day <= until)
        and not planned(t)
        and (bridging or not bridges_to_infusion(record, t))
    ]
    own = _line_on(record, start) if later else ()
    later = [(day, place) for day, place in later if record.therapies[place] not in own]
    return record.therapies[min(later)[1]] if later else None


def begins(therapy: Therapy) -> int | None:
    """Its first day, or of a month the first; None where it is known less well than that."""
    first, last = therapy.start.first, therapy.start.last
    if first is None or last is None or last - first > _A_MONTH:
        return None
    return first


def undated_therapies(
    record: Record, start: int, *, numbers: Collection[int] = (), until: int | None = None
) -> tuple[Therapy, ...]:
    """The unplanned therapies that surely follow `start` and may begin by `until`, but of which
    the day is not known: by an interval that begins after it, or by their order alone (`numbers`:
    of the infusions of `start`).
    """

    def follows(row: Therapy) -> bool:
        if row.start.first is None:
            return row.after_infusion in numbers
        return row.start.first > start and (until is None or row.start.first <= until)

    rows = [t for t in record.therapies if begins(t) is None and follows(t) and not planned(t)]
    own = _line_on(record, start) if rows else ()
    return tuple(row for row in rows if row not in own)


def may_follow(therapy: Therapy, start: int) -> bool:
    """May unplanned therapy whose days hold `start` have begun after it? Not where a number of its
    line or the infusion that it follows gives its order.
    """
    first, last = therapy.start.first, therapy.start.last
    if first is None or last is None or planned(therapy):
        return False
    ordered = therapy.line is not None or therapy.after_infusion is not None
    return begins(therapy) is None and first <= start < last and not ordered


def unknown_medication(record: Record, start: int, until: int | None) -> tuple[Therapy, ...]:
    """Medication begun after `start` that could not be read: if it treats the myeloma, the course
    ends with it.
    """
    own = _line_on(record, start)
    return tuple(
        t
        for t in record.therapies
        if t.unread
        and treats_myeloma(t) is None
        and (day := t.start.first) is not None
        and day > start
        and (until is None or day <= until)
        and t not in own
    )


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
    """Whether `therapy` leaves the course going (see `new_therapy`); a treatment of an unknown
    purpose does only where it does not treat the myeloma. Raises nothing.

    >>> import rearm
    >>> record = rearm.read("examples/tables").records[0]
    >>> from rearm.response import planned
    >>> [planned(x) for x in record.therapies if x.purpose == "maintenance"]
    [True]
    """
    if therapy.purpose in PLANNED_PURPOSES:
        return True
    if therapy.purpose == "transplant":
        return "boost" in (therapy.regimen or "").lower()
    return not treats_myeloma(therapy)
