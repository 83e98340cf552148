"""The upper part of the timeline: every line of therapy from the first one on, the CAR-T among
them, each with its regimens and its best response.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rearm.assessment.result import Assessment, TherapyResult
from rearm.report.assessment.timeline_days import (
    Days,
    exact_day,
    pale,
    possible_days,
    stretch_words,
    therapy_name,
)
from rearm.report.draw import BLUE, INK, SKY, Spec

__all__ = ["lines_panel"]

_YEAR = 365.25
_NOT_LINES = ("lymphodepletion", "supportive", "bridging", "toxicity_management")
_LANE = 15  # points
_LABEL = 230  # points of a lane's name


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lane:
    """One line of therapy: its stretches, each with its possible days, and the best response."""

    name: str
    stretches: tuple[tuple[TherapyResult, Days], ...]
    response: str


def lines_panel(assessment: Assessment, zero: int, until: int, width: int) -> Spec | None:
    """The panel; None where no line of a known day is on record. Days are days since `zero`."""
    lanes = _lanes(assessment)
    infused = _infused(assessment, until)
    if not lanes:
        return None
    first = min([days[0] - zero for lane in lanes for _, days in lane.stretches] + [0])
    last = max(until - zero, 30)
    scale = _scale(first, last)
    rows = [*_rows(lanes, zero, last), *_infusion_rows(infused, zero)]
    order = [row["lane"] for row in sorted(rows, key=lambda row: int(row["day"]))]
    x = {"field": "day", "type": "quantitative", "scale": scale, "axis": _axis(first, last)}
    y = {
        "field": "lane",
        "type": "nominal",
        "sort": list(dict.fromkeys(order)),
        "title": None,
        "axis": {"labelLimit": _LABEL, "grid": False, "ticks": False},
    }
    return {
        "width": width,
        "height": max(2 * _LANE, _LANE * len(set(order))),
        "layer": [_bars(rows, x, y), _responses(rows, x, y)],
    }


def _scale(first: int, last: int) -> Spec:
    """The scale of days of the panel, with room for the words behind the last bar."""
    span = last - first
    return {"domain": [first - span // 80, last + span // 14], "nice": False}


def _axis(first: int, last: int) -> Spec:
    """Years where the course is long, else days."""
    if last - first < 2 * _YEAR:
        return {"title": "days since the infusion", "tickCount": 10}
    step = 1 if last - first < 12 * _YEAR else 2
    years = range(int(first / _YEAR) // step * step, int(last / _YEAR) + 1, step)
    return {
        "title": "years since the infusion",
        "values": [round(year * _YEAR) for year in years if first <= year * _YEAR <= last],
        "labelExpr": f"round(datum.value / {_YEAR})",
    }


def _lanes(assessment: Assessment) -> list[_Lane]:
    """A lane for each numbered line; one for each regimen that has no number."""
    found: dict[tuple[int | None, str], list[tuple[TherapyResult, Days]]] = {}
    for therapy in assessment.therapies:
        days = possible_days(therapy)
        if days is not None and therapy.purpose not in _NOT_LINES:
            key = (therapy.line, "" if therapy.line is not None else therapy_name(therapy))
            found.setdefault(key, []).append((therapy, days))
    return [_lane(number, stretches) for (number, _), stretches in found.items()]


def _lane(number: int | None, stretches: Sequence[tuple[TherapyResult, Days]]) -> _Lane:
    names = dict.fromkeys(therapy_name(therapy) for therapy, _ in stretches)
    responses = [t.best_response for t, _ in stretches if t.best_response]
    return _Lane(
        name=f"{f'{number}: ' if number is not None else ''}{' + '.join(names)}",
        stretches=tuple(stretches),
        response=responses[-1] if responses else "",
    )


def _rows(lanes: Sequence[_Lane], zero: int, last: int) -> Iterator[Spec]:
    for lane in lanes:
        ends = max(days[1] for _, days in lane.stretches)
        for therapy, days in lane.stretches:
            start, end = days[0] - zero, days[1] - zero
            yield {
                "day": start,
                "end": min(max(end, start + 4), last),
                "lane": lane.name,
                "treatment": f"{therapy_name(therapy)} ({stretch_words(therapy, zero)})",
                "response": lane.response if days[1] == ends else "",
                "colour": SKY if therapy.purpose in ("maintenance", "transplant") else BLUE,
                "opacity": 0.45 if pale(therapy) else 1.0,
            }


def _infused(assessment: Assessment, until: int) -> list[tuple[int, str, int, str]]:
    """Of each infusion of a known day: the day, the product, the day to which it held as far as is
    known, and the best response.
    """
    ends = {f.infusion_day: f for f in assessment.failures}
    rows = []
    for infusion in assessment.case.infusions:
        day = exact_day(infusion.day)
        if day is None or infusion.infused is False or day > until:
            continue
        failure = ends.get(day)
        end = day if failure is None else failure.day or failure.followed_to_day or day
        response = failure.best_response if failure is not None else None
        rows.append((day, infusion.product or "", end, response or ""))
    return rows


def _infusion_rows(infused: Sequence[tuple[int, str, int, str]], zero: int) -> Iterator[Spec]:
    for day, product, end, response in infused:
        yield {
            "day": day - zero,
            "end": max(end, day + 4) - zero,
            "lane": f"CAR-T {product}".strip(),
            "treatment": f"CAR-T {product} (day {day - zero})",
            "response": response,
            "colour": INK,
            "opacity": 1.0,
        }


def _bars(rows: Sequence[Spec], x: Spec, y: Spec) -> Spec:
    return {
        "data": {"values": list(rows)},
        "mark": {"type": "bar", "height": 9, "cornerRadius": 2},
        "encoding": {
            "x": x,
            "x2": {"field": "end"},
            "y": y,
            "color": {"field": "colour", "type": "nominal", "scale": None},
            "opacity": {"field": "opacity", "type": "quantitative", "scale": None},
            "tooltip": {"field": "treatment"},
        },
    }


def _responses(rows: Sequence[Spec], x: Spec, y: Spec) -> Spec:
    return {
        "data": {"values": [row for row in rows if row["response"]]},
        "mark": {"type": "text", "align": "left", "dx": 4, "fontSize": 10, "color": INK},
        "encoding": {"x": {**x, "field": "end"}, "y": y, "text": {"field": "response"}},
    }
