"""The model on lanes: the workspace, the right-hand side, drugs, extinction.

A group is `W` patients that are integrated together. The workspace is one flat array; a row of it
holds one number of each patient, a state five or eleven rows. Row numbers are constants: this is
what lets the compiler see that rows never overlap, so that each line of arithmetic runs on a whole
vector register. `equations` has the same right-hand side as it is read.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"
# (signatures are inferred by the compiler from the arrays that come in)

from __future__ import annotations

import math

import numpy as np

from rearm.mechanism.jit import compiled
from rearm.mechanism.model import (
    CELL,
    DIRECT,
    EFFECTOR,
    ENDOGENOUS,
    EXHAUSTED,
    FEW,
    LN_CELL,
    LN_FEW,
    MEMORY,
    N_CLONES,
    N_PARAMETERS,
    NO_DRUG,
    NORMAL,
    SLOT_AMP,
    SLOT_DOSES,
    SLOT_END,
    SLOT_IMMUNE,
    SLOT_K,
    SLOT_K_A,
    SLOT_K_E,
    SLOT_K_OFF,
    SLOT_K_ON,
    SLOT_KIND,
    SLOT_LAM,
    SLOT_SINKS,
    SLOT_START,
    SLOT_TAU,
    SLOT_W_NORMAL,
    SLOT_WEAR,
    SLOT_WEIGHTS,
    SUPPRESSION,
)

W = 16  # patients per group
MATH = {"contract", "arcp", "nsz", "afn"}
# no reassociation, and NaN stays NaN: a step that blew up must be seen

# --- rows of the workspace
Y, YT, YN = 0, 11, 22  # state at the start of the step, within it, at its end
K1, K2, K3, K4, K5, K6, K7 = 33, 44, 55, 66, 77, 88, 99  # slopes of the stages
DENSE = 110  # last term of the dense output
T = 121  # cells of the five clones at the last evaluation
ALIVE = 126  # 1 where the clone exists
EX, EXI, EXN, EXP = 131, 136, 137, 138  # killing by drugs: clones, suppression, N, P
PAR = 139
QA = PAR + N_PARAMETERS  # production of the markers with its slope at the start: see `markers`
QB = QA + 6  # the same at the end of the step
FIL = QB + 6  # four filters
FILT = FIL + 4  # the same within the step
INV0 = FILT + 4  # 1/production at the start, for m-protein and soluble BCMA
HAZ = INV0 + 2  # integrated turnover per cell, five clones
THR = HAZ + 5  # where it ends a clone
ERR = THR + 5
Z, PH = ERR + 1, ERR + 2  # z = k h; e^-z, I0..I3
E1 = ERR + 7  # powers of two for exp_rows
ROWS = ERR + 8

# --- rows of the parameters, in the order of `model.PARAMETERS`; K, K_C, I50 and N50 are inverted
(R, IK, HA, SOAK, RHO, IKC, DE, EPS, TH, DM, KX, DX, KC, HE, KI, DI, BI, II50, LAM, IN50, LAMP,
 TURN, KM, KF, KS, SINK, SSAN) = range(PAR, PAR + 27)  # fmt: skip
WEIGHTS = PAR + 27  # killing of the five clones, then stimulation by them
SEEN = WEIGHTS + N_CLONES
INVERTED = (IK, IKC, II50, IN50)

LOG2E = 1.4426950408889634
LN2HI, LN2LO = 6.93147180369123816490e-01, 1.90821492927058770002e-10
SHIFT = 6755399441055744.0  # 1.5 * 2**52: adding it leaves the integer in the low bits
C2, C3, C4, C5, C6, C7 = 1 / 2, 1 / 6, 1 / 24, 1 / 120, 1 / 720, 1 / 5040
C8, C9, C10, C11 = 1 / 40320, 1 / 362880, 1 / 3628800, 1 / 39916800
FADED = 40.0  # a drug that has faded to e^-40 is gone
NO_EXTINCTION = 1e200  # a threshold above this switches extinction off


@compiled(fastmath=MATH)
def exp_rows(ws, wi, source, target, count, power):
    """exp of `count` rows: 2^n times a polynomial, n put straight into the exponent bits.

    `wi` is the workspace seen as integers. |x| is limited to 690.
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


@compiled(fastmath=MATH, forceinline=True)
def cells(ws, wi, y):
    """Cells of the clones in states y.. into rows T; none where a clone died out."""
    exp_rows(ws, wi, y, T, N_CLONES, E1)
    for j in range(N_CLONES * W):
        ws[T * W + j] *= ws[ALIVE * W + j]


@compiled(fastmath=MATH, forceinline=True)
def direct_killing(slots, lane, q, s):
    """Killing rate of a direct drug `s` days after its start."""
    end = slots[lane, q, SLOT_END] - slots[lane, q, SLOT_START]
    on = min(s, end)
    rate = (
        slots[lane, q, SLOT_K]
        * math.exp(-slots[lane, q, SLOT_LAM] * on)
        * (1.0 - math.exp(-slots[lane, q, SLOT_K_ON] * on))
    )
    if s > end:
        rate *= math.exp(-slots[lane, q, SLOT_K_OFF] * (s - end))
    return rate


