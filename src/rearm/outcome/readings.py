"""Results of the disease that are known by their month, year or order only: the course is read with
each on its first possible day, and again with each on its last. What both readings say holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from rearm.outcome.statements import last_data_day
from rearm.record import Lab, Record, Source, When
from rearm.response.course import ResponseCourse
from rearm.response.visits import READ_IN_A_COURSE

__all__ = ["agreed", "days_between", "readings", "tell_days", "vague_days"]

T = TypeVar("T")


def vague_days(record: Record) -> dict[Source, When]:
    """Results of the disease without an exact day, by their rows, where a day is known at least on
    one side.
    """
    return {
        lab.source: lab.when
        for lab in record.labs
        if lab.when.first != lab.when.last and lab.test in READ_IN_A_COURSE
    }


def readings(record: Record) -> tuple[Record, Record] | None:
    """The record with its vague results on their first and on their last possible days; None where
    every result of the disease has a day, or none at all.

    What is only known to precede a day stands on that day, or it would be too old for a baseline.
    What is only known to follow one may be as late as the last day on record.
    """
    if not vague_days(record):
        return None
    days = (last_data_day(record), record.last_seen_day)
    until = max((day for day in days if day is not None), default=None)
    return (
        replace(record, labs=tuple(_on(lab, _first(lab.when)) for lab in record.labs)),
        replace(record, labs=tuple(_on(lab, _last(lab.when, until)) for lab in record.labs)),
    )


def tell_days(course: ResponseCourse, vague: Mapping[Source, When]) -> None:
    """Note in the visits of a reading which days are not exact."""
    for results in (course.baseline.results, *(v.results for v in course.visits)):
        for test, lab in results.labs.items():
            if lab.source in vague:
                results.between[test] = vague[lab.source]


def _on(lab: Lab, day: int | None) -> Lab:
    vague = lab.when.first != lab.when.last and lab.test in READ_IN_A_COURSE
    return replace(lab, when=When.on(day)) if vague and day is not None else lab


def _first(when: When) -> int | None:
    return when.last if when.first is None else when.first


def _last(when: When, until: int | None) -> int | None:
    if when.last is not None or when.first is None:
        return when.last
    return when.first if until is None else max(when.first, until)


def days_between(earliest: When, latest: When) -> When:
    """All days that two readings allow."""
    firsts, lasts = (earliest.first, latest.first), (earliest.last, latest.last)
    return When(
        None if None in firsts else min(d for d in firsts if d is not None),
        None if None in lasts else max(d for d in lasts if d is not None),
    )


def agreed(values: Iterable[T | None]) -> T | None:
    """The value that all readings give; None where they differ."""
    first, *others = values
    return first if all(other == first for other in others) else None
