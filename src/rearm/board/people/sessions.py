"""Who is signed in: a session that the store remembers, working in one tenant.

Of tokens the store keeps hashes only: who reads it can't sign in with what stands there.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, true, update
from sqlalchemy.orm import Session

from rearm.board.people.launched import Reach, reach_of
from rearm.board.people.roles import ALL, Permission, allowed
from rearm.board.refusals import NotAllowed
from rearm.board.store import audit
from rearm.board.store.database import Database
from rearm.board.store.tables import (
    FIRST_TENANT,
    Membership,
    SessionRow,
    StartLink,
    Tenant,
    User,
)
from rearm.board.store.tenants import tenant_named
from rearm.board.store.utc import now

__all__ = [
    "IDLE",
    "LINK_LIFE",
    "LONGEST",
    "Permission",
    "SignedIn",
    "begin",
    "begin_launched",
    "change_tenant",
    "end_all",
    "enter",
    "form_token_of",
    "hash_of",
    "leave",
    "new_link",
    "roles_of",
    "signed_in",
]

LINK_LIFE = timedelta(minutes=15)
IDLE = timedelta(minutes=30)
"""On this machine alone; a configured board says its own limit."""
LONGEST = timedelta(hours=12)
_BY_LAUNCH = "launch"
_NOTED = timedelta(minutes=1)  # the last use is noted no more often


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A session, which works in one tenant. `user` is the id of the user, empty for that of a
    printed link; `tenants` are the others in which the user has a role, by id and name; `clinical`:
    whether the user may read of patients in any tenant. `form_token` stands in each form; a request
    with another one is refused. `reach`: to what a session is limited that a record system opened.
    """

    who: str
    tenant: str
    tenant_name: str
    permissions: frozenset[str]
    form_token: str
    user: str = ""
    tenants: tuple[tuple[str, str], ...] = ()
    clinical: bool = False
    via: str = "link"
    reach: Reach | None = None


def new_link(database: Database, who: str) -> str:
    """The token of a link that opens one session for `who`, within `LINK_LIFE`."""
    token = secrets.token_urlsafe(32)
    with database.writing() as session:
        session.add(StartLink(hash=hash_of(token), who=who, made_at=now(), used_at=None))
    return token


def enter(database: Database, token: str) -> str | None:
    """The id of a new session for the cookie; None where the link was used, is too old or is none.

    Whoever uses the folder of this board may do everything in its first tenant.
    """
    with database.writing() as session:
        link = session.get(StartLink, hash_of(token))
        if link is None or link.used_at is not None or now() - link.made_at > LINK_LIFE:
            return None
        link.used_at = now()
        audit.append(session, link.who, "signed_in", details={"via": "link"})
        return _add(
            session, who=link.who, user=None, tenant=FIRST_TENANT, permissions=ALL, via="link"
        )


def begin(
    session: Session, user: User, *, via: str, before: str = "", tenant: str = ""
) -> str | None:
    """The id of a new session of a user, in the tenant that is named or else the first in which
    the user has a role; None where the user has none. The session that the browser had `before`
    ends: an id that somebody else put there leads nowhere.
    """
    roles = roles_of(session, user.id)
    chosen = tenant or next(iter(sorted(roles, key=lambda x: (x != FIRST_TENANT, x))), "")
    if user.disabled_at is not None or chosen not in roles:
        return None
    _end(session, before)
    return _add(
        session,
        who=user.name,
        user=user.id,
        tenant=chosen,
        permissions=allowed(roles[chosen]),
        via=via,
    )


def begin_launched(session: Session, tenant: str, who: str, permissions: Iterable[str]) -> str:
    """The id of a new session that a record system opens for somebody who is no user here."""
    return _add(session, who=who, user=None, tenant=tenant, permissions=permissions, via=_BY_LAUNCH)


