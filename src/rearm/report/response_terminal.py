"""The response course on the terminal: one table a patient, with the reasons under each visit where asked."""

from __future__ import annotations

from rich.console import Console
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from rearm.course import Endpoint, Visit
from rearm.record import ResponseStatement
from rearm.report.response import PatientCourse, flags_of, plain, stated_in
from rearm.report.words import days_words, words

__all__ = ["SHORT_NAMES", "endpoint_words", "headline", "print_course", "value_words"]

_STYLE = {"sCR": "bold green", "CR": "bold green", "VGPR": "green", "PR": "cyan", "PD": "bold red", "NE": "dim"}
SHORT_NAMES = {
    "serum_m_protein": "M-protein", "urine_m_protein_24h": "urine M", "kappa_flc": "kappa", "lambda_flc": "lambda", "flc_ratio": "ratio",
    "serum_immunofixation": "serum IFE", "urine_immunofixation": "urine IFE", "marrow_plasma_cells": "marrow",
    "marrow_clonality": "clonality",
    "circulating_plasma_cells": "blood PC", "iga": "IgA", "igg": "IgG", "igd": "IgD", "igm": "IgM",
}  # fmt: skip


def print_course(console: Console, found: PatientCourse, *, trace: bool = False) -> None:
    """Prints the course; `trace` adds the reason, the nadir and the age of what was carried forward under each visit."""
    console.print(Rule(Text(f"{found.record.patient_id}   criteria {found.criteria}", style="bold")))
    for line in headline(found):
        console.print(Text(line))
    if found.course is None:
        return
    console.print(_table(found, trace))
    shown = [f"{name} {endpoint_words(e)}" for name, e in found.endpoints.items() if not name.startswith("failure-")]
    if shown:
        console.print(Text("Endpoints: " + "; ".join(shown), style="dim"))
    for name, day, text, still in flags_of(found)[1:]:  # the first says where the course starts, which the headline has said
        style = "yellow" if still else "dim"
        console.print(Text(f"* {words(name)}{f', day {day}' if day is not None else ''}: {text}", style=style))


def headline(found: PatientCourse) -> list[str]:
    """What a reader wants first, as sentences: where the course starts, what is measurable, best response, progression, MRD."""
    course = found.course
    stated = [f"{s.response} ({_when(s)})" for s in stated_in(found)]
    said = [f"Recorded by the team: {', '.join(stated)}."] if stated else []
    if course is None:
        return [f"No course: {found.start_reason}.", *said]
    measurable = ", ".join(course.measurable) or "nothing"
    base = ", ".join(
        f"{SHORT_NAMES.get(t, t)} {value_words(x)} (day {course.baseline.days[t]})"
        if t in course.baseline.days
        else f"{t} {value_words(x)}"
        for t, x in course.baseline.values.items()
    )
    lines = [f"The course is {found.start_reason}. Measurable: {measurable}. Baseline: {base or 'none'}."]
    best = f"Best confirmed response: {course.best_confirmed}"
    best += f" on {days_words(course.best_confirmed_day)}." if course.best_confirmed_day is not None else "."
    if course.progression_day is not None:
        before = course.progression_interval[0] if course.progression_interval else None
        since = f", last seen without it on day {before}" if before is not None else ""
        best += f" Confirmed progression on {days_words(course.progression_day)}{since}: {course.progression_reason}."
    elif course.suspicion is not None:
        best += f" Progression on day {course.suspicion.day} {words(course.suspicion.certainty)}: {course.suspicion.text}."
    elif course.last_assessed_day is None:
        best += " Whether there was progression cannot be told from the results on record."
    else:
        best += f" No progression by day {course.last_assessed_day}."
    lines.append(best)
    if course.mrd_negative_days:
        days = ", ".join(str(d) for d in course.mrd_negative_days)
        sustained = course.sustained_mrd_negative_day
        lines.append(f"MRD negative on day {days}" + (f"; sustained for a year on day {sustained}." if sustained is not None else "."))
    if course.new_therapy_day is not None:
        lines.append(f"New therapy on {days_words(course.new_therapy_day)}: later visits belong to it.")
    return lines + said


def _when(s: ResponseStatement) -> str:
    return f"planned for day {s.nominal_day}" if s.day is None and s.nominal_day is not None else str(s.when)


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
            Text(", ".join(f"{SHORT_NAMES.get(t, t)} {value_words(x)}" for t, x in visit.values.items())),
            Text("; ".join(visit.missing), style="dim"),
        )
        if trace:
            table.add_row("", "", "", "", Text(why(visit), style="italic dim"), "")
    return table


def why(visit: Visit) -> str:
    """The reason of a visit with what it was compared with, and how old the marrow and the imaging were."""
    text = visit.reason
    if visit.nadir:
        text += "; nadir " + ", ".join(f"{name} {value:g}" for name, value in visit.nadir.items())
    if visit.carried:
        text += "; carried forward: " + ", ".join(f"{words(name)} {age} days old" for name, age in visit.carried.items())
    return text


def value_words(value: tuple[float, float] | str) -> str:
    """`1.2`, `<0.1`, `>500`, `0.1 to 0.2`, or the word itself."""
    shown = plain(value)
    if not isinstance(shown, list):
        return f"{shown:g}" if isinstance(shown, float) else str(shown)
    low, high = shown
    if high is None:
        return f">{low:g}"
    return f"<{high:g}" if not low else f"{low:g} to {high:g}"


def endpoint_words(e: Endpoint) -> str:
    """`402 days (PD)`, `252+ days (last contact)`, or why it cannot be computed."""
    if e.status == "not_computable":
        return f"not computable ({e.reason})"
    return f"{e.days}{'' if e.status == 'event' else '+'} days ({e.event or e.reason})"
