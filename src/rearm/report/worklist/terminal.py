"""The work list of `check` on the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from rich.console import Console
from rich.table import Table

from rearm.record import Issue
from rearm.report.safe_text import SafeText
from rearm.report.words import words
from rearm.report.worklist.contents import (
    Cause,
    NotOnRecord,
    Worklist,
    may_change_an_answer,
    values_text,
)

__all__ = ["print_worklist"]

_STYLE = {"error": "red", "warning": "yellow"}
_MOST_PATIENTS, _MOST_TESTS, _MOST_NAMES = 12, 6, 8


def print_worklist(console: Console, worklist: Worklist, *, each: bool = False) -> None:
    """Prints the issues by cause (`each`: one by one), the coverage, and what is not on record."""
    if worklist.issues:
        for part in (_issues(worklist.issues),) if each else _causes(worklist.causes):
            console.print(part)
        console.print()
    for line in _coverage(worklist):
        console.print(SafeText(line))
    for text in _missing(worklist.missing):
        console.print(text)
    for line in _named("no further test is suggested", worklist.complete):
        console.print(SafeText(line))
    for line in worklist.unassessed:
        console.print(SafeText(line, style="yellow"))


def _issues(issues: Iterable[Issue]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("patient", "severity", "where", "what", "done"):
        table.add_column(column, overflow="fold")
    for issue in issues:
        cells = (issue.patient_id or "", str(issue.source), issue.message, words(issue.done))
        patient, where, what, done = map(SafeText, cells)
        severity = SafeText(issue.severity, style=_STYLE.get(issue.severity, ""))
        table.add_row(patient, severity, where, what, done)
    return table


def _causes(found: Iterable[Cause]) -> Iterator[SafeText]:
    """Two lines for each cause: how often and with which values, then the first place and what is
    wrong there.
    """
    for cause in found:
        head = SafeText(cause.severity, style=_STYLE.get(cause.severity, ""))
        times = "once" if cause.count == 1 else f"{cause.count} times"
        patients = f", {_count(cause.patients, 'patient')}" if cause.patients > 1 else ""
        head.append(f"  {times}{patients}, {words(cause.done)}: {words(cause.code)}", "bold")
        if cause.column is not None:
            head.append(f", {cause.column}")
        if values := values_text(cause, most=3):
            head.append(f" [{values}]")
        yield head
        yield SafeText(f"  {_placed(cause.example)}")


def _placed(issue: Issue) -> str:
    """The message behind its place; one about a whole file mostly begins with its name."""
    if issue.message.startswith(f"{issue.source.file}:"):
        return issue.message
    return f"{issue.source}: {issue.message}"


def _coverage(worklist: Worklist) -> Iterator[str]:
    coverage, issues = worklist.coverage, worklist.issues
    serious = sum(map(may_change_an_answer, issues))
    aside = sum(issue.done != "used" for issue in issues)
    yield (
        f"{_count(coverage.patients, 'patient')}, {_count(len(issues), 'issue')} of "
        f"{_count(len(worklist.causes), 'cause')}; {serious} may change an answer, {aside} led "
        "to data not being used."
    )
    read = [
        _read_count(number, name) + (f" ({undated} without a day)" if undated else "")
        for name, number in coverage.read.items()
        if (undated := coverage.without_day[name]) or number
    ]
    yield (
        f"Read: {', '.join(read) or 'nothing'}; results not used: {coverage.set_aside}; issues "
        f"in columns that are not read: {worklist.unused_columns}."
    )
    yield from _named("nothing on record that can be judged", coverage.nothing_read)
    yield from _named("no CAR-T infusion", coverage.no_infusion)
    yield from _named("no laboratory result", coverage.no_results)


def _named(what: str, patients: Sequence[str]) -> Iterator[str]:
    if patients:
        more = len(patients) - _MOST_NAMES
        names = ", ".join(patients[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
        yield f"{_count(len(patients), 'patient')}, {what}: {names}."


def _read_count(number: int, name: str) -> str:
    """`1 infusion`, `2 infusions`, `1 imaging`: the names of what is read are plurals."""
    if number != 1:
        return f"{number} {name}"
    return f"1 {'toxicity' if name == 'toxicities' else name.removesuffix('s')}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _missing(rows: Iterable[NotOnRecord]) -> Iterator[SafeText]:
    patients = [(who, [*own]) for who, own in groupby(rows, key=lambda row: row.patient_id)]
    if not patients:
        return
    yield SafeText(
        "\nMissing from the page because it is not on record or could not be read",
        style="bold",
    )
    for who, own in patients[:_MOST_PATIENTS]:
        yield SafeText(who, style="bold")
        for row in own[:_MOST_TESTS]:
            yield SafeText(f"  {row.workup}: {_effect(row)}")
        if len(own) > _MOST_TESTS:
            yield SafeText(f"  and {len(own) - _MOST_TESTS} more")
    if len(patients) > _MOST_PATIENTS:
        left = len(patients) - _MOST_PATIENTS
        yield SafeText(f"and {left} more patients; --csv and --xlsx list all.")


def _effect(row: NotOnRecord) -> str:
    """What a result could change, in a few words; what was given stands first."""
    if row.unread:
        return f"was entered but could not be read ({_count(row.unread, 'result')}); {_change(row)}"
    return _change(row)


def _change(row: NotOnRecord) -> str:
    told = ["whether the CAR-T failed"] if row.failure else []
    told += [_count(row.options, "option")] if row.options else []
    told += [_count(row.causes, "cause")] if row.causes else []
    if told:
        return f"could change {', '.join(told)}"
    return "part of the minimum work-up" if row.minimum else row.why
