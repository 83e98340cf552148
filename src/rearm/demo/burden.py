"""How much myeloma there is, day by day, as a share of that before the CAR-T: each treatment lets
it fall towards a floor, from which it doubles again.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass

__all__ = ["Burden", "Phase"]

_MOST_DOUBLINGS = 6.0
_NEAR, _LATEST = 4, 240  # days
_MOST = 1.8  # times the burden before: above it nobody lives long


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """From `start` on, at `level`, the burden falls by half each `half_life` towards `floor`.
    `rises`: the day on which it is `step` above that again, doubling each `doubling` days; None:
    it does not come back.
    """

    start: int
    level: float
    floor: float
    half_life: float
    rises: int | None = None
    step: float = 0.0
    doubling: float = 1.0

    def at(self, day: int) -> float:
        left = self.level - self._risen(self.start) - self.floor
        halvings = (day - self.start) / self.half_life
        fallen = self.floor + left * math.pow(0.5, halvings)
        return min(max(fallen + self._risen(day), 0.0), _MOST)

    def nadir(self) -> float:
        """The lowest burden until it rises; what falls and what doubles have one lowest sum."""
        low, high = self.start, self.start if self.rises is None else self.rises
        while high - low > _NEAR:
            third = (high - low) // 3
            if self.at(low + third) <= self.at(high - third):
                high -= third
            else:
                low += third
        return min(self.at(low), self.at(high))

    def reaches(self, level: float) -> int | None:
        """The first day from `rises` on with this burden; None where it does not come back, or not
        within months.
        """
        if self.rises is None:
            return None
        days = range(self.rises, self.rises + _LATEST, _NEAR)
        return next((day for day in days if self.at(day) >= level), None)

    def _risen(self, day: int) -> float:
        if self.rises is None:
            return 0.0
        doublings = min((day - self.rises) / self.doubling, _MOST_DOUBLINGS)
        return self.step * math.pow(2.0, doublings)


class Burden:
    """The phases one after the other."""

    __slots__ = ("_phases", "_starts")

    def __init__(self, first: Phase) -> None:
        self._phases = [first]
        self._starts = [first.start]

    def add(self, phase: Phase) -> None:
        """The next phase; it starts later than the one before."""
        self._phases.append(phase)
        self._starts.append(phase.start)

    def at(self, day: int) -> float:
        """The burden on a day; before the first phase it is as at its start."""
        place = bisect_right(self._starts, day) - 1
        return self._phases[max(place, 0)].at(max(day, self._starts[0]))
