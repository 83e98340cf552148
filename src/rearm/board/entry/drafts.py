"""What is typed into the entry form and not taken in yet: kept on the server for its user alone, so
that a lost session costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import msgspec
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from rearm.assessment.overruling import StatedFact
from rearm.board.child.reading import (
    CentreGiven,
    ReadFile,
    ReadIssue,
    ReadPatient,
    RowsGiven,
    TidyRow,
    read_given,
)
from rearm.board.child.rows import kept, read_issues, tidy
from rearm.board.child.worker import Worker
from rearm.board.entry.names import refusals_of, texts_of, typed_of
from rearm.board.refusals import Conflict, NotThere, NotUsable
from rearm.board.store import audit, uploads
from rearm.board.store.cases import case_of
from rearm.board.store.centres import centre_given
from rearm.board.store.overrules import standing
from rearm.board.store.tables import Case, Draft, Record, new_id
from rearm.board.store.utc import now
from rearm.intake.form.typed import PLACE, TypedForm, TypedLine, TypedRows, lines_of, rows_of
from rearm.knowledge import load
from rearm.knowledge.board_form import BoardForm

__all__ = [
    "MOST",
    "Entered",
    "discard",
    "draft_of",
    "drafts_of",
    "entered",
    "form",
    "keep_texts",
    "newest_record",
    "of_case",
    "read_entered",
    "record_of",
    "stand_on_newest",
    "start",
    "take_in",
    "with_texts",
]

MOST = 50
"""Drafts of one user."""

_NEW = "new patient"  # stands for an id until one is typed


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """A draft as it stands: the texts by the names of the fields, their lines, and the version of
    the record that the form showed (its id, empty for a new patient; its rows and issues).
    """

    draft_id: str
    tenant: str
    case_id: str
    patient_id: str
    texts: Mapping[str, str]
    typed: TypedForm
    record_id: str = ""
    rows: tuple[TidyRow, ...] = ()
    issues: tuple[ReadIssue, ...] = ()
    centre: CentreGiven | None = None
    facts: tuple[StatedFact, ...] = ()


def form() -> BoardForm:
    """The form as the knowledge declares it."""
    return load().form


def start(session: Session, tenant: str, who: str) -> Draft:
    """A blank form for a new patient. Raises NotUsable where the user began too many."""
    mine = (
        select(func.count()).select_from(Draft).where(Draft.tenant_id == tenant, Draft.who == who)
    )
    if (session.scalar(mine) or 0) >= MOST:
        raise NotUsable(f"You began {MOST} patients. Take one of them in, or discard one, first.")
    draft = Draft(
        id=new_id(),
        tenant_id=tenant,
        who=who,
        case_id=None,
        record_id=None,
        typed="{}",
        changed_at=now(),
    )
    session.add(draft)
    session.flush()
    return draft


def drafts_of(session: Session, tenant: str, who: str) -> list[Draft]:
    """What a user began in a tenant, the newest first."""
    mine = select(Draft).where(Draft.tenant_id == tenant, Draft.who == who)
    return [*session.scalars(mine.order_by(Draft.changed_at.desc()))]


def draft_of(session: Session, draft_id: str, who: str) -> Draft:
    """Raises NotThere where there is none, and where it is that of another user."""
    found = session.get(Draft, draft_id)
    if found is None or found.who != who or found.case_id is not None:
        raise NotThere("There is no such draft of yours.")
    return found


def of_case(session: Session, case_id: str, who: str, shown: str = "") -> Draft:
    """The draft of a user for a patient whom the board knows. Where there is none, one that shows
    what is on record, in the version `shown` or else the newest; it is kept once something is
    typed.
    """
    case = case_of(session, case_id)
    found = session.scalar(select(Draft).where(Draft.case_id == case.id, Draft.who == who))
    if found is not None:
        return found
    record = session.get(Record, shown) if shown else None
    if record is None or record.case_id != case.id:
        record = newest_record(session, case.id)
    texts = texts_of(lines_of([kept(row) for row in record_of(record)], form()))
    return Draft(
        id=new_id(),
        tenant_id=case.tenant_id,
        who=who,
        case_id=case.id,
        record_id=record.id,
        typed=msgspec.json.encode(texts).decode(),
        changed_at=now(),
    )


def newest_record(session: Session, case_id: str) -> Record:
    """Raises NotThere where nothing is on record."""
    newest = select(Record).where(Record.case_id == case_id).order_by(Record.number.desc()).limit(1)
    found = session.scalar(newest)
    if found is None:
        raise NotThere("Nothing is on record of this patient.")
    return found


def record_of(record: Record) -> tuple[TidyRow, ...]:
    """The rows of a version of a record."""
    return msgspec.json.decode(record.rows, type=tuple[TidyRow, ...])


def entered(session: Session, draft: Draft) -> Entered:
    """A draft with what it stands on."""
    texts = msgspec.json.decode(draft.typed, type=dict[str, str])
    record = None if draft.record_id is None else session.get_one(Record, draft.record_id)
    case = None if draft.case_id is None else session.get_one(Case, draft.case_id)
    patient_id = texts.get("patient_id.0.patient_id", "").strip()
    issues = () if record is None else msgspec.json.decode(
        record.issues, type=tuple[ReadIssue, ...]
    )  # fmt: skip
    return Entered(
        draft_id=draft.id,
        tenant=draft.tenant_id,
        case_id="" if case is None else case.id,
        patient_id=patient_id if case is None else case.patient_id,
        texts=texts,
        typed=typed_of(texts, form()),
        record_id="" if record is None else record.id,
        rows=() if record is None else record_of(record),
        issues=issues,
        centre=centre_given(session, draft.tenant_id),
        facts=() if case is None else standing(session, case.id),
    )


def with_texts(given: Entered, texts: Mapping[str, str]) -> Entered:
    """The same draft with other texts, be it that they can't be kept."""
    return replace(given, texts=texts, typed=typed_of(texts, form()))


