"""The form to open a patient by break-glass."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from rearm.board.break_glass.contexts import BreakGlassPage, Centre
from rearm.board.people.openings import LIFE, LONGEST_REASON
from rearm.board.store.tables import Tenant

__all__ = ["break_glass_page"]


def break_glass_page(
    session: Session,
    *,
    tenant: str = "",
    patient: str = "",
    reason: str = "",
    refusal: str = "",
) -> BreakGlassPage:
    """With what was typed before, and why it did not open a patient."""
    found = session.scalars(select(Tenant).order_by(Tenant.name))
    return BreakGlassPage(
        centres=tuple(Centre(id=x.id, name=x.name) for x in found),
        minutes=int(LIFE.total_seconds() / 60),
        longest=LONGEST_REASON,
        tenant=tenant,
        patient=patient[:200],
        reason=reason[:LONGEST_REASON],
        refusal=refusal,
    )
