"""Who is signed in: a printed link opens one session, which the store remembers.

Of tokens the store keeps hashes only: who reads it can't sign in with what stands there.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, get_args

from sqlalchemy.orm import Session

from rearm.board.people.launched import Reach, reach_of
from rearm.board.store import audit
from rearm.board.store.database import Database
from rearm.board.store.tables import FIRST_TENANT, SessionRow, StartLink
from rearm.board.store.tenants import tenant_named
from rearm.board.store.utc import now

__all__ = [
    "IDLE",
    "LINK_LIFE",
    "LONGEST",
    "Permission",
    "SignedIn",
    "begin",
    "enter",
    "leave",
    "new_link",
    "session_hash",
    "signed_in",
]

Permission = Literal["read", "edit", "decide"]

LINK_LIFE = timedelta(minutes=15)
IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
_NOTED = timedelta(minutes=1)  # the last use is noted no more often


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A session, which works in one tenant. `form_token` stands in each form; a request with
    another one is refused. `reach`: to what a session is limited that a record system
    opened.
    """

    who: str
    tenant: str
    tenant_name: str
    permissions: frozenset[str]
    form_token: str
    reach: Reach | None = None


def new_link(database: Database, who: str) -> str:
    """The token of a link that opens one session for `who`, within `LINK_LIFE`."""
    token = secrets.token_urlsafe(32)
    with database.writing() as session:
        session.add(StartLink(hash=_hash(token), who=who, made_at=now(), used_at=None))
    return token


def enter(database: Database, token: str) -> str | None:
    """The id of a new session for the cookie; None where the link was used, is too old or is none.

    Whoever uses the folder of this board may do everything in its first tenant.
    """
    with database.writing() as session:
        link = session.get(StartLink, _hash(token))
        if link is None or link.used_at is not None or now() - link.made_at > LINK_LIFE:
            return None
        link.used_at = now()
        raw = begin(session, FIRST_TENANT, link.who, get_args(Permission))
        audit.append(session, link.who, "signed_in")
        return raw


def begin(session: Session, tenant: str, who: str, permissions: Iterable[str]) -> str:
    """The id of a new session for the cookie."""
    raw = secrets.token_urlsafe(32)
    session.add(
        SessionRow(
            hash=session_hash(raw),
            tenant_id=tenant,
            who=who,
            permissions=" ".join(permissions),
            made_at=now(),
            seen_at=now(),
            ended_at=None,
        )
    )
    session.flush()
    return raw


def session_hash(raw: str) -> str:
    """How the store knows a session."""
    return _hash(raw)


def signed_in(database: Database, raw: str) -> SignedIn | None:
    """The session of a cookie; None where it has ended, by its user, idle or too long."""
    with database.reading() as session:
        row = session.get(SessionRow, _hash(raw))
        if row is None or row.ended_at is not None:
            return None
        seen, made, who, permissions = row.seen_at, row.made_at, row.who, row.permissions
        tenant, tenant_name = row.tenant_id, tenant_named(session, row.tenant_id)
        reach = reach_of(session, row.hash)
    moment = now()
    if moment - seen > IDLE or moment - made > LONGEST:
        return None
    if moment - seen > _NOTED:
        with database.writing() as session:
            again = session.get(SessionRow, _hash(raw))
            if again is not None:
                again.seen_at = moment
    return SignedIn(
        who=who,
        tenant=tenant,
        tenant_name=tenant_name,
        permissions=frozenset(permissions.split()),
        form_token=_form_token(raw),
        reach=reach,
    )


def leave(database: Database, raw: str) -> None:
    """Ends a session."""
    with database.writing() as session:
        row = session.get(SessionRow, _hash(raw))
        if row is not None and row.ended_at is None:
            row.ended_at = now()
            audit.append(session, row.who, "signed_out")


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _form_token(raw: str) -> str:
    return hmac.new(raw.encode("utf-8", "surrogatepass"), b"form", hashlib.sha256).hexdigest()
