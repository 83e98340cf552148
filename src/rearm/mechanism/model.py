"""The equations: states, parameters of the kernel, and a plain right-hand side that anybody can
read.

Cells are counted in 1e9, time in days since the first infusion. `docs/mechanism.md` explains each
term; `parameters.toml` holds unit, typical value and source of each number. The kernel computes the
same right-hand side for many patients at once; `rate_of_change` here is the slow, obvious form that
it is compared with.

    T_i  five clones: (BCMA+, GPRC5D+), (-,+), (+,-), (-,-), and BCMA+ GPRC5D+ cells in a sanctuary
    (extramedullary lesion) E, M, X   effector, memory and exhausted CAR-T cells;   I suppression;
    N endogenous T cells (fraction of normal) P    normal plasma cells (fraction of normal)

    B   = sum T_i             Q  = sum a_i T_i            A = Q / (h_A (1 + soak Q) + Q) phi = 1 /
    (1 + I/I50)     L  = 1 / (1 + (N/N50)^2)    C = E + M + X        G = k_C E / (h_E + E) phi (ln
    T_i)' = r (1 - B/K) - w_i G - D_i(t) - S_i(t) E' = E [rho A phi L (1 - C/K_C) E/(E + 100 cells)
    - d_E - eps (1 - A) - k_X A] + theta A phi M M' = eps (1 - A) E - theta A phi M - d_M M X' = k_X
    A E - d_X X I' = k_I B / (B_I + B) - (d_I + immune drugs) I N' = lam N (1 - N) - wear(t) N P' =
    lam_P (1 - P) - (G + direct anti-BCMA drugs) P

D_i: direct drugs (small molecules, antibodies, antibody-drug conjugates), S_i: bispecific
antibodies, see `therapies`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = [
    "CELL",
    "CLONES",
    "EVENT_FIELDS",
    "N_EVENT",
    "N_PARAMETERS",
    "N_SLOT",
    "N_STATES",
    "OUTPUTS",
    "PARAMETERS",
    "SLOT_FIELDS",
    "STATES",
    "output_index",
    "rate_of_change",
]

Floats = npt.NDArray[np.float64]

CELL = 1e-9  # one cell, in the unit of the model
FEW = 100 * CELL  # fewer CAR-T cells do not expand as a population
CLONES = ("BCMA+ GPRC5D+", "BCMA- GPRC5D+", "BCMA+ GPRC5D-", "BCMA- GPRC5D-", "sanctuary")
N_CLONES = len(CLONES)
STATES = ("x_pp", "x_np", "x_pn", "x_nn", "x_sanctuary", "E", "M", "X", "I", "N", "P")
N_STATES = len(STATES)

# Order of the kernel's parameters; the first block is scalar, then one weight per clone.
PARAMETERS = (
    "r", "K", "h_A", "soak", "rho", "K_C", "d_E", "eps", "theta", "d_M", "k_X", "d_X", "k_C", "h_E", "k_I", "d_I", "B_I", "I50",
    "lam", "N50", "lam_P", "turnover", "k_m", "k_f", "k_s", "sink", "s_sanctuary",
    "w_pp", "w_np", "w_pn", "w_nn", "w_sanctuary", "a_pp", "a_np", "a_pn", "a_nn", "a_sanctuary",
)  # fmt: skip
N_PARAMETERS = len(PARAMETERS)
_P = {name: i for i, name in enumerate(PARAMETERS)}

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

# A drug: see `therapies.Drug`. kind 0 none, 1 direct, 2 bispecific.
SLOT_FIELDS = (
    "kind", "start", "end", "k", "lam", "k_on", "k_off", "tau", "doses", "amp", "k_a", "k_e", "wear", "immune", "sinks",
    "w_pp", "w_np", "w_pn", "w_nn", "w_sanctuary", "w_normal",
)  # fmt: skip
N_SLOT = len(SLOT_FIELDS)


def output_index(names: Sequence[str]) -> npt.NDArray[np.int64]:
    """Positions of named outputs; a name that does not exist raises `KeyError` with the list."""
    unknown = [n for n in names if n not in OUTPUTS]
    if unknown:
        raise KeyError(f"no output named {unknown[0]!r}; there are: {', '.join(OUTPUTS)}")
    return np.array([OUTPUTS.index(n) for n in names], dtype=np.int64)


def rate_of_change(
    t: float,
    y: Floats,
    p: Floats,
    slots: Sequence[Floats] = (),
    alive: Floats | None = None,
    weights: Floats | None = None,
) -> Floats:
    """Time derivative of the 11 states of one patient: the slow form, written as the equations
    stand above.

    `p` follows `PARAMETERS`, `slots` are rows of `SLOT_FIELDS`, `alive` marks clones that exist,
    `weights` the ten weights of the product in force (the parameters' own where None).
    """
    from rearm.mechanism.therapies import bispecific_level, direct_rate

    v = dict(zip(PARAMETERS, p, strict=True))
    w, a = (
        (p[_P["w_pp"] : _P["w_pp"] + 5], p[_P["a_pp"] :])
        if weights is None
        else (weights[:5], weights[5:])
    )
    cells = np.exp(y[:5]) * (1.0 if alive is None else alive)
    e, m, x, i, n, normal = y[5:]
    burden, seen = float(cells.sum()), float((a * cells).sum())
    antigen = seen / (v["h_A"] * (1.0 + v["soak"] * seen) + seen)
    phi = 1.0 / (1.0 + i / v["I50"])
    space = 1.0 / (1.0 + (n / v["N50"]) ** 2)
    some = max(e, 0.0)
    kill = v["k_C"] * some / (v["h_E"] + some) * phi
    extra, extra_i, extra_n, extra_p = np.zeros(5), 0.0, 0.0, 0.0
    bcma = float(cells[0] + cells[2] + cells[4])
    for slot in slots:
        if slot[0] == 1:
            rate, on = direct_rate(slot, t)
            extra += slot[15:20] * rate
            extra_p += slot[20] * rate
            extra_i += slot[13] * on
        elif slot[0] == 2:
            level, fade = bispecific_level(slot, t)
            u = level / (1.0 + slot[14] * v["sink"] * bcma)
            engaged = u / (1.0 + u)
            rate = slot[3] * engaged * n * phi * fade
            extra += slot[15:20] * rate
            extra_p += slot[20] * rate
            extra_n += slot[12] * engaged
    recall = v["theta"] * antigen * phi * m
    rest = v["eps"] * (1.0 - antigen) * e
    out = np.empty(N_STATES)
    out[:5] = v["r"] * (1.0 - burden / v["K"]) - w * kill - extra
    growth = v["rho"] * antigen * phi * space * (1.0 - (e + m + x) / v["K_C"]) * some / (some + FEW)
    out[5] = e * (growth - v["d_E"] - v["k_X"] * antigen) - rest + recall
    out[6] = rest - recall - v["d_M"] * m
    out[7] = v["k_X"] * antigen * e - v["d_X"] * x
    out[8] = v["k_I"] * burden / (v["B_I"] + burden) - (v["d_I"] + extra_i) * i
    out[9] = v["lam"] * n * (1.0 - n) - extra_n * n
    out[10] = v["lam_P"] * (1.0 - normal) - (kill + extra_p) * normal
    return out
