"""Whether the day asked about fits a patient's data: one before them, after today or long after
them is no day that a decision can be shown for without a word.
"""

from __future__ import annotations

from datetime import date, timedelta

from rearm.record import EVENT_FIELDS, Issue, Record

__all__ = ["long_after_data", "why_no_decision"]

_LONG_DAYS = 183  # after which the last data say little of now; a convention of this project


def why_no_decision(record: Record, as_of: int | date | None, today: date) -> str | None:
    """A sentence where nothing is on record by the day asked about, or where it lies in the future;
    None where neither is so, or the day can't be placed.
    """
    day = _day(record, as_of)
    if day is None:
        return None
    if _is_future(record, day, today):
        return (
            f"{record.patient_id}: day {day} is later than today ({today.isoformat()}). Choose a "
            "day up to today."
        )
    known = record.known_at(day)
    if any(getattr(known, name) for name in EVENT_FIELDS):
        return None
    days = [
        x
        for name in EVENT_FIELDS
        for event in getattr(record, name)
        for x in (event.when.first, event.when.last)
        if x is not None
    ]
    if not days:
        return None
    return (
        f"{record.patient_id}: nothing is on record by day {day}; the first data are of day "
        f"{min(days)}. Choose a day from then on."
    )


def long_after_data(record: Record, as_of: int | date | None) -> Issue | None:
    """An issue where the day asked about lies so long after the last data that they say little of
    it.
    """
    day, last = _day(record, as_of), record.last_day()
    if day is None or last is None or day - last <= _LONG_DAYS:
        return None
    return Issue(
        severity="warning",
        code="long_after_data",
        source=record.source,
        message=(
            f"The last data are of day {last}, {day - last} days before day {day}, which was asked "
            "about. What happened since is not on record."
        ),
        done="used",
        patient_id=record.patient_id,
    )


def _day(record: Record, as_of: int | date | None) -> int | None:
    if isinstance(as_of, date):
        return None if record.day_zero is None else (as_of - record.day_zero).days
    return as_of


def _is_future(record: Record, day: int, today: date) -> bool:
    """Whether the day is after today. Where the data themselves are, their dates are shifted."""
    if record.day_zero is None:
        return False
    try:
        asked = record.day_zero + timedelta(days=day)
        last = record.day_zero + timedelta(days=record.last_day() or 0)
    except OverflowError:
        return False
    return asked > today >= last
