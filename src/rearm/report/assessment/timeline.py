"""The timeline of one patient: above, every line of therapy from the first one on; below, the time
around the infusion that the report concerns (day 0) and after it.

Panels below, from top to bottom: therapies as bands, the response strip, and the markers that
changed, each with its unit on a logarithmic axis (values at or below zero and below detection are
drawn as open triangles at the lowest level of the panel). What is known by the month is drawn over
the days that it may be of; what has no day on a side is not drawn and is named.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from rearm.assessment.result import Assessment, Point, TherapyResult
from rearm.interval import Interval
from rearm.report.assessment.sentences import day_range
from rearm.report.assessment.timeline_days import (
    Days,
    days_between,
    exact_day,
    pale,
    possible_days,
    stretch_words,
    therapy_name,
)
from rearm.report.assessment.timeline_lines import lines_panel
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
from rearm.report.words import words

# the title, the unit, and of each series the test, its name and its colour
Panel: TypeAlias = tuple[str, str, tuple[tuple[str, str, str], ...]]

PANELS: tuple[Panel, ...] = (
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
    "bridging": YELLOW, "lymphodepletion": PURPLE, "transplant": GREEN, "maintenance": SKY,
    "toxicity_management": GREY,
}  # fmt: skip
WIDTH = 720
_DAYS_AXIS = {
    "title": "days since the infusion",
    "tickCount": 12,
    "labelOverlap": True,
    "labelSeparation": 10,
}
BEFORE = 120  # days before the infusion that the lower panels show


def picture_of(assessment: Assessment) -> str:
    """The timeline as SVG; empty where no infusion with a day is on record."""
    last = assessment.failures[-1] if assessment.failures else None
    if last is None or last.infusion_day is None or assessment.as_of is None:
        return ""
    zero = last.infusion_day
    computed = (
        (days_between(None if v.between is not None else v.day, v.between), v)
        for v in assessment.visits
    )
    visits = [StripVisit(days, v.response, "computed") for days, v in computed if days is not None]
    team = (
        (days_between(stated.day, stated.between), stated) for stated in assessment.stated_responses
    )
    visits += [
        StripVisit(days, stated.response, "team")
        for days, stated in team
        if days is not None and days[1] >= zero
    ]
    marks = [*_relapses(assessment), *_events(assessment, zero)]
    spec = timeline(
        assessment, infusion_day=zero, until=assessment.as_of, visits=visits, marks=marks
    )
    label = (
        f"Timeline of {assessment.patient_id}: therapies, responses and markers by day since the"
        " infusion"
    )
    return svg(spec, label=label, quick=True)


def _relapses(assessment: Assessment) -> Iterator[Mark]:
    """The failures of a known day, and the relapse to decide on where it is another."""
    marked = set()
    for failure in assessment.failures:
        if failure.day is not None:
            marked.add(failure.day)
            several = f" ({failure.product})" if len(assessment.failures) > 1 else ""
            yield Mark(failure.day, f"{words(failure.status)}{several}", RED)
    relapse = assessment.relapse
    day = exact_day(relapse.day) if relapse is not None else None
    if relapse is not None and day is not None and day not in marked:
        yield Mark(day, f"relapse after {relapse.after}", RED)


def _events(assessment: Assessment, zero: int) -> Iterator[Mark]:
    """Further infusions and deaths of a known day."""
    for infusion in assessment.case.infusions:
        day = exact_day(infusion.day)
        if infusion.infused is not False and day is not None and day != zero:
            yield Mark(day, "infusion")
    for death in assessment.case.deaths:
        if (day := exact_day(death)) is not None:
            yield Mark(day, "death")


def words_below(assessment: Assessment) -> str:
    """What the picture shows over several days, and what it does not show for want of a day."""
    last = assessment.failures[-1] if assessment.failures else None
    if last is None or last.infusion_day is None:
        return ""
    text = [*_triangles(assessment), *_over_days(assessment)]
    if unchanged := _unchanged(assessment, last.infusion_day):
        text.append(f"Not drawn, as it did not change: {'; '.join(unchanged)}.")
    undrawn = [*_undrawn_rows(assessment), *_undrawn_marks(assessment)]
    if undrawn:
        text.append(f"Not drawn, as the day is not known: {'; '.join(undrawn)}.")
    return " ".join(text)


def _triangles(assessment: Assessment) -> Iterator[str]:
    points = [_point(point) for _, point in _points(assessment)]
    if any(point["bound"] != "measured" or point["value"] <= 0 for point in points):
        yield "A triangle is a value beyond what the method measures, or at zero."


def _unchanged(assessment: Assessment, zero: int) -> list[str]:
    """The panels that are left out, each with what it would show."""
    until = zero if assessment.as_of is None else assessment.as_of
    first, last = _drawn_days(zero, until)
    return [
        f"{title} ({', '.join(dict.fromkeys(map(_value_words, rows)))} {unit})"
        for (title, unit, _), rows in _rows_of_panels(assessment, zero, first, last)
        if rows and not _says_something(rows)
    ]


def _value_words(row: Spec) -> str:
    limits = {"below detection": "below ", "above range": "above "}
    return f"{limits.get(row['bound'], '')}{row['value']:g}"


def _points(assessment: Assessment) -> list[tuple[str, Point]]:
    """The values of the panels, each with its name."""
    drawn = {test: name for _, _, series in PANELS for test, name, _ in series}
    return [(drawn[test], p) for test in drawn for p in assessment.series.get(test, ())]


def _over_days(assessment: Assessment) -> Iterator[str]:
    open_days = [
        *(p.between for _, p in _points(assessment)),
        *(s.between for s in assessment.stated_responses),
        *(v.between for v in assessment.visits),
    ]
    if any(days_between(None, days) is not None for days in open_days):
        yield (
            "A horizontal line or bar covers the days that a result or response may be of, where"
            " the exact day is not known."
        )
    if any(pale(t) for t in assessment.therapies if possible_days(t) is not None):
        yield "A treatment of which start or end is not known exactly is pale."


def _undrawn_rows(assessment: Assessment) -> Iterator[str]:
    """Results, responses and treatment of an open day, counted."""
    missing = [name for name, p in _points(assessment) if days_between(p.day, p.between) is None]
    for name in dict.fromkeys(missing):
        yield f"{_counted(missing.count(name), 'result')} of {name}"
    stated = [s for s in assessment.stated_responses if days_between(s.day, s.between) is None]
    if stated:
        yield f"{_counted(len(stated), 'response')} recorded by the team"
    therapies = [t for t in assessment.therapies if possible_days(t) is None]
    if therapies:
        yield f"{_counted(len(therapies), 'stretch', 'stretches')} of treatment"


def _undrawn_marks(assessment: Assessment) -> Iterator[str]:
    """Deaths, infusions and the failure, which are lines of one day."""
    for death in assessment.case.deaths:
        if exact_day(death) is None:
            yield f"death ({day_range(death)})"
    for infusion in assessment.case.infusions:
        if infusion.infused is not False and exact_day(infusion.day) is None:
            yield f"infusion of {infusion.product or 'a CAR-T'} ({day_range(infusion.day)})"
    last = assessment.failures[-1]
    if last.day is None and last.status in ("failed", "suspected"):
        yield f"the failure ({day_range(last.when)})"


def _counted(number: int, one: str, several: str | None = None) -> str:
    return f"{number} {one if number == 1 else several or one + 's'}"


@dataclass(frozen=True, slots=True)
class StripVisit:
    """One visit of the response strip: who says it (`computed` or `team`) and what, on the first
    and the last day that it may be of.
    """

    days: Days
    response: str
    by: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A vertical line with its words."""

    day: int
    label: str
    colour: str = INK