@compiled(fastmath=MATH, forceinline=True)
def level_of_doses(k, s, n, tau):
    """Sum over n + 1 doses, `tau` days apart, of exp(-k age), `s` days after the first."""
    return (
        math.exp(-k * (s - n * tau))
        * (1.0 - math.exp(-k * tau * (n + 1.0)))
        / (1.0 - math.exp(-k * tau))
    )


@compiled(fastmath=MATH, forceinline=True)
def engaged_share(slots, lane, q, s, bound):
    """Share of T cells engaged by a bispecific antibody `s` days after its first dose.

    `bound`: what soluble BCMA binds of the drug, 0 where it binds none.
    """
    tau = slots[lane, q, SLOT_TAU]
    n = min(np.floor(s / tau), slots[lane, q, SLOT_DOSES] - 1.0)
    absorbed = level_of_doses(slots[lane, q, SLOT_K_A], s, n, tau)
    left = level_of_doses(slots[lane, q, SLOT_K_E], s, n, tau)
    u = slots[lane, q, SLOT_AMP] * (left - absorbed) / (1.0 + bound)
    return u / (1.0 + u)


@compiled(fastmath=MATH, forceinline=True)
def in_force(slots, lane, q, t):
    """Whether a drug has begun and not faded yet."""
    kind, start = slots[lane, q, SLOT_KIND], slots[lane, q, SLOT_START]
    if kind == NO_DRUG or t < start:
        return False
    if kind == DIRECT:
        return slots[lane, q, SLOT_K_OFF] * (t - slots[lane, q, SLOT_END]) <= FADED
    last_dose = start + (slots[lane, q, SLOT_DOSES] - 1.0) * slots[lane, q, SLOT_TAU]
    return min(slots[lane, q, SLOT_K_A], slots[lane, q, SLOT_K_E]) * (t - last_dose) <= FADED


@compiled(fastmath=MATH)
def drug_killing(ws, slots, t, y):
    """Killing by the drugs in force on day t into rows EX.. to EXP; cells must stand in rows T."""
    for j in range(8 * W):
        ws[EX * W + j] = 0.0
    for q in range(slots.shape[1]):
        for lane in range(W):
            if not in_force(slots, lane, q, t):
                continue
            s = t - slots[lane, q, SLOT_START]
            if slots[lane, q, SLOT_KIND] == DIRECT:
                rate = direct_killing(slots, lane, q, s)
                if t <= slots[lane, q, SLOT_END]:
                    ws[EXI * W + lane] += slots[lane, q, SLOT_IMMUNE]
            else:
                bcma = ws[T * W + lane] + ws[(T + 2) * W + lane] + ws[(T + 4) * W + lane]
                bound = slots[lane, q, SLOT_SINKS] * ws[SINK * W + lane] * bcma
                engaged = engaged_share(slots, lane, q, s, bound)
                phi = 1.0 / (1.0 + ws[(y + SUPPRESSION) * W + lane] * ws[II50 * W + lane])
                able = ws[(y + ENDOGENOUS) * W + lane] * phi
                fade = math.exp(-slots[lane, q, SLOT_LAM] * s)
                rate = slots[lane, q, SLOT_K] * engaged * able * fade
                ws[EXN * W + lane] += slots[lane, q, SLOT_WEAR] * engaged
            for c in range(N_CLONES):
                ws[(EX + c) * W + lane] += slots[lane, q, SLOT_WEIGHTS + c] * rate
            ws[EXP * W + lane] += slots[lane, q, SLOT_W_NORMAL] * rate


