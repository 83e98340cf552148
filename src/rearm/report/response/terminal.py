"""The response course on the terminal: one table a patient, with the reasons under each visit where
asked.
"""

from __future__ import annotations

import math

from rich.console import Console
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from rearm.interval import Interval
from rearm.outcome.endpoints import Endpoint
from rearm.outcome.patient_course import PatientCourse, counting_words, flags_of, stated_in
from rearm.record import ResponseStatement
from rearm.report.words import days_words, words
from rearm.response.score import Visit

__all__ = [
    "SHORT_NAMES",
    "endpoint_words",
    "headline",
    "print_course",
    "read_words",
    "result_words",
    "value_words",
]

_STYLE = {
    "sCR": "bold green",
    "CR": "bold green",
    "VGPR": "green",
    "PR": "cyan",
    "PD": "bold red",
    "NE": "dim",
}
SHORT_NAMES = {
    "serum_m_protein": "M-protein", "urine_m_protein_24h": "urine M", "kappa_flc": "kappa", "lambda_flc": "lambda", "flc_ratio": "ratio",
    "serum_immunofixation": "serum IFE", "urine_immunofixation": "urine IFE", "marrow_plasma_cells": "marrow",
    "marrow_clonality": "clonality",
    "circulating_plasma_cells": "blood PC", "iga": "IgA", "igg": "IgG", "igd": "IgD", "igm": "IgM",
}  # fmt: skip


_UNITS = {
    "serum_m_protein": "g/dL", "iga": "g/dL", "igg": "g/dL", "igd": "g/dL", "igm": "g/dL", "urine_m_protein_24h": "mg/24h",
    "kappa_flc": "mg/L", "lambda_flc": "mg/L", "marrow_plasma_cells": "%", "circulating_plasma_cells": "/uL",
}  # fmt: skip
_NADIR = {
    "serum": ("serum", "g/dL"),
    "urine": ("urine", "mg/24h"),
    "dflc": ("dFLC", "mg/dL"),
    "marrow": ("marrow", "%"),
    "circulating": ("blood PC", "/uL"),
}


def print_course(console: Console, found: PatientCourse, *, trace: bool = False) -> None:
    """Prints the course; `trace` adds the reason, the nadir and the age of what was carried forward
    under each visit.
    """
    console.print(
        Rule(Text(f"{found.record.patient_id}   criteria {found.criteria}", style="bold"))
    )
    for line in headline(found):
        console.print(Text(line))
    if found.course is None:
        return
    console.print(_table(found, trace))
    shown = [
        f"{name} {endpoint_words(e)}"
        for name, e in found.endpoints.items()
        if not name.startswith("failure-")
    ]
    if shown:
        console.print(Text(f"Endpoints{counting_words(found)}: " + "; ".join(shown), style="dim"))
    for name, day, text, still in flags_of(found)[
        1:
    ]:  # the first says where the course starts, which the headline has said
        style = "yellow" if still else "dim"
        console.print(
            Text(f"* {words(name)}{f', day {day}' if day is not None else ''}: {text}", style=style)
        )


def headline(found: PatientCourse) -> list[str]:
    """What a reader wants first, as sentences: where the course starts, what is measurable, best
    response, progression, MRD.
    """
    course = found.course
    stated = [f"{s.response} ({_when(s)})" for s in stated_in(found)]
    said = [f"Recorded by the team: {', '.join(stated)}."] if stated else []
    if course is None:
        return [f"No course: {found.start_reason}.", *said]
    measurable = ", ".join(course.measurable) or "nothing"
    read = [
        (
            f"{result_words(t, x)} (day {course.baseline.days[t]})"
            if t in course.baseline.days
            else result_words(t, x)
        )
        for t, x in course.baseline.values.items()
    ]
    base = ", ".join(
        [
            *read,
            *(
                [f"plasmacytomas {course.baseline.lesions}"]
                if course.baseline.lesions not in ("", "none")
                else []
            ),
        ]
    )
    lines = [
        f"The course is {found.start_reason}. Measurable: {measurable}. Baseline: {base or 'none'}."
    ]
    best = f"Best confirmed response: {course.best_confirmed}"
    best += (
        f" on {days_words(course.best_confirmed_day)}."
        if course.best_confirmed_day is not None
        else "."
    )
    if course.progression_day is not None:
        before = course.progression_interval[0] if course.progression_interval else None
        since = f", last seen without it on day {before}" if before is not None else ""
        best += (
            f" Confirmed progression on {days_words(course.progression_day)}{since}:"
            f" {course.progression_reason}."
        )
    elif course.suspicion is not None:
        best += (
            f" Progression on day {course.suspicion.day} {words(course.suspicion.certainty)}:"
            f" {course.suspicion.text}."
        )
    elif course.last_assessed_day is None:
        best += " Whether there was progression cannot be told from the results on record."
    else:
        best += f" No progression by day {course.last_assessed_day}"
        pfs = found.endpoints.get("PFS")
        if pfs is not None and pfs.event == "PD":
            best += (
                " by the results alone; the team recorded it, and the endpoints count day"
                f" {pfs.day}"
            )
        best += "."
    if course.clinical_relapse_day is not None:
        best += f" Clinical relapse on {days_words(course.clinical_relapse_day)}."
    lines.append(best)
    if course.mrd_negative_days:
        days = ", ".join(str(d) for d in course.mrd_negative_days)
        sustained = course.sustained_mrd_negative_day
        lines.append(
            f"MRD negative on day {days}"
            + (f"; sustained for a year on day {sustained}." if sustained is not None else ".")
        )
    if course.new_therapy_day is not None:
        lines.append(
            f"New therapy on {days_words(course.new_therapy_day)}: later visits belong to it."
        )
    return lines + said


