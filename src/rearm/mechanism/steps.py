"""Dormand and Prince 5(4) on lanes: the stages of a step, its error, what lies within it.

Hairer, Norsett, Wanner: Solving Ordinary Differential Equations I, section II.5.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

from __future__ import annotations

import math

import numpy as np

from rearm.mechanism.jit import compiled
from rearm.mechanism.lanes import (
    DENSE,
    ERR,
    K1,
    K2,
    K3,
    K4,
    K5,
    K6,
    K7,
    MATH,
    YN,
    YT,
    W,
    Y,
    slope,
)
from rearm.mechanism.model import N_CLONES, N_STATES

RTOL, ATOL = 3e-6, 3e-10
MAX_STEPS = 200_000
S = N_STATES * W  # numbers of all states of a group

A21 = 1 / 5
A31, A32 = 3 / 40, 9 / 40
A41, A42, A43 = 44 / 45, -56 / 15, 32 / 9
A51, A52, A53, A54 = 19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729
A61, A62, A63, A64, A65 = 9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656
B1, B3, B4, B5, B6 = 35 / 384, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84
ER1, ER3, ER4 = 71 / 57600, -71 / 16695, 71 / 1920
ER5, ER6, ER7 = -17253 / 339200, 22 / 525, -1 / 40
D1, D3, D4 = -12715105075 / 11282082432, 87487479700 / 32700410799, -10690763975 / 1880347072
D5, D6, D7 = 701980252875 / 199316789632, -1453857185 / 822651844, 69997945 / 29380423


@compiled(fastmath=MATH, forceinline=True)
def stages(ws, wi, slots, t, h):
    """A step of length h from Y, whose slope is in K1: its end into YN, slopes into K2 to K7."""
    for j in range(S):
        ws[YT * W + j] = ws[Y * W + j] + h * A21 * ws[K1 * W + j]
    slope(ws, wi, slots, t + 0.2 * h, YT, K2)
    for j in range(S):
        ws[YT * W + j] = ws[Y * W + j] + h * (A31 * ws[K1 * W + j] + A32 * ws[K2 * W + j])
    slope(ws, wi, slots, t + 0.3 * h, YT, K3)
    for j in range(S):
        ws[YT * W + j] = ws[Y * W + j] + h * (
            A41 * ws[K1 * W + j] + A42 * ws[K2 * W + j] + A43 * ws[K3 * W + j]
        )
    slope(ws, wi, slots, t + 0.8 * h, YT, K4)
    for j in range(S):
        ws[YT * W + j] = ws[Y * W + j] + h * (
            A51 * ws[K1 * W + j]
            + A52 * ws[K2 * W + j]
            + A53 * ws[K3 * W + j]
            + A54 * ws[K4 * W + j]
        )
    slope(ws, wi, slots, t + h * (8.0 / 9.0), YT, K5)
    for j in range(S):
        ws[YT * W + j] = ws[Y * W + j] + h * (
            A61 * ws[K1 * W + j]
            + A62 * ws[K2 * W + j]
            + A63 * ws[K3 * W + j]
            + A64 * ws[K4 * W + j]
            + A65 * ws[K5 * W + j]
        )
    slope(ws, wi, slots, t + h, YT, K6)
    for j in range(S):
        ws[YN * W + j] = ws[Y * W + j] + h * (
            B1 * ws[K1 * W + j]
            + B3 * ws[K3 * W + j]
            + B4 * ws[K4 * W + j]
            + B5 * ws[K5 * W + j]
            + B6 * ws[K6 * W + j]
        )
    slope(ws, wi, slots, t + h, YN, K7)


@compiled(fastmath=MATH)
def error(ws, h):
    """Largest root-mean-square error of a lane in units of the tolerance; inf where it blew up.

    Clones are logarithms: their error is already relative.
    """
    for lane in range(W):
        ws[ERR * W + lane] = 0.0
    for j in range(N_STATES):
        weight = 1.0 if j < N_CLONES else 0.0
        for lane in range(W):
            e = h * (
                ER1 * ws[(K1 + j) * W + lane]
                + ER3 * ws[(K3 + j) * W + lane]
                + ER4 * ws[(K4 + j) * W + lane]
                + ER5 * ws[(K5 + j) * W + lane]
                + ER6 * ws[(K6 + j) * W + lane]
                + ER7 * ws[(K7 + j) * W + lane]
            )
            size = max(abs(ws[(Y + j) * W + lane]), abs(ws[(YN + j) * W + lane]))
            e /= weight * RTOL + (1.0 - weight) * (ATOL + RTOL * size)
            ws[ERR * W + lane] += e * e
    worst = 0.0
    for lane in range(W):
        v = ws[ERR * W + lane]
        if not v <= 1e60:
            return np.inf
        worst = max(worst, v)
    return math.sqrt(worst / N_STATES)


@compiled(fastmath=MATH)
def shorter(h, worst):
    """The length to try again after a step whose error was too large."""
    if not worst < 1e30:
        return h * 0.2
    return h * min(0.9, max(0.2, 0.9 * worst**-0.2))


@compiled(fastmath=MATH)
def longer(h, worst):
    """The length of the step after one that was good."""
    return h * min(5.0, 0.9 * max(worst, 1e-10) ** -0.2)


@compiled(fastmath=MATH, forceinline=True)
def dense(ws, h):
    """What `within` needs of this step besides its slopes."""
    for j in range(S):
        ws[DENSE * W + j] = h * (
            D1 * ws[K1 * W + j]
            + D3 * ws[K3 * W + j]
            + D4 * ws[K4 * W + j]
            + D5 * ws[K5 * W + j]
            + D6 * ws[K6 * W + j]
            + D7 * ws[K7 * W + j]
        )


@compiled(fastmath=MATH, forceinline=True)
def within(ws, h, part):
    """States after the fraction `part` of a step into YT, of fourth order."""
    for j in range(S):
        dy = ws[YN * W + j] - ws[Y * W + j]
        bs = h * ws[K1 * W + j] - dy
        last = dy - h * ws[K7 * W + j] - bs + (1.0 - part) * ws[DENSE * W + j]
        ws[YT * W + j] = ws[Y * W + j] + part * (dy + (1.0 - part) * (bs + part * last))


@compiled(fastmath=MATH, forceinline=True)
def accept(ws):
    """The end of the step becomes the start of the next."""
    for j in range(S):
        ws[Y * W + j] = ws[YN * W + j]
        ws[K1 * W + j] = ws[K7 * W + j]
