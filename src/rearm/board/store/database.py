"""The database of a board: SQLite, opened so that two writers never meet in the middle."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, event
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.orm import Session

from rearm.board.refusals import Busy, NotUsable

__all__ = ["Database"]

_MAGIC = 0x52454152  # `REAR`: tells the database of a board from another
_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    "secure_delete = ON",
    "temp_store = MEMORY",  # no patient in a temporary file
    "trusted_schema = OFF",
)
_PATIENCE = 10.0  # seconds that a writer waits for another


class Database:
    """Transactions on one file. A write begins with the lock (`BEGIN IMMEDIATE`): what it read is
    still so when it writes.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.engine = create_engine(
            f"sqlite:///{file}", connect_args={"timeout": _PATIENCE, "check_same_thread": False}
        )
        event.listen(self.engine, "connect", _prepare)
        event.listen(self.engine, "begin", _begin)
        self._writes = self.engine.execution_options(rearm_writes=True)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """One state of the store; nothing is written."""
        with Session(self.engine) as session:
            yield session
            session.rollback()

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """All of it is written, or nothing. Raises Busy where another writer does not end."""
        try:
            with Session(self._writes) as session, session.begin():
                yield session
        except OperationalError as error:
            if _is_locked(error):
                raise Busy("The store is busy. Try again in a moment.") from None
            raise

    def bring_up_to_date(self) -> None:
        """Makes the tables of this version. Raises NotUsable with a sentence where the file is no
        database of a board, or that of a newer version.
        """
        try:
            with self._writes.begin() as connection:
                self._check(connection, new_is_fine=True)
                command.upgrade(_config(connection), "head")
                connection.exec_driver_sql(f"PRAGMA application_id = {_MAGIC}")
        except OperationalError as error:
            if _is_locked(error):
                raise Busy(f"{self.file} is held by another program. Try again.") from None
            raise
        except DatabaseError as error:
            raise self._no_board() from error

    def check(self) -> None:
        """Raises NotUsable with a sentence where this version can't read the database."""
        try:
            with self.engine.begin() as connection:
                self._check(connection, new_is_fine=False)
        except DatabaseError as error:
            raise self._no_board() from error

    def close(self) -> None:
        self.engine.dispose()

    def _check(self, connection: Connection, *, new_is_fine: bool) -> None:
        magic = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
        tables = connection.exec_driver_sql("SELECT COUNT(*) FROM sqlite_master").scalar_one()
        if tables == 0 and new_is_fine:
            return
        if magic != _MAGIC:
            raise self._no_board()
        revision = MigrationContext.configure(connection).get_current_revision()
        known = {step.revision for step in _steps().walk_revisions()}
        if revision not in known:
            raise NotUsable(
                f"{self.file} was written by a newer version of Rearm. Install that version or a "
                "later one."
            )
        if revision != _steps().get_current_head() and not new_is_fine:
            raise NotUsable(
                f"{self.file} is of an earlier version of Rearm. Run `rearm serve` on it once."
            )

    def _no_board(self) -> NotUsable:
        return NotUsable(
            f"{self.file} is not the database of a board. Name another folder with --folder."
        )


def _prepare(connection: sqlite3.Connection, _: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy says when a transaction begins
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("rearm_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _is_locked(error: OperationalError) -> bool:
    code = getattr(error.orig, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.attributes["connection"] = connection
    return config


def _steps() -> ScriptDirectory:
    return ScriptDirectory(str(Path(__file__).with_name("migrations")))
