"""Pages and text of the mechanism wing: a model's hypothesis, not a test. One file of HTML, nothing
is fetched.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

from rearm.record import Record
from rearm.report.draw import (
    BLUE,
    GREEN,
    GREY,
    INK,
    LIGHT,
    ORANGE,
    PURPLE,
    RED,
    SKY,
    YELLOW,
    Spec,
    svg,
)

if TYPE_CHECKING:
    from rearm.mechanism.posterior import MechanismResult, QuantileBand
    from rearm.mechanism.trial import StepResult, TrialResult

__all__ = [
    "band_chart",
    "curve_chart",
    "mechanism_bars",
    "mechanism_page",
    "mechanism_text",
    "page",
    "trial_page",
    "trial_text",
]

WARNING = "A model's hypothesis, not a test. It is not for choosing treatment."
SETTLED = 0.05  # bits of uncertainty below which no measurement is named
SETTLED_TEXT = (
    "Hardly any uncertainty is left within the model, so no measurement is expected to change this"
    " answer."
)
CHANNEL = {
    "m_protein": "serum M-protein",
    "flc": "involved light chain",
    "sbcma": "soluble BCMA",
    "car": "CAR copies",
}
TEST = {**CHANNEL, "bcma_on_cells": "BCMA on tumour cells (marrow or lesion)"}
COLOUR = {"m_protein": BLUE, "flc": ORANGE, "sbcma": GREEN, "car": RED}
ARM_COLOURS = (BLUE, RED, GREEN, ORANGE, PURPLE, SKY, YELLOW, GREY)
SHAPES = {
    "measured": "circle",
    "below this limit": "triangle-down",
    "above this limit": "triangle-up",
}
STYLE = f"""
body {{ font: 15px/1.5 'DejaVu Sans', Helvetica, Arial, sans-serif; color: {INK}; max-width: 900px; margin: 2rem auto; padding: 0 1rem; }}
h1 {{ font-size: 1.4rem; }} h2 {{ font-size: 1.1rem; margin-top: 2rem; }}
.warning {{ border: 2px solid {RED}; padding: .6rem .8rem; font-weight: bold; }}
.answer {{ border-left: 4px solid {BLUE}; padding: .4rem .8rem; background: #f4f7fa; }}
table {{ border-collapse: collapse; }} th, td {{ text-align: left; padding: .25rem .7rem; border-bottom: 1px solid {LIGHT}; }}
td.n, th.n {{ text-align: right; font-variant-numeric: tabular-nums; }} svg {{ max-width: 100%; height: auto; }}
.small {{ color: #52606d; font-size: .88rem; }}
"""


def page(title: str, body: Iterable[str]) -> str:
    """A self-contained page with the warning on top."""
    inside = "\n".join(body)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport"'
        f' content="width=device-width"><title>{escape(title)}</title><style>{STYLE}</style></head>\n<body>\n<h1>{escape(title)}</h1>\n<p'
        f' class="warning">{WARNING}</p>\n{inside}\n</body></html>\n'
    )


def answer(result: MechanismResult) -> str:
    """The answer in one sentence or two. Without a progression it is an expectation, and worded as
    one.
    """
    lead = result.leading
    if result.status in ("refused", "prior_only") or lead is None:
        return result.reason
    ahead = ""
    if result.progression is None:
        known = (
            f"No progression is known by day {result.followed_to:.0f}."
            if result.followed_to > 0
            else "No progression is confirmed."
        )
        none = result.probabilities["no_failure"]
        ahead = (
            f"{known} The model expects none before day {result.horizon:.0f} ({none:.0%}"
            if none >= 0.5
            else f"{known} The model expects one before day {result.horizon:.0f} ({1.0 - none:.0%}"
        )
    best = f"{_names(result, lead.members)}: {lead.probability:.0%}"
    before = f"before the data {lead.prior:.0%}, Monte-Carlo error {lead.error:.1%}"
    if result.status == "cannot_tell":
        return " ".join(
            x
            for x in (
                f"{ahead})." if ahead else "",
                result.reason,
                f"The first is {best} ({before}).",
            )
            if x
        )
    if not ahead:
        return (
            f"{_names(result, lead.members).capitalize()} fits this course best:"
            f" {lead.probability:.0%} ({before})."
        )
    if lead.members == ("no_failure",):
        return f"{ahead}, {before})."
    return f"{ahead}), most often by {best} ({before})."


def _names(result: MechanismResult, members: Sequence[str]) -> str:
    return " or ".join(result.titles[m] for m in members)


def mechanism_bars(result: MechanismResult) -> Spec:
    """Posterior (bars) and prior (ticks) of each class of mechanisms."""
    rows = [
        {
            "class": _names(result, c.members),
            "posterior": round(100 * c.probability, 2),
            "prior": round(100 * c.prior, 2),
            "low": round(100 * max(c.probability - 2 * c.error, 0.0), 2),
            "high": round(100 * min(c.probability + 2 * c.error, 1.0), 2),
        }
        for c in result.classes
    ]
    y = {
        "field": "class",
        "type": "nominal",
        "sort": [r["class"] for r in rows],
        "title": None,
        "axis": {"labelLimit": 320, "grid": False},
    }
    x = {
        "type": "quantitative",
        "scale": {"domain": [0, 100]},
        "title": "probability (%); red tick: before the data",
    }
    return {
        "data": {"values": rows},
        "width": 420,
        "height": 22 * len(rows),
        "layer": [
            {
                "mark": {"type": "bar", "color": SKY, "height": 12},
                "encoding": {"y": y, "x": {"field": "posterior", **x}},
            },
            {
                "mark": {"type": "rule", "color": INK},
                "encoding": {"y": y, "x": {"field": "low", **x}, "x2": {"field": "high"}},
            },
            {
                "mark": {"type": "tick", "color": RED, "thickness": 3, "size": 18},
                "encoding": {"y": y, "x": {"field": "prior", **x}},
            },
        ],
    }


def band_chart(band: QuantileBand, result: MechanismResult) -> Spec:
    """What the fitted model expects (median, 5th to 95th percentile) with the measurements; open
    triangles are limits.
    """
    last = max([p[0] for p in band.points] + [result.followed_to, result.progression or 0.0]) + 90.0
    days = [i for i, d in enumerate(band.days) if d <= last]
    area = [
        {"day": band.days[i], "low": band.low[i], "middle": band.middle[i], "high": band.high[i]}
        for i in days
    ]
    points = [
        {
            "day": d,
            "value": v,
            "what": "measured" if k == 0 else ("below this limit" if k < 0 else "above this limit"),
        }
        for d, v, k in band.points
    ]
    top = max([band.high[i] for i in days] + [p[1] for p in band.points] + [band.offset])
    steps = [
        b * 10.0**e
        for e in range(-2, 8)
        for b in ((1.0, 3.0) if top < 1000 * band.offset else (1.0,))
    ]
    ticks = [0.0, *[v for v in steps if band.offset / 3.0 <= v <= 1.3 * top]]
    x = {
        "field": "day",
        "type": "quantitative",
        "title": "days since the infusion",
        "scale": {"domain": [0, last], "nice": False},
    }
    y = {
        "type": "quantitative",
        "scale": {"type": "symlog", "constant": band.offset, "domainMin": 0},
        "axis": {"values": ticks, "format": ",.8~g"},
        "title": f"{CHANNEL[band.channel]} ({band.unit})",
    }
    colour = COLOUR[band.channel]
    layers: list[Spec] = [
        {
            "data": {"values": area},
            "mark": {"type": "area", "color": colour, "opacity": 0.2},
            "encoding": {"x": x, "y": {"field": "low", **y}, "y2": {"field": "high"}},
        },
        {
            "data": {"values": area},
            "mark": {"type": "line", "color": colour},
            "encoding": {"x": x, "y": {"field": "middle", **y}},
        },
        {
            "data": {"values": points},
            "mark": {"type": "point", "color": INK, "size": 60, "filled": False},
            "encoding": {
                "x": x,
                "y": {"field": "value", **y},
                "shape": {
                    "field": "what",
                    "type": "nominal",
                    "scale": {
                        "domain": ["measured", "below this limit", "above this limit"],
                        "range": ["circle", "triangle-down", "triangle-up"],
                    },
                    "legend": None,
                },
            },
        },
    ]
    if result.progression is not None:
        layers.append(
            {
                "data": {"values": [{"day": result.progression}]},
                "mark": {"type": "rule", "color": RED, "strokeDash": [4, 3]},
                "encoding": {"x": x},
            }
        )
    return {"width": 640, "height": 150, "layer": layers}


def mechanism_page(result: MechanismResult, record: Record) -> str:
    """The page for one patient."""
    about = f"Infusion of {escape(result.product)} on day {result.infusion_day}."
    used = ", ".join(f"{n} x {CHANNEL[c]}" for c, n in result.measurements.items() if n) or "none"
    if result.progression is not None:
        course = f"progression on day {result.progression:g}"
    elif result.followed_to > 0:
        course = f"without progression to day {result.followed_to:g}"
    else:
        course = "no progression is confirmed, and no day is known until which it is excluded"
    body = [
        f'<p class="answer">{escape(answer(result))}</p>',
        f"<p>{about} Read: {escape(used)}; {course} (days from the infusion).</p>",
    ]
    if result.classes:
        body += [
            "<h2>Mechanisms</h2>",
            svg(mechanism_bars(result), label="Probability of each mechanism with its prior"),
            _class_table(result),
        ]
    if result.bands:
        body.append("<h2>Fit</h2>")
        body += [
            svg(band_chart(b, result), label=f"Fit of {CHANNEL[b.channel]}") for b in result.bands
        ]
        body.append(
            '<p class="small">Line and area: median, 5th and 95th percentile of the level. Circles:'
            " values; triangles: limits, the value lies below (pointing down) or above. The red"
            " line is the progression. Near zero the scale is even, as values are compared.</p>"
        )
    if result.next_measurements:
        body += ["<h2>What would tell most</h2>", _next_table(result)]
    body += [
        "<h2>Basis</h2>",
        "<ul>",
        *[f"<li>{escape(n)}</li>" for n in (*result.notes, *_basis(result))],
        "</ul>",
    ]
    return page(f"Mechanism of failure: {record.patient_id}", body)


def _basis(result: MechanismResult) -> list[str]:
    return [
        (
            f"{result.draws:,} virtual patients in {result.stages} stages,"
            f" {result.effective_draws:.0f} effective; seed {result.seed}."
        ),
        f"Failure means progression within {result.horizon:.0f} days of the infusion.",
        (
            "Mechanisms are shifts of a mechanistic model calibrated to trials; their shares before"
            " the data are partly assumptions."
        ),
    ]


def _class_table(result: MechanismResult) -> str:
    rows = [
        f'<tr><td>{escape(_names(result, c.members))}</td><td class="n">{c.probability:.1%}</td>'
        f'<td class="n">{c.error:.1%}</td><td class="n">{c.prior:.1%}</td></tr>'
        for c in result.classes
    ]
    return (
        '<table><tr><th>mechanism or class</th><th class="n">now</th><th class="n">error</th><th'
        ' class="n">before the data</th></tr>' + "".join(rows) + "</table>"
    )


def _next_table(result: MechanismResult) -> str:
    rows = [
        f'<tr><td>{escape(TEST[c.test])}</td><td class="n">{c.day:g}</td><td class="n">{c.bits:.2f}'
        f" &plusmn; {c.error:.2f}</td></tr>"
        for c in result.next_measurements
    ]
    if result.entropy_bits < SETTLED:
        return f"<p>{SETTLED_TEXT}</p>"
    return (
        f"<p>Uncertainty now: {result.entropy_bits:.2f} bits.</p><table><tr><th>measurement</th><th"
        ' class="n">day</th><th class="n">expected gain (bits)</th></tr>'
        + "".join(rows)
        + "</table>"
    )


def mechanism_text(result: MechanismResult) -> str:
    """The same for a terminal."""
    lines = [f"{result.patient_id}: {WARNING}", answer(result), ""]
    for c in result.classes:
        bar = "#" * round(30 * c.probability)
        lines.append(
            f"  {_names(result, c.members):48s} {c.probability:6.1%} +- {c.error:5.1%}  (before the"
            f" data {c.prior:5.1%})  {bar}"
        )
    if result.next_measurements:
        lines += ["", "  What would tell most:"]
        lines += (
            [f"    {SETTLED_TEXT}"]
            if result.entropy_bits < SETTLED
            else [
                f"    {TEST[c.test]} on day {c.day:g}: {c.bits:.2f} of {result.entropy_bits:.2f}"
                " bits"
                for c in result.next_measurements[:3]
            ]
        )
    lines += ["", *[f"  note: {n}" for n in (*result.notes, *_basis(result))]]
    return "\n".join(lines)


# ---- trials ----------------


def curve_chart(
    curves: Sequence[tuple[str, Sequence[tuple[float, float, float, float]]]],
    *,
    title: str,
    points: Sequence[Spec] = (),
) -> Spec:
    """Curves (month, percent, low, high) with bands, one colour each; `points` are published
    landmarks (month, value, low, high, name).
    """
    rows = [
        {"arm": n, "month": t, "free": v, "low": a, "high": b}
        for n, curve in curves
        for t, v, a, b in curve
    ]
    names = [n for n, _ in curves]
    colour = {
        "field": "arm",
        "type": "nominal",
        "scale": {"domain": names, "range": list(ARM_COLOURS[: len(names)])},
        "legend": {"title": None, "orient": "bottom", "columns": 2, "labelLimit": 300},
    }
    x = {"field": "month", "type": "quantitative", "title": "months", "scale": {"nice": False}}
    y = {"type": "quantitative", "scale": {"domain": [0, 100]}, "title": title}
    layers: list[Spec] = [
        {
            "data": {"values": rows},
            "mark": {"type": "area", "opacity": 0.12, "interpolate": "step-after"},
            "encoding": {
                "x": x,
                "y": {"field": "low", **y},
                "y2": {"field": "high"},
                "color": colour,
            },
        },
        {
            "data": {"values": rows},
            "mark": {"type": "line", "interpolate": "step-after"},
            "encoding": {"x": x, "y": {"field": "free", **y}, "color": colour},
        },
    ]
    if points:
        known = [p for p in points if "low" in p]
        mark = {
            "x": {**x, "field": "month"},
            "y": {"field": "value", **y},
            "color": {**colour, "field": "arm"},
        }
        layers += [
            {
                "data": {"values": known},
                "mark": {"type": "rule", "strokeWidth": 2},
                "encoding": {**mark, "y": {"field": "low", **y}, "y2": {"field": "high"}},
            },
            {
                "data": {"values": list(points)},
                "mark": {"type": "point", "size": 70, "filled": True, "shape": "diamond"},
                "encoding": mark,
            },
        ]
    return {"width": 560, "height": 280, "layer": layers}


def _triple(v: tuple[float, float, float], unit: str = "") -> str:
    return f"{_number(v[0])}{unit} ({_number(v[1])} to {_number(v[2])})"


def _number(v: float) -> str:
    return "not reached" if math.isinf(v) else f"{v:.1f}"


def trial_page(result: TrialResult) -> str:
    """The page of a virtual trial: curves from the infusion, a table of every step, paired
    differences.
    """
    body = [
        (
            f"<p>{escape(result.title)}. First infusion for everybody: {escape(result.product)}."
            f" {result.patients:,} virtual patients in every arm, the same in all; intervals are"
            f" those of a trial of {result.trial_size} patients.</p>"
        ),
        "<h2>Progression-free on the whole sequence, from the infusion</h2>",
        svg(
            curve_chart(
                [(a.name, a.whole.curve) for a in result.arms], title="free of last progression (%)"
            ),
            label="Curves of all arms",
        ),
        "<h2>Steps</h2>",
        (
            '<table><tr><th>arm</th><th>step</th><th class="n">patients</th><th>response'
            " (%)</th><th>CR (%)</th><th>PFS (months)</th></tr>"
        ),
    ]
    for arm in result.arms:
        body += [_step_row(arm.name, step) for step in arm.steps]
    body.append("</table>")
    if result.differences:
        body.append(
            "<h2>Against the first arm, same"
            ' patients</h2><table><tr><th>arm</th><th>measure</th><th class="n">difference'
            " (%)</th></tr>"
        )
        body += [
            f"<tr><td>{escape(n)}</td><td>{escape(what)}</td><td"
            f' class="n">{_triple((d, a, b))}</td></tr>'
            for n, what, d, a, b in result.differences
        ]
        body.append("</table>")
    body += [
        "<ul>",
        *[f"<li>{escape(n)}</li>" for n in (*result.notes, f"Seed {result.seed}.")],
        "</ul>",
    ]
    return page(f"Virtual trial: {result.title}", body)


def _step_row(arm: str, step: StepResult) -> str:
    return (
        f"<tr><td>{escape(arm)}</td><td>{escape(step.name)}</td><td"
        f' class="n">{step.treated}</td><td>{_triple(step.orr)}</td>'
        f"<td>{_triple(step.cr)}</td><td>{_triple(step.pfs_median)}</td></tr>"
    )


def trial_text(result: TrialResult) -> str:
    """The same for a terminal."""
    lines = [
        f"{result.title}: {WARNING}",
        (
            f"{result.patients} virtual patients, the same in every arm; intervals of a trial of"
            f" {result.trial_size}"
        ),
    ]
    for arm in result.arms:
        lines.append(f"\n{arm.name}")
        for s in arm.steps:
            response, deep, free = _triple(s.orr, "%"), _triple(s.cr, "%"), _triple(s.pfs_median)
            lines.append(
                f"  {s.name:32s} n {s.treated:6d}   response {response:>26s}   CR {deep:>26s}   PFS"
                f" {free:>28s} mo"
            )
    lines += [f"\n{n}, {what}: {_triple((d, a, b))} %" for n, what, d, a, b in result.differences]
    lines += ["", *[f"  note: {n}" for n in (*result.notes, f"Seed {result.seed}.")]]
    return "\n".join(lines)
