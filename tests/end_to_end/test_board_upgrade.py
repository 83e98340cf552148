"""Databases of earlier versions are brought to this one, on both databases: what was kept is still
answered, and the audit still holds.

`tests/data/board/first_tables.sql` is of the first tables, `exchanged.sql` of the version before
salts: rows in every table, of invented patients, made through the pages of that version.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

import pytest
import sqlalchemy
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, func, select
from sqlalchemy.pool import NullPool
from tests.support.board import PORT, Visitor
from tests.support.databases import DATABASES, NewDatabase, without_triggers
from tests.support.loops import some
from tests.support.places import DATA

from rearm.board.board import Board
from rearm.board.store import audit, retention
from rearm.board.store.database import Database
from rearm.board.store.erasing import case_named, erase_patient
from rearm.board.store.folder import open_board
from rearm.board.store.tables import AuditRow, Base
from rearm.board.store.triggers import drop_triggers, wanted_triggers
from rearm.board.store.upgrade import upgrade

DUMPS = ("first_tables", "exchanged")
REASON = "an emergency at night"

Counts = dict[str, int]


@pytest.fixture(params=DATABASES)
def brought(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], tuple[Board, Counts]]]:
    """The board of a dump after its upgrade, and how many rows each table had before; on the day on
    which it was made, since drafts end.
    """
    monkeypatch.setattr(retention, "now", lambda: datetime(2026, 12, 2, tzinfo=UTC))
    made: list[Board] = []

    def bring(dump: str) -> tuple[Board, Counts]:
        url = None
        if request.param == "postgresql":
            new: NewDatabase = request.getfixturevalue("postgres")
            url = new("template0")
        place = open_board(tmp_path / "board", url)
        before = _filled(dump, place.database if url is None else tmp_path / "dump.sqlite")
        if url is not None:
            _copied(tmp_path / "dump.sqlite", url)
        database = Database(place.where)
        done = upgrade(place, database)
        assert done.changed and done.now == database.newest()
        assert (done.copy is None) == (url is not None)
        made.append(Board(place, database, port=PORT))
        return made[-1], before

    yield bring
    for board in made:
        board.close()


def _filled(dump: str, file: Path) -> Counts:
    """The dump as a database in a file."""
    with sqlite3.connect(file) as connection:
        connection.executescript((DATA / "board" / f"{dump}.sql").read_text(encoding="utf-8"))
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        return {
            name: connection.execute(f"SELECT COUNT(*) FROM {name}").fetchone()[0]
            for (name,) in names.fetchall()
        }


def _copied(file: Path, url: str) -> None:
    """The same on a server: its tables as the steps of that time make them there, then the rows."""
    source = sqlalchemy.create_engine(f"sqlite:///{file}", poolclass=NullPool)
    target = sqlalchemy.create_engine(url, poolclass=NullPool)
    with source.connect() as given, target.begin() as taken:
        revision = given.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
        command.upgrade(_steps(taken), revision)
        drop_triggers(taken, Database(url).kind.triggers(taken))
        there, here = sqlalchemy.MetaData(), sqlalchemy.MetaData()
        there.reflect(given)
        here.reflect(taken)
        for table in here.sorted_tables:
            if table.name == "alembic_version":
                continue
            taken.execute(table.delete())  # what the steps put there
            rows = [dict(x._mapping) for x in given.execute(select(there.tables[table.name]))]
            if rows:
                taken.execute(table.insert(), rows)
        Database(url).kind.mark(taken)


def _steps(connection: Connection) -> Config:
    config = Config()
    place = resources.files("rearm.board.store").joinpath("migrations")
    config.set_main_option("script_location", str(place))
    config.attributes["connection"] = connection
    return config


def _faults(board: Board) -> list[str]:
    with board.database.reading() as session:
        return [x.kind for x in audit.verify(session).faults]


def test_the_newest_dump_has_rows_in_every_table(tmp_path: Path) -> None:
    counts = _filled("exchanged", tmp_path / "dump.sqlite")
    assert set(Base.metadata.tables) <= counts.keys()
    assert all(counts.values())


@pytest.mark.parametrize("dump", DUMPS)
def test_nothing_is_lost_and_the_audit_holds(
    brought: Callable[[str], tuple[Board, Counts]], dump: str
) -> None:
    board, before = brought(dump)
    assert _faults(board) == []
    gone = {"alembic_version", "audit", "audit_head"}
    if dump == "first_tables":
        gone |= {"sessions"}  # they knew no user
    with board.database.engine.connect() as connection:
        assert board.database.kind.triggers(connection) == wanted_triggers(
            board.database.kind.dialect
        )
        for name in some(before.keys() - gone):
            count = select(func.count()).select_from(Base.metadata.tables[name])
            assert connection.scalar(count) == before[name], name
    board.opened()
    assert _faults(board) == []


@pytest.mark.parametrize("dump", DUMPS)
def test_every_page_of_a_patient_of_before_is_answered(
    brought: Callable[[str], tuple[Board, Counts]], dump: str
) -> None:
    board, _ = brought(dump)
    visitor = Visitor(board)
    groups = visitor.get("/worklist.json").json()["groups"]
    (row,) = (row for group in groups for row in group["rows"])
    home = f"/patients/{row['case']}"
    told = visitor.get(f"{home}.json").json()
    assert told["decisions"] and told["answers"]
    for path in ("", "/decision", "/history", "/follow-up", "/compare", "/entry", "/results/1",
                 "/overrule", "/export.json"):  # fmt: skip
        assert visitor.get(f"{home}{path}").status_code == 200, path
    sent = {"version": visitor.hidden(f"{home}/decision", "version"), "strategy": "-",
            "answer": visitor.hidden(f"{home}/decision", "answer"), "participants": "Dr C",
            "reason": "again", "deviation": "none fits"}  # fmt: skip
    assert visitor.post(f"{home}/decision", sent).status_code == 303
    assert len(visitor.get(f"{home}.json").json()["decisions"]) == len(told["decisions"]) + 1
    assert _faults(board) == []


def test_what_was_written_before_is_still_shown_and_can_be_erased(
    brought: Callable[[str], tuple[Board, Counts]],
) -> None:
    board, _ = brought("exchanged")
    visitor = Visitor(board)
    with board.database.reading() as session:
        ours, theirs = case_named(session, "INV-7").id, case_named(session, "SYN-08").id
        (entry,) = session.scalars(select(AuditRow).where(AuditRow.action == "sealed"))
        assert entry.who == "upgrade" and len(json.loads(entry.details)["sealed"]) == 1
    for path, words in [
        (f"/patients/{ours}", "as discussed"),
        (f"/patients/{ours}/overrule", "seen on the ward"),
        (f"/patients/{ours}/follow-up", "calls again"),
        ("/meetings/2026-12-07", "Dr A, Dr B"),
        ("/centre", "St Anna"),
        ("/entry", "INV-1"),
        ("/upload", "our lab"),
        ("/administration", "alice"),
    ]:
        assert words in visitor.get(path).text, path
    for case in (ours, theirs):
        done = erase_patient(board.database, board.folder, case, "somebody")
        assert done.rows["results"] and done.forgotten
        assert done.rows["openings"] == (case == theirs)
    assert _faults(board) == []


def test_an_opening_that_was_changed_after_the_upgrade_is_found(
    brought: Callable[[str], tuple[Board, Counts]],
) -> None:
    board, _ = brought("exchanged")
    with without_triggers(board) as connection:
        changed = connection.exec_driver_sql(f"UPDATE openings SET reason = 'x' || '{REASON}'")
        assert changed.rowcount == 1
    assert _faults(board) == ["row_changed"]
