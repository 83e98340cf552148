"""Do the intervals hold what they promise? Run from the root: `python scripts/evidence_simulation.py`, well under a minute.

2,000 analyses are drawn from the priors (average centre, spread between centres, arms of mixed size) and pooled as the product pools
them. The 95 % intervals for the average centre and for a new centre must cover the drawn truth in 93.5 to 96.5 % of the analyses;
otherwise the exit status is 1. Coverage at fixed spreads, and with borrowing from less direct settings (where the cap makes the
interval wider on purpose), is printed beside it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np

from rearm.evidence.pool import BORROWING_CAP, LOGIT, borrowed
from rearm.evidence.quadrature import Floats, binomial_likelihood, posterior, spread

SEED = 20250115
ANALYSES = 2000
ARM_COUNTS = (1, 2, 3, 5, 8)
ARM_SIZES = (4, 8, 12, 20, 28, 37, 60, 100, 150, 200)
GRID = LOGIT.grid

Rng = np.random.Generator


def _expit(x: float) -> float:
    return float(1 / (1 + np.exp(-x)))


def draw_arms(rng: Rng, mu: float, tau: float, count: int) -> list[Floats]:
    """Log likelihoods over (tau, mu) of simulated arms around mu."""
    rows = []
    for _ in range(count):
        n = int(rng.choice(ARM_SIZES))
        rows.append(spread(binomial_likelihood(int(rng.binomial(n, _expit(rng.normal(mu, tau)))), n, GRID), GRID))
    return rows


def coverage(rng: Rng, truth: Callable[[Rng], tuple[float, float]], analyses: int, *, borrow: bool = False) -> tuple[float, float, float]:
    """Share of analyses whose 95 % interval holds the truth, for the average centre and for a new one; share where the cap acted."""
    mean = new = capped = 0
    for index in range(analyses):
        mu, tau = truth(rng)
        direct = np.sum(draw_arms(rng, mu, tau, ARM_COUNTS[index % len(ARM_COUNTS)]), axis=0)
        extra, power = None, 1.0
        if borrow:
            lenders = {}
            for kind, (worse, better) in LOGIT.offsets.items():
                side = better if rng.random() < better / (worse + better) else -worse
                offset = side * abs(rng.normal())
                lenders[kind] = draw_arms(rng, mu + offset, abs(rng.normal()) * GRID.tau_scale, int(rng.integers(1, 5)))
            extra, _, power = borrowed(direct, lenders, LOGIT)
        result = posterior(direct, GRID, extra)
        mean += result.quantile(0.025) <= mu <= result.quantile(0.975)
        new += result.new_quantile(0.025) <= rng.normal(mu, tau) <= result.new_quantile(0.975)
        capped += power < 1
    return 100 * mean / analyses, 100 * new / analyses, 100 * capped / analyses


def from_priors(rng: Rng) -> tuple[float, float]:
    return rng.normal(GRID.mean, GRID.sd), abs(rng.normal()) * GRID.tau_scale


def fixed(tau: float) -> Callable[[Rng], tuple[float, float]]:
    return lambda rng: (rng.normal(GRID.mean, GRID.sd), tau)


def main() -> int:
    start = time.perf_counter()
    rng = np.random.default_rng(SEED)
    mean, new, _ = coverage(rng, from_priors, ANALYSES)
    print(f"{ANALYSES} analyses drawn from the priors: average centre {mean:.1f} %, new centre {new:.1f} % (95 % wanted)")
    for tau in (0.0, 0.25, 0.5, 1.0):
        at, at_new, _ = coverage(rng, fixed(tau), 500)
        print(f"  spread fixed at {tau:4.2f}: average centre {at:.1f} %, new centre {at_new:.1f} % of 500")
    lent, lent_new, capped = coverage(rng, from_priors, 500, borrow=True)
    print(f"  with borrowing: average centre {lent:.1f} %, new centre {lent_new:.1f} % of 500")
    print(f"    (the cap of {BORROWING_CAP:.0%} acted in {capped:.0f} %)")
    print(f"{time.perf_counter() - start:.0f} s")
    held = all(93.5 <= value <= 96.5 for value in (mean, new))
    print("held" if held else "NOT held: outside 93.5 to 96.5 %")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
