"""A patient opened by break-glass: to somebody of another centre, for one reason, for an hour.

It is noted in the audit as what it is, and stands on the page of the patient.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from rearm.board.people.sessions import SignedIn
from rearm.board.refusals import NotThere, NotUsable
from rearm.board.store import audit
from rearm.board.store.tables import Case, Opening, new_id
from rearm.board.store.utc import now
from rearm.characters import first_harmful

__all__ = [
    "LIFE",
    "LONGEST_REASON",
    "SHORTEST_REASON",
    "break_glass",
    "is_open",
    "may_break_glass",
    "openings_of",
    "recent_openings",
    "wanting",
]

LIFE = timedelta(minutes=60)
LONGEST_REASON = 1000
SHORTEST_REASON = 10
"""Characters."""


def may_break_glass(who: SignedIn, *, administrators: bool) -> bool:
    """Who reads of patients somewhere; an administrator only where the board is set up so."""
    return who.clinical or (administrators and "administer" in who.permissions)


def wanting(reason: str) -> str:
    """Why this is no reason, in a sentence; empty where it is one."""
    if len(reason.strip()) < SHORTEST_REASON:
        return "Give the reason in a sentence. It is kept and shown."
    if len(reason) > LONGEST_REASON:
        return f"The reason is longer than {LONGEST_REASON} characters. Shorten it."
    if first_harmful(reason) is not None:
        return "The reason contains a character that is no text. Type it again."
    return ""


def break_glass(session: Session, who: SignedIn, tenant: str, patient: str, reason: str) -> str:
    """Opens one patient, named as the centre names them, for `LIFE`; gives the case. Raises
    NotUsable and NotThere with a sentence.
    """
    if sentence := wanting(reason):
        raise NotUsable(sentence)
    known = Case.tenant_id == tenant, Case.patient_id == patient.strip()
    case = session.scalar(select(Case.id).where(*known))
    if case is None:
        raise NotThere("That centre has no patient of this id on the board. Look at the id again.")
    moment = now()
    opening = Opening(
        id=new_id(),
        case_id=case,
        user_id=who.user,
        who=who.who,
        reason=reason.strip(),
        at=moment,
        until=moment + LIFE,
    )
    session.add(opening)
    session.flush()
    details = {"opening": opening.id, "from": who.tenant, "minutes": int(LIFE.total_seconds() / 60)}
    audit.append(session, who.who, "broke_glass", case, details | {"sealed": audit.seal(opening)})
    return case


def is_open(session: Session, who: SignedIn, case: str) -> bool:
    """Whether the patient is open to this user now."""
    found = session.scalar(
        select(Opening.id)
        .where(
            Opening.case_id == case,
            Opening.user_id == who.user,
            Opening.who == who.who,
            Opening.until > now(),
        )
        .limit(1)
    )
    return found is not None


def openings_of(session: Session, case: str) -> list[Opening]:
    """Who opened this patient by break-glass, the newest first."""
    found = select(Opening).where(Opening.case_id == case).order_by(Opening.at.desc())
    return [*session.scalars(found)]


def recent_openings(session: Session, tenant: str, most: int) -> list[tuple[Opening, Case]]:
    """Of the patients of a tenant, the newest first."""
    found = (
        select(Opening, Case)
        .join(Case, Case.id == Opening.case_id)
        .where(Case.tenant_id == tenant)
        .order_by(Opening.at.desc())
        .limit(most)
    )
    return [(row[0], row[1]) for row in session.execute(found)]
