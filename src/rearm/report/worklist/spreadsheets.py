"""The tables of the work list as CSV files, or as a workbook that can be sorted: no text in them is
computed.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from rearm.characters import formula_free, replaced
from rearm.errors import InputError
from rearm.files import write_text
from rearm.workbook import MOST_ROWS, Workbook, put, write_workbook

__all__ = ["Table", "csv_text", "write_csv_files", "write_xlsx"]

Table = Sequence[Sequence[str | int | None]]


def write_csv_files(folder: Path, tables: Mapping[str, Table]) -> list[Path]:
    """One CSV file (UTF-8) for each table, whole or not at all. A text that a spreadsheet program
    would compute gets an apostrophe in front. Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, rows in tables.items():
        path = folder / f"{name}.csv"
        write_text(path, csv_text(rows))
        written.append(path)
    return written


def csv_text(rows: Table) -> str:
    """A table as CSV. A text that a spreadsheet program would compute gets an apostrophe in front;
    a carriage return becomes a line end, since a reader may take it for the end of the row.
    """
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(
        [_cell(cell) if isinstance(cell, str) else cell for cell in row] for row in rows
    )
    return text.getvalue()


def _cell(text: str) -> str:
    return formula_free(replaced(text).replace("\r\n", "\n").replace("\r", "\n"))


def write_xlsx(path: Path, tables: Mapping[str, Table]) -> Path:
    """An .xlsx with a sheet for each table, its header fixed and with filters.

    Raises OSError; InputError where a table has more rows than a sheet.
    """
    for name, rows in tables.items():
        if len(rows) > MOST_ROWS:
            raise InputError(
                f"The table {name} has {len(rows):,} rows, but a sheet can hold only "
                f"{MOST_ROWS:,}. Write the work list with --csv."
            )
    return write_workbook(path, lambda book: _sheets(book, tables))


def _sheets(book: Workbook, tables: Mapping[str, Table]) -> None:
    header = book.add_format({"bold": True})
    # stays a text, also where it begins like a formula and somebody edits the cell
    text = book.add_format({"quote_prefix": True})
    for name, rows in tables.items():
        sheet = book.add_worksheet(name)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, len(rows) - 1, len(rows[0]) - 1)
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                put(sheet, number, column, cell, text if number else header)
