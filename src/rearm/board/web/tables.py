"""Tables as CSV. Nothing in them is computed by a spreadsheet program."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from starlette.responses import Response

from rearm.board.web.contexts import Part
from rearm.report.worklist.spreadsheets import csv_text

__all__ = ["as_csv"]

_MARK = "\ufeff"  # by which spreadsheet programs know UTF-8


def as_csv(kind: type[Part], rows: Iterable[Part], *, name: str) -> Response:
    """Parts of a page as a table, a column for each field, whatever their number. `name` of the
    file says nothing of a patient.
    """
    fields = msgspec.structs.fields(kind)
    table = [[field.name for field in fields]]
    for row in rows:
        table.append([_cell(getattr(row, field.name)) for field in fields])
    headers = {"content-disposition": f'attachment; filename="{name}.csv"'}
    return Response(_MARK + csv_text(table), media_type="text/csv; charset=utf-8", headers=headers)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple | list):
        return "; ".join(map(str, value))
    return str(value)
