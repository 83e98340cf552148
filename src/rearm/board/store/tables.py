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
    "FLEETING",
    "KEPT",
    "ApiToken",
    "AuditHead",
    "AuditRow",
    "Base",
    "Case",
    "Decision",
    "Draft",
    "Erasure",
    "Job",
    "MappingFile",
    "Membership",
    "OidcTry",
    "Opening",
    "Overrule",
    "PasswordLink",
    "Record",
    "Result",
    "Salted",
    "SessionRow",
    "Setting",
    "StartLink",
    "Tenant",
    "Try",
    "Upload",
    "User",
    "new_id",
    "new_salt",
]

KEPT = (
    "records",
    "results",
    "decisions",
    "overrules",
    "audit",
    "erasures",
    "meeting_decisions",
    "answer_causes",
    "centres",
    "follow_ups",
    "openings",
)
"""Tables of which no row is changed, and none deleted but when its patient is erased: for that it
has a column `case_id`. To a kept table no column is added later but one that may be empty, since
its rows are sealed as they are.
"""

FLEETING = ("start_links", "sessions", "launches", "password_links", "tries", "oidc_tries")
"""Tables that no backup holds: who was signed in is not signed in again."""

_JSON = {"json": True}  # the text of a column is JSON, and is exported as such

FIRST_TENANT = "first"
"""The tenant that every board has from the beginning."""


def new_id() -> str:
    """An id that says nothing of the patient and can't be guessed."""
    return secrets.token_hex(8)


class Base(DeclarativeBase):
    """What all tables share."""


def new_salt() -> str:
    """What is sealed with a text, so that nobody finds the text by guessing at its hash."""
    return secrets.token_hex(16)


class Salted:
    """Rows of a patient that hold what somebody wrote. The hash in the audit outlives them; the
    salt does not, since it is erased with the row. Rows of earlier versions have none.
    """

    salt: Mapped[str | None] = mapped_column(default=new_salt)


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


