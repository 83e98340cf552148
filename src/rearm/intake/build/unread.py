"""Statements of the disease that could not be read: the day is known to have been assessed, so they
are kept in `Record.set_aside`.
"""

from __future__ import annotations

from rearm.intake.rows import Row
from rearm.intake.values import shown
from rearm.record import Lab, When

__all__ = ["UNREAD_IMAGING", "UNREAD_RESPONSE", "set_aside", "unread"]

# The names under which they stand there.
UNREAD_RESPONSE = "team response"
UNREAD_IMAGING = "imaging"


def unread(row: Row, column: str, name: str, when: When) -> Lab | None:
    """What a cell says that could not be read; None where it says nothing."""
    cell = row.cell(column)
    if cell.given is None or cell.not_done:
        return None
    return set_aside(row, column, name, when, cell.aside or f"{shown(cell.text)} could not be read")


def set_aside(row: Row, column: str, name: str, when: When, why: str) -> Lab:
    """A statement of the disease that can't be used, with its day and the reason."""
    return Lab(
        test=name,
        when=when,
        source=row.at(column),
        as_given=row.cell(column).text,
        why_set_aside=why,
    )
