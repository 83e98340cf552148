"""New versions of an answer without a new file: the kept rows read once more."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import msgspec
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from rearm.board.child.again import Again, read_again
from rearm.board.child.reading import CentreGiven, ReadFile, ReadPatient, TidyRow
from rearm.board.child.worker import Worker
from rearm.board.refusals import NotThere, NotUsable
from rearm.board.store import audit
from rearm.board.store.cases import case_of, latest_result, touch
from rearm.board.store.meeting_tables import AnswerCause
from rearm.board.store.tables import Record, Result, Upload, new_id
from rearm.board.store.utc import now

__all__ = [
    "OF_FOLLOW_UP",
    "Cause",
    "Kept",
    "add_answer",
    "cause_of",
    "kept_rows",
    "note_cause",
    "read_kept",
]

Cause = Literal["data", "recomputed", "follow_up", "overruled"]

OF_FOLLOW_UP = "follow-up: "
"""How the place of a row begins that the board itself added; no file has a name without ending."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The rows of the newest record of a case, as JSON, without those of a follow-up."""

    record_id: str
    rows: str
    patient_id: str


def kept_rows(session: Session, case_id: str) -> Kept:
    """Raises NotThere where nothing is kept of the case."""
    newest = latest_result(session, case_id)
    if newest is None:
        raise NotThere("There is no answer for this patient yet.")
    record = session.get_one(Record, newest.record_id)
    rows = msgspec.json.decode(record.rows, type=tuple[TidyRow, ...])
    own = tuple(row for row in rows if not row.place.startswith(OF_FOLLOW_UP))
    named = (str(row.cells["patient_id"]) for row in own if row.cells.get("patient_id"))
    return Kept(
        record_id=record.id,
        rows=msgspec.json.encode(own).decode(),
        patient_id=next(named, case_of(session, case_id).patient_id),
    )


def read_kept(
    reader: Worker, kept: Kept, added: Iterable[TidyRow], centre: CentreGiven | None
) -> ReadPatient:
    """The answer of today to the kept rows with those that are added, from the child process.
    Raises NotUsable with a sentence where there is none.
    """
    read = reader.do(read_again, Again(rows=kept.rows, added=tuple(added), centre=centre))
    (patient,) = msgspec.json.decode(read, type=ReadFile).patients
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
        record = _further_record(session, record, rows, patient, who)
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


def note_cause(
    session: Session, result: Result, who: str, cause: Cause, centre_number: int
) -> dict[str, str]:
    """Keeps why an answer was made; gives the seal of that for the audit."""
    row = AnswerCause(
        id=new_id(),
        case_id=result.case_id,
        number=result.number,
        result_id=result.id,
        cause=cause,
        centre_number=centre_number,
        at=now(),
        who=who,
    )
    session.add(row)
    session.flush()
    return audit.seal(row)


def cause_of(session: Session, result: Result) -> AnswerCause | None:
    """Why an answer was made; None for one that came with a file before the centre had a list."""
    return session.scalar(select(AnswerCause).where(AnswerCause.result_id == result.id))


def _further_record(
    session: Session, before: Record, rows: str, patient: ReadPatient, who: str
) -> Record:
    """A version of the record that rests on no file: what the board itself added."""
    data = rows.encode()
    upload = Upload(
        id=new_id(),
        tenant_id=case_of(session, before.case_id).tenant_id,
        file_name="board follow-up",
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
