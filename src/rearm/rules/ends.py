"""Adding and comparing two numbers of which each is exact or known only within bounds.

The same rules serve one row, where a number is an `Interval`, and a frame, where its ends are
Polars expressions (`ColumnEnds`): both have `low`, `high`, `low_open` and `high_open`, and know
the operators that are used here.
"""

from __future__ import annotations

import operator as op
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from rearm.interval import Interval

if TYPE_CHECKING:
    import polars as pl

__all__ = ["ColumnEnds", "added", "certain_and_excluded", "negative"]


@dataclass(frozen=True, slots=True)
class ColumnEnds:
    """The ends of a number on every row of a frame. `low` and `high` are one object where the
    number is exact on all of them; an end that is never open has False in place of an expression.
    """

    low: pl.Expr
    high: pl.Expr
    low_open: pl.Expr | bool = False
    high_open: pl.Expr | bool = False

    @property
    def exact(self) -> bool:
        return self.low is self.high


Ends = TypeVar("Ends", Interval, ColumnEnds)

_COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    "=": op.eq,
    "<": op.lt,
    "<=": op.le,
    ">": op.gt,
    ">=": op.ge,
}


def negative(number: Ends) -> Ends:
    """The number times -1: its ends change places."""
    low: Any = -number.high
    high = low if number.low is number.high else -number.low
    return type(number)(low, high, number.high_open, number.low_open)


def added(one: Ends, other: Ends) -> Ends:
    """The sum. An end of it is open where either of the ends that make it is."""
    low: Any = one.low + other.low
    exact = one.low is one.high and other.low is other.high
    high = low if exact else one.high + other.high
    return type(one)(
        low, high, _either(one.low_open, other.low_open), _either(one.high_open, other.high_open)
    )


def certain_and_excluded(operator: str, left: Ends, right: Ends) -> tuple[Any, Any]:
    """When the comparison certainly holds, and when it certainly does not; between the two it is
    unknown. The second is None where the first says it all, because both numbers are exact.
    """
    if left.low is left.high and right.low is right.high:
        return _COMPARE[operator](left.low, right.low), None
    match operator:
        case "<":
            return _under(left, right), _at_most(right, left)
        case "<=":
            return _at_most(left, right), _under(right, left)
        case ">":
            return _under(right, left), _at_most(left, right)
        case ">=":
            return _at_most(right, left), _under(left, right)
    equal = (left.low == left.high) & (right.low == right.high) & (left.low == right.low)
    return equal, _under(left, right) | _under(right, left)


def _under(left: Ends, right: Ends) -> Any:
    """The left number is certainly less: it ends below where the right begins, or they meet at an
    end that one of the two leaves out.
    """
    apart: Any = left.high < right.low
    left_out = _either(left.high_open, right.low_open)
    return apart if left_out is False else apart | ((left.high == right.low) & left_out)


def _at_most(left: Ends, right: Ends) -> Any:
    """The left number is certainly less or equal."""
    return left.high <= right.low


def _either(one: Any, other: Any) -> Any:
    """OR of two flags; False, and no expression, only where both are plainly False."""
    if one is False:
        return other
    return one if other is False else one | other
