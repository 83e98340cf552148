"""Why a version of an answer was made, and under which version of the centre's list."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from rearm.board.store import audit
from rearm.board.store.meeting_tables import AnswerCause
from rearm.board.store.tables import Result, new_id
from rearm.board.store.utc import now

__all__ = ["Cause", "cause_of", "note_cause"]

Cause = Literal["data", "recomputed", "follow_up", "overruled"]


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
