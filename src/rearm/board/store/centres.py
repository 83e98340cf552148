"""What the centre has: every version is kept, and each answer knows which one it read."""

from __future__ import annotations

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from rearm.assessment.result import Here
from rearm.board.child.reading import CentreGiven
from rearm.board.refusals import Conflict
from rearm.board.store import audit
from rearm.board.store.meeting_tables import AnswerCause, Centre
from rearm.board.store.tables import Case, Result, new_id
from rearm.board.store.utc import now

__all__ = [
    "CentreList",
    "Contact",
    "OptionHere",
    "TrialOpen",
    "centre_given",
    "centre_list",
    "centres",
    "is_of_the_list",
    "save_centre",
]


class OptionHere(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the centre has an option, with a remark."""

    here: Here
    note: str = ""


class TrialOpen(msgspec.Struct, frozen=True, kw_only=True):
    """A trial that is open at the centre; `number` is that of its registry."""

    name: str
    number: str = ""
    target: str = ""
    slots: str = ""
    contact: str = ""
    note: str = ""


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """Whom to ask, and how."""

    role: str
    name: str = ""
    reach: str = ""


class CentreList(msgspec.Struct, frozen=True, kw_only=True):
    """What a centre has. Of an option that is not named nothing is known."""

    name: str = ""
    region: str = ""
    options: dict[str, OptionHere] = {}
    trials: tuple[TrialOpen, ...] = ()
    contacts: tuple[Contact, ...] = ()


def centres(session: Session, tenant: str) -> list[Centre]:
    """All versions of a tenant, the newest first."""
    of_tenant = select(Centre).where(Centre.tenant_id == tenant)
    return [*session.scalars(of_tenant.order_by(Centre.number.desc()))]


def centre_list(row: Centre | None) -> CentreList:
    """What a version says; nothing where there is none."""
    return CentreList() if row is None else msgspec.json.decode(row.content, type=CentreList)


def centre_given(session: Session, tenant: str, number: int | None = None) -> CentreGiven | None:
    """What an answer reads of a version, without `number` of the newest; None where there is
    none.
    """
    row = next((x for x in centres(session, tenant) if number is None or x.number == number), None)
    if row is None:
        return None
    found = centre_list(row)
    return CentreGiven(
        number=row.number,
        region=found.region,
        options={name: x.here for name, x in found.options.items()},
        notes={name: x.note for name, x in found.options.items() if x.note},
    )


def is_of_the_list(session: Session, result: Result) -> bool:
    """Whether an answer knows what decides it of the newest version: region and options."""
    tenant = session.get_one(Case, result.case_id).tenant_id
    versions = centres(session, tenant)
    if not versions:
        return True
    newest = versions[0]
    cause = session.scalar(select(AnswerCause).where(AnswerCause.result_id == result.id))
    number = 0 if cause is None else cause.centre_number
    if number == newest.number:
        return True
    known = next((x for x in versions if x.number == number), None)
    before, after = centre_list(known), centre_list(newest)
    return (before.region, before.options) == (after.region, after.options)


def save_centre(session: Session, tenant: str, seen: int, who: str, content: CentreList) -> Centre:
    """Keeps a further version. `seen`: the number of the version as it was shown, 0 for none.
    Raises Conflict where there is a newer one.
    """
    newest = next(iter(centres(session, tenant)), None)
    number = 0 if newest is None else newest.number
    if newest is not None and number != seen:
        raise Conflict(f"{newest.who} changed the centre's list after you opened the page.")
    row = Centre(
        id=new_id(),
        tenant_id=tenant,
        number=number + 1,
        content=msgspec.json.encode(content).decode(),
        at=now(),
        who=who,
    )
    session.add(row)
    session.flush()
    audit.append(
        session, who, "centre_changed", "", {"version": row.number, "sealed": audit.seal(row)}
    )
    return row