def _when(s: ResponseStatement) -> str:
    return (
        f"planned for day {s.nominal_day}"
        if s.day is None and s.nominal_day is not None
        else str(s.when)
    )


def _table(found: PatientCourse, trace: bool) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", expand=True)
    table.add_column("day", justify="right", no_wrap=True)
    table.add_column("response", no_wrap=True)
    table.add_column("confirmed", no_wrap=True)
    table.add_column("rule", no_wrap=True)
    table.add_column("values", overflow="fold", ratio=3)
    table.add_column("missing", overflow="fold", ratio=2)
    for visit in found.visits:
        confirmed = "" if visit.confirmed == "BL" else visit.confirmed
        table.add_row(
            str(visit.day),
            Text(visit.response, style=_STYLE.get(visit.response, "")),
            Text(confirmed, style=_STYLE.get(confirmed, "")),
            Text(visit.rule),
            Text(", ".join(f"{name} {value}" for name, value, _ in read_words(visit))),
            Text("; ".join(visit.missing), style="dim"),
        )
        if trace:
            table.add_row("", "", "", "", Text(why(visit), style="italic dim"), "")
    return table


def why(visit: Visit) -> str:
    """The reason of a visit with what it was compared with, and how old the marrow and the imaging
    were.
    """
    text = visit.reason
    if visit.nadir:
        named = [(*_NADIR.get(name, (name, "")), value) for name, value in visit.nadir.items()]
        text += "; nadir " + ", ".join(
            f"{name} {value:g} {unit}".strip() for name, unit, value in named
        )
    if visit.carried:
        text += "; carried forward: " + ", ".join(
            f"{words(name)} {age} days old" for name, age in visit.carried.items()
        )
    return text


def result_words(test: str, value: Interval | str) -> str:
    """Name, value and unit of a result: the units are those of the criteria, whatever the
    laboratory's were.
    """
    unit = _UNITS.get(test, "") if not isinstance(value, str) else ""
    return f"{SHORT_NAMES.get(test, test)} {value_words(value)} {unit}".strip()


def read_words(visit: Visit) -> list[tuple[str, str, str]]:
    """(name, value with unit, test) of what was read at a visit; the plasmacytomas last."""
    read = []
    for test, value in visit.values.items():
        name = SHORT_NAMES.get(test, test)
        read.append((name, result_words(test, value).removeprefix(name).strip(), test))
    return read + ([("plasmacytomas", visit.lesions, "imaging")] if visit.lesions else [])


def value_words(value: Interval | str) -> str:
    """`1.2`, `<0.1`, `<=0.1`, `>500`, `0.1 to 0.2`, or the word itself."""
    if isinstance(value, str):
        return value
    between = value.exact is None and value.low > 0 and value.high < math.inf
    return f"{value.low:g} to {value.high:g}" if between else str(value)


def endpoint_words(e: Endpoint) -> str:
    """`402 days (PD)`, `252+ days (last contact)`, or why it cannot be computed."""
    if e.status == "not_computable":
        return f"not computable ({e.reason})"
    return f"{e.days}{'' if e.status == 'event' else '+'} days ({e.event or e.reason})"
