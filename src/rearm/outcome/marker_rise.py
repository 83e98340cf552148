"""How fast the marker of a course rises: the time in which the M-protein, else the involved light
chain, doubles.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from rearm.interval import Interval
from rearm.outcome.failure import Failure
from rearm.record import Lab, Record

__all__ = ["COUNTED_FROM", "RAPID_DAYS", "SLOW_DAYS", "MarkerRise", "marker_rise"]

# Times of doubling. Conventions of this project; the IMWG names none.
RAPID_DAYS = 60
SLOW_DAYS = 180

# Smallest rise that is read as growth and not as the scatter of the measurement (immunoturbidimetry
# and electrophoresis vary by some 5 to 10 %); a convention of this project, no published limit.
_SMALLEST_RISE = {"serum_m_protein": 0.1, "kappa_flc": 10.0, "lambda_flc": 10.0}  # g/dL, mg/L, mg/L
# From these values on, over at least this time, a rise is told as a time of doubling; below them
# the same few tenths would double in no time. Those of the IMWG for a measurable rise.
COUNTED_FROM = {"serum_m_protein": 0.5, "kappa_flc": 100.0, "lambda_flc": 100.0}
_DOUBLING_DAYS = 28

_CHAIN = {"kappa": "kappa_flc", "lambda": "lambda_flc"}

_Point = tuple[int, Interval]
_Code = Literal["doubling", "set_aside", "low", "soon", "flat"]
# what doubles tells most, then what could not be used, then what rises
_TELLS: tuple[_Code, ...] = get_args(_Code)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkerRise:
    """The rise of one marker between two visits.

    `code`: `doubling` (`days` is the time), `low`: too low to tell one, `soon`: over too short a
    time, `set_aside`: a value in between could not be used, `flat`: no rise that can be measured.
    `days` has two ends where the first value lies below what is counted (0.5 g/dL, 100 mg/L): the
    shorter time counts from that value, the longer one from the limit.
    """

    code: _Code
    test: str
    first: _Point | None = None
    last: _Point | None = None
    days: Interval | None = None
    aside: tuple[Lab, ...] = ()


def marker_rise(record: Record, failure: Failure, until: int | None) -> MarkerRise | None:
    """The rise between the last visit up to `until` (None: of the course) and the last one before
    it that is at least four weeks away. The involved light chain speaks where the M-protein tells
    no doubling. None where there are not two values of either.

    From the values that the judgement of the course used: light chains that contradict each other
    are left out there.
    """
    tests = ("serum_m_protein", _CHAIN.get(record.light_chain or ""))
    rises = [
        rise
        for test in tests
        if test is not None and (rise := _rise(record, failure, test, until)) is not None
    ]
    return min(rises, key=lambda x: _TELLS.index(x.code), default=None)


def _rise(record: Record, failure: Failure, test: str, until: int | None) -> MarkerRise | None:
    seen = _values(failure, test, until)
    return _between(record, test, seen) if len(seen) > 1 else None


def _values(failure: Failure, test: str, until: int | None) -> list[tuple[int, Interval | None]]:
    """Day and value of each visit; None for a word."""
    if failure.course is None:
        return []
    values = [
        (visit.day, visit.values[test])
        for visit in failure.course.visits
        if test in visit.values and (until is None or visit.day <= until)
    ]
    return [(day, None if isinstance(x, str) else x) for day, x in values]


def _between(
    record: Record, test: str, seen: Sequence[tuple[int, Interval | None]]
) -> MarkerRise | None:
    last_day, last = seen[-1]
    earlier = [pair for pair in seen[:-1] if last_day - pair[0] >= _DOUBLING_DAYS]
    first_day, first = earlier[-1] if earlier else seen[-2]
    aside = tuple(_may_lie(record.set_aside, test, first_day + 1, last_day))
    if aside:
        return MarkerRise(code="set_aside", test=test, aside=aside)
    if first is None or last is None:
        return None
    grows = _grows(test, first, last)
    if grows is None:
        return None
    days = _doubling(test, first, last, last_day - first_day) if grows and earlier else None
    code = _code(grows=grows, apart=bool(earlier), doubles=days is not None)
    return MarkerRise(
        code=code, test=test, first=(first_day, first), last=(last_day, last), days=days
    )


def _grows(test: str, first: Interval, last: Interval) -> bool | None:
    """Whether the rise is more than scatter; None where the bounds of the two leave it open."""
    smallest = _SMALLEST_RISE[test]
    if last.low - first.high >= smallest:
        return True
    return False if last.high - first.low < smallest else None


def _code(*, grows: bool, apart: bool, doubles: bool) -> _Code:
    if not grows:
        return "flat"
    if not apart:
        return "soon"
    return "doubling" if doubles else "low"


def _doubling(test: str, first: Interval, last: Interval, days: int) -> Interval | None:
    """The time of doubling of a growth that is exponential between the two. None where it may be
    anything from rapid to slow.
    """
    counted = max(first.high, COUNTED_FROM[test])
    if last.low <= counted:
        return None
    fast = _time(first.low, last.high, days)
    slow = _time(counted, last.low, days)
    return None if fast <= RAPID_DAYS and slow > SLOW_DAYS else Interval(fast, slow)


def _time(first: float, last: float, days: int) -> float:
    """In days; 0 from nothing, or to what has no upper end."""
    if first <= 0 or math.isinf(last):
        return 0.0
    return round(days * math.log(2) / math.log(last / first), 1)


def _may_lie(rows: Iterable[Lab], test: str, first: int, last: int) -> Iterable[Lab]:
    """Of this test, and of days that may be these; what has no such days has no place here."""
    for row in rows:
        begin, end = row.when.first, row.when.last
        if row.test != test or begin is None or end is None:
            continue
        if begin <= last and end >= first:
            yield row
