"""Random-effects posteriors by deterministic quadrature.

The model, on a transformed scale (logit for shares, log months for medians): arm i has its own true
value `theta_i ~ Normal(mu, tau)`, and the data of arm i enter through their likelihood as a
function of `theta_i` alone (exact binomial, or normal for a log median). All functions live on one
fine uniform grid, so that "average the likelihood over the spread between centres" is a convolution
with a normal density, done by Fourier transform. The trapezoid rule on such a grid is accurate to
rounding for these smooth functions; the only other nodes are Gauss-Legendre nodes for tau. No
random numbers, no iteration, no scipy.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

__all__ = [
    "Floats",
    "Posterior",
    "PriorGrid",
    "average_over_offset",
    "bayes_factor",
    "binomial_likelihood",
    "marginal",
    "normal_likelihood",
    "posterior",
    "spread",
]

Floats = npt.NDArray[np.float64]

# Below any likelihood that matters, above the rounding noise of the Fourier transform (likelihoods
# are scaled to a maximum of 1).
_FLOOR = 1e-14


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorGrid:
    """Values of the transformed scale, and the priors on it.

    `mean`, `sd`: normal prior of mu. `tau_scale`: scale of the half-normal prior of tau. The grid
    spans `mean` +- `half_width`, far beyond where the prior leaves any weight, because the Fourier
    transform wraps around at its ends.
    """

    mean: float
    sd: float
    tau_scale: float
    half_width: float = 16.0
    points: int = 2048
    tau_nodes: int = 40

    @property
    def x(self) -> Floats:
        return _nodes(self)[0]

    @property
    def step(self) -> float:
        return 2 * self.half_width / self.points

    @property
    def tau(self) -> Floats:
        return _nodes(self)[1]

    @property
    def tau_weight(self) -> Floats:
        """Prior probability of each tau node."""
        return _nodes(self)[2]

    @property
    def log_prior(self) -> Floats:
        """Log prior density of mu, up to a constant."""
        return np.asarray(-0.5 * ((self.x - self.mean) / self.sd) ** 2)


@lru_cache(maxsize=8)
def _nodes(grid: PriorGrid) -> tuple[Floats, Floats, Floats, Floats]:
    x = grid.mean + grid.half_width * (2 * np.arange(grid.points) / grid.points - 1)
    node, weight = np.polynomial.legendre.leggauss(grid.tau_nodes)
    tau = (
        2.5 * grid.tau_scale * (node + 1)
    )  # 0 to 5 scales: beyond lies less than a millionth of the prior
    prior = weight * np.exp(-0.5 * (tau / grid.tau_scale) ** 2)
    frequency = 2 * np.pi * np.fft.rfftfreq(grid.points, grid.step)
    kernel = np.exp(
        -0.5 * np.outer(tau, frequency) ** 2
    )  # Fourier transform of the normal density with each tau
    return x, tau, prior / prior.sum(), kernel


def binomial_likelihood(events: int, n: int, grid: PriorGrid) -> Floats:
    """Likelihood of `events` in `n` over the logit grid, scaled to a maximum of 1.

    `n` = 0 says nothing: 1 everywhere.
    """
    log_p = -np.logaddexp(0.0, -grid.x)
    log_q = -np.logaddexp(0.0, grid.x)
    log_likelihood = events * log_p + (n - events) * log_q
    return np.asarray(np.exp(log_likelihood - log_likelihood.max()))


def normal_likelihood(estimate: float, se: float, grid: PriorGrid) -> Floats:
    """Likelihood of an estimate with a standard error, scaled to a maximum of 1."""
    return np.asarray(np.exp(-0.5 * ((grid.x - estimate) / se) ** 2))


def spread(likelihood: Floats, grid: PriorGrid) -> Floats:
    """Log likelihood of one arm as a function of (tau, mu).

    Its likelihood is averaged over Normal(mu, tau). Shape (..., tau, mu).
    """
    transformed = np.fft.rfft(likelihood, axis=-1)
    smoothed = np.fft.irfft(transformed[..., None, :] * _nodes(grid)[3], n=grid.points, axis=-1)
    return np.asarray(np.log(np.maximum(smoothed, _FLOOR)))


def marginal(log_joint: Floats, grid: PriorGrid) -> Floats:
    """Log likelihood of mu alone, tau averaged over its prior. Shape (mu,)."""
    top = log_joint.max()
    return np.asarray(np.log(np.maximum(grid.tau_weight @ np.exp(log_joint - top), 1e-300)) + top)


def average_over_offset(
    log_likelihood: Floats, worse: float, better: float, grid: PriorGrid
) -> Floats:
    """What data of a less direct setting say about the direct mu.

    mu_less_direct = mu + d, with d averaged over its prior: two half-normals joined at 0 with equal
    height, of scale `better` where the less direct setting does better (the direct value lies
    below) and `worse` where it does worse. `better` is the larger, so the prior is open downwards.

    The prior of d is two half-normals joined at 0 with equal height: scale `better` where the less
    direct setting does better (the direct value lies below), `worse` where it does worse. `better`
    is the larger, so the prior is open downwards.
    """
    d = grid.x - grid.mean
    prior = np.exp(-0.5 * (d / np.where(d > 0, better, worse)) ** 2)
    prior /= prior.sum()
    top = log_likelihood.max()
    kernel = np.conj(np.fft.rfft(np.fft.ifftshift(prior)))
    averaged = np.fft.irfft(np.fft.rfft(np.exp(log_likelihood - top)) * kernel, n=grid.points)
    return np.asarray(np.log(np.maximum(averaged, _FLOOR)))


def bayes_factor(log_joint: Floats, log_extra: Floats, grid: PriorGrid) -> float:
    """The Bayes factor of the prior that `log_extra` has sharpened, against the prior alone.

    How many times likelier the data behind `log_joint` are with it.
    """
    evidence = np.exp(marginal(log_joint, grid) - log_joint.max())
    prior = np.exp(grid.log_prior)
    sharpened = np.exp(grid.log_prior + log_extra - (grid.log_prior + log_extra).max())
    return float((evidence @ sharpened / sharpened.sum()) / (evidence @ prior / prior.sum()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Posterior:
    """Posterior of mu (the average centre), of tau and of a new centre, on the grid's scale."""

    grid: PriorGrid
    mu: Floats
    new: Floats
    tau_mean: float

    def quantile(self, probability: float) -> float:
        return _quantile(self.mu, self.grid, probability)

    def new_quantile(self, probability: float) -> float:
        return _quantile(self.new, self.grid, probability)

    @property
    def variance(self) -> float:
        return _variance(self.mu, self.grid)


