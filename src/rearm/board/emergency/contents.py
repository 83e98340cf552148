"""The form to open a patient in an emergency."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from rearm.board.emergency.contexts import Centre, EmergencyPage
from rearm.board.people.openings import LIFE, LONGEST_REASON
from rearm.board.store.tables import Tenant

__all__ = ["emergency_page"]


def emergency_page(
    session: Session,
    *,
    tenant: str = "",
    patient: str = "",
    reason: str = "",
    refusal: str = "",
) -> EmergencyPage:
    """With what was typed before, and why it did not open a patient."""
    found = session.scalars(select(Tenant).order_by(Tenant.name))
    return EmergencyPage(
        centres=tuple(Centre(id=x.id, name=x.name) for x in found),
        minutes=int(LIFE.total_seconds() / 60),
        longest=LONGEST_REASON,
        tenant=tenant,
        patient=patient[:200],
        reason=reason[:LONGEST_REASON],
        refusal=refusal,
    )
