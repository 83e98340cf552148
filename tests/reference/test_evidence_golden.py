"""Pooled estimates against R: metafor for the classical ones, a plain grid for the Bayesian ones
(`scripts/evidence_golden.R`).
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support.evidence_classical import glmm_logit, logit_proportions, random_effects
from tests.support.loops import some

from rearm.evidence.pool import LOG_MONTHS, LOGIT
from rearm.evidence.quadrature import binomial_likelihood, normal_likelihood, posterior, spread

GOLDEN = Path(__file__).parent / "golden"
CLASSICAL: dict[str, Any] = json.loads((GOLDEN / "evidence_classical.json").read_text())
BAYES: dict[str, Any] = json.loads((GOLDEN / "evidence_bayes.json").read_text())
CASES = [name for name in CLASSICAL if name != "metafor"]


@pytest.mark.parametrize("name", CASES)
def test_logits_and_variances_equal_escalc(name: str) -> None:
    case = CLASSICAL[name]
    y, v = logit_proportions(case["events"], case["n"])
    assert y == pytest.approx(case["yi"], abs=1e-9)
    assert v == pytest.approx(case["vi"], abs=1e-9)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("method", ["DL", "REML", "HKSJ"])
def test_random_effects_equal_rma(name: str, method: str) -> None:
    case = CLASSICAL[name]
    y, v = logit_proportions(case["events"], case["n"])
    got = random_effects(
        y, v, method="DL" if method == "DL" else "REML", knapp_hartung=method == "HKSJ"
    )
    for field, wanted in some(case[method].items()):
        assert getattr(got, field) == pytest.approx(wanted, abs=1e-6), field


@pytest.mark.parametrize("name", CASES)
def test_binomial_normal_model_equals_rma_glmm(name: str) -> None:
    case = CLASSICAL[name]
    got = glmm_logit([int(x) for x in case["events"]], [int(n) for n in case["n"]])
    assert got.estimate == pytest.approx(case["GLMM"]["estimate"], abs=1e-3)
    assert got.se == pytest.approx(case["GLMM"]["se"], abs=1e-3)
    assert got.tau2 == pytest.approx(case["GLMM"]["tau2"], abs=1e-3)


@pytest.mark.parametrize("name", list(BAYES))
def test_posterior_equals_a_plain_grid(name: str) -> None:
    case = BAYES[name]
    grid = LOGIT.grid
    logs = [
        spread(binomial_likelihood(int(x), int(n), grid), grid)
        for x, n in zip(case["events"], case["n"], strict=True)
    ]
    got = posterior(np.sum(logs, axis=0), grid)
    for probability, mean, new in zip(
        (0.5, 0.025, 0.975), case["mean"], case["new_centre"], strict=True
    ):
        assert LOGIT.back(got.quantile(probability)) == pytest.approx(mean, abs=1e-3)
        assert LOGIT.back(got.new_quantile(probability)) == pytest.approx(new, abs=1e-3)
    assert got.tau_mean == pytest.approx(case["tau"], abs=1e-3)


def test_medians_equal_the_closed_form_given_tau() -> None:
    """Two normal estimates: given tau the posterior of mu is normal; averaging it over a fine tau
    grid must give the same quantiles.
    """
    grid = LOG_MONTHS.grid
    medians, errors = np.log([3.6, 7.7]), np.array([0.3, 0.15])
    got = posterior(
        np.sum(
            [
                spread(normal_likelihood(m, s, grid), grid)
                for m, s in zip(medians, errors, strict=True)
            ],
            axis=0,
        ),
        grid,
    )
    x = np.linspace(grid.mean - 6, grid.mean + 6, 24001)
    density = np.zeros_like(x)
    for tau in np.linspace(0.0005, 5 * grid.tau_scale, 2000):
        v = errors**2 + tau**2
        precision = (1 / v).sum() + 1 / grid.sd**2
        mean = ((medians / v).sum() + grid.mean / grid.sd**2) / precision
        # evidence for this tau: both estimates jointly normal around the prior mean
        covariance = np.diag(v) + grid.sd**2
        off = medians - grid.mean
        evidence = math.exp(-0.5 * off @ np.linalg.solve(covariance, off)) / math.sqrt(
            np.linalg.det(covariance)
        )
        weight = evidence * math.exp(-0.5 * (tau / grid.tau_scale) ** 2)
        density += weight * math.sqrt(precision) * np.exp(-0.5 * precision * (x - mean) ** 2)
    cumulative = np.cumsum(density) / density.sum()
    for probability in (0.025, 0.5, 0.975):
        assert got.quantile(probability) == pytest.approx(
            np.interp(probability, cumulative, x), abs=1e-3
        )