@compiled(fastmath=MATH)
def slope(ws, wi, slots, t, y, o):
    """Right-hand side: states in rows y.., derivative into rows o.., cells of the clones in T."""
    cells(ws, wi, y)
    if slots.shape[1] > 0:
        drug_killing(ws, slots, t, y)
    for lane in range(W):
        t0, t1, t2, t3, t4 = (
            ws[T * W + lane],
            ws[(T + 1) * W + lane],
            ws[(T + 2) * W + lane],
            ws[(T + 3) * W + lane],
            ws[(T + 4) * W + lane],
        )
        e, m = ws[(y + EFFECTOR) * W + lane], ws[(y + MEMORY) * W + lane]
        x, i = ws[(y + EXHAUSTED) * W + lane], ws[(y + SUPPRESSION) * W + lane]
        n, p = ws[(y + ENDOGENOUS) * W + lane], ws[(y + NORMAL) * W + lane]
        burden = t0 + t1 + t2 + t3 + t4
        seen = (
            ws[SEEN * W + lane] * t0
            + ws[(SEEN + 1) * W + lane] * t1
            + ws[(SEEN + 2) * W + lane] * t2
            + ws[(SEEN + 3) * W + lane] * t3
            + ws[(SEEN + 4) * W + lane] * t4
        )
        antigen = seen / (ws[HA * W + lane] * (1.0 + ws[SOAK * W + lane] * seen) + seen)
        phi = 1.0 / (1.0 + i * ws[II50 * W + lane])
        full = n * ws[IN50 * W + lane]
        space = phi / (1.0 + full * full)
        some = max(e, 0.0)
        kill = ws[KC * W + lane] * some / (ws[HE * W + lane] + some) * phi
        grow = ws[R * W + lane] * (1.0 - burden * ws[IK * W + lane])
        ws[o * W + lane] = ws[ALIVE * W + lane] * (
            grow - ws[WEIGHTS * W + lane] * kill - ws[EX * W + lane]
        )
        ws[(o + 1) * W + lane] = ws[(ALIVE + 1) * W + lane] * (
            grow - ws[(WEIGHTS + 1) * W + lane] * kill - ws[(EX + 1) * W + lane]
        )
        ws[(o + 2) * W + lane] = ws[(ALIVE + 2) * W + lane] * (
            grow - ws[(WEIGHTS + 2) * W + lane] * kill - ws[(EX + 2) * W + lane]
        )
        ws[(o + 3) * W + lane] = ws[(ALIVE + 3) * W + lane] * (
            grow - ws[(WEIGHTS + 3) * W + lane] * kill - ws[(EX + 3) * W + lane]
        )
        ws[(o + 4) * W + lane] = ws[(ALIVE + 4) * W + lane] * (
            grow - ws[(WEIGHTS + 4) * W + lane] * kill - ws[(EX + 4) * W + lane]
        )
        recall = ws[TH * W + lane] * antigen * phi * m
        rest = ws[EPS * W + lane] * (1.0 - antigen) * e
        tire = ws[KX * W + lane] * antigen
        room = 1.0 - (e + m + x) * ws[IKC * W + lane]
        expand = ws[RHO * W + lane] * antigen * space * room * some / (some + FEW)
        ws[(o + EFFECTOR) * W + lane] = e * (expand - ws[DE * W + lane] - tire) - rest + recall
        ws[(o + MEMORY) * W + lane] = rest - recall - ws[DM * W + lane] * m
        ws[(o + EXHAUSTED) * W + lane] = tire * e - ws[DX * W + lane] * x
        ws[(o + SUPPRESSION) * W + lane] = (
            ws[KI * W + lane] * burden / (ws[BI * W + lane] + burden)
            - (ws[DI * W + lane] + ws[EXI * W + lane]) * i
        )
        ws[(o + ENDOGENOUS) * W + lane] = (ws[LAM * W + lane] * (1.0 - n) - ws[EXN * W + lane]) * n
        ws[(o + NORMAL) * W + lane] = (
            ws[LAMP * W + lane] * (1.0 - p) - (kill + ws[EXP * W + lane]) * p
        )


@compiled(fastmath=MATH)
def extinction(ws, h):
    """Clones below 100 cells die out by chance, below one cell for certain; true where one did.

    A birth-death process that passes through n(t) cells is still alive with probability 1 -
    exp(-1/H), H = integral of d(t)/n(t) (Kendall 1948, for many founder cells), d the death rate:
    own turnover plus killing. The clone goes when H passes its threshold 1/(-ln(1 - U)); U is drawn
    once per patient and clone, before the run. A threshold above 1e200 switches extinction off.
    """
    gone = False
    for c in range(N_CLONES):
        any_low = False
        for lane in range(W):
            lives = ws[(ALIVE + c) * W + lane] > 0.0
            any_low = any_low or (lives and ws[(YN + c) * W + lane] < LN_FEW)
        if not any_low:
            continue
        for lane in range(W):
            if ws[(ALIVE + c) * W + lane] == 0.0 or ws[(YN + c) * W + lane] > LN_FEW:
                continue
            ws[(HAZ + c) * W + lane] += turnover_per_cell(ws, h, c, lane)
            limit = ws[(THR + c) * W + lane]
            below_one_cell = ws[(YN + c) * W + lane] < LN_CELL and limit < NO_EXTINCTION
            if ws[(HAZ + c) * W + lane] > limit or below_one_cell:
                ws[(ALIVE + c) * W + lane] = 0.0
                gone = True
    return gone


@compiled(fastmath=MATH, forceinline=True)
def turnover_per_cell(ws, h, c, lane):
    """Integral of the death rate over the cells of clone c within the step (Simpson)."""
    x0, x1 = ws[(Y + c) * W + lane], ws[(YN + c) * W + lane]
    g0, g1 = ws[(K1 + c) * W + lane], ws[(K7 + c) * W + lane]
    turnover = ws[TURN * W + lane]
    death0 = max(turnover, turnover + ws[R * W + lane] - g0)
    death1 = max(turnover, turnover + ws[R * W + lane] - g1)
    middle = 0.5 * (x0 + x1) + h * (g0 - g1) * 0.125
    per_cell = (
        death0 * math.exp(-x0)
        + 2.0 * (death0 + death1) * math.exp(-middle)
        + death1 * math.exp(-x1)
    )
    return CELL * per_cell * h / 6.0
