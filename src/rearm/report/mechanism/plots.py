"""The pictures as Vega-Lite specifications."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rearm.report.draw import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, RED, SKY, YELLOW, Spec
from rearm.report.mechanism.words import CHANNEL, names

if TYPE_CHECKING:
    from rearm.mechanism.result import MechanismResult, QuantileBand

__all__ = ["ARM_COLOURS", "band_chart", "curve_chart", "mechanism_bars"]

COLOUR = {"m_protein": BLUE, "flc": ORANGE, "sbcma": GREEN, "car": RED}
ARM_COLOURS = (BLUE, RED, GREEN, ORANGE, PURPLE, SKY, YELLOW, GREY)
SHAPES = {
    "measured": "circle",
    "below this limit": "triangle-down",
    "above this limit": "triangle-up",
}


def mechanism_bars(result: MechanismResult) -> Spec:
    """Posterior (bars) and prior (ticks) of each class of mechanisms."""
    rows = [
        {
            "class": names(result, c.members),
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
    """What the fitted model expects (median, 5th to 95th percentile) with the measurements.

    Triangles are limits.
    """
    last = max([p[0] for p in band.points] + [result.followed_to, result.progression or 0.0]) + 90.0
    drawn = [i for i, day in enumerate(band.days) if day <= last]
    area = [
        {"day": band.days[i], "low": band.low[i], "middle": band.middle[i], "high": band.high[i]}
        for i in drawn
    ]
    top = max([r["high"] for r in area] + [p[1] for p in band.points] + [band.offset])
    x: Spec = {
        "field": "day",
        "type": "quantitative",
        "title": "days since the infusion",
        "scale": {"domain": [0, last], "nice": False},
    }
    y: Spec = {
        "type": "quantitative",
        "scale": {"type": "symlog", "constant": band.offset, "domainMin": 0},
        "axis": {"values": _ticks(band.offset, top), "format": ",.8~g"},
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
        _points(band, x, y),
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


def _ticks(offset: float, top: float) -> list[float]:
    """Zero and round values from the offset to `top`."""
    per_decade = (1.0, 3.0) if top < 1000 * offset else (1.0,)
    steps = [b * 10.0**e for e in range(-2, 8) for b in per_decade]
    return [0.0, *[v for v in steps if offset / 3.0 <= v <= 1.3 * top]]


def _points(band: QuantileBand, x: Spec, y: Spec) -> Spec:
    """The measurements as they were reported."""
    what = {0: "measured", -1: "below this limit", 1: "above this limit"}
    values = [{"day": d, "value": v, "what": what[kind]} for d, v, kind in band.points]
    scale = {"domain": list(SHAPES), "range": list(SHAPES.values())}
    shape = {"field": "what", "type": "nominal", "scale": scale, "legend": None}
    return {
        "data": {"values": values},
        "mark": {"type": "point", "color": INK, "size": 60, "filled": False},
        "encoding": {"x": x, "y": {"field": "value", **y}, "shape": shape},
    }


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
