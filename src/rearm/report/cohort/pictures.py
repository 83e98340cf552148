"""The pictures of the report: curves by group, states over time, and the ways that patients went.

They draw what the tables show and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rearm.report.cohort.curves import MONTH, ShownCurve, ShownGroup
from rearm.report.cohort.table import ReportTable
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
)

__all__ = ["curve_spec", "flow_spec", "states_spec"]

_PALETTE = (BLUE, ORANGE, GREEN, RED, PURPLE, SKY, YELLOW, GREY)
_STATES = {
    "remission": ("no relapse", GREEN),
    "relapse": ("relapse, no salvage", YELLOW),
    "salvage_1": ("first salvage", SKY),
    "salvage_2": ("second salvage", BLUE),
    "death": ("dead", GREY),
}
_PADDING = {"left": 5, "top": 5, "right": 30, "bottom": 5}
_MOST_PANELS = 9
_SMOOTH = 24  # points of a ribbon


def curve_spec(
    groups: Sequence[ShownGroup], name: Callable[[str | None], str], *, competes: bool
) -> Spec | None:
    """One panel a group with its limits; None where no group has a curve that may be shown."""
    drawn = [group for group in groups if group.curve is not None][:_MOST_PANELS]
    if not drawn:
        return None
    rows: list[dict[str, object]] = []
    order: list[str] = []
    for group in drawn:
        n = "" if group.n is None else f", n = {group.n:,}"
        title = _cut(name(group.name)) + n
        order.append(title)
        assert group.curve is not None
        rows += _points(group.curve, title, "event" if competes else "free")
        if group.competing_curve is not None:
            rows += _points(group.competing_curve, title, "competing event")
    stepped = drawn[0].curve is not None and drawn[0].curve.stepped
    one = len(drawn) == 1
    panel: Spec = {
        "width": 640 if one else 250,
        "height": 260 if one else 160,
        "layer": [_band(stepped, competes), _line(stepped, competes)],
    }
    if one:
        return {"data": {"values": rows}, "padding": _PADDING, **panel}
    return {
        "data": {"values": rows},
        "padding": _PADDING,
        "facet": {
            "field": "group",
            "type": "nominal",
            "sort": order,
            "header": {"title": None, "labelFontSize": 11, "labelFontWeight": "bold"},
        },
        "columns": 3,
        "spec": panel,
    }


def _cut(text: str) -> str:
    return text if len(text) <= 36 else text[:35].rstrip() + "…"


def _points(curve: ShownCurve, group: str, kind: str) -> list[dict[str, object]]:
    return [
        {
            "group": group,
            "kind": kind,
            "month": round(point.day / MONTH, 2),
            "share": round(100 * point.share, 1),
            "low": None if point.low is None else round(100 * point.low, 1),
            "high": None if point.high is None else round(100 * point.high, 1),
        }
        for point in curve.points
    ]


def _axes() -> Spec:
    return {
        "x": {
            "field": "month",
            "type": "quantitative",
            "title": "months",
            "axis": {"tickMinStep": 6, "tickCount": 6},
        },
        "y": {
            "field": "share",
            "type": "quantitative",
            "title": "%",
            "scale": {"domain": [0, 100]},
            "axis": {"values": [0, 25, 50, 75, 100]},
        },
    }


def _colour(legend: bool) -> Spec:
    return {
        "field": "kind",
        "type": "nominal",
        "scale": {"domain": ["free", "event", "competing event"], "range": [BLUE, RED, GREY]},
        "legend": {
            "title": None,
            "orient": "top",
            "values": ["event", "competing event"],
            "symbolType": "stroke",
            "symbolOpacity": 1,
        }
        if legend
        else None,
    }


def _band(stepped: bool, competes: bool) -> Spec:
    axes = _axes()
    return {
        "mark": {
            "type": "area",
            "opacity": 0.15,
            "interpolate": "step-after" if stepped else "linear",
        },
        "encoding": {
            "x": axes["x"],
            "y": {**axes["y"], "field": "low"},
            "y2": {"field": "high"},
            "color": _colour(competes),
        },
    }


def _line(stepped: bool, competes: bool) -> Spec:
    return {
        "mark": {
            "type": "line",
            "strokeWidth": 2,
            "interpolate": "step-after" if stepped else "linear",
        },
        "encoding": {**_axes(), "color": _colour(competes)},
    }


def states_spec(points: Sequence[tuple[int, Sequence[float]]], states: Sequence[str]) -> Spec:
    """Shares in each state over time, stacked."""
    rows = [
        {
            "month": round(day / MONTH, 2),
            "state": _STATES[state][0],
            "order": i,
            "share": round(100 * value, 1),
        }
        for day, shares in points
        for i, (state, value) in enumerate(zip(states, shares, strict=True))
    ]
    names = [_STATES[state] for state in states]
    return {
        "data": {"values": rows},
        "padding": _PADDING,
        "width": 640,
        "height": 280,
        "mark": {"type": "area", "interpolate": "linear", "line": False},
        "encoding": {
            "x": _axes()["x"],
            "y": {
                "field": "share",
                "type": "quantitative",
                "stack": "zero",
                "title": "% of patients",
                "scale": {"domain": [0, 100]},
            },
            "order": {"field": "order", "type": "quantitative"},
            "color": {
                "field": "state",
                "type": "nominal",
                "scale": {"domain": [x for x, _ in names], "range": [x for _, x in names]},
                "legend": {"title": None, "orient": "top", "columns": 5},
            },
        },
    }


@dataclass(slots=True)
class _Node:
    """A box of the flow picture: where it stands, and how far it is used up on either side."""

    column: int
    label: str
    top: float
    height: float
    colour: str
    count: float
    left: float = 0.0
    right: float = 0.0


def flow_spec(kinds: ReportTable, sequences: ReportTable) -> Spec | None:
    """Kind of failure, first salvage, second salvage: ribbons as wide as the counts that the two
    tables show. None where they show nothing.
    """
    first_rows = [row for row in kinds.rows if row[0] != "all"]
    kind_names = [x for x in kinds.columns if x != "all"]
    second_rows = {label: cells for label, cells in sequences.rows if label != "all"}
    second_names = [x for x in sequences.columns if x != "all"]
    middle = [(label, cells[-1].value or 0) for label, cells in first_rows]
    whole = sum(n for _, n in middle)
    if not whole:
        return None
    lefts = _totals(kinds, kind_names)
    rights = _totals(sequences, second_names)
    gap = whole * 0.03
    nodes = [
        _column(0, lefts, whole, gap, [GREY] * len(lefts)),
        _column(1, middle, whole, gap, _colours(len(middle))),
        _column(2, rights, whole, gap, [GREY] * len(rights)),
    ]
    ribbons: list[dict[str, object]] = []
    for label, cells in first_rows:
        target = nodes[1][label]
        for name, cell in zip(kind_names, cells, strict=False):
            ribbons += _ribbon(nodes[0][name], target, float(cell.value or 0), target.colour)
        for name, cell in zip(second_names, second_rows.get(label, ()), strict=False):
            ribbons += _ribbon(target, nodes[2][name], float(cell.value or 0), target.colour)
    return _flow(ribbons, [node for column in nodes for node in column.values()])


def _totals(table: ReportTable, names: Sequence[str]) -> list[tuple[str, float]]:
    """The total of each column as the table shows it."""
    *_, (_, totals) = table.rows
    return [(name, totals[i].value or 0) for i, name in enumerate(names)]


def _colours(n: int) -> list[str]:
    return [_PALETTE[i % len(_PALETTE)] for i in range(n)]


def _column(
    number: int,
    sizes: Sequence[tuple[str, float]],
    whole: float,
    gap: float,
    colours: Sequence[str],
) -> dict[str, _Node]:
    nodes: dict[str, _Node] = {}
    top = 0.0
    for (label, size), colour in zip(sizes, colours, strict=True):
        nodes[label] = _Node(number, label, top, size, colour, size, top, top)
        top += size + (gap if size else 0)
    return nodes


def _ribbon(start: _Node, end: _Node, width: float, colour: str) -> list[dict[str, object]]:
    if not width:
        return []
    y0, y1 = start.right, end.left
    start.right += width
    end.left += width
    # rounded cells may sum to a little more than their rounded total
    start.height = max(start.height, start.right - start.top)
    end.height = max(end.height, end.left - end.top)
    points = []
    for i in range(_SMOOTH + 1):
        t = i / _SMOOTH
        y = y0 + (y1 - y0) * t * t * (3 - 2 * t)
        points.append(
            {
                "ribbon": f"{start.column}/{start.label}/{end.label}",
                "x": round(start.column + 0.06 + t * 0.88, 3),
                "y": round(y, 2),
                "y2": round(y + width, 2),
                "colour": colour,
            }
        )
    return points


def _flow(ribbons: Sequence[dict[str, object]], nodes: Sequence[_Node]) -> Spec:
    boxes = [
        {
            "x": node.column - 0.06 if node.column else node.column,
            "x2": node.column + 0.06,
            "y": node.top,
            "y2": node.top + node.height,
            "middle": node.top + node.height / 2,
            "text": f"{_cut(node.label)} ({node.count:,.0f})",
            "colour": node.colour,
        }
        for node in nodes
        if node.height
    ]
    y: Spec = {"type": "quantitative", "axis": None, "scale": {"reverse": True, "nice": False}}
    x: Spec = {"type": "quantitative", "axis": None, "scale": {"domain": [0, 2.75], "nice": False}}
    colour: Spec = {"field": "colour", "type": "nominal", "scale": None}
    at: Spec = {"x": {**x, "field": "x"}, "y": {**y, "field": "y"}, "y2": {"field": "y2"}}
    return {
        "width": 760,
        "height": 440,
        "padding": _PADDING,
        "view": {"stroke": None},
        "layer": [
            {
                "data": {"values": list(ribbons)},
                "mark": {"type": "area", "opacity": 0.35},
                "encoding": {**at, "detail": {"field": "ribbon"}, "color": colour},
            },
            {
                "data": {"values": boxes},
                "mark": {"type": "rect", "stroke": LIGHT},
                "encoding": {**at, "x2": {"field": "x2"}, "color": colour},
            },
            {
                "data": {"values": boxes},
                "mark": {"type": "text", "align": "left", "fontSize": 11, "color": INK, "dx": 4},
                "encoding": {
                    "x": {**x, "field": "x2"},
                    "y": {**y, "field": "middle"},
                    "text": {"field": "text"},
                },
            },
        ],
    }
