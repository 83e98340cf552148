"""A patient is erased: nothing of them is left in any table or file, the audit says so, and what
was deleted otherwise is still found.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import delete, make_url, select
from sqlalchemy.exc import DBAPIError, IntegrityError
from tests.support.board import Visitor, examples_read, new_board, other_tenant, patient_named
from tests.support.databases import DATABASES, GIVEN, Stocked, outside, without_triggers
from tests.support.loops import some
from tests.support.overruled import overruled

from rearm.board.board import Board
from rearm.board.decision import decisions
from rearm.board.people.openings import break_glass
from rearm.board.people.sessions import SignedIn
from rearm.board.refusals import Conflict, NotThere, NotUsable
from rearm.board.store import cases, erasing, retention, sqlite, uploads
from rearm.board.store.audit import seal_of, verify
from rearm.board.store.belonging import belonging
from rearm.board.store.erasing import case_named, erase, erase_due, erase_patient
from rearm.board.store.follow_ups import Followed, follow_up
from rearm.board.store.tables import (
    FIRST_TENANT,
    AuditRow,
    Base,
    Case,
    Decision,
    Erasure,
    Record,
    Result,
    SessionRow,
    StartLink,
    Upload,
    new_id,
)
from rearm.board.store.upgrade import upgrade
from rearm.board.store.utc import now, utc_text

CANARY = "Canary-Zeisig-4711"


@pytest.fixture(params=DATABASES)
def board(tmp_path: Path, stocked: Stocked, request: pytest.FixtureRequest) -> Iterator[Board]:
    board = stocked.board(request.param, tmp_path / "board")
    yield board
    board.close()


def _keep(board: Board, name: str, *patients: str, tenant: str = FIRST_TENANT) -> str:
    """An upload of patients with these ids."""
    whole = examples_read()
    one = msgspec.structs.replace(
        whole, patients=tuple(x for x in whole.patients if x.patient_id == "SYN-03")
    )
    read = [patient_named(one, "SYN-03", patient) for patient in patients]
    together = msgspec.structs.replace(
        whole, patients=tuple(x for file in read for x in file.patients)
    )
    return uploads.keep_read(
        board.database, tenant, "somebody", name, b"x", msgspec.json.encode(together)
    )


def _take_in(board: Board, upload: str, tenant: str = FIRST_TENANT) -> list[str]:
    with board.database.writing() as session:
        read = uploads.read_of(uploads.upload_of(session, upload))
        assert read is not None
        seen = uploads.seen_mark(uploads.versions_of(session, tenant, read))
        return uploads.take_in(session, tenant, upload, "somebody", seen)


def _canary(board: Board) -> str:
    """A patient with two records, from a file of theirs and from one with another patient; a
    decision; and a file that is not taken in yet.
    """
    (case,) = _take_in(board, _keep(board, f"{CANARY}.csv", CANARY))
    _take_in(board, _keep(board, f"letter {CANARY} and another.csv", CANARY, "Other-1"))
    _keep(board, "waits.csv", CANARY, "Other-2")
    with board.database.writing() as session:
        version = cases.case_of(session, case).version
        decisions.decide(session, case, version, "x", number=1, given=GIVEN)
    overruled(board, case, f"what {CANARY} said")
    with board.database.writing() as session:
        version = cases.case_of(session, case).version
        follow_up(session, case, version, "x", Followed(done="unknown", note=f"{CANARY} moved"))
        break_glass(session, FOREIGN, FIRST_TENANT, CANARY, f"emergency of {CANARY}")
    return case


FOREIGN = SignedIn(
    who="alice",
    tenant="other",
    tenant_name="Another centre",
    permissions=frozenset({"read"}),
    form_token="",
    clinical=True,
)


def _faults(board: Board) -> list[str]:
    with board.database.reading() as session:
        return [fault.kind for fault in verify(session).faults]


def _texts(board: Board) -> Iterator[tuple[str, str]]:
    with outside(board) as connection:
        for table in Base.metadata.sorted_tables:
            for row in connection.execute(select(table)):
                yield table.name, str(tuple(row))


# ---------------------------------------------------------------- what goes, what stays


def test_nothing_of_the_patient_is_left_in_any_table(board: Board) -> None:
    case = _canary(board)
    before = {table for table, text in _texts(board) if CANARY in text}
    assert before == {"cases", "records", "results", "overrules", "uploads", "follow_ups",
                      "openings"}  # fmt: skip
    done = erase_patient(board.database, board.folder, case, "somebody")
    of_tables = {"cases": 1, "records": 2, "results": 3, "overrules": 1, "decisions": 1,
                 "follow_ups": 1, "openings": 1}  # fmt: skip
    assert {k: n for k, n in done.rows.items() if n} == {**of_tables, "answer_causes": 1}
    assert done.uploads == 1 and done.forgotten
    left = {table: text for table, text in _texts(board) if CANARY in text or case in text}
    assert set(left) == {"audit", "erasures"}  # the number of the case, and
    assert not any(CANARY in text for text in left.values())
    assert _faults(board) == []
    with board.database.reading() as session:
        assert session.get(Case, case) is None
        assert {x.patient_id for x in cases.all_cases(session, FIRST_TENANT)} == {
            "SYN-01",
            "SYN-03",
            "Other-1",
        }
        names = [*session.scalars(select(Upload.file_name))]
    assert "a file whose name was removed" in names and f"{CANARY}.csv" not in names


def test_nobody_finds_an_erased_text_by_guessing_at_its_hash(board: Board) -> None:
    case = _canary(board)
    with outside(board) as connection:
        salted = [x for x in Base.metadata.sorted_tables if "salt" in x.c]
        rows = [
            (table.name, dict(row._mapping))
            for table in salted
            for row in connection.execute(select(table).where(table.c.case_id == case))
        ]
    assert {name for name, _ in rows} == {
        *("records", "results", "decisions", "overrules", "follow_ups", "openings")
    }
    erase_patient(board.database, board.folder, case, "somebody")
    with board.database.reading() as session:
        told = "".join(session.scalars(select(AuditRow.details)))
    for name, cells in rows:  # all that somebody could know or guess, the text itself included
        (guess,) = seal_of(name, cells | {"salt": None}).values()
        (kept,) = seal_of(name, cells).values()
        assert guess not in told and kept in told


def test_the_audit_tells_of_it(board: Board) -> None:
    case = _canary(board)
    erase_patient(board.database, board.folder, case, "somebody")
    with board.database.reading() as session:
        entry = session.scalars(select(AuditRow).where(AuditRow.action == "erased")).all()[-1]
        erasure = session.scalars(select(Erasure).where(Erasure.case_id == case)).one()
        told = json.loads(entry.details)
        assert (entry.who, entry.subject, told["why"]) == ("somebody", case, "asked")
        assert f"erasures/{erasure.id}" in told["sealed"]
    sealed = {x.split("/")[0] for x in told["erased"]}
    assert sealed == {"records", "results", "decisions", "overrules", "answer_causes", "follow_ups",
                      "openings"}  # fmt: skip
    assert len(told["erased"]) == 10


def test_other_patients_stay_as_they_were(board: Board) -> None:
    def others() -> list[str]:
        return sorted(text for _, text in _texts(board) if "SYN-0" in text)

    before = others()
    case = _canary(board)
    erase_patient(board.database, board.folder, case, "somebody")
    assert others() == before and len(before) >= 6


def test_the_same_patient_can_come_again(board: Board) -> None:
    case = _canary(board)
    erase_patient(board.database, board.folder, case, "somebody")
    (again,) = _take_in(board, _keep(board, "again.csv", CANARY))
    assert again != case and _faults(board) == []
    erase_patient(board.database, board.folder, again, "somebody")
    assert _faults(board) == []


def test_a_short_id_discards_only_files_of_that_patient(board: Board) -> None:
    (case,) = _take_in(board, _keep(board, "one.csv", "7"))
    _keep(board, "other.csv", "17")
    assert erase_patient(board.database, board.folder, case, "x").uploads == 0
    (case,) = _take_in(board, _keep(board, "one.csv", "7"))
    _keep(board, "both.csv", "7", "18")
    assert erase_patient(board.database, board.folder, case, "x").uploads == 1


def test_another_tenant_s_patient_of_the_same_id_stays(board: Board) -> None:
    other = other_tenant(board)
    (theirs,) = _take_in(board, _keep(board, f"{CANARY}.csv", CANARY, tenant=other), other)
    waits = _keep(board, f"{CANARY}.csv", CANARY, tenant=other)
    with board.database.reading() as session, pytest.raises(NotThere):
        case_named(session, CANARY, FIRST_TENANT)
    case = _canary(board)
    with board.database.reading() as session:
        with pytest.raises(NotUsable, match="Several patients"):
            case_named(session, CANARY)
        assert case_named(session, CANARY, FIRST_TENANT).id == case
    erase_patient(board.database, board.folder, case, "x")
    with board.database.reading() as session:
        assert case_named(session, CANARY).id == theirs
        upload = uploads.upload_of(session, waits)
        assert upload.state == "read" and upload.file_name == f"{CANARY}.csv"


def test_who_saw_an_old_page_is_told(board: Board) -> None:
    case = _canary(board)
    with pytest.raises(Conflict, match="changed this patient"):
        erase_patient(board.database, board.folder, case, "x", version=1)
    with pytest.raises(NotThere):
        erase_patient(board.database, board.folder, "0" * 16, "x")
    with board.database.reading() as session:
        assert session.get(Case, case) is not None


def test_a_patient_is_named_by_id_or_number(board: Board) -> None:
    case = _canary(board)
    with board.database.reading() as session:
        assert case_named(session, CANARY).id == case_named(session, case).id == case
        with pytest.raises(NotThere):
            case_named(session, "nobody")


def test_every_table_is_of_a_patient_or_is_named_here() -> None:
    """Who adds a table decides whether an erasure reaches it."""
    of_a_patient = {table.name for table, _ in belonging("x")}
    others = {"uploads", "audit", "audit_head", "erasures", "settings", "start_links", "sessions",
              "tenants", "users", "memberships", "password_links", "tries", "oidc_tries",
              "api_tokens", "meetings", "centres", "mappings",
              "launched",  # goes with its upload
              "seen_tokens", "launches", "given_cards", "card_feedback"}  # fmt: skip
    assert of_a_patient | others == set(Base.metadata.tables)


# ---------------------------------------------------------------- guards


@pytest.mark.parametrize("table", [Record, Result, Decision])
def test_rows_of_a_patient_who_is_not_erased_can_t_be_deleted(board: Board, table: Any) -> None:
    _canary(board)
    with (
        pytest.raises(IntegrityError, match="kept as they are"),
        board.database.writing() as session,
    ):
        session.execute(delete(table))


def test_without_the_note_of_the_erasure_nothing_can_be_erased(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = _canary(board)
    monkeypatch.setattr(
        erasing, "Erasure", lambda **given: Erasure(**{**given, "case_id": "another"})
    )
    with (
        pytest.raises(DBAPIError, match="kept as they are"),
        board.database.writing() as session,
    ):
        erase(session, case, "x")
    assert _faults(board) == []


def test_what_was_deleted_otherwise_is_found(board: Board) -> None:
    erase_patient(board.database, board.folder, _canary(board), "x")
    with without_triggers(board) as connection:
        connection.exec_driver_sql("DELETE FROM decisions")
    assert _faults(board) == ["row_missing"]


def test_an_erasure_that_the_audit_knows_nothing_of_is_found(board: Board) -> None:
    """Somebody uses the way that the triggers leave open."""
    with board.database.reading() as session:
        case = session.scalars(select(Decision.case_id)).first()
    with outside(board) as connection:
        connection.exec_driver_sql(
            f"INSERT INTO erasures VALUES ('e1', '{case}', 'asked', '{utc_text(now())}', 'x')"
        )
        assert connection.exec_driver_sql("DELETE FROM decisions").rowcount == 1
        connection.commit()
    assert sorted(_faults(board)) == ["row_missing", "row_unaudited"]


def test_an_erased_row_that_is_there_again_is_found(board: Board) -> None:
    case = _canary(board)
    with board.database.reading() as session:
        decision = session.scalars(select(Decision).where(Decision.case_id == case)).one()
        cells = {x.name: getattr(decision, x.name) for x in Decision.__table__.columns}
    erase_patient(board.database, board.folder, case, "x")
    with board.database.writing() as session:
        other = session.scalars(select(Decision)).one()
        session.add(Decision(**{**cells, "case_id": other.case_id, "result_id": other.result_id,
                                "number": 9}))  # fmt: skip
    assert _faults(board) == ["row_unaudited"]


# ---------------------------------------------------------------- files


def _bytes_of(board: Board) -> bytes:
    """All files of the board: of SQLite those of its folder, of the server those of its tables."""
    board.database.close()
    folder = board.folder.path
    if isinstance(board.folder.where, str):
        host = Path(str(make_url(board.folder.where).query["host"]))
        folder = host / "data" / "base" / _checkpointed(board)
    files = [x for x in folder.rglob("*") if x.is_file()]
    return b"".join(x.read_bytes() for x in some(files))


def _checkpointed(board: Board) -> str:
    """The folder of the database, once all is written to it and files out of use are gone."""
    with outside(board) as connection:
        connection.exec_driver_sql("CHECKPOINT")
        oid = "SELECT oid FROM pg_database WHERE datname = current_database()"
        return str(connection.exec_driver_sql(oid).scalar_one())


def _fresh(tmp_path: Path, kind: str, request: pytest.FixtureRequest) -> Board:
    url = request.getfixturevalue("postgres")() if kind == "postgresql" else None
    return new_board(tmp_path / "board", url)


@pytest.mark.parametrize("kind", DATABASES)
def test_no_byte_of_the_patient_is_left_in_the_files(
    tmp_path: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    board = _fresh(tmp_path, kind, request)
    case = _canary(board)
    board.folder.copy_before("0001").write_bytes(CANARY.encode())
    assert CANARY.encode() in _bytes_of(board)
    erase_patient(board.database, board.folder, case, "x")
    whole = _bytes_of(board)
    assert CANARY.encode() not in whole and b"Other-1" in whole
    board.close()


@pytest.mark.parametrize("kind", DATABASES)
def test_without_writing_the_files_anew_traces_are_left_until_the_next_start(
    tmp_path: Path,
    kind: str,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    careless = [x.replace("secure_delete = ON", "secure_delete = OFF") for x in sqlite._PRAGMAS]
    monkeypatch.setattr(sqlite, "_PRAGMAS", careless)
    board = _fresh(tmp_path, kind, request)
    case = _canary(board)
    with monkeypatch.context() as patched:
        patched.setattr(board.database.kind, "forget", lambda *_: False)
        assert not erase_patient(board.database, board.folder, case, "x").forgotten
    assert CANARY.encode() in _bytes_of(board)
    upgrade(board.folder, board.database)
    assert CANARY.encode() not in _bytes_of(board)
    board.close()


def test_the_running_board_forgets_too(tmp_path: Path) -> None:
    """The command works on the file while the program of the board has it open."""
    board = new_board(tmp_path / "board")
    visitor = Visitor(board)
    case = _canary(board)
    assert visitor.get("/worklist").status_code == 200
    done = subprocess.run(
        [sys.executable, "-m", "rearm.cli", "serve", "patient", "delete", case, "--yes", "--folder",
         str(board.folder.path)], capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert CANARY not in done.stdout + done.stderr
    files = [x for x in board.folder.path.rglob("*") if x.is_file()]
    assert not any(CANARY.encode() in x.read_bytes() for x in some(files))
    assert visitor.get(f"/patients/{case}").status_code == 404
    assert visitor.get("/worklist").status_code == 200
    board.close()


# ---------------------------------------------------------------- how long patients are kept


def _days_later(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    moment = now()

    def later() -> datetime:
        return moment + timedelta(days=days)

    monkeypatch.setattr(retention, "now", later)


def test_who_is_followed_up_and_unchanged_for_so_long_is_due(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    with board.database.writing() as session:
        (case,) = (x for x in cases.all_cases(session, FIRST_TENANT) if x.state == "decided")
        number, version = case.id, case.version
        cases.move(session, number, version, "x", state="followed_up", meeting_day="")

    def due(days: int) -> list[str]:
        with board.database.reading() as session:
            return [case.id for case in retention.over_due(session, days)]

    assert due(1) == []
    _days_later(monkeypatch, 31)
    assert due(30) == [number] and due(32) == []
    (done,) = erase_due(board.database, board.folder, 30, "x")
    assert done.case == number and done.forgotten and due(30) == [] and _faults(board) == []
    with board.database.reading() as session:
        why = session.scalars(select(Erasure.why).where(Erasure.case_id == number)).one()
        assert why == "retention" and len(cases.all_cases(session, FIRST_TENANT)) == 1
    assert erase_due(board.database, board.folder, 30, "x") == []


def test_patients_are_kept_without_end_until_a_number_is_set(board: Board) -> None:
    def kept() -> int | None:
        with board.database.reading() as session:
            return retention.days_kept(session)

    assert kept() is None
    for days in (30, 60, None):
        with board.database.writing() as session:
            retention.keep_days(session, "x", days)
        assert kept() == days
    for days in (0, -1, 36_501):
        with pytest.raises(NotUsable, match="1 to 36500"), board.database.writing() as session:
            retention.keep_days(session, "x", days)
    assert kept() is None and _faults(board) == []


def test_what_nobody_needs_any_more_goes_at_the_start(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = Visitor(board), Visitor(board)
    assert first.post("/leave").status_code == 303
    with board.database.writing() as session:
        uploads.discard(session, _keep_in(session), "x")
        waits = _keep_in(session)

    def there() -> tuple[int, int, list[str]]:
        with board.database.reading() as session:
            return (
                len(session.scalars(select(StartLink)).all()),
                len(session.scalars(select(SessionRow)).all()),
                [x.id for x in session.scalars(select(Upload)) if x.state != "taken"],
            )

    assert there()[:2] == (2, 2) and len(there()[2]) == 2
    board.opened()
    assert there() == (0, 1, [waits])
    assert second.get("/worklist").status_code == 200  # who is signed in stays so
    _days_later(monkeypatch, 1)
    board.opened()
    assert there() == (0, 0, [waits])


def _keep_in(session: Any) -> str:
    upload = Upload(id=new_id(), tenant_id=FIRST_TENANT, file_name="x.csv", sha256="", size=1,
                    state="read", payload=msgspec.json.encode(examples_read()), at=now(),
                    who="x")  # fmt: skip
    session.add(upload)
    session.flush()
    return str(upload.id)


# ---------------------------------------------------------------- everything of one patient


def test_the_export_contains_everything_of_the_patient_and_of_nobody_else(board: Board) -> None:
    case = _canary(board)
    visitor = Visitor(board)
    assert visitor.get(f"/patients/{case}").status_code == 200
    answer = visitor.get(f"/patients/{case}/export.json")
    assert answer.status_code == 200 and CANARY not in answer.headers["content-disposition"]
    told = answer.json()
    assert told["patient"] == CANARY and told["case"] == case
    counts = {name: len(rows) for name, rows in told["tables"].items() if rows}
    of_tables = {"cases": 1, "records": 2, "results": 3, "overrules": 1, "decisions": 1,
                 "follow_ups": 1, "openings": 1}  # fmt: skip
    assert counts == {**of_tables, "answer_causes": 1, "uploads": 2}
    assert told["tables"]["decisions"][0]["reason"] == GIVEN.reason
    assert told["tables"]["results"][0]["result"]["patient_id"] == CANARY
    assert told["tables"]["records"][0]["rows"][0]["cells"]["patient_id"] == CANARY
    actions = [entry["action"] for entry in told["audit"]]
    assert actions == ["taken_in", "taken_in", "decided", "overruled", "followed_up", "broke_glass",
                       "patient_seen", "exported"]  # fmt: skip
    assert "SYN-0" not in answer.text and "Other-1" not in answer.text
    assert visitor.get(f"/patients/{'0' * 16}/export.json").status_code == 404
