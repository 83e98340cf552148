"""A board in one SQLite file: for one machine, and without anything to install."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError

from rearm.board.refusals import Busy, NotUsable, Refusal
from rearm.board.store.ways import PATIENCE, way_of

__all__ = ["Sqlite"]

_MAGIC = 0x52454152  # `REAR`: tells the database of a board from another
_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    "secure_delete = ON",
    "temp_store = MEMORY",  # no patient in a temporary file
    "trusted_schema = OFF",
)
_HELD = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


class Sqlite:
    """A write begins with the lock of the file (`BEGIN IMMEDIATE`)."""

    dialect = "sqlite"

    def __init__(self, file: Path) -> None:
        self.file, self.told = file, str(file)

    def engine(self) -> Engine:
        engine = create_engine(
            f"sqlite:///{self.file}",
            connect_args={"timeout": PATIENCE, "check_same_thread": False},
            pool_timeout=PATIENCE,
        )
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
        return engine

    @contextmanager
    def changing_tables(self, engine: Engine) -> Iterator[Connection]:
        """SQLite changes a table by making it anew, so references are looked at when all is done;
        within a transaction that can't be switched.
        """
        with engine.connect() as connection:
            raw = _raw(connection)
            raw.execute("PRAGMA foreign_keys = OFF")
            try:
                with connection.begin():
                    yield connection
                    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
                    if broken is not None:
                        raise NotUsable(
                            f"{self.told} contains rows of {broken[0]} that refer to what is not "
                            "there. It stays as it was; bring back a backup."
                        )
            finally:
                raw.execute("PRAGMA foreign_keys = ON")

    def is_empty(self, connection: Connection) -> bool:
        found: int = connection.exec_driver_sql("SELECT COUNT(*) FROM sqlite_master").scalar_one()
        return found == 0

    def is_marked(self, connection: Connection) -> bool:
        found: int = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
        return found == _MAGIC

    def mark(self, connection: Connection) -> None:
        connection.exec_driver_sql(f"PRAGMA application_id = {_MAGIC}")

    def triggers(self, connection: Connection) -> frozenset[tuple[str, str]]:
        """The table and the name of each."""
        found = connection.exec_driver_sql(
            "SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger'"
        )
        return frozenset((row[0], row[1]) for row in found)

    def refusal(self, error: DBAPIError) -> Refusal | None:
        """What a fault of the database means to whoever waits; None where it is one of ours."""
        code = getattr(error.orig, "sqlite_errorcode", None)
        kind = None if code is None else code & 0xFF
        if kind in _HELD:
            return Busy("The store is busy. Try again in a moment.")
        if kind == sqlite3.SQLITE_FULL:
            return Busy("The disk is full. Nothing was kept; make room, then try again.")
        if kind in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
            return Busy(f"{self.told} can't be read or written at this moment. Look at the disk.")
        return None

    def forget(self, engine: Engine, _: Iterable[str]) -> bool:
        """Writes the file anew without what was deleted, and empties what was written ahead of it.
        False where another connection keeps that from being done.
        """
        with engine.connect() as connection:
            raw = _raw(connection)
            try:
                raw.execute("VACUUM")
                row = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            except sqlite3.OperationalError:
                return False
        return bool(row[0] == 0)

    def as_one_file(self, engine: Engine) -> None:
        """Nothing stays beside the file, which then can be carried elsewhere."""
        with engine.connect() as connection:
            _raw(connection).execute("PRAGMA journal_mode = DELETE")


def _raw(connection: Connection) -> sqlite3.Connection:
    found = connection.connection.dbapi_connection
    assert isinstance(found, sqlite3.Connection)
    return found


def _prepare(connection: sqlite3.Connection, _: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy says when a transaction begins
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if way_of(connection) == "writes" else "BEGIN")
