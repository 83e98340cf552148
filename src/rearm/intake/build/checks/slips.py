"""A value whose unit or decimal point slipped, it seems, by how it is stated beside those before
and after it: used as stated, and told.

Judged on the rows, as only they hold the unit and the number that were written, and for every test.
The markers of the disease are judged once more on the record, by what biology allows
(`outliers.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rearm.intake.build.labs import LabRow
from rearm.intake.build.log import IssueLog
from rearm.intake.build.terms import Terms
from rearm.intake.values import Refused, number
from rearm.units import normal_unit

__all__ = ["flag_slips"]

_NEAR = 0.1  # a step by a factor between two units, give or take a tenth
# A protein with a half-life of weeks can't change tenfold within this time but by a slip of the
# unit.
_SLOW = frozenset(
    {"serum_m_protein", "igg", "iga", "igm", "igd", "hemoglobin", "albumin", "total_protein"}
)
_SLOW_DAYS = 14
# One value this many times both its neighbours looks like a lost decimal point (9 for 0.9), where
# it is at least as large as given here (canonical unit): below that no judgement hangs on it. The
# serum's markers of the disease are looked at more closely (`outliers.py`).
_SPIKE = 5.0
_SPIKE_FROM = {
    "urine_m_protein_24h": 200.0,
    "igg": 500.0, "iga": 500.0, "igm": 500.0, "igd": 500.0, "calcium": 5.0,
    "calcium_corrected": 5.0, "hemoglobin": 5.0, "albumin": 1.0, "total_protein": 3.0,
}  # fmt: skip
_ALIKE = 2.5  # numbers within this factor go on like each other


def flag_slips(items: Sequence[LabRow], log: IssueLog, terms: Terms) -> None:
    """A warning for each result that looks like a slip beside the others of its test."""
    for series in _exact_series(items):
        _SlipSearch(series, log, terms).flag_slips()


class _SeriesPoint(NamedTuple):
    """An exact result on a known day; `size` is its distance from 0."""

    day: int
    size: float
    item: LabRow


def _exact_series(items: Sequence[LabRow]) -> list[list[_SeriesPoint]]:
    """The exact results of each test and specimen with a known day, oldest first; without those of
    0, which are no multiple of any.
    """
    series: dict[tuple[str, str | None], list[_SeriesPoint]] = {}
    for item in items:
        lab = item.lab
        if lab.quantity is None or (day := lab.day) is None:
            continue
        if exact := lab.quantity.exact:
            point = _SeriesPoint(day, abs(exact), item)
            series.setdefault((lab.test, lab.specimen), []).append(point)
    for points in series.values():
        points.sort(key=lambda point: point.day)
    return list(series.values())


class _SlipSearch:
    """Values that look like a slip of a unit or of a decimal point: used, and said."""

    def __init__(self, points: Sequence[_SeriesPoint], log: IssueLog, terms: Terms) -> None:
        self.points, self.log, self.terms = points, log, terms
        self.test = points[0].item.lab.test

    def flag_slips(self) -> None:
        for place in range(1, len(self.points)):
            if _ratio(self.points[place - 1], self.points[place]) < _SPIKE:
                continue  # no slip is as small as that
            if self._other_size(place) or self._other_unit(place):
                self._flag_unit(place)
            elif self._lone_peak(place):
                self._flag_peak(place)

    def _flag_unit(self, place: int) -> None:
        before, point = self.points[place - 1], self.points[place]
        old, new = before.item.lab, point.item.lab
        self.log.warning(
            point.item.row,
            "value",
            "possible_unit_error",
            f"{self.terms.test_name(new)} goes from {old.as_given} (day {old.day}) to "
            f"{new.as_given} (day {new.day}), a step by about {_ratio(before, point):.0f}: "
            "possible unit error. Both are used as entered; check the units.",
            "used",
        )

    def _flag_peak(self, place: int) -> None:
        before, point, after = self.points[place - 1 : place + 2]
        lab = point.item.lab
        self.log.warning(
            point.item.row,
            "value",
            "possible_slip",
            f"{self.terms.test_name(lab)} of {lab.as_given} (day {lab.day}) is over {_SPIKE:g} "
            f"times the values before and after it ({before.item.lab.as_given}, "
            f"{after.item.lab.as_given}): possible typing error, such as a lost decimal point. "
            "It is used as entered; check it.",
            "used",
        )

    def _other_size(self, place: int) -> bool:
        """A step as between two units of the test that returns at once, that comes with another
        unit, or that biology does not allow.
        """
        before, point = self.points[place - 1], self.points[place]
        if not self._is_step(before, point):
            return False
        if _unit(before) != _unit(point):
            return True
        if self.test in _SLOW and point.day - before.day <= _SLOW_DAYS:
            return True
        if place + 1 == len(self.points) or not self._is_step(point, self.points[place + 1]):
            return False
        up, back = point.size > before.size, self.points[place + 1].size < point.size
        return up == back

    def _is_step(self, a: _SeriesPoint, b: _SeriesPoint) -> bool:
        """Whether the values lie about as far apart as two units of their test."""
        ratio = _ratio(a, b)
        return any(abs(ratio - step) <= _NEAR * step for step in self.terms.unit_steps(self.test))

    def _other_unit(self, place: int) -> bool:
        """The number goes on as before, but its unit is another: 1.6 g/dL, 1.7 g/L."""
        before, point = self.points[place - 1], self.points[place]
        if not self.terms.unit_steps(self.test) or _unit(before) == _unit(point):
            return False
        first, second = _as_stated(before), _as_stated(point)
        if first is None or second is None:
            return False
        return max(first, second) / min(first, second) <= _ALIKE

    def _lone_peak(self, place: int) -> bool:
        if self.test not in _SPIKE_FROM or place + 1 == len(self.points):
            return False
        before, point, after = self.points[place - 1 : place + 2]
        highest = max(before.size, after.size)
        return point.size > _SPIKE * highest and point.size - highest >= _SPIKE_FROM[self.test]


def _ratio(a: _SeriesPoint, b: _SeriesPoint) -> float:
    return a.size / b.size if a.size > b.size else b.size / a.size


def _unit(point: _SeriesPoint) -> str:
    return normal_unit(point.item.unit)


def _as_stated(point: _SeriesPoint) -> float | None:
    """The number as it stands in the cell; None where it is none by itself (a unit beside it)."""
    row = point.item.row
    try:
        return abs(number(row.given("value"), decimal=row.decimal)) or None
    except Refused:
        return None
