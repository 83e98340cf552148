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
from rearm.mechanism.model import (
    POINT_CHANNEL,
    POINT_KIND,
    POINT_NOISE,
    POINT_OFFSET,
    POINT_REPORTED,
    MarkerLevels,
)

OUTLIER, WIDE = 0.05, 3.0
LN2PI = 1.8378770664093453
WIDEN = 1.15  # the proposal of the scale is this much wider than the fitted Gaussian
NEVER = 1e6
FIRST_DAY = 14.0  # nothing counts as progression earlier after the infusion


@compiled()
def _phi(x):
    return 0.5 * math.erfc(-x * 0.7071067811865476)


@compiled()
def point(r, kind):
    """Log probability of one measurement whose r = (reported - expected)/noise."""
    if kind == 0:
        narrow = math.exp(-0.5 * r * r)
        wide = math.exp(-0.5 * r * r / (WIDE * WIDE)) / WIDE
        return math.log((1.0 - OUTLIER) * narrow + OUTLIER * wide + 1e-300) - 0.5 * LN2PI
    side = r if kind < 0 else -r
    return math.log((1.0 - OUTLIER) * _phi(side) + OUTLIER * _phi(side / WIDE) + 1e-300)


@compiled()
def fit_scale(expected, points, i, c, prior):
    """(scale, spread) of the Gaussian fitted to channel c of patient i; `prior`: mean, spread."""
    mu, tau = prior
    s = mu
    curve = 1.0 / (tau * tau)
    for _ in range(8):
        push, curve = -(s - mu) / (tau * tau), 1.0 / (tau * tau)
        for q in range(points.shape[0]):
            if points[q, POINT_CHANNEL] != c:
                continue
            signal = math.exp(s) * expected[i, q, 0]
            whole = signal + expected[i, q, 1] + points[q, POINT_OFFSET]
            r = (points[q, POINT_REPORTED] - math.log(whole)) / points[q, POINT_NOISE]
            kind = points[q, POINT_KIND]
            limit_kept = (kind < 0 and r > 0) or (kind > 0 and r < 0)
            if limit_kept:  # no pull
                continue
            slope = signal / whole / points[q, POINT_NOISE]
            trust = 1.0 if abs(r) < WIDE else WIDE / abs(r)
            push += trust * slope * r
            curve += trust * slope * slope
        step = push / curve
        s += min(max(step, -2.0), 2.0)
        if abs(step) < 1e-4:
            break
    return s, WIDEN / math.sqrt(curve)


@compiled(parallel=True)
def weigh(expected, points, mean, sd, eps):
    """(log likelihood of all measurements [patient], scales [patient, channel]).

    expected [patient, measurement, 2]: part that goes with the scale, part that is added; points
    [measurement]: rows of `model.POINT_FIELDS`; mean [patient, channel], sd [channel]: prior of the
    scales; eps [patient, channel]: standard normal numbers.
    """
    n, channels = mean.shape
    logw, scales = np.zeros(n), np.empty((n, channels))
    measured = np.zeros(channels, np.bool_)
    for q in range(points.shape[0]):
        measured[int(points[q, POINT_CHANNEL])] = True
    for i in prange(n):
        for c in range(channels):
            mu, tau = mean[i, c], sd[c]
            if not measured[c]:
                scales[i, c] = mu + tau * eps[i, c]
                continue
            s, wide = fit_scale(expected, points, i, c, (mu, tau))
            s += wide * eps[i, c]
            scales[i, c] = s
            total = (
                -0.5 * ((s - mu) / tau) ** 2 - math.log(tau) + 0.5 * eps[i, c] ** 2 + math.log(wide)
            )
            for q in range(points.shape[0]):
                if points[q, POINT_CHANNEL] == c:
                    signal = math.exp(s) * expected[i, q, 0]
                    whole = signal + expected[i, q, 1] + points[q, POINT_OFFSET]
                    r = (points[q, POINT_REPORTED] - math.log(whole)) / points[q, POINT_NOISE]
                    total += point(r, points[q, POINT_KIND])
            logw[i] += total
    return logw, scales


