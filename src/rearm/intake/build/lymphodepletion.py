"""Lymphodepletion that nobody named: standard FHIR and OMOP have no place for the purpose of a
drug, and fludarabine or bendamustine days before CAR-T cells has no other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rearm.intake.issues import issue_at
from rearm.intake.rows import CellProblem
from rearm.record import Issue, Record, Therapy

__all__ = ["named_lymphodepletion"]

# The cells follow it within days (product information); delays of a week occur. Bendamustine
# treats myeloma too, so it has to come nearer.
_MARKS = {"fludarabine": 14, "bendamustine": 7}
_BEFORE_CELLS = max(_MARKS.values())
_AGENTS = frozenset((*_MARKS, "cyclophosphamide"))
_SAME_COURSE = 3  # days between the first doses of its drugs


def named_lymphodepletion(record: Record) -> tuple[Record, list[Issue]]:
    """The record with the purpose of fludarabine that came within two weeks before an infusion, of
    bendamustine within one, and of cyclophosphamide begun with them, where they have neither a
    purpose nor a line number; and a note for each.
    """
    marked = [
        day
        for row in record.therapies
        for agent in _MARKS
        if (day := _day(row, record, agent)) is not None
    ]
    if not marked:
        return record, []
    found = {
        id(row)
        for row in record.therapies
        if (day := _day(row, record)) is not None
        and any(abs(day - other) <= _SAME_COURSE for other in marked)
    }
    therapies = tuple(
        replace(row, purpose="lymphodepletion") if id(row) in found else row
        for row in record.therapies
    )
    rows = [row for row in record.therapies if id(row) in found]
    return replace(record, therapies=therapies), list(_notes(rows, record))


def _day(row: Therapy, record: Record, agent: str | None = None) -> int | None:
    """The first day of a row that may be lymphodepletion (and holds `agent`); else None."""
    day = row.start.day
    if day is None or row.purpose is not None or row.line is not None or row.unread:
        return None
    if not row.agents or not _AGENTS.issuperset(row.agents):
        return None
    if agent is not None and agent not in row.agents:
        return None
    within = _BEFORE_CELLS if agent is None else _MARKS[agent]
    infusions = [x.day for x in record.infused() if x.day is not None]
    return day if any(0 < infusion - day <= within for infusion in infusions) else None


def _notes(rows: list[Therapy], record: Record) -> Iterator[Issue]:
    for row in rows:
        sentence = (
            f"{', '.join(row.agents)} on {row.start}, shortly before the CAR-T infusion, is "
            "read as lymphodepletion. If it was not, enter the purpose."
        )
        problem = CellProblem("note", "read_as_lymphodepletion", sentence, "used")
        yield issue_at(row.source, problem, record.patient_id)
