"""How long patients are kept: those who are followed up and of whom nothing has changed for a
number of days. Off unless a number is set; nothing is erased by itself.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from rearm.board.refusals import NotUsable
from rearm.board.store import audit
from rearm.board.store.tables import Case, SessionRow, Setting, StartLink, Upload
from rearm.board.store.uploads import is_used
from rearm.board.store.utc import now

__all__ = ["LONGEST", "days_kept", "keep_days", "over_due", "purge"]

LONGEST = 36_500
"""Days."""

_SETTING = "retention_days"


def days_kept(session: Session) -> int | None:
    """The number that is set; None where patients are kept without end."""
    found = session.get(Setting, _SETTING)
    return None if found is None else int(found.value)


def keep_days(session: Session, who: str, days: int | None) -> None:
    """Sets the number; None: without end. Raises NotUsable with a sentence."""
    if days is not None and not 1 <= days <= LONGEST:
        raise NotUsable(f"Give the days to keep as a number from 1 to {LONGEST}.")
    session.execute(delete(Setting).where(Setting.name == _SETTING))
    if days is not None:
        session.add(Setting(name=_SETTING, value=str(days)))
    audit.append(session, who, "retention_set", details={"days": days})


def over_due(session: Session, days: int, tenant: str | None = None) -> list[Case]:
    """Patients who are followed up and of whom nothing has changed for so many days, the longest
    first; of one tenant, or of all.
    """
    before = now() - timedelta(days=days)
    due = select(Case).where(Case.state == "followed_up", Case.changed_at < before)
    if tenant is not None:
        due = due.where(Case.tenant_id == tenant)
    return [*session.scalars(due.order_by(Case.changed_at))]


def purge(session: Session, *, links: timedelta, sessions: timedelta) -> None:
    """Removes what nobody needs any more: links that were used or are older than `links`, sessions
    that have ended or are older than `sessions`, and what is told of discarded files.
    """
    moment = now()
    session.execute(
        delete(StartLink).where(
            StartLink.used_at.is_not(None) | (StartLink.made_at < moment - links)
        )
    )
    session.execute(
        delete(SessionRow).where(
            SessionRow.ended_at.is_not(None) | (SessionRow.made_at < moment - sessions)
        )
    )
    for upload in session.scalars(select(Upload).where(Upload.state == "discarded")):
        if not is_used(session, upload.id):
            session.delete(upload)
