"""A patient is erased: everything that is kept of them goes, in one transaction with the entry of
the audit that names it. What stays is the number of the case.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import msgspec
from sqlalchemy import Delete, Select, delete, select
from sqlalchemy.orm import Session, undefer

from rearm.board.refusals import NotThere, NotUsable
from rearm.board.store import audit
from rearm.board.store.belonging import belonging
from rearm.board.store.cases import as_seen, case_of
from rearm.board.store.database import Database
from rearm.board.store.folder import BoardFolder
from rearm.board.store.forgetting import forget, to_forget
from rearm.board.store.retention import over_due
from rearm.board.store.tables import KEPT, Base, Case, Draft, Erasure, Record, Upload, new_id
from rearm.board.store.uploads import is_used, read_of
from rearm.board.store.utc import now

__all__ = ["Erased", "Why", "case_named", "erase", "erase_due", "erase_patient"]

Why = Literal["asked", "retention"]

_NO_NAME = "a file whose name was removed"
_TOO_SHORT_TO_SEEK = 3  # characters: an id such as `7` stands in every file


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What an erasure did. `rows`: how many of each table. `uploads`: files that were read and not
    yet taken in, discarded because they name the patient. `forgotten`: whether the database was
    written anew, so that its files hold nothing of the patient.
    """

    case: str
    rows: Mapping[str, int]
    uploads: int
    forgotten: bool = False


def case_named(session: Session, name: str, tenant: str | None = None) -> Case:
    """The case of a patient's id or of the number in the address; of one tenant, or of any. Raises
    NotThere, and NotUsable where several patients have this id.
    """
    by_name = select(Case).where((Case.id == name) | (Case.patient_id == name))
    if tenant is not None:
        by_name = by_name.where(Case.tenant_id == tenant)
    named: list[Case] = [*session.scalars(by_name.order_by(Case.id))]
    if not named:
        raise NotThere("There is no such patient on this board.")
    if len(named) > 1:
        numbers = ", ".join(case.id for case in named)
        raise NotUsable(f"Several patients have this id. Name one by its number: {numbers}.")
    return named[0]


def erase_patient(
    database: Database,
    folder: BoardFolder,
    case_id: str,
    who: str,
    *,
    version: int | None = None,
) -> Erased:
    """Erases a patient, then writes the database anew and removes copies from before an upgrade, so
    that no file of the board holds them. Backups elsewhere are not reached. Raises NotThere and,
    with a `version` that a page showed, Conflict.
    """
    with database.writing() as session:
        done = erase(session, case_id, who, version=version)
    return _forgotten(database, folder, [done])[0]


def erase_due(
    database: Database, folder: BoardFolder, days: int, who: str, *, tenant: str | None = None
) -> list[Erased]:
    """Erases all patients whose time is over, of one tenant or of all, in one transaction."""
    with database.writing() as session:
        due = [case.id for case in over_due(session, days, tenant)]
        done = [erase(session, case_id, who, why="retention") for case_id in due]
    return _forgotten(database, folder, done)


def _forgotten(database: Database, folder: BoardFolder, done: list[Erased]) -> list[Erased]:
    if not done:
        return []
    folder.remove_copies()
    forgotten = forget(database)
    return [replace(one, forgotten=forgotten) for one in done]


def erase(
    session: Session, case_id: str, who: str, *, why: Why = "asked", version: int | None = None
) -> Erased:
    """Deletes all rows of a patient; `forget` must follow, after the transaction. `version`: as the
    page showed it, where one did. Raises NotThere and Conflict.
    """
    case = case_of(session, case_id) if version is None else as_seen(session, case_id, version)
    uploads = _discard_unread(session, case, who)
    patient_id, tenant = case.patient_id, case.tenant_id
    _discard_begun(session, case)
    given = set(session.scalars(select(Record.upload_id).where(Record.case_id == case_id)))
    sealed = dict(_sealed(session, case_id))
    erasure = Erasure(id=new_id(), case_id=case_id, why=why, at=now(), who=who)
    session.add(erasure)
    session.flush()  # from here on the triggers let its rows go
    session.expunge_all()
    rows = {
        table.name: _deleted(session, delete(table).where(condition))
        for table, condition in reversed(belonging(case_id))
    }
    _forget_files(session, given, patient_id, tenant)
    session.expire_all()
    details = {
        "why": why,
        "rows": rows,
        "erased": sealed,
        "sealed": audit.seal(session.get_one(Erasure, erasure.id)),
    }
    audit.append(session, who, "erased", case_id, details)
    to_forget(session)
    return Erased(case=case_id, rows=rows, uploads=uploads)


def _sealed(session: Session, case_id: str) -> Iterator[tuple[str, str]]:
    """The seals of the rows that go."""
    conditions = {table.name: condition for table, condition in belonging(case_id)}
    for mapper in Base.registry.mappers:
        table = mapper.class_.__tablename__
        if table in KEPT and table in conditions:
            rows = select(mapper.class_).options(undefer("*")).where(conditions[table])
            for row in session.scalars(rows):
                yield from audit.seal(row).items()


def _deleted(session: Session, statement: Delete) -> int:
    return int(session.connection().execute(statement).rowcount)


def _discard_unread(session: Session, case: Case, who: str) -> int:
    """Files that nobody has taken in yet and that name the patient are given up."""
    found = 0
    for upload in session.scalars(_unread(case)):
        if _names(upload, case.patient_id):
            upload.state, upload.payload = "discarded", b""
            audit.append(session, who, "upload_discarded", upload.id, {"why": "erased"})
            found += 1
    return found


def _discard_begun(session: Session, case: Case) -> None:
    """Forms for a new patient into which somebody typed this patient's id."""
    of_nobody = Draft.tenant_id == case.tenant_id, Draft.case_id.is_(None)
    for draft in session.scalars(select(Draft).where(*of_nobody)):
        typed = msgspec.json.decode(draft.typed, type=dict[str, str])
        if case.patient_id in (text.strip() for text in typed.values()):
            session.delete(draft)


def _unread(case: Case) -> Select[Upload]:
    """Another tenant may know another patient by the same id."""
    return select(Upload).where(Upload.state == "read", Upload.tenant_id == case.tenant_id)


def _names(upload: Upload, patient_id: str) -> bool:
    """Whether the patient is one of those of a file, or their id stands anywhere in it."""
    read = read_of(upload)
    if read is not None and any(x.patient_id == patient_id for x in read.patients):
        return True
    sought = msgspec.json.encode(patient_id)[1:-1]
    return len(patient_id) > _TOO_SHORT_TO_SEEK and sought in upload.payload


def _forget_files(session: Session, given: set[str], patient_id: str, tenant: str) -> None:
    """Files of which nothing is left are forgotten; a name that holds the patient's id, always."""
    for upload in session.scalars(select(Upload).where(Upload.tenant_id == tenant)):
        if upload.id in given and not is_used(session, upload.id):
            session.delete(upload)
        elif patient_id in upload.file_name:
            upload.file_name = _NO_NAME
    session.flush()
