"""Kinetics of the drugs in closed form: no drug adds a state to the integration.

A direct drug (small molecule, antibody, antibody-drug conjugate) kills, s days after its start and
until its end, at the rate

    k exp(-lam s) (1 - exp(-k_on s))

and u days after its end at the rate of the end, fading with exp(-k_off u). A bispecific antibody
given every `tau` days has the level (in units of its half-maximal concentration)

    u(t) = amp [ G(k_e) - G(k_a) ]
    G(k) = exp(-k (s - n tau)) (1 - exp(-k tau (n + 1))) / (1 - exp(-k tau))

the sum of a one-compartment curve with absorption over the n + 1 doses given so far (a geometric
series). Its killing is that of `equations`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from rearm.mechanism.model import (
    BISPECIFIC,
    DIRECT,
    N_SLOT,
    SLOT_FIELDS,
    SLOT_KIND,
    SLOT_START,
    SLOT_WEIGHTS,
)

__all__ = ["Drug", "bispecific_level", "direct_rate", "rows"]

Floats = npt.NDArray[np.float64]
FOREVER = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Drug:
    """One drug with its course. Days since the first infusion; rates per day.

    `k` killing rate at full effect, `lam` loss of effect (resistance), `k_on`/`k_off` onset and
    offset, `weights` relative effect on the clones of `model.CLONES` and on normal plasma cells.
    For bispecifics: `tau` dosing interval, `amp` level of one dose, `k_a`/`k_e` absorption and
    elimination, `wear` loss of endogenous T cells at full engagement, `sinks` 1 where soluble BCMA
    binds the drug.
    """

    name: str
    kind: Literal["direct", "bispecific"]
    start: float
    end: float = FOREVER
    k: float
    lam: float = 0.0
    k_on: float = 1.0
    k_off: float = 1.0
    tau: float = 7.0
    amp: float = 0.0
    k_a: float = 0.3
    k_e: float = 0.06
    wear: float = 0.0
    immune: float = 0.0
    sinks: float = 0.0
    weights: tuple[float, float, float, float, float, float] = (1.0, 1.0, 1.0, 1.0, 1.0, 0.0)

    @property
    def doses(self) -> float:
        return max(1.0, math.floor((self.end - self.start) / self.tau + 1e-9) + 1.0)

    def row(self) -> Floats:
        """The drug as one row of `model.SLOT_FIELDS`."""
        out = np.empty(N_SLOT)
        out[SLOT_KIND] = {"direct": DIRECT, "bispecific": BISPECIFIC}[self.kind]
        out[SLOT_START:SLOT_WEIGHTS] = [getattr(self, f) for f in SLOT_FIELDS[1:SLOT_WEIGHTS]]
        out[SLOT_WEIGHTS:] = self.weights
        return out


def direct_rate(slot: Floats, t: float) -> tuple[float, float]:
    """(killing rate at weight 1, 1 while the drug is on) of a direct drug at day `t`."""
    start, end, k, lam, k_on, k_off = (float(v) for v in slot[SLOT_START:7])
    if t < start:
        return 0.0, 0.0
    s = min(t, end) - start
    rate = k * math.exp(-lam * s) * (1.0 - math.exp(-k_on * s))
    return (rate * math.exp(-k_off * (t - end)), 0.0) if t > end else (rate, 1.0)


def bispecific_level(slot: Floats, t: float) -> tuple[float, float]:
    """(level, remaining effect) of a bispecific antibody at day `t`, as the module says."""
    field = dict(zip(SLOT_FIELDS, (float(v) for v in slot), strict=True))
    s = t - field["start"]
    if s < 0.0:
        return 0.0, 1.0
    tau = field["tau"]
    n = min(math.floor(s / tau), field["doses"] - 1.0)

    def series(k: float) -> float:
        return (
            math.exp(-k * (s - n * tau))
            * (1.0 - math.exp(-k * tau * (n + 1.0)))
            / (1.0 - math.exp(-k * tau))
        )

    return field["amp"] * (series(field["k_e"]) - series(field["k_a"])), math.exp(-field["lam"] * s)


def rows(courses: Sequence[Sequence[Drug]]) -> Floats:
    """Drugs of each patient as an array [patient, slot, field], padded with empty slots."""
    most = max((len(c) for c in courses), default=0)
    out = np.zeros((len(courses), most, N_SLOT))
    for i, course in enumerate(courses):
        for j, drug in enumerate(course):
            out[i, j] = drug.row()
    return out
