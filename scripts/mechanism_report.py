"""The report of the calibration: curves of both products against published landmarks, every target
with model interval and miss.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from rearm.report.draw import Spec, svg
from rearm.report.mechanism import ARM_COLOURS, curve_chart, page

if TYPE_CHECKING:
    from rearm.mechanism.compare import TargetComparison
    from rearm.mechanism.parameters import Mechanisms

__all__ = ["calibration_page"]


def calibration_page(m: Mechanisms, results: Sequence[TargetComparison], *, seed: int) -> str:
    """One self-contained page. Fitted and predicted targets stand apart; nothing that was predicted
    entered the fit.
    """
    judged = [r for r in results if r.target.use == "fit" and r.inside is not None]
    body = [
        (
            f"<p>Seed {seed}. {sum(bool(r.inside) for r in judged)} of {len(judged)} fitted targets"
            " with a published interval are met.</p>"
        ),
        "<h2>Progression-free survival, fitted</h2>",
        svg(
            _curves(m, results, "fit", seed),
            label="Model curves of both products with published landmarks",
        ),
        "<h2>Progression-free survival, predicted</h2>",
        svg(
            _curves(m, results, "predict", seed),
            label="Predicted curves of other trials with published landmarks",
        ),
        (
            '<p class="small">Bands: what a trial of 100 patients would see. Diamonds and bars:'
            " published landmarks with their interval.</p>"
        ),
        "<h2>Shares of the mechanisms</h2>",
        _shares(m),
        "<h2>Fitted</h2>",
        _table([r for r in results if r.target.use == "fit"]),
        "<h2>Predicted, not fitted</h2>",
        _table([r for r in results if r.target.use == "predict"]),
    ]
    return page("Calibration of the virtual population", body)


def _curves(m: Mechanisms, results: Sequence[TargetComparison], use: str, seed: int) -> Spec:
    """Curves of the groups whose progression-free survival is compared (from the infusion, usual
    dose), with the published landmarks.
    """
    from rearm.mechanism.population import generator
    from rearm.mechanism.virtual import MONTH, cohort, patients

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


def _shares(m: Mechanisms) -> str:
    products = ("ide-cel", "cilta-cel")
    shares = [x for p in products for x in (m.shares(p), m.assumed_shares(p))]
    cells = ["".join(f'<td class="n">{x[i]:.1%}</td>' for x in shares) for i in range(len(m.names))]
    rows = [
        f"<tr><td>{escape(m.titles[n])}</td>{c}</tr>" for n, c in zip(m.names, cells, strict=True)
    ]
    head = "".join(
        f'<th class="n">{h}</th>'
        for h in ("ide-cel", "assumed before", "cilta-cel", "assumed before")
    )
    return f"<table><tr><th>mechanism</th>{head}</tr>{''.join(rows)}</table>"


def _table(results: Sequence[TargetComparison]) -> str:
    from rearm.mechanism.compare import number, published

    rows = []
    for r in results:
        t = r.target
        verdict = {True: "inside", False: "outside", None: ""}[r.inside]
        rows.append(
            f'<tr><td>{escape(t.group)}: {escape(t.measure)}</td><td class="n">{t.n or "?"}</td><td'
            f' class="n">{published(t)}</td><td class="n">{number(r.model)} ({number(r.low)} to'
            f' {number(r.high)})</td><td class="n">{number(r.miss)}</td><td>{verdict}</td><td'
            f' class="small">{escape(t.source)}</td></tr>'
        )
    names = ("target", "n", "published", "model (such a trial)", "miss", "", "source")
    head = f"<tr>{''.join(f'<th>{h}</th>' for h in names)}</tr>"
    return f"<table>{head}{''.join(rows)}</table>"
