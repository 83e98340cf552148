"""Days of a course as the timeline draws them: no day that is not known."""

from __future__ import annotations

from typing import TypeAlias

from rearm.assessment.result import DayRange, TherapyResult
from rearm.report.assessment.sentences import day_range

__all__ = [
    "Days",
    "days_between",
    "exact_day",
    "pale",
    "possible_days",
    "stretch_words",
    "therapy_name",
]

Days: TypeAlias = tuple[int, int]  # the first and the last that it may be


def days_between(day: int | None, between: DayRange | None) -> Days | None:
    """First and last day that it may be of; None where a side is open."""
    if day is not None:
        return day, day
    if between is None or between.low is None or between.high is None:
        return None
    return between.low, between.high


def exact_day(days: DayRange) -> int | None:
    """The day where it is exact, else None."""
    return days.low if days.low == days.high else None


def pale(therapy: TherapyResult) -> bool:
    """Whether start or end of a therapy is not known exactly."""
    return None in (exact_day(therapy.start), exact_day(therapy.end))


def possible_days(therapy: TherapyResult) -> Days | None:
    """The first and the last day of a therapy, as far as they may be; the days of the side that is
    known where nothing is said of the other. None where neither is known within bounds.
    """
    sides = (therapy.start, therapy.end)
    if all(days_between(None, side) is None for side in sides):
        return None
    days = [day for side in sides for day in (side.low, side.high) if day is not None]
    return min(days), max(days)


def therapy_name(therapy: TherapyResult) -> str:
    """The regimen, else its agents."""
    return therapy.regimen or ", ".join(therapy.agents) or "therapy"


def stretch_words(therapy: TherapyResult, zero: int) -> str:
    """`day 1 to 20`, `start day 1, end not known`: no day that nobody stated."""
    start, end = _since(therapy.start, zero), _since(therapy.end, zero)
    if exact_day(start) is not None and exact_day(end) is not None:
        return f"day {start.low}" + (f" to {end.low}" if end.low != start.low else "")
    return f"start {_side_words(start)}, end {_side_words(end)}"


def _side_words(days: DayRange) -> str:
    return "not known" if days.low is None and days.high is None else day_range(days)


def _since(days: DayRange, zero: int) -> DayRange:
    low, high = (None if day is None else day - zero for day in (days.low, days.high))
    return DayRange(low=low, high=high)
