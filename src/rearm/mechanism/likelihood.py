"""Compiled loops over virtual patients: markers against measurements, progression, response.

A marker at one time is  y = exp(s) rel + add  with the patient's own scale s (Gaussian prior). What
the laboratory reports is ln(y + offset) plus noise: nine tenths and a half Gaussian, one twentieth
three times as wide (an outlier must not decide alone). Values below or above a limit enter by their
probability. The scale is drawn from a Gaussian fitted to this virtual patient and these
measurements, and the weight corrects for that exactly, so no draw is wasted on a scale that cannot
fit.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

from __future__ import annotations

import math

import numpy as np

from rearm.mechanism.jit import compiled, prange

OUTLIER, WIDE = 0.05, 3.0
LN2PI = 1.8378770664093453
WIDEN = 1.15  # the proposal of the scale is this much wider than the fitted Gaussian
NEVER = 1e6
LEVELS = ("PD", "SD", "MR", "PR", "VGPR", "CR")


@compiled()
def _phi(x):
    return 0.5 * math.erfc(-x * 0.7071067811865476)


@compiled()
def point(r, kind):
    """Log probability of one measurement: r = (reported - expected)/noise; kind 0 value, -1 below
    the limit, 1 above it.
    """
    if kind == 0:
        narrow = math.exp(-0.5 * r * r)
        wide = math.exp(-0.5 * r * r / (WIDE * WIDE)) / WIDE
        return math.log((1.0 - OUTLIER) * narrow + OUTLIER * wide + 1e-300) - 0.5 * LN2PI
    side = r if kind < 0 else -r
    return math.log((1.0 - OUTLIER) * _phi(side) + OUTLIER * _phi(side / WIDE) + 1e-300)


@compiled(parallel=True)
def weigh(rel, add, channel, reported, kind, noise, offset, mean, sd, eps, logw, scales):
    """Add the log likelihood of all measurements to `logw` and fill `scales` [patient, channel].

    rel, add [patient, measurement]; channel, reported (ln(value + offset)), kind, noise, offset per
    measurement; mean [patient, channel], sd [channel] prior of the scales; eps [patient, channel]
    standard normal numbers.
    """
    n, k = rel.shape
    channels = mean.shape[1]
    for i in prange(n):
        for c in range(channels):
            any_ = False
            for q in range(k):
                any_ = any_ or channel[q] == c
            mu, tau = mean[i, c], sd[c]
            if not any_:
                scales[i, c] = mu + tau * eps[i, c]
                continue
            s = mu
            curve = 1.0 / (tau * tau)
            for _ in range(8):
                push, curve = -(s - mu) / (tau * tau), 1.0 / (tau * tau)
                for q in range(k):
                    if channel[q] != c:
                        continue
                    signal = math.exp(s) * rel[i, q]
                    whole = signal + add[i, q] + offset[q]
                    r = (reported[q] - math.log(whole)) / noise[q]
                    if kind[q] < 0 and r > 0:  # the limit is kept: no pull
                        continue
                    if kind[q] > 0 and r < 0:
                        continue
                    slope = signal / whole / noise[q]
                    trust = 1.0 if abs(r) < WIDE else WIDE / abs(r)
                    push += trust * slope * r
                    curve += trust * slope * slope
                step = push / curve
                s += min(max(step, -2.0), 2.0)
                if abs(step) < 1e-4:
                    break
            wide = WIDEN / math.sqrt(curve)
            s += wide * eps[i, c]
            scales[i, c] = s
            total = (
                -0.5 * ((s - mu) / tau) ** 2 - math.log(tau) + 0.5 * eps[i, c] ** 2 + math.log(wide)
            )
            for q in range(k):
                if channel[q] == c:
                    whole = math.exp(s) * rel[i, q] + add[i, q] + offset[q]
                    total += point((reported[q] - math.log(whole)) / noise[q], kind[q])
            logw[i] += total


@compiled(parallel=True)
def progression(m, f, lesion, m0, f0, days, begin, rules, first_day, out, level):
    """Day of progression of each virtual patient into `out` (NEVER where none by the last day),
    response level per day into `level`.

    Judged from day `begin[i]` on: nadir and baseline start there; earlier days get level -1. m, f
    are relative to day 0, m0 (g/dL) and f0 (mg/L) are the levels then. rules: see `observe.rules`.
    Levels: 0 PD, 1 SD, 2 MR, 3 PR, 4 VGPR, 5 CR.
    """
    n, k = m.shape
    for i in prange(n):
        low_m, low_f, low_l = 1e30, 1e30, 1e30
        base_m, base_f, base_l = 0.0, 0.0, 0.0
        started, before, pd = False, False, False
        out[i] = NEVER
        for d in range(k):
            if days[d] < begin[i]:
                level[i, d] = -1
                continue
            sm = m0[i] * m[i, d]
            sf = f0[i] * f[i, d]
            le = lesion[i, d]
            if not started:
                base_m, base_f, base_l, started = sm, sf, le, True
            by_serum = base_m >= rules[7]
            by_chain = base_f >= rules[8]
            low_m, low_f, low_l = min(low_m, sm), min(low_f, sf), min(low_l, le)
            worse = sm - low_m >= rules[1] and sm >= (1.0 + rules[0]) * low_m
            worse = worse or (low_m >= rules[3] and sm - low_m >= rules[2])
            worse = worse or (
                not by_serum and sf - low_f >= rules[4] and sf >= (1.0 + rules[0]) * low_f
            )
            worse = worse or (le >= rules[6] and le >= (1.0 + rules[5]) * low_l)
            if (
                worse and before and not pd
            ):  # confirmed: it is dated on the first of two visits in a row
                pd = True
                out[i] = days[d - 1]
                level[i, d - 1] = 0
            before = worse and days[d] >= begin[i] + first_day
            left_m, left_f = sm / max(base_m, 1e-12), sf / max(base_f, 1e-12)
            left = left_m if by_serum else (left_f if by_chain else max(left_m, left_f))
            if base_l >= rules[6]:
                left = max(
                    left, min(le / base_l, 0.5)
                )  # a measurable lesion must shrink too; at most PR is lost by it
            grade = 1
            if left <= 1.0 - rules[11]:
                grade = 2
            if left <= 1.0 - rules[10]:
                grade = 3
            if left <= 1.0 - rules[9]:
                grade = 4
                if sm < rules[12] and sf < rules[13] and le < rules[6]:
                    grade = 5
            level[i, d] = 0 if pd else grade


@compiled(parallel=True)
def reweigh(values, add_noise, noise, truth, logw, label, n_labels, out):
    """Posterior over labels for simulated next measurements: expected (log) values [draw], truths
    index; out [truth, label].

    Each truth's measurement is its own expected value plus noise; every draw is weighed by the
    Gaussian density around its own.
    """
    for t in prange(truth.shape[0]):
        y = values[truth[t]] + add_noise[t] * noise
        top = -1e300
        for i in range(values.shape[0]):
            r = (y - values[i]) / noise
            top = max(top, logw[i] - 0.5 * r * r)
        total = 0.0
        acc = np.zeros(n_labels)
        for i in range(values.shape[0]):
            r = (y - values[i]) / noise
            w = math.exp(logw[i] - 0.5 * r * r - top)
            total += w
            acc[label[i]] += w
        for c in range(n_labels):
            out[t, c] = acc[c] / total


@compiled(parallel=True)
def stated(level, at, said, noise_share, logw):
    """Add the probability that the team says response `said[q]` on day index `at[q]`; wrong levels
    weigh noise_share^distance.
    """
    n = level.shape[0]
    for i in prange(n):
        for q in range(at.shape[0]):
            total, own = 0.0, 0.0
            for c in range(6):
                gap = abs(c - level[i, at[q]])
                p = noise_share**gap
                total += p
                if c == said[q]:
                    own = p
            logw[i] += math.log(own / total)
