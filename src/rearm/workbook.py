"""Excel workbooks: written whole or not at all, the same bytes for the same content, and no text in
them is computed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from rearm.characters import replaced
from rearm.files import write_whole

__all__ = ["MOST_ROWS", "Workbook", "Worksheet", "put", "write_workbook"]

MOST_ROWS = 1_048_576  # of a sheet, its header among them
_LONGEST = 32_767  # characters that a cell holds
_NOTHING_COMPUTED = {"strings_to_formulas": False, "strings_to_urls": False}
_MADE = datetime(2026, 1, 1)  # always the same bytes


def write_workbook(path: Path, fill: Callable[[Workbook], None], *, title: str = "") -> Path:
    """An .xlsx whose sheets `fill` adds. Raises OSError that names `path`."""
    content = BytesIO()
    with Workbook(content, _NOTHING_COMPUTED | {"in_memory": True}) as book:
        book.set_properties({"title": title, "created": _MADE})
        fill(book)
    return write_whole(path, lambda part: part.write_bytes(content.getvalue()))


def put(
    sheet: Worksheet, row: int, column: int, value: str | int | None, cell_format: Any = None
) -> None:
    """A number, or a text as it is, never a formula or a link; a blank cell where there is none."""
    if isinstance(value, int):
        sheet.write_number(row, column, value, cell_format)
    elif value:
        sheet.write_string(row, column, replaced(value)[:_LONGEST], cell_format)
    else:
        sheet.write_blank(row, column, None, cell_format)
