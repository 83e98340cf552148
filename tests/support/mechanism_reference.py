"""The equations of `rearm.mechanism.model` by a stiff solver at tight tolerance: markers as
ordinary states, infusions by restarting.

Written apart from the kernel: the right-hand side is `model.rate_of_change` (plain numpy), or the
same compiled for large comparisons.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numba as nb
import numpy as np
from scipy.integrate import solve_ivp

from rearm.mechanism.equations import rate_of_change
from rearm.mechanism.model import LN_CELL, N_EVENT, PARAMETERS

P = {name: i for i, name in enumerate(PARAMETERS)}
NAMES = (
    "r", "K", "h_A", "soak", "rho", "K_C", "d_E", "eps", "theta", "d_M", "k_X", "d_X",
    "k_C", "h_E", "k_I", "d_I", "B_I", "I50", "lam", "N50", "lam_P",
)  # fmt: skip
assert PARAMETERS[: len(NAMES)] == NAMES


@nb.njit(cache=True)
def slope(t: Any, y: Any, p: Any, w: Any, made: Any, shed: Any, alive: Any) -> Any:
    """15 states: the 11 of the model and 4 markers."""
    (
        r,
        cap,
        h_a,
        soak,
        rho,
        k_c,
        d_e,
        eps,
        theta,
        d_m,
        k_x,
        d_x,
        kill_c,
        h_e,
        k_i,
        d_i,
        b_i,
        i50,
        lam,
        n50,
        lam_p,
    ) = p[:21]
    cells = np.exp(y[:5]) * alive
    e, m, x, i, n, normal = y[5], y[6], y[7], y[8], y[9], y[10]
    burden = cells.sum()
    q = (w[5:] * cells).sum()
    a = q / (h_a * (1 + soak * q) + q)
    phi = i50 / (i50 + i)
    room = n50**2 / (n50**2 + n**2)
    pos = max(e, 0.0)
    kill = kill_c * pos / (h_e + pos) * phi
    out = np.empty(15)
    out[:5] = r * (1 - burden / cap) - w[:5] * kill
    out[5] = (
        e
        * (
            rho * a * phi * room * (1 - (e + m + x) / k_c) * pos / (pos + 1e-7)
            - d_e
            - k_x * a
            - eps * (1 - a)
        )
        + theta * a * phi * m
    )
    out[6] = eps * (1 - a) * e - (theta * a * phi + d_m) * m
    out[7] = k_x * a * e - d_x * x
    out[8] = k_i * burden / (b_i + burden) - d_i * i
    out[9] = lam * n * (1 - n)
    out[10] = lam_p * (1 - normal) - kill * normal
    hidden = p[26] * cells[4]
    out[11] = p[22] * ((cells[0] + cells[1] + cells[2] + cells[3] + hidden) / made - y[11])
    out[12] = p[23] * ((cells[0] + cells[1] + cells[2] + cells[3] + hidden) / made - y[12])
    out[13] = p[24] * ((cells[0] + cells[2] + hidden) / shed - y[13])
    out[14] = p[24] * (normal - y[14])
    return out


def solve(
    params: np.ndarray,
    start: np.ndarray,
    days: np.ndarray,
    *,
    later: np.ndarray | None = None,
    slots: Sequence[np.ndarray] = (),
    rtol: float = 1e-10,
    atol: float = 1e-13,
    method: str = "LSODA",
) -> np.ndarray:
    """[day, T (5), E, M, X, I, N, P, four markers] of one patient, without extinction."""
    alive = (start[:5] > LN_CELL).astype(float)
    cells = np.exp(start[:5]) * alive
    shed = cells[0] + cells[2] + params[P["s_sanctuary"]] * cells[4]
    made = shed + cells[1] + cells[3]
    y = np.concatenate([start, [1.0, 1.0, 1.0, start[10]]])
    w = params[P["w_pp"] :].copy()
    stops = sorted(
        {float(e[0]) for e in (later if later is not None else np.empty((0, N_EVENT))) if e[0] >= 0}
    )
    edges = sorted({float(s[k]) for s in slots for k in (1, 2) if s[0] > 0 and 0 < s[k] < days[-1]})
    if slots:
        # kinks where doses of bispecifics begin
        edges += [
            float(s[1] + j * s[7])
            for s in slots
            if s[0] == 2
            for j in range(int(s[8]))
            if s[1] + j * s[7] < days[-1]
        ]
    marks = sorted({0.0, float(days[-1]), *[x for x in stops if x < days[-1]], *edges})

    def f(t: float, v: np.ndarray) -> np.ndarray:
        out: np.ndarray = slope(t, v, params, w, made, shed, alive)
        if slots:
            out[:11] = rate_of_change(t, v[:11], params, slots, alive, w)
        return out

    out = np.empty((len(days), 15))
    for a, b in pairwise(marks):
        for e in later if later is not None else ():
            if abs(e[0] - a) < 1e-12:
                y[5] += e[1]
                y[6] += e[2]
                if e[3] >= 0:
                    y[9] = e[3]
                if e[4] >= 0:
                    w = e[4:].copy()
        inside = (days >= a) & (days <= b)
        when = np.unique(np.append(days[inside], b))
        s = solve_ivp(f, (a, b), y, method=method, t_eval=when, rtol=rtol, atol=atol)
        assert s.success, s.message
        out[inside] = s.y.T[np.searchsorted(when, days[inside])]
        y = s.y[:, -1].copy()
    out[:, :5] = np.exp(out[:, :5]) * alive
    return out
