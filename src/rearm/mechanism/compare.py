"""The virtual population beside published results: which targets were fitted, which only predicted,
and by how much they are missed.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np

from rearm.mechanism.parameters import Mechanisms
from rearm.mechanism.population import Draws, Simulation, generator
from rearm.mechanism.trial import drugs_alone, salvage_arm
from rearm.mechanism.virtual import Cohort, Patients, cohort, endpoints, patients

__all__ = [
    "Comparison",
    "Target",
    "compare",
    "load_targets",
    "number",
    "published",
    "subset",
    "table",
]

N = 6000  # virtual patients behind each figure
REPLICATES = 300
SIZE = 60  # patients of a published group whose number was not read


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One published figure. `use`: fit, predict, beyond (not comparable, `why`)."""

    id: str
    group: str
    measure: str
    value: float
    use: str
    source: str
    product: str | None = None
    population: str | None = None
    salvage: str | None = None
    naive: str | None = None
    dose: float | None = None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Model beside target: figure of a large virtual cohort, and the 95 % interval that a trial of
    the published size would see.
    """

    target: Target
    model: float
    low: float
    high: float

    @property
    def inside(self) -> bool | None:
        """Whether the model's figure lies in the published interval; None where none was published
        on both sides.
        """
        t = self.target
        return None if t.low is None or t.high is None else t.low <= self.model <= t.high

    @property
    def miss(self) -> float:
        return self.model - self.target.value


@lru_cache(maxsize=1)
def load_targets() -> tuple[Target, ...]:
    text = (resources.files("rearm.knowledge") / "data" / "mechanism" / "targets.toml").read_text(
        encoding="utf-8"
    )
    return tuple(Target(**t) for t in tomllib.loads(text)["target"])


def subset(c: Cohort, rows: np.ndarray) -> Cohort:
    """Some patients of a cohort, for resampling."""
    p = c.patients
    group = Patients(
        Draws(p.draws.z[rows], p.draws.mechanism[rows], p.draws.u[rows]),
        p.scales[rows],
        p.death[rows],
    )
    sim = Simulation(
        c.simulation.values[rows], c.simulation.days, c.simulation.outputs, c.simulation.steps
    )
    return Cohort(
        group, sim, {k: v[rows] for k, v in c.values.items()}, c.progression[rows], c.level[rows]
    )


def compare(
    m: Mechanisms, *, seed: int, n: int = N, replicates: int = REPLICATES
) -> list[Comparison]:
    """All targets that the model can be compared with."""
    out: list[Comparison] = []
    cohorts: dict[tuple[str, str | None, float | None], Cohort] = {}
    for t in load_targets():
        if t.use == "beyond" or t.product is None:
            continue
        if t.salvage is not None or t.naive is not None:
            size = t.n or SIZE
            if t.salvage:
                step = salvage_arm(m, t.product, t.salvage, n=n, seed=seed, size=size)
            else:
                step = drugs_alone(m, t.naive or "", n=n, seed=seed, size=size)
            point, low, high = getattr(step, t.measure)
            out.append(Comparison(target=t, model=point, low=low, high=high))
            continue
        key = (t.product, t.population, t.dose)
        if key not in cohorts:
            p = m.populations[t.population] if t.population else None
            group = patients(
                m,
                t.product,
                n,
                seed,
                shares=m.shares(t.product, t.population),
                extra=p.shifts if p else None,
                death=p.death if p else None,
            )
            cohorts[key] = cohort(m, t.product, group, early=True, dose=t.dose)
        c = cohorts[key]
        rng = generator(seed, 30)
        values = [
            endpoints(m, subset(c, rng.integers(0, n, size=t.n or SIZE)))[t.measure]
            for _ in range(replicates)
        ]
        low, high = np.percentile(values, [2.5, 97.5], method="nearest")
        out.append(
            Comparison(target=t, model=endpoints(m, c)[t.measure], low=float(low), high=float(high))
        )
    return out


def table(results: Sequence[Comparison]) -> str:
    """The comparison as text, fitted targets first, with the size of each group and the count of
    published intervals that are met.
    """
    lines = []
    for use, title in (("fit", "Fitted"), ("predict", "Predicted, not fitted")):
        rows = [r for r in results if r.target.use == use]
        lines.append(
            f"{title}\n{'target':70s} {'n':>4s} {'published':>22s}"
            f" {'model (interval of such a trial)':>36s} {'miss':>9s}"
        )
        for r in rows:
            t = r.target
            mark = {True: "inside", False: "OUTSIDE", None: ""}[r.inside]
            name = f"{t.group[: 66 - len(t.measure)]}: {t.measure}"
            model = f"{number(r.model)} ({number(r.low)} to {number(r.high)})"
            lines.append(
                f"{name:70s} {t.n or '?':>4} {published(t):>22s} {model:>36s} {number(r.miss):>9s}"
                f" {mark}"
            )
        judged = [r for r in rows if r.inside is not None]
        lines.append(
            f"{sum(bool(r.inside) for r in judged)} of {len(judged)} targets with a published"
            " interval lie inside it.\n"
        )
    lines.append(
        "n: patients of the published group; where it was not read (?), the model's interval is"
        f" that of {SIZE} patients.\n"
    )
    beyond = [t for t in load_targets() if t.use == "beyond"]
    lines += [f"not compared: {t.id}: {t.why}" for t in beyond]
    return "\n".join(lines)


def published(t: Target) -> str:
    """The published figure with its interval, as it is printed."""
    value = f"{t.value:,.0f}" if t.value >= 1000 else f"{t.value:g}"
    return (
        value
        if t.low is None
        else f"{value} ({t.low:g} to {'open' if t.high is None else f'{t.high:g}'})"
    )


def number(value: float) -> str:
    """A figure as it is printed; infinite is "not reached"."""
    if math.isinf(value):
        return "not reached"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.1f}"
