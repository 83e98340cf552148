"""Many patients at once: Dormand-Prince 5(4) in lock-step lanes, with exact marker filters and
stochastic extinction.

`W` patients share one step; the error of the worst of them decides. Lanes are filled in the order
of the input, so the result does not depend on the number of threads. Compiled code is cached
between runs.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

from __future__ import annotations

import numpy as np

from rearm.mechanism.jit import compiled, prange
from rearm.mechanism.lanes import (
    ALIVE,
    FIL,
    FILT,
    INVERTED,
    K1,
    K7,
    MATH,
    PAR,
    QA,
    QB,
    ROWS,
    THR,
    WEIGHTS,
    YN,
    YT,
    T,
    W,
    Y,
    cells,
    extinction,
    slope,
)
from rearm.mechanism.markers import N_FILTERS, filters, production, start_markers
from rearm.mechanism.model import (
    EFFECTOR,
    ENDOGENOUS,
    EVENT_DAY,
    EVENT_E,
    EVENT_M,
    EVENT_N,
    EVENT_WEIGHTS,
    EXHAUSTED,
    LN_CELL,
    MEMORY,
    N_CLONES,
    N_EVENT,
    N_PARAMETERS,
    N_STATES,
    NO_DRUG,
    SLOT_END,
    SLOT_KIND,
    SLOT_START,
)
from rearm.mechanism.steps import (
    MAX_STEPS,
    accept,
    dense,
    error,
    longer,
    shorter,
    stages,
    within,
)

FIRST_STEP, AFTER_STOP = 0.02, 0.05  # days
SAME_TIME = 1e-9  # days that lie closer are the same


@compiled(parallel=True, fastmath=MATH)
def run(params, start, threshold, infusions, slots, days, columns):
    """Integrate all patients from day 0: (requested columns on the requested days, steps).

    Steps are counted per group of lanes; -1 where they were used up before the last day.
    """
    n = params.shape[0]
    groups = (n + W - 1) // W
    out = np.empty((n, days.shape[0], columns.shape[0]))
    steps = np.zeros(groups, np.int64)
    for g in prange(groups):
        # the last group is filled up with its last patient
        patients = np.minimum(np.arange(g * W, (g + 1) * W), n - 1)
        ws = np.zeros(ROWS * W)
        fill(ws, params[patients], start[patients], threshold[patients])
        given, drugs = infusions[patients], slots[patients]
        steps[g] = integrate(ws, given, drugs, days, columns, out[g * W : (g + 1) * W])
    return out, steps


@compiled(fastmath=MATH)
def fill(ws, params, start, threshold):
    """One group into the workspace."""
    for lane in range(W):
        for j in range(N_STATES):
            ws[(Y + j) * W + lane] = start[lane, j]
        for j in range(N_PARAMETERS):
            ws[(PAR + j) * W + lane] = params[lane, j]
        for row in INVERTED:
            ws[row * W + lane] = 1.0 / ws[row * W + lane]
        for c in range(N_CLONES):
            ws[(THR + c) * W + lane] = threshold[lane, c]
            ws[(ALIVE + c) * W + lane] = 1.0 if start[lane, c] > LN_CELL else 0.0


@compiled(fastmath=MATH)
def stops_of(infusions, slots):
    """Days on which a step must end, sorted, with inf as the last: infusions, edges of drugs."""
    stops = np.full(W * (infusions.shape[1] + 2 * slots.shape[1]) + 1, np.inf)
    count = 0
    for lane in range(W):
        for q in range(infusions.shape[1]):
            if infusions[lane, q, EVENT_DAY] >= 0.0:
                stops[count] = infusions[lane, q, EVENT_DAY]
                count += 1
        for q in range(slots.shape[1]):
            for edge in (SLOT_START, SLOT_END):
                if slots[lane, q, SLOT_KIND] != NO_DRUG and slots[lane, q, edge] > 0.0:
                    stops[count] = slots[lane, q, edge]
                    count += 1
    return np.sort(stops)


@compiled(fastmath=MATH)
def infuse(ws, infusions, t):
    """What is infused on day t: cells, lymphodepletion, the weights of another product."""
    for lane in range(W):
        for q in range(infusions.shape[1]):
            if abs(infusions[lane, q, EVENT_DAY] - t) >= SAME_TIME:
                continue
            ws[(Y + EFFECTOR) * W + lane] += infusions[lane, q, EVENT_E]
            ws[(Y + MEMORY) * W + lane] += infusions[lane, q, EVENT_M]
            if infusions[lane, q, EVENT_N] >= 0.0:
                ws[(Y + ENDOGENOUS) * W + lane] = infusions[lane, q, EVENT_N]
            if infusions[lane, q, EVENT_WEIGHTS] >= 0.0:
                for j in range(N_EVENT - EVENT_WEIGHTS):
                    ws[(WEIGHTS + j) * W + lane] = infusions[lane, q, EVENT_WEIGHTS + j]


@compiled(forceinline=True)
def days_until(days, written, t):
    """How many of the days lie at or before t, of which `written` do for certain."""
    while written < days.shape[0] and days[written] <= t:
        written += 1
    return written


@compiled(fastmath=MATH)
def integrate(ws, infusions, slots, days, columns, out):
    """One group to the last day into `out` [lane, day, column]; steps, -1 where they ran out."""
    wi = ws.view(np.int64)
    stops = stops_of(infusions, slots)
    cells(ws, wi, Y)
    start_markers(ws)
    t, h, written, stop, count = 0.0, FIRST_STEP, 0, 0, 0
    last = days[days.shape[0] - 1]
    slope_stale = True  # the slope in K1 is not that of the state in Y
    while written < days.shape[0] and count < MAX_STEPS:
        if t >= stops[stop] - SAME_TIME:
            while t >= stops[stop] - SAME_TIME:
                stop += 1
            infuse(ws, infusions, t)
            h = min(h, AFTER_STOP)
            slope_stale = True
        if slope_stale:
            slope(ws, wi, slots, t, Y, K1)
            production(ws, Y, K1, QA)
            slope_stale = False
            first, written = written, days_until(days, written, t)
            for k in range(first, written):  # the day of the start itself
                write(ws, out[:, k], columns, Y, FIL)
            if written == days.shape[0]:
                break
        limit = min(stops[stop], last)
        cut = t + h * 1.0000001 >= limit
        if cut:
            h = limit - t
        count += 1
        stages(ws, wi, slots, t, h)
        worst = error(ws, h)
        if not worst <= 1.0:
            h = shorter(h, worst)
            continue
        production(ws, YN, K7, QB)
        t_new = limit if cut else t + h
        first, written = written, days_until(days, written, t_new)
        write_within(ws, wi, (days[first:written] - t) / h, h, columns, out[:, first:written])
        filters(ws, wi, h, 1.0, FILT)
        slope_stale = extinction(ws, h)
        accept(ws)
        for j in range(N_FILTERS * W):
            ws[FIL * W + j] = ws[FILT * W + j]
        for j in range(6 * W):
            ws[QA * W + j] = ws[QB * W + j]
        for j in range(EFFECTOR * W, (EXHAUSTED + 1) * W):  # rounding may leave them below zero
            ws[Y * W + j] = max(ws[Y * W + j], 0.0)
        t = t_new
        h = longer(h, worst)
    return count if written == days.shape[0] else -1


@compiled(fastmath=MATH, forceinline=True)
def write_within(ws, wi, parts, h, columns, out):
    """The requested days of a step, each as the fraction of the step after which it lies."""
    for k in range(parts.shape[0]):
        if parts[k] >= 1.0:
            cells(ws, wi, YN)  # a day before it has written over them
            filters(ws, wi, h, 1.0, FILT)
            write(ws, out[:, k], columns, YN, FILT)
        else:
            if k == 0:
                dense(ws, h)
            within(ws, h, parts[k])
            cells(ws, wi, YT)
            filters(ws, wi, h, parts[k], FILT)
            write(ws, out[:, k], columns, YT, FILT)


@compiled(fastmath=MATH)
def write(ws, out, columns, y, f):
    """One requested day of all lanes into `out` [lane, column], in the order of `model.OUTPUTS`.

    Rounding may leave a state a hair below zero, which is written as zero.
    """
    for lane in range(out.shape[0]):
        for c in range(columns.shape[0]):
            k = columns[c]
            if k < N_CLONES:
                v = ws[(T + k) * W + lane]
            elif k < N_STATES:
                v = max(ws[(y + k) * W + lane], 0.0)
            elif k < N_STATES + N_FILTERS:
                v = max(ws[(f + k - N_STATES) * W + lane], 0.0)
            elif k == N_STATES + N_FILTERS:
                v = max(
                    ws[(y + EFFECTOR) * W + lane]
                    + ws[(y + MEMORY) * W + lane]
                    + ws[(y + EXHAUSTED) * W + lane],
                    0.0,
                )
            else:
                v = 0.0
                for clone in range(N_CLONES):
                    v += ws[(T + clone) * W + lane]
            out[lane, c] = v
