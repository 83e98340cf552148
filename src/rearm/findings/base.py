"""What a finding is, the register of their functions, and logic with unknown."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rearm.interval import Interval
from rearm.record import Source

if TYPE_CHECKING:
    from rearm.findings.chart import PatientChart

__all__ = [
    "FUNCTIONS",
    "Found",
    "Function",
    "Value",
    "all3",
    "any3",
    "finding",
    "measured",
    "not3",
    "unknown",
]

Value = bool | int | float | str | None


@dataclass(frozen=True, slots=True)
class Found:
    """One finding of one patient: its value (None: not known), the rows it rests on, and a sentence
    fragment that says what was seen.

    A number that is known only as a bound or a range has value None, and `low` and `high` say what
    it lies between (None on one side: open there); `low_open`, `high_open`: the limit itself is not
    included. Where nothing is known both are None.
    """

    value: Value
    sources: tuple[Source, ...] = ()
    text: str = ""
    low: float | None = None
    high: float | None = None
    low_open: bool = False
    high_open: bool = False

    @property
    def quantity(self) -> Interval | None:
        """The number as an interval; None where it is not a number or nothing is known."""
        if isinstance(self.value, bool | str):
            return None
        if self.value is not None:
            return Interval.of(float(self.value))
        if self.low is None and self.high is None:
            return None
        low, high = (
            (-math.inf if self.low is None else self.low),
            (math.inf if self.high is None else self.high),
        )
        return Interval(low, high, self.low_open, self.high_open)


Function = Callable[["PatientChart"], Found]
FUNCTIONS: dict[str, Function] = {}


def finding(name: str) -> Callable[[Function], Function]:
    """Registers the function of one entry of the catalogue."""

    def register(function: Function) -> Function:
        if name in FUNCTIONS:
            raise ValueError(f"The finding {name} has two functions.")
        FUNCTIONS[name] = function
        return function

    return register


def unknown(text: str = "", sources: Iterable[Source] = ()) -> Found:
    """A finding that is not known; `text` says why where something was there that could not be
    used.
    """
    return Found(None, tuple(sources), text)


def measured(
    quantity: Interval | None, text: str, sources: Iterable[Source] = (), *, whole: bool = False
) -> Found:
    """A number as a finding: its value where it is exact, else its bounds. `whole` makes it an
    integer.

    Raises ValueError for NaN: it would answer false to every comparison.
    """
    rows = tuple(dict.fromkeys(sources))
    if quantity is None:
        return Found(None, rows, text)
    if math.isnan(quantity.low) or math.isnan(quantity.high):
        raise ValueError(f"A finding is not a number (NaN): {text}.")
    if quantity.exact is not None and math.isfinite(quantity.exact):
        return Found(round(quantity.exact) if whole else quantity.exact, rows, text)
    return Found(
        None,
        rows,
        text,
        None if math.isinf(quantity.low) else quantity.low,
        None if math.isinf(quantity.high) else quantity.high,
        quantity.low_open and not math.isinf(quantity.low),
        quantity.high_open and not math.isinf(quantity.high),
    )


def any3(values: Iterable[bool | None]) -> bool | None:
    """OR with unknown: true where one is, false where all are, else unknown."""
    seen = list(values)
    if any(v is True for v in seen):
        return True
    return False if seen and all(v is False for v in seen) else None


def all3(values: Iterable[bool | None]) -> bool | None:
    """AND with unknown: false where one is, true where all are, else unknown."""
    seen = list(values)
    if any(v is False for v in seen):
        return False
    return True if seen and all(v is True for v in seen) else None


def not3(value: bool | None) -> bool | None:
    """NOT with unknown."""
    return None if value is None else not value
