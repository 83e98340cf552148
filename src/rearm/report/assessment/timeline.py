"""The timeline of one patient: day 0 is the infusion that the report concerns, always shown.

Panels from top to bottom: therapies as bands, what was recorded or happened, the response strip,
and the markers, each with its unit on a logarithmic axis (values at or below zero and below
detection are drawn as open triangles at the lowest level of the panel).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rearm.record import Lab, Record
from rearm.report.draw import BLUE, GREEN, GREY, INK, LIGHT, ORANGE, PURPLE, RED, SKY, YELLOW, Spec

PANELS: tuple[tuple[str, str, tuple[tuple[str, str, str], ...]], ...] = (
    ("serum M-protein", "g/dL", (("serum_m_protein", "M-protein", BLUE),)),
    ("urine M-protein", "mg/24 h", (("urine_m_protein_24h", "urine M-protein", SKY),)),
    ("light chains", "mg/L", (("kappa_flc", "kappa", ORANGE), ("lambda_flc", "lambda", PURPLE))),
    ("soluble BCMA", "ng/mL", (("soluble_bcma", "soluble BCMA", GREEN),)),
    ("CAR copies", "per ug DNA", (("car_copies_per_ug_dna", "copies per ug DNA", RED),)),
    (
        "CAR copies",
        "per 1000 cells",
        (("car_copies_per_1000_cells", "copies per 1000 cells", RED),),
    ),
    ("lymphocytes", "10*9/L", (("lymphocytes", "lymphocytes", GREY),)),
)
RESPONSE_COLOURS = {
    "sCR": "#00664b", "CR": "#009e73", "VGPR": "#56b4e9", "PR": "#a6d4f2",
    "MR": "#cbb5dd", "SD": "#9aa5b1", "PD": "#d55e00", "NE": "#ffffff",
}  # fmt: skip
PURPOSE_COLOURS = {
    "bridging": YELLOW, "lymphodepletion": PURPLE, "transplant": GREEN, "maintenance": SKY, "toxicity_management": GREY,
}  # fmt: skip
WIDTH = 720
BEFORE = 120  # days before the infusion that are drawn; earlier lines stand in the table of lines


@dataclass(frozen=True, slots=True)
class StripVisit:
    """One visit of the response strip: who says it (`computed` or `team`) and what."""

    day: int
    response: str
    by: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A vertical line with its words."""

    day: int
    label: str
    colour: str = INK


