"""Users of a board of a test: signed in without the time that a password takes, and a board that is
asked through a proxy.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import select
from tests.support.board import Visitor, new_board

from rearm.board.board import Board
from rearm.board.people import passwords, sessions, users
from rearm.board.settings import Settings
from rearm.board.store.tables import FIRST_TENANT, User

__all__ = ["ORIGIN", "PASSWORD", "PROXY", "add_user", "by_proxy", "member", "public_board"]

ORIGIN = "https://board.example.org"
PROXY = "10.0.0.9"
PASSWORD = "correct horse battery"


def public_board(folder: Path, **more: Any) -> Board:
    """A board for many, behind a proxy."""
    settings = Settings(origin=ORIGIN, trusted_proxies=("10.0.0.0/24",), **more)
    return new_board(folder, settings=settings)


def by_proxy(board: Board, *, peer: str = PROXY, **headers: str) -> Visitor:
    """A browser whose requests come through the proxy of a board."""
    sent = {"x-forwarded-proto": "https", "x-forwarded-for": "203.0.113.7"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    kept = {name: value for name, value in sent.items() if value}
    return Visitor(board, signed_in=False, client=(peer, 5000), headers=kept)


def add_user(
    board: Board, name: str, *roles: str, tenant: str = FIRST_TENANT, password: str = ""
) -> str:
    """A user; gives the id."""
    with board.database.writing() as session:
        user = users.add_user(session, "somebody", name, tenant, roles)
        if password:
            user.password = _kept(password)
        return user.id


@cache
def _kept(password: str) -> str:
    return passwords.hash_of(password)


def member(board: Board, name: str, visitor: Visitor | None = None) -> Visitor:
    """The browser of a user who is signed in already."""
    found = visitor or Visitor(board, signed_in=False)
    with board.database.writing() as session:
        user = session.scalars(select(User).where(User.name == name)).one()
        raw = sessions.begin(session, user, via="password")
    assert raw is not None
    found.client.cookies.set(board.cookie, raw)
    return found
