"""The report of the calibration: curves against published landmarks, every target with its miss."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rearm.mechanism.compare import TargetComparison, number, published
from rearm.mechanism.parameters import Mechanisms
from rearm.mechanism.population import generator
from rearm.mechanism.virtual import MONTH, cohort, patients
from rearm.report.draw import Spec
from rearm.report.mechanism.page import picture, render
from rearm.report.mechanism.plots import ARM_COLOURS, curve_chart

__all__ = ["calibration_page"]


def calibration_page(m: Mechanisms, results: Sequence[TargetComparison], *, seed: int) -> str:
    """One self-contained page.

    Fitted and predicted targets stand apart; nothing that was predicted entered the fit.
    """
    judged = [r for r in results if r.target.use == "fit" and r.inside is not None]
    products = ("ide-cel", "cilta-cel")
    shares = [x for p in products for x in (m.shares(p), m.assumed_shares(p))]
    return render(
        "calibration.html.j2",
        title="Calibration of the virtual population",
        seed=seed,
        met=sum(bool(r.inside) for r in judged),
        judged=len(judged),
        fitted_curves=picture(
            _curves(m, results, "fit", seed),
            "Model curves of both products with published landmarks",
        ),
        predicted_curves=picture(
            _curves(m, results, "predict", seed),
            "Predicted curves of other trials with published landmarks",
        ),
        products=products,
        mechanisms=[(m.titles[n], [x[i] for x in shares]) for i, n in enumerate(m.names)],
        fitted=[_row(r) for r in results if r.target.use == "fit"],
        predicted=[_row(r) for r in results if r.target.use == "predict"],
    )


def _curves(m: Mechanisms, results: Sequence[TargetComparison], use: str, seed: int) -> Spec:
    """Curves of the groups whose progression-free survival is compared, with the landmarks.

    From the infusion, usual dose.
    """
    months = np.arange(0.0, 61.0)
    groups: dict[tuple[str, str | None, str], list[Spec]] = {}
    for r in results:
        t = r.target
        if (
            t.use != use
            or t.naive
            or t.salvage
            or t.dose
            or t.product is None
            or not t.measure.startswith("pfs_")
        ):
            continue
        month, value = (
            (t.value, 50.0)
            if t.measure == "pfs_median"
            else (float(t.measure.split("_")[1]), t.value)
        )
        point: Spec = {"arm": t.group, "month": month, "value": value}
        if t.measure != "pfs_median" and t.low is not None and t.high is not None:
            point |= {"low": t.low, "high": t.high}
        groups.setdefault((t.product, t.population, t.group), []).append(point)
    curves = []
    for product, population, name in groups:
        mix = m.mix(product, population)
        c = cohort(m, product, patients(m, product, 4000, seed, mix=mix))
        time = np.minimum(c.progression, c.patients.death)
        free = 100.0 * (time[None, :] > months[:, None] * MONTH)
        picks = generator(seed, 50).integers(0, len(time), size=(200, 100))
        low, high = np.percentile(free[:, picks].mean(axis=2), [2.5, 97.5], axis=1)
        middle = free.mean(axis=1)
        curves.append(
            (
                name,
                [
                    (float(t), float(v), float(a), float(b))
                    for t, v, a, b in zip(months, middle, low, high, strict=True)
                ],
            )
        )
    assert len(curves) <= len(ARM_COLOURS)
    return curve_chart(
        curves,
        title="progression-free (%)",
        points=[x for points in groups.values() for x in points],
    )


def _row(r: TargetComparison) -> dict[str, str]:
    t = r.target
    return {
        "name": f"{t.group}: {t.measure}",
        "n": str(t.n or "?"),
        "published": published(t),
        "model": f"{number(r.model)} ({number(r.low)} to {number(r.high)})",
        "miss": number(r.miss),
        "verdict": {True: "inside", False: "outside", None: ""}[r.inside],
        "source": t.source,
    }
