"""Whose a patient or an upload is."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from rearm.board.refusals import NotThere
from rearm.board.store.tables import Case, Draft, Tenant, Upload

__all__ = ["OWNED", "check_owner", "tenant_named"]

OWNED: Mapping[str, type[Case] | type[Upload] | type[Draft]] = {
    "case": Case,
    "upload": Upload,
    "draft": Draft,
}
"""The parts of an address that name something of a tenant, with the table in which it stands."""

_NOT_THERE = {
    "case": "There is no such patient on this board.",
    "upload": "There is no such upload.",
    "draft": "There is no such draft of yours.",
}


def check_owner(session: Session, tenant: str, part: str, row_id: str) -> None:
    """Raises NotThere where what a part of an address names is not there, or is of another tenant:
    in the same words, so that nobody learns of whom other tenants know.
    """
    table = OWNED[part]
    owner = session.scalar(select(table.tenant_id).where(table.id == row_id))
    if owner is None or owner != tenant:
        raise NotThere(_NOT_THERE[part])


def tenant_named(session: Session, tenant: str) -> str:
    """Its name, as pages show it."""
    return session.get_one(Tenant, tenant).name
