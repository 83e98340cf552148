"""Pictures of response courses: spider plot, swimmer plot, and the course of one patient."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from rearm.interval import Interval
from rearm.outcome.patient_course import PatientCourse
from rearm.report.assessment.timeline import RESPONSE_COLOURS, WIDTH
from rearm.report.draw import BLUE, GREEN, GREY, INK, LIGHT, PURPLE, YELLOW, Spec
from rearm.response.measurable import dflc
from rearm.response.score import Visit

__all__ = [
    "LaneEvent",
    "MarkerChange",
    "changes",
    "course_picture",
    "cut_words",
    "marker",
    "spider",
    "swimmer",
]

# percent: what rose further is drawn as a triangle at this height, so that falls stay readable
CEILING = 150.0
# a page sets texts in a wider face than the one they are measured in: without this room at the
# right the title of a legend is cut
_PADDING = {"left": 5, "top": 5, "right": 40, "bottom": 5}
# so few ticks that numbers of four digits stand apart
_DAYS: Spec = {
    "field": "day",
    "type": "quantitative",
    "title": "days since the start of the course",
    "axis": {"tickCount": 8},
}
_LEVELS_SHOWN = [-100, -90, -50, -25, 0, 25, 50, 100, 150]  # percent
_NAMES_WIDE = 150  # points, at most, between the lines and the legend
LABELLED = 20  # lines of a spider plot carry the id of the patient up to this number
# room that a name takes: percent of the marker, share of the time axis
_LABEL_HIGH, _LABEL_WIDE = 6.0, 0.25
_LEVELS = ("sCR", "CR", "VGPR", "PR", "MR", "SD", "PD", "NE")
_NAMES = {
    "serum": "serum M-protein",
    "urine": "urine M-protein",
    "flc": "dFLC",
    "marrow": "marrow plasma cells",
}
LaneEvent = Literal[
    "progression", "relapse_from_cr", "new_therapy", "mrd_negative", "death", "followed_further"
]
# (name in the legend, shape, colour)
_EVENTS: dict[LaneEvent, tuple[str, str, str]] = {
    "progression": ("progression", "cross", INK),
    "relapse_from_cr": ("relapse from CR", "diamond", PURPLE),
    "new_therapy": ("new therapy", "triangle-up", BLUE),
    "mrd_negative": ("MRD negative", "circle", GREEN),
    "death": ("death", "square", INK),
    "followed_further": ("followed further", "triangle-right", GREY),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkerChange:
    """Change of the marker at one visit: percent of the baseline value; `exact` False where the
    result is a bound (its upper end).
    """

    day: int  # since the start of the course
    percent: float
    exact: bool


def marker(found: PatientCourse) -> str | None:
    """The marker that a spider plot follows: the first measurable of serum, urine, light chains,
    marrow; None where none is.
    """
    return (
        next((m for m in found.course.measurable if m in _NAMES), None)
        if found.course is not None
        else None
    )


def changes(found: PatientCourse) -> list[MarkerChange]:
    """Percent change from baseline of the measurable marker by day, the baseline (0 %) first; empty
    where no marker is measurable.
    """
    what, course = marker(found), found.course
    if what is None or course is None:
        return []
    base = _baseline(found, what)
    if base is None or base.low <= 0:
        return []
    points = [MarkerChange(day=0, percent=0.0, exact=True)]
    for visit in course.visits:
        value = _value(visit, what)
        if value is not None:
            # counted as the criteria count falls: highest value that the result allows against the
            # lowest baseline
            high = value.high if value.high != float("inf") else value.low
            points.append(
                MarkerChange(
                    day=visit.day - course.start,
                    percent=round(100 * (high - base.low) / base.low, 2),
                    exact=value.exact is not None,
                )
            )
    return points


def cut_words(courses: Iterable[PatientCourse]) -> str:
    """What a picture of these markers says of those that rose beyond its upper edge; empty where
    none did.
    """
    beyond = any(p.percent > CEILING for found in courses for p in changes(found))
    words = f"A rise of more than {CEILING:g} % is drawn as a triangle at {CEILING:g} %."
    return words if beyond else ""


def _baseline(found: PatientCourse, what: str) -> Interval | None:
    course = found.course
    if course is None:
        return None
    values = course.baseline.values
    if what == "flc":
        return dflc(values, course.involved_chain)
    value = values.get(
        {
            "serum": course.serum_test,
            "urine": "urine_m_protein_24h",
            "marrow": "marrow_plasma_cells",
        }[what]
    )
    return value if isinstance(value, Interval) else None


def _value(visit: Visit, what: str) -> Interval | None:
    if what == "serum":
        return visit.serum
    if what == "flc":
        return visit.dflc
    value = visit.values.get(
        {"urine": "urine_m_protein_24h", "marrow": "marrow_plasma_cells"}[what]
    )
    return value if isinstance(value, Interval) else None


def spider(courses: Sequence[PatientCourse]) -> Spec:
    """Percent change of each patient's measurable marker from baseline by day; the colour is the
    best confirmed response.
    """
    rows: list[Spec] = []
    ends: list[Spec] = []
    for found in courses:
        points = changes(found)
        best = found.course.best_confirmed if found.course is not None else "NE"
        own = [_point(found.record.patient_id, best, p) for p in points]
        rows += own
        ends += own[-1:]
    y = {
        "field": "percent",
        "type": "quantitative",
        "title": ["change of the measurable marker", "from baseline [%]"],
        "scale": {"domain": [-100, _top(rows)]},
        # a smaller count of ticks would leave some of them out, and with them a limit of a response
        "axis": {
            "values": _LEVELS_SHOWN,
            "tickCount": len(_LEVELS_SHOWN),
            "labelOverlap": "greedy",
        },
    }
    colour = _colour("best", "best confirmed")
    encoding = {"x": _DAYS, "y": y, "color": colour, "detail": {"field": "patient"}}
    layers: list[Spec] = [
        {
            "data": {"values": [{"at": level} for level in (-90, -50, 25)]},
            "mark": {"type": "rule", "strokeDash": [4, 3], "color": GREY, "strokeWidth": 0.8},
            "encoding": {"y": {"field": "at", "type": "quantitative"}},
        },
        {
            "data": {"values": rows},
            "mark": {"type": "line", "strokeWidth": 1.4},
            "encoding": encoding,
        },
        {
            "data": {"values": rows},
            "mark": {"type": "point", "filled": True, "size": 26, "opacity": 1},
            "encoding": encoding | _shape(),
        },
    ]
    if len(courses) <= LABELLED:
        # the legend stands beyond the names at the ends of the lines
        longest = max((len(end["patient"]) for end in ends), default=0)
        colour["legend"]["offset"] = min(_NAMES_WIDE, 18 + 6 * longest)
        layers.append(
            {
                "data": {"values": _apart(ends)},
                "mark": {"type": "text", "align": "left", "dx": 5, "fontSize": 9, "color": INK},
                "encoding": {"x": _DAYS, "y": y, "text": {"field": "patient"}},
            }
        )
    return {"width": WIDTH, "height": 320, "padding": _PADDING, "layer": layers}


def _apart(ends: list[Spec]) -> list[Spec]:
    """The ends whose names do not run into one that is kept; the latest first."""
    width = max((e["day"] for e in ends), default=0) or 1
    kept: list[Spec] = []
    for end in sorted(ends, key=lambda e: (-e["day"], e["percent"])):
        if not any(
            abs(end["percent"] - k["percent"]) < _LABEL_HIGH
            and k["day"] - end["day"] < _LABEL_WIDE * width
            for k in kept
        ):
            kept.append(end)
    return kept


def _point(patient: str, best: str, p: MarkerChange) -> Spec:
    bound = "higher" if p.percent > CEILING else "measured" if p.exact else "at most"
    return {
        "patient": patient,
        "best": best,
        "day": p.day,
        "percent": min(p.percent, CEILING),
        "bound": bound,
    }


def _shape() -> Spec:
    scale = {
        "domain": ["measured", "at most", "higher"],
        "range": ["circle", "triangle-down", "triangle-up"],
    }
    return {"shape": {"field": "bound", "type": "nominal", "legend": None, "scale": scale}}


def _colour(field: str, title: str) -> Spec:
    # white has no place on a white ground: what could not be evaluated is drawn in the light grey
    # of the frame
    shown = {**RESPONSE_COLOURS, "NE": LIGHT, "after new therapy": YELLOW}
    order = [*_LEVELS, "after new therapy"] if field == "state" else list(_LEVELS)
    return {
        "field": field,
        "type": "nominal",
        "scale": {"domain": order, "range": [shown[k] for k in order]},
        "legend": {"title": title, "symbolStrokeColor": GREY},
    }


# ---- swimmer ----------------


def segments(found: PatientCourse) -> list[tuple[int, int, str]]:
    """(from, to, state) in days since the start: the confirmed response held from each visit to the
    next, NE before the first.

    After unplanned new therapy the state belongs to that therapy and is not told here.
    """
    course, last = found.course, found.last_day
    if course is None or last is None:
        return []
    end = max(last, course.visits[-1].day if course.visits else last)
    stop = end if course.new_therapy_day is None else min(course.new_therapy_day, end)
    marks = [(course.start, "NE")] + [
        (v.day, "NE" if v.confirmed == "BL" else v.confirmed) for v in course.visits if v.day < stop
    ]
    out: list[tuple[int, int, str]] = []
    for i, (day, state) in enumerate(marks):
        until = marks[i + 1][0] if i + 1 < len(marks) else stop
        if until <= day:
            continue
        if out and out[-1][2] == state:
            out[-1] = (out[-1][0], until - course.start, state)
        else:
            out.append((day - course.start, until - course.start, state))
    if stop < end:
        out.append((stop - course.start, end - course.start, "after new therapy"))
    return out


def events(found: PatientCourse) -> list[tuple[int, LaneEvent]]:
    """(day since the start, what) of all marks of a swimmer's lane; `followed_further` where the
    last contact was alive.
    """
    course, last = found.course, found.last_day
    if course is None or last is None:
        return []
    marks: list[tuple[int | None, LaneEvent]] = [
        (course.progression_day, "progression"),
        (course.relapse_from_cr_day, "relapse_from_cr"),
        (course.new_therapy_day, "new_therapy"),
        *((day, "mrd_negative") for day in course.mrd_negative_days),
    ]
    died = found.record.death_since(course.start)
    if died is not None:
        marks.append((died.day, "death"))
    elif not found.record.deaths:
        marks.append((last, "followed_further"))
    dated = [(day - course.start, event) for day, event in marks if day is not None]
    return sorted(dated, key=lambda mark: (mark[0], _EVENTS[mark[1]][0]))


def swimmer(courses: Sequence[PatientCourse]) -> Spec:
    """One lane a patient, longest first: confirmed response by colour, events as marks, an arrow
    where the patient is followed further.
    """
    drawn = [c for c in courses if c.course is not None]
    order = [
        c.record.patient_id for c in sorted(drawn, key=lambda c: (-_length(c), c.record.patient_id))
    ]
    bars: list[Spec] = []
    marks: list[Spec] = []
    further: list[Spec] = []
    for found in drawn:
        who = found.record.patient_id
        bars += [{"patient": who, "day": a, "end": b, "state": s} for a, b, s in segments(found)]
        for day, event in events(found):
            kept = further if event == "followed_further" else marks
            kept.append({"patient": who, "day": day, "event": _EVENTS[event][0]})
    y = {
        "field": "patient",
        "type": "nominal",
        "sort": order,
        "title": None,
        "axis": {"labelLimit": 160},
    }
    legend = list(_EVENTS.values())
    names = [name for name, _, _ in legend]
    shapes = {"domain": names, "range": [shape for _, shape, _ in legend]}
    colours = {"domain": names, "range": [colour for _, _, colour in legend]}
    return {
        "width": WIDTH,
        "height": max(60, 18 * len(drawn)),
        "padding": _PADDING,
        "layer": [
            {
                "data": {"values": bars},
                "mark": {"type": "bar", "height": 10, "stroke": GREY, "strokeWidth": 0.4},
                "encoding": {
                    "x": _DAYS,
                    "x2": {"field": "end"},
                    "y": y,
                    "color": _colour("state", "confirmed response"),
                },
            },
            _marks(marks, _DAYS, y, shapes, colours),
            # the arrow stands beyond the end of its lane, marks stand on their day
            _marks(further, _DAYS, y, shapes, colours, beyond=True),
        ],
        "resolve": {"scale": {"color": "independent", "shape": "independent"}},
    }


def _marks(
    rows: list[Spec], x: Spec, y: Spec, shapes: Spec, colours: Spec, *, beyond: bool = False
) -> Spec:
    mark: Spec = {
        "type": "point",
        "filled": True,
        "size": 70,
        "opacity": 1,
        "stroke": "#ffffff",
        "strokeWidth": 0.6,
    }
    shared = {"field": "event", "type": "nominal"}
    legend = None if beyond else {"title": "event"}
    return {
        "data": {"values": rows},
        "mark": mark | ({"xOffset": 8} if beyond else {}),
        "encoding": {
            "x": x,
            "y": y,
            "shape": {**shared, "scale": shapes, "legend": legend},
            "color": {**shared, "scale": colours, "legend": legend},
        },
    }


def _length(found: PatientCourse) -> int:
    return max((b for _, b, _ in segments(found)), default=0)


def course_picture(found: PatientCourse) -> Spec | None:
    """One patient: the marker's change above, unconfirmed and confirmed response below; None where
    there is nothing to draw.
    """
    course = found.course
    if course is None or not course.visits:
        return None
    last = max(max(v.day for v in course.visits), found.last_day or course.start) - course.start
    domain = {"domain": [0, last + max(3, last // 30)], "nice": False}
    x: Spec = {**_DAYS, "scale": domain}
    strip = [
        {"day": v.day - course.start, "what": what, "response": state}
        for v in course.visits
        for what, state in (
            ("this visit", v.response),
            ("confirmed", "NE" if v.confirmed == "BL" else v.confirmed),
        )
    ]
    y = {
        "field": "what",
        "type": "nominal",
        "sort": ["this visit", "confirmed"],
        "title": "response",
        "axis": {"grid": False},
    }
    panels: list[Spec] = [
        {
            "width": WIDTH,
            "height": 60,
            "layer": [
                {
                    "data": {"values": strip},
                    "mark": {
                        "type": "point",
                        "shape": "square",
                        "size": 120,
                        "filled": True,
                        "opacity": 1,
                        "stroke": GREY,
                        "strokeWidth": 0.5,
                    },
                    "encoding": {"x": x, "y": y, "color": _colour("response", "response")},
                },
                _rules(found, x),
            ],
        }
    ]
    points = [_point(found.record.patient_id, course.best_confirmed, p) for p in changes(found)]
    if len(points) > 1:
        name = _NAMES[marker(found) or "serum"]
        y2 = {
            "field": "percent",
            "type": "quantitative",
            "title": [name, "change [%]"],
            "scale": {"domain": [-100, _top(points)]},
        }
        encoding = {"x": {**x, "title": None}, "y": y2}
        line = {
            "data": {"values": points},
            "mark": {"type": "line", "color": BLUE, "strokeWidth": 1.4},
            "encoding": encoding,
        }
        dots = {
            "data": {"values": points},
            "mark": {"type": "point", "filled": True, "color": BLUE, "size": 34, "opacity": 1},
            "encoding": encoding | _shape(),
        }
        panels.insert(
            0,
            {
                "width": WIDTH,
                "height": 150,
                "layer": [line, dots, _rules(found, {**x, "title": None})],
            },
        )
    return {"vconcat": panels, "spacing": 8, "resolve": {"scale": {"color": "independent"}}}


def _top(points: Iterable[Spec]) -> float:
    return max([25.0, *(float(p["percent"]) for p in points)])


def _rules(found: PatientCourse, x: Spec) -> Spec:
    rows = [
        {"day": day, "colour": _EVENTS[event][2]}
        for day, event in events(found)
        if event != "followed_further"
    ]
    return {
        "data": {"values": rows},
        "mark": {"type": "rule", "strokeDash": [4, 3], "strokeWidth": 1.2},
        "encoding": {"x": x, "color": {"field": "colour", "type": "nominal", "scale": None}},
    }