class Record(Salted, Base):
    """One version of what is known of a patient: the rows of the tidy tables, and what was wrong
    with them, as JSON.
    """

    __tablename__ = "records"
    __table_args__ = (UniqueConstraint("case_id", "number", name="record_version"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"))
    number: Mapped[int]
    upload_id: Mapped[str] = mapped_column(ForeignKey("uploads.id"))
    rows: Mapped[str] = mapped_column(Text, deferred=True, info=_JSON)
    issues: Mapped[str] = mapped_column(Text, info=_JSON)
    at: Mapped[datetime] = mapped_column(UtcText)
    who: Mapped[str]


class Result(Salted, Base):
    """The answer to one version of a record, as `Assessment.to_json` writes it, with what made it.
    `summary`: its line of the worklist, as JSON.
    """

    __tablename__ = "results"
    __table_args__ = (UniqueConstraint("case_id", "number", name="result_version"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"))
    number: Mapped[int]
    record_id: Mapped[str] = mapped_column(ForeignKey("records.id"))
    # large; a list needs it not
    result: Mapped[str] = mapped_column(Text, deferred=True, info=_JSON)
    summary: Mapped[str] = mapped_column(Text, info=_JSON)
    software: Mapped[str]
    knowledge: Mapped[str]
    knowledge_hash: Mapped[str]
    at: Mapped[datetime] = mapped_column(UtcText)


class Decision(Salted, Base):
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


class Erasure(Base):
    """A patient of whom everything was deleted: `case_id` is all that is left. `why`: `asked`, or
    `retention` where the time to keep was over.
    """

    __tablename__ = "erasures"

    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(unique=True)
    why: Mapped[str]
    at: Mapped[datetime] = mapped_column(UtcText)
    who: Mapped[str]


class Setting(Base):
    """What the board is set to, by its name."""

    __tablename__ = "settings"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class Job(Base):
    """A report that is to be printed, kept for an hour. `state`: waiting, working, done or failed;
    `tries`: how often it was begun; `told`: why it failed. `pdf` is empty until it is done.
    """

    __tablename__ = "jobs"

    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"))
    result_id: Mapped[str] = mapped_column(ForeignKey("results.id"))
    who: Mapped[str]
    state: Mapped[str]
    tries: Mapped[int]
    told: Mapped[str] = mapped_column(Text)
    head: Mapped[str]
    pdf: Mapped[bytes] = mapped_column(deferred=True)
    at: Mapped[datetime] = mapped_column(UtcText)
    begun_at: Mapped[datetime | None] = mapped_column(UtcText)


class ApiToken(Base):
    """A token of a program, which works in one tenant; it is kept as a hash. `who` made it."""

    __tablename__ = "api_tokens"

    hash: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    name: Mapped[str]
    who: Mapped[str]
    permissions: Mapped[str]
    made_at: Mapped[datetime] = mapped_column(UtcText)
    expires_at: Mapped[datetime] = mapped_column(UtcText)
    used_at: Mapped[datetime | None] = mapped_column(UtcText)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcText)


class Overrule(Salted, Base):
    """A fact that the team states over the computed one on a version of the answer, or that it
    takes back: then `takes_back` is the id of what is taken back, and the fact is named again.

    `kind`, `what`, `anchor` and `was` are those of a `StatedFact`; `value` holds its value or
    bounds, as JSON.
    """

    __tablename__ = "overrules"
    __table_args__ = (UniqueConstraint("case_id", "number", name="overrule_version"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"))
    number: Mapped[int]
    result_id: Mapped[str] = mapped_column(ForeignKey("results.id"))
    kind: Mapped[str]
    what: Mapped[str]
    value: Mapped[str] = mapped_column(Text, info=_JSON)
    anchor: Mapped[str] = mapped_column(Text)
    was: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    takes_back: Mapped[str | None] = mapped_column(ForeignKey("overrules.id"))
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
    details: Mapped[str] = mapped_column(Text, info=_JSON)
    previous: Mapped[str]
    hash: Mapped[str]


class AuditHead(Base):
    """The last entry of the audit, so that entries missing at its end are found."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int]
    hash: Mapped[str]


class User(Base):
    """Somebody who signs in. `password` is a hash, empty where none was set; `subject` is who the
    user is for a provider, as its address and the name there.
    """

    __tablename__ = "users"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text, unique=True)
    password: Mapped[str] = mapped_column(Text)
    subject: Mapped[str | None] = mapped_column(Text, unique=True)
    version: Mapped[int] = mapped_column()
    made_at: Mapped[datetime] = mapped_column(UtcText)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcText)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class Membership(Base):
    """A role of a user in a tenant."""

    __tablename__ = "memberships"

    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)


class PasswordLink(Base):
    """A link with which a user sets a password, once; its token is kept as a hash."""

    __tablename__ = "password_links"

    hash: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    made_at: Mapped[datetime] = mapped_column(UtcText)
    used_at: Mapped[datetime | None] = mapped_column(UtcText)


class Try(Base):
    """A try that failed, or has not ended yet: `kind` of what, `key` a hash of who tried."""

    __tablename__ = "tries"

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    key: Mapped[str] = mapped_column(index=True)
    at: Mapped[datetime] = mapped_column(UtcText)


class OidcTry(Base):
    """A sign-in that went to a provider and has not come back. `hash` is that of the state,
    `browser` that of the cookie of the browser that began it.
    """

    __tablename__ = "oidc_tries"

    hash: Mapped[str] = mapped_column(primary_key=True)
    browser: Mapped[str]
    nonce: Mapped[str]
    verifier: Mapped[str]
    next_path: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(UtcText)


class Opening(Salted, Base):
    """A patient opened by break-glass to somebody who else may not read of them, with the reason;
    until a moment. `user_id` is empty for the user of a printed link. The reason stands nowhere
    else, so that it goes when the patient is erased.
    """

    __tablename__ = "openings"

    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)
    user_id: Mapped[str]
    who: Mapped[str]
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcText)
    until: Mapped[datetime] = mapped_column(UtcText)


class StartLink(Base):
    """A link that was printed; its token is kept as a hash and opens one session."""

    __tablename__ = "start_links"

    hash: Mapped[str] = mapped_column(primary_key=True)
    who: Mapped[str]
    made_at: Mapped[datetime] = mapped_column(UtcText)
    used_at: Mapped[datetime | None] = mapped_column(UtcText)


class SessionRow(Base):
    """Who is signed in, and in which tenant; the id of the cookie is kept as a hash. `user_id` is
    null for the user of a printed link. `via`: `link`, `password` or `provider`.
    """

    __tablename__ = "sessions"

    hash: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    user_id: Mapped[str | None] = mapped_column(ForeignKey("users.id"), index=True)
    via: Mapped[str]
    who: Mapped[str]
    permissions: Mapped[str]
    made_at: Mapped[datetime] = mapped_column(UtcText)
    seen_at: Mapped[datetime] = mapped_column(UtcText)
    ended_at: Mapped[datetime | None] = mapped_column(UtcText)


class Draft(Base):
    """What a user typed into the entry form and did not take in yet: the texts by the names of the
    fields, as JSON. Of a patient whom the board knows, with the version of the record that the form
    showed.
    """

    __tablename__ = "drafts"
    __table_args__ = (UniqueConstraint("who", "case_id", name="draft_of_case"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    who: Mapped[str]
    case_id: Mapped[str | None] = mapped_column(ForeignKey("cases.id"))
    record_id: Mapped[str | None] = mapped_column(ForeignKey("records.id"))
    typed: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime] = mapped_column(UtcText)


class MappingFile(Base):
    """A mapping of the centre's own layout, kept by its name for the next upload of its tenant."""

    __tablename__ = "mappings"
    __table_args__ = (UniqueConstraint("tenant_id", "name", name="mapping_of_tenant"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    name: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str]
    at: Mapped[datetime] = mapped_column(UtcText)
    who: Mapped[str]
