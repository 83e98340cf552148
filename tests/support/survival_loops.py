"""The estimators of `cohort/survival` once more, as plain loops over the definitions: slow,
obvious, without numpy. A patient is (entry, exit, cause); a stay (state, to, entry, exit).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

Patient = tuple[int, int, int]
Stay = tuple[int, int | None, int, int]

__all__ = [
    "Patient",
    "Stay",
    "fine_gray_weight",
    "incidence",
    "incidence_variance",
    "known",
    "median",
    "occupation",
    "restricted_mean",
    "survival",
    "survival_variance",
]


def at_risk(patients: Sequence[Patient], day: int) -> int:
    """Under observation and free of every event when the day begins."""
    return sum(1 for entry, last, _ in patients if entry < day <= last)


def died(patients: Sequence[Patient], day: int, cause: int | None = None) -> int:
    """Events on the day: of any cause, or of one."""
    return sum(
        1 for _, last, kind in patients if last == day and kind != 0 and cause in (None, kind)
    )


def survival(patients: Sequence[Patient], day: int) -> Fraction:
    """Share free of every event at the end of the day, exactly."""
    share = Fraction(1)
    for t in range(1, day + 1):
        if died(patients, t):
            share *= 1 - Fraction(died(patients, t), at_risk(patients, t))
    return share


def survival_variance(patients: Sequence[Patient], day: int) -> float:
    """Greenwood's; not a number once nobody is left."""
    total = Fraction(0)
    for t in range(1, day + 1):
        n, d = at_risk(patients, t), died(patients, t)
        if d and n == d:
            return math.nan
        if d:
            total += Fraction(d, n * (n - d))
    return float(survival(patients, day) ** 2 * total)


def known(patients: Sequence[Patient], day: int) -> bool:
    """Whether the data tell the curve on a day: on each day since the first entry somebody was at
    risk, or the curve came to zero and nobody entered later.
    """
    if not patients or day < min(entry for entry, _, _ in patients):
        return False
    for t in range(min(entry for entry, _, _ in patients) + 1, day + 1):
        if survival(patients, t) == 0:
            return not any(entry >= t for entry, _, _ in patients)
        if at_risk(patients, t) == 0:
            return False
    return True


def median(patients: Sequence[Patient]) -> float | None:
    """First day with at most half left; the middle of the level stretch where exactly half are,
    if the data tell the curve up to its end.
    """
    ends = sorted({last for _, last, _ in patients})
    half = Fraction(1, 2)
    for day in ends:
        if survival(patients, day) < half:
            found, end = float(day), day
        elif survival(patients, day) == half:
            later = [t for t in ends if survival(patients, t) < half]
            end = later[0] if later else ends[-1]
            found = (day + end) / 2
        else:
            continue
        return found if known(patients, end) else None
    return None


def restricted_mean(patients: Sequence[Patient], days: int) -> float:
    """Sum over the days of the share still free when the day begins."""
    return float(sum(survival(patients, t) for t in range(days)))


def incidence(patients: Sequence[Patient], day: int, cause: int) -> Fraction:
    """Share with an event of the cause by the end of the day, exactly."""
    total = Fraction(0)
    for t in range(1, day + 1):
        if died(patients, t, cause):
            total += survival(patients, t - 1) * Fraction(
                died(patients, t, cause), at_risk(patients, t)
            )
    return total


def incidence_variance(patients: Sequence[Patient], day: int, cause: int) -> float:
    """Aalen's, as the sum over the days u: an event of the cause moves the share by
    1 - (F(day) - F(u)) / S(u), another by (F(day) - F(u)) / S(u), each with the hypergeometric
    variance of its number.
    """
    total = 0.0
    end = incidence(patients, day, cause)
    for u in range(1, day + 1):
        n = at_risk(patients, u)
        own = died(patients, u, cause)
        other = died(patients, u) - own
        before, after = survival(patients, u - 1), survival(patients, u)
        still = (end - incidence(patients, u, cause)) / after if after else Fraction(0)
        for many, moved in ((own, 1 - still), (other, still)):
            if many:
                factor = Fraction(n - many, n - 1) if many > 1 else Fraction(1)
                total += float(moved**2 * before**2 * factor * Fraction(many, n * n))
    return total


def fine_gray_weight(patients: Sequence[Patient], event: int, day: int) -> Fraction:
    """Weight on a day of a patient who had a competing event on the day `event`."""

    def uncensored_before(t: int) -> Fraction:
        share = Fraction(1)
        for u in range(1, t):
            censored = sum(1 for _, last, kind in patients if last == u and kind == 0)
            if censored:
                share *= 1 - Fraction(censored, at_risk(patients, u) - died(patients, u))
        return share

    def entered_before(t: int) -> Fraction:
        share = Fraction(1)
        for u in range(t, max(last for _, last, _ in patients) + 1):
            entries = sum(1 for entry, _, _ in patients if entry == u)
            if entries:
                share *= 1 - Fraction(
                    entries, sum(1 for entry, last, _ in patients if entry <= u < last)
                )
        return share

    return (
        uncensored_before(day)
        / uncensored_before(event)
        * entered_before(day)
        / entered_before(event)
    )


def occupation(stays: Sequence[Stay], states: int, day: int) -> list[Fraction]:
    """Share in each state at the end of the day, everybody in the first on day 0."""
    share = [Fraction(1)] + [Fraction(0)] * (states - 1)
    for t in range(1, day + 1):
        new = list(share)
        for i in range(states):
            n = sum(1 for state, _, entry, last in stays if state == i and entry < t <= last)
            for j in range(states):
                moved = sum(1 for s, to, _, last in stays if (s, to, last) == (i, j, t))
                if moved:
                    flow = share[i] * Fraction(moved, n)
                    new[i] -= flow
                    new[j] += flow
        share = new
    return share
