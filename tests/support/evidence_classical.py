"""Classical estimates of a pooled proportion, beside the Bayesian ones and as their check.

The same quantities as R's metafor gives: `escalc(measure="PLO")`, `rma(method="DL" or "REML")` with
or without the Hartung-Knapp adjustment, and `rma.glmm(measure="PLO")`. The golden numbers in
`tests/reference/golden/evidence_classical.json` come from there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from rearm.evidence.pool import Z95

__all__ = ["Classical", "glmm_logit", "logit_proportions", "random_effects"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Classical:
    """On the logit scale: estimate, its standard error and 95 % interval, between-study variance, Q
    of heterogeneity, I2 in percent.
    """

    estimate: float
    se: float
    low: float
    high: float
    tau2: float
    q: float | None = None
    i2: float | None = None


def logit_proportions(events: Sequence[int], n: Sequence[int]) -> tuple[Floats, Floats]:
    """Logit of each proportion and its variance; 1/2 is added to both cells of an arm in which one
    cell is empty.
    """
    x, m = np.asarray(events, dtype=float), np.asarray(n, dtype=float)
    if (m <= 0).any() or (x < 0).any() or (x > m).any():
        raise ValueError("events must lie between 0 and n, and n above 0")
    add = np.where((x == 0) | (x == m), 0.5, 0.0)
    a, b = x + add, m - x + add
    return np.log(a / b), 1 / a + 1 / b


def _reml(y: Floats, v: Floats) -> float:
    """Between-study variance by restricted maximum likelihood, Fisher scoring as in metafor, not
    below 0.
    """
    tau2 = max(0.0, float(np.var(y, ddof=1) - v.mean())) if len(y) > 1 else 0.0
    for _ in range(1000):
        w = 1 / (v + tau2)
        p = np.diag(w) - np.outer(w, w) / w.sum()
        py = p @ y
        change = (py @ py - np.trace(p)) / np.trace(p @ p)
        # A step below 0 is halved until it stays above, and ends on the boundary.
        while tau2 + change < 0 and abs(change) > 1e-14:
            change /= 2
        tau2 = max(0.0, tau2 + float(change))
        if abs(change) < 1e-12:
            break
    return tau2


def random_effects(
    y: Floats, v: Floats, *, method: Literal["DL", "REML"] = "REML", knapp_hartung: bool = False
) -> Classical:
    """Inverse-variance random-effects estimate. With `knapp_hartung` the standard error is scaled
    and the interval uses t quantiles.
    """
    k = len(y)
    w = 1 / v
    fixed = float(w @ y / w.sum())
    q = float(w @ (y - fixed) ** 2)
    c = float(w.sum() - (w**2).sum() / w.sum())
    dl = max(0.0, (q - (k - 1)) / c) if k > 1 else 0.0
    tau2 = dl if method == "DL" else _reml(y, v)
    weight = 1 / (v + tau2)
    estimate = float(weight @ y / weight.sum())
    se = 1 / math.sqrt(float(weight.sum()))
    crit = Z95
    if knapp_hartung:
        se *= math.sqrt(float(weight @ (y - estimate) ** 2) / (k - 1))
        crit = _t975(k - 1)
    typical = (k - 1) * float(w.sum()) / float(w.sum() ** 2 - (w**2).sum()) if k > 1 else math.nan
    i2 = 100 * tau2 / (tau2 + typical) if k > 1 else 0.0
    return Classical(estimate, se, estimate - crit * se, estimate + crit * se, tau2, q, i2)


def _t975(df: int) -> float:
    """97.5 % quantile of Student's t, by bisection on its integral: numpy has none."""
    log_c = math.lgamma((df + 1) / 2) - math.lgamma(df / 2) - 0.5 * math.log(df * math.pi)
    node, weight = np.polynomial.legendre.leggauss(200)

    def upper_half(t: float) -> float:
        x = 0.5 * t * (node + 1)
        return float(0.5 * t * weight @ np.exp(log_c - 0.5 * (df + 1) * np.log1p(x**2 / df)))

    low, high = 1.9, 13.0
    for _ in range(80):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if upper_half(middle) < 0.475 else (low, middle)
    return 0.5 * (low + high)


def glmm_logit(events: Sequence[int], n: Sequence[int]) -> Classical:
    """Binomial-normal model by maximum likelihood: logit of each arm's proportion is Normal(mu,
    tau2), counts are binomial.

    The integral over each arm is Gauss-Hermite around its mode; the maximum is found on the profile
    of tau by golden section.
    """
    x, m = np.asarray(events, dtype=float), np.asarray(n, dtype=float)
    node, weight = np.polynomial.hermite.hermgauss(40)

    def log_likelihood(mu: float, tau: float) -> float:
        if tau < 1e-8:
            return float((x * mu - m * np.logaddexp(0, mu)).sum())
        u = np.zeros_like(x)
        for _ in range(60):  # mode of each arm's integrand in u = (theta - mu) / tau
            p = 1 / (1 + np.exp(-(mu + tau * u)))
            step = (tau * (x - m * p) - u) / (tau**2 * m * p * (1 - p) + 1)
            u = u + np.clip(step, -2, 2)
            if np.abs(step).max() < 1e-9:
                break
        p = 1 / (1 + np.exp(-(mu + tau * u)))
        scale = np.sqrt(2 / (tau**2 * m * p * (1 - p) + 1))
        z = u[:, None] + scale[:, None] * node
        theta = mu + tau * z
        log_f = x[:, None] * theta - m[:, None] * np.logaddexp(0, theta) - 0.5 * z**2 + node**2
        top = log_f.max(axis=1)
        inner = np.exp(log_f - top[:, None]) @ weight
        return float((top + np.log(inner * scale / math.sqrt(2 * math.pi))).sum())

    def best_mu(tau: float) -> float:
        return _maximise(lambda mu: log_likelihood(mu, tau), -12.0, 12.0)

    tau = _maximise(lambda t: log_likelihood(best_mu(t), t), 0.0, 5.0, tolerance=1e-6)
    if log_likelihood(best_mu(0.0), 0.0) >= log_likelihood(best_mu(tau), tau):
        tau = 0.0
    mu = best_mu(tau)
    h = 1e-3

    def at(i: int, j: int) -> float:
        return log_likelihood(mu + i * h, tau + j * h)

    a = (at(1, 0) - 2 * at(0, 0) + at(-1, 0)) / h**2
    if tau > 2 * h:  # mu and tau together, as the observed information says
        b = (at(0, 1) - 2 * at(0, 0) + at(0, -1)) / h**2
        c = (at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1)) / (4 * h**2)
        a -= c**2 / b
    se = 1 / math.sqrt(-a)
    return Classical(mu, se, mu - Z95 * se, mu + Z95 * se, tau**2)


def _maximise(
    f: Callable[[float], float], low: float, high: float, tolerance: float = 1e-7
) -> float:
    """Golden-section maximum of a function with one peak."""
    ratio = (math.sqrt(5) - 1) / 2
    a, b = high - ratio * (high - low), low + ratio * (high - low)
    fa, fb = f(a), f(b)
    while high - low > tolerance:
        if fa >= fb:
            high, b, fb = b, a, fa
            a = high - ratio * (high - low)
            fa = f(a)
        else:
            low, a, fa = a, b, fb
            b = low + ratio * (high - low)
            fb = f(b)
    return 0.5 * (low + high)
