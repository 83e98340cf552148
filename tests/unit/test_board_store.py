"""The store of a board: its folder, its database, what is kept, and who comes second."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from tests.support.board import examples_read, new_board, stock
from tests.support.filled_form import FilledForm
from tests.support.loops import some
from tests.support.places import DATA, ROOT

import rearm
from rearm.assessment import Assessment
from rearm.board.address import local_user
from rearm.board.board import Board
from rearm.board.child.reading import file_as_named, read_file
from rearm.board.decision import decisions
from rearm.board.decision.decisions import Given
from rearm.board.refusals import Conflict, NotThere, NotUsable
from rearm.board.store import cases, uploads
from rearm.board.store.database import Database
from rearm.board.store.folder import existing_board, open_board
from rearm.board.store.tables import FIRST_TENANT, Case, Record, Result
from rearm.board.store.utc import UtcText, utc_text
from rearm.intake import read_tables

GIVEN = Given(strategy="", participants="A, B", reason="as discussed", deviation="none fits")


@pytest.fixture
def board(tmp_path: Path) -> Board:
    return new_board(tmp_path / "board")


# ---------------------------------------------------------------- the folder


def test_only_the_owner_reads_a_board(tmp_path: Path) -> None:
    folder = tmp_path / "board"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    board = new_board(folder)
    stock(board, "SYN-01")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for file in some(folder.iterdir()):
        assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0, file


def test_a_folder_with_other_files_is_no_board(tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_text("x")
    with pytest.raises(NotUsable, match="not the folder of a board"):
        open_board(tmp_path)
    assert [x.name for x in tmp_path.iterdir()] == ["thesis.docx"]


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    with pytest.raises(NotUsable, match="is a file"):
        open_board(file)


def test_a_board_that_is_not_there_is_not_made_by_looking(tmp_path: Path) -> None:
    with pytest.raises(NotUsable, match="not the folder of a board"):
        existing_board(tmp_path / "absent")
    assert not (tmp_path / "absent").exists()


# ---------------------------------------------------------------- the database


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "board.sqlite"
    file.write_bytes(b"no database at all, but long enough to have a header" * 100)
    with pytest.raises(NotUsable, match="not the database of a board"):
        Database(file).bring_up_to_date()


def test_opening_again_changes_nothing(board: Board) -> None:
    cases_before = stock(board, "SYN-01")
    board.database.close()
    again = new_board(board.folder.path)
    with again.database.reading() as session:
        assert {c.patient_id: c.id for c in session.scalars(select(Case))} == cases_before


def test_the_database_writes_ahead_and_asks_for_keys(board: Board) -> None:
    with board.database.reading() as session:
        connection = session.connection()
        told = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "foreign_keys", "synchronous")
        }
    assert told == {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 2}


def test_times_are_text_in_utc() -> None:
    column = UtcText()
    dialect: Any = None
    east = datetime.fromisoformat("2026-11-30T09:15:00+01:00")
    text = column.process_bind_param(east, dialect)
    assert text == "2026-11-30T08:15:00.000000Z"
    assert column.process_result_value(text, dialect) == east
    with pytest.raises(ValueError, match="without a zone"):
        utc_text(datetime(2026, 1, 1))
    earlier = utc_text(datetime(2026, 1, 1, tzinfo=UTC))
    assert earlier < utc_text(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(microseconds=1))


# ---------------------------------------------------------------- what is kept


def test_every_version_of_a_record_and_its_answer_is_kept(board: Board) -> None:
    (case,) = stock(board, "SYN-01").values()
    stock(board, "SYN-01")
    with board.database.reading() as session:
        numbers = [x.number for x in cases.results_of(session, case)]
        records = session.scalars(select(Record).where(Record.case_id == case)).all()
        assert cases.case_of(session, case).version > 1
        assert numbers == [2, 1] and len(records) == 2
        for result in some(session.scalars(select(Result))):
            whole = Assessment.from_json(result.result)
            assert whole.versions.software == result.software
            assert whole.versions.knowledge_hash == result.knowledge_hash


def _form(folder: Path) -> Path:
    form = FilledForm(folder / "form.xlsx")
    form.enter(DATA / "review" / "patients" / "4-after-work-up", "A")
    return form.save()


SOURCES: dict[str, Callable[[Path], Path]] = {
    "tidy": lambda _: ROOT / "examples" / "tables",
    "fhir": lambda _: ROOT / "examples" / "fhir" / "biallelic-bcma-loss.json",
    "form": _form,
}


@pytest.mark.parametrize("source", SOURCES)
def test_the_kept_rows_give_the_same_record_again(tmp_path: Path, source: str) -> None:
    path = SOURCES[source](tmp_path)
    plain = json.loads(read_file(path))
    first = {r.patient_id: r for r in rearm.read(path).records}
    for patient in some(plain["patients"]):
        tables: dict[str, list[dict[str, Any]]] = {}
        for row in patient["rows"]:
            tables.setdefault(row["table"], []).append(row["cells"])
        (again,) = read_tables(tables).records
        assert _facts(again) == _facts(first[patient["patient_id"]])


def _facts(record: rearm.Record) -> Any:
    """The record without its places, and without what is said of them."""
    plain = msgspec.to_builtins(record)
    del plain["issues"]

    def bare(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: bare(v) for k, v in value.items() if k not in ("source", "places")}
        return [bare(v) for v in value] if isinstance(value, list | tuple) else value

    return bare(plain)


def test_a_row_that_refers_to_nothing_is_refused(board: Board) -> None:
    row = Record(
        id="r", case_id="none", number=1, upload_id="none", rows="[]", issues="[]",
        at=datetime.now(UTC), who="x",
    )  # fmt: skip
    with pytest.raises(IntegrityError), board.database.writing() as session:
        session.add(row)


def test_an_upload_is_settled_once_and_forgets_what_was_read(board: Board) -> None:
    read = msgspec.json.encode(examples_read())
    upload = uploads.keep_read(board.database, FIRST_TENANT, "x", "all.csv", b"x", read)
    with board.database.writing() as session:
        uploads.discard(session, upload, "x")
        assert uploads.upload_of(session, upload).payload == b""
    for settle in (
        lambda s: uploads.discard(s, upload, "x"),
        lambda s: uploads.take_in(s, FIRST_TENANT, upload, "x", uploads.seen_mark({})),
    ):
        with (
            pytest.raises(Conflict, match="taken in or discarded"),
            board.database.writing() as session,
        ):
            settle(session)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("cohort.xlsx", "cohort.xlsx"),
        ("C:\\fakepath\\labs.csv", "labs.csv"),
        ("../../etc/labs.CSV", "labs.csv"),
        ("<img src=x>.json", "_img src_x_.json"),
        ("\x1b[2J.json", "_2J.json"),
        (".csv.csv", "csv.csv"),
        ("a" * 400 + ".csv", "a" * 120 + ".csv"),
    ],
)
def test_the_name_of_a_file_is_made_safe(given: str, name: str) -> None:
    assert file_as_named(given) == name


@pytest.mark.parametrize("given", ["", "notes.txt", "labs.csv.exe", "folder/", "csv"])
def test_a_file_of_another_kind_is_refused(given: str) -> None:
    with pytest.raises(NotUsable, match=r"\.csv, \.xlsx or \.json"):
        file_as_named(given)


# ---------------------------------------------------------------- who comes second


def test_who_decides_second_on_an_old_page_is_told(board: Board) -> None:
    (case,) = stock(board, "SYN-01").values()
    with board.database.reading() as session:
        seen = cases.case_of(session, case).version
    with board.database.writing() as session:
        decisions.decide(session, case, seen, "first", number=1, given=GIVEN)
    with (
        pytest.raises(Conflict, match="first changed this patient at"),
        board.database.writing() as session,
    ):
        decisions.decide(session, case, seen, "second", number=1, given=GIVEN)
    with board.database.reading() as session:
        assert [x.who for x in cases.decisions_of(session, case)] == ["first"]


def test_without_the_look_at_the_version_the_second_would_win(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    (case,) = stock(board, "SYN-01").values()
    with board.database.reading() as session:
        seen = cases.case_of(session, case).version
    monkeypatch.setattr(decisions, "as_seen", lambda s, c, _: cases.case_of(s, c))
    for who in ("first", "second"):
        with board.database.writing() as session:
            decisions.decide(session, case, seen, who, number=1, given=GIVEN)
    with board.database.reading() as session:
        assert [x.who for x in cases.decisions_of(session, case)] == ["second", "first"]


def test_an_upload_read_before_another_was_taken_in_is_looked_at_again(board: Board) -> None:
    read = msgspec.json.encode(examples_read())
    upload = uploads.keep_read(board.database, FIRST_TENANT, "x", "all.csv", b"x", read)
    with board.database.reading() as session:
        seen = uploads.seen_mark(uploads.versions_of(session, FIRST_TENANT, examples_read()))
    stock(board, "SYN-01")
    with pytest.raises(Conflict, match="changed on the board"), board.database.writing() as session:
        uploads.take_in(session, FIRST_TENANT, upload, "x", seen)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (Given(participants="A", reason="r"), "Choose a strategy"),
        (Given(strategy="x", participants="A", reason="r"), "not in the answer"),
        (Given(strategy="", participants=" ", reason="r", deviation="d"), "who took part"),
        (Given(strategy="", participants="A", reason="", deviation="d"), "reason for the decision"),
        (Given(strategy="", participants="A", reason="r"), "highest tier"),
        (Given(strategy="", participants="A", reason="r" * 4001, deviation="d"), "longer than"),
        (Given(strategy="", participants="A", reason="\u202er", deviation="d"), "no text"),
    ],
)
def test_what_a_decision_lacks_is_said(board: Board, given: Given, sentence: str) -> None:
    (case,) = stock(board, "SYN-01").values()
    with pytest.raises(NotUsable, match=sentence), board.database.writing() as session:
        version = cases.case_of(session, case).version
        decisions.decide(session, case, version, "x", number=1, given=given)
    with board.database.reading() as session:
        assert cases.decisions_of(session, case) == []


def test_the_tier_of_a_decision_is_that_of_its_answer(board: Board) -> None:
    (case,) = stock(board, "SYN-01").values()
    with board.database.reading() as session:
        result = Assessment.from_json(cases.results_of(session, case)[0].result)
    leading = result.answer.tiers[0].strategies[0].strategy
    given = Given(strategy=leading, participants="A", reason="r")
    with board.database.writing() as session:
        version = cases.case_of(session, case).version
        decisions.decide(session, case, version, "x", number=1, given=given)
    with board.database.reading() as session:
        (kept,) = cases.decisions_of(session, case)
        assert (kept.strategy, kept.tier) == (leading, "first")
        assert cases.case_of(session, case).state == "decided"


@pytest.mark.parametrize(
    ("state", "day", "sentence"),
    [
        ("scheduled", "", "Name the day"),
        ("scheduled", "next week", "year-month-day"),
        ("decided", "", "No decision"),
        ("followed_up", "", "No decision"),
        ("gone", "", "one of the states"),
    ],
)
def test_a_state_that_lacks_something_is_refused(
    board: Board, state: str, day: str, sentence: str
) -> None:
    (case,) = stock(board, "SYN-01").values()
    with pytest.raises(NotUsable, match=sentence), board.database.writing() as session:
        version = cases.case_of(session, case).version
        cases.move(session, case, version, "x", state=state, meeting_day=day)


def test_an_unknown_case_is_not_there(board: Board) -> None:
    with pytest.raises(NotThere), board.database.reading() as session:
        cases.case_of(session, "0" * 16)


def test_the_environment_does_not_say_who_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pwd", reason="this system has no list of users to ask")
    before = local_user()
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody else")
    assert local_user() == before != "somebody else"


def test_nobody_else_s_mask_matters(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        board = new_board(tmp_path / "board")
    finally:
        os.umask(before)
    assert stat.S_IMODE(board.folder.database.stat().st_mode) == 0o600
