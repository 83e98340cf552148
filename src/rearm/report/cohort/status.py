"""The status of a store on the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.console import Console

from rearm.cohort.store.changes import Change
from rearm.cohort.store.status import StoreStatus
from rearm.report.safe_text import SafeText
from rearm.report.words import words

__all__ = ["print_status"]

_MOST_CAUSES, _MOST_TESTS, _MOST_CHANGES = 30, 10, 20


def print_status(console: Console, status: StoreStatus) -> None:
    """What the store holds, the issues by cause, what is missing most, and what the last run
    changed.
    """
    for line in _lines(status):
        console.print(SafeText(line))


def _lines(status: StoreStatus) -> Iterator[str]:
    settings = status.settings
    yield (
        f"{_patients(status.patients)}; Rearm {settings.software}, knowledge {settings.knowledge},"
        f" criteria {', '.join(settings.criteria)}"
    )
    if not status.finished:
        yield "The last run did not end. Run the same command again: it goes on where it stopped."
    told = {
        "infusions": "infusions",
        "lines": "lines",
        "relapses": "relapses",
        "responses": "visits",
    }
    yield ", ".join(f"{status.counts[name]} {word}" for name, word in told.items())
    yield ""
    yield from _counts("What became of the last CAR-T", status.by_status, status.patients)
    yield from _counts("State of the answer", status.by_state, status.patients)
    yield "Known of how many patients"
    for name, number in status.coverage.items():
        yield f"  {number:>7} of {status.patients}  {name}"
    yield from _causes(status)
    yield from _missing(status)
    yield from _changes(status)
    for patient, why in status.errors.items():
        yield f"No answer for {patient}: {why}"


def _counts(title: str, counts: Mapping[str, int], total: int) -> Iterator[str]:
    yield title
    for word, number in counts.items():
        yield f"  {number:>7} of {total}  {words(word) if word else 'no CAR-T on record'}"


def _causes(status: StoreStatus) -> Iterator[str]:
    yield ""
    if not status.causes:
        yield "No issue in the input."
        return
    yield "Issues by cause"
    for cause in status.causes[:_MOST_CAUSES]:
        of = f" of {_patients(cause.patients)}" if cause.patients else ""
        column = f", {cause.column}" if cause.column else ""
        yield f"  {cause.severity}, {words(cause.code)}{column}: {cause.count}{of}"
        yield f"      {cause.where}: {cause.example}"
    if len(status.causes) > _MOST_CAUSES:
        yield f"  and {len(status.causes) - _MOST_CAUSES} more causes; --json lists all"


def _missing(status: StoreStatus) -> Iterator[str]:
    if status.missing:
        yield ""
        yield "Tests asked for most, with the number of living patients"
        for test, number in status.missing[:_MOST_TESTS]:
            yield f"  {number:>7}  {words(test)}"


def _changes(status: StoreStatus) -> Iterator[str]:
    if not status.changes:
        return
    yield ""
    kinds = {kind: [c for c in status.changes if c.kind == kind] for kind in ("new", "removed")}
    answers = [c for c in status.changes if c.answers]
    yield (
        f"The last run: {len(kinds['new'])} new, {len(kinds['removed'])} removed, the answer of "
        f"{_patients(len(answers))} changed"
    )
    came, went = status.issues_changed()
    if came:
        yield "  issues that came: " + _by_code(came)
    if went:
        yield "  issues that went: " + _by_code(went)
    for change in answers[:_MOST_CHANGES]:
        yield f"  {change.patient_id} ({_why(change)}): {_answers(change)}"
    if len(answers) > _MOST_CHANGES:
        yield f"  and {len(answers) - _MOST_CHANGES} more; --json lists all"


def _by_code(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {words(code)}" for code, number in counts.items())


def _why(change: Change) -> str:
    told = {
        "rows": "the data changed",
        "software": "another version of Rearm",
        "knowledge": "another knowledge",
        "criteria": "other criteria",
        "settings": "other settings",
    }
    return " and ".join(told[why] for why in change.why)


def _answers(change: Change) -> str:
    return "; ".join(
        f"{words(name)} {_value(before)} -> {_value(after)}"
        for name, (before, after) in change.answers.items()
    )


def _value(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_value, value)) or "none"
    if value is None:
        return "unknown"
    return words(value) if isinstance(value, str) else str(value)


def _patients(number: int) -> str:
    return "1 patient" if number == 1 else f"{number} patients"
