"""What is asked of the folder of a board from the command line, whether or not the board runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rearm.board.address import host_at, local_user
from rearm.board.people import sessions, users
from rearm.board.refusals import NotUsable
from rearm.board.store.audit import Verified, verify
from rearm.board.store.database import Database
from rearm.board.store.folder import BoardFolder, existing_board

__all__ = [
    "ListedUser",
    "add_user",
    "disable_user",
    "give_roles",
    "new_link",
    "new_password_link",
    "users_listed",
    "verify_audit",
]


def new_link(folder: Path) -> str:
    """A further link to the board of a folder. Raises NotUsable where no board ever ran there."""
    with _opened(folder) as (place, database):
        home = _here(place)
        return f"{home}/start/{sessions.new_link(database, local_user())}"


def verify_audit(folder: Path, noted_head: str | None) -> Verified:
    """What a look through the audit of a folder finds. Raises NotUsable where there is no board."""
    with _opened(folder) as (_, database), database.reading() as session:
        return verify(session, noted_head)


def add_user(folder: Path, name: str, tenant: str, roles: list[str], origin: str) -> str:
    """A further user with roles; gives the link with which the user sets a password. `origin`: the
    address of the board, empty for this machine. Raises NotUsable and NotThere with a sentence.
    """
    with _opened(folder) as (place, database), database.writing() as session:
        user = users.add_user(session, local_user(), name, tenant, roles)
        token = users.new_password_link(session, local_user(), user)
        return f"{origin or _here(place)}/password/{token}"


def new_password_link(folder: Path, name: str, origin: str) -> str:
    """A further link for a user; an earlier one ends."""
    with _opened(folder) as (place, database), database.writing() as session:
        user = users.user_named(session, name)
        token = users.new_password_link(session, local_user(), user)
        return f"{origin or _here(place)}/password/{token}"


def give_roles(folder: Path, name: str, tenant: str, roles: list[str]) -> None:
    """These roles in a tenant and no others there; the sessions of the user end."""
    with _opened(folder) as (_, database), database.writing() as session:
        user = users.user_named(session, name)
        users.give_roles(session, local_user(), user, tenant, roles)


def disable_user(folder: Path, name: str, *, disabled: bool) -> None:
    """A disabled user can't sign in; sessions and links end at once."""
    with _opened(folder) as (_, database), database.writing() as session:
        user = users.user_named(session, name)
        users.set_disabled(session, local_user(), user, disabled=disabled)


def users_listed(folder: Path) -> list[ListedUser]:
    """Every user with the roles by tenant."""
    with _opened(folder) as (_, database), database.reading() as session:
        return [
            ListedUser(
                name=user.name,
                roles={k: sorted(v) for k, v in sessions.roles_of(session, user.id).items()},
                disabled=user.disabled_at is not None,
                provider=user.subject is not None,
            )
            for user in users.all_users(session)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedUser:
    """A user as the command line lists them. `provider`: signs in there and has no password."""

    name: str
    roles: dict[str, list[str]]
    disabled: bool
    provider: bool


def _here(place: BoardFolder) -> str:
    try:
        return f"http://{host_at(int(place.port.read_text(encoding='ascii')))}"
    except (OSError, ValueError):
        raise NotUsable(f"No board ran on {place.path}. Start it with `rearm serve`.") from None


@contextmanager
def _opened(folder: Path) -> Iterator[tuple[BoardFolder, Database]]:
    place = existing_board(folder)
    database = Database(place.database)
    try:
        database.check()
        yield place, database
    finally:
        database.close()