@compiled()
def is_worse(now, nadir, base, rules):
    """Whether serum, light chain (where serum is not measurable) or lesion has grown to PD."""
    rise = now.serum - nadir.serum
    if rise >= rules.serum_pd_rise and now.serum >= (1.0 + rules.pd_rise) * nadir.serum:
        return True
    if nadir.serum >= rules.serum_high_nadir and rise >= rules.serum_high_pd_rise:
        return True
    chain_counts = base.serum < rules.serum_measurable
    chain_rise = now.chain - nadir.chain
    if (
        chain_counts
        and chain_rise >= rules.chain_pd_rise
        and now.chain >= (1.0 + rules.pd_rise) * nadir.chain
    ):
        return True
    lesion_grown = now.lesion >= (1.0 + rules.lesion_pd_rise) * nadir.lesion
    return now.lesion >= rules.lesion_measurable and lesion_grown


@compiled()
def depth(now, base, rules):
    """Response level against the baseline: 1 SD, 2 MR, 3 PR, 4 VGPR, 5 CR."""
    serum_left = now.serum / max(base.serum, 1e-12)
    chain_left = now.chain / max(base.chain, 1e-12)
    if base.serum >= rules.serum_measurable:
        left = serum_left
    elif base.chain >= rules.chain_measurable:
        left = chain_left
    else:
        left = max(serum_left, chain_left)
    if base.lesion >= rules.lesion_measurable:
        # a measurable lesion must shrink too; at most PR is lost by it
        left = max(left, min(now.lesion / base.lesion, 0.5))
    if left > 1.0 - rules.mr_fall:
        return 1
    if left > 1.0 - rules.pr_fall:
        return 2
    if left > 1.0 - rules.vgpr_fall:
        return 3
    nothing_left = (
        now.serum < rules.serum_of_cr
        and now.chain < rules.chain_of_cr
        and now.lesion < rules.lesion_measurable
    )
    return 5 if nothing_left else 4


@compiled(parallel=True)
def progression(serum, chain, lesion, days, begin, rules):
    """(day of progression [patient], NEVER where none; response level [patient, day]).

    Judged from day `begin[i]` on: nadir and baseline start there; earlier days get level -1.
    serum (g/dL), chain (mg/L), lesion (1e9 cells) [patient, day]; rules: `model.CriteriaNumbers`.
    MarkerLevels: 0 PD, 1 SD, 2 MR, 3 PR, 4 VGPR, 5 CR.
    """
    n, k = serum.shape
    out, level = np.full(n, NEVER), np.empty((n, k), np.int64)
    for i in prange(n):
        nadir = MarkerLevels(1e30, 1e30, 1e30)
        base = MarkerLevels(0.0, 0.0, 0.0)
        started, worse_before, progressed = False, False, False
        for d in range(k):
            if days[d] < begin[i]:
                level[i, d] = -1
                continue
            now = MarkerLevels(serum[i, d], chain[i, d], lesion[i, d])
            if not started:
                base, started = now, True
            nadir = MarkerLevels(
                min(nadir.serum, now.serum),
                min(nadir.chain, now.chain),
                min(nadir.lesion, now.lesion),
            )
            worse = is_worse(now, nadir, base, rules)
            if worse and worse_before and not progressed:
                # confirmed: it is dated on the first of two visits in a row
                progressed = True
                out[i] = days[d - 1]
                level[i, d - 1] = 0
            worse_before = worse and days[d] >= begin[i] + FIRST_DAY
            level[i, d] = 0 if progressed else depth(now, base, rules)
    return out, level


@compiled(parallel=True)
def reweigh(values, noise, spread, truth, label, n_labels):
    """Posterior over labels [truth, label] after one more simulated measurement.

    values [draw]: what each draw expects (log); `truth`: draws that are taken for the patient in
    turn, whose measurement is their own expected value plus `noise` times `spread`. Every draw is
    weighed by the Gaussian density around its own value.
    """
    out = np.empty((truth.shape[0], n_labels))
    for t in prange(truth.shape[0]):
        y = values[truth[t]] + noise[t] * spread
        top = -1e300
        for i in range(values.shape[0]):
            r = (y - values[i]) / spread
            top = max(top, -0.5 * r * r)
        total = 0.0
        acc = np.zeros(n_labels)
        for i in range(values.shape[0]):
            r = (y - values[i]) / spread
            w = math.exp(-0.5 * r * r - top)
            total += w
            acc[label[i]] += w
        for c in range(n_labels):
            out[t, c] = acc[c] / total
    return out


@compiled(parallel=True)
def stated(level, at, said, noise_share, logw):
    """Add the log probability that the team says response `said[q]` on day index `at[q]`.

    A wrong level weighs noise_share^distance.
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
