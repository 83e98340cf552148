"""Many patients at once: Dormand-Prince 5(4) in lock-step lanes, with exact marker filters and
stochastic extinction.

`LANES` patients share one step; the error of the worst lane decides. Lanes are filled in the order
of the input, so the result does not depend on the number of threads. Compiled code is cached
between runs.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

from __future__ import annotations

import numpy as np

from rearm.mechanism.jit import compiled, prange
from rearm.mechanism.lanes import (
    _INVERSE,
    A21,
    A31,
    A32,
    A41,
    A42,
    A43,
    A51,
    A52,
    A53,
    A54,
    A61,
    A62,
    A63,
    A64,
    A65,
    ALIVE,
    B1,
    B3,
    B4,
    B5,
    B6,
    D1,
    D3,
    D4,
    D5,
    D6,
    D7,
    DD,
    E1,
    FIL,
    FILT,
    INV0,
    K1,
    K2,
    K3,
    K4,
    K5,
    K6,
    K7,
    MATH,
    PAR,
    QA,
    QB,
    ROWS,
    SSAN,
    THR,
    WPP,
    YN,
    YT,
    T,
    W,
    Y,
    error,
    exp_rows,
    extinction,
    filters,
    production,
    slope,
    write,
)
from rearm.mechanism.model import N_EVENT, N_PARAMETERS, N_SLOT


@compiled(parallel=True, fastmath=MATH)
def run(
    params, start, threshold, events, slots, t_begin, days, columns, rtol, atol, max_steps, out
):
    """Integrate all patients from `t_begin` and write the requested columns on the requested days;
    returns steps per group (-1: failed).
    """
    n = params.shape[0]
    nd, nc = days.shape[0], columns.shape[0]
    n_events, n_slots = events.shape[1], slots.shape[1]
    groups = (n + W - 1) // W
    steps = np.zeros(groups, np.int64)
    for b in prange(groups):
        ws = np.zeros(ROWS * W)
        wi = ws.view(np.int64)
        sl = np.zeros((W, max(n_slots, 1), N_SLOT))
        ev = np.zeros((W, max(n_events, 1), N_EVENT))
        stops = np.empty(W * (n_events + 2 * n_slots) + 1)
        ns_ = 0
        for lane in range(W):
            i = min(b * W + lane, n - 1)
            for j in range(11):
                ws[(Y + j) * W + lane] = start[i, j]
            for j in range(N_PARAMETERS):
                ws[(PAR + j) * W + lane] = params[i, j]
            for j in _INVERSE:
                ws[(PAR + j) * W + lane] = 1.0 / ws[(PAR + j) * W + lane]
            for c in range(5):
                ws[(THR + c) * W + lane] = threshold[i, c]
                ws[(ALIVE + c) * W + lane] = 1.0 if start[i, c] > -20.72326583694641 else 0.0
            for q in range(n_events):
                for j in range(N_EVENT):
                    ev[lane, q, j] = events[i, q, j]
                if ev[lane, q, 0] >= t_begin:
                    stops[ns_] = ev[lane, q, 0]
                    ns_ += 1
            for q in range(n_slots):
                for j in range(N_SLOT):
                    sl[lane, q, j] = slots[i, q, j]
                if sl[lane, q, 0] > 0.0:
                    for j in (1, 2):
                        if sl[lane, q, j] > t_begin:
                            stops[ns_] = sl[lane, q, j]
                            ns_ += 1
        stops[ns_] = 1e300
        stops = np.sort(stops[: ns_ + 1])
        exp_rows(ws, wi, Y, T, 5, E1)
        for lane in range(W):
            for c in range(5):
                ws[(T + c) * W + lane] *= ws[(ALIVE + c) * W + lane]
            shed = (
                ws[T * W + lane]
                + ws[(T + 2) * W + lane]
                + ws[(T + 4) * W + lane] * ws[SSAN * W + lane]
            )
            made = shed + ws[(T + 1) * W + lane] + ws[(T + 3) * W + lane]
            ws[INV0 * W + lane] = 1.0 / max(made, 1e-30)
            ws[(INV0 + 1) * W + lane] = 1.0 / max(shed, 1e-30)
            for f in range(3):
                ws[(FIL + f) * W + lane] = 1.0
            ws[(FIL + 3) * W + lane] = ws[(Y + 10) * W + lane]
        t, h, nxt, k_stop, count = t_begin, 0.02, 0, 0, 0
        last = days[nd - 1]
        fresh = True
        while nxt < nd and count < max_steps:
            if t >= stops[k_stop] - 1e-12:
                while t >= stops[k_stop] - 1e-12:
                    k_stop += 1
                for lane in range(W):
                    for q in range(n_events):
                        if abs(ev[lane, q, 0] - t) < 1e-9:
                            ws[(Y + 5) * W + lane] += ev[lane, q, 1]
                            ws[(Y + 6) * W + lane] += ev[lane, q, 2]
                            if ev[lane, q, 3] >= 0.0:
                                ws[(Y + 9) * W + lane] = ev[lane, q, 3]
                            if ev[lane, q, 4] >= 0.0:
                                for j in range(10):
                                    ws[(WPP + j) * W + lane] = ev[lane, q, 4 + j]
                h = min(h, 0.05)
                fresh = True
            if fresh:
                slope(ws, wi, sl, n_slots, t, Y, K1)
                production(ws, Y, K1, QA)
                fresh = False
                while nxt < nd and days[nxt] <= t:  # the day of the start itself
                    write(ws, out, b, n, nxt, columns, nc, Y, FIL)
                    nxt += 1
                if nxt >= nd:
                    break
            limit = min(stops[k_stop], last)
            cut = t + h * 1.0000001 >= limit
            if cut:
                h = limit - t
            count += 1
            for j in range(11 * W):
                ws[YT * W + j] = ws[Y * W + j] + h * A21 * ws[K1 * W + j]
            slope(ws, wi, sl, n_slots, t + 0.2 * h, YT, K2)
            for j in range(11 * W):
                ws[YT * W + j] = ws[Y * W + j] + h * (A31 * ws[K1 * W + j] + A32 * ws[K2 * W + j])
            slope(ws, wi, sl, n_slots, t + 0.3 * h, YT, K3)
            for j in range(11 * W):
                ws[YT * W + j] = ws[Y * W + j] + h * (
                    A41 * ws[K1 * W + j] + A42 * ws[K2 * W + j] + A43 * ws[K3 * W + j]
                )
            slope(ws, wi, sl, n_slots, t + 0.8 * h, YT, K4)
            for j in range(11 * W):
                ws[YT * W + j] = ws[Y * W + j] + h * (
                    A51 * ws[K1 * W + j]
                    + A52 * ws[K2 * W + j]
                    + A53 * ws[K3 * W + j]
                    + A54 * ws[K4 * W + j]
                )
            slope(ws, wi, sl, n_slots, t + h * (8.0 / 9.0), YT, K5)
            for j in range(11 * W):
                ws[YT * W + j] = ws[Y * W + j] + h * (
                    A61 * ws[K1 * W + j]
                    + A62 * ws[K2 * W + j]
                    + A63 * ws[K3 * W + j]
                    + A64 * ws[K4 * W + j]
                    + A65 * ws[K5 * W + j]
                )
            slope(ws, wi, sl, n_slots, t + h, YT, K6)
            for j in range(11 * W):
                ws[YN * W + j] = ws[Y * W + j] + h * (
                    B1 * ws[K1 * W + j]
                    + B3 * ws[K3 * W + j]
                    + B4 * ws[K4 * W + j]
                    + B5 * ws[K5 * W + j]
                    + B6 * ws[K6 * W + j]
                )
            slope(ws, wi, sl, n_slots, t + h, YN, K7)
            worst = error(ws, h, rtol, atol)
            if not worst <= 1.0:
                h *= 0.2 if not worst < 1e30 else min(0.9, max(0.2, 0.9 * worst**-0.2))
                continue
            production(ws, YN, K7, QB)
            t_new = limit if cut else t + h
            dense = False
            while nxt < nd and days[nxt] <= t_new:
                part = (days[nxt] - t) / h
                if part >= 1.0:
                    exp_rows(
                        ws, wi, YN, T, 5, E1
                    )  # an earlier requested day within this step has written over the cells
                    for j in range(5 * W):
                        ws[T * W + j] *= ws[ALIVE * W + j]
                    filters(ws, wi, h, 1.0, FILT)
                    write(ws, out, b, n, nxt, columns, nc, YN, FILT)
                else:
                    if not dense:
                        for j in range(11 * W):
                            ws[DD * W + j] = h * (D1 * ws[K1 * W + j] + D3 * ws[K3 * W + j] + D4 * ws[K4 * W + j]
                                                  + D5 * ws[K5 * W + j] + D6 * ws[K6 * W + j] + D7 * ws[K7 * W + j])  # fmt: skip
                        dense = True
                    for j in range(11 * W):
                        dy = ws[YN * W + j] - ws[Y * W + j]
                        bs = h * ws[K1 * W + j] - dy
                        ws[YT * W + j] = ws[Y * W + j] + part * (
                            dy
                            + (1.0 - part)
                            * (
                                bs
                                + part
                                * (dy - h * ws[K7 * W + j] - bs + (1.0 - part) * ws[DD * W + j])
                            )
                        )
                    exp_rows(ws, wi, YT, T, 5, E1)
                    for j in range(5 * W):
                        ws[T * W + j] *= ws[ALIVE * W + j]
                    filters(ws, wi, h, part, FILT)
                    write(ws, out, b, n, nxt, columns, nc, YT, FILT)
                nxt += 1
            filters(ws, wi, h, 1.0, FILT)
            gone = extinction(ws, h)
            for j in range(4 * W):
                ws[FIL * W + j] = ws[FILT * W + j]
            for j in range(6 * W):
                ws[QA * W + j] = ws[QB * W + j]
            for j in range(11 * W):
                ws[Y * W + j] = ws[YN * W + j]
                ws[K1 * W + j] = ws[K7 * W + j]
            for j in range(
                5 * W, 8 * W
            ):  # rounding and tolerance may leave CAR-T cells a hair below zero
                ws[Y * W + j] = max(ws[Y * W + j], 0.0)
            t = t_new
            h *= min(5.0, 0.9 * max(worst, 1e-10) ** -0.2)
            fresh = gone
        steps[b] = count if nxt >= nd else -1
    return steps
