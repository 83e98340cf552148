"""What is asked of the folder of a board from the command line, whether or not the board runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rearm.board.address import host_at, local_user
from rearm.board.people import sessions
from rearm.board.refusals import NotUsable
from rearm.board.store import audit
from rearm.board.store.audit import Verified, verify
from rearm.board.store.database import Database
from rearm.board.store.folder import BoardFolder, existing_board
from rearm.board.store.registry import registry_tables
from rearm.report.worklist.spreadsheets import write_csv_files

__all__ = ["export_registry", "new_link", "verify_audit"]


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


def export_registry(folder: Path, to: Path) -> tuple[int, tuple[Path, ...]]:
    """Writes the newest records of all decided patients as tidy tables into an empty folder; gives
    the number of patients and the files. Raises NotUsable with a sentence.
    """
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise NotUsable(f"{to} is not an empty folder. Name one that is empty or not there yet.")
    with _opened(folder) as (_, database):
        with database.writing() as session:
            found = registry_tables(session)
            details = {"patients": len(found.cases), "cases": list(found.cases)}
            audit.append(session, local_user(), "registry_exported", "", details)
        if not found.cases:
            raise NotUsable(
                "Nothing is decided for any patient of this board (invented ones do not count), so "
                "there is nothing to export."
            )
        to.mkdir(parents=True, exist_ok=True)
        to.chmod(0o700)  # patients: for their owner only
        return len(found.cases), tuple(write_csv_files(to, found.tables))


@contextmanager
def _opened(folder: Path) -> Iterator[tuple[BoardFolder, Database]]:
    place = existing_board(folder)
    database = Database(place.database)
    try:
        database.check()
        yield place, database
    finally:
        database.close()
