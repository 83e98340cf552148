"""The pages of an upload, made of what the store keeps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy.orm import Session

from rearm.board.child.reading import ENDINGS, ReadIssue, ReadPatient, TidyRow
from rearm.board.store import mappings
from rearm.board.store.corrections import cell_text, place_of
from rearm.board.store.uploads import (
    LARGEST,
    read_mark,
    read_of,
    seen_mark,
    upload_of,
    versions_of,
)
from rearm.board.store.utc import moment_of, moment_words
from rearm.board.upload.contexts import (
    CellsTyped,
    CellToCorrect,
    Corrected,
    TableShown,
    ToCorrect,
    UploadForm,
    UploadPage,
    UploadPatient,
)
from rearm.intake.form.workbook import write_form
from rearm.knowledge import load

__all__ = ["blank_form", "upload_form", "upload_page"]


def upload_form(
    session: Session, tenant: str, days: int, refusal: str = "", mapping: str = ""
) -> UploadForm:
    """The form for a file, with why the last one could not be used, and the mapping chosen. `days`:
    for how long what was read waits to be taken in.
    """
    return UploadForm(
        endings=ENDINGS,
        tables=_tables(),
        megabytes=LARGEST // 2**20,
        mappings=tuple(x.name for x in mappings.mappings(session, tenant)),
        mapping=mapping,
        days=days,
        refusal=refusal,
    )


@cache
def _tables() -> tuple[TableShown, ...]:
    return tuple(
        TableShown(
            name=table.name,
            meaning=table.meaning,
            needed=tuple(x.name for x in table.columns.values() if x.required),
            columns=tuple(table.columns),
        )
        for table in load().tidy_tables.tables.values()
    )


@cache
def blank_form(folder: Path) -> bytes:
    """The form for one patient as a workbook, written in a folder that this user alone reads."""
    with TemporaryDirectory(dir=folder) as place:
        return write_form(Path(place) / "form.xlsx", load()).read_bytes()


def upload_page(
    session: Session,
    upload_id: str,
    days: int,
    refusal: str = "",
    typed: CellsTyped | None = None,
) -> UploadPage:
    """What was read of a file, which waits for `days` to be taken in; `refusal`: why the last
    correction could not be made, with what was `typed` for it. Raises NotThere where there is no
    such upload.
    """
    upload = upload_of(session, upload_id)
    read = read_of(upload)
    patients: tuple[UploadPatient, ...] = ()
    of_file: tuple[ReadIssue, ...] = ()
    known: dict[str, int] = {}
    if read is not None:
        known = versions_of(session, upload.tenant_id, read)
        patients = tuple(
            _of_upload(number, x, known.get(x.patient_id), typed)
            for number, x in enumerate(read.patients)
        )
        of_file = tuple(x for x in read.issues if x.severity != "note")
    return UploadPage(
        upload=upload.id,
        file=upload.file_name,
        state=upload.state,
        at=moment_words(upload.at),
        who=upload.who,
        patients=patients,
        of_file=of_file,
        answered=sum(not patient.refused for patient in patients),
        seen=seen_mark(known),
        mark=read_mark(upload),
        until=f"{upload.at + timedelta(days=days):%Y-%m-%d}" if upload.state == "read" else "",
        refusal=refusal,
    )


def _of_upload(
    number: int, patient: ReadPatient, seen: int | None, typed: CellsTyped | None
) -> UploadPatient:
    told = patient.summary
    serious = [x for x in patient.issues if x.severity != "note"]
    return UploadPatient(
        patient=patient.patient_id,
        seen=seen,
        first="" if told is None else told.first,
        missing=() if told is None else told.missing,
        further=0 if told is None else told.further,
        refused=patient.refused,
        not_used=tuple(_to_correct(x, number, patient, typed) for x in serious if x.done != "used"),
        doubted=tuple(_to_correct(x, number, patient, typed) for x in serious if x.done == "used"),
        corrected=tuple(_corrections(patient)),
        notes=tuple(x for x in patient.issues if x.severity == "note"),
    )


def _to_correct(
    issue: ReadIssue, number: int, patient: ReadPatient, typed: CellsTyped | None
) -> ToCorrect:
    row = None if issue.row is None else patient.rows[issue.row]
    again = typed is not None and (typed.patient, typed.row) == (number, issue.row)
    cells = {} if typed is None or not again else typed.cells
    return ToCorrect(
        place=issue.place,
        value=issue.value or "",
        message=issue.message,
        patient=number,
        row=issue.row,
        table="" if row is None else row.table,
        cells=() if row is None else tuple(_cells(row, issue.column, cells)),
        again=again,
    )


def _cells(row: TidyRow, wrong: str | None, typed: Mapping[str, str]) -> Iterator[CellToCorrect]:
    """The cells of a row that are filled or must be, with the one that is told of, as they stand
    or were typed.
    """
    knowledge = load()
    table = knowledge.tidy_tables.tables[row.table]
    for column in table.columns.values():
        is_wrong = column.name == wrong
        needed = column.required or column.name in ("day", "unit")
        if column.name == "patient_id" or not (is_wrong or needed or column.name in row.cells):
            continue
        words = column.words
        if column.name == "unit":
            tests = knowledge.lab_tests.find(cell_text(row, "test"))
            words = tuple(dict.fromkeys(unit for test in tests for unit in test.allowed))
        yield CellToCorrect(
            column=column.name,
            value=typed.get(column.name, cell_text(row, column.name)),
            words=words,
            wrong=is_wrong,
        )


def _corrections(patient: ReadPatient) -> Iterator[Corrected]:
    for row in patient.rows:
        for x in row.corrected:
            yield Corrected(
                place=place_of(row, x.column),
                column=x.column,
                old=x.old,
                new=x.new,
                who=x.who,
                at=moment_words(moment_of(x.at)),
            )
