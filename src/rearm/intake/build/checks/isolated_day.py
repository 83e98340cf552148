"""A single row dated long after everything else: mostly a slip in its year, and it would set the
day as of which the record is judged.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rearm.intake.issues import issue_at
from rearm.intake.rows import CellProblem
from rearm.record import EVENT_FIELDS, Issue, Record

__all__ = ["flag_isolated_day"]

FAR = 365  # days after the data before it


def flag_isolated_day(record: Record) -> Iterator[Issue]:
    """An issue where the last day with data is named by one row only and lies more than a year
    after the day before it.

    Deaths and the stated last contact are not wondered about: they are known of patients who are no
    longer examined. Nor is the first infusion, which the record is about and which may be all that
    is known after earlier lines.
    """
    exact: set[int] = set()
    for name in EVENT_FIELDS:
        for event in getattr(record, name):
            exact.update(_days(event))
    days = sorted(exact)
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
    if len(sources) > 1 or last == first_infusion or died_then:
        return
    supported = record.last_seen_day is not None and record.last_seen_day >= last
    judged = (
        f" It is the last day with data, so the record is judged as of day {last} unless a day is"
        " stated."
    )
    sentence = (
        f"The row of day {last} stands alone, {last - before} days after the data before it (day"
        f" {before}): check its date.{'' if supported else judged}"
    )
    problem = CellProblem("warning", "lonely_last_day", sentence, "used")
    yield issue_at(sources.pop(), problem, record.patient_id, day=last)


def _days(event: Any) -> tuple[int, ...]:
    """The exact days of an event: of itself, and of its end."""
    when, end = event.when, getattr(event, "end", None)
    days = (when.first,) if when.first is not None and when.first == when.last else ()
    return days if end is None or end.day is None else (*days, end.day)