def stand_on_newest(session: Session, draft: Draft) -> None:
    """Lets a form stand on the newest version of the record, after its user saw both; the lines
    that are on record stay the rows that they are.
    """
    given = entered(session, draft)
    newest = newest_record(session, given.case_id)
    there = {
        _same_line(x): x.row for x in lines_of([kept(r) for r in record_of(newest)], form()).lines
    }
    lines = tuple(replace(x, row=there.get(_same_line(x))) for x in given.typed.lines)
    more = {k: v for k, v in given.texts.items() if k.startswith("-more.")}
    texts = texts_of(replace(given.typed, lines=lines)) | more
    draft.record_id, draft.typed = newest.id, msgspec.json.encode(texts).decode()
    session.flush()


def _same_line(line: TypedLine) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    return line.field, line.table, tuple(sorted(line.cells.items()))


def keep_texts(session: Session, draft: Draft, texts: Mapping[str, str]) -> None:
    """Keeps what was typed. Raises NotUsable with a sentence for each text that can't be kept."""
    if refusals := [*dict.fromkeys(refusals_of(texts, form()))]:
        raise NotUsable("\n".join(refusals))
    filled = {k: v for k, v in texts.items() if v.strip()}
    draft.typed = msgspec.json.encode(filled).decode()
    draft.changed_at = now()
    session.add(draft)
    session.flush()


def discard(session: Session, draft: Draft, who: str) -> None:
    """Forgets what was typed."""
    if draft in session:
        audit.append(session, who, "entry_discarded", draft.case_id or "")
        session.delete(draft)


def rows_entered(given: Entered) -> tuple[TypedRows, tuple[TidyRow, ...]]:
    """The rows of what was typed; a row that was not changed is the one on record."""
    shown = [kept(row) for row in given.rows]
    by_identity = {id(k): row for k, row in zip(shown, given.rows, strict=True)}
    made = rows_of(given.typed, form(), given.patient_id or _NEW, shown)
    return made, tuple(by_identity.get(id(row)) or tidy(row) for row in made.rows)


def read_entered(
    reader: Worker, given: Entered
) -> tuple[ReadPatient, tuple[TypedLine | None, ...]]:
    """What the child process reads of a form, and the line of each row. Raises NotUsable with a
    sentence.
    """
    made, rows = rows_entered(given)
    before = None
    if given.record_id:
        before = ReadPatient(patient_id=given.patient_id, rows=given.rows, issues=given.issues)
    work = RowsGiven(
        patient_id=given.patient_id or _NEW,
        rows=rows,
        issues=read_issues(made.issues, made.rows),
        before=before,
        centre=given.centre,
        facts=given.facts,
    )
    read = msgspec.json.decode(reader.do(read_given, work), type=ReadPatient)
    return read, made.lines


def take_in(
    session: Session, given: Entered, read: ReadPatient, who: str, *, origin: str = PLACE
) -> str:
    """Keeps a version of the record and of the answer, and ends the draft; gives the id of the
    case. `origin` stands for the file. Raises NotUsable with a sentence where there is no answer,
    and Conflict where the record was changed since the form showed it.
    """
    if not given.patient_id:
        raise NotUsable("Fill in the patient id.")
    if read.refused:
        raise NotUsable(read.refused)
    _check_newest(session, given)
    whole = ReadFile(patients=(read,), issues=())
    told = msgspec.json.encode(dict(given.texts), order="sorted")
    upload = uploads.add_read(session, given.tenant, who, origin, told, msgspec.json.encode(whole))
    seen = uploads.seen_mark(uploads.versions_of(session, given.tenant, whole))
    (case_id,) = uploads.take_in(session, given.tenant, upload, who, seen)
    draft = session.get(Draft, given.draft_id)
    if draft is not None:
        session.delete(draft)
    return case_id


def _check_newest(session: Session, given: Entered) -> None:
    if not given.record_id:
        own = select(Case.id).where(Case.tenant_id == given.tenant)
        if session.scalar(own.where(Case.patient_id == given.patient_id)):
            raise Conflict(
                "A patient with this id is on the board already. Open that patient to change the "
                "record, or enter another id."
            )
        return
    newest = newest_record(session, given.case_id)
    if newest.id != given.record_id:
        raise Conflict(
            f"{newest.who} changed the record at {newest.at:%Y-%m-%d %H:%M} UTC, after your form "
            "showed it."
        )