def _variance(density: Floats, grid: PriorGrid) -> float:
    x = grid.x - grid.mean
    first = float(density @ x) * grid.step
    return float(density @ x**2) * grid.step - first**2


def _quantile(density: Floats, grid: PriorGrid, probability: float) -> float:
    middle = 0.5 * (density[1:] + density[:-1]) * grid.step
    cumulative = np.concatenate(([0.0], np.cumsum(middle)))
    return float(np.interp(probability * cumulative[-1], cumulative, grid.x))


def posterior(log_joint: Floats, grid: PriorGrid, log_extra: Floats | None = None) -> Posterior:
    """Posterior from the summed log likelihood over (tau, mu) of the arms.

    `log_extra` is a further log likelihood of mu: borrowed data.
    """
    log_density = log_joint + grid.log_prior
    if log_extra is not None:
        log_density = log_density + log_extra
    joint = np.exp(log_density - log_density.max()) * grid.tau_weight[:, None]
    joint /= joint.sum() * grid.step
    smoothed = np.fft.irfft(
        (np.fft.rfft(joint, axis=-1) * _nodes(grid)[3]).sum(axis=0), n=grid.points
    )
    return Posterior(
        grid=grid,
        mu=joint.sum(axis=0),
        new=np.maximum(smoothed, 0.0),
        tau_mean=float(joint.sum(axis=1) @ grid.tau) * grid.step,
    )
