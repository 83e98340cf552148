"""Files that were given: read first, looked at, then taken in, or discarded. All versions stay."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from rearm.board.child.answering import Answer, Kept, answer
from rearm.board.child.reading import (
    Given,
    ReadFile,
    ReadPatient,
    RowsGiven,
    file_as_named,
    read_given,
    read_mapped,
)
from rearm.board.child.worker import Worker
from rearm.board.refusals import Conflict, NotThere, NotUsable
from rearm.board.store import audit, overrules
from rearm.board.store.cases import case_of, touch
from rearm.board.store.causes import note_cause
from rearm.board.store.centres import centre_given
from rearm.board.store.corrections import corrected_row
from rearm.board.store.database import Database
from rearm.board.store.folder import BoardFolder
from rearm.board.store.tables import Base, Case, Record, Result, Upload, new_id
from rearm.board.store.tenants import check_owner
from rearm.board.store.utc import now

__all__ = [
    "LARGEST",
    "MOST_WAITING",
    "add_read",
    "correct",
    "discard",
    "give",
    "hash_of",
    "is_used",
    "keep_read",
    "overruled_answers",
    "read_mark",
    "read_of",
    "seen_mark",
    "take_in",
    "upload_of",
    "versions_of",
]

LARGEST = 24 * 2**20
MOST_WAITING = 50
"""Bytes of one file."""


def give(
    database: Database,
    folder: BoardFolder,
    reader: Worker,
    tenant: str,
    who: str,
    files: Sequence[tuple[str, bytes]],
    mapping: str = "",
) -> str:
    """Reads files, each with its name, in the child process, and keeps what was read until it is
    taken in; gives the id of the upload. The files themselves are not kept. `mapping` is the text
    of the mapping that describes their layout, where they are no tables of ours. Raises NotUsable
    with a sentence.
    """
    named = {file_as_named(name): data for name, data in files}
    if not named or not all(named.values()):
        raise NotUsable("The file is empty, or none was chosen. Choose a file.")
    if len(named) < len(files):
        raise NotUsable("Two of the files have the same name. Give each a name of its own.")
    with database.reading() as session:
        centre = centre_given(session, tenant)
        mine = Upload.tenant_id == tenant, Upload.who == who, Upload.state == "read"
        waiting = session.scalar(select(func.count()).select_from(Upload).where(*mine)) or 0
    if waiting >= MOST_WAITING:
        raise NotUsable(
            f"{waiting} of your files wait to be taken in. Take one in, or discard one, first."
        )
    place = Path(tempfile.mkdtemp(dir=folder.incoming))
    try:
        given = place / "given"
        given.mkdir()
        for name, data in named.items():
            (given / name).write_bytes(data)
        described = None
        if mapping:
            described = place / "mapping.toml"
            described.write_text(mapping, encoding="utf-8")
        path = given if len(named) > 1 else given / next(iter(named))
        read = reader.do(read_mapped, Given(path=path, mapping=described, centre=centre))
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return keep_read(database, tenant, who, ", ".join(named), b"".join(named.values()), read)


def keep_read(
    database: Database, tenant: str, who: str, name: str, data: bytes, read: bytes
) -> str:
    """Keeps what was read of a file; gives the id of the upload."""
    with database.writing() as session:
        return add_read(session, tenant, who, name, data, read)


def add_read(session: Session, tenant: str, who: str, name: str, data: bytes, read: bytes) -> str:
    """As `keep_read`, within a transaction of what is done with it."""
    found = msgspec.json.decode(read, type=ReadFile)
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
    session.flush()
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
    session: Session,
    tenant: str,
    upload_id: str,
    who: str,
    seen: str,
    *,
    invented: bool = False,
    answers: Mapping[str, Answer] | None = None,
) -> list[str]:
    """Keeps a version of the record and of the answer of each patient of an upload; gives the ids
    of the cases. `seen`: the mark of the versions as the page of the upload showed them. `answers`:
    by the patient's id, those with the facts that the team states (`overruled_answers`); the answer
    of the file stands as a version before it.

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
    for patient, case_id in zip(answered, cases, strict=True):
        if answers and patient.patient_id in answers:
            again = answers[patient.patient_id]
            version = case_of(session, case_id).version
            overrules.apply_again(session, case_id, version, who, given=again)
    upload.state, upload.payload = "taken", b""
    return cases


