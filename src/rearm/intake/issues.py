"""Problems with a place: issues."""

from __future__ import annotations

from collections.abc import Iterable

from rearm.characters import printable
from rearm.intake.rows import CellProblem, Value
from rearm.intake.values import text
from rearm.record import Issue, IssuePlace, Source

__all__ = ["issue_at", "place_at"]


_LONGEST = 200  # characters of a value that an issue repeats


def issue_at(
    source: Source,
    problem: CellProblem,
    patient_id: str | None = None,
    *,
    day: int | None = None,
    column: str | None = None,
    value: Value = None,
    places: Iterable[IssuePlace] = (),
) -> Issue:
    """An issue at a place. Every issue of intake is made here, so that its sentence holds nothing
    that a screen could obey. `column` and `value`: the cell that it is about; `places`:
    all of them, where they are many.
    """
    return Issue(
        severity=problem.severity,
        code=problem.code,
        source=source,
        message=printable(problem.sentence),
        done=problem.done,
        patient_id=patient_id,
        day=day,
        column=column,
        value=_told(value),
        places=tuple(places),
    )


def place_at(
    source: Source, patient_id: str | None, column: str | None = None, value: Value = None
) -> IssuePlace:
    """One of many places of an issue, with what stands there."""
    return IssuePlace(source, patient_id, column, _told(value))


def _told(value: Value) -> str | None:
    return None if value is None else printable(text(value)[:_LONGEST])
