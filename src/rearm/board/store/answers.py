"""New versions of an answer without a new file: the kept rows read once more."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

import msgspec
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from rearm.assessment.overruling import StatedFact
from rearm.board.child.reading import ReadIssue, ReadPatient, RowsGiven, TidyRow, read_given
from rearm.board.child.worker import Worker
from rearm.board.refusals import NotThere, NotUsable
from rearm.board.store import audit
from rearm.board.store.cases import case_of, latest_result, touch
from rearm.board.store.causes import Cause, note_cause
from rearm.board.store.centres import centre_given
from rearm.board.store.overrules import standing
from rearm.board.store.tables import Record, Result, Upload, new_id
from rearm.board.store.utc import now

__all__ = [
    "OF_FOLLOW_UP",
    "add_answer",
    "kept_rows",
    "read_kept",
    "rows_given",
]

OF_FOLLOW_UP = "follow-up: "
"""How the place of a row begins that the board itself added; no file has a name without ending."""

_NO_FILE: Mapping[Cause, str] = {"follow_up": "board follow-up", "recomputed": "board, made anew"}
"""Stands for the file where the board itself made a version of the record."""


def kept_rows(session: Session, case_id: str) -> RowsGiven:
    """The rows of the newest record of a case, without those of a follow-up, with all that an
    answer of today reads besides: what was wrong with them, the facts that the team states, the
    centre's list. Raises NotThere where nothing is kept of the case.
    """
    newest = latest_result(session, case_id)
    if newest is None:
        raise NotThere("There is no answer for this patient yet.")
    return rows_given(session, session.get_one(Record, newest.record_id))


def rows_given(
    session: Session, record: Record, facts: tuple[StatedFact, ...] | None = None
) -> RowsGiven:
    """A version of a record, to be read again in the child process. `facts`: without them those
    that stand today.
    """
    case = case_of(session, record.case_id)
    rows = msgspec.json.decode(record.rows, type=tuple[TidyRow, ...])
    issues = msgspec.json.decode(record.issues, type=tuple[ReadIssue, ...])
    own = tuple(row for row in rows if not row.place.startswith(OF_FOLLOW_UP))
    named = (str(row.cells["patient_id"]) for row in own if row.cells.get("patient_id"))
    patient = next(named, case.patient_id)
    return RowsGiven(
        patient_id=patient,
        rows=own,
        before=ReadPatient(patient_id=patient, rows=rows, issues=issues),
        centre=centre_given(session, case.tenant_id),
        facts=standing(session, case.id) if facts is None else facts,
    )


def read_kept(reader: Worker, kept: RowsGiven, added: Iterable[TidyRow]) -> ReadPatient:
    """The answer of today to the kept rows with those that are added, from the child process.
    Raises NotUsable with a sentence where there is none.
    """
    work = msgspec.structs.replace(kept, rows=(*kept.rows, *added))
    patient = msgspec.json.decode(reader.do(read_given, work), type=ReadPatient)
    if not patient.result:
        raise NotUsable(f"There is no answer to these data. {patient.refused}".strip())
    return patient


def add_answer(
    session: Session, case_id: str, who: str, patient: ReadPatient, *, cause: Cause
) -> Result:
    """Keeps a further version of the answer; a further version of the record only where its rows
    are others.
    """
    newest = latest_result(session, case_id)
    assert newest is not None  # the rows were read from its record
    record = session.get_one(Record, newest.record_id)
    rows = msgspec.json.encode(patient.rows).decode()
    sealed: dict[str, str] = {}
    if rows != record.rows:
        record = _further_record(session, record, rows, patient, who, cause)
        sealed |= audit.seal(record)
    result = Result(
        id=new_id(),
        case_id=case_id,
        number=newest.number + 1,
        record_id=record.id,
        result=patient.result,
        summary=msgspec.json.encode(patient.summary).decode(),
        software=patient.software,
        knowledge=patient.knowledge,
        knowledge_hash=patient.knowledge_hash,
        at=now(),
    )
    session.add(result)
    session.flush()
    sealed |= audit.seal(result) | note_cause(session, result, who, cause, patient.centre)
    touch(case_of(session, case_id), who)
    session.flush()
    details = {"version": result.number, "cause": cause, "sealed": sealed}
    audit.append(session, who, "recomputed", case_id, details)
    return result


def _further_record(
    session: Session, before: Record, rows: str, patient: ReadPatient, who: str, cause: Cause
) -> Record:
    """A version of the record that rests on no file: what the board itself added."""
    data = rows.encode()
    upload = Upload(
        id=new_id(),
        tenant_id=case_of(session, before.case_id).tenant_id,
        file_name=_NO_FILE.get(cause, "board"),
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        state="taken",
        payload=b"",
        at=now(),
        who=who,
    )
    session.add(upload)
    last = session.scalar(select(func.max(Record.number)).where(Record.case_id == before.case_id))
    record = Record(
        id=new_id(),
        case_id=before.case_id,
        number=1 + (last or 0),
        upload_id=upload.id,
        rows=rows,
        issues=msgspec.json.encode(patient.issues).decode(),
        at=now(),
        who=who,
    )
    session.flush()
    session.add(record)
    session.flush()
    return record