def overruled_answers(
    database: Database, worker: Worker, tenant: str, upload_id: str
) -> dict[str, Answer]:
    """The answers of an upload with the facts that the team states over what is computed, of the
    patients of whom such facts stand; made in the child process.
    """
    with database.reading() as session:
        read = read_of(upload_of(session, upload_id))
        if read is None:
            return {}
        wanted = {}
        for patient in read.patients:
            of_tenant = select(Case).where(Case.tenant_id == tenant)
            case = session.scalar(of_tenant.where(Case.patient_id == patient.patient_id))
            facts = () if case is None else overrules.standing(session, case.id)
            if facts and patient.result:
                wanted[patient.patient_id] = Kept(
                    rows=msgspec.json.encode(patient.rows).decode(),
                    issues=msgspec.json.encode(patient.issues).decode(),
                    read_on=now().date(),
                    region=overrules.region_of_result(patient.result),
                    centre=centre_given(session, tenant),
                    facts=facts,
                )
    return {name: worker.do(answer, kept) for name, kept in wanted.items()}


def correct(
    database: Database,
    reader: Worker,
    who: str,
    upload_id: str,
    *,
    read_mark: str,
    patient: int,
    row: int,
    cells: Mapping[str, str],
) -> None:
    """Corrects cells of one row of an upload, and reads its patient again. What was there before
    stays in the row, with who corrected it and when. Raises NotThere for a row that is not there,
    NotUsable for a text that can't stand there, and Conflict where somebody else corrected the
    upload since it was shown.
    """
    with database.reading() as session:
        upload = upload_of(session, upload_id)
        read = _corrigible(upload, read_mark)
        centre = centre_given(session, upload.tenant_id)
    if not (0 <= patient < len(read.patients) and 0 <= row < len(read.patients[patient].rows)):
        raise NotThere("There is no such row in this upload.")
    before = read.patients[patient]
    corrected = corrected_row(before.rows[row], cells, who)
    rows = (*before.rows[:row], corrected, *before.rows[row + 1 :])
    work = RowsGiven(patient_id=before.patient_id, rows=rows, before=before, centre=centre)
    again = msgspec.json.decode(reader.do(read_given, work), type=ReadPatient)
    patients = (*read.patients[:patient], again, *read.patients[patient + 1 :])
    with database.writing() as session:
        upload = upload_of(session, upload_id)
        _corrigible(upload, read_mark)
        upload.payload = msgspec.json.encode(msgspec.structs.replace(read, patients=patients))
        changed = sorted({x.column for x in corrected.corrected[len(before.rows[row].corrected) :]})
        details = {"row": row, "table": corrected.table, "columns": changed}
        audit.append(session, who, "upload_corrected", upload_id, details)


def read_mark(upload: Upload) -> str:
    """Stands for what was read of an upload, as a page showed it."""
    return hashlib.sha256(upload.payload).hexdigest()


def _corrigible(upload: Upload, seen: str) -> ReadFile:
    read = read_of(upload)
    if read is None:
        raise Conflict("This file was taken in or discarded before.")
    if read_mark(upload) != seen:
        raise Conflict(
            "Somebody corrected this upload after you opened the page. Look at it again."
        )
    return read


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
    sealed = audit.seal(record) | audit.seal(result)
    if patient.centre:
        sealed |= note_cause(session, result, who, "data", patient.centre)
    details = {"upload": upload.id, "version": result.number, "sealed": sealed}
    audit.append(session, who, "taken_in", case.id, details)
    return case.id


def _next(session: Session, table: type[Record] | type[Result], case_id: str) -> int:
    last = session.scalar(select(func.max(table.number)).where(table.case_id == case_id))
    return 1 + (last or 0)
