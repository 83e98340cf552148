"""The worklist as a CSV file for a spreadsheet: no text in it is computed."""

from __future__ import annotations

import csv
import io

from rearm.board.patient.contexts import OldResult
from rearm.board.worklist.contexts import Worklist, WorklistRow
from rearm.characters import formula_free, replaced

__all__ = ["as_csv"]

_COLUMNS = (
    "patient", "state", "meeting_day", "car_t", "relapse", "first_choice", "decided",
    "would_change_the_answer", "never_done", "too_old", "alerts", "new_data_since_decision",
    "answer_of_older_knowledge",
)  # fmt: skip


def as_csv(shown: Worklist) -> str:
    """A row for each patient, in the order of the page."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for group in shown.groups:
        for row in group.rows:
            writer.writerow(formula_free(replaced(cell)) for cell in _cells(group.state, row))
    return text.getvalue()


def _cells(state: str, row: WorklistRow) -> tuple[str, ...]:
    return (
        row.patient,
        state,
        row.meeting_day,
        ": ".join(filter(None, (row.product, row.car_t))),
        row.relapse,
        row.first,
        row.decided,
        "; ".join(row.missing),
        "; ".join((*row.ready.lacking, *(f"{name} (no day)" for name in row.ready.undated))),
        "; ".join(map(_old, row.ready.old)),
        row.alerts,
        "yes" if row.new_answer else "no",
        "yes" if row.older_knowledge else "no",
    )


def _old(result: OldResult) -> str:
    when = f" of {result.date}" if result.date else ""
    return f"{', '.join(result.tests)}{when}: {result.age} days old (at most {result.max_age})"
