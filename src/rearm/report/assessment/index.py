"""One line for each patient of a folder of pages."""

from __future__ import annotations

from typing import NamedTuple

from rearm.assessment import Assessment
from rearm.report.assessment.answer_words import answer_lines
from rearm.report.assessment.sentences import alert_title
from rearm.report.words import words

__all__ = ["IndexRow", "index_row"]


class IndexRow(NamedTuple):
    """What the table of patients shows of one; small, because a cohort has many."""

    file: str
    patient: str
    status: str
    leading: str
    options: str
    alerts: str


def _choices(a: Assessment) -> str:
    """The strategies of the highest tier that the sheet shows; enabling and local measures never
    stand here.
    """
    lines = answer_lines(a)
    highest = [line.strategy for line in lines if line.tier == lines[0].tier]
    if not highest:
        return "none" if a.options else ""
    named = ", ".join(highest)
    return named if lines[0].tier == "first" else f"none first; {lines[0].tier_words}: {named}"


def index_row(file: str, a: Assessment) -> IndexRow:
    """The line of this result; `file` is the name of its page."""
    last = a.failures[-1] if a.failures else None
    status = a.about.reason
    if last is not None:
        status = words(last.status) + (f", day {last.day}" if last.day is not None else "")
    leading = [f"{words(g.group)} {words(g.grade)}" for g in a.causes.groups if g.rank == 1]
    return IndexRow(
        file=file,
        patient=a.patient_id,
        status=status,
        leading=", ".join(leading) or ("cannot be told" if a.causes.groups else ""),
        options=_choices(a),
        alerts=", ".join(alert_title(x) for x in a.alerts),
    )
