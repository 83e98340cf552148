"""A board as one file and back, from either database to either; databases of earlier versions."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, MetaData, delete, insert, select
from tests.support.board import Visitor, new_board, stock
from tests.support.databases import DATABASES, NewDatabase, Stocked, outside
from tests.support.loops import some
from tests.support.places import DATA

from rearm.assessment import Assessment
from rearm.board.board import Board
from rearm.board.refusals import NotUsable
from rearm.board.store import audit, backup, cases
from rearm.board.store import database as module
from rearm.board.store.audit import verify
from rearm.board.store.backup import restore, write_backup
from rearm.board.store.database import Database
from rearm.board.store.folder import existing_board, open_board
from rearm.board.store.tables import FIRST_TENANT, FLEETING, Base, Result
from rearm.board.store.upgrade import upgrade

DUMPS = sorted((DATA / "board").glob("*.sql"))
assert DUMPS


@pytest.fixture(params=DATABASES)
def board(tmp_path: Path, stocked: Stocked, request: pytest.FixtureRequest) -> Iterator[Board]:
    board = stocked.board(request.param, tmp_path / "board")
    yield board
    board.close()


@pytest.fixture(params=DATABASES)
def empty(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Board]:
    url = request.getfixturevalue("postgres")() if request.param == "postgresql" else None
    board = new_board(tmp_path / "empty", url)
    yield board
    board.close()


def _rows(board: Board) -> dict[str, list[tuple[object, ...]]]:
    with outside(board) as connection:
        return {
            table.name: [
                tuple(row)
                for row in connection.execute(select(table).order_by(*table.primary_key.columns))
            ]
            for table in Base.metadata.sorted_tables
            if table.name not in FLEETING
        }


def _head(board: Board) -> str:
    with board.database.reading() as session:
        found = verify(session)
    assert found.faults == ()
    return found.head


# ---------------------------------------------------------------- there and back


def test_what_is_brought_back_is_what_was_kept(board: Board, empty: Board, tmp_path: Path) -> None:
    file = tmp_path / "board.backup"
    written = write_backup(board.database, file, "somebody")
    assert written.faults == () and written.head == _head(board)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [x.name for x in tmp_path.iterdir() if x.is_file()] == ["board.backup"]
    brought = restore(file, empty.folder, empty.database)
    assert brought == written
    assert _rows(empty) == _rows(board) and _head(empty) == written.head
    assert list(empty.folder.incoming.iterdir()) == []
    visitor = Visitor(empty)  # and it goes on
    assert visitor.get("/worklist.json").json()["patients"] == 2
    stock(empty, "SYN-03")
    assert _head(empty) != written.head
    assert sqlite3.connect(file).execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_nobody_is_signed_in_by_a_backup(board: Board, empty: Board, tmp_path: Path) -> None:
    visitor = Visitor(board)
    cookie = visitor.client.cookies.get(board.cookie) or ""
    write_backup(board.database, tmp_path / "b", "x")
    restore(tmp_path / "b", empty.folder, empty.database)
    other = Visitor(empty, signed_in=False)
    other.client.cookies.set(empty.cookie, cookie)
    assert visitor.get("/worklist").status_code == 200
    assert other.get("/worklist").status_code == 401


def test_a_backup_is_of_one_state_while_the_board_runs(
    board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer adds an entry while each table is copied."""
    written, stop = Event(), Event()

    def write() -> None:
        while not stop.is_set():
            with board.database.writing() as session:
                audit.append(session, "writer", "worklist_seen")
            written.set()

    original = backup._count_on

    def slowly(*given: object) -> None:
        written.clear()
        assert written.wait(10)
        original(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(backup, "_count_on", slowly)
    thread = Thread(target=write)
    thread.start()
    try:
        found = write_backup(board.database, tmp_path / "b", "x")
    finally:
        stop.set()
        thread.join()
    assert found.faults == ()
    with board.database.reading() as session:
        now = verify(session, found.head)
    assert now.faults == () and now.entries > found.entries


# ---------------------------------------------------------------- what is refused


def test_a_board_that_is_not_empty_stays(board: Board, tmp_path: Path) -> None:
    write_backup(board.database, tmp_path / "b", "x")
    before = _rows(board)
    with pytest.raises(NotUsable, match="is not empty"):
        restore(tmp_path / "b", board.folder, board.database)
    assert _rows(board) == before


def test_a_file_that_is_there_is_not_overwritten(board: Board, tmp_path: Path) -> None:
    (tmp_path / "thesis").write_text("x")
    with pytest.raises(NotUsable, match="is there already"):
        write_backup(board.database, tmp_path / "thesis", "x")
    assert (tmp_path / "thesis").read_text() == "x"


def test_a_backup_that_fails_leaves_no_file(
    board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(backup, "_copy", fails)
    with pytest.raises(OSError, match="disk full"):
        write_backup(board.database, tmp_path / "b", "x")
    assert [x.name for x in tmp_path.iterdir()] == ["board"]


TAMPERED = (
    "UPDATE decisions SET reason = 'another'",
    "UPDATE audit SET who = 'nobody' WHERE number = 2",
    "DELETE FROM decisions",
    "UPDATE audit_head SET number = number - 1",
)


@pytest.mark.parametrize("statement", TAMPERED)
def test_a_backup_that_was_changed_is_not_brought_back(
    empty: Board, stocked: Stocked, tmp_path: Path, statement: str
) -> None:
    source = stocked.board("sqlite", tmp_path / "board")
    write_backup(source.database, tmp_path / "b", "x")
    source.close()
    with sqlite3.connect(tmp_path / "b") as connection:
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        assert connection.execute(statement).rowcount > 0
    before = _rows(empty)
    with pytest.raises(NotUsable, match=r"audit of .* shows \d faults"):
        restore(tmp_path / "b", empty.folder, empty.database)
    assert _rows(empty) == before and list(empty.folder.incoming.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"no database " * 400, b"SQLite format 3\0" + b"x" * 99])
def test_a_file_that_is_no_backup_is_refused(empty: Board, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "b").write_bytes(content)
    with pytest.raises(NotUsable, match="not the database of a board"):
        restore(tmp_path / "b", empty.folder, empty.database)
    with pytest.raises(NotUsable, match="no file"):
        restore(tmp_path / "absent", empty.folder, empty.database)


# ---------------------------------------------------------------- earlier versions


def _of_dump(dump: Path, folder: Path) -> None:
    """The folder of a board as the version of this dump left it."""
    open_board(folder)
    with sqlite3.connect(folder / "board.sqlite") as connection:
        connection.executescript(dump.read_text(encoding="utf-8"))
    connection.close()


@pytest.mark.parametrize("dump", DUMPS, ids=lambda x: x.stem)
def test_every_kept_database_of_an_earlier_version_comes_up(dump: Path, tmp_path: Path) -> None:
    _of_dump(dump, tmp_path / "board")
    place = existing_board(tmp_path / "board")
    database = Database(place.where)
    before = database.revision()
    with pytest.raises(NotUsable, match="earlier version"):
        database.check()
    done = upgrade(place, database)
    assert (done.before, done.now) == (before, database.newest()) and done.changed
    assert done.copy is not None and stat.S_IMODE(done.copy.stat().st_mode) == 0o600
    with sqlite3.connect(done.copy) as copy:
        assert copy.execute("SELECT version_num FROM alembic_version").fetchone() == (before,)
    database.close()
    board = new_board(tmp_path / "board")
    _head(board)  # verifies
    with board.database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
    with board.database.reading() as session:
        for result in some(session.scalars(select(Result))):
            assert Assessment.from_json(result.result).patient_id.startswith(("SYN-", "INV-"))
        case = cases.all_cases(session, FIRST_TENANT)[0].id
    visitor = Visitor(board)
    assert visitor.get(f"/patients/{case}").status_code == 200
    assert visitor.get("/worklist").status_code == 200
    stock(board, "SYN-03")
    _head(board)
    assert not upgrade(board.folder, board.database).changed
    board.close()


@pytest.mark.parametrize("dump", DUMPS, ids=lambda x: x.stem)
def test_a_backup_of_an_earlier_version_is_brought_back_and_stays_as_it_is(
    dump: Path, empty: Board, tmp_path: Path
) -> None:
    _of_dump(dump, tmp_path / "old")
    file = tmp_path / "old" / "board.sqlite"
    before = file.read_bytes()
    found = restore(file, empty.folder, empty.database)
    assert found.faults == () and _head(empty) == found.head
    assert file.read_bytes() == before


@pytest.mark.parametrize("dump", DUMPS, ids=lambda x: x.stem)
def test_on_a_server_too_an_earlier_version_comes_up(
    dump: Path, tmp_path: Path, postgres: NewDatabase
) -> None:
    _of_dump(dump, tmp_path / "old")
    old = Database(tmp_path / "old" / "board.sqlite")
    database = Database(postgres("template0"))
    with (
        old.engine.connect() as source,
        database.kind.changing_tables(database._writes) as target,
    ):
        command.upgrade(module._config(target), str(old.revision()))
        database.kind.mark(target)
        for table in _reflected(source).sorted_tables:
            if table.name != "alembic_version":
                theirs = _reflected(target).tables[table.name]
                target.execute(delete(theirs))
                rows = [dict(row._mapping) for row in source.execute(select(table))]
                if rows:
                    target.execute(insert(theirs), rows)
    assert database.bring_up_to_date()
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    old.bring_up_to_date()
    with database.reading() as session, old.reading() as before:
        found = verify(session)
        same = verify(before)  # each upgrade adds its own entry, with its time
        assert (found.entries, found.faults) == (same.entries, ()) and found.entries > 0
    database.close()
    old.close()


def _reflected(connection: Connection) -> MetaData:
    found = MetaData()
    found.reflect(connection)
    return found


def test_an_upgrade_that_fails_leaves_the_database_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _of_dump(DATA / "board" / "first_tables.sql", tmp_path / "board")
    place = existing_board(tmp_path / "board")
    database = Database(place.where)

    def fails(_: object) -> None:
        raise RuntimeError("in the middle")

    with monkeypatch.context() as patched:
        patched.setattr(module, "make_triggers", fails)
        with pytest.raises(RuntimeError):
            upgrade(place, database)
    assert database.revision() == "0001"
    with sqlite3.connect(place.database) as connection:
        tables = {x for (x,) in connection.execute("SELECT name FROM sqlite_master")}
    assert "records_no_update" in tables and "erasures" not in tables
    assert upgrade(place, database).changed
    database.close()
