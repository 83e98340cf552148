"""The virtual population beside published results: fitted and predicted targets, and each miss."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import numpy as np

from rearm.mechanism.parameters import Mechanisms, read_table
from rearm.mechanism.population import generator
from rearm.mechanism.trial import Readout, drugs_alone, salvage_arm
from rearm.mechanism.virtual import Cohort, cohort, endpoints, patients

__all__ = [
    "PublishedTarget",
    "TargetComparison",
    "compare",
    "load_targets",
    "number",
    "published",
    "subset",
    "table",
]

N = 6000  # virtual patients behind each figure
REPLICATES = 300
SALVAGE_MONTHS, NAIVE_MONTHS = 48.0, 36.0  # follow-up of drugs after CAR-T, without it
SIZE = 60  # patients of a published group whose number was not read


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedTarget:
    """One published figure. `use`: fit, predict, beyond (not comparable, `why`)."""

    id: str
    group: str
    measure: str
    value: float
    use: Literal["fit", "predict", "beyond"]
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
class TargetComparison:
    """Model beside target: the figure of a large virtual cohort.

    `low`, `high`: the 95 % interval that a trial of the published size would see.
    """

    target: PublishedTarget
    model: float
    low: float
    high: float

    @property
    def inside(self) -> bool | None:
        """Whether the model lies in the published interval; None where it is not two-sided."""
        t = self.target
        return None if t.low is None or t.high is None else t.low <= self.model <= t.high

    @property
    def miss(self) -> float:
        return self.model - self.target.value


@lru_cache(maxsize=1)
def load_targets() -> tuple[PublishedTarget, ...]:
    """All published figures."""
    return tuple(PublishedTarget(**t) for t in read_table("targets")["target"])


def subset(c: Cohort, rows: np.ndarray) -> Cohort:
    """Some patients of a cohort, for resampling."""
    return Cohort(
        patients=c.patients.rows(rows),
        simulation=replace(c.simulation, values=c.simulation.values[rows]),
        values={k: v[rows] for k, v in c.values.items()},
        progression=c.progression[rows],
        level=c.level[rows],
    )


def compare(
    m: Mechanisms, *, seed: int, n: int = N, replicates: int = REPLICATES
) -> list[TargetComparison]:
    """All targets that the model can be compared with."""
    out: list[TargetComparison] = []
    cohorts: dict[tuple[str, str | None, float | None], Cohort] = {}
    for t in load_targets():
        if t.use == "beyond" or t.product is None:
            continue
        if t.salvage is not None or t.naive is not None:
            out.append(_compare_treatment(m, t, t.product, seed, n))
            continue
        key = (t.product, t.population, t.dose)
        if key not in cohorts:
            group = patients(m, t.product, n, seed, mix=m.mix(t.product, t.population))
            cohorts[key] = cohort(m, t.product, group, early=True, dose=t.dose)
        c = cohorts[key]
        rng = generator(seed, 30)
        values = [
            endpoints(m, subset(c, rng.integers(0, n, size=t.n or SIZE)))[t.measure]
            for _ in range(replicates)
        ]
        low, high = np.percentile(values, [2.5, 97.5], method="nearest")
        model = endpoints(m, c)[t.measure]
        out.append(TargetComparison(target=t, model=model, low=float(low), high=float(high)))
    return out


def _compare_treatment(
    m: Mechanisms, t: PublishedTarget, product: str, seed: int, n: int
) -> TargetComparison:
    """A target of drugs: after `product`, or in patients who never had CAR-T."""
    size = t.n or SIZE
    if t.salvage:
        readout = Readout(months=SALVAGE_MONTHS, size=size, seed=seed)
        step = salvage_arm(m, product, t.salvage, readout, n=n)
    else:
        readout = Readout(months=NAIVE_MONTHS, size=size, seed=seed)
        step = drugs_alone(m, t.naive or "", readout, n=n)
    point, low, high = getattr(step, t.measure)
    return TargetComparison(target=t, model=point, low=low, high=high)


def table(results: Sequence[TargetComparison]) -> str:
    """The comparison as text, fitted targets first, with the count of intervals that are met."""
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


def published(t: PublishedTarget) -> str:
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
