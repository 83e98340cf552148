"""The words of a response course, for pages, terminal, JSON, ADaM and FHIR alike."""

from __future__ import annotations

import math
from collections.abc import Iterable

from rearm.interval import Interval, Undetected
from rearm.outcome.course_start import CourseStart
from rearm.outcome.endpoints import Endpoint
from rearm.record import Record
from rearm.response.course import ResponseCourse
from rearm.response.score import Visit

__all__ = [
    "confirmed_words",
    "counting_words",
    "endpoint_words",
    "measurable_words",
    "result_words",
    "start_words",
    "value_words",
    "visit_results",
    "visit_words",
]

_SHORT_NAMES = {
    "serum_m_protein": "M-protein",
    "urine_m_protein_24h": "urine M",
    "kappa_flc": "kappa",
    "lambda_flc": "lambda",
    "flc_ratio": "ratio",
    "serum_immunofixation": "serum IFE",
    "urine_immunofixation": "urine IFE",
    "marrow_plasma_cells": "marrow",
    "marrow_clonality": "clonality",
    "circulating_plasma_cells": "blood PC",
    "iga": "IgA",
    "igg": "IgG",
    "igd": "IgD",
    "igm": "IgM",
}
# those of the criteria, whatever the laboratory's were
_UNITS = {
    "serum_m_protein": "g/dL",
    "iga": "g/dL",
    "igg": "g/dL",
    "igd": "g/dL",
    "igm": "g/dL",
    "urine_m_protein_24h": "mg/24h",
    "kappa_flc": "mg/L",
    "lambda_flc": "mg/L",
    "marrow_plasma_cells": "%",
    "circulating_plasma_cells": "/uL",
}
_NADIRS = {
    "serum": ("serum", "g/dL"),
    "urine": ("urine", "mg/24h"),
    "dflc": ("dFLC", "mg/dL"),
    "marrow": ("marrow", "%"),
    "circulating": ("blood PC", "/uL"),
}
_REASONS_SHOWN = 3  # of results that were set aside


# ---- where a course starts ----------------


def start_words(start: CourseStart, record: Record) -> str:
    """Where the course is counted from, to stand after `The course is`; why there is none."""
    day = start.day
    match start.because:
        case "asked":
            return f"counted from day {day}, as requested"
        case "infusion":
            others = f", the last of {start.infusions} infusions" if start.infusions > 1 else ""
            return f"counted from day {day}, the infusion of {start.product or 'CAR-T'}{others}"
        case "day_zero":
            what = "of the record" if start.line is None else f"the start of line {start.line}"
            return f"counted from day 0{', ' if start.line is not None else ' '}{what}"
        case "line":
            return (
                f"counted from day {day}, the start of line {start.line}, the first with a"
                " baseline and later results"
            )
        case "first_result":
            return (
                f"counted from day {day}, the first dated disease result, which is used as the "
                "baseline"
            )
        case "nothing_dated":
            return _nothing_to_count(record)


def _nothing_to_count(record: Record) -> str:
    """Results that were set aside are not results that were never taken: the first reasons are
    given.
    """
    reasons = list(dict.fromkeys(x.why_set_aside for x in record.set_aside if x.why_set_aside))
    if not reasons:
        return "no disease result has a day, so there is no start to count from"
    why = "; ".join(reason.rstrip(".") for reason in reasons[:_REASONS_SHOWN])
    more = "; ..." if len(reasons) > _REASONS_SHOWN else ""
    n = len(record.set_aside)
    many = "1 result was" if n == 1 else f"{n} results were"
    return (
        f"no disease result could be used, so there is no start to count from; {many} not used: "
        f"{why}{more}"
    )


def measurable_words(course: ResponseCourse) -> str:
    """What is followed, and of what it is not known whether it can be."""
    sure = _listed(x for x in course.measurable if x not in course.undecided)
    if not course.undecided:
        return sure or "nothing"
    unknown = f"unknown for {_listed(course.undecided)}"
    return f"{sure}; {unknown}" if sure else unknown


def _listed(measurable: Iterable[str]) -> str:
    return ", ".join("light chains" if x == "flc" else x for x in measurable)


# ---- visits ----------------


def visit_words(visit: Visit) -> str:
    """The reason of a visit with what it was compared with, and how old the marrow and the imaging
    were.
    """
    text = visit.reason
    nadirs = []
    for marker, value in visit.nadir.items():
        name, unit = _NADIRS.get(marker, (marker, ""))
        nadirs.append(f"{name} {_amount(value, unit)}")
    if nadirs:
        text += f"; nadir {', '.join(nadirs)}"
    ages = [f"{test.replace('_', ' ')} {age} days old" for test, age in visit.carried.items()]
    return f"{text}; carried forward: {', '.join(ages)}" if ages else text


def confirmed_words(visit: Visit) -> str:
    """The confirmed response, empty before there is one."""
    return "" if visit.confirmed == "BL" else visit.confirmed


def visit_results(visit: Visit) -> list[tuple[str, str, str]]:
    """(name, value with unit, test) of what was read at a visit; the plasmacytomas last."""
    read = [
        (_SHORT_NAMES.get(test, test), _with_unit(test, value), test)
        for test, value in visit.values.items()
    ]
    return read + ([("plasmacytomas", visit.lesions, "imaging")] if visit.lesions else [])


def result_words(test: str, value: Interval | str) -> str:
    """Name, value and unit of a result."""
    return f"{_SHORT_NAMES.get(test, test)} {_with_unit(test, value)}"


def _with_unit(test: str, value: Interval | str) -> str:
    return value if isinstance(value, str) else _amount(value, _UNITS.get(test, ""))


def _amount(value: Interval, unit: str) -> str:
    """With its unit, where there is an amount."""
    return str(value) if isinstance(value, Undetected) else f"{value_words(value)} {unit}".strip()


def value_words(value: Interval | str) -> str:
    """`1.2`, `<0.1`, `<=0.1`, `>500`, `0.1 to 0.2`, or the word itself."""
    if isinstance(value, str):
        return value
    between = value.exact is None and value.low > 0 and value.high < math.inf
    return f"{value.low:g} to {value.high:g}" if between else str(value)


# ---- endpoints ----------------


def endpoint_words(e: Endpoint) -> str:
    """`402 days (PD)`, `252+ days (last contact)`, or why it cannot be computed."""
    if e.status == "not_computable":
        return f"not computable ({e.reason})"
    what = f"{e.event}{e.middle}" if e.event is not None else e.reason
    return f"{e.days}{'' if e.status == 'event' else '+'} days ({what})"


def counting_words(e: Endpoint | None) -> str:
    """How an endpoint is counted where it is not the usual way, in brackets with a space before;
    else empty.
    """
    if e is None:
        return ""
    parts = [f"from {e.origin}"] if e.origin in ("apheresis", "failure", "salvage") else []
    parts += [f"{e.style.upper()} censoring"] if e.style != "default" else []
    return f" ({', '.join(parts)})" if parts else ""
