"""Calibrates the virtual population to KarMMa and CARTITUDE-1 and writes `fitted.toml` (run with
--write), then prints every target.

    python -m scripts.mechanism_calibrate            # compare the bundled fit with all targets
    python -m scripts.mechanism_calibrate --write    # fit again (about five minutes on two cores),
    then compare

The search is a small evolution strategy over the kinetics of a product; for each kinetics the
shares of the mechanisms are the best mixture under a pull towards the assumed shares, because the
targets alone would not tell antigen loss from suppression. Only targets with `use = "fit"` are read
here.
"""

from __future__ import annotations

import argparse
import math
import tomllib
from pathlib import Path
from typing import Any

import numpy as np

from rearm.mechanism.compare import compare, load_targets, table
from rearm.mechanism.parameters import Mechanisms, PatientMix, Shift, load, read_table
from rearm.mechanism.trial import Readout, salvage_arm
from rearm.mechanism.virtual import best_level, cohort, endpoints, patients

HERE = Path(__file__).resolve().parents[1] / "src" / "rearm" / "knowledge" / "data" / "mechanism"
SEED = 20_261_124
PER = 350  # patients per mechanism while searching
# kinetics that a product may differ in, with the size of a step and the spread of the pull to 1
KNOBS = {
    "ide-cel": {"k_C": 0.25, "d_E": 0.15, "d_M": 0.4, "rho": 0.08, "r": 0.2, "k_X": 0.3},
    "cilta-cel": {"k_C": 0.25, "d_E": 0.15, "d_M": 0.4, "rho": 0.08, "k_X": 0.3, "eps": 0.3},
}
SLACK = {
    "orr": 4.0, "cr": 5.0, "vgpr": 4.0,
    "pfs_median": 2.0, "pfs_12": 4.0, "pfs_24": 5.0, "pfs_60": 5.0,
    "dor_median": 0.7, "time_to_response": 0.25, "tmax_median": 1.0,
}  # fmt: skip


class Bank:
    """Cohorts of each mechanism under one kinetics; any shares give their mixture's endpoints."""

    def __init__(
        self, m: Mechanisms, product: str, knobs: dict[str, float], per: int = PER
    ) -> None:
        shifts = {name: Shift(times=math.exp(v)) for name, v in knobs.items()}
        unit = np.eye(len(m.names))
        self.m = m
        self.cohorts = [
            cohort(
                m,
                product,
                patients(
                    m,
                    product,
                    per,
                    SEED + i,
                    mix=PatientMix(shares=unit[i], shifts=shifts, death=m.death[product]),
                ),
                early=product == "cilta-cel",
            )
            for i in range(len(m.names))
        ]

    def measures(self, shares: np.ndarray) -> dict[str, float]:
        weights = np.concatenate(
            [
                np.full(len(c.progression), s / len(c.progression))
                for c, s in zip(self.cohorts, shares, strict=True)
            ]
        )
        return mixture(self.m, self.cohorts, weights)


def mixture(m: Mechanisms, cohorts: list[Any], weights: np.ndarray) -> dict[str, float]:
    """Endpoints of weighted patients: responses, PFS, duration of response; kinetics by the mean
    over mechanisms.
    """
    level = np.concatenate([best_level(c.level) for c in cohorts])
    pfs = np.concatenate([np.minimum(c.progression, c.patients.death) for c in cohorts])
    judged = cohorts[0].simulation.days
    months = 30.4375
    first = np.concatenate([_first(c) for c in cohorts])
    out = {
        k: 100.0 * float(weights @ (level >= v)) for k, v in (("orr", 3), ("vgpr", 4), ("cr", 5))
    }
    out["pfs_median"] = _median(pfs, weights) / months
    for k in (12, 24, 60):
        out[f"pfs_{k}"] = 100.0 * float(weights @ (pfs > k * months))
    hit = level >= 3
    out["dor_median"] = _median((pfs - first)[hit], weights[hit]) / months
    out["time_to_response"] = _median(first[hit], weights[hit]) / months
    if len(judged) > 70:
        top = np.concatenate([judged[c.simulation["car"].argmax(axis=1)] for c in cohorts])
        out["tmax_median"] = _median(top, weights)
    return out


def _first(c: Any) -> np.ndarray:
    from rearm.mechanism.observe import grid

    days = grid(60 * 30.4375)
    first: np.ndarray = days[(c.level >= 3).argmax(axis=1)]
    return first


def _median(values: np.ndarray, weights: np.ndarray) -> float:
    order = np.argsort(values)
    part = np.cumsum(weights[order])
    return float(values[order][min(int(np.searchsorted(part, 0.5 * part[-1])), len(values) - 1)])


def loss(product: str, measures: dict[str, float]) -> float:
    total = 0.0
    for t in load_targets():
        if t.use == "fit" and t.product == product and t.naive is None and t.measure in SLACK:
            width = (
                (t.high - t.low) / 4
                if t.low is not None and t.high is not None
                else SLACK[t.measure]
            )
            total += min(((measures[t.measure] - t.value) / width) ** 2, 400.0)
    return total


