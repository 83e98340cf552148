"""A value that its neighbours, the other markers or the blood count contradict: used as stated, and
told, because a lost decimal point decides a case without a word.

Judged on the record, wherever a value stands in its series: between two others, first, or last.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass

from rearm.intake.build.checks.treated import may_be_treated
from rearm.intake.issues import issue_at
from rearm.intake.rows import CellProblem
from rearm.record import Issue, Lab, Record

__all__ = ["flag_outliers"]

# A value this many times above or below the line between its neighbours, or its one neighbour,
# is told. Light chains swing more (a sevenfold step is natural in them).
_FACTOR = 5.0
_FACTOR_LIGHT_CHAINS = 7.0
# Below these sizes (canonical unit) nothing is told: no judgement hangs on them, and a
# concentration near the limit of its method is several times its neighbour by chance. What lies
# between two values is compared with no less than the second number.
_SIZE = {
    "serum_m_protein": (0.4, 0.05),
    "kappa_flc": (100.0, 5.0),
    "lambda_flc": (100.0, 5.0),
    "creatinine": (2.5, 0.5),
    "platelets": (400.0, 10.0),
}
_LIGHT_CHAINS = frozenset({"kappa_flc", "lambda_flc"})
_OF_CHAINS = _LIGHT_CHAINS | {"flc_ratio"}
# An M-protein neither grows faster than this nor, were its making stopped at once, falls faster:
# IgA and IgM are cleared with a half-life of five to six days, IgG with eleven to twenty-one.
_DOUBLING_DAYS = 15.0
_HALF_LIFE_DAYS = 6.0
_FALL_WITHOUT_THERAPY = 4.0
_STEP_BETWEEN = 2.5  # of a value that already lies far from the line between its neighbours
_SLOWER = 3.0  # a relapse that rose so much more steeply before did not begin then
_ALIKE = 2.0  # markers that differ by less than this between two days did not move
# Counts that do not go together: such platelets beside such other counts.
_PLATELETS_LOW, _NEUTROPHILS_FAIR, _HEMOGLOBIN_FAIR = 20.0, 1.0, 9.0
_PLATELETS_HIGH, _NEUTROPHILS_LOW, _HEMOGLOBIN_LOW = 450.0, 1.5, 10.0
# Creatinine that only a failing kidney explains, where nothing else of the record tells of one.
_OF_A_FAILING_KIDNEY = ("renal_impairment", "dialysis")
_CREATININE_OF_FAILURE, _EGFR_OF_FAILURE = 5.0, 30.0


@dataclass(frozen=True, slots=True)
class _Point:
    """An exact result on a known day."""

    day: int
    value: float
    lab: Lab


def flag_outliers(record: Record, names: dict[str, str]) -> Iterator[Issue]:
    """An issue for each value that looks like a slip; `names`: how a test is called. A row of which
    the record already doubts the value is not told again.
    """
    doubted = set(record.doubted())
    series = _series(record, doubted)
    for place, why in (*_of_series(record, series), *_of_counts(record, series)):
        if place.lab.source.row in doubted:
            continue
        doubted.add(place.lab.source.row)
        sentence = (
            f"{names.get(place.lab.test, place.lab.test)} of {place.lab.as_given} (day "
            f"{place.day}) {why}: possible typing error, such as a lost decimal point. It is "
            "used as entered; check it."
        )
        problem = CellProblem("warning", "possible_slip", sentence, "used")
        yield issue_at(place.lab.source, problem, record.patient_id)


def _series(record: Record, doubted: Set[tuple[str, str]]) -> dict[str, list[_Point]]:
    """The exact results of each test, oldest first, without those that are doubted already. A zero
    stays: it is a neighbour.
    """
    series: dict[str, list[_Point]] = defaultdict(list)
    # chains and ratio of one sample are doubted together
    chains = {x.day for x in record.labs if x.test in _OF_CHAINS and x.source.row in doubted}
    for lab in record.labs:
        if lab.test in _LIGHT_CHAINS and lab.day in chains:
            continue
        value = lab.quantity.exact if lab.quantity is not None else None
        if value is not None and value >= 0 and lab.day is not None and lab.specimen != "urine":
            if lab.source.row in doubted:
                continue
            series[lab.test].append(_Point(lab.day, value, lab))
    for points in series.values():
        points.sort(key=lambda point: point.day)
    return series


# ---------------------------------------------------------------- within a series


def _of_series(record: Record, series: dict[str, list[_Point]]) -> Iterator[tuple[_Point, str]]:
    """The value farthest from its neighbours first; once doubted, it is no neighbour any more."""
    for test in _SIZE:
        kept = list(series.get(test, []))
        while found := max(_between_each(record, series, kept), key=_distance, default=None):
            yield found.point, found.why
            yield from _end_beside(record, series, kept, found.point)
            kept.remove(found.point)
        if len(kept) > 1:
            for point, neighbour in ((kept[0], kept[1]), (kept[-1], kept[-2])):
                yield from _doubted_end(record, series, neighbour, point)


def _doubted_end(
    record: Record, series: dict[str, list[_Point]], neighbour: _Point, point: _Point
) -> Iterator[tuple[_Point, str]]:
    why = _at_the_end(record, series, neighbour, point) if point.value else None
    if why is not None:
        yield point, why


def _end_beside(
    record: Record, series: dict[str, list[_Point]], kept: Sequence[_Point], doubted: _Point
) -> Iterator[tuple[_Point, str]]:
    """The first or last value beside a doubted one that goes well with the value on its other side:
    either of the two may be wrong.
    """
    at = kept.index(doubted)
    for end, other in ((at - 1, at + 1), (at + 1, at - 1)):
        if end not in (0, len(kept) - 1):
            continue
        if _at_the_end(record, series, kept[other], doubted) is None:
            yield from _doubted_end(record, series, doubted, kept[end])


@dataclass(frozen=True, slots=True)
class _Outlier:
    point: _Point
    distance: float  # of the logarithms, from the line between the neighbours
    why: str


def _distance(outlier: _Outlier) -> float:
    return outlier.distance


def _between_each(
    record: Record, series: dict[str, list[_Point]], points: Sequence[_Point]
) -> Iterator[_Outlier]:
    for at in range(1, len(points) - 1):
        if points[at].value:
            outlier = _between(record, series, points[at - 1 : at + 3])
            if outlier is not None:
                yield outlier


def _at_the_end(
    record: Record, series: dict[str, list[_Point]], neighbour: _Point, point: _Point
) -> str | None:
    """A first or last value far from the one beside it."""
    if point.lab.test != "serum_m_protein":
        return _alone_in_moving(series, neighbour, point)
    first, second = sorted((neighbour, point), key=lambda p: p.day)
    why = _unnatural(record, series, first, second, least=_FACTOR)
    return None if why is None else f"{why} ({neighbour.lab.as_given} on day {neighbour.day})"


def _between(
    record: Record,
    series: dict[str, list[_Point]],
    near: Sequence[_Point],
) -> _Outlier | None:
    """The second of `near` is far from the line between its neighbours in the course of time, by a
    step that neither the disease nor its treatment explains: a deep nadir and a treated peak are
    natural.
    """
    before, point, after = near[:3]
    test = point.lab.test
    size, floor = _SIZE[test]
    share = (point.day - before.day) / max(1, after.day - before.day)
    first, second = max(before.value, floor), max(after.value, floor)
    expected = math.exp((1 - share) * math.log(first) + share * math.log(second))
    factor = _FACTOR_LIGHT_CHAINS if test in _LIGHT_CHAINS else _FACTOR
    up = point.value >= factor * expected and point.value > 2 * max(first, second)
    down = expected >= factor * point.value and 2 * point.value < min(first, second)
    if not (up and point.value >= size) and not (down and expected >= size / 4):
        return None
    if test == "serum_m_protein":
        steps = ((before, point), (point, after))
        natural = not any(_unnatural(record, series, a, b, least=_STEP_BETWEEN) for a, b in steps)
        if natural and not (down and _rise_stops(near[1:])):
            return None
    elif test in _LIGHT_CHAINS and not _others_still(series, before, point, after):
        return None
    why = (
        f"is far {'above' if up else 'below'} the values before and after it "
        f"({before.lab.as_given}, {after.lab.as_given})"
    )
    return _Outlier(point, abs(math.log(point.value / expected)), why)


def _rise_stops(points: Sequence[_Point]) -> bool:
    """Whether a steep rise from the first to the second value does not go on to the third."""
    if len(points) < 3:
        return False
    floor = _SIZE["serum_m_protein"][1] / 5
    logs = [math.log2(max(p.value, floor)) for p in points]
    first, second = (
        (logs[i + 1] - logs[i]) / max(1, points[i + 1].day - points[i].day) for i in (0, 1)
    )
    return logs[1] - logs[0] >= math.log2(_STEP_BETWEEN) and second * _SLOWER < first


def _others_still(
    series: dict[str, list[_Point]], before: _Point, point: _Point, after: _Point
) -> bool:
    """Whether the other markers stood still where a light chain jumped."""
    other = "lambda_flc" if point.lab.test == "kappa_flc" else "kappa_flc"
    moved = [
        _moved(series.get(test, []), first.day, second.day)
        for test in ("serum_m_protein", other)
        for first, second in ((before, point), (point, after))
    ]
    known = [m for m in moved if m is not None]
    return len(known) >= 2 and all(1 / _ALIKE < m < _ALIKE for m in known)


def _unnatural(
    record: Record,
    series: dict[str, list[_Point]],
    first: _Point,
    second: _Point,
    *,
    least: float,
) -> str | None:
    """Why the M-protein can't have gone from the first value to the second, at least `least` times
    as large or as small.
    """
    size, floor = _SIZE["serum_m_protein"]
    days = second.day - first.day
    rise = max(second.value, floor) / max(first.value, floor)
    fall = 1 / rise
    if max(first.value, second.value) < size or days <= 0:
        return None
    if rise >= least and days / math.log2(rise) < _DOUBLING_DAYS:
        return "means a rise too fast for myeloma"
    if fall >= least and fall > 2 ** (days / _HALF_LIFE_DAYS):
        return "means a fall faster than immunoglobulins are cleared"
    fell = fall >= min(least, _FALL_WITHOUT_THERAPY)
    if fell and not may_be_treated(record, first.day, second.day):
        return "means a fall without any therapy"
    chain = _chain_moved(series, first.day, second.day)
    if chain is not None and (
        (fell and chain >= _ALIKE) or (rise >= least and chain <= 1 / _ALIKE)
    ):
        return "changes in the opposite direction to the light chains"
    return None


def _alone_in_moving(
    series: dict[str, list[_Point]], neighbour: _Point, point: _Point
) -> str | None:
    """A first or last step of another test, too large for a natural one."""
    test = point.lab.test
    size, floor = _SIZE[test]
    low, high = sorted((max(point.value, floor), max(neighbour.value, floor)))
    factor = _FACTOR_LIGHT_CHAINS if test in _LIGHT_CHAINS else _FACTOR
    if high < factor * low or high < size:
        return None
    if test in _LIGHT_CHAINS:
        first, second = sorted((neighbour, point), key=lambda p: p.day)
        moved = _moved(series.get("serum_m_protein", []), first.day, second.day)
        if moved is None:
            return None
        own, others = math.log(second.value / first.value), math.log(moved)
        if abs(own) < abs(others) or abs(own - others) < math.log(_FACTOR):
            return None
        return (
            f"is far from the adjacent value ({neighbour.lab.as_given} on day {neighbour.day}), "
            "while the M-protein changed much less"
        )
    return f"is far from the adjacent value ({neighbour.lab.as_given} on day {neighbour.day})"


def _chain_moved(series: dict[str, list[_Point]], first: int, last: int) -> float | None:
    """By what factor the light chain that moved most changed between two days."""
    moved = [_moved(series.get(test, []), first, last) for test in sorted(_LIGHT_CHAINS)]
    known = [m for m in moved if m is not None]
    return max(known, key=lambda m: abs(math.log(m)), default=None)


def _moved(points: Sequence[_Point], first: int, last: int) -> float | None:
    """By what factor a marker changed from its last value up to `first` to that of `last`; what
    stayed at zero did not change.
    """
    start = [p.value for p in points if p.day <= first]
    end = [p.value for p in points if p.day == last]
    if not start or not end:
        return None
    if start[-1] == end[-1]:
        return 1.0
    return end[-1] / start[-1] if start[-1] > 0 and end[-1] > 0 else None


# ---------------------------------------------------------------- beside other tests


def _of_counts(record: Record, series: dict[str, list[_Point]]) -> Iterator[tuple[_Point, str]]:
    """Platelets and creatinine of which nothing else of the record knows."""
    for point in series.get("platelets", []):
        neutrophils = _on(series, "neutrophils", point.day)
        hemoglobin = _on(series, "hemoglobin", point.day)
        others = [
            (neutrophils, _NEUTROPHILS_FAIR, _NEUTROPHILS_LOW),
            (hemoglobin, _HEMOGLOBIN_FAIR, _HEMOGLOBIN_LOW),
        ]
        known = [(value, fair, low) for value, fair, low in others if value is not None]
        if not known:
            continue
        alone_low = point.value < _PLATELETS_LOW and all(v >= fair for v, fair, _ in known)
        alone_high = point.value > _PLATELETS_HIGH and any(v < low for v, _, low in known)
        if alone_low:
            yield (
                point,
                (
                    "is very low while the other counts are fair (platelet clumping can look the "
                    "same)"
                ),
            )
        elif alone_high:
            yield point, "is high while the other counts are low"
    failing = any(p.value < _EGFR_OF_FAILURE for p in series.get("egfr", [])) or any(
        c.condition in _OF_A_FAILING_KIDNEY and c.status != "absent" for c in record.conditions
    )
    creatinine = series.get("creatinine", [])
    if len(creatinine) == 1 and creatinine[0].value >= _CREATININE_OF_FAILURE and not failing:
        yield creatinine[0], "suggests kidney failure, which nothing else on record supports"


def _on(series: dict[str, list[_Point]], test: str, day: int) -> float | None:
    """The value of the day, or of a day within a week of it."""
    near = [p for p in series.get(test, []) if abs(p.day - day) <= 7]
    return min(near, key=lambda p: abs(p.day - day)).value if near else None
