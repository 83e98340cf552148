"""Events whose day is known within bounds: the curve for the earliest days, and for the latest."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from rearm.cohort.survival.follow_up import FollowUp, whole_numbers
from rearm.errors import InputError
from rearm.interval import Interval

__all__ = ["EarliestLatest", "earliest_and_latest"]

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True, kw_only=True)
class EarliestLatest(Generic[Made]):
    """The same patients with every vague day at its earliest, and with every one at its latest.

    The two are the ends of what was read, not limits of an estimate: where patients are censored, a
    curve of days in between may leave the space between them by a little. The true day is unknown.

    >>> from rearm.cohort.survival import EarliestLatest
    >>> EarliestLatest(earliest=20, latest=40).latest
    40
    """

    earliest: Made  # from the earliest days
    latest: Made  # from the latest days


def earliest_and_latest(
    estimate: Callable[[FollowUp], Made],
    *,
    day: Sequence[Interval],
    cause: Iterable[Any],
    entry: Iterable[Any] | None = None,
    known_by: Sequence[int | None] | None = None,
) -> EarliestLatest[Made]:
    """An estimate, such as `kaplan_meier`, from the earliest days of the events and of the ends of
    observation, and from the latest.

    `day`: bounds in days from the origin; an event found at a visit lies after the visit before it
    and up to its own. The earliest day is not before the day after entry: the patient was free of
    the event at entry. An open upper end needs `known_by`, the day on which it was known to have
    happened. Raises `InputError` with the row (from 1) where no whole day fits. `estimate`: what is
    to be estimated of follow-up; `cause`: as of `FollowUp`; `entry`: the day of entry, by default
    0. An unknown day is an open interval.

    >>> from rearm.cohort.survival import earliest_and_latest, kaplan_meier
    >>> from rearm.interval import Interval
    >>> days = [Interval(20, 40), Interval(60, 60)]
    >>> both = earliest_and_latest(kaplan_meier, day=days, cause=[1, 0])
    >>> both.earliest.on(30).value, both.latest.on(30).value
    (0.5, 1.0)
    """
    causes = list(cause)
    first = [0] * len(day) if entry is None else [int(x) for x in whole_numbers(entry, "entry")]
    ends: Sequence[int | None] = [None] * len(day) if known_by is None else known_by
    if not len(day) == len(causes) == len(first) == len(ends):
        raise InputError(
            f"There are {len(day)} days, {len(causes)} causes, {len(first)} entries and"
            f" {len(ends)} days by which they were known. Each row needs one of each."
        )
    spans = [
        _whole_days(bounds, begin, end, row)
        for row, (bounds, begin, end) in enumerate(zip(day, first, ends, strict=True), 1)
    ]
    return EarliestLatest(
        earliest=estimate(FollowUp.of(entry=first, exit=[a for a, _ in spans], cause=causes)),
        latest=estimate(FollowUp.of(entry=first, exit=[b for _, b in spans], cause=causes)),
    )


def _whole_days(bounds: Interval, entry: int, known_by: int | None, row: int) -> tuple[int, int]:
    """The earliest and the latest whole day within the bounds."""
    if math.isnan(bounds.low) or math.isnan(bounds.high):
        raise InputError(f"Row {row}: the day is no number.")
    latest = _below(bounds.high, bounds.high_open)
    if known_by is not None:
        latest = min(latest, known_by)
    if math.isinf(latest):
        raise InputError(
            f"Row {row}: the day has no upper bound. Give the day by which it was known."
        )
    earliest = max(_above(bounds.low, bounds.low_open), entry + 1)
    if earliest > latest:
        raise InputError(
            f"Row {row}: no whole day lies within the bounds after entry on day {entry}."
        )
    return int(earliest), int(latest)


def _above(low: float, open_end: bool) -> float:
    if math.isinf(low):
        return low
    whole = math.ceil(low)
    return whole + 1 if open_end and whole == low else whole


def _below(high: float, open_end: bool) -> float:
    if math.isinf(high):
        return high
    whole = math.floor(high)
    return whole - 1 if open_end and whole == high else whole
