"""What a board needs and does not have at its meeting: tests never done, and results too old."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from rearm.board.child.reading import LastTest
from rearm.board.patient.contexts import OldResult, Readiness, ReckonedAt
from rearm.board.store.tables import Case

__all__ = ["BEFORE_THE_MEETING", "readiness", "ready_for"]

BEFORE_THE_MEETING = ("backlog", "prepared", "scheduled")
"""States in which something may still be asked for."""


def ready_for(case: Case, tests: Iterable[LastTest], today: date) -> Readiness:
    """What is missing or too old at the meeting of a patient; nothing once it is decided."""
    if case.state not in BEFORE_THE_MEETING:
        return Readiness()
    meeting = None if case.meeting_day is None else date.fromisoformat(case.meeting_day)
    return readiness(tests, meeting=meeting, today=today, invented=case.invented)


def readiness(
    tests: Iterable[LastTest], *, meeting: date | None, today: date, invented: bool
) -> Readiness:
    """Ages are those at the day of the meeting; today while none is named. Results without a date
    on the calendar, and those of an invented patient without a meeting, are as old as they were at
    the last entry of the record.
    """
    day = meeting or (None if invented else today)
    lacking: list[str] = []
    undated: list[str] = []
    old: dict[tuple[str, int, int], list[str]] = {}
    reckoned: ReckonedAt = "last_entry"
    for test in tests:
        age = test.age
        if age is None:
            (undated if test.undated else lacking).append(test.name)
            continue
        if day is not None and test.date:
            age = (day - date.fromisoformat(test.date)).days
            reckoned = "today" if meeting is None else "meeting"
        if age > test.max_age:
            old.setdefault((test.date, age, test.max_age), []).append(test.name)
    return Readiness(
        lacking=tuple(lacking),
        undated=tuple(undated),
        old=tuple(
            OldResult(tests=tuple(names), date=dated, age=age, max_age=most)
            for (dated, age, most), names in old.items()
        ),
        reckoned=reckoned,
    )
