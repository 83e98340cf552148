"""One further result of a known patient, and the versions of a record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from rearm.board.child.reading import ReadIssue, ReadPatient
from rearm.board.child.rows import kept
from rearm.board.child.worker import Worker
from rearm.board.entry import drafts
from rearm.board.entry.contexts import RecordPage, RecordVersion, ResultPage, Word
from rearm.board.entry.drafts import Entered
from rearm.board.entry.names import LONGEST, texts_of
from rearm.board.entry.paste import with_results
from rearm.board.patient.origins import origin_of_record
from rearm.board.refusals import Conflict, NotUsable
from rearm.board.store.cases import case_of
from rearm.board.store.centres import centre_given
from rearm.board.store.corrections import place_of
from rearm.board.store.overrules import standing
from rearm.board.store.tables import Record
from rearm.board.store.utc import moment_of, moment_words
from rearm.characters import first_harmful
from rearm.intake.form.typed import TypedForm, lines_of
from rearm.intake.pasted import PastedResult
from rearm.knowledge import load

__all__ = ["ADDED", "read_result", "record_page", "result_page", "with_result"]

ADDED = "added result"
"""Stands for the file where one result was added by hand."""


def result_page(
    session: Session,
    case_id: str,
    typed: Mapping[str, str] | None = None,
    refusal: Sequence[str] = (),
) -> ResultPage:
    """The form of one result, as it was typed."""
    case = case_of(session, case_id)
    tests = load().lab_tests
    asked = [x.test for x in drafts.form().fields.values() if x.test is not None and x.first]
    order = {test: number for number, test in enumerate(asked)}
    every = sorted(tests.values(), key=lambda test: (order.get(test.id, len(order)), test.name))
    units = dict.fromkeys(unit for test in every for unit in test.allowed)
    return ResultPage(
        case=case.id,
        patient=case.patient_id,
        version=drafts.newest_record(session, case.id).id,
        tests=tuple(
            Word(word=x.name, label=f"in {', '.join(x.allowed)}" if x.allowed else "")
            for x in every
        ),
        asked=sum(x.id in order for x in every),
        units=tuple(units),
        refusal=tuple(refusal),
        **(typed or {}),
    )


def with_result(session: Session, case_id: str, version: str, typed: Mapping[str, str]) -> Entered:
    """What is on record, with one result more. Raises NotUsable with a sentence for each thing that
    is wrong in it, and Conflict where the record was changed since the form was opened.
    """
    case = case_of(session, case_id)
    record = drafts.newest_record(session, case.id)
    if record.id != version:
        raise Conflict(
            f"{record.who} changed the record at {record.at:%Y-%m-%d %H:%M} UTC, after you opened "
            "the form. Look at it, then add the result again."
        )
    result = _result(typed)
    rows = drafts.record_of(record)
    shown = lines_of([kept(row) for row in rows], drafts.form())
    whole = with_results(TypedForm(lines=shown.lines), [result])
    return Entered(
        draft_id="",
        tenant=case.tenant_id,
        case_id=case.id,
        patient_id=case.patient_id,
        texts=texts_of(whole),
        typed=whole,
        record_id=record.id,
        rows=rows,
        issues=msgspec.json.decode(record.issues, type=tuple[ReadIssue, ...]),
        centre=centre_given(session, case.tenant_id),
        facts=standing(session, case.id),
    )


def _result(typed: Mapping[str, str]) -> PastedResult:
    wrong = []
    found = load().lab_tests.find(typed["test"])
    if len(found) != 1:
        wrong.append("Choose a test of the dictionary.")
    if not typed["value"]:
        wrong.append("Type the value.")
    if not typed["day"]:
        wrong.append("Type the date: 2026-03-09, or 2026-03 if only the month is known.")
    for text in typed.values():
        if len(text) > LONGEST or first_harmful(text) is not None:
            wrong.append(f"A field takes at most {LONGEST} characters of text.")
    if wrong:
        raise NotUsable("\n".join(wrong))
    return PastedResult(
        test=found[0].id,
        name=found[0].name,
        value=typed["value"],
        unit=typed["unit"],
        day=typed["day"],
        place="",
    )


def read_result(reader: Worker, given: Entered) -> ReadPatient:
    """The record with its further result. Raises NotUsable where that result could not be used: it
    is then not taken in.
    """
    read, lines = drafts.read_entered(reader, given)
    added = given.typed.lines[-1]
    own = [
        issue.message
        for issue in read.issues
        if issue.row is not None
        and lines[issue.row] is added
        and issue.severity != "note"
        and issue.done != "used"
    ]
    if own:
        raise NotUsable("\n".join(own))
    return read


def record_page(session: Session, case_id: str) -> RecordPage:
    """Every version of a record."""
    case = case_of(session, case_id)
    newest = select(Record).where(Record.case_id == case.id).order_by(Record.number.desc())
    return RecordPage(
        case=case.id,
        patient=case.patient_id,
        versions=tuple(_versions(session, [*session.scalars(newest)])),
    )


def _versions(session: Session, records: Sequence[Record]) -> Iterator[RecordVersion]:
    for record in records:
        rows = drafts.record_of(record)
        issues = msgspec.json.decode(record.issues, type=tuple[ReadIssue, ...])
        yield RecordVersion(
            number=record.number,
            at=moment_words(record.at),
            who=record.who,
            file=origin_of_record(session, record),
            rows=len(rows),
            not_used=sum(x.severity != "note" and x.done != "used" for x in issues),
            corrected=tuple(
                (
                    place_of(row, x.column),
                    x.column,
                    x.old,
                    x.new,
                    x.who,
                    moment_words(moment_of(x.at)),
                )
                for row in rows
                for x in row.corrected
            ),
        )
