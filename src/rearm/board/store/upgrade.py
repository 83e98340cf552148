"""The database of a board is brought to the version of this program; of a file a copy is made
first.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from rearm.board.store.database import Database
from rearm.board.store.folder import BoardFolder, write_private
from rearm.board.store.forgetting import forget_if_left

__all__ = ["Upgraded", "upgrade"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgraded:
    """What was done. `before`: the last step of the tables as they were, None of a new database;
    `now`: the last step of this version. `copy`: the database as it was.
    """

    before: str | None
    now: str
    copy: Path | None

    @property
    def changed(self) -> bool:
        return self.before != self.now


def upgrade(folder: BoardFolder, database: Database) -> Upgraded:
    """Brings the tables to this version, whole or not at all. Raises NotUsable with a sentence."""
    database.check_can_be_brought_up()
    before, newest = database.revision(), database.newest()
    copy = None
    if before not in (None, newest) and isinstance(folder.where, Path):
        copy = folder.copy_before(str(before))
        _copied(folder.database, copy)
    database.bring_up_to_date()
    forget_if_left(database)
    return Upgraded(before=before, now=newest, copy=copy)


def _copied(file: Path, copy: Path) -> None:
    copy.unlink(missing_ok=True)  # of a try that did not end
    write_private(copy, b"")
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
