"""A single row dated long after everything else: mostly a slip in its year, and it would set the
day as of which the record is judged.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rearm.intake.issues import issue_at
from rearm.intake.rows import CellProblem
from rearm.record import EVENT_FIELDS, Issue, Record, When

__all__ = ["flag_isolated_day"]

_WITH_END = ("therapies", "toxicities", "conditions")
FAR = 365  # days after the data before it


def flag_isolated_day(record: Record) -> Iterator[Issue]:
    """An issue where the last day with data is named by one row only and lies more than a year
    after the day before it.

    Deaths and the stated last contact are not wondered about: they are known of patients who are no
    longer examined. Nor is the first infusion, which the record is about and which may be all that
    is known after earlier lines.
    """
    days = sorted(_exact_days(record))
    if len(days) < 2 or days[-1] - days[-2] <= FAR:
        return
    before, last = days[-2:]
    sources = {
        event.source
        for name in EVENT_FIELDS
        for event in getattr(record, name)
        if last in _days(event)
    }
    first_infusion = min((x.day for x in record.infused() if x.day is not None), default=None)
    died_then = any(death.day == last for death in record.deaths)
    if len(sources) > 1 or last == first_infusion or died_then or _near(record, before, last):
        return
    supported = record.last_seen_day is not None and record.last_seen_day >= last
    judged = f" Unless you give --as-of, the patient is assessed as of day {last}."
    sentence = (
        f"One entry is dated day {last}, {last - before} days after all others (day {before} "
        f"and earlier). Check the date.{'' if supported else judged}"
    )
    problem = CellProblem("warning", "lonely_last_day", sentence, "used")
    yield issue_at(sources.pop(), problem, record.patient_id, day=last)


def _near(record: Record, before: int, last: int) -> bool:
    """Does anything known by its month or year surely lie less than a year before the last day?"""
    return any(
        t.first is not None
        and t.last is not None
        and before < t.first
        and last - FAR <= t.first < last
        for t in _times(record)
        if t.first != t.last
    )


def _exact_days(record: Record) -> set[int]:
    """The exact days of all events, and of their ends."""
    return {t.first for t in _times(record) if t.first is not None and t.first == t.last}


def _times(record: Record) -> Iterator[When]:
    """When each event was, and when it ended."""
    for name in EVENT_FIELDS:
        yield from (event.when for event in getattr(record, name))
    for name in _WITH_END:
        yield from (event.end for event in getattr(record, name))


def _days(event: Any) -> tuple[int | None, int | None]:
    """The exact day of an event, and that of its end."""
    return event.when.day, getattr(event, "end", event.when).day
