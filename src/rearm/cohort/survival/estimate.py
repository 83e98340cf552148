"""A figure with its standard error and limits, the three kinds of limits, and two tails."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
import numpy.typing as npt

__all__ = [
    "UNKNOWN",
    "Bools",
    "Curve",
    "Estimate",
    "Floats",
    "Ints",
    "Limits",
    "chi_square_tail",
    "is_known",
    "limits_of",
    "normal_quantile",
    "number",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Limits = Literal["log-log", "log", "plain"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A figure in the unit of what it estimates (a share from 0 to 1, or days), its standard error
    and its limits. None is unknown: the data do not tell it.

    >>> from rearm.cohort.survival import Estimate
    >>> Estimate(value=0.75).low is None
    True
    """

    value: float | None = None  # the figure
    standard_error: float | None = None  # of it
    low: float | None = None  # lower limit
    high: float | None = None  # upper limit


UNKNOWN = Estimate()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Curve:
    """A share that steps on the days on which somebody's observation ends.

    `n`: patients. `free_at`: the first day of observation of anybody; the curve is of patients who
    are free of the event on it (0 without delayed entry; None without patients). `known_to`: the
    last day on which the curve is known, None for ever. `limits` names the kind of `low`, `high`.
    """

    n: int
    free_at: int | None
    known_to: int | None
    limits: Limits
    level: float
    day: Ints
    at_risk: Ints
    standard_error: Floats
    low: Floats
    high: Floats

    def estimate_on(self, day: int, share: Floats, *, before: float) -> Estimate:
        """The share at the end of a day; `before` the first step, where its limits are unknown.
        Unknown on days on which the curve is not known.
        """
        if not is_known(day, self.free_at, self.known_to):
            return UNKNOWN
        at = int(np.searchsorted(self.day, day, side="right")) - 1
        if at < 0:
            return Estimate(value=before, standard_error=0.0)
        return Estimate(
            value=number(share[at]),
            standard_error=number(self.standard_error[at]),
            low=number(self.low[at]),
            high=number(self.high[at]),
        )


def is_known(day: int, first: int | None, last: int | None) -> bool:
    """Whether a curve that is known from day `first` to day `last` is known on a day."""
    return first is not None and day >= first and (last is None or day <= last)


def number(value: float) -> float | None:
    """The number, or None where it is not finite."""
    return float(value) if math.isfinite(value) else None


def normal_quantile(level: float) -> float:
    """z such that a standard normal lies within ±z with probability `level` (0.95: 1.95996)."""
    return NormalDist().inv_cdf(0.5 + level / 2)


def limits_of(
    share: Floats, standard_error: Floats, *, kind: Limits, level: float
) -> tuple[Floats, Floats]:
    """Pointwise limits of shares p with standard errors s.

    - `plain`: p ± z s, cut at 0 and 1
    - `log`: p exp(±z s / p), cut at 1
    - `log-log`: p to the power exp(±z s / (p ln p)) (Kalbfleisch and Prentice)

    NaN where s is zero or not finite, and at p = 0 and p = 1: without an event there is nothing to
    take a width from.
    """
    z = normal_quantile(level)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if kind == "plain":
            low = np.maximum(share - z * standard_error, 0.0)
            high = np.minimum(share + z * standard_error, 1.0)
        elif kind == "log":
            width = z * standard_error / share
            low, high = share * np.exp(-width), np.minimum(share * np.exp(width), 1.0)
        else:
            width = z * standard_error / (share * np.log(share))  # negative: ln p < 0
            low, high = share ** np.exp(-width), share ** np.exp(width)
    told = (standard_error > 0) & np.isfinite(standard_error) & (share > 0) & (share < 1)
    return np.where(told, low, np.nan), np.where(told, high, np.nan)


def chi_square_tail(statistic: float, degrees: int) -> float:
    """Probability that a chi-square of so many degrees of freedom exceeds the statistic.

    Q(a + 1, x) = Q(a, x) + x^a e^-x / Γ(a + 1) with x half the statistic, from Q(1/2, x) =
    erfc(√x) for odd degrees and Q(1, x) = e^-x for even ones.
    """
    x = statistic / 2
    if x <= 0:
        return 1.0
    a = 0.5 if degrees % 2 else 1.0
    tail = math.erfc(math.sqrt(x)) if degrees % 2 else math.exp(-x)
    while a < degrees / 2:
        tail += math.exp(a * math.log(x) - x - math.lgamma(a + 1))
        a += 1
    return min(tail, 1.0)
