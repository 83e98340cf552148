"""SQLite and PostgreSQL: what holds in one holds in the other."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool
from tests.support.board import Visitor, new_board, stock
from tests.support.databases import (
    DATABASES,
    GIVEN,
    NewDatabase,
    Stocked,
    outside,
    without_triggers,
)
from tests.support.loops import some

from rearm.board.board import Board
from rearm.board.decision import decisions
from rearm.board.refusals import Busy, Conflict, NotUsable
from rearm.board.store import audit, cases, postgres, sqlite
from rearm.board.store.database import Database
from rearm.board.store.folder import open_board
from rearm.board.store.meeting_tables import Centre, FollowUp, MeetingDecision
from rearm.board.store.postgres import without_password
from rearm.board.store.tables import (
    FIRST_TENANT,
    KEPT,
    AuditRow,
    Base,
    Case,
    Decision,
    Opening,
    new_id,
)
from rearm.board.store.triggers import wanted_triggers
from rearm.board.store.utc import now

CLOSED = "postgresql+psycopg://reader:hidden-word@127.0.0.1:1/board"


@pytest.fixture(params=DATABASES)
def board(tmp_path: Path, stocked: Stocked, request: pytest.FixtureRequest) -> Iterator[Board]:
    board = stocked.board(request.param, tmp_path / "board")
    yield board
    board.close()


# ---------------------------------------------------------------- tables and triggers


def test_the_migrations_make_the_tables_of_the_code(board: Board) -> None:
    with board.database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
        assert board.database.kind.triggers(connection) == wanted_triggers(
            board.database.kind.dialect
        )
    assert board.database.bring_up_to_date() is False


def _changes(dialect: str, table: str) -> list[str]:
    column = "software" if table == "results" else "who"
    third = f"TRUNCATE {table} CASCADE"
    if dialect == "sqlite":
        third = f"INSERT OR REPLACE INTO {table} SELECT * FROM {table} LIMIT 1"
    return [f"UPDATE {table} SET {column} = 'nobody'", f"DELETE FROM {table}", third]


def _fill_rooms(board: Board) -> None:
    """A row in each table that the rooms of the meeting keep."""
    kept = {"at": now(), "who": "somebody"}
    with board.database.writing() as session:
        decision = session.scalars(select(Decision)).first()
        assert decision is not None
        of_case = {**kept, "case_id": decision.case_id, "number": 1, "decision_id": decision.id}
        blank = dict.fromkeys(
            ("why_not", "given", "given_text", "started", "ended", "best_response", "response_day",
             "progressed", "progression_day", "died", "death_day", "next_look", "note"), "",
        )  # fmt: skip
        session.add(MeetingDecision(id=new_id(), day="2026-12-07", **of_case))
        session.add(FollowUp(id=new_id(), done="yes", **of_case, **blank))
        session.add(Centre(id=new_id(), tenant_id=FIRST_TENANT, number=1, content="{}", **kept))
        opened = {"case_id": decision.case_id, "user_id": "", "reason": "an emergency"}
        session.add(Opening(id=new_id(), until=now(), **opened, **kept))


def test_the_database_refuses_to_change_what_is_kept(board: Board) -> None:
    _fill_rooms(board)
    tried = [(x, y) for x in KEPT for y in _changes(board.database.kind.dialect, x)]
    with outside(board) as connection:
        for table, statement in some(tried):
            count = f"SELECT COUNT(*) FROM {table}"
            assert connection.exec_driver_sql(count).scalar_one() > 0, table
            with pytest.raises(DBAPIError, match=r"kept as they are|only added to"):
                connection.exec_driver_sql(statement)
            connection.rollback()
    with without_triggers(board) as connection:
        connection.commit()
        if board.database.kind.dialect == "sqlite":
            connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        else:
            connection.exec_driver_sql("SET session_replication_role = replica")
            connection.commit()
        for _, statement in some(tried):  # now nothing refuses: it was they
            connection.exec_driver_sql(statement)
            connection.rollback()


def test_an_entry_is_added_at_the_end_only(board: Board) -> None:
    statement = (
        "INSERT INTO audit SELECT number + 7, at, who, action, subject, details, previous, hash "
        "FROM audit ORDER BY number DESC LIMIT 1"
    )
    with outside(board) as connection:
        with pytest.raises(DBAPIError, match="only added to at its end"):
            connection.exec_driver_sql(statement)
        connection.rollback()
        assert connection.exec_driver_sql(statement.replace("+ 7", "+ 1")).rowcount == 1


def test_triggers_that_are_gone_come_back_when_the_board_is_opened(board: Board) -> None:
    with without_triggers(board):
        pass
    board.database.bring_up_to_date()
    with outside(board) as connection:
        there = board.database.kind.triggers(connection)
    assert there == wanted_triggers(board.database.kind.dialect)


def test_a_temporary_table_is_not_taken_for_that_of_the_erasures(board: Board) -> None:
    with outside(board) as connection:
        connection.exec_driver_sql("CREATE TEMP TABLE erasures AS SELECT case_id FROM decisions")
        with pytest.raises(DBAPIError, match="kept as they are"):
            connection.exec_driver_sql("DELETE FROM decisions")


def test_every_kept_table_can_be_erased_by_its_case() -> None:
    for name in some(KEPT):
        of_nobody = name in ("audit", "centres")  # the list of a centre names no patient
        assert of_nobody or "case_id" in Base.metadata.tables[name].columns, name


# ---------------------------------------------------------------- whose database it is


def _of_another_program(connection: Connection) -> None:
    connection.exec_driver_sql("CREATE TABLE recipes (name TEXT)")


def _of_another_with_steps(connection: Connection) -> None:
    connection.exec_driver_sql("CREATE TABLE alembic_version (version_num TEXT)")
    connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('0001')")


@pytest.mark.parametrize("kind", DATABASES)
@pytest.mark.parametrize("made", [_of_another_program, _of_another_with_steps])
def test_another_program_s_database_is_left_alone(
    tmp_path: Path, kind: str, made: Any, request: pytest.FixtureRequest
) -> None:
    url = f"sqlite:///{tmp_path}/board.sqlite"
    if kind == "postgresql":
        url = request.getfixturevalue("postgres")("template0")
    engine = sqlalchemy.create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        made(connection)
    database = Database(url if kind == "postgresql" else tmp_path / "board.sqlite")
    for attempt in (database.bring_up_to_date, database.check):
        with pytest.raises(NotUsable, match="not the database of a board"):
            attempt()
    database.close()
    with engine.begin() as connection:
        assert len(sqlalchemy.inspect(connection).get_table_names()) == 1


def test_a_database_of_a_newer_version_is_refused_and_stays(board: Board) -> None:
    with outside(board) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    for attempt in (board.database.bring_up_to_date, board.database.check):
        with pytest.raises(NotUsable, match="newer version of Rearm"):
            attempt()
    assert board.database.revision() == "9999"


def test_a_database_of_an_earlier_version_is_told(board: Board) -> None:
    with outside(board) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
        connection.commit()
    with pytest.raises(NotUsable, match="earlier version of Rearm"):
        board.database.check()


def test_the_folder_notes_the_server_without_its_password(
    tmp_path: Path, postgres: NewDatabase
) -> None:
    url = postgres()
    with_password = url.replace("postgres@", "postgres:hidden-word@")
    board = new_board(tmp_path / "board", with_password)
    board.close()
    noted = (tmp_path / "board" / "database").read_text()
    assert "hidden-word" not in noted and noted == url
    assert open_board(tmp_path / "board").where == noted
    assert not (tmp_path / "board" / "board.sqlite").exists()
    with pytest.raises(NotUsable, match="another database"):
        open_board(tmp_path / "board", CLOSED)
    assert without_password(f"{CLOSED}?password=another-word") == (
        "postgresql+psycopg://reader@127.0.0.1:1/board"
    )


def test_a_board_in_a_file_does_not_move_to_a_server_by_an_option(tmp_path: Path) -> None:
    new_board(tmp_path / "board").close()
    with pytest.raises(NotUsable, match="kept in a file there"):
        open_board(tmp_path / "board", CLOSED)


@pytest.mark.parametrize("url", ["mysql://host/board", "sqlite:///x", "x://", "://"])
def test_an_address_of_another_kind_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(NotUsable, match="address of the database"):
        Database(url)


# ---------------------------------------------------------------- a server that is away


def test_a_server_that_does_not_answer_is_told_without_its_password() -> None:
    database = Database(CLOSED)
    for attempt in (database.bring_up_to_date, database.check, database.revision):
        with pytest.raises(Busy, match="can't be reached") as raised:
            attempt()
        assert "hidden-word" not in str(raised.value) and raised.value.__suppress_context__


def test_a_lost_server_is_a_page_that_says_so_and_then_all_goes_on(
    tmp_path: Path, stocked: Stocked, capsys: pytest.CaptureFixture[str]
) -> None:
    board = stocked.board("postgresql", tmp_path / "board")
    visitor = Visitor(board)
    ended = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    assert visitor.get("/worklist").status_code == 200
    with pytest.raises(Busy, match="can't be reached"), board.database.writing() as session:
        audit.append(session, "x", "worklist_seen")
        assert _elsewhere(board, ended) > 0
        audit.append(session, "x", "worklist_seen")
    assert visitor.get("/worklist").status_code == 200  # a new connection
    kind: Any = board.database.kind
    away = Database(CLOSED)
    there, board.database = board.database, away
    for path in ("/worklist", "/worklist.json"):
        answer = visitor.get(path)
        assert answer.status_code == 503 and "be reached at this moment" in answer.text
    board.database = there
    assert kind is board.database.kind and visitor.get("/worklist").status_code == 200
    board.close()
    assert capsys.readouterr().err == ""


def _elsewhere(board: Board, statement: str) -> int:
    engine = sqlalchemy.create_engine(str(board.folder.where), poolclass=NullPool)
    with engine.connect() as connection:
        return len(connection.exec_driver_sql(statement).all())


# ---------------------------------------------------------------- who meets whom


def test_a_writer_who_does_not_end_is_told_as_busy(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "PATIENCE", 0.1)
    monkeypatch.setattr(postgres, "_OPTIONS", "-c lock_timeout=100")
    other = Database(board.folder.where)
    with board.database.writing() as session:
        audit.append(session, "first", "worklist_seen")
        with pytest.raises(Busy, match="Try again"), other.writing() as second:
            audit.append(second, "second", "worklist_seen")
    with other.writing() as second:
        audit.append(second, "second", "worklist_seen")
    other.close()
    with board.database.reading() as session:
        assert audit.verify(session).faults == ()


def test_a_reader_sees_one_state(board: Board) -> None:
    def entries(session: Any) -> int:
        return int(session.scalar(select(func.count()).select_from(AuditRow)))

    with board.database.reading() as session:
        before = entries(session)
        with ThreadPoolExecutor(1) as pool:
            pool.submit(_write, board).result()
        assert entries(session) == before
    with board.database.reading() as session:
        assert entries(session) == before + 1


def _write(board: Board) -> None:
    with board.database.writing() as session:
        audit.append(session, "other", "worklist_seen")


def test_what_a_writer_read_is_still_so_when_it_writes(board: Board) -> None:
    """The second decision waits, and then finds the version of the first."""
    (case,) = _decided(board)
    with board.database.reading() as session:
        seen = cases.case_of(session, case).version
    begun = Event()

    def second() -> str:
        begun.set()
        try:
            with board.database.writing() as session:
                decisions.decide(session, case, seen, "second", number=1, given=GIVEN)
        except Conflict as refusal:
            return str(refusal)
        return ""

    with ThreadPoolExecutor(1) as pool:
        with board.database.writing() as session:
            decisions.decide(session, case, seen, "first", number=1, given=GIVEN)
            waiting = pool.submit(second)
            begun.wait(5)
        assert "first changed this patient" in waiting.result(20)


def _decided(board: Board) -> list[str]:
    with board.database.reading() as session:
        return [*session.scalars(select(Case.id).where(Case.state == "decided"))]


def test_a_change_of_an_old_version_is_a_conflict(board: Board) -> None:
    """Also where a page forgot to look at the version: the row itself tells."""
    (case,) = _decided(board)
    with pytest.raises(Conflict, match="Somebody else"), board.database.writing() as session:
        found = cases.case_of(session, case)
        session.connection().exec_driver_sql("UPDATE cases SET version = version + 1")
        found.state = "backlog"


def test_a_character_that_no_database_keeps_is_a_sentence(board: Board) -> None:
    visitor = Visitor(board)
    for path in ("/patients/%00", "/patients/a%00b/decision", "/uploads/%00"):
        assert visitor.get(path).status_code in (404, 422)


def test_pages_are_the_same_on_both(board: Board) -> None:
    visitor = Visitor(board)
    stock(board, "SYN-03")
    found = visitor.get("/worklist.json").json()
    assert [group["state"] for group in found["groups"] if group["rows"]] == ["backlog", "decided"]
    case = next(row["case"] for group in found["groups"] for row in group["rows"])
    for path in (f"/patients/{case}", f"/patients/{case}/decision", f"/patients/{case}/results/1"):
        assert visitor.get(path).status_code == 200
