"""The one way in which a number is compared with a limit of the criteria.

A number that differs from its limit by not more than 1e-9 is at the limit: 1.7 - 1.2 is 0.5, and a
fall of 90.0 % counts as 90 %. What is known as a bound counts by the end that claims least: a fall
from the lowest baseline to the highest value, a rise from the highest nadir to the lowest value.
"""

from __future__ import annotations

from rearm.interval import TOLERANCE, Interval

__all__ = ["at_least", "at_most", "below", "fallen", "over"]


def at_least(value: float, limit: float) -> bool:
    """At the limit or over it."""
    return value >= limit - TOLERANCE


def below(value: float, limit: float, *, beyond: bool = False) -> bool:
    """Under the limit, not at it. `beyond`: the number is less than `value`, its end being open."""
    return value < limit - TOLERANCE or (beyond and value <= limit + TOLERANCE)


def over(value: float, limit: float, *, beyond: bool = False) -> bool:
    """Over the limit, not at it. `beyond`: the number is more than `value`, its end being open."""
    return value > limit + TOLERANCE or (beyond and value >= limit - TOLERANCE)


def at_most(value: float, limit: float) -> bool:
    """At the limit or under it."""
    return value <= limit + TOLERANCE


def fallen(base: Interval, value: Interval, limit: float) -> bool:
    """Did it certainly fall by more than `limit` (not by just so much)?"""
    return over(base.low - value.high, limit, beyond=base.low_open or value.high_open)
