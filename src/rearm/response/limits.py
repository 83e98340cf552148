"""The one way in which a value is compared with a limit of the criteria.

A value that differs from its limit by not more than 1e-9 is at the limit: 1.7 - 1.2 is 0.5, and a
fall of 90.0 % counts as 90 %.
"""

from __future__ import annotations

__all__ = ["TOLERANCE", "at_least", "at_most", "below", "over"]

TOLERANCE = 1e-9


def at_least(value: float, limit: float) -> bool:
    """At the limit or over it."""
    return value >= limit - TOLERANCE


def below(value: float, limit: float) -> bool:
    """Under the limit, not at it."""
    return value < limit - TOLERANCE


def over(value: float, limit: float) -> bool:
    """Over the limit, not at it."""
    return value > limit + TOLERANCE


def at_most(value: float, limit: float) -> bool:
    """At the limit or under it."""
    return value <= limit + TOLERANCE
