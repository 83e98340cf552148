"""Progression by laboratory values, each against the nadir so far.

A result that is a bound counts only where every value it allows meets the criterion.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from rearm.interval import Interval
from rearm.response.criteria import Criteria
from rearm.response.limits import at_least, risen
from rearm.response.sentences import Because, reason_words

__all__ = [
    "Criterion",
    "MetCriterion",
    "Nadir",
    "circulating_rise",
    "dflc_rise",
    "marrow_rise",
    "nadirs_before",
    "serum_rise",
    "urine_rise",
]


Criterion = Literal[
    "serum", "urine", "dflc", "marrow", "circulating", "new_lesion", "lesion_growth", "calcium"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class MetCriterion:
    """A criterion of progression that was met on `day`. `repeat`: it counts only when it is met
    again; `provisional`: it is too early after CAR-T to tell.
    """

    criterion: Criterion
    day: int
    repeat: bool
    provisional: bool
    because: Because

    @property
    def text(self) -> str:
        """The values that met it, in words."""
        return reason_words(self.because)


@dataclass(frozen=True, slots=True)
class Nadir:
    """Lowest value so far. `value` is what it is at most (`open`: it is less), `least` what it is
    at least; they differ where a result is a bound.
    """

    value: float
    least: float
    open: bool = False


def nadirs_before(
    values: Iterable[Interval | None], floor: Interval | None, c: Criteria
) -> list[Nadir | None]:
    """The nadir before each of the values; `floor` is the value that stands before the first.

    Under A1 `confirmed` the lowest that two consecutive values reached.
    """
    confirmed_only = c.A1 == "confirmed"
    # the first value is all there is to compare with, confirmed or not
    now = None if floor is None else Nadir(floor.high, floor.low, floor.high_open)
    previous = floor
    before: list[Nadir | None] = []
    for value in values:
        before.append(now)
        if value is None:
            continue
        counted = value
        if confirmed_only and previous is not None and _higher(previous, value):
            counted = previous
        previous = value
        if now is None:
            now = Nadir(value.high, value.low, value.high_open)
        elif counted.high <= now.value or value.low < now.least:
            lower = counted.high < now.value or (counted.high == now.value and counted.high_open)
            now = Nadir(
                counted.high if lower else now.value,
                min(now.least, value.low),
                counted.high_open if lower else now.open,
            )
    return before


def _higher(one: Interval, other: Interval) -> bool:
    return (one.high, not one.high_open) > (other.high, not other.high_open)


def _rose(value: Interval, nadir: Nadir, c: Criteria, absolute: float, *, strict: bool) -> bool:
    """Did it certainly rise by both the relative and the absolute amount (`strict`: by more than
    the absolute)?
    """
    rise = value.low - nadir.value
    if not at_least(rise, absolute) or not at_least(rise, c.pd_rise * nadir.value):
        return False
    return not strict or risen(nadir.value, value, absolute, nadir_open=nadir.open)


def serum_rise(value: Interval, nadir: Nadir, c: Criteria, name: str) -> Because | None:
    """The reason where the serum M-protein (g/dL) is progressive, else None; likewise the functions
    below. `name`: what stands for the serum M-protein.
    """
    if _rose(value, nadir, c, c.serum_pd_rise, strict=c.A19 == "over"):
        return "serum-rise", name, nadir.value, value.low
    rise = value.low - nadir.value
    if at_least(nadir.least, c.serum_high_nadir) and at_least(rise, c.serum_high_pd_rise):
        return "serum-rise-high-nadir", name, nadir.value, value.low, c.serum_high_nadir
    return None


def urine_rise(value: Interval, nadir: Nadir, c: Criteria) -> Because | None:
    if _rose(value, nadir, c, c.urine_pd_rise, strict=False):
        return "urine-rise", nadir.value, value.low
    return None


def dflc_rise(value: Interval, nadir: Nadir, c: Criteria) -> Because | None:
    if _rose(value, nadir, c, c.dflc_pd_rise, strict=True):
        return "dflc-rise", nadir.value, value.low
    return None


def marrow_rise(value: Interval, nadir: Nadir, c: Criteria) -> Because | None:
    """2016: a rise of ten points; 2006 and 2011: a level of ten percent after a relative rise."""
    rise = value.low - nadir.value
    absolute = rise if c.marrow_pd_counts == "rise" else value.low
    if at_least(absolute, c.marrow_pd_rise) and at_least(rise, c.pd_rise * nadir.value):
        return "marrow-rise", nadir.value, value.low
    return None


def circulating_rise(value: Interval, nadir: Nadir, c: Criteria) -> Because | None:
    """Only where blood is the one measure of disease; A18: the minimum holds for the level and for
    the rise.
    """
    rise = value.low - nadir.value
    # the rise is never more than the level, so a rise of the minimum has reached it too
    counted = rise if c.A18 == "both" else value.low
    enough = at_least(rise, c.circulating_pd_rise * nadir.value)
    if enough and at_least(counted, c.circulating_pd_minimum):
        return "circulating-rise", nadir.value, value.low
    return None
