"""Progression by laboratory values, each against the nadir so far.

Each criterion is written once and read twice: of bounds, the smallest rise that they allow tells
whether it is certain, the largest whether it is possible.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Literal, Protocol

import msgspec

from rearm.interval import TOLERANCE, Interval, Undetected
from rearm.response.criteria import Criteria
from rearm.response.limits import at_least, over
from rearm.response.sentences import Because, reason_words

__all__ = [
    "Criterion",
    "MetCriterion",
    "Series",
    "circulating_rises",
    "dflc_rises",
    "marrow_rises",
    "marrow_rose",
    "serum_rises",
    "urine_rises",
]

Criterion = Literal[
    "serum", "urine", "dflc", "marrow", "circulating", "new_lesion", "lesion_growth", "calcium"
]


class MetCriterion(msgspec.Struct, frozen=True, kw_only=True):
    """A criterion of progression that was met on `day`. `repeat`: it counts only when it is met
    again; `provisional`: it is too early after CAR-T to tell. A criterion of which the values are
    unknown is not met.

    >>> import rearm
    >>> record = rearm.read("examples/tables").records[0]
    >>> from rearm.response import response_course
    >>> course = response_course(record, start=0)
    >>> [(met.criterion, met.day) for met in course.progression_met]
    [('serum', 402)]
    """

    criterion: Criterion  # serum, urine, light chains, marrow, lesion ...
    day: int  # of the patient's axis
    repeat: bool
    provisional: bool
    because: Because  # the values, as codes

    @property
    def text(self) -> str:
        """The values that met it, in words."""
        return reason_words(self.because)


class Values(Protocol):
    """The values of a series by place."""

    def __getitem__(self, place: int, /) -> Interval | None: ...


class Series:
    """One marker over the visits of a course, as columns: the lowest and the highest value that
    each result allows (`lows` minus infinity, `highs` infinity where there is none), and the nadir
    before each visit.

    `nadirs`: what the lowest value so far is at most; infinite where there is none. Under A1
    `confirmed` the lowest that two consecutive values reached. A rise by these is certain; one by
    those of `widest` is possible.
    """

    __slots__ = ("_criteria", "_exact", "_values", "floor", "highs", "lows", "nadirs")

    def __init__(
        self,
        lows: list[float],
        highs: list[float],
        floor: Interval | None,
        c: Criteria,
        values: Values,
    ) -> None:
        self.lows, self.highs, self.floor, self._values = lows, highs, floor, values
        self._criteria = c
        self._exact: bool | None = None
        self.nadirs = self._lowest_before(highs, math.inf if floor is None else floor.high)

    @classmethod
    def of(cls, values: Sequence[Interval | None], floor: Interval | None, c: Criteria) -> Series:
        """The series of these values; `floor` is the one that stands before the first."""
        lows = [-math.inf if x is None else x.low for x in values]
        highs = [math.inf if x is None else x.high for x in values]
        return cls(lows, highs, floor, c, values)

    def _lowest_before(self, ends: list[float], lowest: float) -> list[float]:
        """The lowest of these ends before each visit, from `lowest` on; infinite: not known."""
        before: list[float] = []
        for end in ends if self._criteria.A1 != "confirmed" else self._reached_twice(ends, lowest):
            before.append(lowest)
            if end < lowest:
                lowest = end
        return before

    def _reached_twice(self, ends: list[float], floor: float) -> list[float]:
        """The higher of each value and the known one before it."""
        before = None if self.floor is None else floor
        reached: list[float] = []
        for end, low in zip(ends, self.lows, strict=True):
            # the first value is all there is to compare with, confirmed or not
            reached.append(end if before is None else max(end, before))
            before = before if low == -math.inf else end
        return reached

    @property
    def exact(self) -> bool:
        """Is every value exact that is known?"""
        if self._exact is None:
            floor = self.floor is None or self.floor.low == self.floor.high
            self._exact = floor and all(
                low == high or low == -math.inf
                for low, high in zip(self.lows, self.highs, strict=True)
            )
        return self._exact

    def widest(self) -> Series:
        """The series of the largest rises that the bounds allow: each value at its highest, over
        the lowest that its nadir may be.
        """
        known = [self.at(place) for place in range(len(self.lows))]
        tops = [None if x is None else Interval.of(_top(x)) for x in known]
        floor = None if self.floor is None else Interval.of(_top(self.floor))
        widest = Series.of(tops, floor, self._criteria)
        widest.nadirs = self._least()
        return widest

    def nadir(self, place: int) -> Interval:
        """What is known of the nadir before a visit."""
        high = self.nadirs[place]
        if self.exact:
            return Interval.of(high)
        lowest = [x for x in self.known_before(place) if x.high == high]
        for x in lowest:
            if isinstance(x, Undetected):
                return x
        return Interval(self._least()[place], high, high_open=any(x.high_open for x in lowest))

    def _least(self) -> list[float]:
        """What the lowest value before each visit is at least."""
        known = [self.at(place) for place in range(len(self.lows))]
        bottoms = [math.inf if x is None else _bottom(x) for x in known]
        return self._lowest_before(bottoms, math.inf if self.floor is None else _bottom(self.floor))

    def risen_by(self, limit: float) -> list[int]:
        """Visits at which the value lies certainly at least so much over the nadir."""
        enough = limit - TOLERANCE
        # the nadir only falls: no value lies more over its own than the highest over the last
        if not self.lows or max(self.lows) - self.nadirs[-1] < enough:
            return []
        return [
            place
            for place, (low, nadir) in enumerate(zip(self.lows, self.nadirs, strict=True))
            if low - nadir >= enough
        ]

    def rise(self, place: int) -> tuple[Interval, Interval]:
        """Nadir and value at a visit where there are both."""
        value = self.at(place)
        assert value is not None  # it rose
        return self.nadir(place), value

    def rose(self, place: int) -> bool:
        """Does the value certainly lie over the nadir?"""
        rise = self.lows[place] - self.nadirs[place]
        if rise > TOLERANCE:
            return True
        value = self.at(place) if at_least(rise, 0.0) else None
        return value is not None and value.low_open

    def measured_between(self, place: int, later: int) -> bool:
        """Is there a value between two visits?"""
        return later > place + 1 and max(self.lows[place + 1 : later]) > -math.inf

    def at(self, place: int) -> Interval | None:
        """The value at a visit."""
        return self._values[place]

    def known_before(self, place: int) -> Iterator[Interval]:
        """The floor and the values before a visit, where they are known."""
        values = (self.floor, *(self._values[earlier] for earlier in range(place)))
        yield from (x for x in values if x is not None)


def _top(x: Interval) -> float:
    """The highest value; an open end is missed by more than what counts as equal."""
    return x.high - 2 * TOLERANCE if x.high_open else x.high


def _bottom(x: Interval) -> float:
    """The lowest value, likewise."""
    return x.low + 2 * TOLERANCE if x.low_open else x.low


def _rose(series: Series, place: int, c: Criteria, absolute: float, *, strict: bool) -> bool:
    """Did it certainly rise by both the relative and the absolute amount (`strict`: by more than
    the absolute)?
    """
    nadir, low = series.nadirs[place], series.lows[place]
    rise = low - nadir
    if not (rise >= absolute - TOLERANCE and rise >= c.pd_rise * nadir - TOLERANCE):
        return False
    if not strict or over(rise, absolute):
        return True
    value = series.at(place)
    beyond = value is not None and value.low_open
    lowest = (x for x in series.known_before(place) if x.high == nadir)
    return over(rise, absolute, beyond=beyond or any(x.high_open for x in lowest))


def serum_rises(series: Series, c: Criteria, name: str) -> dict[int, Because]:
    """The visits at which the serum M-protein (g/dL) is progressive, with the reason; likewise the
    functions below. `name`: what stands for the serum M-protein.
    """
    strict = c.A19 == "over"
    rises: dict[int, Because] = {}
    for place in series.risen_by(min(c.serum_pd_rise, c.serum_high_pd_rise)):
        nadir, low = series.nadirs[place], series.lows[place]
        if _rose(series, place, c, c.serum_pd_rise, strict=strict):
            rises[place] = ("serum-rise", name, *series.rise(place))
        elif at_least(nadir, c.serum_high_nadir) and at_least(low - nadir, c.serum_high_pd_rise):
            least = min(x.low for x in series.known_before(place))
            if at_least(least, c.serum_high_nadir):
                rises[place] = (
                    "serum-rise-high-nadir",
                    name,
                    *series.rise(place),
                    c.serum_high_nadir,
                )
    return rises


def urine_rises(series: Series, c: Criteria) -> dict[int, Because]:
    return {
        place: ("urine-rise", *series.rise(place))
        for place in series.risen_by(c.urine_pd_rise)
        if _rose(series, place, c, c.urine_pd_rise, strict=False)
    }


def dflc_rises(series: Series, c: Criteria) -> dict[int, Because]:
    return {
        place: ("dflc-rise", *series.rise(place))
        for place in series.risen_by(c.dflc_pd_rise)
        if _rose(series, place, c, c.dflc_pd_rise, strict=True)
    }


def circulating_rises(series: Series, c: Criteria) -> dict[int, Because]:
    """Only where blood is the one measure of disease; A18: the minimum holds for the level and for
    the rise.
    """
    rises: dict[int, Because] = {}
    for place in series.risen_by(c.circulating_pd_minimum if c.A18 == "both" else 0.0):
        nadir, low = series.nadirs[place], series.lows[place]
        # the rise is never more than the level, so a rise of the minimum has reached it too
        counted = low - nadir if c.A18 == "both" else low
        enough = at_least(low - nadir, c.circulating_pd_rise * nadir)
        if enough and at_least(counted, c.circulating_pd_minimum):
            rises[place] = ("circulating-rise", *series.rise(place))
    return rises


def marrow_rises(series: Series, c: Criteria) -> dict[int, Because]:
    """By the marrow taken at each visit."""
    by_rise = c.marrow_pd_counts == "rise"
    return {
        place: ("marrow-rise", *series.rise(place))
        for place in series.risen_by(c.marrow_pd_rise if by_rise else 0.0)
        if marrow_rose(series.lows[place], series.nadirs[place], c)
    }


def marrow_rose(low: float, nadir: float, c: Criteria) -> bool:
    """2016: a rise of ten points; 2006 and 2011: a level of ten percent after a relative rise.
    `low`: the least that the last marrow allows.
    """
    rise = low - nadir
    absolute = rise if c.marrow_pd_counts == "rise" else low
    return at_least(absolute, c.marrow_pd_rise) and at_least(rise, c.pd_rise * nadir)
