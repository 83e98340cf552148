"""The response course on the terminal: one table a patient, with the reasons under each visit where
asked.
"""

from __future__ import annotations

from rich.console import Console
from rich.rule import Rule
from rich.table import Table

from rearm.outcome.course_notes import course_notes
from rearm.outcome.course_words import (
    confirmed_words,
    counting_words,
    endpoint_words,
    visit_results,
    visit_words,
)
from rearm.outcome.endpoints import FAILURE_VARIANTS
from rearm.outcome.patient_course import PatientCourse
from rearm.report.response.headline import headline
from rearm.report.safe_text import SafeText
from rearm.report.words import unread_file, when_words, words

__all__ = ["print_course"]

_STYLE = {
    "sCR": "bold green",
    "CR": "bold green",
    "VGPR": "green",
    "PR": "cyan",
    "PD": "bold red",
    "NE": "dim",
}


def print_course(console: Console, found: PatientCourse, *, trace: bool = False) -> None:
    """Prints the course; `trace` adds the reason, the nadir and the age of what was carried forward
    under each visit.
    """
    console.print(
        Rule(SafeText(f"{found.record.patient_id}   criteria {found.criteria}", style="bold"))
    )
    for issue in found.record.unread:
        text = unread_file(str(issue.source), issue.message)
        console.print(SafeText(text, style="bold red"))
    for line in headline(found):
        console.print(SafeText(line))
    if found.course is None:
        return
    console.print(_table(found, trace))
    endpoints = [
        f"{name} {endpoint_words(e)}"
        for name, e in found.endpoints.items()
        if name not in FAILURE_VARIANTS
    ]
    if endpoints:
        counting = counting_words(found.endpoints.get("PFS"))
        console.print(SafeText(f"Endpoints{counting}: {'; '.join(endpoints)}", style="dim"))
    for note in course_notes(found)[1:]:  # the headline has said where the course starts
        day = f", day {note.day}" if note.day is not None else ""
        style = "yellow" if note.open else "dim"
        console.print(SafeText(f"* {words(note.id)}{day}: {note.text}", style=style))


def _table(found: PatientCourse, trace: bool) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", expand=True)
    table.add_column("day", justify="right", no_wrap=True)
    table.add_column("response", no_wrap=True)
    table.add_column("confirmed", no_wrap=True)
    table.add_column("rule", no_wrap=True)
    table.add_column("values", overflow="fold", ratio=3)
    table.add_column("missing", overflow="fold", ratio=2)
    for visit in found.visits:
        confirmed = confirmed_words(visit)
        table.add_row(
            when_words(visit.when),
            SafeText(visit.response, style=_STYLE.get(visit.response, "")),
            SafeText(confirmed, style=_STYLE.get(confirmed, "")),
            SafeText(visit.rule),
            SafeText(", ".join(f"{name} {value}" for name, value, _ in visit_results(visit))),
            SafeText("; ".join(visit.missing), style="dim"),
        )
        if trace:
            table.add_row("", "", "", "", SafeText(visit_words(visit), style="italic dim"), "")
    return table
