"""The tables of meetings, follow-up, the centre's list and the causes of new answers."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from rearm.board.store.tables import Base, Salted
from rearm.board.store.utc import UtcText

__all__ = ["AnswerCause", "Centre", "FollowUp", "Meeting", "MeetingDecision"]


class Meeting(Base):
    """Who takes part on a day. `version` grows with every change: who saves must have seen it."""

    __tablename__ = "meetings"

    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    day: Mapped[str] = mapped_column(primary_key=True)
    participants: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column()
    changed_at: Mapped[datetime] = mapped_column(UtcText)
    changed_by: Mapped[str]

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class MeetingDecision(Base):
    """A decision that was recorded in a meeting; `number` is that of the decision."""

    __tablename__ = "meeting_decisions"
    __table_args__ = (UniqueConstraint("case_id", "number", name="meeting_decision_version"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"))
    number: Mapped[int]
    decision_id: Mapped[str] = mapped_column(ForeignKey("decisions.id"))
    day: Mapped[str]
    at: Mapped[datetime] = mapped_column(UtcText)
    who: Mapped[str]


class AnswerCause(Base):
    """Why a version of the answer was made, and under which version of the centre's list (0: none);
    `number` is that of the answer. `cause`: `data`, `recomputed`, `follow_up`.
    """

    __tablename__ = "answer_causes"
    __table_args__ = (UniqueConstraint("case_id", "number", name="answer_cause_version"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"))
    number: Mapped[int]
    result_id: Mapped[str] = mapped_column(ForeignKey("results.id"))
    cause: Mapped[str]
    centre_number: Mapped[int]
    at: Mapped[datetime] = mapped_column(UtcText)
    who: Mapped[str]


class Centre(Base):
    """One version of what the centre of a tenant has, as JSON."""

    __tablename__ = "centres"
    __table_args__ = (UniqueConstraint("tenant_id", "number", name="centre_version"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    number: Mapped[int]
    content: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcText)
    who: Mapped[str]


class FollowUp(Salted, Base):
    """What became of a decision. `done`: `yes`, `partly`, `no` or `unknown`; `given` is an option
    of the knowledge, `given_text` what else was given. Days are dates; empty where not known.
    """

    __tablename__ = "follow_ups"
    __table_args__ = (UniqueConstraint("case_id", "number", name="follow_up_version"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"))
    number: Mapped[int]
    decision_id: Mapped[str] = mapped_column(ForeignKey("decisions.id"))
    done: Mapped[str]
    why_not: Mapped[str] = mapped_column(Text)
    given: Mapped[str]
    given_text: Mapped[str] = mapped_column(Text)
    started: Mapped[str]
    ended: Mapped[str]
    best_response: Mapped[str]
    response_day: Mapped[str]
    progressed: Mapped[str]
    progression_day: Mapped[str]
    died: Mapped[str]
    death_day: Mapped[str]
    next_look: Mapped[str]
    note: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcText)
    who: Mapped[str]
