"""How dates that are typed otherwise than year-month-day are read, so that the user can see it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from rearm.board.entry.contexts import DateRead
from rearm.intake.days import parse_moment, slashed_order
from rearm.intake.form.typed import TypedForm
from rearm.intake.rows import Moment
from rearm.intake.values import Refused
from rearm.knowledge.board_form import BoardForm
from rearm.knowledge.tidy_tables import Column

__all__ = ["AMBIGUOUS", "dates_read", "question", "read_as"]

AMBIGUOUS = (
    "The day and the month can be read in two orders, so this date is not used. Type it as "
    "year-month-day: 2026-03-09."
)
"""Of a date that is never guessed."""

_PLAIN = re.compile(r"[0-9]{4}(?:-[0-9]{2}){0,2}")


def read_as(text: str) -> str:
    """`2026-01-05` of `5.1.26`, `2026-01` of `January 2026`, two dates for a longer stretch; empty
    of a text that stands in that form already, that is not read, or that is the number of a day.
    """
    if _PLAIN.fullmatch(text):
        return ""
    try:
        found = parse_moment(text)
    except Refused:
        return ""
    return _words(found)


def _words(found: Moment) -> str:
    if not found.dated or found.first is None or found.last is None:
        return ""
    first, last = date.fromordinal(found.first), date.fromordinal(found.last)
    if first == last:
        return first.isoformat()
    after = date.fromordinal(found.last + 1)
    if first.day == 1 and after.day == 1 and (first.year, first.month) == (last.year, last.month):
        return f"{first:%Y-%m}"
    return f"{first.isoformat()} to {last.isoformat()}"


def why_so(text: str) -> str:
    """How a date is read that another reader might take for another day: one with a year of two
    digits, or with strokes; empty of any other.
    """
    try:
        found = parse_moment(text)
    except Refused:
        return ""
    if not read_as(text):
        return ""
    if slashed_order(text) is not None:
        return "the only day that it can be"
    return "day, month, year" if found.short_year else ""


def dates_read(typed: TypedForm, form: BoardForm) -> tuple[DateRead, ...]:
    """Each such text of a form once, with how it is read."""
    texts = dict.fromkeys(_texts(typed, form))
    reads = ((text, read_as(text)) for text in texts)
    return tuple(DateRead(typed=text, read=read, why=why_so(text)) for text, read in reads if read)


def _texts(typed: TypedForm, form: BoardForm) -> Iterator[str]:
    yield from typed.days.values()
    for line in typed.lines:
        columns = form.tables.tables[line.table].columns
        yield from (text for name, text in line.cells.items() if _is_read(columns[name], text))


def _is_read(column: Column, text: str) -> bool:
    """A whole date is read of fewer texts than a day: that of a birth needs its century."""
    if column.type == "date":
        return len(read_as(text)) == len("2026-03-09") and why_so(text) != "day, month, year"
    return column.type == "day"


def question(day: str) -> str:
    """What is asked of a date before a single result is kept; empty where its day is certain."""
    if not why_so(day):
        return ""
    return (
        f"“{day}” is read as {read_as(day)} ({why_so(day)}), which stands in the form now. If that "
        "is the day, add the result once more."
    )
