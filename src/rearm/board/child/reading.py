"""A file as the child process reads it: each patient's rows, what was wrong, and the answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import cast

import msgspec

from rearm.assessment import Assessment, AssessmentError, Centre
from rearm.assessment.centre import NO_CENTRE
from rearm.assessment.last_results import last_results
from rearm.assessment.overruling import StatedFact, assess_overruled
from rearm.assessment.regions import regions_of
from rearm.assessment.result import Here
from rearm.board.child.rows import ReadIssue, TidyRow, kept, read_issues, tidy
from rearm.board.refusals import NotUsable
from rearm.intake import Reading, read
from rearm.intake.form.typed import PLACE
from rearm.intake.kept_rows import KeptRow, keep, read_kept
from rearm.knowledge.bundle import load
from rearm.record import UNREAD_FILES, Done, Issue, Record, Severity, Source
from rearm.report.assessment.dated import dated
from rearm.report.assessment.index import index_row

__all__ = [
    "ENDINGS",
    "MOST_PATIENTS",
    "CentreGiven",
    "Given",
    "LastTest",
    "ReadFile",
    "ReadIssue",
    "ReadPatient",
    "RowsGiven",
    "Summary",
    "TidyRow",
    "centre_at",
    "examples",
    "file_as_named",
    "read_examples",
    "read_file",
    "read_file_of",
    "read_given",
    "read_mapped",
    "summary_of",
]

ENDINGS = (".csv", ".xlsx", ".json")
"""Of the files that can be uploaded."""

MOST_PATIENTS = 100
"""Of one file; a registry is not prepared for a board."""

_NOT_OF_A_NAME = re.compile(r"[^\w. ()+-]+")
_LONGEST_NAME = 120


class CentreGiven(msgspec.Struct, frozen=True, kw_only=True):
    """What a version of the centre's list says that an answer reads: the region, the options that
    it has or has not (by id), and remarks on them.
    """

    number: int
    region: str = ""
    options: dict[str, Here] = {}
    notes: dict[str, str] = {}


class LastTest(msgspec.Struct, frozen=True, kw_only=True):
    """A test that a board needs, with its newest result: `date` is empty where only the days before
    the last entry (`age`) are known; both are unknown where there is none, or none with a day
    (`undated`).
    """

    name: str
    max_age: int
    date: str = ""
    age: int | None = None
    undated: bool = False


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The line of the worklist: what the report says of the patient in a few words, the tests that
    would change the answer, and how many more are asked for, and how many facts the team overruled;
    `last_tests`: each that a board needs.
    """

    product: str
    car_t: str
    relapse: str
    cause: str
    first: str
    alerts: str
    missing: tuple[str, ...]
    further: int
    last_tests: tuple[LastTest, ...] = ()
    overruled: int = 0


class ReadPatient(msgspec.Struct, frozen=True, kw_only=True):
    """What a file says of one patient. `result` is empty where there is no answer; `refused` then
    says why. `centre`: the version of the centre's list that the answer knows, 0 for none.
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
    centre: int = 0


class ReadFile(msgspec.Struct, frozen=True, kw_only=True):
    """A whole file: `issues` are those that belong to no patient."""

    patients: tuple[ReadPatient, ...]
    issues: tuple[ReadIssue, ...]


class RowsGiven(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of one patient, and what was found wrong before they are read. `before`: the patient
    as read the last time, where the rows are those of a file with corrections, or of a record.
    `facts`: those that the team states over what is computed.
    """

    patient_id: str
    rows: tuple[TidyRow, ...]
    issues: tuple[ReadIssue, ...] = ()
    before: ReadPatient | None = None
    centre: CentreGiven | None = None
    facts: tuple[StatedFact, ...] = ()


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


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What was given: a file or a folder of some, and the mapping that describes its layout, where
    there is one.
    """

    path: Path
    mapping: Path | None = None
    centre: CentreGiven | None = None


def read_file(path: Path) -> bytes:
    """A `ReadFile` as JSON: everything that `rearm assess` would make of the file. Raises a
    RearmError with a sentence where the file can't be used.
    """
    return read_mapped(Given(path=path))


def read_mapped(given: Given) -> bytes:
    """As `read_file`, of a file or a folder in the centre's own layout."""
    reading = read(given.path, given.mapping, today=date.today())
    return msgspec.json.encode(read_file_of(reading, centre=given.centre))


def read_file_of(
    reading: Reading,
    *,
    as_of: int | None = None,
    region: str | None = None,
    centre: CentreGiven | None = None,
) -> ReadFile:
    """Each patient of a reading with the answer. Raises NotUsable where there are too many."""
    patients = tuple(_patients(reading, as_of, region, centre))
    return ReadFile(patients=patients, issues=read_issues(reading.issues, ()))


def read_examples(folder: Path) -> bytes:
    """The invented patients of a folder of tables, as `read_file` gives those of a file."""
    return read_file(folder)


def examples() -> Path | None:
    """The tables of the invented patients: inside an installed package, or beside the source."""
    here = Path(__file__)
    places = (here.parents[2] / "_examples", here.parents[4] / "examples" / "tables")
    return next((place for place in places if place.is_dir()), None)


