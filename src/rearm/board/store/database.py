"""The database of a board, opened so that two writers never meet in the middle."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.exc import DataError, DBAPIError, TimeoutError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from rearm.board.refusals import Busy, Conflict, NotUsable
from rearm.board.store import exchanged as _exchanged  # noqa: F401  its tables are of every board
from rearm.board.store.postgres import Postgres, is_url
from rearm.board.store.sqlite import Sqlite
from rearm.board.store.triggers import drop_triggers, make_triggers, wanted_triggers
from rearm.board.store.ways import writing_way

__all__ = ["Database"]

_MIGRATIONS = Path(__file__).with_name("migrations")


class Database:
    """Transactions on one file, or on the database of a server (`postgresql+psycopg://...`). A
    write begins with a lock: what it read is still so when it writes. A server that does not answer
    is told as Busy.
    """

    def __init__(self, where: Path | str) -> None:
        self.kind: Sqlite | Postgres
        if isinstance(where, str) and is_url(where):
            self.kind = Postgres(where)
        else:
            self.kind = Sqlite(Path(where))
        self.engine = self.kind.engine()
        self._writes = writing_way(self.engine)

    @property
    def told(self) -> str:
        """The database in a sentence, without what opens it."""
        return self.kind.told

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """One state of the store; nothing is written."""
        with self._troubles_told(), Session(self.engine) as session:
            yield session
            session.rollback()

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """All of it is written, or nothing. Raises Busy where another writer does not end."""
        with self._troubles_told(), Session(self._writes) as session, session.begin():
            yield session

    def revision(self) -> str | None:
        """The step up to which the tables are made; None of an empty database."""
        with self._looking() as connection:
            return _revision(connection)

    def bring_up_to_date(self) -> bool:
        """Makes the tables of this version; whether there was anything to do. All of it is done, or
        nothing. Raises NotUsable with a sentence where the database is no board's, or that of a
        newer version.
        """
        try:
            with (
                self._troubles_told(),
                self.kind.changing_tables(self._writes) as connection,
            ):
                self._check(connection, earlier_is_fine=True, empty_is_fine=True)
                older = _revision(connection) != self.newest()
                there = self.kind.triggers(connection)
                if not older and wanted_triggers(self.kind.dialect) <= there:
                    return False
                drop_triggers(connection, there)
                command.upgrade(_config(connection), "head")
                drop_triggers(connection, self.kind.triggers(connection))  # made by older steps
                make_triggers(connection)
                self.kind.mark(connection)
                return older
        except DBAPIError as error:
            raise self._no_board() from error

    def check(self) -> None:
        """Raises NotUsable with a sentence where this version can't read the database."""
        with self._looking() as connection:
            self._check(connection)

    def check_is_board(self) -> None:
        """Raises NotUsable where this is no board, of this version or an earlier one."""
        with self._looking() as connection:
            self._check(connection, earlier_is_fine=True)

    def check_can_be_brought_up(self) -> None:
        """Raises NotUsable where this is neither a board nor an empty database."""
        with self._looking() as connection:
            self._check(connection, earlier_is_fine=True, empty_is_fine=True)

    def newest(self) -> str:
        """The last step of the tables of this version."""
        return str(_steps().get_current_head())

    def forget(self, tables: Iterable[str]) -> bool:
        """Writes the database anew, so that what was deleted of these tables is in none of its
        files. False where another connection keeps that from being done.
        """
        with self._troubles_told():
            return self.kind.forget(self.engine, tables)

    def close_as_one_file(self) -> None:
        """Of SQLite: what was written ahead is put into the file."""
        if isinstance(self.kind, Sqlite):
            self.kind.as_one_file(self.engine)
        self.close()

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def _troubles_told(self) -> Iterator[None]:
        try:
            yield
        except StaleDataError:
            raise Conflict("Somebody else changed the same patient at the same moment.") from None
        except TimeoutError:
            raise Busy("The store is busy. Try again in a moment.") from None
        except DataError:
            raise NotUsable("A text contains a character that can't be kept.") from None
        except DBAPIError as error:
            refusal = self.kind.refusal(error)
            if refusal is None:
                raise
            raise refusal from None

    @contextmanager
    def _looking(self) -> Iterator[Connection]:
        try:
            with self._troubles_told(), self.engine.begin() as connection:
                yield connection
        except DBAPIError as error:
            raise self._no_board() from error

    def _check(
        self, connection: Connection, *, earlier_is_fine: bool = False, empty_is_fine: bool = False
    ) -> None:
        if empty_is_fine and self.kind.is_empty(connection):
            return
        if not self.kind.is_marked(connection):
            raise self._no_board()
        revision = _revision(connection)
        known = {step.revision for step in _steps().walk_revisions()}
        if revision not in known:
            raise NotUsable(
                f"{self.told} was written by a newer version of Rearm. Install that version or a "
                "later one."
            )
        if revision != self.newest() and not earlier_is_fine:
            raise NotUsable(
                f"{self.told} is of an earlier version of Rearm. Run `rearm serve migrate` on it."
            )

    def _no_board(self) -> NotUsable:
        return NotUsable(f"{self.told} is not the database of a board.")


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def _steps() -> ScriptDirectory:
    return ScriptDirectory(str(_MIGRATIONS))
