"""The equations, and a plain right-hand side that anybody can read.

Cells are counted in 1e9, time in days since the first infusion. `docs/mechanism.md` explains each
term. The kernel computes the same for many patients at once; `rate_of_change` is the slow, obvious
form that it is compared with.

    T_i       five clones: (BCMA+, GPRC5D+), (-,+), (+,-), (-,-),
              and BCMA+ GPRC5D+ cells in a sanctuary (extramedullary lesion)
    E, M, X   effector, memory and exhausted CAR-T cells
    I         suppression
    N, P      endogenous T cells, normal plasma cells (fraction of normal)

    B   = sum T_i                    Q = sum a_i T_i
    A   = Q / (h_A (1 + soak Q) + Q) C = E + M + X
    phi = 1 / (1 + I/I50)            L = 1 / (1 + (N/N50)^2)
    G   = k_C E / (h_E + E) phi

    (ln T_i)' = r (1 - B/K) - w_i G - D_i(t) - S_i(t)
    E' = E [rho A phi L (1 - C/K_C) E/(E + 100 cells) - d_E - eps (1 - A) - k_X A] + theta A phi M
    M' = eps (1 - A) E - theta A phi M - d_M M
    X' = k_X A E - d_X X
    I' = k_I B / (B_I + B) - (d_I + immune drugs) I
    N' = lam N (1 - N) - wear(t) N
    P' = lam_P (1 - P) - (G + direct anti-BCMA drugs) P

D_i: direct drugs (small molecules, antibodies, antibody-drug conjugates), S_i: bispecific
antibodies, see `therapies`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rearm.mechanism.model import (
    BISPECIFIC,
    DIRECT,
    EFFECTOR,
    ENDOGENOUS,
    EXHAUSTED,
    FEW,
    MEMORY,
    N_STATES,
    NORMAL,
    PARAMETERS,
    SLOT_IMMUNE,
    SLOT_K,
    SLOT_KIND,
    SLOT_SINKS,
    SLOT_W_NORMAL,
    SLOT_WEAR,
    SLOT_WEIGHTS,
    SUPPRESSION,
)
from rearm.mechanism.therapies import bispecific_level, direct_rate

__all__ = ["rate_of_change"]

Floats = npt.NDArray[np.float64]
_FIRST_WEIGHT = PARAMETERS.index("w_pp")


def rate_of_change(
    t: float,
    y: Floats,
    p: Floats,
    slots: Sequence[Floats] = (),
    alive: Floats | None = None,
    weights: Floats | None = None,
) -> Floats:
    """Time derivative of the 11 states of one patient, written as the equations stand above.

    `p` follows `PARAMETERS`, `slots` are rows of `SLOT_FIELDS`, `alive` marks clones that exist,
    `weights` the ten weights of the product in force (the parameters' own where None).
    """
    v = dict(zip(PARAMETERS, p, strict=True))
    w, a = (
        (p[_FIRST_WEIGHT : _FIRST_WEIGHT + 5], p[_FIRST_WEIGHT + 5 :])
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
        if slot[SLOT_KIND] == DIRECT:
            rate, on = direct_rate(slot, t)
            extra_i += slot[SLOT_IMMUNE] * on
        elif slot[SLOT_KIND] == BISPECIFIC:
            level, fade = bispecific_level(slot, t)
            u = level / (1.0 + slot[SLOT_SINKS] * v["sink"] * bcma)
            engaged = u / (1.0 + u)
            rate = slot[SLOT_K] * engaged * n * phi * fade
            extra_n += slot[SLOT_WEAR] * engaged
        else:
            continue
        extra += slot[SLOT_WEIGHTS:SLOT_W_NORMAL] * rate
        extra_p += slot[SLOT_W_NORMAL] * rate
    recall = v["theta"] * antigen * phi * m
    rest = v["eps"] * (1.0 - antigen) * e
    out = np.empty(N_STATES)
    out[:5] = v["r"] * (1.0 - burden / v["K"]) - w * kill - extra
    growth = v["rho"] * antigen * phi * space * (1.0 - (e + m + x) / v["K_C"]) * some / (some + FEW)
    out[EFFECTOR] = e * (growth - v["d_E"] - v["k_X"] * antigen) - rest + recall
    out[MEMORY] = rest - recall - v["d_M"] * m
    out[EXHAUSTED] = v["k_X"] * antigen * e - v["d_X"] * x
    out[SUPPRESSION] = v["k_I"] * burden / (v["B_I"] + burden) - (v["d_I"] + extra_i) * i
    out[ENDOGENOUS] = v["lam"] * n * (1.0 - n) - extra_n * n
    out[NORMAL] = v["lam_P"] * (1.0 - normal) - (kill + extra_p) * normal
    return out
