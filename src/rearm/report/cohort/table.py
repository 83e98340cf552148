"""A table of the report: as text for the page, as values for CSV and spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from rearm.report.cohort.counts import HIDDEN, CountRule, shown_text

__all__ = ["Cell", "ReportTable", "cross_table", "csv_text", "part_cells", "share_words"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell. `text`: as the page shows it; `value`: the number in it, if it is one."""

    text: str
    value: int | float | None = None

    @classmethod
    def count(cls, shown: int | None) -> Cell:
        return cls(text=shown_text(shown), value=shown)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportTable:
    """A table with its heading and what has to be known of it. `rows`: label and cells; a row
    without cells is a heading within the table. `wide`: too many columns for a narrow screen.
    """

    id: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    notes: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        return not self.rows


def share_words(share: float | None) -> str:
    """`37 %`; empty where it is not known."""
    return "" if share is None else f"{100 * share:.0f} %"


def part_cells(part: int, whole: int, rule: CountRule) -> tuple[Cell, Cell, Cell]:
    """Count, of how many, and share."""
    shown, of, share = rule.part_of(part, whole)
    return (
        Cell.count(shown),
        Cell.count(of),
        Cell(text=share_words(share), value=None if share is None else round(100 * share)),
    )


def cross_table(
    rows: Sequence[str], columns: Sequence[str], counts: Sequence[Sequence[int]], rule: CountRule
) -> tuple[tuple[str, ...], tuple[tuple[str, tuple[Cell, ...]], ...]]:
    """The columns and rows of a table in which each patient is in one cell, with totals, each with
    its share of the total of its row; nothing without rows.
    """
    if not rows:
        return (), ()
    counted = rule.table(counts)
    lines = [*zip(rows, counted.cells, counted.row_totals, strict=True)]
    lines.append(("all", counted.column_totals, counted.total))
    return (*columns, "all"), tuple(
        (label, (*(_with_share(x, total, rule) for x in cells), Cell.count(total)))
        for label, cells, total in lines
    )


def _with_share(count: int | None, total: int | None, rule: CountRule) -> Cell:
    share = rule.share(count, total)
    text = shown_text(count) + (f" ({share_words(share)})" if share and count else "")
    return Cell(text=text, value=count)


def csv_text(table: ReportTable) -> str:
    """The table as CSV: numbers as numbers, what is not shown as *."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["", *table.columns])
    for label, cells in table.rows:
        writer.writerow([_inert(label), *(_plain(cell) for cell in cells)])
    return out.getvalue()


def _plain(cell: Cell) -> str | int | float:
    if cell.value is not None:
        return cell.value
    return cell.text if cell.text == HIDDEN else _inert(cell.text)


def _inert(text: str) -> str:
    """A text that a spreadsheet would compute begins with an apostrophe."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
