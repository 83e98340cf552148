"""Curves as the report shows them: no step stands for a few patients, none goes on with a few."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rearm.cohort.outcomes.result import GroupOutcome, Outcomes
from rearm.cohort.survival import Estimate, IncidenceCurve, Occupation, SurvivalCurve
from rearm.report.cohort.counts import CountRule

__all__ = [
    "DAYS_SHOWN",
    "MONTH",
    "Point",
    "ShownCurve",
    "ShownGroup",
    "shown_group",
    "shown_states",
]

MONTH = 30.4375  # days
DAYS_SHOWN = (0, 183, 365, 730)  # numbers at risk, shares
_WEEK = 7
_NONE = 1e-9  # patients
_LEAST_AT_RISK = 10  # a curve of fewer says more of them than of the others


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A share (0 to 1) at the end of a day, with its limits where they are known."""

    day: int
    share: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCurve:
    """A curve as drawn. `stepped`: every step as it is (counts are shown as they are); else points
    at ends of weeks with at least the minimum of events between them, to be joined by lines.
    """

    points: tuple[Point, ...]
    stepped: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownGroup:
    """What is shown of a group. Counts: None is not shown. `shares`: by day; `median` and
    `followed` in months. `spread`: by day, the share with every vague day at its earliest and at
    its latest; `median_spread`: the same for the median, in months, None where it is not reached.
    Empty and None without vague days, or with a few.
    """

    name: str | None
    n: int | None
    events: int | None
    competing: int | None
    delayed: int | None
    left_out: int | None
    at_risk: Mapping[int, int | None]
    curve: ShownCurve | None
    competing_curve: ShownCurve | None
    shares: Mapping[int, Estimate]
    median: Estimate
    followed: float | None
    spread: Mapping[int, tuple[float, float]]
    median_spread: tuple[float | None, float | None] | None


def shown_group(group: GroupOutcome, outcomes: Outcomes, rule: CountRule) -> ShownGroup:
    """A group with what may be shown of it."""
    competes = group.incidence is not None
    main: SurvivalCurve | IncidenceCurve = group.incidence[0] if group.incidence else group.free
    curve = _shown_curve(main, rule)
    other = _shown_curve(group.incidence[1], rule) if group.incidence else None
    counts = rule.parts([group.events, group.competing, group.censored])
    few = curve is None and not rule.exact
    last = curve.points[-1].day if curve else -1
    median = Estimate() if competes or few else _median(group, rule, last)
    at_risk = group.at_risk(DAYS_SHOWN)
    return ShownGroup(
        name=group.group,
        n=counts[1],
        events=counts[0][0],
        competing=counts[0][1] if competes else None,
        delayed=rule.shown(group.delayed) if outcomes.entry_used else None,
        left_out=rule.shown(sum(group.left_out.values())),
        at_risk={day: rule.shown(n) for day, n in at_risk.items()},
        curve=curve,
        competing_curve=other,
        shares=_shares(main, curve, rule),
        median=median,
        followed=_followed(group, rule),
        spread=_spread(group, rule, curve),
        median_spread=None if median.value is None else _median_spread(group, rule),
    )


def _shown_curve(curve: SurvivalCurve | IncidenceCurve, rule: CountRule) -> ShownCurve | None:
    """The curve; None where fewer than the minimum had the event or are in it."""
    share = curve.survival if isinstance(curve, SurvivalCurve) else curve.incidence
    start = 1.0 if isinstance(curve, SurvivalCurve) else 0.0
    events = curve.events
    if curve.free_at is None or (not rule.exact and events.sum() < rule.min_cell):
        return None
    origin = Point(day=curve.free_at, share=start)
    if rule.exact:
        steps = np.flatnonzero((events > 0) | (np.arange(len(events)) == len(events) - 1))
        at = [(int(curve.day[i]), int(i)) for i in steps]
    else:
        at = _spaced(curve.day, curve.at_risk, events, rule.min_cell)
        if not at:
            return None
    points = [
        Point(
            day=day,
            share=float(share[i]),
            low=_number(curve.low[i]),
            high=_number(curve.high[i]),
        )
        for day, i in at
        if curve.known_to is None or curve.day[i] <= curve.known_to
    ]
    return ShownCurve(points=(origin, *points), stepped=rule.exact) if points else None


def _spaced(
    day: np.ndarray, at_risk: np.ndarray, events: np.ndarray, least: int
) -> list[tuple[int, int]]:
    """Ends of weeks and the days of which shares are told, with the row that holds there: `least`
    events or more lie between one and the next, or none, and the last is a week in which as many,
    and ten, are at risk.
    """
    enough = np.flatnonzero(at_risk >= max(least, _LEAST_AT_RISK))
    if not len(enough):
        return []
    end = int(day[enough[-1]]) // _WEEK * _WEEK
    weeks = range(_WEEK, end + 1, _WEEK)
    days = sorted({*weeks, *(x for x in DAYS_SHOWN if 0 < x <= end)})
    rows = (np.searchsorted(day, days, side="right") - 1).tolist()
    total = np.cumsum(events)
    found: list[tuple[int, int]] = []

    def since() -> int:
        return int(total[row]) - (int(total[found[-1][1]]) if found else 0)

    for at, row in zip(days, rows, strict=True):
        if row < 0:
            continue
        if at in DAYS_SHOWN:  # weeks just before it give way to it
            while found and 0 < since() < least and found[-1][0] not in DAYS_SHOWN:
                found.pop()
        if since() >= least or (at in DAYS_SHOWN and found and since() == 0):
            found.append((at, row))
    if not found or found[-1][0] >= end:
        return found
    row = rows[-1]
    if since() > 0:  # the rest is too few for a step of its own: it joins the last one
        if found[-1][0] in DAYS_SHOWN:
            return found
        found.pop()
        if since() < least:
            return found
    return [*found, (end, row)]


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _median(group: GroupOutcome, rule: CountRule, last: int) -> Estimate:
    """In months, whole ones unless counts are exact: a day would be that of one patient's event.
    Unknown where fewer than the minimum had the event before it; it and each limit also where the
    curve that is shown ends before.
    """
    median = group.median
    if median.value is None or rule.exact:
        return _months(median)
    before = int(group.free.events[group.free.day <= median.value].sum())
    if before < rule.min_cell or median.value > last:
        return Estimate()

    def whole(days: float | None) -> float | None:
        return None if days is None or days > last else float(round(days / MONTH))

    return Estimate(value=whole(median.value), low=whole(median.low), high=whole(median.high))


