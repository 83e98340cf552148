"""The tables of the store. Records, results, decisions and the audit are only ever added to: in the
database triggers refuse a change (see the migrations).
"""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import ForeignKey, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from rearm.board.store.utc import UtcText

__all__ = [
    "FIRST_TENANT",
    "KEPT",
    "AuditHead",
    "AuditRow",
    "Base",
    "Case",
    "Decision",
    "Record",
    "Result",
    "SessionRow",
    "StartLink",
    "Tenant",
    "Upload",
    "new_id",
]

KEPT = ("records", "results", "decisions", "audit")
"""Tables of which no row is changed or deleted."""

FIRST_TENANT = "first"
"""The tenant that every board has from the beginning."""


def new_id() -> str:
    """An id that says nothing of the patient and can't be guessed."""
    return secrets.token_hex(8)


class Base(DeclarativeBase):
    """What all tables share."""


class Tenant(Base):
    """A centre, or a part of one, whose patients no other tenant sees."""

    __tablename__ = "tenants"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text, unique=True)


class Case(Base):
    """One patient of a tenant. `version` grows with every change of what is kept of the patient:
    who saves must have seen the newest. `invented`: an example, not a patient.
    """

    __tablename__ = "cases"
    __table_args__ = (UniqueConstraint("tenant_id", "patient_id", name="patient_of_tenant"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    patient_id: Mapped[str] = mapped_column(Text)
    state: Mapped[str]
    meeting_day: Mapped[str | None]
    invented: Mapped[bool]
    version: Mapped[int] = mapped_column()
    made_at: Mapped[datetime] = mapped_column(UtcText)
    changed_at: Mapped[datetime] = mapped_column(UtcText)
    changed_by: Mapped[str]

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class Upload(Base):
    """A file that was given to a tenant. `payload`: what was read of it, until it is taken in or
    discarded.
    """

    __tablename__ = "uploads"

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    file_name: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str]
    size: Mapped[int]
    state: Mapped[str]  # read, taken, discarded
    payload: Mapped[bytes]
    at: Mapped[datetime] = mapped_column(UtcText)
    who: Mapped[str]


class Record(Base):
    """One version of what is known of a patient: the rows of the tidy tables, and what was wrong
    with them, as JSON.
    """

    __tablename__ = "records"
    __table_args__ = (UniqueConstraint("case_id", "number", name="record_version"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"))
    number: Mapped[int]
    upload_id: Mapped[str] = mapped_column(ForeignKey("uploads.id"))
    rows: Mapped[str] = mapped_column(Text, deferred=True)
    issues: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcText)
    who: Mapped[str]


class Result(Base):
    """The answer to one version of a record, as `Assessment.to_json` writes it, with what made it.
    `summary`: its line of the worklist, as JSON.
    """

    __tablename__ = "results"
    __table_args__ = (UniqueConstraint("case_id", "number", name="result_version"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"))
    number: Mapped[int]
    record_id: Mapped[str] = mapped_column(ForeignKey("records.id"))
    result: Mapped[str] = mapped_column(Text, deferred=True)  # large; a list needs it not
    summary: Mapped[str] = mapped_column(Text)
    software: Mapped[str]
    knowledge: Mapped[str]
    knowledge_hash: Mapped[str]
    at: Mapped[datetime] = mapped_column(UtcText)


class Decision(Base):
    """What the board decided, on which result. `strategy` and `tier` are empty where none of the
    answer was chosen.
    """

    __tablename__ = "decisions"
    __table_args__ = (UniqueConstraint("case_id", "number", name="decision_version"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"))
    number: Mapped[int]
    result_id: Mapped[str] = mapped_column(ForeignKey("results.id"))
    strategy: Mapped[str]
    tier: Mapped[str]
    participants: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    deviation: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcText)
    who: Mapped[str]


class AuditRow(Base):
    """Who did what when. `subject` is the id of a case or an upload, never that of a patient;
    `hash` is that of this row and of the one before.
    """

    __tablename__ = "audit"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[str]
    who: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    details: Mapped[str] = mapped_column(Text)
    previous: Mapped[str]
    hash: Mapped[str]


class AuditHead(Base):
    """The last entry of the audit, so that entries missing at its end are found."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int]
    hash: Mapped[str]


class StartLink(Base):
    """A link that was printed; its token is kept as a hash and opens one session."""

    __tablename__ = "start_links"

    hash: Mapped[str] = mapped_column(primary_key=True)
    who: Mapped[str]
    made_at: Mapped[datetime] = mapped_column(UtcText)
    used_at: Mapped[datetime | None] = mapped_column(UtcText)


class SessionRow(Base):
    """Who is signed in, and in which tenant; the id of the cookie is kept as a hash."""

    __tablename__ = "sessions"

    hash: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    who: Mapped[str]
    permissions: Mapped[str]
    made_at: Mapped[datetime] = mapped_column(UtcText)
    seen_at: Mapped[datetime] = mapped_column(UtcText)
    ended_at: Mapped[datetime | None] = mapped_column(UtcText)
