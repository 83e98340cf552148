"""Both databases that a board can stand on, for tests that run on each of them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import sqlalchemy
from sqlalchemy import Connection, make_url
from sqlalchemy.pool import NullPool
from tests.support.board import ON_FILE, new_board, stock
from tests.support.overruled import overruled
from tests.support.postgres import postgres_server

from rearm.board.board import Board
from rearm.board.decision import decisions
from rearm.board.decision.decisions import Given
from rearm.board.store import cases
from rearm.board.store.database import Database
from rearm.board.store.erasing import erase
from rearm.board.store.triggers import drop_triggers

__all__ = [
    "DATABASES",
    "GIVEN",
    "NewDatabase",
    "Stocked",
    "kills",
    "new_databases",
    "outside",
    "without_triggers",
]

DATABASES = ("sqlite", "postgresql")

NewDatabase = Callable[..., str]
"""Gives the address of a database of its own: a copy of `template`, by default one in which the
tables of a board are made (`made`); `template0` is empty.
"""

GIVEN = Given(strategy="", participants="A, B", reason="as discussed", deviation="none fits")


class Stocked:
    """Boards with two patients, one of them decided, one that was erased: made once on each
    database, then copied for each test.
    """

    def __init__(self, folder: Path, new: Callable[[], NewDatabase]) -> None:
        self._folder, self._new = folder, new
        self._made: dict[str, str] = {}

    def board(self, kind: str, folder: Path) -> Board:
        """A board in this folder, on SQLite or PostgreSQL (with a database of its own)."""
        if kind not in self._made:
            url = self._new()() if kind == "postgresql" else ON_FILE
            _stocked(new_board(self._folder / kind, url))
            self._made[kind] = str(make_url(url).database) if url else ""
        if kind == "postgresql":
            return new_board(folder, self._new()(self._made[kind]))
        shutil.copytree(self._folder / kind, folder)
        return new_board(folder)


def _stocked(board: Board) -> None:
    board.opened()
    cases_of = stock(board, "SYN-01", "SYN-02", "SYN-03")
    for patient in ("SYN-02", "SYN-01"):  # the last entry is that of a decision that stays
        case = cases_of[patient]
        overruled(board, case)
        with board.database.writing() as session:
            version = cases.case_of(session, case).version
            cases.move(session, case, version, "x", state="prepared", meeting_day="")
        with board.database.writing() as session:
            version = cases.case_of(session, case).version
            decisions.decide(session, case, version, "x", number=1, given=GIVEN)
        if patient == "SYN-02":
            with board.database.writing() as session:
                erase(session, case, "x")
    board.close()


@contextmanager
def new_databases(*, durable: bool = False) -> Iterator[NewDatabase]:
    """A PostgreSQL server; skips where there is none to start. `durable`: see `postgres_server`."""
    with postgres_server(durable=durable) as found:
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