def read_given(given: RowsGiven) -> bytes:
    """A `ReadPatient` as JSON of rows that no file gives, or no more. What was wrong before and is
    about no row is still wrong. Raises a RearmError with a sentence where nothing can be made of
    them.
    """
    before = given.before
    left: tuple[ReadIssue, ...] = ()
    if before is not None:
        of_rows = _issues_of([kept(row) for row in before.rows])
        left = tuple(x for x in before.issues if _mark(x) not in of_rows and not _of_form(x))
    again = [kept(row) for row in given.rows]
    notes = [_as_issue(x, given.patient_id) for x in (*left, *given.issues)]
    reading = read_kept(again, today=date.today(), notes=notes)
    record = next(reading.stream(), None)
    if record is None:
        raise NotUsable("Nothing can be read of this patient.")
    issues = read_issues((*record.issues, *record.unread), again)
    return msgspec.json.encode(
        _answered(record, given.rows, issues, None, None, given.centre, given.facts)
    )


def _issues_of(rows: Sequence[KeptRow]) -> set[tuple[str, str, str]]:
    reading = read_kept(rows, today=date.today())
    found = [*reading.issues, *(x for record in reading.stream() for x in record.issues)]
    return {_mark(x) for x in read_issues(found, rows)}


def _mark(issue: ReadIssue) -> tuple[str, str, str]:
    return issue.code, issue.place, issue.message


def _of_form(issue: ReadIssue) -> bool:
    """Whether the entry form finds it anew each time."""
    return issue.place.startswith(f"{PLACE}: ")


def _as_issue(issue: ReadIssue, patient_id: str) -> Issue:
    """An issue that was found before, for a record that is made again."""
    return Issue(
        severity=cast("Severity", issue.severity),
        code=issue.code,
        source=Source(issue.place, ""),
        message=issue.message,
        done=cast("Done", issue.done),
        patient_id=None if issue.code in UNREAD_FILES else patient_id,
        column=issue.column,
        value=issue.value,
    )


def _patients(
    reading: Reading, as_of: int | None, region: str | None, centre: CentreGiven | None
) -> Iterator[ReadPatient]:
    for number, record in enumerate(reading.stream()):
        if number == MOST_PATIENTS:
            raise NotUsable(
                f"The file contains more than {MOST_PATIENTS} patients. Split it; a whole registry "
                "is for `rearm cohort build`."
            )
        rows = [keep(row, reading.regimens) for row in reading.rows_of(record.patient_id)]
        issues = read_issues((*record.issues, *record.unread), rows)
        yield _answered(record, tuple(map(tidy, rows)), issues, as_of, region, centre)


def _answered(
    record: Record,
    rows: tuple[TidyRow, ...],
    issues: tuple[ReadIssue, ...],
    as_of: int | None,
    region: str | None,
    centre: CentreGiven | None,
    facts: tuple[StatedFact, ...] = (),
) -> ReadPatient:
    try:
        found = _answer(record, as_of, region, centre, facts)
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
        summary=summary_of(record, found),
        centre=0 if centre is None else centre.number,
    )


def _answer(
    record: Record,
    as_of: int | None,
    region: str | None,
    centre: CentreGiven | None,
    facts: tuple[StatedFact, ...],
) -> Assessment:
    """The answer at the centre. Its list may be older than the knowledge: what is gone since is no
    option any more, and no region.
    """
    if region is None and centre is not None and centre.region in regions_of(load()):
        region = centre.region
    own = centre_at(centre)
    return assess_overruled(record, facts, as_of=as_of, region=region, centre=own)


def centre_at(given: CentreGiven | None) -> Centre:
    """What the knowledge of today has of a centre's list."""
    if given is None:
        return NO_CENTRE
    known = load()
    return Centre(
        options={name: x for name, x in given.options.items() if name in known.options},
        notes={name: x for name, x in given.notes.items() if name in known.options},
    )


def summary_of(record: Record, found: Assessment) -> Summary:
    """What the worklist shows of an answer to a record."""
    row = index_row("", found)
    return Summary(
        product=row.product,
        car_t=dated(row.car_t, found),
        relapse=dated(row.relapse, found),
        cause=row.cause,
        first=row.first,
        alerts=row.alerts,
        missing=tuple(test.name for test in found.tests),
        further=len(found.further_tests),
        overruled=len(found.overruled),
        last_tests=tuple(_last_tests(record, found)),
    )


def _last_tests(record: Record, found: Assessment) -> Iterator[LastTest]:
    """On the calendar where the answer is, else by the days before its last entry."""
    last = None if found.as_of_date is None else date.fromisoformat(found.as_of_date)
    for test in last_results(record, as_of=found.as_of):
        age = None if test.day is None or found.as_of is None else found.as_of - test.day
        day = None if last is None or age is None else last - timedelta(days=age)
        yield LastTest(
            name=test.name,
            max_age=test.max_age,
            date="" if day is None else day.isoformat(),
            age=age,
            undated=test.undated,
        )