def _months(days: Estimate) -> Estimate:
    def month(x: float | None) -> float | None:
        return None if x is None else x / MONTH

    return Estimate(value=month(days.value), low=month(days.low), high=month(days.high))


def _followed(group: GroupOutcome, rule: CountRule) -> float | None:
    followed = group.follow_up.median().value
    few = group.censored < rule.min_cell and not rule.exact
    return None if followed is None or few else followed / MONTH


def _shares(
    whole: SurvivalCurve | IncidenceCurve, curve: ShownCurve | None, rule: CountRule
) -> dict[int, Estimate]:
    """By day, as the curve that is shown has it; unknown where it has no point on the day."""
    return {
        day: whole.on(day) if _is_shown(day, curve, rule) else Estimate()
        for day in DAYS_SHOWN
        if day > 0
    }


def _is_shown(day: int, curve: ShownCurve | None, rule: CountRule) -> bool:
    """Whether the curve that is shown has a point on the day; all of it where counts are exact."""
    points = [point.day for point in curve.points] if curve else []
    return day in points or (rule.exact and day <= max(points, default=-1))


def _spread(
    group: GroupOutcome, rule: CountRule, curve: ShownCurve | None
) -> dict[int, tuple[float, float]]:
    """For each day on which the curve is shown, unless a few make all the difference."""
    if group.bounds is None or _few_vague(group, rule):
        return {}
    first, latest = group.bounds.earliest, group.bounds.latest
    found: dict[int, tuple[float, float]] = {}
    for day in DAYS_SHOWN[1:]:
        differ = _events_by(first, day) - _events_by(latest, day)
        few = 0 < differ < rule.min_cell and not rule.exact
        early, late = first.on(day).value, latest.on(day).value
        if _is_shown(day, curve, rule) and not few and early is not None and late is not None:
            found[day] = early, late
    return found


def _median_spread(
    group: GroupOutcome, rule: CountRule
) -> tuple[float | None, float | None] | None:
    """Only where every count is shown: a median is the day of one patient."""
    if group.bounds is None or not rule.exact:
        return None
    found: list[float | None] = []
    for curve in (group.bounds.earliest, group.bounds.latest):
        if not isinstance(curve, SurvivalCurve):
            return None
        day = curve.median().value
        found.append(None if day is None else day / MONTH)
    return found[0], found[1]


def _few_vague(group: GroupOutcome, rule: CountRule) -> bool:
    return group.vague < rule.min_cell and not rule.exact


def _events_by(curve: SurvivalCurve | IncidenceCurve, day: int) -> int:
    return int(curve.events[curve.day <= day].sum())


def shown_states(found: Occupation, rule: CountRule) -> tuple[tuple[int, tuple[float, ...]], ...]:
    """Day and share in each state, to the percent, at ends of weeks on which no state is that of a
    few: nobody or the minimum is under observation in each, and nobody or the minimum came to it or
    left it since the day that is shown before. With an exact rule: every day as it is.
    """
    if found.free_at is None or not len(found.day):
        return ()
    first = (1.0, *(0.0 for _ in found.states[1:]))
    if rule.exact:
        rows = [(int(day), i) for i, day in enumerate(found.day)]
    else:
        rows = _spaced_states(found, rule)
    known = [(d, i) for d, i in rows if found.known_to is None or found.day[i] <= found.known_to]
    places = 12 if rule.exact else 2
    shown = [(day, tuple(round(float(x), places) for x in found.share[i])) for day, i in known]
    return ((found.free_at, first), *shown) if shown else ()


def _spaced_states(found: Occupation, rule: CountRule) -> list[tuple[int, int]]:
    """Ends of weeks, with the row that holds there, between which no state changes by a few."""
    watched = found.at_risk.sum(axis=1)
    enough = np.flatnonzero(watched >= max(rule.min_cell, _LEAST_AT_RISK))
    if not len(enough):
        return []
    weeks = np.arange(1, int(found.day[enough[-1]]) // _WEEK + 1) * _WEEK
    rows = np.searchsorted(found.day, weeks, side="right") - 1
    moved = np.hstack((found.came, found.left))
    before = np.zeros(moved.shape[1], dtype=np.int64)
    shown: list[tuple[int, int]] = []
    for week, row in zip(weeks.tolist(), rows.tolist(), strict=True):
        if row < 0:
            continue
        counts = (found.at_risk[row], moved[row] - before, found.share[row] * watched[row])
        if not any(_of_a_few(count, rule) for count in counts):
            shown.append((week, row))
            before = moved[row]
    return shown


def _of_a_few(counts: np.ndarray, rule: CountRule) -> bool:
    """Whether any of these numbers of patients is neither none nor the minimum."""
    return bool(((counts > _NONE) & (counts < rule.min_cell)).any())
