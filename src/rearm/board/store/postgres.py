"""A board in a PostgreSQL database: for many users, and several programs on one store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError

from rearm.board.refusals import Busy, NotUsable, Refusal
from rearm.board.store.ways import PATIENCE, way_of

__all__ = ["Postgres", "is_url", "without_password"]

_LOCK = 0x52454152  # `REAR`: who writes to a board holds this lock of the database
_MARK = "rearm-board"
_OPTIONS = (
    f"-c lock_timeout={PATIENCE * 1000:.0f} -c idle_in_transaction_session_timeout=60000 "
    "-c timezone=UTC"
)
_DRIVER = "postgresql+psycopg"


def is_url(text: str) -> bool:
    """Whether a text names a server rather than a file."""
    return "://" in text


def without_password(url: str) -> str:
    """The address as it may be kept and told. Raises NotUsable where it is none."""
    plain = _url(url)._replace(password=None)  # `set` takes None for "as it is"
    return plain.difference_update_query(["password"]).render_as_string(hide_password=False)


class Postgres:
    """A write begins with a lock that all programs on this database share, so that what it read is
    still so when it writes; as with SQLite.
    """

    dialect = "postgresql"

    def __init__(self, url: str) -> None:
        self._url = _url(url)
        self.told = f"The PostgreSQL database {self._url.database or 'of this user'}"

    def engine(self) -> Engine:
        if find_spec("psycopg") is None:
            raise NotUsable(
                "PostgreSQL needs the extra `web-postgres` of Rearm. Install it: "
                "pip install 'rearm[web,web-postgres]'."
            )
        engine = create_engine(
            self._url,
            connect_args={"connect_timeout": 5, "options": _OPTIONS},
            pool_pre_ping=True,  # a server that was restarted costs no request
            pool_timeout=PATIENCE,
            hide_parameters=True,  # no patient in the text of an error
        )
        event.listen(engine, "begin", _begin)
        return engine

    @contextmanager
    def changing_tables(self, engine: Engine) -> Iterator[Connection]:
        with engine.begin() as connection:
            yield connection

    def is_empty(self, connection: Connection) -> bool:
        found: int = connection.exec_driver_sql(
            "SELECT COUNT(*) FROM pg_catalog.pg_tables WHERE schemaname = current_schema()"
        ).scalar_one()
        return found == 0

    def is_marked(self, connection: Connection) -> bool:
        found = connection.exec_driver_sql(
            "SELECT obj_description(to_regclass('alembic_version'), 'pg_class')"
        ).scalar_one()
        return bool(found == _MARK)

    def mark(self, connection: Connection) -> None:
        connection.exec_driver_sql(f"COMMENT ON TABLE alembic_version IS '{_MARK}'")

    def triggers(self, connection: Connection) -> frozenset[tuple[str, str]]:
        """The table and the name of each."""
        found = connection.exec_driver_sql(
            "SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
            "JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' AND n.nspname = current_schema()"
        )
        return frozenset((row[0], row[1]) for row in found)

    def refusal(self, error: DBAPIError) -> Refusal | None:
        """What a fault of the database means to whoever waits; None where it is one of ours."""
        if getattr(error.orig, "sqlstate", None) == "55P03":  # the lock was not given in time
            return Busy("The store is busy. Try again in a moment.")
        if error.connection_invalidated or isinstance(error, OperationalError | InterfaceError):
            return Busy(
                f"{self.told} can't be reached at this moment, or refuses this program. Try again "
                "in a moment."
            )
        return None

    def forget(self, engine: Engine, tables: Iterable[str]) -> bool:
        """Writes the tables anew without what was deleted; False where that could not be done."""
        import psycopg

        with engine.connect() as connection:
            raw = connection.connection.dbapi_connection
            assert isinstance(raw, psycopg.Connection)
            raw.autocommit = True
            try:
                for table in tables:
                    raw.execute(f'VACUUM FULL "{table}"'.encode())
            except psycopg.Error:
                return False
            finally:
                raw.autocommit = False
        return True


def _url(text: str) -> URL:
    try:
        found = make_url(text)
    except ArgumentError:
        raise _no_url() from None
    if found.drivername not in ("postgresql", _DRIVER):
        raise _no_url()
    return found.set(drivername=_DRIVER)


def _no_url() -> NotUsable:
    return NotUsable(
        "The address of the database can't be used. Give one such as "
        "postgresql+psycopg://user@host/database."
    )


def _begin(connection: Connection) -> None:
    if way_of(connection) == "writes":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
    else:  # one state, whatever is written meanwhile
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
