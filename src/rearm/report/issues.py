"""The issues of an input as a table on the terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table
from rich.text import Text

from rearm.record import Issue

__all__ = ["issues_table"]


def issues_table(issues: Iterable[Issue]) -> Table:
    """The input issues as a table: patient, severity, place, what, what was done."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("patient", "severity", "where", "what", "done"):
        table.add_column(column, overflow="fold")
    for issue in issues:
        style = {"error": "red", "warning": "yellow"}.get(issue.severity, "")
        cells = (
            issue.patient_id or "",
            issue.severity,
            str(issue.source),
            issue.message,
            issue.done.replace("_", " "),
        )
        table.add_row(
            *(Text(cell, style=style if column == 1 else "") for column, cell in enumerate(cells))
        )
    return table
