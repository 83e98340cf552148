"""The cell that an issue of an event is about: the date, the value or the number to look at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from rearm.intake.build.axis import DAY_COLUMNS, Axis, DayZero, dates_of
from rearm.intake.build.gather import RowRun
from rearm.intake.rows import Row
from rearm.intake.values import text
from rearm.record import Issue, Source

__all__ = ["at_cell", "at_its_day", "cell_of_zero"]

_TABLES = {"infusion": ("infusions",), "dose": ("therapies",)}


def cell_of_zero(runs: Iterable[RowRun], zero: DayZero) -> tuple[Row, str] | None:
    """The row and column of the date that was chosen as day 0."""
    tables = _TABLES.get(zero.basis)
    for run in runs:
        if tables is not None and run.table not in tables:
            continue
        for column in DAY_COLUMNS[run.table]:
            for index, cell in enumerate(run.column(column)):
                if (dates := dates_of(cell)) is not None and dates[0] == zero.first:
                    return run.row(index), column
    return None


def at_its_day(issue: Issue, runs: Iterable[RowRun], axis: Axis) -> Issue:
    """An issue about the day of an event, placed at that day's cell: the one of `issue.day`, else
    the first that is filled. As it is, where the event has no such cell.
    """
    row = _row_of(issue, runs)
    if row is None:
        return issue
    filled = [c for c in DAY_COLUMNS[row.table] if row.given(c) is not None]
    meant = (c for c in filled if axis.quiet_day(row.cell(c)) == issue.day)
    column = next(meant, next(iter(filled), None))
    return issue if column is None else _placed(issue, row, column)


def at_cell(issue: Issue, runs: Iterable[RowRun], column: str) -> Issue:
    """An issue about an event, placed at the cell of a column of its row, be it blank."""
    row = _row_of(issue, runs)
    return issue if row is None else _placed(issue, row, column)


def _placed(issue: Issue, row: Row, column: str) -> Issue:
    value = text(row.given(column)) or None
    return replace(issue, source=row.at(column), column=column, value=value)


def _row_of(issue: Issue, runs: Iterable[RowRun]) -> Row | None:
    return next((row for run in runs if (row := _row_at(run, issue.source)) is not None), None)


def _row_at(run: RowRun, source: Source) -> Row | None:
    for index in range(len(run.column("patient_id"))):
        if run.source_of(index) == source:
            return run.row(index)
    return None
