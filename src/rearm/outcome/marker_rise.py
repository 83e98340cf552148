"""How fast the marker of a course rises: the time in which the M-protein, else the involved light
chain, doubles.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from rearm.outcome.failure import Failure
from rearm.record import Lab, Record

__all__ = ["MarkerRise", "marker_rise"]

# Smallest rise that is read as growth and not as the scatter of the measurement (immunoturbidimetry
# and electrophoresis vary by some 5 to 10 %); a convention of this project, no published limit.
_SMALLEST_RISE = {"serum_m_protein": 0.1, "kappa_flc": 10.0, "lambda_flc": 10.0}  # g/dL, mg/L, mg/L
# From these values on, over at least this time, a rise is told as a time of doubling; below them
# the same few tenths would double in no time. Those of the IMWG for a measurable rise.
_DOUBLING_FROM = {"serum_m_protein": 0.5, "kappa_flc": 100.0, "lambda_flc": 100.0}
_DOUBLING_DAYS = 28

_CHAIN = {"kappa": "kappa_flc", "lambda": "lambda_flc"}

_Point = tuple[int, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkerRise:
    """The rise of one marker between two visits.

    `code`: `doubling` (`days` is the time), `low`: too low or too soon to tell one, `set_aside`: a
    value in between could not be used, `flat`: no rise that can be measured.
    """

    code: Literal["doubling", "low", "set_aside", "flat"]
    test: str
    first: _Point | None = None
    last: _Point | None = None
    days: float | None = None
    aside: tuple[Lab, ...] = ()


def marker_rise(record: Record, failure: Failure, until: int | None) -> MarkerRise | None:
    """The rise between the last visit up to `until` (None: of the course) and the last one before
    it that is at least four weeks away. The involved light chain speaks where the M-protein does
    not rise. None where there are not two values of either.

    From the values that the judgement of the course used: light chains that contradict each other
    are left out there.
    """
    flat = None
    for test in ("serum_m_protein", _CHAIN.get(record.light_chain or "")):
        seen = [] if test is None else _values(failure, test, until)
        rise = None if test is None or len(seen) < 2 else _between(record, test, seen)
        if rise is not None and rise.code != "flat":
            return rise
        flat = flat or rise
    return flat


def _values(failure: Failure, test: str, until: int | None) -> list[tuple[int, float | None]]:
    """Day and value of each visit; None where it is not exact."""
    if failure.course is None:
        return []
    values = [
        (visit.day, visit.values[test])
        for visit in failure.course.visits
        if test in visit.values and (until is None or visit.day <= until)
    ]
    return [(day, None if isinstance(x, str) else x.exact) for day, x in values]


def _between(
    record: Record, test: str, seen: Sequence[tuple[int, float | None]]
) -> MarkerRise | None:
    last_day, last = seen[-1]
    earlier = [pair for pair in seen[:-1] if last_day - pair[0] >= _DOUBLING_DAYS]
    first_day, first = earlier[-1] if earlier else seen[-2]
    aside = tuple(_may_lie(record.set_aside, test, first_day + 1, last_day))
    if aside:
        return MarkerRise(code="set_aside", test=test, aside=aside)
    if first is None or last is None:
        return None
    rise = MarkerRise(code="flat", test=test, first=(first_day, first), last=(last_day, last))
    if last - first < _SMALLEST_RISE[test]:
        return rise
    if not earlier or first < _DOUBLING_FROM[test]:
        return replace(rise, code="low")
    # exponential growth between the two
    days = (last_day - first_day) * math.log(2) / math.log(last / first)
    return replace(rise, code="doubling", days=round(days, 1))


def _may_lie(rows: Iterable[Lab], test: str, first: int, last: int) -> Iterable[Lab]:
    """Of this test, and of days that may be these; what has no such days has no place here."""
    for row in rows:
        begin, end = row.when.first, row.when.last
        if row.test != test or begin is None or end is None:
            continue
        if begin <= last and end >= first:
            yield row
