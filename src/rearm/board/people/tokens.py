"""Tokens of programs that use the API: made on the command line, shown once, kept as a hash."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import get_args

from sqlalchemy import select

from rearm.board.people.sessions import Permission
from rearm.board.refusals import NotThere, NotUsable
from rearm.board.store import audit
from rearm.board.store.database import Database
from rearm.board.store.tables import ApiToken
from rearm.board.store.utc import now

__all__ = [
    "LONGEST_DAYS",
    "Program",
    "TokenShown",
    "make_token",
    "program_of",
    "revoke_token",
    "tokens",
]

LONGEST_DAYS = 366
_PREFIX = "rearm_"  # by which a token that lies somewhere is known for what it is
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
_NOTED = timedelta(minutes=1)  # the last use is noted no more often


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program that shows its token. `who`: how the audit names it; `tenant`: in which it works;
    `key`: stands for the token, and is none.
    """

    who: str
    tenant: str
    permissions: frozenset[str]
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenShown:
    """A token as a list shows it; it works in one tenant."""

    name: str
    tenant: str
    who: str
    permissions: tuple[str, ...]
    made_at: datetime
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None


def make_token(
    database: Database,
    tenant: str,
    who: str,
    *,
    name: str,
    permissions: Iterable[str],
    days: int,
) -> str:
    """A new token for a program of this tenant, which is told this once. `who` makes it. Raises
    NotUsable with a sentence.
    """
    asked = tuple(dict.fromkeys(permissions))
    known = get_args(Permission)
    if not _NAME.fullmatch(name):
        raise NotUsable(
            f"{name!a} is no name for a token. Use up to 60 letters, digits, points, hyphens and "
            "underscores."
        )
    if not asked or not set(asked) <= set(known):
        raise NotUsable(f"Name what the token may do: {', '.join(known)}.")
    if not 1 <= days <= LONGEST_DAYS:
        raise NotUsable(f"A token is valid for 1 to {LONGEST_DAYS} days.")
    raw = _PREFIX + secrets.token_urlsafe(32)
    with database.writing() as session:
        same = select(ApiToken).where(ApiToken.name == name, ApiToken.revoked_at.is_(None))
        if session.scalar(same) is not None:
            raise NotUsable(f"There is a token {name}. Revoke it first, or use another name.")
        row = ApiToken(
            hash=_hash(raw),
            tenant_id=tenant,
            name=name,
            who=who,
            permissions=" ".join(asked),
            made_at=now(),
            expires_at=now() + timedelta(days=days),
            used_at=None,
            revoked_at=None,
        )
        session.add(row)
        details = {"name": name, "permissions": list(asked), "days": days}
        audit.append(session, who, "token_made", name, details)
    return raw


def revoke_token(database: Database, who: str, name: str) -> None:
    """Ends a token at once. Raises NotThere where there is none of this name."""
    with database.writing() as session:
        same = select(ApiToken).where(ApiToken.name == name, ApiToken.revoked_at.is_(None))
        row = session.scalar(same)
        if row is None:
            raise NotThere(f"There is no token {name!a} that could be used.")
        row.revoked_at = now()
        audit.append(session, who, "token_revoked", name)


def tokens(database: Database) -> list[TokenShown]:
    """All tokens, the newest first."""
    with database.reading() as session:
        rows = session.scalars(select(ApiToken).order_by(ApiToken.made_at.desc()))
        return [
            TokenShown(
                name=x.name,
                tenant=x.tenant_id,
                who=x.who,
                permissions=tuple(x.permissions.split()),
                made_at=x.made_at,
                expires_at=x.expires_at,
                used_at=x.used_at,
                revoked_at=x.revoked_at,
            )
            for x in rows
        ]


def program_of(database: Database, raw: str) -> Program | None:
    """Who shows this token; None where it is none, is revoked or too old."""
    key = _hash(raw)
    moment = now()
    with database.reading() as session:
        row = session.get(ApiToken, key)
        if row is None or row.revoked_at is not None or moment >= row.expires_at:
            return None
        name, permissions, used = row.name, row.permissions, row.used_at
        tenant = row.tenant_id
    if used is None or moment - used > _NOTED:
        with database.writing() as session:
            again = session.get(ApiToken, key)
            if again is not None:
                again.used_at = moment
    may = frozenset(permissions.split())
    return Program(who=f"program {name}", tenant=tenant, permissions=may, key=key)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
