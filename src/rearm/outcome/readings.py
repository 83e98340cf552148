"""Results of the disease that are known by their month, year, order or bound only, and imaging of
which the result or the lesion is not known: the course is read with each result on its first
possible day, between any two that have a day, and on its last; with a bound at either end, with
each result that imaging may have had, and with a lesion without a name as each that has one. What
all readings say holds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TypeVar

from rearm.interval import Interval
from rearm.outcome.statements import last_data_day
from rearm.record import Imaging, Lab, Record, Source, When
from rearm.response.visits import READ_IN_A_COURSE

__all__ = [
    "agreed",
    "bound_readings",
    "days_between",
    "days_gone",
    "lesion_readings",
    "readings",
    "vague_days",
]

T = TypeVar("T")
Row = TypeVar("Row", Lab, Imaging)


def vague_days(record: Record) -> dict[Source, When]:
    """Results of the disease without an exact day, by their rows, where a day is known at least on
    one side; and of imaging without any day what is negative, since a later lesion may be new
    against it, and lesions that are followed on days, since one may have grown from it.
    """
    followed = {row.lesion for row in record.imaging if row.lesion and row.when.day is not None}
    return {
        row.source: row.when
        for row in _of_course(record)
        if row.when.first != row.when.last or (row.when == When() and _compared(row, followed))
    }


def days_gone(record: Record) -> dict[Source, When]:
    """Results of the disease of which no day is known at all, by their rows."""
    return {row.source: row.when for row in _of_course(record) if row.when == When()}


def readings(record: Record, vague: Collection[Source]) -> tuple[Record, ...]:
    """The record with its `vague` results on days in each order to the others; the earliest first.

    What is only known to precede a day stands on that day, or it would be too old for a baseline.
    What is only known to follow one may be as late as the last day on record.
    """
    days = (last_data_day(record), record.last_seen_day)
    until = max((day for day in days if day is not None), default=None)
    exact = _exact_days(record)
    between = {
        row.source: _possible(row.when, exact, until)
        for row in _of_course(record)
        if row.source in vague
    }
    placed = dict.fromkeys(
        tuple(min(max(near, first), last) for first, last in between.values())
        for near in (-math.inf, *_gaps(exact), math.inf)
    )
    return tuple(_read(record, dict(zip(between, on, strict=True))) for on in placed)


def lesion_readings(record: Record, *, unread: bool) -> tuple[Record, ...]:
    """The record; with `unread`, where the result of an examination could not be read, the record
    with it as positive and as negative; and where a lesion has no name, each of these with it as
    each lesion of another examination that it may be.
    """
    read = [record, *(_with_results(record) if unread else ())]
    named = sorted({row.lesion for row in record.imaging if row.lesion})
    if len(named) > _MANY_LESIONS:
        return tuple(read)
    other = ((base, _with_name(base, name)) for base in read for name in named)
    return (*read, *(found for base, found in other if found is not base))


def bound_readings(record: Record, rows: Collection[Source]) -> tuple[Record, ...]:
    """The record, and with the results of these rows, which are bounds, at their lowest and at
    their highest. A bound without an upper end has its lowest value alone.
    """
    if not rows:
        return (record,)
    lowest = _with_values(record, rows, lambda value: value.low)
    return (record, lowest, _with_values(record, rows, lambda value: value.high))


def _with_values(
    record: Record, rows: Collection[Source], end: Callable[[Interval], float]
) -> Record:
    labs = (
        replace(lab, quantity=Interval.of(value))
        if lab.source in rows
        and lab.quantity is not None
        and math.isfinite(value := end(lab.quantity))
        else lab
        for lab in record.labs
    )
    return replace(record, labs=tuple(labs))


_MANY_LESIONS = 8  # more than anyone follows one by one


def _with_results(record: Record) -> Iterator[Record]:
    if any(row.result is None for row in record.imaging):
        for result in ("positive", "negative"):
            imaging = (
                replace(row, result=result) if row.result is None else row for row in record.imaging
            )
            yield replace(record, imaging=tuple(imaging))


def _with_name(record: Record, name: str) -> Record:
    """Lesions without a name as the one of this name, where site and kind allow."""
    known = [row for row in record.imaging if row.lesion == name and row.result == "positive"]
    imaging = tuple(
        replace(row, lesion=name) if _may_be(row, known) else row for row in record.imaging
    )
    return record if imaging == record.imaging else replace(record, imaging=imaging)


def _may_be(row: Imaging, known: Sequence[Imaging]) -> bool:
    if row.lesion or row.result != "positive":
        return False
    return all(
        (row.site is None or x.site is None or row.site == x.site)
        and (row.kind is None or x.kind is None or row.kind == x.kind)
        and (row.when.day is None or row.when != x.when)
        for x in known
    )


def _of_course(record: Record) -> Iterator[Lab | Imaging]:
    yield from (lab for lab in record.labs if lab.test in READ_IN_A_COURSE)
    yield from (row for row in record.imaging if row.result is not None)


def _compared(row: Lab | Imaging, followed: Collection[str]) -> bool:
    """Is it imaging that others on known days are compared with?"""
    return isinstance(row, Imaging) and (row.result == "negative" or row.lesion in followed)


def _possible(when: When, exact: Sequence[int], until: int | None) -> tuple[int, int]:
    first = when.last if when.first is None else when.first
    if first is None:
        first = min(exact, default=0)
    last = until if when.last is None else when.last
    return first, first if last is None else max(first, last)


def _exact_days(record: Record) -> list[int]:
    """The days of results of the disease."""
    days = (row.when.day for row in _of_course(record))
    return sorted({day for day in days if day is not None})


def _gaps(exact: Sequence[int]) -> list[int]:
    """The first and the last day between any two results."""
    return [day for a, b in pairwise(exact) if b - a > 1 for day in dict.fromkeys((a + 1, b - 1))]


def _read(record: Record, on: Mapping[Source, float]) -> Record:
    labs, imaging = (
        tuple(_on_its_day(row, on) for row in record.labs),
        tuple(_on_its_day(row, on) for row in record.imaging),
    )
    aside = tuple(lab for lab in record.set_aside if lab.source not in on)
    return replace(record, labs=labs, imaging=imaging, set_aside=aside)


def _on_its_day(row: Row, on: Mapping[Source, float]) -> Row:
    if row.source not in on:
        return row
    return replace(row, when=When.on(int(on[row.source]), stated=row.when))


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
