"""Whether a therapy may have worked on what was measured."""

from __future__ import annotations

from rearm.record import Record

__all__ = ["may_be_treated"]

_WORKS_DAYS = 90  # an infusion or a drug of so long before may still lower the M-protein


def may_be_treated(record: Record, first: int, last: int) -> bool:
    """Whether anything against the disease may have worked between two days. A day that is not
    exact may lie there; where no therapy at all is on record, nobody wrote them down.
    """
    if not record.therapies:
        return True
    earliest = first - _WORKS_DAYS
    therapies = any(
        (x.start.first is None or x.start.first <= last)
        and (x.end.last is None or x.end.last >= earliest)
        for x in record.therapies
    )
    return therapies or any(
        (x.when.first is None or x.when.first <= last)
        and (x.when.last is None or x.when.last >= earliest)
        for x in record.infused()
    )
