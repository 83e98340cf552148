"""From virtual patients to what a clinic sees: marker scales, progression and response by the
criteria, expected measurements.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rearm.mechanism.data import CHANNELS, Measurement
from rearm.mechanism.parameters import MechanismError, Mechanisms
from rearm.mechanism.population import NUMBA_MISSING, Simulation
from rearm.response.criteria import load_criteria

__all__ = [
    "NEVER",
    "Likelihood",
    "expected",
    "grid",
    "offset_of",
    "progression",
    "rules",
    "scale_prior",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
NEVER = 1e6
MARKERS = ("m_protein", "flc", "sbcma_tumour", "sbcma_normal", "car")
LESION_CELLS = (
    1.0  # 1e9 cells: about one cubic centimetre of tumour, the smallest lesion that is measured
)
CR_SERUM, CR_CHAIN = (
    0.05,
    25.0,
)  # g/dL and mg/L: what immunofixation and a normal ratio still leave (assumption)


def compiled() -> Any:
    """The compiled loops; `MechanismError` in a sentence where numba is missing."""
    try:
        from rearm.mechanism import likelihood
    except ModuleNotFoundError as missing:
        raise MechanismError(NUMBA_MISSING) from missing
    return likelihood


def grid(last: float) -> Floats:
    """Days on which progression and response of virtual patients are judged: every two weeks for
    half a year, then every four.
    """
    early = np.arange(0.0, min(last, 182.0) + 0.5, 14.0)
    late = np.arange(210.0, last + 27.5, 28.0)
    return np.concatenate([early, late]) if last > 182.0 else np.unique(np.append(early, last))


def rules() -> Floats:
    """The criteria of `rearm.response` (default version) for `likelihood.progression`; light chains
    in mg/L.

    Serum rise (share), serum rise (g/dL), the same where the nadir is high, high nadir, light-chain
    rise, lesion growth (share), smallest lesion (1e9 cells), measurable serum, measurable light
    chain, falls for VGPR, PR, MR, serum of CR, light chain of CR.
    """
    c = load_criteria()
    return np.array(
        [
            c.pd_rise, c.serum_pd_rise, c.serum_high_pd_rise, c.serum_high_nadir, 10.0 * c.dflc_pd_rise, c.lesion_pd_rise, LESION_CELLS,
            c.serum_measurable, 10.0 * c.flc_measurable, c.vgpr_fall, c.pr_fall, c.mr_fall, CR_SERUM, CR_CHAIN,
        ]
    )  # fmt: skip


def scale_prior(
    m: Mechanisms, burden: Floats, *, one_laboratory: bool = False
) -> tuple[Floats, Floats]:
    """Mean [patient, channel] and spread [channel] of the logarithm of the marker levels. Soluble
    BCMA rises with the burden.

    `one_laboratory`: as in a trial, without the spread between assays.
    """
    mean = np.tile([math.log(m.scales[c].value) for c in CHANNELS], (len(burden), 1))
    mean[:, CHANNELS.index("sbcma")] += 0.6 * (np.log(burden) - math.log(m.parameters["B0"].value))
    return mean, np.array(
        [
            math.hypot(m.scales[c].sd, 0.0 if one_laboratory else m.scales[c].lab_sd)
            for c in CHANNELS
        ]
    )


def offset_of(m: Mechanisms, channel: str) -> float:
    return m.scales[channel].offset


def expected(
    m: Mechanisms, sim: Simulation, channel: str, day: int, pc_scale: Floats
) -> tuple[Floats, Floats]:
    """(part that goes with the patient's scale, part that is added) of one channel on one day
    index.
    """
    none = np.zeros(len(sim.values))
    if channel == "sbcma":
        return sim["sbcma_tumour"][:, day], pc_scale * sim["sbcma_normal"][:, day]
    if channel == "flc":
        return sim["flc"][:, day], none + m.scales["flc"].background
    return sim[channel][:, day], none


@dataclass(frozen=True, slots=True)
class Likelihood:
    """Measurements as arrays, ready to be compared with simulations whose days contain theirs."""

    channel: Ints
    day_index: Ints
    reported: Floats
    kind: Ints
    noise: Floats
    offset: Floats

    @classmethod
    def of(cls, m: Mechanisms, measurements: Sequence[Measurement], days: Floats) -> Likelihood:
        scale = [m.scales[x.channel] for x in measurements]
        return cls(
            np.array([CHANNELS.index(x.channel) for x in measurements], dtype=np.int64),
            np.array([int(np.searchsorted(days, x.day)) for x in measurements], dtype=np.int64),
            np.array(
                [math.log(x.value + s.offset) for x, s in zip(measurements, scale, strict=True)]
            ),
            np.array([x.kind for x in measurements], dtype=np.int64),
            np.array([s.noise for s in scale]),
            np.array([s.offset for s in scale]),
        )

    def weigh(
        self, m: Mechanisms, sim: Simulation, burden: Floats, pc_scale: Floats, eps: Floats
    ) -> tuple[Floats, Floats]:
        """(log likelihood, scales [patient, channel]); without measurements the scales come from
        their prior.
        """
        n, k = len(sim.values), len(self.channel)
        rel, add = np.empty((n, k)), np.empty((n, k))
        for q in range(k):
            rel[:, q], add[:, q] = expected(
                m, sim, CHANNELS[self.channel[q]], int(self.day_index[q]), pc_scale
            )
        mean, sd = scale_prior(m, burden)
        logw, scales = np.zeros(n), np.empty((n, len(CHANNELS)))
        compiled().weigh(
            rel,
            add,
            self.channel,
            self.reported,
            self.kind,
            self.noise,
            self.offset,
            mean,
            sd,
            eps,
            logw,
            scales,
        )
        return logw, scales


def progression(
    m: Mechanisms,
    sim: Simulation,
    scales: Floats,
    *,
    begin: Floats | None = None,
    first_day: float = 14.0,
) -> tuple[Floats, Ints]:
    """(day of progression, NEVER where none; response level [patient, day]) on the simulated days,
    by the criteria of `rearm.response`.

    Progression needs two visits in a row and is dated on the first. `begin`: day of each patient
    from which nadir and baseline count (the infusion where None); nothing counts as progression in
    the first `first_day` days after it.
    """
    n, k = len(sim.values), len(sim.days)
    day, level = np.empty(n), np.empty((n, k), dtype=np.int64)
    m0, f0 = np.exp(scales[:, 0]), np.exp(scales[:, 1])
    since = np.zeros(n) if begin is None else begin
    c = np.ascontiguousarray
    compiled().progression(
        c(sim["m_protein"]),
        c(sim["flc"]),
        c(sim["T_sanctuary"]),
        m0,
        f0,
        sim.days,
        since,
        rules(),
        first_day,
        day,
        level,
    )
    return day, level
