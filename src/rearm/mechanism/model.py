"""The order of everything that goes into the kernel and comes out: states, parameters, rows.

Cells are counted in 1e9, time in days since the first infusion. `equations` says what the states
and parameters mean; `parameters.toml` holds unit, typical value and source of each number.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = [
    "CELL",
    "CLONES",
    "EVENT_FIELDS",
    "FEW",
    "LN_CELL",
    "LN_FEW",
    "N_CLONES",
    "N_EVENT",
    "N_PARAMETERS",
    "N_SLOT",
    "N_STATES",
    "OUTPUTS",
    "PARAMETERS",
    "POINT_FIELDS",
    "SLOT_FIELDS",
    "STATES",
    "CriteriaNumbers",
    "MarkerLevels",
    "output_index",
]

Floats = npt.NDArray[np.float64]

CELL = 1e-9  # one cell, in the unit of the model
FEW = 1e-7  # 100 cells: fewer CAR-T cells do not expand as a population
LN_CELL, LN_FEW = math.log(CELL), math.log(FEW)
CLONES = ("BCMA+ GPRC5D+", "BCMA- GPRC5D+", "BCMA+ GPRC5D-", "BCMA- GPRC5D-", "sanctuary")
N_CLONES = len(CLONES)
STATES = ("x_pp", "x_np", "x_pn", "x_nn", "x_sanctuary", "E", "M", "X", "I", "N", "P")
N_STATES = len(STATES)
# where each state stands; the first five are logarithms of the clones' cells
EFFECTOR, MEMORY, EXHAUSTED, SUPPRESSION, ENDOGENOUS, NORMAL = range(N_CLONES, N_STATES)

# Order of the kernel's parameters; the first block is scalar, then one weight per clone.
PARAMETERS = (
    "r", "K", "h_A", "soak", "rho", "K_C", "d_E", "eps", "theta", "d_M", "k_X", "d_X",
    "k_C", "h_E", "k_I", "d_I", "B_I", "I50", "lam", "N50", "lam_P", "turnover",
    "k_m", "k_f", "k_s", "sink", "s_sanctuary",
    "w_pp", "w_np", "w_pn", "w_nn", "w_sanctuary", "a_pp", "a_np", "a_pn", "a_nn", "a_sanctuary",
)  # fmt: skip
N_PARAMETERS = len(PARAMETERS)

# What the kernel can give out per day: the cells (not their logarithms), the other states, the
# markers relative to the start, sums.
OUTPUTS = (
    "T_pp", "T_np", "T_pn", "T_nn", "T_sanctuary", "E", "M", "X", "I", "N", "P",
    "m_protein", "flc", "sbcma_tumour", "sbcma_normal", "car", "burden",
)  # fmt: skip

# An infusion: cells added, endogenous T cells after lymphodepletion, weights of the new product
# (both: negative leaves them as they are).
EVENT_FIELDS = (
    "day", "E", "M", "N",
    "w_pp", "w_np", "w_pn", "w_nn", "w_sanctuary", "a_pp", "a_np", "a_pn", "a_nn", "a_sanctuary",
)  # fmt: skip
N_EVENT = len(EVENT_FIELDS)
EVENT_DAY, EVENT_E, EVENT_M, EVENT_N, EVENT_WEIGHTS = range(5)

# A drug: see `therapies.Drug`. kind 0 none, 1 direct, 2 bispecific.
SLOT_FIELDS = (
    "kind", "start", "end", "k", "lam", "k_on", "k_off", "tau", "doses", "amp", "k_a", "k_e",
    "wear", "immune", "sinks",
    "w_pp", "w_np", "w_pn", "w_nn", "w_sanctuary", "w_normal",
)  # fmt: skip
N_SLOT = len(SLOT_FIELDS)
NO_DRUG, DIRECT, BISPECIFIC = 0.0, 1.0, 2.0
(SLOT_KIND, SLOT_START, SLOT_END, SLOT_K, SLOT_LAM, SLOT_K_ON, SLOT_K_OFF, SLOT_TAU, SLOT_DOSES,
 SLOT_AMP, SLOT_K_A, SLOT_K_E,
 SLOT_WEAR, SLOT_IMMUNE, SLOT_SINKS, SLOT_WEIGHTS) = range(16)  # fmt: skip
SLOT_W_SANCTUARY, SLOT_W_NORMAL = SLOT_WEIGHTS + 4, SLOT_WEIGHTS + 5

# A measurement for the compiled likelihood: `reported` is ln(value + offset); kind 0 value, -1
# below the limit, 1 above it.
POINT_FIELDS = ("channel", "reported", "kind", "noise", "offset")
POINT_CHANNEL, POINT_REPORTED, POINT_KIND, POINT_NOISE, POINT_OFFSET = range(len(POINT_FIELDS))


class CriteriaNumbers(NamedTuple):
    """The response criteria as the compiled loops take them.

    Serum in g/dL, light chains in mg/L, lesions in 1e9 cells; rises and falls are shares.
    """

    pd_rise: float
    serum_pd_rise: float
    serum_high_pd_rise: float  # where the nadir is at least `serum_high_nadir`
    serum_high_nadir: float
    chain_pd_rise: float
    lesion_pd_rise: float
    lesion_measurable: float
    serum_measurable: float
    chain_measurable: float
    vgpr_fall: float
    pr_fall: float
    mr_fall: float
    serum_of_cr: float
    chain_of_cr: float


class MarkerLevels(NamedTuple):
    """What response is judged by on one day: serum (g/dL), light chain (mg/L), lesion (1e9)."""

    serum: float
    chain: float
    lesion: float


def output_index(names: Sequence[str]) -> npt.NDArray[np.int64]:
    """Positions of named outputs; a name that does not exist raises `KeyError` with the list."""
    unknown = [n for n in names if n not in OUTPUTS]
    if unknown:
        raise KeyError(f"no output named {unknown[0]!r}; there are: {', '.join(OUTPUTS)}")
    return np.array([OUTPUTS.index(n) for n in names], dtype=np.int64)
