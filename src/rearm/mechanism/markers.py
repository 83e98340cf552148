"""Markers as exact linear filters of what the cells make, outside the integration.

Four filters stand in rows FIL..: M-protein, involved light chain, soluble BCMA of the tumour and of
normal plasma cells, all relative to day 0. Their production stands as value and slope in six rows:
secreting cells, cells that shed BCMA, normal plasma cells.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

from __future__ import annotations

from rearm.mechanism.jit import compiled
from rearm.mechanism.lanes import (
    E1,
    FIL,
    INV0,
    KF,
    KM,
    KS,
    MATH,
    PH,
    QA,
    QB,
    SSAN,
    T,
    W,
    Y,
    Z,
    exp_rows,
)
from rearm.mechanism.model import NORMAL

N_FILTERS = 4
SHED_NORMAL = 3  # the filter of soluble BCMA of normal plasma cells


@compiled(fastmath=MATH)
def start_markers(ws):
    """Production on day 0, by which all is divided, and the filters that go with it."""
    for lane in range(W):
        shed = (
            ws[T * W + lane] + ws[(T + 2) * W + lane] + ws[(T + 4) * W + lane] * ws[SSAN * W + lane]
        )
        made = shed + ws[(T + 1) * W + lane] + ws[(T + 3) * W + lane]
        ws[INV0 * W + lane] = 1.0 / max(made, 1e-30)
        ws[(INV0 + 1) * W + lane] = 1.0 / max(shed, 1e-30)
        for f in range(SHED_NORMAL):
            ws[(FIL + f) * W + lane] = 1.0
        ws[(FIL + SHED_NORMAL) * W + lane] = ws[(Y + NORMAL) * W + lane]


@compiled(fastmath=MATH)
def production(ws, y, k, q):
    """Production and its slope into rows q.., of states y.. with slopes k.."""
    for lane in range(W):
        t0, t1, t2, t3 = (
            ws[T * W + lane],
            ws[(T + 1) * W + lane],
            ws[(T + 2) * W + lane],
            ws[(T + 3) * W + lane],
        )
        t4 = ws[(T + 4) * W + lane] * ws[SSAN * W + lane]
        d0, d1, d2 = t0 * ws[k * W + lane], t1 * ws[(k + 1) * W + lane], t2 * ws[(k + 2) * W + lane]
        d3, d4 = t3 * ws[(k + 3) * W + lane], t4 * ws[(k + 4) * W + lane]
        ws[q * W + lane] = (t0 + t1 + t2 + t3 + t4) * ws[INV0 * W + lane]
        ws[(q + 1) * W + lane] = (d0 + d1 + d2 + d3 + d4) * ws[INV0 * W + lane]
        ws[(q + 2) * W + lane] = (t0 + t2 + t4) * ws[(INV0 + 1) * W + lane]
        ws[(q + 3) * W + lane] = (d0 + d2 + d4) * ws[(INV0 + 1) * W + lane]
        ws[(q + 4) * W + lane] = ws[(y + NORMAL) * W + lane]
        ws[(q + 5) * W + lane] = ws[(k + NORMAL) * W + lane]


@compiled(fastmath=MATH, forceinline=True)
def moments(ws, wi, rate, h):
    """z = k h into row Z (negative), e^-z and I_0 to I_3 into rows PH.. (turnover k in row `rate`).

    I_j is the integral of exp(-z (1 - u)) u^j over [0, 1].
    """
    for lane in range(W):
        ws[Z * W + lane] = -ws[rate * W + lane] * h
    exp_rows(ws, wi, Z, PH, 1, E1)
    for lane in range(W):
        z = -ws[Z * W + lane]
        e = ws[PH * W + lane]
        small = min(z, 1.0)
        # I3 as its series, then downwards: stable for z < 1
        s3 = 1.0 - small / 16.0
        s3 = 1.0 - small / 15.0 * s3
        s3 = 1.0 - small / 14.0 * s3
        s3 = 1.0 - small / 13.0 * s3
        s3 = 1.0 - small / 12.0 * s3
        s3 = 1.0 - small / 11.0 * s3
        s3 = 1.0 - small / 10.0 * s3
        s3 = 1.0 - small / 9.0 * s3
        s3 = 1.0 - small / 8.0 * s3
        s3 = 1.0 - small / 7.0 * s3
        s3 = 1.0 - small / 6.0 * s3
        s3 = (1.0 - small / 5.0 * s3) / 4.0
        s2 = (1.0 - small * s3) / 3.0
        s1 = (1.0 - small * s2) / 2.0
        s0 = 1.0 - small * s1
        big = 1.0 / max(z, 1.0)
        b0 = (1.0 - e) * big
        b1 = (1.0 - b0) * big
        b2 = (1.0 - 2.0 * b1) * big
        b3 = (1.0 - 3.0 * b2) * big
        ws[(PH + 1) * W + lane] = s0 if z < 1.0 else b0
        ws[(PH + 2) * W + lane] = s1 if z < 1.0 else b1
        ws[(PH + 3) * W + lane] = s2 if z < 1.0 else b2
        ws[(PH + 4) * W + lane] = s3 if z < 1.0 else b3


@compiled(fastmath=MATH)
def filters(ws, wi, h, part, target):
    """Markers after the fraction `part` of a step of length h, into rows target...

    Exact for a cubic (Hermite) production within the step: with z = k h part and the moments I_j,
    marker = e^-z marker + z sum c_j part^j I_j.
    """
    for f in range(N_FILTERS):
        rate = KM if f == 0 else (KF if f == 1 else KS)
        q = 0 if f < 2 else (2 if f == 2 else 4)
        if f != SHED_NORMAL:  # both kinds of soluble BCMA have the same turnover
            moments(ws, wi, rate, h * part)
        for lane in range(W):
            z = -ws[Z * W + lane]
            q0, d0 = ws[(QA + q) * W + lane], ws[(QA + q + 1) * W + lane] * h
            q1, d1 = ws[(QB + q) * W + lane], ws[(QB + q + 1) * W + lane] * h
            c2 = (3.0 * (q1 - q0) - 2.0 * d0 - d1) * part * part
            c3 = (2.0 * (q0 - q1) + d0 + d1) * part * part * part
            gain = (
                q0 * ws[(PH + 1) * W + lane]
                + d0 * part * ws[(PH + 2) * W + lane]
                + c2 * ws[(PH + 3) * W + lane]
                + c3 * ws[(PH + 4) * W + lane]
            )
            ws[(target + f) * W + lane] = ws[PH * W + lane] * ws[(FIL + f) * W + lane] + z * gain