def timeline(
    assessment: Assessment,
    *,
    infusion_day: int,
    until: int,
    visits: Sequence[StripVisit] = (),
    marks: Sequence[Mark] = (),
) -> Spec:
    """The Vega-Lite specification. Days on the axis are days since `infusion_day`; nothing after
    `until` is drawn.
    """
    first, last = _drawn_days(infusion_day, until)
    scale = {"domain": [first, last + max(5, (last - first) // 40)], "nice": False}
    hidden = {"labels": False, "ticks": False, "domain": False, "title": None, "tickCount": 12}
    x = {"field": "day", "type": "quantitative", "scale": scale, "axis": hidden}
    panels = [
        _bands(assessment, infusion_day, first, last, x),
        _strip(visits, infusion_day, x),
        *_markers(assessment, infusion_day, first, last, x),
    ]
    shown = [p for p in panels if p is not None]
    lines: list[Spec] = [{"day": 0, "label": "infusion", "colour": INK}]
    lines += [
        {"day": m.day - infusion_day, "label": m.label, "colour": m.colour}
        for m in marks
        if m.day - infusion_day <= last
    ]
    near = [line for line in lines if first <= line["day"]]
    shown = [_with_rules(panel, near, x, labelled=i == 0) for i, panel in enumerate(shown)]
    for layer in shown[-1]["layer"]:  # only the lowest panel carries the axis
        layer["encoding"] = {
            **layer["encoding"],
            "x": {**x, "axis": _DAYS_AXIS},
        }
    course = lines_panel(assessment, infusion_day, until, WIDTH)
    if course is not None:
        whole = course["layer"][0]["encoding"]["x"]
        shown.insert(0, _with_rules(course, lines, whole, labelled=False))
    room = {"left": 34, "right": 5, "top": 5, "bottom": 5}  # texts are measured roughly
    return {"vconcat": shown, "spacing": 6, "bounds": "full", "padding": room}


def _drawn_days(zero: int, until: int) -> Days:
    """The first and the last day of the lower panels, counted from the infusion."""
    return -BEFORE, max(until - zero, 30)


def _with_rules(panel: Spec, lines: list[Spec], x: Spec, *, labelled: bool) -> Spec:
    """The panel with a dashed line on each marked day, and above it what it marks."""
    rules: list[Spec] = [
        {
            "data": {"values": lines},
            "mark": {"type": "rule", "strokeWidth": 1.2, "strokeDash": [4, 3]},
            "encoding": {"x": x, "color": {"field": "colour", "type": "nominal", "scale": None}},
        }
    ]
    if labelled:
        rules += _labels(lines, x)
    return {
        **panel,
        "layer": [*panel["layer"], *rules],
        "resolve": {"scale": {"color": "independent"}},
    }


def _labels(lines: Sequence[Spec], x: Spec) -> Iterator[Spec]:
    """Neighbours stand on two heights, so that their words do not cover each other; those of the
    last third of the days end at their line, so that none is cut off.
    """
    low, high = x["scale"]["domain"]
    turn = high - (high - low) / 3
    ordered = sorted(lines, key=lambda line: int(line["day"]))
    for row in (0, 1):
        for align in ("left", "right"):
            values = [y for y in ordered[row::2] if (y["day"] > turn) is (align == "right")]
            mark = {"type": "text", "align": align, "baseline": "bottom", "fontSize": 10}
            yield {
                "data": {"values": values},
                "mark": {**mark, "dx": 3 if align == "left" else -3},
                "encoding": {
                    "x": x,
                    "y": {"value": -4 - 12 * row},
                    "text": {"field": "label"},
                    "color": {"field": "colour", "type": "nominal", "scale": None},
                },
            }


def _bands(assessment: Assessment, zero: int, first: int, last: int, x: Spec) -> Spec | None:
    bands = (_band(therapy, zero, first, last) for therapy in assessment.therapies)
    rows: list[Spec] = [band for band in bands if band is not None]
    for infusion in assessment.case.infusions:
        day = exact_day(infusion.day)
        if infusion.infused is not False and day is not None and first <= day - zero <= last:
            rows.append(
                {
                    "day": day - zero,
                    "end": day - zero + 2,
                    "lane": f"CAR-T {infusion.product or ''}".strip(),
                    "what": "CAR-T infusion",
                    "colour": INK,
                    "opacity": 1.0,
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
                    "opacity": {"field": "opacity", "type": "quantitative", "scale": None},
                    "tooltip": {"field": "what"},
                },
            }
        ],
    }


def _band(therapy: TherapyResult, zero: int, first: int, last: int) -> Spec | None:
    """One therapy as a bar over the days that it may have lasted, pale where an end of it is not
    known exactly; None where it has no day or lies outside of what is drawn.
    """
    days = possible_days(therapy)
    if days is None:
        return None
    start, end = days
    if end - zero < first or start - zero > last:
        return None
    name = therapy_name(therapy)
    purpose = (therapy.purpose or "treatment").replace("_", " ")
    return {
        "day": max(start - zero, first),
        "end": min(max(end - zero, start - zero + 2), last),
        "lane": name,
        "what": f"{name} ({purpose}, {stretch_words(therapy, zero)})",
        "colour": PURPOSE_COLOURS.get(therapy.purpose or "", BLUE),
        "opacity": 0.45 if pale(therapy) else 1.0,
    }


def _strip(visits: Sequence[StripVisit], zero: int, x: Spec) -> Spec | None:
    if not visits:
        return None
    rows = [
        {
            "day": v.days[0] - zero,
            "end": v.days[1] - zero,
            "response": v.response,
            "by": v.by,
            "colour": RESPONSE_COLOURS.get(v.response, LIGHT),
        }
        for v in visits
    ]
    exact = [r for r in rows if r["day"] == r["end"]]
    ranged = [r for r in rows if r["day"] != r["end"]]
    by = [b for b in ("computed", "team") if any(r["by"] == b for r in rows)]
    y = {"field": "by", "type": "nominal", "sort": by, "title": "response", "axis": {"grid": False}}
    return {
        "width": WIDTH,
        "height": 30 * len(by),
        "layer": [
            {
                "data": {"values": ranged},
                "mark": {"type": "bar", "height": 8, "opacity": 0.6},
                "encoding": {
                    "x": x,
                    "x2": {"field": "end"},
                    "y": y,
                    "color": {"field": "colour", "type": "nominal", "scale": None},
                },
            },
            {
                "data": {"values": exact},
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


def _markers(assessment: Assessment, zero: int, first: int, last: int, x: Spec) -> Iterable[Spec]:
    for (title, unit, series), rows in _rows_of_panels(assessment, zero, first, last):
        if _says_something(rows):
            yield _panel(rows, f"[{unit}]", title, series, x)


def _rows_of_panels(
    assessment: Assessment, zero: int, first: int, last: int
) -> Iterator[tuple[Panel, list[Spec]]]:
    """Each panel with its values on the days that are drawn."""
    for panel in PANELS:
        rows = [
            {
                "day": max(days[0] - zero, first),
                "end": min(days[1] - zero, last),
                "exact": point.day is not None,
                "test": name,
                "colour": colour,
                **_point(point),
            }
            for test, name, colour in panel[2]
            for point in assessment.series.get(test, ())
            if (days := days_between(point.day, point.between)) is not None
            and first <= days[1] - zero
            and days[0] - zero <= last
        ]
        yield panel, rows


def _says_something(rows: Sequence[Spec]) -> bool:
    """Whether a value differs from another of its test, or is the only one of its test, and is not
    zero.
    """
    values: dict[str, list[tuple[float, str]]] = {}
    for row in rows:
        values.setdefault(row["test"], []).append((row["value"], row["bound"]))
    return any(
        len(set(found)) > 1 or (len(found) == 1 and found[0][0] > 0) for found in values.values()
    )


def _panel(
    rows: list[Spec], unit: str, title: str, series: Sequence[tuple[str, str, str]], x: Spec
) -> Spec:
    """One panel of values on a logarithmic axis."""
    positive = [r["value"] for r in rows if r["value"] > 0]
    floor = min(positive, default=1.0) / 2
    for row in rows:
        if row["value"] <= 0:
            row["value"] = floor
            row["bound"] = "at or below zero" if row["bound"] == "measured" else row["bound"]
    low, high = floor * 0.8, max(positive, default=1.0) * 1.6
    # at the floor stand values of zero: no number may stand beside them
    ticks = [tick for tick in _ticks(low, high) if positive and tick > floor]
    colours = {
        "domain": [name for _, name, _ in series],
        "range": [colour for _, _, colour in series],
    }
    legend = {"title": None, "orient": "right"} if len(series) > 1 else None
    encoding = {
        "x": x,
        "y": {
            "field": "value",
            "type": "quantitative",
            "scale": {"type": "log", "nice": False, "domain": [low, high]},
            "axis": {"title": [title, unit], "values": ticks, "format": "~g"},
        },
        "color": {"field": "test", "type": "nominal", "scale": colours, "legend": legend},
    }
    line = {**encoding, "color": {**encoding["color"], "legend": None}}
    point = {
        **encoding,
        "shape": {"field": "bound", "type": "nominal", "legend": None, "scale": _SHAPES},
        "tooltip": {"field": "text"},
    }
    exact = {"values": [r for r in rows if r["exact"]]}
    ranged = {"values": [r for r in rows if not r["exact"]]}
    over_days = {**line, "x2": {"field": "end"}, "tooltip": {"field": "text"}}
    return {
        "width": WIDTH,
        "height": 76,
        "layer": [
            {"data": ranged, "mark": {"type": "rule", "strokeWidth": 2.5}, "encoding": over_days},
            {"data": exact, "mark": {"type": "line", "strokeWidth": 1.4}, "encoding": line},
            {
                "data": exact,
                "mark": {"type": "point", "size": 34, "opacity": 1},
                "encoding": point,
            },
        ],
    }


_SHAPES = {
    "domain": ["measured", "below detection", "above range", "at or below zero"],
    "range": ["circle", "triangle-down", "triangle-up", "triangle-down"],
}


def _ticks(low: float, high: float) -> list[float]:
    """Two or three round values of a logarithmic axis."""
    decades = [10.0**k for k in range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1)]
    if len(decades) >= 2:
        return decades[:: math.ceil(len(decades) / 3)]
    within = [
        float(f"{m}e{k}")
        for k in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        for m in (1, 2, 5)
    ]
    return [value for value in within if low <= value <= high][:3]


def _point(point: Point) -> Spec:
    days = f"day {point.day}" if point.between is None else day_range(point.between)
    if point.value is not None:
        text = f"{days}: {point.as_given or Interval.of(point.value)}"
        return {"value": point.value, "bound": "measured", "text": text}
    assert point.interval is not None  # a point has one of the two
    interval = Interval.from_dict(point.interval)
    text = f"{days}: {point.as_given or interval}"
    if interval.high < float("inf"):
        return {"value": interval.high, "bound": "below detection", "text": text}
    return {"value": interval.low, "bound": "above range", "text": text}
