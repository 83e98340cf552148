"""Files that were given: read first, looked at, then taken in, or discarded. All versions stay."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec
from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from rearm.board.child.reading import ReadFile, ReadPatient, file_as_named, read_file
from rearm.board.child.worker import Worker
from rearm.board.refusals import Conflict, NotThere, NotUsable
from rearm.board.store import audit
from rearm.board.store.cases import touch
from rearm.board.store.database import Database
from rearm.board.store.folder import BoardFolder
from rearm.board.store.tables import Base, Case, Record, Result, Upload, new_id
from rearm.board.store.tenants import check_owner
from rearm.board.store.utc import now

__all__ = [
    "LARGEST",
    "discard",
    "give",
    "hash_of",
    "is_used",
    "keep_read",
    "read_of",
    "seen_mark",
    "take_in",
    "upload_of",
    "versions_of",
]

LARGEST = 24 * 2**20
"""Bytes of one file."""


def give(
    database: Database,
    folder: BoardFolder,
    reader: Worker,
    tenant: str,
    who: str,
    name: str,
    data: bytes,
) -> str:
    """Reads a file in the child process and keeps what was read until it is taken in; gives the id
    of the upload. The file itself is not kept. Raises NotUsable with a sentence.
    """
    named = file_as_named(name)
    if not data:
        raise NotUsable("The file is empty, or none was chosen. Choose a file.")
    place = Path(tempfile.mkdtemp(dir=folder.incoming))
    try:
        file = place / named
        file.write_bytes(data)
        read = reader.do(read_file, file)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return keep_read(database, tenant, who, named, data, read)


def keep_read(
    database: Database, tenant: str, who: str, name: str, data: bytes, read: bytes
) -> str:
    """Keeps what was read of a file; gives the id of the upload."""
    found = msgspec.json.decode(read, type=ReadFile)
    with database.writing() as session:
        upload = Upload(
            id=new_id(),
            tenant_id=tenant,
            file_name=name,
            sha256=hash_of(data),
            size=len(data),
            state="read",
            payload=read,
            at=now(),
            who=who,
        )
        session.add(upload)
        details = {"sha256": upload.sha256, "size": len(data), "patients": len(found.patients)}
        audit.append(session, who, "upload_read", upload.id, details)
        return upload.id


def hash_of(data: bytes) -> str:
    """By which the bytes of a file are known again."""
    return hashlib.sha256(data).hexdigest()


def upload_of(session: Session, upload_id: str) -> Upload:
    """Raises NotThere where there is none."""
    found = session.get(Upload, upload_id)
    if found is None:
        raise NotThere("There is no such upload.")
    return found


def is_used(session: Session, upload_id: str) -> bool:
    """Whether anything that is kept came from this upload; what goes with it is none of that."""
    return any(
        session.scalar(select(exists().where(key.parent == upload_id)))
        for table in Base.metadata.sorted_tables
        for key in table.foreign_keys
        if key.column.table.name == Upload.__tablename__ and key.ondelete != "CASCADE"
    )


def read_of(upload: Upload) -> ReadFile | None:
    """What was read of the file; None once it is taken in or discarded."""
    if upload.state != "read":
        return None
    return msgspec.json.decode(upload.payload, type=ReadFile)


def versions_of(session: Session, tenant: str, read: ReadFile) -> dict[str, int]:
    """Of the patients of a file that the tenant knows: the version of each, by the patient's id."""
    ids = [patient.patient_id for patient in read.patients]
    known = Case.tenant_id == tenant, Case.patient_id.in_(ids)
    found = session.execute(select(Case.patient_id, Case.version).where(*known))
    return {row.patient_id: row.version for row in found}


def seen_mark(versions: Mapping[str, int]) -> str:
    """Stands for the versions of the patients of a file as a page showed them."""
    told = msgspec.json.encode(dict(versions), order="sorted")
    return hashlib.sha256(told).hexdigest()


def take_in(
    session: Session, tenant: str, upload_id: str, who: str, seen: str, *, invented: bool = False
) -> list[str]:
    """Keeps a version of the record and of the answer of each patient of an upload; gives the ids
    of the cases. `seen`: the mark of the versions as the page of the upload showed them.

    Raises Conflict where a patient was changed since, or the upload was settled; NotThere where the
    upload is of another tenant.
    """
    check_owner(session, tenant, "upload", upload_id)
    upload = upload_of(session, upload_id)
    read = read_of(upload)
    if read is None:
        raise Conflict("This file was taken in or discarded before.")
    if seen_mark(versions_of(session, tenant, read)) != seen:
        raise Conflict(
            "A patient of this file was changed on the board after the file was read. Look at the "
            "list again, then take it in."
        )
    answered = [patient for patient in read.patients if patient.result]
    if not answered:
        raise NotUsable("No patient of this file has an answer, so there is nothing to take in.")
    cases = [_take_in(session, upload, patient, who, invented=invented) for patient in answered]
    upload.state, upload.payload = "taken", b""
    return cases


def discard(session: Session, upload_id: str, who: str) -> None:
    """Forgets what was read of a file. Raises Conflict where it was settled before."""
    upload = upload_of(session, upload_id)
    if upload.state != "read":
        raise Conflict("This file was taken in or discarded before.")
    upload.state, upload.payload = "discarded", b""
    audit.append(session, who, "upload_discarded", upload_id)


def _take_in(
    session: Session, upload: Upload, patient: ReadPatient, who: str, *, invented: bool
) -> str:
    tenant = upload.tenant_id
    known = Case.tenant_id == tenant, Case.patient_id == patient.patient_id
    case = session.scalar(select(Case).where(*known))
    if case is None:
        case = Case(
            id=new_id(),
            tenant_id=tenant,
            patient_id=patient.patient_id,
            state="backlog",
            meeting_day=None,
            invented=invented,
            made_at=now(),
            changed_at=now(),
            changed_by=who,
        )
        session.add(case)
        session.flush()
    touch(case, who)
    record = Record(
        id=new_id(),
        case_id=case.id,
        number=_next(session, Record, case.id),
        upload_id=upload.id,
        rows=msgspec.json.encode(patient.rows).decode(),
        issues=msgspec.json.encode(patient.issues).decode(),
        at=now(),
        who=who,
    )
    result = Result(
        id=new_id(),
        case_id=case.id,
        number=_next(session, Result, case.id),
        record_id=record.id,
        result=patient.result,
        summary=msgspec.json.encode(patient.summary).decode(),
        software=patient.software,
        knowledge=patient.knowledge,
        knowledge_hash=patient.knowledge_hash,
        at=now(),
    )
    session.add(record)
    session.flush()
    session.add(result)
    session.flush()
    details = {
        "upload": upload.id,
        "version": result.number,
        "sealed": audit.seal(record) | audit.seal(result),
    }
    audit.append(session, who, "taken_in", case.id, details)
    return case.id


def _next(session: Session, table: type[Record] | type[Result], case_id: str) -> int:
    last = session.scalar(select(func.max(table.number)).where(table.case_id == case_id))
    return 1 + (last or 0)
