"""The audit of a board: whatever is done to it or to what it tells of is found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Connection
from tests.support.board import stock
from tests.support.databases import DATABASES, Stocked, outside, without_triggers

from rearm.board.board import Board
from rearm.board.store import audit
from rearm.board.store.audit import FaultKind, Verified, verify
from rearm.board.words import fault_words

Tampered = Callable[[Connection], None]


@pytest.fixture(params=DATABASES)
def board(tmp_path: Path, stocked: Stocked, request: pytest.FixtureRequest) -> Iterator[Board]:
    """A board with two patients and a decision, on either database."""
    board = stocked.board(request.param, tmp_path / "board")
    yield board
    board.close()


def _verified(board: Board, head: str | None = None) -> Verified:
    with board.database.reading() as session:
        return verify(session, head)


def _tamper(board: Board, how: Tampered) -> None:
    """As somebody who can write the database: the triggers are taken away first."""
    with without_triggers(board) as connection:
        how(connection)


def _change(connection: Connection) -> None:
    connection.exec_driver_sql("UPDATE audit SET who = 'nobody' WHERE number = 2")


def _change_details(connection: Connection) -> None:
    connection.exec_driver_sql("UPDATE audit SET details = '{}' WHERE number = 3")


def _delete(connection: Connection) -> None:
    connection.exec_driver_sql("DELETE FROM audit WHERE number = 2")


def _delete_and_count_anew(connection: Connection) -> None:
    connection.exec_driver_sql("DELETE FROM audit WHERE number = 2")
    connection.exec_driver_sql("UPDATE audit SET number = number - 1 WHERE number > 2")


def _cut_the_end(connection: Connection) -> None:
    connection.exec_driver_sql("DELETE FROM audit WHERE number = (SELECT MAX(number) FROM audit)")


def _cut_everything(connection: Connection) -> None:
    connection.exec_driver_sql("DELETE FROM audit")


def _insert(connection: Connection) -> None:
    connection.exec_driver_sql("UPDATE audit SET number = -number - 1 WHERE number > 2")
    connection.exec_driver_sql("UPDATE audit SET number = -number WHERE number < 0")
    connection.exec_driver_sql(
        "INSERT INTO audit SELECT 3, at, who, action, subject, details, previous, hash "
        "FROM audit WHERE number = 2"
    )


def _insert_at_the_end(connection: Connection) -> None:
    connection.exec_driver_sql(
        "INSERT INTO audit SELECT number + 1, at, who, action, subject, details, hash, hash "
        "FROM audit ORDER BY number DESC LIMIT 1"
    )


def _reorder(connection: Connection) -> None:
    connection.exec_driver_sql("UPDATE audit SET number = -1 WHERE number = 2")
    connection.exec_driver_sql("UPDATE audit SET number = 2 WHERE number = 3")
    connection.exec_driver_sql("UPDATE audit SET number = 3 WHERE number = -1")


def _change_an_answer(connection: Connection) -> None:
    connection.exec_driver_sql(
        "UPDATE results SET result = replace(result, 'Talquetamab', 'Melphalan')"
    )


def _change_a_reason(connection: Connection) -> None:
    connection.exec_driver_sql("UPDATE decisions SET reason = 'another'")


def _change_rows(connection: Connection) -> None:
    connection.exec_driver_sql("UPDATE records SET rows = '[]' WHERE number = 1")


def _delete_a_decision(connection: Connection) -> None:
    connection.exec_driver_sql("DELETE FROM decisions")


def _insert_a_decision(connection: Connection) -> None:
    connection.exec_driver_sql(
        "INSERT INTO decisions (id, case_id, number, result_id, strategy, tier, participants, "
        "reason, deviation, at, who) SELECT 'f', case_id, 2, result_id, strategy, tier, "
        "participants, reason, deviation, at, who FROM decisions"
    )


FOUND: list[tuple[Tampered, FaultKind]] = [
    (_change, "entry_changed"),
    (_change_details, "entry_changed"),
    (_delete, "entries_missing"),
    (_delete_and_count_anew, "entry_out_of_order"),
    (_cut_the_end, "end_differs"),
    (_cut_everything, "end_differs"),
    (_insert, "entry_changed"),
    (_insert_at_the_end, "end_differs"),
    (_reorder, "entry_out_of_order"),
    (_change_an_answer, "row_changed"),
    (_change_a_reason, "row_changed"),
    (_change_rows, "row_changed"),
    (_delete_a_decision, "row_missing"),
    (_insert_a_decision, "row_unaudited"),
]


def test_what_nobody_touched_holds(board: Board) -> None:
    found = _verified(board)
    assert found.faults == () and found.entries >= 6


@pytest.mark.parametrize(("how", "kind"), FOUND, ids=[how.__name__ for how, _ in FOUND])
def test_what_was_done_is_found_and_said(board: Board, how: Tampered, kind: FaultKind) -> None:
    _tamper(board, how)
    faults = _verified(board).faults
    assert kind in {fault.kind for fault in faults}
    assert all(fault_words(fault).endswith(".") for fault in faults)


@pytest.mark.parametrize(
    ("guard", "how"),
    [
        ("_hash_of", _change),
        ("_of_entry", _delete),
        ("_of_entry", _reorder),
        ("_of_entry", _insert),
        ("_of_kept", _change_a_reason),
        ("_of_kept", _delete_a_decision),
        ("_of_kept", _insert_a_decision),
    ],
)
def test_without_its_guard_it_would_not_be_found(
    board: Board, monkeypatch: pytest.MonkeyPatch, guard: str, how: Tampered
) -> None:
    _tamper(board, how)
    if guard == "_hash_of":
        monkeypatch.setattr(audit, guard, lambda row: row.hash)
    else:
        monkeypatch.setattr(audit, guard, lambda *_: ())
    kinds = {fault.kind for fault in _verified(board).faults}
    assert dict(FOUND)[how] not in kinds and kinds <= {"end_differs"}


def test_without_the_kept_end_a_cut_end_would_not_be_found(board: Board) -> None:
    def cut(connection: Connection) -> None:
        _cut_the_end(connection)
        connection.exec_driver_sql("DELETE FROM decisions")
        connection.exec_driver_sql(
            "UPDATE audit_head SET (number, hash) = "
            "(SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1)"
        )

    noted = _verified(board).head
    _tamper(board, cut)
    assert _verified(board).faults == ()
    # the head that somebody noted tells even then
    assert [x.kind for x in _verified(board, noted).faults] == ["head_unknown"]


def test_a_head_noted_earlier_stays_in_the_chain(board: Board) -> None:
    noted = _verified(board).head
    stock(board, "SYN-02")
    assert _verified(board, noted).faults == ()
    assert _verified(board).head != noted


def test_many_writers_at_once_leave_one_chain(board: Board) -> None:
    """Each begins with the lock: none appends to an end that another has just moved."""
    before = _verified(board).entries

    def write(number: int) -> None:
        for _ in range(25):
            with board.database.writing() as session:
                audit.append(session, f"writer {number}", "worklist_seen")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    found = _verified(board)
    assert found.faults == () and found.entries == before + 100


def test_the_audit_names_no_patient(board: Board) -> None:
    with outside(board) as connection:
        rows = connection.exec_driver_sql("SELECT * FROM audit").fetchall()
    assert rows and not any("SYN-" in str(cell) for row in rows for cell in row)
