"""Cohorts of virtual patients and their endpoints, as a trial would report them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rearm.mechanism.data import CHANNELS
from rearm.mechanism.observe import NEVER, grid, progression, rules, scale_prior
from rearm.mechanism.parameters import Mechanisms, PatientMix
from rearm.mechanism.population import Dose, Draws, Simulation, generator, inputs, simulate

__all__ = [
    "MONTH",
    "Cohort",
    "Patients",
    "best_level",
    "cohort",
    "endpoints",
    "landmark",
    "median_time",
    "patients",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
MONTH = 30.4375
BLOCK = 1024  # patients per block of random numbers
LIMIT_OF_QUANTIFICATION = 50.0  # CAR copies per ug DNA, the usual one
OUTPUTS = (
    "m_protein",
    "flc",
    "sbcma_tumour",
    "sbcma_normal",
    "car",
    "T_pp",
    "T_pn",
    "T_sanctuary",
    "burden",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patients:
    """Virtual patients before any simulation.

    `scales`: logarithm of the marker levels; `death`: day of death without progression.
    """

    draws: Draws
    scales: Floats
    death: Floats

    def __len__(self) -> int:
        return len(self.draws)

    def rows(self, which: Ints) -> Patients:
        """Some of the patients."""
        d = self.draws
        return Patients(
            draws=Draws(d.z[which], d.mechanism[which], d.u[which]),
            scales=self.scales[which],
            death=self.death[which],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """Simulated patients with what the criteria say."""

    patients: Patients
    simulation: Simulation  # on the days of `grid` and, where asked for, early days
    values: Mapping[str, Floats]  # clipped parameters
    progression: Floats
    level: Ints


def patients(
    m: Mechanisms,
    product: str,
    n: int,
    seed: int,
    *,
    mix: PatientMix | None = None,
    first: int = 0,
) -> Patients:
    """`n` patients with measurable disease and a day of death.

    `mix`: who they are (None: the product's own patients). Blocks of random numbers are keyed by
    seed and block number, so patient `first + i` is the same whatever else is drawn.
    """
    mix = m.mix(product) if mix is None else mix
    prior = m.prior(product, extra=mix.shifts)
    blocks = [
        _block(m, mix, prior, generator(seed, 10, block))
        for block in range(first // BLOCK, -(-(first + n) // BLOCK))
    ]
    everybody = Patients(
        draws=Draws(
            np.concatenate([b.draws.z for b in blocks]),
            np.concatenate([b.draws.mechanism for b in blocks]),
            np.concatenate([b.draws.u for b in blocks]),
        ),
        scales=np.concatenate([b.scales for b in blocks]),
        death=np.concatenate([b.death for b in blocks]),
    )
    return everybody.rows(np.arange(first % BLOCK, first % BLOCK + n))


def _block(
    m: Mechanisms, mix: PatientMix, prior: tuple[Floats, Floats], rng: np.random.Generator
) -> Patients:
    limit = rules()
    mean, sd = prior
    mechanism = np.searchsorted(np.cumsum(mix.shares), rng.uniform(size=BLOCK))
    mechanism = mechanism.clip(0, len(mix.shares) - 1).astype(np.int64)
    z = mean[mechanism] + sd[mechanism] * rng.standard_normal((BLOCK, len(m.varying)))
    u = rng.uniform(size=(BLOCK, 5))
    burden = np.exp(z[:, m.varying.index("B0")])
    mu, tau = scale_prior(m, burden, one_laboratory=True)
    scales = mu + tau * rng.standard_normal(mu.shape)
    for _ in range(60):  # trials and registries take measurable disease
        serum, chain = np.exp(scales[:, 0]), np.exp(scales[:, 1])
        not_measurable = (serum < limit.serum_measurable) & (chain < limit.chain_measurable)
        if not not_measurable.any():
            break
        again = rng.standard_normal((int(not_measurable.sum()), 2))
        scales[not_measurable, :2] = mu[not_measurable, :2] + tau[:2] * again
    never = np.full(BLOCK, NEVER)
    death = rng.exponential(1.0, BLOCK) / mix.death if mix.death > 0 else never
    return Patients(draws=Draws(z, mechanism, u), scales=scales, death=death)


def cohort(
    m: Mechanisms,
    product: str,
    group: Patients,
    *,
    months: float = 60.0,
    early: bool = False,
    dose: float | None = None,
) -> Cohort:
    """Simulate the first infusion for everybody and judge progression.

    `early` adds every day of the first four weeks; `dose` in 1e9 cells (None: the product's usual
    one).
    """
    first = Dose(day=0.0, cells=m.doses[product] if dose is None else dose)
    x = inputs(m, group.draws, first=first)
    judged = grid(months * MONTH)
    days = judged
    if early:
        days = np.unique(np.concatenate([judged, np.arange(0.0, 29.0), [60.0, 100.0]]))
    sim = simulate(x, days, OUTPUTS)
    pd_day, level = progression(sim.on(judged), group.scales)
    return Cohort(patients=group, simulation=sim, values=x.values, progression=pd_day, level=level)


def best_level(level: Ints) -> Ints:
    """Best response that two visits in a row carry, before progression; 0 where it came first."""
    pair = np.minimum(level[:, 1:-1], level[:, 2:])
    return np.asarray(pair.max(axis=1))


def median_time(days: Floats) -> float:
    """Median of event times in months, all followed to the end; inf if under half had the event."""
    middle = float(np.median(days))
    return math.inf if middle >= NEVER / 10 else middle / MONTH


def landmark(days: Floats, month: float) -> float:
    """Share without the event at `month`, in percent."""
    return 100.0 * float((days > month * MONTH).mean())


def endpoints(m: Mechanisms, c: Cohort) -> dict[str, float]:
    """What a trial reports: responses (%), PFS (death counts), duration of response (months).

    And kinetics where early days were simulated.
    """
    level = best_level(c.level)
    pfs = np.minimum(c.progression, c.patients.death)
    out = {
        "orr": 100.0 * float((level >= 3).mean()),
        "vgpr": 100.0 * float((level >= 4).mean()),
        "cr": 100.0 * float((level >= 5).mean()),
        "pfs_median": median_time(pfs),
        **{f"pfs_{k}": landmark(pfs, k) for k in (6, 12, 18, 24, 30, 60)},
        **_response_times(c, level >= 3, pfs),
    }
    if (c.simulation.days <= 28).sum() >= 28:
        out |= _kinetics(c)
    return out


def _response_times(c: Cohort, responder: npt.NDArray[np.bool_], pfs: Floats) -> dict[str, float]:
    """Duration of response and time to it, in months; nothing where nobody responded."""
    if not responder.any():
        return {}
    judged = grid(c.simulation.days[-1])
    first = judged[(c.level[responder] >= 3).argmax(axis=1)]
    free = pfs[responder] >= NEVER / 10
    return {
        "dor_median": median_time(np.where(free, NEVER, pfs[responder] - first)),
        "time_to_response": float(np.median(first)) / MONTH,
    }


def _kinetics(c: Cohort) -> dict[str, float]:
    """CAR copies (per ug DNA, days) and soluble BCMA relative to day 0."""
    days = c.simulation.days
    month, half_year = days <= 28, days <= 183
    copies = np.exp(c.patients.scales[:, CHANNELS.index("car")])[:, None] * c.simulation["car"]
    peak, top = copies.max(axis=1), copies.argmax(axis=1)
    area = np.trapezoid(copies[:, month], days[month], axis=1)
    gone = copies < LIMIT_OF_QUANTIFICATION
    gone[:, :5] = False
    after = gone & (np.arange(len(days)) > top[:, None])
    shed = (
        np.exp(c.patients.scales[:, CHANNELS.index("sbcma")])[:, None]
        * c.simulation["sbcma_tumour"]
        + c.values["pc_scale"][:, None] * c.simulation["sbcma_normal"]
    )
    return {
        "tmax_median": float(np.median(days[top])),
        "cmax_mean": float(peak.mean()),
        "cmax_sd": float(peak.std()),
        "auc28_mean": float(area.mean()),
        "auc28_over_cmax": float(np.median(area / peak)),
        "auc6m_mean": float(np.trapezoid(copies[:, half_year], days[half_year], axis=1).mean()),
        "below_limit_median": float(
            np.median(np.where(after.any(axis=1), days[after.argmax(axis=1)], np.inf))
        ),
        **{
            f"sbcma_{day}": float(np.median(shed[:, int(np.searchsorted(days, day))] / shed[:, 0]))
            for day in (7, 28, 100)
        },
    }
