"""Limits cover the truth with delayed entry and ties: simulated registries whose curves are known.

Nothing in R gives Aalen's variance with delayed entry; so it is held to the truth, and to the
variance of Greenwood's kind that `state_occupation` shares with etm.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.reference.test_survival_golden import DATA

from rearm.cohort.survival import (
    Estimate,
    FollowUp,
    Stays,
    cumulative_incidence,
    kaplan_meier,
    restricted_mean,
    state_occupation,
)

DAY, MEAN, OTHER, REGISTRIES = 180, 300.0, 700.0, 2000


def _registry(rng: np.random.Generator) -> FollowUp:
    """About 150 patients, 60 % under observation from a later day on, days rounded up."""
    n = 200
    entry = np.where(rng.random(n) < 0.6, rng.integers(1, 150, n), 0)
    first, second = rng.exponential(MEAN, n), rng.exponential(OTHER, n)
    end = entry + rng.uniform(30, 600, n)
    t = np.minimum(np.minimum(first, second), end)
    cause = np.where(t == first, 1, np.where(t == second, 2, 0))
    last = np.ceil(t).astype(int)
    seen = last > entry
    return FollowUp.of(entry=entry[seen], exit=last[seen], cause=cause[seen])


def _holds(got: Estimate, truth: float) -> bool:
    assert got.low is not None and got.high is not None
    return got.low <= truth <= got.high


def test_limits_cover_the_truth() -> None:
    rate = 1 / MEAN + 1 / OTHER
    free = math.exp(-rate * DAY)
    truth = {
        "survival": free,
        "incidence": (1 / MEAN) / rate * (1 - free),
        # the share free at the end of day t is exp(-rate t): each day counts from its beginning
        "mean": sum(math.exp(-rate * t) for t in range(DAY)),
        "median": math.ceil(math.log(2) / rate),
    }
    rng = np.random.default_rng(5)
    covered = dict.fromkeys(truth, 0)
    squared, error = 0.0, 0.0
    for _ in range(REGISTRIES):
        follow_up = _registry(rng)
        curve, had = kaplan_meier(follow_up), cumulative_incidence(follow_up, cause=1)
        got = {
            "survival": curve.on(DAY),
            "incidence": had.on(DAY),
            "mean": restricted_mean(curve, DAY),
            "median": curve.median(),
        }
        for name, true in truth.items():
            covered[name] += _holds(got[name], true)
        value, spread = had.on(DAY).value, had.on(DAY).standard_error
        assert value is not None and spread is not None
        squared += (value - truth["incidence"]) ** 2
        error += spread**2
    share = {name: times / REGISTRIES for name, times in covered.items()}
    assert all(0.93 <= x <= 0.97 for x in share.values()), share
    # the mean of the estimated variances is the variance that the estimates have
    assert 0.9 < error / squared < 1.1, error / squared


@pytest.mark.parametrize("name", ["trial", "ties", "truncation"])
def test_two_kinds_of_variance_are_close(name: str) -> None:
    case = DATA[name]
    columns = zip(case["entry"], case["exit"], case["cause"], strict=True)
    ends = ("0", "1", "2", "3", "never")
    stays = Stays.of(
        [(i, "0", ends[c] if c else None, e, x) for i, (e, x, c) in enumerate(columns)], ends
    )
    greenwood = state_occupation(stays)
    aalen = cumulative_incidence(
        FollowUp.of(entry=case["entry"], exit=case["exit"], cause=case["cause"]), cause=1
    )
    told = (aalen.at_risk >= 20) & (aalen.incidence > 0)
    ratio = aalen.standard_error[told] / greenwood.standard_error[told, 1]
    assert told.sum() > 5
    assert ((ratio > 0.98) & (ratio < 1.03)).all(), (ratio.min(), ratio.max())
