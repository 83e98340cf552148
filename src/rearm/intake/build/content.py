"""Whether a row says that something happened: decided here, for every reader.

Which columns of a table an event is about, and where a word denies it, stands in its description
(`data/tables.toml`).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, NamedTuple

from rearm.intake.rows import Cell, Row
from rearm.knowledge.tidy_tables import TidyTable

__all__ = ["Content", "content_of", "lacking", "says_nothing"]


class Content(NamedTuple):
    """What a row holds, and the columns that show it: those that are missing, hold a word for
    nothing, or can't be read.
    """

    kind: Literal["event", "incomplete", "not_done", "unreadable", "blank"]
    columns: tuple[str, ...] = ()


def lacking(table: TidyTable, filled: Collection[str]) -> tuple[str, ...]:
    """The columns without which a line of a wide sheet holds no row of the table: those that it
    needs, and one of those that it is about where a day alone is that of the visit.
    """
    columns = table.columns.values()
    needed = tuple(c.name for c in columns if c.required and c.name not in filled)
    about = tuple(c.name for c in columns if c.about)
    if needed or table.day_alone or any(name in filled for name in about):
        return needed
    return about


def says_nothing(cell: Cell) -> bool:
    """Whether a cell is blank or holds a word for a blank; that there was none is said."""
    return cell.given is None or (cell.not_done and not cell.denies)


def content_of(row: Row, table: TidyTable) -> Content:
    """What a row of the table says; constants say nothing."""
    required = [c for c in table.columns.values() if c.required and not c.blank]
    missing = tuple(c.name for c in required if row.given(c.name) is None)
    if missing:
        return Content("incomplete", missing)
    own = [name for name in row.cells if name != "patient_id" and name not in row.constants]
    about = [name for name in own if table.columns[name].about]
    denying = tuple(name for name in own if row.cell(name).denies)
    if denying and not any(_affirms(row.cell(name)) for name in about):
        return Content("not_done", denying)
    if row.stated:
        return Content("event")
    names = {c.name for c in required if not c.about}
    if not _speaks(row, own, names, table):
        unreadable = tuple(name for name in own if row.cell(name).problem is not None)
        blank = tuple(name for name in own if row.cell(name).not_done) or tuple(own)
        return Content("unreadable", unreadable) if unreadable else Content("blank", blank)
    not_done = tuple(c.name for c in required if row.cell(c.name).not_done)
    return Content("not_done", not_done) if not_done else Content("event")


def _affirms(cell: Cell) -> bool:
    """Whether a cell says that there was an event: `infused` = no does not."""
    return cell.speaks and cell.value is not False


def _speaks(row: Row, own: Collection[str], names: Collection[str], table: TidyTable) -> bool:
    """Whether a cell says something. A name alone is an event; beside cells that were filled and
    say nothing it is none.
    """
    beside = [name for name in own if name not in names and _is_filled(row, name, table)]
    return any(row.cell(name).speaks for name in beside or own)


def _is_filled(row: Row, name: str, table: TidyTable) -> bool:
    cell = row.cell(name)
    counts_as_blank = bool(table.columns[name].blank) and cell.not_done
    return cell.given is not None and not counts_as_blank
