"""Cumulative incidence of one cause where others compete (Aalen-Johansen), with delayed entry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rearm.cohort.survival.at_risk import counts, on_days
from rearm.cohort.survival.estimate import (
    Curve,
    Estimate,
    Floats,
    Ints,
    Limits,
    limits_of,
)
from rearm.cohort.survival.follow_up import FollowUp
from rearm.cohort.survival.kaplan_meier import product_limit

__all__ = ["IncidenceCurve", "cumulative_incidence"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class IncidenceCurve(Curve):
    """Share that has had an event of `cause` by the end of each day. `events` are those of the
    cause, `competing` those of all others. Unknown where the data do not tell it.

    >>> from rearm.cohort.survival import FollowUp, cumulative_incidence
    >>> follow_up = FollowUp.of(exit=[30, 60, 90, 120], cause=[1, 2, 0, 1])
    >>> cumulative_incidence(follow_up, cause=2).on(120).value
    0.25
    """

    cause: int  # its number
    events: Ints
    competing: Ints
    incidence: Floats  # the share, 0 to 1

    def on(self, day: int) -> Estimate:
        """The share with an event of the cause by the end of a day, 0 to 1.

        Unknown without patients, before anybody was under observation, and after the last day on
        which the curve is known. Before the first event of the cause the share is 0 and its limits
        are unknown.
        """
        return self.estimate_on(day, self.incidence, before=0.0)


def cumulative_incidence(
    follow_up: FollowUp, *, cause: int, limits: Limits = "log-log", level: float = 0.95
) -> IncidenceCurve:
    """F(t) = Σ S(before) d/n over the days up to t, with d events of the cause among n at risk and
    S the Kaplan-Meier share free of every event (Aalen and Johansen 1978).

    All causes of a day count together, before the censorings of that day. The variance is Aalen's
    (1978), in the form of Gray's cmprsk: with F, S after and n, d of each day u up to t,

        Σ ((F(t) - F(u)) / S(u))² v_other(u) + Σ (1 - (F(t) - F(u)) / S(u))² v_cause(u),
        v(u) = S(before u)² d (n - d) / (n² (n - 1)), or S(before u)² / n² for a single event.

    It uses the counts alone, so delayed entry changes the n and nothing else. `follow_up`: the
    patients, in days; `cause`: the number of the cause; `limits`: log-log, log or plain; `level`:
    their probability. Unknown after the last day that is watched. Raises nothing.

    >>> from rearm.cohort.survival import FollowUp, cumulative_incidence
    >>> follow_up = FollowUp.of(exit=[30, 60, 90, 120], cause=[1, 2, 0, 1])
    >>> cumulative_incidence(follow_up, cause=1).on(60).value
    0.25
    """
    table = counts(follow_up)
    free = product_limit(follow_up, table, limits=limits, level=level)
    span = int(table.day[-1]) + 1 if len(table.day) else 1
    events = on_days(follow_up, follow_up.cause == cause, span)[table.day]
    competing = table.events - events
    before = np.concatenate(([1.0], free.survival[:-1])) if len(table.day) else free.survival
    incidence = np.cumsum(before * events / table.at_risk)
    error = np.sqrt(_variance(table.at_risk, events, competing, before, incidence))
    low, high = limits_of(incidence, error, kind=limits, level=level)
    return IncidenceCurve(
        cause=cause,
        n=len(follow_up),
        free_at=free.free_at,
        known_to=free.known_to,
        limits=limits,
        level=level,
        day=table.day,
        at_risk=table.at_risk,
        events=events,
        competing=competing,
        incidence=incidence,
        standard_error=error,
        low=low,
        high=high,
    )


def _variance(
    at_risk: Ints, events: Ints, competing: Ints, before: Floats, incidence: Floats
) -> Floats:
    """The variance on each day. (F(t) - F(u)) / S(u) is linear in F(t), so that three running sums
    of the days u hold what every later day t needs.
    """
    n = at_risk.astype(float)
    after = before * (1.0 - (events + competing) / n)
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = np.where(after > 0, 1.0 / after, 0.0)
    reached = incidence * inverse

    def spread(d: Ints) -> Floats:
        tied = np.where(d > 1, 1.0 - (d - 1) / np.maximum(n - 1, 1.0), 1.0)
        return np.asarray(before**2 * tied * d / n**2)

    of_cause, of_other = spread(events), np.where(after > 0, spread(competing), 0.0)
    gain = 1.0 + reached
    constant = np.cumsum(gain**2 * of_cause + reached**2 * of_other)
    linear = np.cumsum(inverse * (gain * of_cause + reached * of_other))
    square = np.cumsum(inverse**2 * (of_cause + of_other))
    variance = constant - 2 * incidence * linear + incidence**2 * square
    return np.maximum(variance, 0.0)  # rounding alone can make it negative
