"""Cohorts of virtual patients and their endpoints, as a trial would report them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rearm.mechanism.data import CHANNELS
from rearm.mechanism.observe import NEVER, grid, progression, rules, scale_prior
from rearm.mechanism.parameters import Mechanisms, Shift
from rearm.mechanism.population import Dose, Draws, Simulation, generator, inputs, simulate

__all__ = [
    "MONTH",
    "Cohort",
    "Patients",
    "best_level",
    "by_mechanism",
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


@dataclass(frozen=True, slots=True)
class Patients:
    """Virtual patients before any simulation: draws, marker levels (log scale), day of death
    without progression (NEVER: none).
    """

    draws: Draws
    scales: Floats
    death: Floats
    start_at: int = 0

    def __len__(self) -> int:
        return len(self.draws)


@dataclass(frozen=True, slots=True)
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
    shares: Floats | None = None,
    extra: Mapping[str, Shift] | None = None,
    death: float | None = None,
    first: int = 0,
) -> Patients:
    """`n` patients of a mixed population: mechanism by `shares` (the product's own where None),
    measurable disease, day of death.

    Blocks of random numbers are keyed by seed and block number, so patient `first + i` is the same
    whatever else is drawn.
    """
    w = m.shares(product) if shares is None else shares
    mean, sd = m.prior(product, extra=extra)
    limit = rules()
    hazard = m.death[product] if death is None else death
    z: list[Floats] = []
    mechanism: list[Ints] = []
    u: list[Floats] = []
    scales: list[Floats] = []
    died: list[Floats] = []
    for block in range(first // BLOCK, -(-(first + n) // BLOCK)):
        rng = generator(seed, 10, block)
        c = np.searchsorted(np.cumsum(w), rng.uniform(size=BLOCK)).clip(0, len(w) - 1)
        zz = mean[c] + sd[c] * rng.standard_normal((BLOCK, len(m.varying)))
        uu = rng.uniform(size=(BLOCK, 5))
        burden = np.exp(zz[:, m.varying.index("B0")])
        mu, tau = scale_prior(m, burden, one_laboratory=True)
        ss = mu + tau * rng.standard_normal(mu.shape)
        for _ in range(60):  # trials and registries take measurable disease
            bad = (np.exp(ss[:, 0]) < limit[7]) & (np.exp(ss[:, 1]) < limit[8])
            if not bad.any():
                break
            ss[bad, :2] = mu[bad, :2] + tau[:2] * rng.standard_normal((int(bad.sum()), 2))
        dd = rng.exponential(1.0, BLOCK) / hazard if hazard > 0 else np.full(BLOCK, NEVER)
        z.append(zz)
        mechanism.append(c.astype(np.int64))
        u.append(uu)
        scales.append(ss)
        died.append(dd)
    cut = slice(first % BLOCK, first % BLOCK + n)
    drawn = Draws(np.concatenate(z)[cut], np.concatenate(mechanism)[cut], np.concatenate(u)[cut])
    return Patients(drawn, np.concatenate(scales)[cut], np.concatenate(died)[cut], first)


def cohort(
    m: Mechanisms,
    product: str,
    group: Patients,
    *,
    months: float = 60.0,
    early: bool = False,
    dose: float | None = None,
) -> Cohort:
    """Simulate the first infusion for everybody and judge progression; `early` adds every day of
    the first four weeks.
    """
    first = Dose(day=0.0, cells=m.doses[product] if dose is None else dose)
    params, start, threshold, value = inputs(m, group.draws, first=first)
    judged = grid(months * MONTH)
    days = (
        np.unique(np.concatenate([judged, np.arange(0.0, 29.0), [60.0, 100.0]]))
        if early
        else judged
    )
    sim = simulate(params, start, threshold, days, OUTPUTS)
    at = np.searchsorted(days, judged)
    part = Simulation(np.ascontiguousarray(sim.values[:, at]), judged, sim.outputs, sim.steps)
    pd_day, level = progression(m, part, group.scales)
    return Cohort(group, sim, value, pd_day, level)


def best_level(level: Ints) -> Ints:
    """Best response that two visits in a row carry, before progression; 0 where progression came
    first.
    """
    pair = np.minimum(level[:, 1:-1], level[:, 2:])
    return np.asarray(pair.max(axis=1))


def median_time(days: Floats) -> float:
    """Median of event times in months (all are followed to the end; inf where fewer than half had
    the event).
    """
    middle = float(np.median(days))
    return math.inf if middle >= NEVER / 10 else middle / MONTH


def landmark(days: Floats, month: float) -> float:
    """Share without the event at `month`, in percent."""
    return 100.0 * float((days > month * MONTH).mean())


def endpoints(m: Mechanisms, c: Cohort) -> dict[str, float]:
    """What a trial reports: responses (%), PFS (death counts), duration of response (months),
    kinetics where early days were simulated.
    """
    level = best_level(c.level)
    pfs = np.minimum(c.progression, c.patients.death)
    responder = level >= 3
    out = {
        "orr": 100.0 * float(responder.mean()),
        "vgpr": 100.0 * float((level >= 4).mean()),
        "cr": 100.0 * float((level >= 5).mean()),
        "pfs_median": median_time(pfs),
        **{f"pfs_{k}": landmark(pfs, k) for k in (6, 12, 18, 24, 30, 60)},
    }
    judged = grid(c.simulation.days[-1])
    if responder.any():
        first = judged[(c.level[responder] >= 3).argmax(axis=1)]
        out["dor_median"] = median_time(
            np.where(pfs[responder] >= NEVER / 10, NEVER, pfs[responder] - first)
        )
        out["time_to_response"] = float(np.median(first)) / MONTH
    days = c.simulation.days
    month = np.flatnonzero(days <= 28)
    if len(month) >= 28:
        copies = np.exp(c.patients.scales[:, CHANNELS.index("car")])[:, None] * c.simulation["car"]
        peak = copies.max(axis=1)
        top = copies.argmax(axis=1)
        out |= {
            "tmax_median": float(np.median(days[top])),
            "cmax_mean": float(peak.mean()),
            "cmax_sd": float(peak.std()),
            "auc28_mean": float(np.trapezoid(copies[:, month], days[month], axis=1).mean()),
            "auc28_over_cmax": float(
                np.median(np.trapezoid(copies[:, month], days[month], axis=1) / peak)
            ),
        }
        six = np.flatnonzero(days <= 183)
        out["auc6m_mean"] = float(np.trapezoid(copies[:, six], days[six], axis=1).mean())
        limit = 50.0  # copies/ug: usual limit of quantification
        gone = copies < limit
        gone[:, :5] = False
        after = gone & (np.arange(len(days)) > top[:, None])
        out["below_limit_median"] = float(
            np.median(np.where(after.any(axis=1), days[after.argmax(axis=1)], np.inf))
        )
        rel = (
            np.exp(c.patients.scales[:, 2])[:, None] * c.simulation["sbcma_tumour"]
            + c.values["pc_scale"][:, None] * c.simulation["sbcma_normal"]
        )
        for day in (7, 28, 100):
            out[f"sbcma_{day}"] = float(
                np.median(rel[:, int(np.searchsorted(days, day))] / rel[:, 0])
            )
    return out


def by_mechanism(m: Mechanisms, product: str, n: int, seed: int, **options: float) -> list[Cohort]:
    """One cohort for each mechanism alone: a mixed population is their mixture."""
    unit = np.eye(len(m.names))
    cohorts = []
    for i in range(len(m.names)):
        drawn = patients(m, product, n, seed + 1000 * i, shares=unit[i])
        cohorts.append(cohort(m, product, drawn, **options))  # type: ignore[arg-type]
    return cohorts