def best_shares(
    bank: Bank, product: str, start: np.ndarray, rounds: int, rng: np.random.Generator
) -> tuple[np.ndarray, float]:
    """Shares that fit best, pulled to the assumed ones: a random walk on their logarithms."""
    assumed = np.log(start)

    def cost(x: np.ndarray) -> float:
        s = np.exp(x - np.logaddexp.reduce(x))
        pull = x - assumed
        return loss(product, bank.measures(s)) + float((pull - pull.mean()) @ (pull - pull.mean()))

    x, value, size = assumed.copy(), math.inf, 0.5
    value = cost(x)
    for _ in range(rounds):
        y = x + size * rng.standard_normal(len(x)) * (rng.uniform(size=len(x)) < 0.4)
        v = cost(y)
        if v < value:
            x, value, size = y, v, min(size * 1.3, 1.0)
        else:
            size = max(size * 0.96, 0.05)
    return np.exp(x - np.logaddexp.reduce(x)), value


def fit(
    m: Mechanisms, product: str, generations: int
) -> tuple[dict[str, float], np.ndarray, float]:
    rng = np.random.default_rng(SEED)
    knobs = KNOBS[product]
    centre = np.zeros(len(knobs))
    size = np.array(list(knobs.values()))
    shares = m.assumed_shares(product)
    best: tuple[float, np.ndarray, np.ndarray] = (math.inf, centre, shares)
    for generation in range(generations):
        found = []
        for k in range(8):
            x = centre + (size * rng.standard_normal(len(size)) if k or generation == 0 else 0.0)
            bank = Bank(m, product, dict(zip(knobs, x, strict=True)))
            s, v = best_shares(bank, product, m.assumed_shares(product), 80, rng)
            v += float(((x / (3 * np.array(list(knobs.values())))) ** 2).sum())
            found.append((v, x, s))
            if v < best[0]:
                best = (v, x, s)
        found.sort(key=lambda f: f[0])
        elite = np.array([f[1] for f in found[:3]])
        centre = 0.5 * elite.mean(axis=0) + 0.5 * best[1]
        size = np.maximum(0.8 * size, 0.15 * np.array(list(knobs.values())))
        print(
            f"{product} generation {generation + 1}: loss {best[0]:.2f}",
            dict(zip(knobs, np.round(best[1], 2), strict=True)),
            flush=True,
        )
    bank = Bank(m, product, dict(zip(knobs, best[1], strict=True)), per=1500)
    shares, value = best_shares(bank, product, m.assumed_shares(product), 400, rng)
    return dict(zip(knobs, best[1].tolist(), strict=True)), shares, value


def write(
    m: Mechanisms, fitted: dict[str, tuple[dict[str, float], np.ndarray]], car_scale: float
) -> None:
    lines = [
        (
            "# Written by scripts/mechanism_calibrate.py --write. Kinetics of the products"
            " (factors) and shares of the mechanisms."
        ),
        f"seed = {SEED}",
        f"car_scale = {car_scale:.1f}",
    ]
    for product, (knobs, shares) in fitted.items():
        lines += ["", f"[{product}.times]"] + [f"{k} = {math.exp(v):.4f}" for k, v in knobs.items()]
        lines += ["", f"[{product}.shares]"] + [
            f"{n} = {s:.4f}" for n, s in zip(m.names, shares, strict=True)
        ]
    path = HERE / "fitted.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    tomllib.loads(path.read_text(encoding="utf-8"))


def main() -> None:
    ask = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    ask.add_argument("--write", action="store_true", help="fit again and write fitted.toml")
    ask.add_argument(
        "--shares",
        action="store_true",
        help="keep the kinetics, fit the shares of the mechanisms again",
    )
    ask.add_argument("--generations", type=int, default=12)
    ask.add_argument("--report", type=Path, help="write an HTML report with pictures here")
    a = ask.parse_args()
    if a.write or a.shares:
        m = load(fitted=False)
        fitted: dict[str, tuple[dict[str, float], np.ndarray]] = {}
        for product in KNOBS:
            if a.write:
                knobs, shares, value = fit(m, product, a.generations)
            else:
                now = read_table("fitted")[product]["times"]
                knobs = {k: math.log(v) for k, v in now.items()}
                bank = Bank(m, product, knobs, per=1500)
                shares, value = best_shares(
                    bank, product, m.assumed_shares(product), 400, np.random.default_rng(SEED)
                )
            print(product, "final loss", round(value, 2), np.round(shares, 3))
            fitted[product] = (knobs, shares)
        write(m, fitted, m.scales["car"].value)
        load.cache_clear()
        m = load()
        e = endpoints(m, cohort(m, "cilta-cel", patients(m, "cilta-cel", 4000, SEED), early=True))
        write(
            m, fitted, m.scales["car"].value * 48692.0 / e["cmax_mean"]
        )  # the level of the assay is free
        load.cache_clear()
    results = compare(load(), seed=SEED)
    print(table(results))
    print(
        "\nFirst salvage after ide-cel by the time of progression (predicted; no published figure"
        " to hold it against)"
    )
    for what in ("bispecific_bcma", "bispecific_gprc5d"):
        for name, span in (("within 6 months", (0.0, 183.0)), ("later", (183.0, 1300.0))):
            readout = Readout(months=48.0, seed=SEED)
            step = salvage_arm(load(), "ide-cel", what, readout, n=6000, between=span)
            print(
                f"  {what:18s} {name:16s} n {step.treated:5d}  response {step.orr[0]:.0f} %  PFS"
                f" median {step.pfs_median[0]:.1f} months"
            )
    if a.report:
        from scripts.mechanism_report import calibration_page

        a.report.write_text(calibration_page(load(), results, seed=SEED), encoding="utf-8")
        print(f"report: {a.report}")


if __name__ == "__main__":
    main()
