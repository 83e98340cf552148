"""Kaplan-Meier with delayed entry: the curve, its quantiles, the restricted mean, and how long
patients were followed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from rearm.cohort.survival.at_risk import Counts, counts, known_to
from rearm.cohort.survival.estimate import (
    UNKNOWN,
    Curve,
    Estimate,
    Floats,
    Ints,
    Limits,
    limits_of,
    normal_quantile,
)
from rearm.cohort.survival.follow_up import FollowUp

__all__ = ["SurvivalCurve", "follow_up_time", "kaplan_meier", "restricted_mean"]

_SAME = 1e-8  # two shares that differ by less are the same: products of fractions are not exact


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SurvivalCurve(Curve):
    """Share free of the event at the end of each day. Unknown where the data do not tell it.

    >>> from rearm.cohort.survival import FollowUp, kaplan_meier
    >>> follow_up = FollowUp.of(exit=[30, 60, 90, 120], cause=[1, 2, 0, 1])
    >>> kaplan_meier(follow_up).on(30)
    Estimate(value=0.75, standard_error=0.21..., low=0.12..., high=0.96...)
    """

    events: Ints  # on each day
    censored: Ints  # on each day
    survival: Floats  # the share, 0 to 1

    def on(self, day: int) -> Estimate:
        """The share free of the event at the end of a day, 0 to 1.

        Unknown without patients, before anybody was under observation, and after the last day on
        which the curve is known. Before the first event the share is 1 and its limits are unknown.
        """
        return self.estimate_on(day, self.survival, before=1.0)

    def quantile(self, share: float = 0.5) -> Estimate:
        """The day by which `share` of the patients have had the event; 0.5 is the median.

        The first day on which the curve is at or below 1 - share; where it runs exactly level
        there, the middle of that stretch (as R's `quantile.survfit`). Limits by Brookmeyer and
        Crowley (1982): the days on which the limits of the curve cross. Unknown where the curve,
        or its limit, does not get there on days on which it is known.
        """
        return Estimate(
            value=self._crossing(self.survival, share),
            low=self._crossing(self.low, share),
            high=self._crossing(self.high, share),
        )

    def median(self) -> Estimate:
        """The day by which half of the patients have had the event."""
        return self.quantile(0.5)

    def _crossing(self, curve: Floats, share: float) -> float | None:
        told = np.isfinite(curve)
        day, gone = self.day[told], 1.0 - curve[told]
        reached = np.flatnonzero(gone >= share - _SAME)
        if not len(reached):
            return None
        first = end = float(day[reached[0]])
        if math.isclose(gone[reached[0]], share, rel_tol=0.0, abs_tol=_SAME):
            passed = np.flatnonzero(gone > share + _SAME)
            end = float(day[passed[0]] if len(passed) else self.day[-1])
        return (first + end) / 2 if self.known_to is None or end <= self.known_to else None


def kaplan_meier(
    follow_up: FollowUp, *, limits: Limits = "log-log", level: float = 0.95
) -> SurvivalCurve:
    """Product-limit estimate of the share free of every event (Kaplan and Meier 1958).

    S(t) = Π (1 - d/n) over the days up to t, with d events of any cause among n at risk; its
    standard error S √Σ d / (n (n - d)) is Greenwood's. An event of any cause ends a patient: for
    one kind of event among several take `cumulative_incidence`. `follow_up`: the patients, in days.
    `limits`: log-log, log or plain; `level`: their probability. Shares on days that nobody tells
    are unknown (`UNKNOWN`). Raises nothing.

    >>> from rearm.cohort.survival import FollowUp, kaplan_meier
    >>> follow_up = FollowUp.of(exit=[30, 60, 90, 120], cause=[1, 2, 0, 1])
    >>> curve = kaplan_meier(follow_up)
    >>> curve.on(60).value, curve.median().value
    (0.5, 90.0)
    """
    return product_limit(follow_up, counts(follow_up), limits=limits, level=level)


def follow_up_time(
    follow_up: FollowUp, *, limits: Limits = "log-log", level: float = 0.95
) -> SurvivalCurve:
    """How long patients were followed: Kaplan-Meier with the end of observation as its event
    (Schemper and Smith 1996). `median` is the median follow-up in days.

    Patients with an event leave before the censorings of their day, as everywhere here. R's
    `Surv(time, status == 0)` has them the other way round. `follow_up`: the patients, in days.
    `limits`: log-log, log or plain; `level`: their probability. Unknown where nobody is left.
    Raises nothing.

    >>> from rearm.cohort.survival import FollowUp, follow_up_time
    >>> follow_up = FollowUp.of(exit=[30, 60, 90, 120], cause=[1, 2, 0, 1])
    >>> follow_up_time(follow_up).on(90).value
    0.5
    """
    table = counts(follow_up)
    reverse = Counts(
        day=table.day,
        at_risk=table.at_risk - table.events,
        events=table.censored,
        censored=table.events,
    )
    return product_limit(follow_up, reverse, limits=limits, level=level)


def product_limit(
    follow_up: FollowUp, table: Counts, *, limits: Limits, level: float
) -> SurvivalCurve:
    """The curve of these counts."""
    at_risk, events = table.at_risk.astype(float), table.events.astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        step = np.where(events > 0, 1.0 - events / at_risk, 1.0)
        spread = np.where(events > 0, events / (at_risk * (at_risk - events)), 0.0)
        survival = np.cumprod(step, dtype=np.float64)
        error = survival * np.sqrt(np.cumsum(spread))  # not a number once nobody is left
    low, high = limits_of(survival, error, kind=limits, level=level)
    zero = np.flatnonzero(survival == 0)
    empty = len(follow_up) == 0
    return SurvivalCurve(
        n=len(follow_up),
        free_at=None if empty else int(follow_up.entry.min()),
        known_to=(
            None
            if empty
            else known_to(follow_up, table, int(table.day[zero[0]]) if len(zero) else None)
        ),
        limits=limits,
        level=level,
        day=table.day,
        at_risk=table.at_risk,
        events=table.events,
        censored=table.censored,
        survival=survival,
        standard_error=error,
        low=low,
        high=high,
    )


def restricted_mean(curve: SurvivalCurve, days: int) -> Estimate:
    """Mean number of days free of the event within the first `days` days: the area under the curve.

    Its variance is Σ (area from the day to `days`)² d / (n (n - d)) over the days with events
    (Klein and Moeschberger, 4.5); limits are ± z standard errors, cut at 0 and `days`. Unknown
    where the curve is not known up to that day. With delayed entry the days before `free_at` count
    in full: the curve is of patients who are free on it. `curve`: what `kaplan_meier` gives. Raises
    nothing.

    >>> from rearm.cohort.survival import FollowUp, kaplan_meier, restricted_mean
    >>> follow_up = FollowUp.of(exit=[30, 60, 90, 120], cause=[1, 2, 0, 1])
    >>> restricted_mean(kaplan_meier(follow_up), 60).value
    52.5
    """
    reaches = curve.known_to is None or curve.known_to >= days
    if curve.free_at is None or not reaches or days <= 0:
        return UNKNOWN
    use = curve.day <= days
    day, survival = curve.day[use].astype(float), curve.survival[use]
    widths = np.diff(np.concatenate(([0.0], day, [float(days)])))
    areas = widths * np.concatenate(([1.0], survival))
    rest = np.cumsum(areas[::-1])[::-1][1:]  # from each day to the last
    n, d = curve.at_risk[use].astype(float), curve.events[use].astype(float)
    counted = (d > 0) & (n > d)
    variance = float((rest[counted] ** 2 * d[counted] / (n * (n - d))[counted]).sum())
    mean, error = float(areas.sum()), math.sqrt(variance)
    width = normal_quantile(curve.level) * error
    return Estimate(
        value=mean,
        standard_error=error,
        low=max(mean - width, 0.0) if error > 0 else None,
        high=min(mean + width, float(days)) if error > 0 else None,
    )
