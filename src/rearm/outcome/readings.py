"""Results of the disease that are known by their month, year or order only: the course is read with
them on their first possible days, between any two results that have a day, and on their last. What
all readings say holds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import pairwise
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
    return {lab.source: lab.when for lab in record.labs if _is_vague(lab)}


def readings(record: Record) -> tuple[Record, ...]:
    """The record with its vague results on days in each order to the others; the earliest first.

    What is only known to precede a day stands on that day, or it would be too old for a baseline.
    What is only known to follow one may be as late as the last day on record.
    """
    days = (last_data_day(record), record.last_seen_day)
    until = max((day for day in days if day is not None), default=None)
    between = {lab.source: _possible(lab.when, until) for lab in record.labs if _is_vague(lab)}
    placed = dict.fromkeys(
        tuple(min(max(near, first), last) for first, last in between.values())
        for near in (-math.inf, *_gaps(record), math.inf)
    )
    return tuple(_read(record, dict(zip(between, on, strict=True))) for on in placed)


def _is_vague(lab: Lab) -> bool:
    return lab.when.first != lab.when.last and lab.test in READ_IN_A_COURSE


def _possible(when: When, until: int | None) -> tuple[int, int]:
    first = when.last if when.first is None else when.first
    assert first is not None  # a vague day is known on one side
    last = until if when.last is None else when.last
    return first, first if last is None else max(first, last)


def _gaps(record: Record) -> list[int]:
    """A day between any two results of the disease that have one."""
    days = {
        lab.when.day
        for lab in record.labs
        if lab.test in READ_IN_A_COURSE and lab.when.day is not None
    }
    return [(a + b) // 2 for a, b in pairwise(sorted(days)) if b - a > 1]


def _read(record: Record, on: Mapping[Source, float]) -> Record:
    labs = (
        replace(lab, when=When.on(int(on[lab.source]))) if _is_vague(lab) else lab
        for lab in record.labs
    )
    return replace(record, labs=tuple(labs))


def tell_days(course: ResponseCourse, vague: Mapping[Source, When]) -> None:
    """Note in the visits of a reading which days are not exact."""
    for results in (course.baseline.results, *(v.results for v in course.visits)):
        for test, lab in results.labs.items():
            if lab.source in vague:
                results.between[test] = vague[lab.source]


def days_between(times: Iterable[When]) -> When:
    """All days from the first to the last that these allow."""
    firsts, lasts = zip(*((when.first, when.last) for when in times), strict=True)
    return When(
        None if None in firsts else min(d for d in firsts if d is not None),
        None if None in lasts else max(d for d in lasts if d is not None),
    )


def agreed(values: Iterable[T | None]) -> T | None:
    """The value that all readings give; None where they differ."""
    first, *others = values
    return first if all(other == first for other in others) else None
