"""The numbers of lines of therapy: which is jumped over, and what follows an infusion."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rearm.record.events import Infusion, Therapy

__all__ = ["missing_line", "surely_after"]


def surely_after(row: Therapy, infusion: Infusion | None) -> bool:
    """Whether the row is known to follow this infusion, by day or by order."""
    if infusion is None:
        return False
    if row.after_infusion is not None:
        return row.after_infusion > 0
    return (
        row.start.first is not None and infusion.day is not None and row.start.first >= infusion.day
    )


def missing_line(rows: Iterable[Therapy], infusions: Sequence[Infusion]) -> int | None:
    """The first number of a line that is jumped over and that no infusion can hold; None where
    there is none. An infusion holds one number, and only in its place.
    """
    numbered = [(row.line, row) for row in rows if row.line is not None]
    numbers = {number for number, _ in numbered}
    free = list(infusions)
    for number in sorted(set(range(1, max(numbers, default=0) + 1)) - numbers):
        holder = next((x for x in free if _may_be_line(x, number, numbered)), None)
        if holder is None:
            return number
        free.remove(holder)
    return None


def _may_be_line(infusion: Infusion, number: int, numbered: Sequence[tuple[int, Therapy]]) -> bool:
    """Whether the infusion can stand between the lines below and above this number, as far as days
    and order tell.
    """
    own = [(line, row) for line, row in numbered if row.purpose != "bridging"]
    follows = any(
        infusion.when.before(row.start) is True or surely_after(row, infusion)
        for line, row in own
        if line < number
    )
    precedes = any(
        row.start.before(infusion.when) is True or row.after_infusion == 0
        for line, row in own
        if line > number
    )
    return not follows and not precedes
