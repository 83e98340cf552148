"""From virtual patients to what a clinic sees: marker levels, response by the criteria."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rearm.mechanism.data import CHANNELS, Measurement
from rearm.mechanism.model import (
    POINT_CHANNEL,
    POINT_FIELDS,
    POINT_KIND,
    POINT_NOISE,
    POINT_OFFSET,
    POINT_REPORTED,
    CriteriaNumbers,
)
from rearm.mechanism.parameters import MechanismError, Mechanisms
from rearm.mechanism.population import NUMBA_MISSING, Simulation
from rearm.response.criteria import load_criteria

__all__ = [
    "NEVER",
    "Likelihood",
    "expected",
    "grid",
    "progression",
    "rules",
    "scale_prior",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
NEVER = 1e6
# 1e9 cells: about one cubic centimetre of tumour, the smallest lesion that is measured
LESION_CELLS = 1.0
# g/dL and mg/L: what immunofixation and a normal ratio still leave (assumption)
CR_SERUM, CR_CHAIN = 0.05, 25.0
MG_PER_L = 10.0  # in one mg/dL, the unit of light chains in the criteria


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


def rules() -> CriteriaNumbers:
    """The criteria of `rearm.response` (default version) for the compiled `progression`."""
    c = load_criteria()
    numbers = CriteriaNumbers(
        pd_rise=c.pd_rise,
        serum_pd_rise=c.serum_pd_rise,
        serum_high_pd_rise=c.serum_high_pd_rise,
        serum_high_nadir=c.serum_high_nadir,
        chain_pd_rise=MG_PER_L * c.dflc_pd_rise,
        lesion_pd_rise=c.lesion_pd_rise,
        lesion_measurable=LESION_CELLS,
        serum_measurable=c.serum_measurable,
        chain_measurable=MG_PER_L * c.flc_measurable,
        vgpr_fall=c.vgpr_fall,
        pr_fall=c.pr_fall,
        mr_fall=c.mr_fall,
        serum_of_cr=CR_SERUM,
        chain_of_cr=CR_CHAIN,
    )
    return CriteriaNumbers._make(float(x) for x in numbers)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Likelihood:
    """Measurements as arrays, ready to be compared with simulations whose days contain theirs."""

    channel: tuple[str, ...]
    day_index: Ints
    points: Floats  # rows of `model.POINT_FIELDS`

    @classmethod
    def of(cls, m: Mechanisms, measurements: Sequence[Measurement], days: Floats) -> Likelihood:
        points = np.empty((len(measurements), len(POINT_FIELDS)))
        for row, x in zip(points, measurements, strict=True):
            scale = m.scales[x.channel]
            row[POINT_CHANNEL] = CHANNELS.index(x.channel)
            row[POINT_REPORTED] = math.log(x.value + scale.offset)
            row[POINT_KIND] = x.kind
            row[POINT_NOISE] = scale.noise
            row[POINT_OFFSET] = scale.offset
        return cls(
            channel=tuple(x.channel for x in measurements),
            day_index=np.array(
                [int(np.searchsorted(days, x.day)) for x in measurements], dtype=np.int64
            ),
            points=points,
        )

    def weigh(
        self, m: Mechanisms, sim: Simulation, values: Mapping[str, Floats], eps: Floats
    ) -> tuple[Floats, Floats]:
        """(log likelihood, scales [patient, channel]).

        `values`: parameters of the simulated patients by name. Without measurements the scales come
        from their prior.
        """
        parts = np.empty((len(sim.values), len(self.channel), 2))
        for q, (channel, day) in enumerate(zip(self.channel, self.day_index, strict=True)):
            parts[:, q, 0], parts[:, q, 1] = expected(m, sim, channel, day, values["pc_scale"])
        mean, sd = scale_prior(m, values["B0"])
        logw, scales = compiled().weigh(parts, self.points, mean, sd, eps)
        return logw, scales


def progression(
    sim: Simulation, scales: Floats, *, begin: Floats | None = None
) -> tuple[Floats, Ints]:
    """(day of progression, NEVER where none; response level [patient, day]) on the simulated days.

    By the criteria of `rearm.response`. Progression needs two visits in a row and is dated on the
    first. `begin`: day of each patient from which nadir and baseline count (the infusion where
    None); nothing counts as progression in the two weeks after it.
    """
    level = {c: np.exp(scales[:, CHANNELS.index(c)])[:, None] for c in ("m_protein", "flc")}
    day, response = compiled().progression(
        level["m_protein"] * sim["m_protein"],
        level["flc"] * sim["flc"],
        np.ascontiguousarray(sim["T_sanctuary"]),
        sim.days,
        np.zeros(len(sim.values)) if begin is None else begin,
        rules(),
    )
    return day, response
