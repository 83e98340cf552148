"""How often something was tried in vain: by account and by the address of the client.

A try is counted before it is known how it ends, so that many at once count too; one that succeeds
is taken back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from rearm.board.refusals import TooMany
from rearm.board.store.database import Database
from rearm.board.store.tables import Try, new_id
from rearm.board.store.utc import now

__all__ = ["LIMITS", "Limit", "count", "forget"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How many tries within a time. `sentence` tells who tried more; it holds `{minutes}`."""

    most: int
    within: timedelta
    sentence: str


_WAIT = "Wait {minutes} minutes, then try again."

LIMITS: Mapping[str, Limit] = {
    "account": Limit(
        most=5,
        within=timedelta(minutes=15),
        sentence=f"Too many tries to sign in were made under this name. {_WAIT}",
    ),
    "client": Limit(
        most=30,
        within=timedelta(minutes=15),
        sentence=f"Too many tries to sign in came from your address. {_WAIT}",
    ),
    "opening": Limit(
        most=5,
        within=timedelta(minutes=60),
        sentence=f"You asked for too many patients who are not there. {_WAIT}",
    ),
}


def count(database: Database, **keys: str) -> None:
    """Counts a try of each kind. Raises TooMany with a sentence where one is above its limit; then
    none is counted, so that who waits gets in.
    """
    moment = now()
    with database.writing() as session:
        session.execute(delete(Try).where(Try.at < moment - timedelta(days=1)))
        for kind, key in keys.items():
            _check(session, kind, key)
        for kind, key in keys.items():
            session.add(Try(id=new_id(), kind=kind, key=_hash(key), at=moment))


def forget(session: Session, kind: str, key: str) -> None:
    """Takes the tries of somebody back who succeeded."""
    session.execute(delete(Try).where(Try.kind == kind, Try.key == _hash(key)))


def take_back(session: Session, kind: str, key: str) -> None:
    """Takes the last try of somebody back, who succeeded with this one."""
    own = select(Try.id).where(Try.kind == kind, Try.key == _hash(key)).order_by(Try.at.desc())
    session.execute(delete(Try).where(Try.id == own.limit(1).scalar_subquery()))


def _check(session: Session, kind: str, key: str) -> None:
    limit, moment = LIMITS[kind], now()
    recent = Try.kind == kind, Try.key == _hash(key), Try.at > moment - limit.within
    tried = session.scalar(select(func.count()).select_from(Try).where(*recent)) or 0
    if tried < limit.most:
        return
    first = session.scalar(select(func.min(Try.at)).where(*recent)) or moment
    seconds = max(1, ceil((first + limit.within - moment).total_seconds()))
    sentence = limit.sentence.format(minutes=ceil(seconds / 60))
    raise TooMany(sentence, retry_after=seconds)


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
