"""What is asked of the folder of a board from the command line, whether or not the board runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rearm.board.address import host_at, local_user
from rearm.board.people import sessions, tokens
from rearm.board.refusals import NotUsable
from rearm.board.store.audit import Verified, verify
from rearm.board.store.database import Database
from rearm.board.store.folder import BoardFolder, existing_board
from rearm.board.store.tables import FIRST_TENANT

__all__ = ["all_tokens", "end_token", "new_link", "new_token", "verify_audit"]


def new_link(folder: Path) -> str:
    """A further link to the board of a folder. Raises NotUsable where no board ever ran there."""
    with _opened(folder) as (place, database):
        try:
            port = int(place.port.read_text(encoding="ascii"))
        except (OSError, ValueError):
            raise NotUsable(f"No board ran on {folder}. Start it with `rearm serve`.") from None
        token = sessions.new_link(database, local_user())
    return f"http://{host_at(port)}/start/{token}"


def verify_audit(folder: Path, noted_head: str | None) -> Verified:
    """What a look through the audit of a folder finds. Raises NotUsable where there is no board."""
    with _opened(folder) as (_, database), database.reading() as session:
        return verify(session, noted_head)


def new_token(folder: Path, *, name: str, permissions: Iterable[str], days: int) -> str:
    """A token for a program. Raises NotUsable where it can't be made, or there is no board."""
    with _opened(folder) as (_, database):
        return tokens.make_token(
            database, FIRST_TENANT, local_user(), name=name, permissions=permissions, days=days
        )


def end_token(folder: Path, name: str) -> None:
    """Ends a token at once. Raises NotThere where there is none of this name."""
    with _opened(folder) as (_, database):
        tokens.revoke_token(database, local_user(), name)


def all_tokens(folder: Path) -> list[tokens.TokenShown]:
    """The tokens of a board. Raises NotUsable where there is no board."""
    with _opened(folder) as (_, database):
        return tokens.tokens(database)


@contextmanager
def _opened(folder: Path) -> Iterator[tuple[BoardFolder, Database]]:
    place = existing_board(folder)
    database = Database(place.database)
    try:
        database.check()
        yield place, database
    finally:
        database.close()
