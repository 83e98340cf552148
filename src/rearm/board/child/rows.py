"""Rows as the store keeps them, and their way back into a reading."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Literal

import msgspec

from rearm.intake.kept_rows import KeptRow
from rearm.intake.rows import Moment
from rearm.record import Issue, Source

__all__ = ["Correction", "ReadIssue", "TidyRow", "kept", "read_issues", "tidy"]


class Correction(msgspec.Struct, frozen=True, kw_only=True):
    """A cell that was corrected after its file was read. Empty: the cell was blank, or is now."""

    column: str
    old: str
    new: str
    who: str
    at: str


class TidyRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One row of a tidy table as it was given, and the place where it stands.

    `file` and `where` are the parts of the place, `places` those of cells that have one of their
    own; the others are those of `KeptRow`. `corrected`: what was changed since, the oldest first.
    """

    table: str
    place: str
    cells: dict[str, Any]
    file: str = ""
    where: str = ""
    places: dict[str, tuple[str, str]] = {}
    set_aside: dict[str, str] = {}
    moments: dict[str, Moment] = {}
    labels: dict[str, str] = {}
    constants: tuple[str, ...] = ()
    stated: bool = False
    decimal: Literal[".", ",", "unsure"] | None = None
    unread: bool = False
    regimens: dict[str, tuple[str, ...]] = {}
    corrected: tuple[Correction, ...] = ()


class ReadIssue(msgspec.Struct, frozen=True, kw_only=True):
    """Something wrong in the file, where, and what was done about it. `row`: the index of the
    patient's row that it is about, `column` the column there; null where it is about no single one.
    """

    severity: str
    code: str
    place: str
    message: str
    done: str
    value: str | None = None
    row: int | None = None
    column: str | None = None


def tidy(row: KeptRow, corrected: Sequence[Correction] = ()) -> TidyRow:
    """A row for the store."""
    return TidyRow(
        table=row.table,
        place=str(row.source),
        cells={name: _plain(value) for name, value in row.cells.items()},
        file=row.source.file,
        where=row.source.place,
        places={name: (x.file, x.place) for name, x in row.places.items()},
        set_aside=dict(row.set_aside),
        moments=dict(row.moments),
        labels=dict(row.labels),
        constants=tuple(sorted(row.constants)),
        stated=row.stated,
        decimal=row.decimal,
        unread=row.unread,
        regimens={name: tuple(agents) for name, agents in row.regimens.items()},
        corrected=tuple(corrected),
    )


def kept(row: TidyRow) -> KeptRow:
    """A row of the store, to be read again."""
    return KeptRow(
        table=row.table,
        source=Source(row.file, row.where) if row.file else Source(row.place, ""),
        cells=row.cells,
        places={name: Source(*place) for name, place in row.places.items()},
        set_aside=row.set_aside,
        moments=row.moments,
        labels=row.labels,
        constants=frozenset(row.constants),
        stated=row.stated,
        decimal=row.decimal,
        unread=row.unread,
        regimens=row.regimens,
    )


def read_issues(issues: Iterable[Issue], rows: Sequence[KeptRow]) -> tuple[ReadIssue, ...]:
    """Issues, each with the row that it is about."""
    cells: dict[Source, tuple[int, str | None]] = {}
    whole: dict[tuple[str, str], int] = {}
    for index, row in enumerate(rows):
        whole.setdefault(row.source.row, index)
        for column, place in row.places.items():
            cells.setdefault(place, (index, column))
    return tuple(_read_issue(issue, cells, whole) for issue in issues)


def _read_issue(
    issue: Issue,
    cells: Mapping[Source, tuple[int, str | None]],
    whole: Mapping[tuple[str, str], int],
) -> ReadIssue:
    row, column = cells.get(issue.source, (whole.get(issue.source.row), None))
    return ReadIssue(
        severity=issue.severity,
        code=issue.code,
        place=str(issue.source),
        message=issue.message,
        done=issue.done,
        value=issue.value,
        row=row,
        column=issue.column if row is None or issue.column is not None else column,
    )


def _plain(value: Any) -> Any:
    """A cell as JSON can keep it, and as it is read again."""
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value) if isinstance(value, timedelta) else value
