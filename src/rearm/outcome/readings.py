"""Results of the disease that are known by their month, year or order only: the course is read with
them on their first possible days, between any two results that have a day, and on their last. What
all readings say holds.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TypeVar

from rearm.outcome.statements import last_data_day
from rearm.record import Lab, Record, Source, When
from rearm.response.course import ResponseCourse
from rearm.response.visits import READ_IN_A_COURSE

__all__ = ["agreed", "days_between", "days_gone", "readings", "tell_days", "vague_days"]

T = TypeVar("T")


def vague_days(record: Record) -> dict[Source, When]:
    """Results of the disease without an exact day, by their rows, where a day is known at least on
    one side.
    """
    return {lab.source: lab.when for lab in record.labs if _is_vague(lab)}


def days_gone(record: Record) -> dict[Source, When]:
    """Results of the disease of which no day is known at all, by their rows."""
    return {
        lab.source: lab.when for lab in record.labs if _is_of_course(lab) and lab.when == When()
    }


def readings(record: Record, vague: Collection[Source]) -> tuple[Record, ...]:
    """The record with its `vague` results on days in each order to the others; the earliest first.

    What is only known to precede a day stands on that day, or it would be too old for a baseline.
    What is only known to follow one may be as late as the last day on record.
    """
    days = (last_data_day(record), record.last_seen_day)
    until = max((day for day in days if day is not None), default=None)
    exact = _exact_days(record)
    between = {
        lab.source: _possible(lab.when, exact, until) for lab in record.labs if lab.source in vague
    }
    placed = dict.fromkeys(
        tuple(min(max(near, first), last) for first, last in between.values())
        for near in (-math.inf, *_gaps(exact), math.inf)
    )
    return tuple(_read(record, dict(zip(between, on, strict=True))) for on in placed)


def _is_of_course(lab: Lab) -> bool:
    return lab.test in READ_IN_A_COURSE


def _is_vague(lab: Lab) -> bool:
    return lab.when.first != lab.when.last and _is_of_course(lab)


def _possible(when: When, exact: Sequence[int], until: int | None) -> tuple[int, int]:
    first = when.last if when.first is None else when.first
    if first is None:
        first = min(exact, default=0)
    last = until if when.last is None else when.last
    return first, first if last is None else max(first, last)


def _exact_days(record: Record) -> list[int]:
    """The days of results of the disease."""
    days = (lab.when.day for lab in record.labs if _is_of_course(lab))
    return sorted({day for day in days if day is not None})


def _gaps(exact: Sequence[int]) -> list[int]:
    """A day between any two results."""
    return [(a + b) // 2 for a, b in pairwise(exact) if b - a > 1]


def _read(record: Record, on: Mapping[Source, float]) -> Record:
    labs = (
        replace(lab, when=When.on(int(on[lab.source]))) if lab.source in on else lab
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
