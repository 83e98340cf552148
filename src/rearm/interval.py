"""A number known within bounds: the one form, from the cell of the input to the JSON.

`<0.5` is [0, 0.5), `<=0.5` is [0, 0.5], 0.5 is [0.5, 0.5]. An end that is not known is infinite.
Comparisons with a limit are three-valued, because the limit may lie inside the interval.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TypedDict

import msgspec

__all__ = ["TOLERANCE", "Interval", "IntervalDict", "Undetected"]

# A value that differs from a limit by no more is at the limit: 1.7 - 1.2 is 0.5.
TOLERANCE = 1e-9


class IntervalDict(TypedDict):
    """An interval as JSON has it: null where there is no end."""

    low: float | None  # in the unit of its holder; null: no end
    high: float | None  # as `low`
    low_open: bool  # the end itself is not possible
    high_open: bool  # the end itself is not possible


class Interval(msgspec.Struct, frozen=True, gc=False):  # one a result: made by the million
    """The numbers from `low` to `high`, in whatever unit its holder names.

    `low_open`, `high_open`: the end itself is not possible. An exact number is an interval whose
    ends are the same. An infinite end is never reached, open or not: it is not known. A comparison
    is None where the limit lies inside.

    >>> from rearm.interval import Interval
    >>> below = Interval(0.0, 0.5, high_open=True)
    >>> str(below), below.at_least(0.5), below.at_least(0.2)
    ('<0.5', False, None)
    """

    low: float
    high: float
    low_open: bool = False
    high_open: bool = False

    @classmethod
    def of(cls, value: float) -> Interval:
        """The exact number."""
        return cls(value, value)

    @classmethod
    def hull(cls, intervals: Iterable[Interval]) -> Interval:
        """The smallest interval that holds them all. Raises ValueError where there are none."""
        known = tuple(intervals)
        low = min(known, key=lambda x: (x.low, x.low_open))
        high = max(known, key=lambda x: (x.high, not x.high_open))
        return cls(low.low, high.high, low.low_open, high.high_open)

    @property
    def exact(self) -> float | None:
        """The number where it is known exactly, else None."""
        return self.low if self.low == self.high else None

    def contains(self, value: float) -> bool:
        """Whether the number may be this value."""
        above = self.low < value or (self.low == value and not self.low_open)
        return above and (value < self.high or (value == self.high and not self.high_open))

    def at_least(self, limit: float, *, tolerance: float = TOLERANCE) -> bool | None:
        """Whether the number is at the limit or over it; None where the bounds do not tell."""
        if self.low >= limit - tolerance and not (self.low_open and self.low < limit - tolerance):
            return True
        if self.high < limit - tolerance or (self.high_open and self.high <= limit + tolerance):
            return False
        return None

    def above(self, limit: float, *, tolerance: float = TOLERANCE) -> bool | None:
        """Whether the number is over the limit; None where the bounds do not tell."""
        if self.low > limit + tolerance or (self.low_open and self.low >= limit - tolerance):
            return True
        if self.high <= limit + tolerance:
            return False
        return None

    def below(self, limit: float) -> bool | None:
        """Whether the number is under the limit; None where the bounds do not tell."""
        answer = self.at_least(limit)
        return None if answer is None else not answer

    def at_most(self, limit: float) -> bool | None:
        """Whether the number is at the limit or under it; None where the bounds do not tell."""
        answer = self.above(limit)
        return None if answer is None else not answer

    def scaled(self, factor: float) -> Interval:
        """In another unit; `factor` is positive."""
        return Interval(self.low * factor, self.high * factor, self.low_open, self.high_open)

    def to_dict(self) -> IntervalDict:
        """Both ends, null where there is none, and whether an end itself is possible."""
        low = None if math.isinf(self.low) else self.low
        high = None if math.isinf(self.high) else self.high
        return {
            "low": low,
            "high": high,
            "low_open": self.low_open and low is not None,
            "high_open": self.high_open and high is not None,
        }

    @classmethod
    def from_dict(cls, plain: IntervalDict) -> Interval:
        """The interval that `to_dict` wrote."""
        low, high = plain["low"], plain["high"]
        return cls(
            -math.inf if low is None else low,
            math.inf if high is None else high,
            plain["low_open"],
            plain["high_open"],
        )

    def __str__(self) -> str:
        if self.exact is not None:
            return f"{self.exact:g}"
        if math.isinf(self.high):
            return f"{'>' if self.low_open else '>='}{self.low:g}"
        if self.low > 0:
            return f"{self.low:g} to {self.high:g}"
        return f"{'<' if self.high_open else '<='}{self.high:g}"


class Undetected(Interval, frozen=True, gc=False):
    """What a laboratory calls not detected, without its limit: the upper end is a convention that
    arithmetic needs, no figure to show. How much there is below it is unknown.

    >>> from rearm.interval import Undetected
    >>> str(Undetected(0.0, 0.01))
    'undetectable'
    """

    def __str__(self) -> str:
        return "undetectable"