def signed_in(
    database: Database,
    raw: str,
    *,
    idle: timedelta | None = None,
    longest: timedelta | None = None,
) -> SignedIn | None:
    """The session of a cookie; None where it has ended, by its user, idle or too long."""
    with database.reading() as session:
        row = session.get(SessionRow, hash_of(raw))
        if row is None or row.ended_at is not None:
            return None
        seen, made = row.seen_at, row.made_at
        reach = reach_of(session, row.hash)
        if row.via == _BY_LAUNCH and reach is None:  # what it was limited to is gone
            return None
        roles = {} if row.user_id is None else roles_of(session, row.user_id)
        found = SignedIn(
            who=row.who,
            tenant=row.tenant_id,
            tenant_name=tenant_named(session, row.tenant_id),
            permissions=frozenset(row.permissions.split()),
            form_token=form_token_of(raw),
            user=row.user_id or "",
            tenants=_named(session, set(roles) - {row.tenant_id}),
            clinical=any("read" in allowed(x) for x in roles.values()),
            via=row.via,
            reach=reach,
        )
    moment = now()
    if moment - seen > (idle or IDLE) or moment - made > (longest or LONGEST):
        return None
    if moment - seen > _NOTED:
        with database.writing() as session:
            again = session.get(SessionRow, hash_of(raw))
            if again is not None:
                again.seen_at = moment
    return found


def roles_of(session: Session, user: str) -> dict[str, frozenset[str]]:
    """The roles of a user by tenant."""
    found: dict[str, set[str]] = {}
    for row in session.scalars(select(Membership).where(Membership.user_id == user)):
        found.setdefault(row.tenant_id, set()).add(row.role)
    return {tenant: frozenset(roles) for tenant, roles in found.items()}


def change_tenant(database: Database, raw: str, tenant: str) -> str:
    """The id of a new session in another tenant of the same user; the one of before ends. Raises
    NotAllowed where the user has no role there.
    """
    with database.writing() as session:
        row = session.get(SessionRow, hash_of(raw))
        user = None if row is None or row.user_id is None else session.get(User, row.user_id)
        made = None
        if row is not None and user is not None:
            made = begin(session, user, via=row.via, before=raw, tenant=tenant)
        if row is None or user is None or made is None:
            raise NotAllowed("You have no role there. Ask the administrator of that centre.")
        audit.append(session, user.name, "tenant_changed", tenant)
        # the time since the sign-in goes on
        session.execute(
            update(SessionRow).where(SessionRow.hash == hash_of(made)).values(made_at=row.made_at)
        )
        return made


def leave(database: Database, raw: str) -> None:
    """Ends a session."""
    with database.writing() as session:
        row = session.get(SessionRow, hash_of(raw))
        if row is not None and row.ended_at is None:
            row.ended_at = now()
            audit.append(session, row.who, "signed_out")


def end_all(session: Session, user: str, tenant: str = "") -> None:
    """Ends every session of a user, in all tenants or one, whose rights are no longer those with
    which it began.
    """
    session.execute(
        update(SessionRow)
        .where(SessionRow.user_id == user, SessionRow.ended_at.is_(None))
        .where(SessionRow.tenant_id == tenant if tenant else true())
        .values(ended_at=now())
    )


def hash_of(token: str) -> str:
    """What the store keeps of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def form_token_of(raw: str) -> str:
    """What forms of the holder of a cookie bear."""
    return hmac.new(raw.encode("utf-8", "surrogatepass"), b"form", hashlib.sha256).hexdigest()


def _add(
    session: Session,
    *,
    who: str,
    user: str | None,
    tenant: str,
    permissions: Iterable[str],
    via: str,
) -> str:
    raw = secrets.token_urlsafe(32)
    session.add(
        SessionRow(
            hash=hash_of(raw),
            tenant_id=tenant,
            user_id=user,
            via=via,
            who=who,
            permissions=" ".join(sorted(permissions)),
            made_at=now(),
            seen_at=now(),
            ended_at=None,
        )
    )
    session.flush()
    return raw


def _end(session: Session, raw: str) -> None:
    row = session.get(SessionRow, hash_of(raw)) if raw else None
    if row is not None and row.ended_at is None:
        row.ended_at = now()


def _named(session: Session, tenants: set[str]) -> tuple[tuple[str, str], ...]:
    if not tenants:
        return ()
    found = session.scalars(select(Tenant).where(Tenant.id.in_(tenants)).order_by(Tenant.name))
    return tuple((x.id, x.name) for x in found)
