"""Both databases that a board can stand on, for tests that run on each of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

import sqlalchemy
from sqlalchemy import Connection, make_url
from sqlalchemy.pool import NullPool
from tests.support.postgres import postgres_server

from rearm.board.board import Board
from rearm.board.store.database import Database
from rearm.board.store.triggers import drop_triggers

__all__ = ["DATABASES", "NewDatabase", "new_databases", "outside", "without_triggers"]

DATABASES = ("sqlite", "postgresql")

NewDatabase = Callable[[], str]
"""Gives the address of a database of its own, in which the tables of a board are made."""


@contextmanager
def new_databases() -> Iterator[NewDatabase]:
    """A PostgreSQL server; skips where there is none to start."""
    with postgres_server() as found:
        base = make_url(found).set(drivername="postgresql+psycopg")
        numbers = count()

        def new(template: str = "made") -> str:
            name = f"board{next(numbers)}"
            _run(base.render_as_string(False), f"CREATE DATABASE {name} TEMPLATE {template}")
            return base.set(database=name).render_as_string(False)

        _run(base.render_as_string(False), "CREATE DATABASE made TEMPLATE template0")
        made = Database(base.set(database="made").render_as_string(False))
        made.bring_up_to_date()
        made.close()
        yield new


def _run(url: str, statement: str) -> None:
    engine = sqlalchemy.create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)


@contextmanager
def outside(board: Board) -> Iterator[Connection]:
    """The database as somebody sees it who can write to it with another program."""
    board.database.close()
    where = board.folder.where
    url = where if isinstance(where, str) else f"sqlite:///{where}"
    engine = sqlalchemy.create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        yield connection


@contextmanager
def without_triggers(board: Board) -> Iterator[Connection]:
    """As above, and the triggers are taken away first; what is done is kept."""
    with outside(board) as connection:
        drop_triggers(connection, board.database.kind.triggers(connection))
        yield connection
        connection.commit()


def kills(short: int) -> int:
    """How often a writer is killed: a few times, or as `REARM_KILLS` says."""
    return int(os.environ.get("REARM_KILLS", short))
