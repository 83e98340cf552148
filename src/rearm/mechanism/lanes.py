"""Arithmetic on lanes: the rows of the workspace, the right-hand side, marker filters, extinction,
error, output.

The workspace is one flat array with constant row numbers: this is what lets the compiler see that
rows never overlap, so that each line of arithmetic runs on a whole vector register.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"
# (signatures are inferred by the compiler from the arrays that come in)

from __future__ import annotations

import math

import numpy as np

from rearm.mechanism.jit import compiled
from rearm.mechanism.model import N_PARAMETERS, PARAMETERS

W = 16  # patients per group
LANES = W
NS = 11
MATH = {
    "contract",
    "arcp",
    "nsz",
    "afn",
}  # no reassociation, and NaN stays NaN: a step that blew up must be seen

# --- rows of the workspace
Y, YT, YN = 0, 11, 22
K1, K2, K3, K4, K5, K6, K7 = 33, 44, 55, 66, 77, 88, 99
DD = 110  # last term of the dense output
T = 121  # cells of the five clones at the last evaluation
ALIVE = 126
EX = 131  # killing by drugs, five clones
EXI, EXN, EXP = 136, 137, 138
PAR = 139
QA = (
    PAR + N_PARAMETERS
)  # production of the markers and its slope at the start (m-protein, soluble BCMA, normal plasma cells)
QB = QA + 6  # the same at the end of the step
FIL = QB + 6  # four filters
FILT = FIL + 4
INV0 = FILT + 4  # 1/production at the start, for m-protein and soluble BCMA
HAZ = INV0 + 2  # integrated turnover per cell, five clones
THR = HAZ + 5
ERR = THR + 5
Z, PH = ERR + 1, ERR + 2  # z = k h; e^-z, I0..I3
E1 = ERR + 7  # powers of two for exp_rows
ROWS = ERR + 8

(R, IK, HA, SOAK, RHO, IKC, DE, EPS, TH, DM, KX, DX, KC, HE, KI, DI, BI, II50, LAM, IN50, LAMP, TURN, KM, KF, KS, SINK, SSAN,
 WPP, _W1, _W2, _W3, _W4, APP, _A1, _A2, _A3, _A4) = (PAR + i for i in range(N_PARAMETERS))  # fmt: skip
_INVERSE = tuple(PARAMETERS.index(n) for n in ("K", "K_C", "I50", "N50"))

A21 = 1 / 5
A31, A32 = 3 / 40, 9 / 40
A41, A42, A43 = 44 / 45, -56 / 15, 32 / 9
A51, A52, A53, A54 = 19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729
A61, A62, A63, A64, A65 = 9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656
B1, B3, B4, B5, B6 = 35 / 384, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84
ER1, ER3, ER4, ER5, ER6, ER7 = (
    71 / 57600,
    -71 / 16695,
    71 / 1920,
    -17253 / 339200,
    22 / 525,
    -1 / 40,
)
D1, D3, D4 = -12715105075 / 11282082432, 87487479700 / 32700410799, -10690763975 / 1880347072
D5, D6, D7 = 701980252875 / 199316789632, -1453857185 / 822651844, 69997945 / 29380423

LOG2E = 1.4426950408889634
LN2HI, LN2LO = 6.93147180369123816490e-01, 1.90821492927058770002e-10
FEW = 1e-7  # 100 cells: fewer do not expand as a population
SHIFT = 6755399441055744.0  # 1.5 * 2**52: adding it leaves the integer in the low bits
C2, C3, C4, C5, C6, C7 = 1 / 2, 1 / 6, 1 / 24, 1 / 120, 1 / 720, 1 / 5040
C8, C9, C10, C11 = 1 / 40320, 1 / 362880, 1 / 3628800, 1 / 39916800


@compiled(fastmath=MATH)
def exp_rows(ws, wi, source, target, count, power):
    """exp of `count` rows, vectorised: 2^n times a polynomial, n put straight into the exponent
    bits. |x| is limited to 690.
    """
    for j in range(count):
        s, o, q = (source + j) * W, (target + j) * W, power * W
        for lane in range(W):
            x = min(max(ws[s + lane], -690.0), 690.0)
            n = np.floor(x * LOG2E + 0.5)
            r = (x - n * LN2HI) - n * LN2LO
            p = C10 + r * C11
            p = C9 + r * p
            p = C8 + r * p
            p = C7 + r * p
            p = C6 + r * p
            p = C5 + r * p
            p = C4 + r * p
            p = C3 + r * p
            p = C2 + r * p
            p = 1.0 + r * p
            ws[o + lane] = 1.0 + r * p
            ws[q + lane] = n + SHIFT
        for lane in range(W):
            wi[q + lane] = (wi[q + lane] + 1023) << 52
        for lane in range(W):
            ws[o + lane] = ws[o + lane] * ws[q + lane]


@compiled(fastmath=MATH)
def drugs(ws, sl, n_slots, t, y):
    """Killing by the drugs in force at day t (rows EX, EXI, EXN, EXP); cells must stand in rows T."""
    for j in range(8 * W):
        ws[EX * W + j] = 0.0
    for q in range(n_slots):
        for lane in range(W):
            kind = sl[lane, q, 0]
            if kind == 0.0 or t < sl[lane, q, 1]:
                continue
            # faded to less than e^-40 after the end or the last dose
            if kind == 1.0:
                if sl[lane, q, 6] * (t - sl[lane, q, 2]) > 40.0:
                    continue
            elif (
                min(sl[lane, q, 10], sl[lane, q, 11])
                * (t - sl[lane, q, 1] - (sl[lane, q, 8] - 1.0) * sl[lane, q, 7])
                > 40.0
            ):
                continue
            s = t - sl[lane, q, 1]
            rate = 0.0
            if kind == 1.0:
                end = sl[lane, q, 2] - sl[lane, q, 1]
                on = min(s, end)
                rate = (
                    sl[lane, q, 3]
                    * math.exp(-sl[lane, q, 4] * on)
                    * (1.0 - math.exp(-sl[lane, q, 5] * on))
                )
                if s > end:
                    rate *= math.exp(-sl[lane, q, 6] * (s - end))
                else:
                    ws[EXI * W + lane] += sl[lane, q, 13]
            else:
                tau = sl[lane, q, 7]
                n = min(np.floor(s / tau), sl[lane, q, 8] - 1.0)
                ka, ke = sl[lane, q, 10], sl[lane, q, 11]
                ga = (
                    math.exp(-ka * (s - n * tau))
                    * (1.0 - math.exp(-ka * tau * (n + 1.0)))
                    / (1.0 - math.exp(-ka * tau))
                )
                ge = (
                    math.exp(-ke * (s - n * tau))
                    * (1.0 - math.exp(-ke * tau * (n + 1.0)))
                    / (1.0 - math.exp(-ke * tau))
                )
                bcma = ws[T * W + lane] + ws[(T + 2) * W + lane] + ws[(T + 4) * W + lane]
                u = (
                    sl[lane, q, 9]
                    * (ge - ga)
                    / (1.0 + sl[lane, q, 14] * ws[SINK * W + lane] * bcma)
                )
                engaged = u / (1.0 + u)
                phi = 1.0 / (1.0 + ws[(y + 8) * W + lane] * ws[II50 * W + lane])
                rate = (
                    sl[lane, q, 3]
                    * engaged
                    * ws[(y + 9) * W + lane]
                    * phi
                    * math.exp(-sl[lane, q, 4] * s)
                )
                ws[EXN * W + lane] += sl[lane, q, 12] * engaged
            for j in range(5):
                ws[(EX + j) * W + lane] += sl[lane, q, 15 + j] * rate
            ws[EXP * W + lane] += sl[lane, q, 20] * rate


@compiled(fastmath=MATH)
def slope(ws, wi, sl, n_slots, t, y, o):
    """Right-hand side for all lanes: states in rows y.., derivative into rows o..; leaves the cells
    of the clones in rows T.
    """
    exp_rows(ws, wi, y, T, 5, E1)
    for j in range(5 * W):
        ws[T * W + j] *= ws[ALIVE * W + j]
    if n_slots > 0:
        drugs(ws, sl, n_slots, t, y)
    for lane in range(W):
        t0, t1, t2, t3, t4 = (
            ws[T * W + lane],
            ws[(T + 1) * W + lane],
            ws[(T + 2) * W + lane],
            ws[(T + 3) * W + lane],
            ws[(T + 4) * W + lane],
        )
        e, m, x = ws[(y + 5) * W + lane], ws[(y + 6) * W + lane], ws[(y + 7) * W + lane]
        i, n, p = ws[(y + 8) * W + lane], ws[(y + 9) * W + lane], ws[(y + 10) * W + lane]
        burden = t0 + t1 + t2 + t3 + t4
        seen = (ws[APP * W + lane] * t0 + ws[(APP + 1) * W + lane] * t1 + ws[(APP + 2) * W + lane] * t2
                + ws[(APP + 3) * W + lane] * t3 + ws[(APP + 4) * W + lane] * t4)  # fmt: skip
        antigen = seen / (ws[HA * W + lane] * (1.0 + ws[SOAK * W + lane] * seen) + seen)
        phi = 1.0 / (1.0 + i * ws[II50 * W + lane])
        full = n * ws[IN50 * W + lane]
        space = phi / (1.0 + full * full)
        some = max(e, 0.0)
        kill = ws[KC * W + lane] * some / (ws[HE * W + lane] + some) * phi
        grow = ws[R * W + lane] * (1.0 - burden * ws[IK * W + lane])
        ws[o * W + lane] = ws[ALIVE * W + lane] * (
            grow - ws[WPP * W + lane] * kill - ws[EX * W + lane]
        )
        ws[(o + 1) * W + lane] = ws[(ALIVE + 1) * W + lane] * (
            grow - ws[(WPP + 1) * W + lane] * kill - ws[(EX + 1) * W + lane]
        )
        ws[(o + 2) * W + lane] = ws[(ALIVE + 2) * W + lane] * (
            grow - ws[(WPP + 2) * W + lane] * kill - ws[(EX + 2) * W + lane]
        )
        ws[(o + 3) * W + lane] = ws[(ALIVE + 3) * W + lane] * (
            grow - ws[(WPP + 3) * W + lane] * kill - ws[(EX + 3) * W + lane]
        )
        ws[(o + 4) * W + lane] = ws[(ALIVE + 4) * W + lane] * (
            grow - ws[(WPP + 4) * W + lane] * kill - ws[(EX + 4) * W + lane]
        )
        recall = ws[TH * W + lane] * antigen * phi * m
        rest = ws[EPS * W + lane] * (1.0 - antigen) * e
        tire = ws[KX * W + lane] * antigen
        room = 1.0 - (e + m + x) * ws[IKC * W + lane]
        ws[(o + 5) * W + lane] = (
            e
            * (
                ws[RHO * W + lane] * antigen * space * room * some / (some + FEW)
                - ws[DE * W + lane]
                - tire
            )
            - rest
            + recall
        )
        ws[(o + 6) * W + lane] = rest - recall - ws[DM * W + lane] * m
        ws[(o + 7) * W + lane] = tire * e - ws[DX * W + lane] * x
        ws[(o + 8) * W + lane] = (
            ws[KI * W + lane] * burden / (ws[BI * W + lane] + burden)
            - (ws[DI * W + lane] + ws[EXI * W + lane]) * i
        )
        ws[(o + 9) * W + lane] = (ws[LAM * W + lane] * (1.0 - n) - ws[EXN * W + lane]) * n
        ws[(o + 10) * W + lane] = ws[LAMP * W + lane] * (1.0 - p) - (kill + ws[EXP * W + lane]) * p


@compiled(fastmath=MATH)
def production(ws, y, k, q):
    """Production of the markers and its slope into rows q..: secreting cells, cells that shed BCMA,
    normal plasma cells.
    """
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
        ws[(q + 4) * W + lane] = ws[(y + 10) * W + lane]
        ws[(q + 5) * W + lane] = ws[(k + 10) * W + lane]


@compiled(fastmath=MATH)
def filters(ws, wi, h, part, target):
    """Markers after the fraction `part` of a step of length h: exact for a cubic (Hermite)
    production within the step.

    With z = k h part and I_j = integral of exp(-z (1 - u)) u^j over [0, 1]: marker = e^-z marker +
    z sum c_j part^j I_j.
    """
    for f in range(4):
        rate = KM if f == 0 else (KF if f == 1 else KS)
        q = 0 if f < 2 else (2 if f == 2 else 4)
        if f != 3:  # soluble BCMA of tumour and of normal cells have the same turnover
            for lane in range(W):
                ws[Z * W + lane] = -ws[rate * W + lane] * h * part
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


@compiled(fastmath=MATH)
def extinction(ws, h):
    """Clones below 100 cells die out by chance, below one cell for certain; true where a clone of
    any lane went.

    A birth-death process that passes through n(t) cells is still alive with probability 1 -
    exp(-1/H), H = integral of d(t)/n(t) (Kendall 1948, for many founder cells), d the death rate:
    own turnover plus killing. The clone goes when H passes its threshold 1/(-ln(1 - U)); U is drawn
    once per patient and clone, before the run. A threshold above 1e200 switches extinction off.
    """
    gone = False
    for c in range(5):
        low = False
        for lane in range(W):
            low = low or (
                ws[(ALIVE + c) * W + lane] > 0.0 and ws[(YN + c) * W + lane] < -16.11809565095832
            )  # ln(100 cells)
        if not low:
            continue
        for lane in range(W):
            x1 = ws[(YN + c) * W + lane]
            if ws[(ALIVE + c) * W + lane] == 0.0 or x1 > -16.11809565095832:
                continue
            x0 = ws[(Y + c) * W + lane]
            g0, g1 = ws[(K1 + c) * W + lane], ws[(K7 + c) * W + lane]
            death0 = max(ws[TURN * W + lane], ws[TURN * W + lane] + ws[R * W + lane] - g0)
            death1 = max(ws[TURN * W + lane], ws[TURN * W + lane] + ws[R * W + lane] - g1)
            middle = 0.5 * (x0 + x1) + h * (g0 - g1) * 0.125
            part = (
                1e-9
                * (
                    death0 * math.exp(-x0)
                    + 2.0 * (death0 + death1) * math.exp(-middle)
                    + death1 * math.exp(-x1)
                )
                * h
                / 6.0
            )
            ws[(HAZ + c) * W + lane] += part
            limit = ws[(THR + c) * W + lane]
            if ws[(HAZ + c) * W + lane] > limit or (
                x1 < -20.72326583694641 and limit < 1e200
            ):  # ln(1 cell)
                ws[(ALIVE + c) * W + lane] = 0.0
                gone = True
    return gone


@compiled(fastmath=MATH)
def error(ws, h, rtol, atol):
    """Largest root-mean-square error of a lane, in units of the tolerance. Clones are logarithms:
    their error is already relative.
    """
    for lane in range(W):
        ws[ERR * W + lane] = 0.0
    for j in range(11):
        weight = 1.0 if j < 5 else 0.0
        for lane in range(W):
            e = h * (ER1 * ws[(K1 + j) * W + lane] + ER3 * ws[(K3 + j) * W + lane] + ER4 * ws[(K4 + j) * W + lane]
                     + ER5 * ws[(K5 + j) * W + lane] + ER6 * ws[(K6 + j) * W + lane] + ER7 * ws[(K7 + j) * W + lane])  # fmt: skip
            size = max(abs(ws[(Y + j) * W + lane]), abs(ws[(YN + j) * W + lane]))
            e /= weight * rtol + (1.0 - weight) * (atol + rtol * size)
            ws[ERR * W + lane] += e * e
    worst = 0.0
    for lane in range(W):
        v = ws[ERR * W + lane]
        if not v <= 1e60:
            return np.inf
        worst = max(worst, v)
    return math.sqrt(worst / 11.0)


@compiled(fastmath=MATH)
def write(ws, out, b, n, day, columns, nc, y, f):
    """One requested day of all lanes; rounding may leave a state a hair below zero, which is
    written as zero.
    """
    for lane in range(min(W, n - b * W)):
        for c in range(nc):
            k = columns[c]
            if k < 5:
                v = ws[(T + k) * W + lane]
            elif k < 11:
                v = max(ws[(y + k) * W + lane], 0.0)
            elif k < 15:
                v = max(ws[(f + k - 11) * W + lane], 0.0)
            elif k == 15:
                v = max(
                    ws[(y + 5) * W + lane] + ws[(y + 6) * W + lane] + ws[(y + 7) * W + lane], 0.0
                )
            else:
                v = (
                    ws[T * W + lane]
                    + ws[(T + 1) * W + lane]
                    + ws[(T + 2) * W + lane]
                    + ws[(T + 3) * W + lane]
                    + ws[(T + 4) * W + lane]
                )
            out[b * W + lane, day, c] = v
