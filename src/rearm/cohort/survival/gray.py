"""Gray's test: whether the cumulative incidence of one cause differs between groups."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from rearm.cohort.survival.estimate import Bools, Floats, Ints, chi_square_tail
from rearm.cohort.survival.follow_up import CENSORED, FollowUp
from rearm.errors import InputError

__all__ = ["GrayTest", "gray_test"]

WhyUnknown = Literal["delayed_entry", "one_group", "no_events", "no_variance"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GrayTest:
    """The statistic, its degrees of freedom and p-value, with `groups`: (label, patients, events of
    the cause), in the order in which they first appear.

    Where the test can't be made the three are None and `unknown` says why: patients who entered
    late, fewer than two groups, no event of the cause, or groups whose variance is singular.

    >>> from rearm.cohort.survival import FollowUp, gray_test
    >>> follow_up = FollowUp.of(exit=[30, 60, 90, 120], cause=[1, 2, 0, 1])
    >>> gray_test(follow_up, ["a"] * 4, cause=1).unknown
    'one_group'
    """

    cause: int  # its number
    groups: tuple[tuple[Hashable, int, int], ...]
    statistic: float | None = None  # chi-square
    degrees: int | None = None  # of freedom
    p: float | None = None  # of no difference
    unknown: WhyUnknown | None = None


def gray_test(follow_up: FollowUp, group: Sequence[Hashable], *, cause: int) -> GrayTest:
    """K-sample test of equal cumulative incidence (Gray 1988, weight ρ = 0).

    The scores are Σ over days of d_k - d R_k / ΣR, with d_k events of the cause in group k among d
    and R_k = n_k (1 - F_k) / S_k, values before the day. Score' V⁻¹ score of all groups but the
    last is compared with a chi-square of K - 1 degrees. The test is not defined for delayed entry:
    compare by `fine_gray`, or from a landmark. Raises `InputError` where the labels do not fit.
    `follow_up`: the patients; `group`: the label of each; `cause`: the number of the cause. Where
    it can't be made, statistic and p are None and `unknown` says why.

    >>> from rearm.cohort.survival import FollowUp, gray_test
    >>> follow_up = FollowUp.of(exit=[30, 60, 90, 120], cause=[1, 2, 0, 1])
    >>> gray_test(follow_up, ["a", "a", "b", "b"], cause=1).degrees
    1
    """
    if len(group) != len(follow_up):
        raise InputError(f"There are {len(follow_up)} rows and {len(group)} group labels.")
    codes = {label: code for code, label in enumerate(dict.fromkeys(group))}
    member = np.array([codes[label] for label in group], dtype=np.int64)
    of_cause = follow_up.cause == cause
    groups = tuple(
        (label, int((member == code).sum()), int((of_cause & (member == code)).sum()))
        for label, code in codes.items()
    )

    def cannot(why: WhyUnknown) -> GrayTest:
        return GrayTest(cause=cause, groups=groups, unknown=why)

    if len(groups) < 2:
        return cannot("one_group")
    if follow_up.delayed:
        return cannot("delayed_entry")
    if not of_cause.any():
        return cannot("no_events")
    score, variance = _score(_by_group(follow_up, member, len(groups), cause))
    if np.linalg.matrix_rank(variance) < len(score):
        return cannot("no_variance")
    statistic = float(score @ np.linalg.solve(variance, score))
    degrees = len(score)
    return GrayTest(
        cause=cause,
        groups=groups,
        statistic=statistic,
        degrees=degrees,
        p=chi_square_tail(statistic, degrees),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Groups:
    """Per day with an event (rows) and group (columns): at risk, events of the cause, others."""

    at_risk: Floats
    events: Floats
    competing: Floats


def _by_group(follow_up: FollowUp, member: Ints, groups: int, cause: int) -> _Groups:
    day, at = np.unique(follow_up.exit, return_inverse=True)

    def tally(which: Bools) -> Floats:
        cell = at[which] * groups + member[which]
        return np.bincount(cell, minlength=len(day) * groups).reshape(-1, groups).astype(float)

    every = np.ones(len(follow_up), dtype=bool)
    ends = tally(every)
    at_risk = ends[::-1].cumsum(axis=0)[::-1]
    events = tally(follow_up.cause == cause)
    competing = tally((follow_up.cause != cause) & (follow_up.cause != CENSORED))
    use = (events + competing).sum(axis=1) > 0
    return _Groups(at_risk=at_risk[use], events=events[use], competing=competing[use])


def _score(table: _Groups) -> tuple[Floats, Floats]:
    """Scores of all groups but the last, and their variance.

    Under the null hypothesis all groups have one cumulative incidence F, estimated by dF = d / Σh
    with h_k = n_k / S_k. The variance is made of the martingales of each group k: those of the
    cause enter group i's score with a_ik + (1 - q_k) c_ik, those of other causes with q_k c_ik,
    where a_ik = h_i (1{i=k} - h_k / Σh), c_ik is ∫ a_ik dF / (1 - F) over the days still to come,
    and q_k = (1 - F) / S_k after the day (Gray 1988, section 3).
    """
    n, d, other = table.at_risk, table.events, table.competing
    there = n > 0
    safe = np.where(there, n, 1.0)
    after = np.cumprod(np.where(there, 1.0 - (d + other) / safe, 1.0), axis=0)
    before = np.vstack((np.ones(n.shape[1]), after[:-1]))
    own = np.cumsum(before * d / safe, axis=0)  # each group's own cumulative incidence
    own_before = np.vstack((np.zeros(n.shape[1]), own[:-1]))
    h = np.where(there, n / np.where(there, before, 1.0), 0.0)
    h_all, d_all = h.sum(axis=1), d.sum(axis=1)

    risk = h * (1.0 - own_before)
    score = (d - d_all[:, None] * risk / risk.sum(axis=1, keepdims=True)).sum(axis=0)

    rise = d_all / h_all
    pooled = np.cumsum(rise)
    pooled_before = pooled - rise
    k = np.arange(n.shape[1])
    a = -h[:, :, None] * h[:, None, :] / h_all[:, None, None]
    a[:, k, k] += h
    past = np.cumsum(a * (rise / (1.0 - pooled_before))[:, None, None], axis=0)
    to_come = past[-1] - past

    alive = after > 0
    q = np.where(alive, (1.0 - pooled)[:, None] / np.where(alive, after, 1.0), 0.0)
    together = d_all[:, None] > 1
    expected = np.where(there & together, h_all[:, None] * before - 1, 1.0)
    tied = np.where(together, 1.0 - (d_all[:, None] - 1) / expected, 1.0)
    of_cause = np.where(there, tied * before * rise[:, None] / safe, 0.0)
    tied = np.where(other > 1, 1.0 - (other - 1) / np.maximum(n - 1, 1.0), 1.0)
    of_other = np.where(alive & there, tied * before**2 * other / safe**2, 0.0)

    by_cause = a + (1.0 - q)[:, None, :] * to_come
    by_other = q[:, None, :] * to_come
    variance = np.einsum("tik,tjk,tk->ij", by_cause, by_cause, of_cause)
    variance += np.einsum("tik,tjk,tk->ij", by_other, by_other, of_other)
    return score[:-1], variance[:-1, :-1]