def timeline(
    record: Record,
    *,
    infusion_day: int,
    until: int,
    visits: Sequence[StripVisit] = (),
    marks: Sequence[Mark] = (),
) -> Spec:
    """The Vega-Lite specification. Days on the axis are days since `infusion_day`; nothing after
    `until` is drawn.
    """
    first = -BEFORE
    last = max(until - infusion_day, 30)
    scale = {"domain": [first, last + max(5, (last - first) // 40)], "nice": False}
    hidden = {"labels": False, "ticks": False, "domain": False, "title": None, "tickCount": 12}
    x = {"field": "day", "type": "quantitative", "scale": scale, "axis": hidden}
    panels = [
        _bands(record, infusion_day, first, last, x),
        _strip(visits, infusion_day, x),
        *_markers(record, infusion_day, first, last, x),
    ]
    shown = [p for p in panels if p is not None]
    lines: list[Spec] = [{"day": 0, "label": "infusion", "colour": INK}]
    lines += [
        {"day": m.day - infusion_day, "label": m.label, "colour": m.colour}
        for m in marks
        if first <= m.day - infusion_day <= last
    ]
    shown = [_with_rules(panel, lines, x, labelled=i == 0) for i, panel in enumerate(shown)]
    for layer in shown[-1]["layer"]:  # only the lowest panel carries the axis
        layer["encoding"] = {
            **layer["encoding"],
            "x": {**x, "axis": {"title": "days since the infusion", "tickCount": 12}},
        }
    return {"vconcat": shown, "spacing": 6, "bounds": "full"}


def _with_rules(panel: Spec, lines: list[Spec], x: Spec, *, labelled: bool) -> Spec:
    ordered = sorted(lines, key=lambda line: int(line["day"]))
    rules: list[Spec] = [
        {
            "data": {"values": lines},
            "mark": {"type": "rule", "strokeWidth": 1.2, "strokeDash": [4, 3]},
            "encoding": {"x": x, "color": {"field": "colour", "type": "nominal", "scale": None}},
        }
    ]
    for row in (
        (0, 1) if labelled else ()
    ):  # neighbours stand on two heights, so that their words do not cover each other
        rules.append(
            {
                "data": {"values": ordered[row::2]},
                "mark": {
                    "type": "text",
                    "align": "left",
                    "dx": 3,
                    "baseline": "bottom",
                    "fontSize": 10,
                },
                "encoding": {
                    "x": x,
                    "y": {"value": -4 - 12 * row},
                    "text": {"field": "label"},
                    "color": {"field": "colour", "type": "nominal", "scale": None},
                },
            }
        )
    return {
        **panel,
        "layer": [*panel["layer"], *rules],
        "resolve": {"scale": {"color": "independent"}},
    }


def _bands(record: Record, zero: int, first: int, last: int, x: Spec) -> Spec | None:
    rows: list[Spec] = []
    for therapy in record.therapies:
        start = therapy.start.day if therapy.start.day is not None else therapy.start.first
        if start is None:
            continue
        end = therapy.end.day if therapy.end.day is not None else start
        if end - zero < first or start - zero > last:
            continue
        name = therapy.regimen or ", ".join(therapy.agents) or "therapy"
        colour = PURPOSE_COLOURS.get(therapy.purpose or "", BLUE)
        rows.append(
            {
                "day": max(start - zero, first),
                "end": min(max(end - zero, start - zero + 2), last),
                "lane": name,
                "what": (
                    f"{name} ({(therapy.purpose or 'treatment').replace('_', ' ')}, day"
                    f" {start - zero} to {end - zero})"
                ),
                "colour": colour,
            }
        )
    for infusion in record.infused():
        if infusion.day is not None and first <= infusion.day - zero <= last:
            day = infusion.day - zero
            rows.append(
                {
                    "day": day,
                    "end": day + 2,
                    "lane": f"CAR-T {infusion.product or ''}".strip(),
                    "what": "CAR-T infusion",
                    "colour": INK,
                }
            )
    if not rows:
        return None
    lanes = list(dict.fromkeys(r["lane"] for r in sorted(rows, key=lambda r: r["day"])))
    return {
        "width": WIDTH,
        "height": max(24, 16 * len(lanes)),
        "layer": [
            {
                "data": {"values": rows},
                "mark": {"type": "bar", "height": 10, "cornerRadius": 2},
                "encoding": {
                    "x": x,
                    "x2": {"field": "end"},
                    "y": {
                        "field": "lane",
                        "type": "nominal",
                        "sort": lanes,
                        "title": None,
                        "axis": {"labelLimit": 160, "grid": False},
                    },
                    "color": {"field": "colour", "type": "nominal", "scale": None},
                    "tooltip": {"field": "what"},
                },
            }
        ],
    }


def _strip(visits: Sequence[StripVisit], zero: int, x: Spec) -> Spec | None:
    if not visits:
        return None
    rows = [
        {
            "day": v.day - zero,
            "response": v.response,
            "by": v.by,
            "colour": RESPONSE_COLOURS.get(v.response, LIGHT),
        }
        for v in visits
    ]
    by = [b for b in ("computed", "team") if any(r["by"] == b for r in rows)]
    y = {"field": "by", "type": "nominal", "sort": by, "title": "response", "axis": {"grid": False}}
    return {
        "width": WIDTH,
        "height": 30 * len(by),
        "layer": [
            {
                "data": {"values": rows},
                "mark": {
                    "type": "point",
                    "shape": "square",
                    "size": 120,
                    "filled": True,
                    "stroke": GREY,
                    "strokeWidth": 0.5,
                    "opacity": 1,
                },
                "encoding": {
                    "x": x,
                    "y": y,
                    "color": {"field": "colour", "type": "nominal", "scale": None},
                },
            },
            {
                "data": {"values": _thinned(rows)},
                "mark": {"type": "text", "fontSize": 9, "dy": -11, "color": INK},
                "encoding": {"x": x, "y": y, "text": {"field": "response"}},
            },
        ],
    }


def _thinned(rows: list[Spec]) -> list[Spec]:
    """Only where the response changes, so that the words do not cover each other."""
    kept: list[Spec] = []
    last: dict[str, str] = {}
    for row in sorted(rows, key=lambda r: (r["by"], r["day"])):
        if last.get(row["by"]) != row["response"]:
            kept.append(row)
        last[row["by"]] = row["response"]
    return kept


def _markers(record: Record, zero: int, first: int, last: int, x: Spec) -> Iterable[Spec]:
    for title, unit, series in PANELS:
        rows: list[Spec] = []
        for test, name, colour in series:
            for lab in record.of_test(test):
                day = (lab.day or 0) - zero
                if first <= day <= last and lab.quantity is not None:
                    rows.append({"day": day, "test": name, "colour": colour, **_point(lab)})
        if not rows:
            continue
        positive = [r["value"] for r in rows if r["value"] > 0]
        floor = min(positive, default=1.0) / 2
        for row in rows:
            if row["value"] <= 0:
                row["value"] = floor
                row["bound"] = "at or below zero" if row["bound"] == "measured" else row["bound"]
        colours = {
            "domain": [name for _, name, _ in series],
            "range": [colour for _, _, colour in series],
        }
        legend = {"title": None, "orient": "right"} if len(series) > 1 else None
        y = {
            "field": "value",
            "type": "quantitative",
            "scale": {
                "type": "log",
                "nice": False,
                "domain": [floor * 0.8, max(positive, default=1.0) * 1.6],
            },
            "axis": {"title": [title, f"[{unit}]"], "tickCount": 3, "format": "~g"},
        }
        encoding = {
            "x": x,
            "y": y,
            "color": {"field": "test", "type": "nominal", "scale": colours, "legend": legend},
        }
        yield {
            "width": WIDTH,
            "height": 76,
            "layer": [
                {
                    "data": {"values": rows},
                    "mark": {"type": "line", "strokeWidth": 1.4},
                    "encoding": {**encoding, "color": {**encoding["color"], "legend": None}},
                },
                {
                    "data": {"values": rows},
                    "mark": {"type": "point", "size": 34, "opacity": 1},
                    "encoding": {
                        **encoding,
                        "shape": {
                            "field": "bound",
                            "type": "nominal",
                            "legend": None,
                            "scale": {
                                "domain": [
                                    "measured",
                                    "below detection",
                                    "above range",
                                    "at or below zero",
                                ],
                                "range": [
                                    "circle",
                                    "triangle-down",
                                    "triangle-up",
                                    "triangle-down",
                                ],
                            },
                        },
                        "tooltip": {"field": "text"},
                    },
                },
            ],
        }


def _point(lab: Lab) -> Spec:
    quantity = lab.quantity
    assert quantity is not None
    text = f"day {lab.day}: {lab.as_given or quantity}"
    if quantity.exact is not None:
        return {"value": quantity.exact, "bound": "measured", "text": text}
    if quantity.high < float("inf"):
        return {"value": quantity.high, "bound": "below detection", "text": text}
    return {"value": quantity.low, "bound": "above range", "text": text}
