"""The report of the calibration: curves of both products against published landmarks, every target with model interval and miss."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from rearm.report.draw import Spec, svg
from rearm.report.mechanism import ARM_COLOURS, curve_chart, page

if TYPE_CHECKING:
    from rearm.mechanism.compare import Comparison
    from rearm.mechanism.parameters import Mechanisms

__all__ = ["calibration_page"]


def calibration_page(m: Mechanisms, results: Sequence[Comparison], *, seed: int) -> str:
    """One self-contained page. Fitted and predicted targets stand apart; nothing that was predicted entered the fit."""
    judged = [r for r in results if r.target.use == "fit" and r.inside is not None]
    body = [
        f"<p>Seed {seed}. {sum(bool(r.inside) for r in judged)} of {len(judged)} fitted targets with a published interval are met.</p>",
        "<h2>Progression-free survival</h2>",
        svg(_curves(m, results, seed), label="Model curves of both products with published landmarks"),
        '<p class="small">Bands: what a trial of 100 patients would see. Diamonds and bars: published landmarks with their interval.</p>',
        "<h2>Shares of the mechanisms</h2>",
        _shares(m),
        "<h2>Fitted</h2>",
        _table([r for r in results if r.target.use == "fit"]),
        "<h2>Predicted, not fitted</h2>",
        _table([r for r in results if r.target.use == "predict"]),
    ]
    return page("Calibration of the virtual population", body)


def _curves(m: Mechanisms, results: Sequence[Comparison], seed: int) -> Spec:
    from rearm.mechanism.population import generator
    from rearm.mechanism.virtual import MONTH, cohort, patients

    months = np.arange(0.0, 61.0)
    curves, points = [], []
    for product in ("ide-cel", "cilta-cel"):
        c = cohort(m, product, patients(m, product, 4000, seed))
        time = np.minimum(c.progression, c.patients.death)
        free = 100.0 * (time[None, :] > months[:, None] * MONTH)
        picks = generator(seed, 50).integers(0, len(time), size=(200, 100))
        low, high = np.percentile(free[:, picks].mean(axis=2), [2.5, 97.5], axis=1)
        middle = free.mean(axis=1)
        curves.append((product, [(float(t), float(v), float(a), float(b)) for t, v, a, b in zip(months, middle, low, high, strict=True)]))
        for r in results:
            t = r.target
            if t.product != product or t.use != "fit" or t.naive is not None or not t.measure.startswith("pfs_"):
                continue
            month, value = (t.value, 50.0) if t.measure == "pfs_median" else (float(t.measure.split("_")[1]), t.value)
            point: Spec = {"arm": product, "month": month, "value": value}
            if t.measure != "pfs_median" and t.low is not None and t.high is not None:
                point |= {"low": t.low, "high": t.high}
            points.append(point)
    assert len(curves) <= len(ARM_COLOURS)
    return curve_chart(curves, title="progression-free (%)", points=points)


def _shares(m: Mechanisms) -> str:
    products = ("ide-cel", "cilta-cel")
    shares = [x for p in products for x in (m.shares(p), m.assumed_shares(p))]
    cells = ["".join(f'<td class="n">{x[i]:.1%}</td>' for x in shares) for i in range(len(m.names))]
    rows = [f"<tr><td>{escape(m.titles[n])}</td>{c}</tr>" for n, c in zip(m.names, cells, strict=True)]
    head = "".join(f'<th class="n">{h}</th>' for h in ("ide-cel", "assumed before", "cilta-cel", "assumed before"))
    return f"<table><tr><th>mechanism</th>{head}</tr>{''.join(rows)}</table>"


def _table(results: Sequence[Comparison]) -> str:
    from rearm.mechanism.compare import number

    rows = []
    for r in results:
        t = r.target
        span = "" if t.low is None else f" ({t.low:g} to {'open' if t.high is None else f'{t.high:g}'})"
        verdict = {True: "inside", False: "outside", None: ""}[r.inside]
        rows.append(
            f'<tr><td>{escape(t.group)}: {escape(t.measure)}</td><td class="n">{t.value:g}{span}</td><td class="n">{number(r.model)} '
            f'({number(r.low)} to {number(r.high)})</td><td class="n">{number(r.miss)}</td><td>{verdict}</td>'
            f'<td class="small">{escape(t.source)}</td></tr>'
        )
    head = "<tr><th>target</th><th>published</th><th>model (such a trial)</th><th>miss</th><th></th><th>source</th></tr>"
    return f"<table>{head}{''.join(rows)}</table>"
