"""Calibration of inference: are the posteriors of the mechanism wing right on patients whose truth
is known?

    python -m scripts.mechanism_inference [--patients 1000] [--bank 80000] [--seed 1]

Five schedules, each seen with rich data (M-protein, soluble BCMA, CAR copies) and with poor data
(M-protein only): ten sampling designs, one bank of simulated patients for each schedule, reused for
all its patients. Printed: uniformity of the ranks of continuous parameters, calibration of the
probabilities, confusion, shares of "cannot tell", log scores with paired 95 % intervals. Ends with
status 1 where a requirement is not met.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import stats

from rearm.mechanism.classes import classes_of
from rearm.mechanism.data import CHANNELS, Measurement
from rearm.mechanism.observe import (
    NEVER,
    Likelihood,
    compiled,
    expected,
    grid,
    progression,
    scale_prior,
)
from rearm.mechanism.parameters import Mechanisms, load
from rearm.mechanism.population import Dose, Draws, Simulation, generator, inputs, simulate
from rearm.mechanism.posterior import TELL
from rearm.mechanism.sampling import ess, normalised
from rearm.mechanism.simulated import OUTPUTS, label_of

PRODUCTS = ("ide-cel", "cilta-cel", "ide-cel", "cilta-cel", "ide-cel")
SCHEDULES = (  # days of M-protein, soluble BCMA, CAR copies
    ((0, 28, 90, 180), (0, 28, 90, 180), (7, 14, 28, 90)),
    ((0, 30, 60, 90, 180, 270), (0, 30, 100), (7, 14, 30, 100)),
    ((0, 28, 56, 84, 112), (0, 28, 84), (10, 21, 28)),
    ((0, 30, 90, 180, 360), (0, 90, 180, 360), (14, 30, 90)),
    ((0, 28, 60, 120, 180, 240, 300), (0, 60, 180), (7, 14, 28)),
)
LIMITS = {"m_protein": 0.1, "flc": 3.0, "sbcma": 1.0, "car": 50.0}
RANKED = ("r", "B0", "k_m", "rho", "d_E", "d_M", "k_X", "k_C", "h_A", "w_pos", "pc_scale", "f_eng")
ECE, HOLM = 0.05, 0.01


def simulated(
    m: Mechanisms, product: str, n: int, seed: int, days: np.ndarray
) -> tuple[Draws, Simulation, Mapping[str, np.ndarray], np.ndarray]:
    """`n` patients from the prior (mechanisms by their shares), their course, and the day of
    progression with levels from the prior.
    """
    rng = generator(seed, 40)
    mean, sd = m.prior(product)
    shares = m.shares(product)
    c = np.searchsorted(np.cumsum(shares), rng.uniform(size=n)).clip(0, len(shares) - 1)
    draws = Draws(
        mean[c] + sd[c] * rng.standard_normal((n, len(m.varying))),
        c.astype(np.int64),
        rng.uniform(size=(n, 5)),
    )
    x = inputs(m, draws, first=Dose(day=0.0, cells=m.doses[product]))
    return (
        draws,
        simulate(x, days, OUTPUTS),
        x.values,
        rng.standard_normal((n, len(CHANNELS))),
    )


def judge(sim: Simulation, scales: np.ndarray, judged: np.ndarray) -> np.ndarray:
    return progression(sim.on(judged), scales)[0]


def measured(
    m: Mechanisms,
    sim: Simulation,
    scales: np.ndarray,
    pc: np.ndarray,
    i: int,
    plan: dict[str, tuple[int, ...]],
    rng: Any,
) -> list[Measurement]:
    """What the laboratory reports of patient i: noise with outliers, values below the limit as
    such.
    """
    out = []
    for channel, days in plan.items():
        s = m.scales[channel]
        for day in days:
            rel, add = expected(m, sim, channel, int(np.searchsorted(sim.days, day)), pc)
            level = math.exp(scales[i, CHANNELS.index(channel)]) * rel[i] + add[i]
            wide = 3.0 if rng.uniform() < 0.05 else 1.0
            value = (
                math.exp(math.log(level + s.offset) + s.noise * wide * rng.standard_normal())
                - s.offset
            )
            low = value < LIMITS[channel]
            out.append(
                Measurement(
                    channel=channel,
                    day=float(day),
                    value=LIMITS[channel] if low else value,
                    kind=-1 if low else 0,
                )
            )
    return sorted(out, key=lambda x: (x.day, x.channel))


def main() -> int:
    ask = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    ask.add_argument("--patients", type=int, default=1000)
    ask.add_argument("--bank", type=int, default=80_000)
    ask.add_argument("--seed", type=int, default=1)
    a = ask.parse_args()
    m = load()
    n = len(m.names)
    judged = grid(m.horizon)
    began = time.perf_counter()
    store: dict[str, list[Any]] = {
        k: []
        for k in (
            "truth",
            "prior",
            "rich",
            "poor",
            "rank_rich",
            "rank_poor",
            "told_rich",
            "told_poor",
            "ess_rich",
            "ess_poor",
        )
    }
    set_aside = []
    for k, (product, (serum, shed, copies)) in enumerate(zip(PRODUCTS, SCHEDULES, strict=True)):
        days = np.unique(np.concatenate([judged, serum, shed, copies]).astype(float))
        draws, sim, value, eps = simulated(m, product, a.bank, a.seed * 1000 + k, days)
        mean, sd = scale_prior(m, value["B0"])
        label0 = label_of(draws.mechanism, judge(sim, mean + sd * eps, judged))
        set_aside.append(float((label0 < 0).mean()))
        share = np.bincount(label0[label0 >= 0], minlength=n) / (label0 >= 0).sum()
        again = Judge(sim, judged, label0)
        per = a.patients // len(SCHEDULES)
        tdraws, tsim, tvalue, teps = simulated(m, product, 4 * per, a.seed * 1000 + 500 + k, days)
        tmean, _ = scale_prior(m, tvalue["B0"])
        tscales = tmean + sd * teps
        tlabel = label_of(tdraws.mechanism, judge(tsim, tscales, judged))
        rng = generator(a.seed, 41, k)
        plans = {
            "rich": {"m_protein": serum, "sbcma": shed, "car": copies},
            "poor": {"m_protein": serum},
        }
        for i in np.flatnonzero(tlabel >= 0)[:per]:
            values = measured(m, tsim, tscales, tvalue["pc_scale"], int(i), plans["rich"], rng)
            store["truth"].append(int(tlabel[i]))
            store["prior"].append(share)
            for name, plan in plans.items():
                seen = [x for x in values if x.channel in plan]
                like = Likelihood.of(m, seen, days)
                logw, scales = like.weigh(m, sim, value, eps)
                label = label_of(draws.mechanism, again(scales, logw))
                logw[label < 0] = -np.inf
                w = normalised(logw)
                p = np.array([w[label == c].sum() for c in range(n)])
                keep = w > 0
                store[name].append(p)
                store[f"ess_{name}"].append(ess(w))
                store[f"rank_{name}"].append(
                    [
                        rank(w[keep], draws.z[keep, j], tdraws.z[i, j])
                        for j in (m.varying.index(v) for v in RANKED)
                    ]
                )
                classes = classes_of(m, p, share, w, label)
                store[f"told_{name}"].append(max(c.probability for c in classes) >= TELL)
        print(f"schedule {k + 1} ({product}): {time.perf_counter() - began:.0f} s", flush=True)
    return report(m, {k: np.array(v) for k, v in store.items()}, set_aside)


class Judge:
    """Progression of the draws that carry weight; the others keep the label that they have under
    levels from the prior.
    """

    def __init__(self, sim: Simulation, judged: np.ndarray, fallback: np.ndarray) -> None:
        self.fallback = np.where(fallback == 0, NEVER, 100.0)
        names = ("m_protein", "flc", "T_sanctuary")
        part = sim.on(judged)
        values = np.stack([part[n] for n in names], axis=2)
        self.part = replace(part, values=values, outputs=names)

    def __call__(self, scales: np.ndarray, logw: np.ndarray) -> np.ndarray:
        out = self.fallback.copy()
        top = np.flatnonzero(logw > logw.max() - 16.0)
        part = replace(self.part, values=self.part.values[top])
        out[top] = progression(part, scales[top])[0]
        return out


def rank(w: np.ndarray, z: np.ndarray, truth: float) -> float:
    return float(w[z < truth].sum() + 0.5 * w[z == truth].sum())


def ece(p: np.ndarray, truth: np.ndarray) -> float:
    """Expected calibration error over all (patient, mechanism) pairs, ten bins."""
    hit = np.eye(p.shape[1])[truth].ravel()
    q = p.ravel()
    bins = np.minimum((q * 10).astype(int), 9)
    return float(
        sum(
            abs(q[bins == b].mean() - hit[bins == b].mean()) * (bins == b).mean()
            for b in range(10)
            if (bins == b).any()
        )
    )


def interval(d: np.ndarray) -> tuple[float, float, float]:
    half = 1.96 * d.std(ddof=1) / math.sqrt(len(d))
    return float(d.mean()), float(d.mean() - half), float(d.mean() + half)


def report(m: Mechanisms, s: dict[str, np.ndarray], set_aside: list[float]) -> int:
    truth, n = s["truth"], len(m.names)
    failed: list[str] = []

    def need(ok: bool, text: str) -> None:
        print(("holds   " if ok else "MISSED  ") + text)
        if not ok:
            failed.append(text)

    print(
        f"\n{len(truth)} simulated patients; draws of no mechanism set aside:"
        f" {', '.join(f'{x:.1%}' for x in set_aside)}"
    )
    score = {}
    for name in ("rich", "poor"):
        p = s[name]
        size = s["ess_" + name]
        print(
            f"\n--- {name} data: effective draws median {np.median(size):.0f}, 5th percentile"
            f" {np.percentile(size, 5):.0f}"
        )
        raw = [stats.kstest(s["rank_" + name][:, j], "uniform").pvalue for j in range(len(RANKED))]
        order = np.argsort(raw)
        holm = np.maximum.accumulate(
            [min(raw[j] * (len(raw) - i), 1.0) for i, j in enumerate(order)]
        )
        print("ranks (KS p): " + ", ".join(f"{v} {raw[j]:.3f}" for j, v in enumerate(RANKED)))
        need(holm.min() > HOLM, f"ranks uniform: smallest Holm p {holm.min():.3f}")
        error = ece(p, truth)
        need(error < ECE, f"expected calibration error {error:.3f}")
        chosen = p.argmax(axis=1)
        print("confusion (row truth, column most probable):")
        print(f"{'':18s}" + " ".join(f"{x[:9]:>9s}" for x in m.names))
        for c in range(n):
            row = np.bincount(chosen[truth == c], minlength=n)
            print(f"{m.names[c]:18s}" + " ".join(f"{x:9d}" for x in row))
        print(
            f"cannot tell: {1 - s['told_' + name].mean():.1%}   most probable single mechanism is"
            f" right: {(chosen == truth).mean():.1%}"
        )
        score[name] = np.log(np.maximum(p[np.arange(len(truth)), truth], 1e-6))
    base = np.log(np.maximum(s["prior"][np.arange(len(truth)), truth], 1e-6))
    print()
    for name in ("rich", "poor"):
        d = interval(score[name] - base)
        need(d[1] > 0, f"log score of {name} over the prior {d[0]:.3f} ({d[1]:.3f} to {d[2]:.3f})")
    d = interval(score["rich"] - score["poor"])
    need(d[1] > 0, f"log score of rich over poor {d[0]:.3f} ({d[1]:.3f} to {d[2]:.3f})")
    rich, poor = 1 - s["told_rich"].mean(), 1 - s["told_poor"].mean()
    need(rich < poor, f"cannot tell: rich {rich:.1%} below poor {poor:.1%}")
    top = float((s["rich"].argmax(axis=1) == truth).mean())
    need(
        top >= 2 / n,
        f"rich: most probable mechanism right in {top:.1%}, twice chance is {2 / n:.1%}",
    )
    fail = truth > 0
    top = float((s["rich"][fail].argmax(axis=1) == truth[fail]).mean())
    print(f"        among failures alone: {top:.1%} ({fail.sum()} patients)")
    return 1 if failed else 0


compiled()
if __name__ == "__main__":
    sys.exit(main())
