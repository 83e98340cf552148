"""Importance sampling over mechanisms: stages of draws, each proposed where the last ones fitted,
all combined by their mixture density.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from rearm.mechanism.parameters import Mechanisms
from rearm.mechanism.population import Draws, generator

__all__ = ["Stages", "ess", "normalised"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
AIM = 300.0  # draws that count when the shares of the mechanisms in a stage are set
AIM_EACH = 200.0  # the same within one mechanism
EXPLORE = 0.4  # share of a stage's draws that goes to all mechanisms alike
CHANCE = 0.5  # 1 leaves proposals too wide: fewer draws count after as many stages
SPREAD = (
    0.02,
    4.0,
)  # variance of a proposal along a direction, in units of the prior: no narrower, no wider
INFLATE = 1.3  # proposals are this much wider (variance) than what was fitted


def normalised(logw: Floats) -> Floats:
    """Weights adding to 1; all equal where every weight is zero."""
    top = logw.max()
    if not np.isfinite(top):
        return np.full(len(logw), 1.0 / len(logw))
    w: Floats = np.exp(logw - top)
    return np.asarray(w / w.sum())


def ess(w: Floats) -> float:
    """Effective sample size of normalised weights."""
    return float(1.0 / np.sum(w * w))


@dataclass(frozen=True, slots=True)
class _Proposal:
    """One Gaussian for one mechanism of one stage, with the number of draws taken from it."""

    mechanism: int
    count: int
    mean: Floats
    root: Floats  # lower Cholesky factor

    def log_density(self, z: Floats) -> Floats:
        y = np.linalg.solve(self.root, (z - self.mean).T)
        d = len(self.mean)
        return np.asarray(
            -0.5 * (y * y).sum(axis=0)
            - np.log(np.diag(self.root)).sum()
            - 0.5 * d * np.log(2.0 * np.pi)
        )


@dataclass(slots=True)
class Stages:
    """Draws of all stages with their log likelihood; `weights()` combines them (deterministic
    mixture, exact for any set of proposals).
    """

    m: Mechanisms
    product: str
    seed: int
    prior_mean: Floats = field(init=False)
    prior_sd: Floats = field(init=False)
    shares: Floats = field(init=False)
    draws: list[Draws] = field(default_factory=list)
    loglik: list[Floats] = field(default_factory=list)
    proposals: list[_Proposal] = field(default_factory=list)
    mixture: list[Floats] = field(
        default_factory=list
    )  # of each stage's draws: log of the sum of the proposals' densities times counts

    def __post_init__(self) -> None:
        self.prior_mean, self.prior_sd = self.m.prior(self.product)
        self.shares = self.m.shares(self.product)

    @property
    def z(self) -> Floats:
        return np.concatenate([d.z for d in self.draws])

    @property
    def mechanism(self) -> Ints:
        return np.concatenate([d.mechanism for d in self.draws])

    def log_prior_ratio(self) -> Floats:
        """log of prior density over the mixture of all proposals, for every draw."""
        z, c = self.z, self.mechanism
        x = (z - self.prior_mean[c]) / self.prior_sd[c]
        prior = (
            -0.5 * (x * x).sum(axis=1)
            - np.log(self.prior_sd).sum(axis=1)[c]
            - 0.5 * z.shape[1] * np.log(2.0 * np.pi)
        )
        return np.asarray(np.log(self.shares[c]) + prior - np.concatenate(self.mixture))

    def _mix(self, draws: Draws, mix: Floats, proposals: Sequence[_Proposal]) -> None:
        """Add these proposals to the mixture density of these draws, in place."""
        for p in proposals:
            rows = draws.mechanism == p.mechanism
            if p.count and rows.any():
                mix[rows] = np.logaddexp(mix[rows], np.log(p.count) + p.log_density(draws.z[rows]))

    def log_weights(self) -> Floats:
        return self.log_prior_ratio() + np.concatenate(self.loglik)

    def add(
        self,
        counts: Sequence[int],
        means: Sequence[Floats],
        roots: Sequence[Floats],
        evaluate: Callable[[Draws, int], Floats],
    ) -> None:
        """Draw `counts[c]` patients for mechanism c from the given Gaussian and evaluate their log
        likelihood.
        """
        stage = len(self.draws)
        rng = generator(self.seed, 1, stage)
        parts, labels = [], []
        for c, count in enumerate(counts):
            self.proposals.append(_Proposal(c, int(count), means[c], roots[c]))
            parts.append(means[c] + rng.standard_normal((count, len(means[c]))) @ roots[c].T)
            labels.append(np.full(count, c, dtype=np.int64))
        mechanism = np.concatenate(labels)
        draws = Draws(np.concatenate(parts), mechanism, rng.uniform(size=(len(mechanism), 5)))
        for earlier, mix in zip(self.draws, self.mixture, strict=True):
            self._mix(earlier, mix, self.proposals[-len(counts) :])
        self.mixture.append(np.full(len(mechanism), -np.inf))
        self._mix(draws, self.mixture[-1], self.proposals)
        self.draws.append(draws)
        self.loglik.append(evaluate(draws, stage))

    def from_prior(self, per_mechanism: int, evaluate: Callable[[Draws, int], Floats]) -> None:
        """The first stage: the prior under each mechanism, equally often."""
        n = len(self.m.names)
        self.add(
            [per_mechanism] * n,
            list(self.prior_mean),
            [np.diag(s) for s in self.prior_sd],
            evaluate,
        )

    def adapt(self, total: int, evaluate: Callable[[Draws, int], Floats]) -> None:
        """A further stage: each mechanism is proposed where its own draws fit, most often those
        that fit best so far.

        Each mechanism is tempered by itself: one that few draws have reached yet would otherwise
        stay with its prior, and a single lucky draw of it would outweigh all others.
        """
        base, lik, mechanism, z = (
            self.log_prior_ratio(),
            np.concatenate(self.loglik),
            self.mechanism,
            self.z,
        )
        lik = np.where(np.isfinite(lik), lik, -1e300)
        n = len(self.m.names)
        w = _tempered(base, lik, AIM)
        share = np.array([w[mechanism == c].sum() for c in range(n)])
        counts = [round(total * s) for s in (1.0 - EXPLORE) * share + EXPLORE / n]
        fits = []
        for c in range(n):
            own = mechanism == c
            fits.append(
                _fit(
                    z[own],
                    _tempered(base[own], lik[own], AIM_EACH),
                    self.prior_mean[c],
                    self.prior_sd[c],
                )
            )
        self.add(counts, [mean for mean, _ in fits], [root for _, root in fits], evaluate)


def _tempered(base: Floats, lik: Floats, aim: float) -> Floats:
    """Weights with the likelihood to the largest power (at most 1) at which `aim` draws count."""
    w = normalised(base + lik)
    if ess(w) >= aim:
        return w
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if ess(normalised(base + middle * lik)) >= aim else (low, middle)
    return normalised(base + low * lik)


def _fit(z: Floats, w: Floats, mean: Floats, sd: Floats) -> tuple[Floats, Floats]:
    """(centre, lower Cholesky factor) of the Gaussian that these weighted draws suggest; the prior
    (`mean`, `sd`) where hardly any count.

    One patient's data inform few directions of the parameters. In units of the prior, a direction
    whose spread is near 1 keeps the prior's: the band is `CHANCE` times the one that so few
    independent draws would give by chance (Marchenko and Pastur 1967).
    """
    size = ess(w / w.sum()) if w.sum() > 1e-12 else 0.0
    if size <= 5.0:
        return mean, np.diag(sd)
    own, x = w / w.sum(), (z - mean) / sd
    centre = own @ x
    spread, axes = np.linalg.eigh((own[:, None] * (x - centre)).T @ (x - centre))
    edge = CHANCE * np.sqrt(len(mean) / size)
    spread = np.where(
        (spread > max(1.0 - edge, 0.0) ** 2) & (spread < (1.0 + edge) ** 2), 1.0, spread
    )
    cov = (axes * np.clip(spread, *SPREAD)) @ axes.T * np.outer(sd, sd)
    return mean + sd * centre, np.asarray(np.linalg.cholesky(INFLATE * cov), dtype=np.float64)
