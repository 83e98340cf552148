"""A file as the child process reads it: each patient's rows, what was wrong, and the answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import msgspec

from rearm.assessment import Assessment, AssessmentError, assess
from rearm.board.refusals import NotUsable
from rearm.intake import Reading, read
from rearm.record import Issue, Record
from rearm.report.assessment.index import index_row

__all__ = [
    "ENDINGS",
    "MOST_PATIENTS",
    "ReadFile",
    "ReadIssue",
    "ReadPatient",
    "Summary",
    "TidyRow",
    "examples",
    "file_as_named",
    "read_examples",
    "read_file",
    "read_file_of",
]

ENDINGS = (".csv", ".xlsx", ".json")
"""Of the files that can be uploaded."""

MOST_PATIENTS = 100
"""Of one file; a registry is not prepared for a board."""

_NOT_OF_A_NAME = re.compile(r"[^\w. ()+-]+")
_LONGEST_NAME = 120


class TidyRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a tidy table as it was given, and the place where it stands."""

    table: str
    place: str
    cells: dict[str, Any]


class ReadIssue(msgspec.Struct, frozen=True, kw_only=True):
    """Something wrong in the file, where, and what was done about it."""

    severity: str
    code: str
    place: str
    message: str
    done: str
    value: str | None = None


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The line of the worklist: what the report says of the patient in a few words, the tests that
    would change the answer, and how many more are asked for.
    """

    product: str
    car_t: str
    relapse: str
    cause: str
    first: str
    alerts: str
    missing: tuple[str, ...]
    further: int


class ReadPatient(msgspec.Struct, frozen=True, kw_only=True):
    """What a file says of one patient. `result` is empty where there is no answer; `refused` then
    says why.
    """

    patient_id: str
    rows: tuple[TidyRow, ...]
    issues: tuple[ReadIssue, ...]
    result: str = ""
    software: str = ""
    knowledge: str = ""
    knowledge_hash: str = ""
    summary: Summary | None = None
    refused: str = ""


class ReadFile(msgspec.Struct, frozen=True, kw_only=True):
    """A whole file: `issues` are those that belong to no patient."""

    patients: tuple[ReadPatient, ...]
    issues: tuple[ReadIssue, ...]


def file_as_named(name: str) -> str:
    """A safe name for the file, which keeps its ending. Raises NotUsable with a sentence where the
    ending is none that is read.
    """
    base = re.split(r"[/\\]", name)[-1]
    ending = Path(base).suffix.lower()
    if ending not in ENDINGS:
        raise NotUsable(
            f"A file is read whose name ends in {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}. "
            "Choose one of these."
        )
    stem = _NOT_OF_A_NAME.sub("_", Path(base).stem).strip(". ")[:_LONGEST_NAME]
    return f"{stem or 'file'}{ending}"


def read_file(path: Path) -> bytes:
    """A `ReadFile` as JSON: everything that `rearm assess` would make of the file. Raises a
    RearmError with a sentence where the file can't be used.
    """
    return msgspec.json.encode(read_file_of(read(path, today=date.today())))


def read_file_of(
    reading: Reading, *, as_of: int | None = None, region: str | None = None
) -> ReadFile:
    """Each patient of a reading with the answer. Raises NotUsable where there are too many."""
    patients = tuple(_patients(reading, as_of, region))
    return ReadFile(patients=patients, issues=tuple(map(_issue, reading.issues)))


def read_examples(folder: Path) -> bytes:
    """The invented patients of a folder of tables, as `read_file` gives those of a file."""
    return read_file(folder)


def examples() -> Path | None:
    """The tables of the invented patients: inside an installed package, or beside the source."""
    here = Path(__file__)
    places = (here.parents[2] / "_examples", here.parents[4] / "examples" / "tables")
    return next((place for place in places if place.is_dir()), None)


def _patients(reading: Reading, as_of: int | None, region: str | None) -> Iterator[ReadPatient]:
    for number, record in enumerate(reading.stream()):
        if number == MOST_PATIENTS:
            raise NotUsable(
                f"The file contains more than {MOST_PATIENTS} patients. Split it; a whole registry "
                "is for `rearm cohort build`."
            )
        rows = tuple(
            TidyRow(table=row.table, place=str(row.source), cells=dict(_cells(row.cells)))
            for row in reading.rows_of(record.patient_id)
        )
        yield _patient(record, rows, as_of, region)


def _cells(cells: Any) -> Iterator[tuple[str, Any]]:
    for name, cell in cells.items():
        if cell.given is not None:
            yield name, _plain(cell.given)


def _plain(value: Any) -> Any:
    """A cell as JSON can keep it, and as it is read again."""
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value) if isinstance(value, timedelta) else value


def _patient(
    record: Record, rows: tuple[TidyRow, ...], as_of: int | None, region: str | None
) -> ReadPatient:
    issues = tuple(map(_issue, (*record.issues, *record.unread)))
    try:
        found = assess(record, as_of=as_of, region=region)
    except AssessmentError as error:
        return ReadPatient(
            patient_id=record.patient_id, rows=rows, issues=issues, refused=str(error)
        )
    return ReadPatient(
        patient_id=record.patient_id,
        rows=rows,
        issues=issues,
        result=found.to_json(),
        software=found.versions.software,
        knowledge=found.versions.knowledge,
        knowledge_hash=found.versions.knowledge_hash,
        summary=_summary(found),
    )


def _summary(found: Assessment) -> Summary:
    row = index_row("", found)
    return Summary(
        product=row.product,
        car_t=row.car_t,
        relapse=row.relapse,
        cause=row.cause,
        first=row.first,
        alerts=row.alerts,
        missing=tuple(test.name for test in found.tests),
        further=len(found.further_tests),
    )


def _issue(issue: Issue) -> ReadIssue:
    return ReadIssue(
        severity=issue.severity,
        code=issue.code,
        place=str(issue.source),
        message=issue.message,
        done=issue.done,
        value=issue.value,
    )
