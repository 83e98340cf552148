"""How long patients are kept: those who are followed up and of whom nothing has changed for a
number of days. Off unless a number is set; no patient is erased by itself. What was typed or
uploaded and not taken in ends by itself.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from rearm.board.refusals import NotUsable
from rearm.board.store import audit
from rearm.board.store.tables import Case, Draft, SessionRow, Setting, StartLink, Upload
from rearm.board.store.uploads import is_used
from rearm.board.store.utc import now

__all__ = ["LONGEST", "days_kept", "end_waiting", "keep_days", "over_due", "purge"]

LONGEST = 36_500
"""Days."""

_SETTING = "retention_days"
_BY_TIME = "the board"  # nobody did it


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


def end_waiting(session: Session, days: int) -> int:
    """Deletes what was typed or uploaded, not taken in, and not changed for so many days, with an
    entry for each; gives how many there were.
    """
    before, why = now() - timedelta(days=days), {"why": "expired"}
    drafts = [*session.scalars(select(Draft).where(Draft.changed_at < before))]
    for draft in drafts:
        audit.append(session, _BY_TIME, "entry_discarded", draft.case_id or draft.id, why)
        session.delete(draft)
    waits = Upload.state == "read", Upload.at < before
    uploads = [*session.scalars(select(Upload).where(*waits))]
    for upload in uploads:
        upload.state, upload.payload = "discarded", b""
        audit.append(session, _BY_TIME, "upload_discarded", upload.id, why)
    session.flush()
    return len(drafts) + len(uploads)


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
