"""Forest plots as a Vega-Lite specification, and as text for the terminal.

An arm is a square as large as its weight with its own interval, grey where its source is weak; a
diamond is the pooled figure; the dashed line below it is the range in which a new centre would be
expected. Shares run from 0 to 100 %, months on a logarithmic axis, as they are pooled.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from rearm.evidence import Measure
from rearm.evidence.table import ForestRow
from rearm.report.draw import BLUE, GREY, INK, Spec

__all__ = [
    "block_words",
    "counts_words",
    "estimate_words",
    "forest_lines",
    "forest_spec",
    "in_months",
    "label_words",
    "range_words",
]

_ROW, _LABEL = 24, 70


class HasLimits(Protocol):
    """Anything with an estimate (None: a range alone) and its limits."""

    @property
    def estimate(self) -> float | None: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...


_BLANK = {"counts": "", "figure": "", "weight": ""}
_WIDTHS = {"label": 440, "counts": 70, "plot": 260, "figure": 130, "weight": 55}


def in_months(measure: Measure) -> bool:
    """Whether the measure is a time in months; the others are shares of patients."""
    return measure == "pfs"


def estimate_words(row: HasLimits, measure: Measure) -> str:
    """`72 % (56 to 84)` or `7.5 months (3.5 to 14.0)`; without an estimate only its limits."""
    if row.estimate is None:
        return range_words(row.low, row.high, measure)
    limits = _limits(row.low, row.high, measure)
    if in_months(measure):
        return f"{row.estimate:.1f} months ({limits})"
    return f"{100 * row.estimate:.0f} % ({limits})"


def range_words(low: float, high: float, measure: Measure) -> str:
    """`40 to 95 %` or `2.6 to 19.1 months`."""
    return f"{_limits(low, high, measure)} {'months' if in_months(measure) else '%'}"


def _limits(low: float, high: float, measure: Measure) -> str:
    if in_months(measure):
        return f"{low:.1f} to {high:.1f}"
    return f"{100 * low:.0f} to {100 * high:.0f}"


def counts_words(row: ForestRow) -> str:
    """Patients with the event of all patients; patients alone where the arm gives a time."""
    if row.n is None:
        return ""
    return f"{row.n}" if row.events is None else f"{row.events}/{row.n}"


def label_words(row: ForestRow, names: Mapping[str, str], room: int | None = None) -> str:
    """What an arm is called, and whether its source is weak; or what a summary row is.

    `room`: the most characters; a longer population is cut, the rest never.
    """
    if row.kind != "arm":
        return (
            f"{row.label}, {100 * row.borrowed_share:.0f} % borrowed"
            if row.kind == "pooled" and row.borrowed_share
            else str(row.label)
        )
    study = names.get(row.study, row.study) if row.study is not None else ""
    text = f"{study}: {row.label}"
    weak = " (weak source)" if row.weak else ""
    if room is not None and len(text) + len(weak) > room:
        text = f"{text[: room - len(weak) - 1].rstrip()}…"
    return text + weak


def _range(rows: Sequence[ForestRow], measure: Measure) -> tuple[float, float]:
    if not in_months(measure):
        return 0.0, 100.0
    return max(0.3, min(r.low for r in rows) / 1.15), max(r.high for r in rows) * 1.15


def _scaled(value: float | None, measure: Measure) -> float | None:
    return value if value is None or in_months(measure) else 100 * value


def forest_spec(
    rows: Sequence[ForestRow],
    *,
    measure: Measure = "response",
    names: Mapping[str, str] | None = None,
) -> Spec:
    """The Vega-Lite specification of one forest plot from `forest_rows`.

    `names`: what a study is called, by its id.

    Raises ValueError without rows: where nothing was pooled there is no plot.
    """
    if not rows:
        raise ValueError("Nothing was pooled for this measure, so there is no forest plot.")
    values: list[dict[str, Any]] = []
    previous = None
    for row in rows:
        if row.directness != previous:
            previous = row.directness
            values.append(
                {"row": len(values), "kind": "heading", "label": block_words(row, rows), **_BLANK}
            )
        values.append(
            {
                "row": len(values),
                "kind": row.kind,
                "label": label_words(row, names or {}, _LABEL),
                "weak": bool(row.weak),
                "counts": counts_words(row),
                "figure": estimate_words(row, measure),
                "weight": "" if row.weight is None else f"{100 * row.weight:.0f} %",
                "size": 30 + 250 * (row.weight or 0),
                "estimate": _scaled(row.estimate, measure),
                "low": _scaled(row.low, measure),
                "high": _scaled(row.high, measure),
            }
        )
    titles = {
        "label": "",
        "counts": "patients" if in_months(measure) else "with / of",
        "figure": "estimate (95 %)",
        "weight": "weight",
    }
    y: Spec = {
        "field": "row",
        "type": "ordinal",
        "axis": None,
        "scale": {"domain": list(range(len(values)))},
    }
    views = [_text(field, titles[field], y) for field in ("label", "counts")]
    views += [_plot(measure, _range(rows, measure), y)]
    views += [_text(field, titles[field], y) for field in ("figure", "weight")]
    height = {"height": _ROW * len(values)}
    return {"data": {"values": values}, "hconcat": [view | height for view in views], "spacing": 8}


def block_words(row: ForestRow, rows: Sequence[ForestRow]) -> str:
    """The heading of a block: the population of its pooled figure, with its directness."""
    text = next(
        str(r.setting) for r in rows if r.kind == "pooled" and r.directness == row.directness
    )
    return f"{text[:1].upper()}{text[1:]} ({row.directness})"


def _text(field: str, title: str, y: Spec) -> Spec:
    """A column of text: headings and pooled figures bold."""
    right = field != "label"
    mark = {
        "type": "text",
        "align": "right" if right else "left",
        "baseline": "middle",
        "color": INK,
        "fontSize": 11,
    }
    encoding = {
        "y": y,
        "x": {"value": _WIDTHS[field] if right else 0},
        "text": {"field": field, "type": "nominal"},
    }
    strong = "datum.kind == 'heading' || datum.kind == 'pooled'"
    return {
        "width": _WIDTHS[field],
        "view": {"stroke": None},
        "title": {
            "text": title,
            "fontWeight": "normal",
            "fontSize": 11,
            "anchor": "end" if right else "start",
        },
        "layer": [
            {"transform": [{"filter": f"!({strong})"}], "mark": mark, "encoding": encoding},
            {
                "transform": [{"filter": strong}],
                "mark": mark | {"fontWeight": "bold"},
                "encoding": encoding,
            },
        ],
    }


def _plot(measure: Measure, limits: tuple[float, float], y: Spec) -> Spec:
    months = in_months(measure)
    scale: Spec = {"domain": list(limits), "nice": False, "type": "log" if months else "linear"}
    ticks = (
        [t for t in (0.5, 1, 2, 3, 4, 6, 9, 12, 18, 24, 36, 48, 72) if limits[0] <= t <= limits[1]]
        if months
        else [0, 25, 50, 75, 100]
    )
    axis = {"values": ticks, "title": "months" if months else "% of patients", "format": "~f"}
    x: Spec = {"type": "quantitative", "scale": scale, "axis": axis}

    def layer(kind: str, mark: Spec, field: str, **more: Spec) -> Spec:
        return {
            "transform": [{"filter": f"datum.kind == '{kind}'"}],
            "mark": mark,
            "encoding": {"y": y, "x": {**x, "field": field}, **more},
        }

    end: Spec = {"field": "high"}
    size: Spec = {"field": "size", "type": "quantitative", "scale": None, "legend": None}
    colour: Spec = {"condition": {"test": "datum.weak", "value": GREY}, "value": BLUE}
    return {
        "width": _WIDTHS["plot"],
        "view": {"stroke": None},
        "layer": [
            layer("arm", {"type": "rule", "strokeWidth": 1.4}, "low", x2=end, color=colour),
            layer(
                "arm",
                {"type": "point", "shape": "square", "filled": True, "opacity": 1},
                "estimate",
                size=size,
                color=colour,
            ),
            layer("pooled", {"type": "rule", "color": INK, "strokeWidth": 2.4}, "low", x2=end),
            layer(
                "pooled",
                {
                    "type": "point",
                    "shape": "diamond",
                    "filled": True,
                    "color": INK,
                    "size": 170,
                    "opacity": 1,
                },
                "estimate",
            ),
            layer(
                "new centre",
                {"type": "rule", "color": GREY, "strokeWidth": 1.6, "strokeDash": [5, 3]},
                "low",
                x2=end,
            ),
        ],
    }


def forest_lines(
    rows: Sequence[ForestRow], *, measure: Measure = "response", width: int = 33
) -> list[str]:
    """The plot as one line of text for each row.

    `├──■──┤` is an arm, `◆` the pooled figure, `╌` the range for a new centre.
    """
    if not rows:
        return []
    first, last = _range(rows, measure)
    if in_months(measure):
        first, last = math.log(first), math.log(last)

    def place(value: float) -> int:
        at = math.log(value) if in_months(measure) else 100 * value
        return round((width - 1) * min(1.0, max(0.0, (at - first) / (last - first))))

    lines = []
    for row in rows:
        cells = [" "] * width
        low, high = place(max(row.low, 1e-9)), place(max(row.high, 1e-9))
        stroke = {"arm": "─", "pooled": "═", "new centre": "╌"}[row.kind]
        cells[low : high + 1] = [stroke] * (high - low + 1)
        cells[low], cells[high] = (
            ("├", "┤") if row.kind == "arm" else ("╞", "╡") if row.kind == "pooled" else ("╎", "╎")
        )
        if row.estimate is not None:
            cells[place(max(row.estimate, 1e-9))] = "■" if row.kind == "arm" else "◆"
        lines.append("".join(cells))
    return lines
