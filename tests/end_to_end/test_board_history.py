"""What changed between two answers, in the data and in the answer, and why; answers made anew with
the knowledge of today.
"""

from __future__ import annotations

import json
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import structs
from tests.support.board import Visitor, examples_read, new_board, stock
from tests.support.loops import some
from tests.support.overruled import overruled
from tests.support.places import ROOT

import rearm
from rearm.assessment import assess
from rearm.assessment.changes import answer_changes
from rearm.board.board import Board
from rearm.board.child.reading import (
    ReadFile,
    ReadPatient,
    RowsGiven,
    TidyRow,
    read_file,
    read_given,
)
from rearm.board.store import uploads
from rearm.board.store.tables import FIRST_TENANT
from rearm.errors import InputError
from rearm.knowledge.bundle import DATA, Knowledge, load

PATIENT = "SYN-01"


@pytest.fixture
def board(tmp_path: Path) -> Board:
    return new_board(tmp_path / "board")


@pytest.fixture
def visitor(board: Board) -> Visitor:
    return Visitor(board)


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Knowledge:
    """A knowledge of which one placement differs: an engager against GPRC5D after a BCMA CAR-T was
    an alternative, and no first choice.
    """
    folder = tmp_path_factory.mktemp("older") / "data"
    shutil.copytree(DATA, folder)
    places = folder / "places" / "t-cell-redirection.toml"
    text = places.read_text("utf-8")
    start = text.index('id = "gprc5d-engager-after-bcma-car-t"')
    places.write_text(
        text[:start] + text[start:].replace('tier = "first"', 'tier = "alternative"', 1), "utf-8"
    )
    bundle = folder / "bundle.toml"
    bundle.write_text(bundle.read_text("utf-8").replace('"2026.11"', '"2026.05"'), "utf-8")
    return load(folder)


@cache
def patient() -> ReadPatient:
    return next(x for x in examples_read().patients if x.patient_id == PATIENT)


def with_knowledge(of: ReadPatient, knowledge: Knowledge) -> ReadPatient:
    """The answer that this patient got when the knowledge was another."""
    record = {x.patient_id: x for x in rearm.read(ROOT / "examples" / "tables").records}[PATIENT]
    found = assess(record, knowledge=knowledge)
    return structs.replace(
        of,
        result=found.to_json(),
        knowledge=found.versions.knowledge,
        knowledge_hash=found.versions.knowledge_hash,
    )


def with_rows(*more: TidyRow, without: str = "\x00") -> ReadPatient:
    """The patient read with rows changed."""
    rows = tuple(row for row in patient().rows if without not in row.place) + more
    read = read_given(RowsGiven(patient_id=PATIENT, rows=rows))
    return msgspec.json.decode(read, type=ReadPatient)


def take(board: Board, *patients: ReadPatient) -> str:
    """Takes each in, one after the other; gives the case."""
    case = ""
    for one in patients:
        read = ReadFile(patients=(one,), issues=())
        upload = uploads.keep_read(
            board.database, FIRST_TENANT, "somebody", "file.csv", b"x", msgspec.json.encode(read)
        )
        with board.database.writing() as session:
            seen = uploads.seen_mark(uploads.versions_of(session, FIRST_TENANT, read))
            (case,) = uploads.take_in(session, FIRST_TENANT, upload, "somebody", seen)
    return case


def history(visitor: Visitor, case: str, pair: str = "") -> dict[str, Any]:
    found: dict[str, Any] = visitor.get(f"/patients/{case}/history{pair}.json").json()
    return found


def changed(groups: list[dict[str, Any]], kind: str) -> dict[str, tuple[str, str]]:
    return {
        x["what"]: (x["before"], x["after"])
        for group in groups
        if group["kind"] == kind
        for x in group["changes"]
    }


BLOOD = TidyRow(
    table="labs", place="new.csv: row 2",
    cells={"patient_id": PATIENT, "day": "420", "test": "platelets", "value": "18", "unit": "G/L"},
)  # fmt: skip


def test_one_version_has_no_history(board: Board, visitor: Visitor) -> None:
    case = stock(board, PATIENT)[PATIENT]
    assert history(visitor, case)["before"] == 0
    assert "one version of the answer so far" in visitor.get(f"/patients/{case}/history").text
    for pair in ("/1/2", "/0/1", "/x/1", "/1/1e3"):
        assert visitor.get(f"/patients/{case}/history{pair}").status_code == 404


def test_what_the_data_changed(board: Board, visitor: Visitor) -> None:
    case = take(board, patient(), with_rows(BLOOD))
    page = history(visitor, case)
    assert page["reasons"] == [
        "The data changed; knowledge, software and the centre's list are the same."
    ]
    (row,) = page["rows"]
    assert (row["table"], row["change"], row["place"]) == ("labs", "added", "new.csv: row 2")
    assert {x["column"]: x["after"] for x in row["cells"]}["value"] == "18"
    old, new = patient(), with_rows(BLOOD)
    told = answer_changes(*(rearm.Assessment.from_json(x.result) for x in (old, new)))
    assert told  # platelets of 18 change the answer
    assert sum(len(g["changes"]) for g in page["groups"]) == len(told)
    assert page["shares"] == []


def test_a_row_that_was_corrected_is_one_change(board: Board, visitor: Visitor) -> None:
    rows = [row for row in patient().rows if row.table == "labs"]
    last = rows[-1]
    corrected = structs.replace(last, place="new.csv: row 9", cells={**last.cells, "value": "77"})
    case = take(board, patient(), with_rows(corrected, without=last.place))
    rows_changed = history(visitor, case)["rows"]
    (row,) = rows_changed
    assert row["change"] == "changed"
    (cell,) = (x for x in row["cells"] if x["differs"])
    assert (cell["column"], cell["before"], cell["after"]) == (
        "value", str(last.cells["value"]), "77",
    )  # fmt: skip


def test_a_row_that_is_gone_is_told(board: Board, visitor: Visitor) -> None:
    gone = next(row for row in patient().rows if row.table == "variants")
    case = take(board, patient(), with_rows(without=gone.place))
    (row,) = history(visitor, case)["rows"]
    assert (row["table"], row["change"], row["place"]) == ("variants", "removed", gone.place)


def test_what_the_knowledge_changed(board: Board, visitor: Visitor, older: Knowledge) -> None:
    case = take(board, with_knowledge(patient(), older), patient())
    page = history(visitor, case)
    assert page["reasons"] == [
        "The data are the same. What changed is the knowledge (2026.05 to 2026.11)."
    ]
    assert page["rows"] == [] and page["shares"] == []
    tiers = changed(page["groups"], "strategy")
    assert tiers["bispecific-gprc5d"] == ("alternative", "first")
    assert changed(page["groups"], "first_choice")["first_choice"][1] != ""


def test_data_and_knowledge_have_their_shares(
    board: Board, visitor: Visitor, older: Knowledge
) -> None:
    case = take(board, with_knowledge(patient(), older), with_rows(BLOOD))
    page = history(visitor, case)
    assert page["reasons"] == ["The data changed, and so did the knowledge (2026.05 to 2026.11)."]
    other, data = page["shares"]
    assert (other["cause"], data["cause"]) == ("other", "data")
    assert changed(other["groups"], "strategy") == {"bispecific-gprc5d": ("alternative", "first")}
    now = answer_changes(
        *(rearm.Assessment.from_json(x.result) for x in (patient(), with_rows(BLOOD)))
    )
    assert sum(len(g["changes"]) for g in data["groups"]) == len(now)
    assert "what this alone changed" in visitor.get(f"/patients/{case}/history").text


def test_shares_that_can_t_be_told_are_said(
    board: Board, visitor: Visitor, older: Knowledge
) -> None:
    first = structs.replace(with_knowledge(with_rows(BLOOD), older), knowledge="2026.01",
                            knowledge_hash="x")  # fmt: skip
    case = take(board, first, with_knowledge(patient(), older))
    page = history(visitor, case)
    assert page["shares"] == [] and "can't be told" in page["reasons"][1]


def test_the_history_begins_with_what_was_decided_on(board: Board, visitor: Visitor) -> None:
    case = take(board, patient())
    path = f"/patients/{case}/decision"
    sent = {"version": visitor.hidden(path, "version"), "answer": "1", "strategy": "-",
            "participants": "X", "reason": "x", "deviation": "x"}  # fmt: skip
    assert visitor.post(path, sent).status_code == 303
    take(board, with_rows(BLOOD), with_rows(BLOOD))
    page = history(visitor, case)
    assert (page["before"], page["after"], page["since_decision"]) == (1, 3, True)
    assert (history(visitor, case, "/2/3")["before"], len(page["steps"])) == (2, 3)


# ---------------------------------------------------------------- made anew


def test_an_answer_of_an_older_knowledge_is_made_anew(
    board: Board, visitor: Visitor, older: Knowledge
) -> None:
    case = take(board, with_knowledge(patient(), older))
    (row,) = (r for g in visitor.get("/worklist/older_knowledge.json").json()["groups"]
              for r in g["rows"])  # fmt: skip
    assert row["older_knowledge"]
    assert "answer of an older knowledge" in visitor.get("/worklist").text
    path = f"/patients/{case}"
    version = visitor.hidden(f"{path}/history", "version")
    assert visitor.post(f"{path}/recompute", {"version": version}).status_code == 303
    page = history(visitor, case)
    assert [x["cause"] for x in page["steps"]] == ["made anew without new data", "new data"]
    assert page["rows"] == [] and page["outdated"] == []
    assert changed(page["groups"], "strategy")["bispecific-gprc5d"] == ("alternative", "first")
    stored = visitor.get(f"{path}/results/2.json").text
    assert json.loads(stored) == json.loads(patient().result)  # to the letter, places and all
    assert visitor.get("/worklist/older_knowledge.json").json()["patients"] == 0


def _no_tests_or_cells_that_count() -> tuple[TidyRow, ...]:
    """Rows that the store keeps and of which something must not be used: a test of which the form
    says that nobody did it, and a creatinine whose value was set aside.
    """
    cells = {"patient_id": PATIENT, "day": "430"}
    return (
        TidyRow(table="labs", place="the form: BCMA", file="the form", where="BCMA", unread=True,
                cells={**cells, "test": "creatinine", "value": "9", "unit": "mg/dL"}),
        TidyRow(table="labs", place="labs.csv: row 900", file="labs.csv", where="row 900",
                cells={**cells, "test": "creatinine", "value": "9", "unit": "mg/dL"},
                set_aside={"value": "unclear_number"}),
    )  # fmt: skip


def test_what_must_not_be_used_stays_unused_when_an_answer_is_made_anew(
    board: Board, visitor: Visitor, older: Knowledge
) -> None:
    with_them = with_rows(*_no_tests_or_cells_that_count())
    case = take(board, with_knowledge(with_them, older))
    version = visitor.hidden(f"/patients/{case}/history", "version")
    assert visitor.post(f"/patients/{case}/recompute", {"version": version}).status_code == 303
    stored = json.loads(visitor.get(f"/patients/{case}/results/2.json").text)
    assert stored == json.loads(with_them.result)
    assert 430 not in _days_of_values(stored)
    read, _ = _no_tests_or_cells_that_count()
    used = with_rows(structs.replace(read, unread=False))
    assert 430 in _days_of_values(json.loads(used.result))


def _days_of_values(result: dict[str, Any]) -> set[int]:
    """Days of creatinine."""
    return {point["day"] for point in result["series"]["creatinine"]}


def test_an_answer_made_anew_applies_what_the_team_states(
    board: Board, visitor: Visitor, older: Knowledge
) -> None:
    case = take(board, with_knowledge(patient(), older))
    overruled(board, case)
    with_fact = json.loads(visitor.get(f"/patients/{case}/results/2.json").text)
    take(board, with_knowledge(patient(), older))  # a file that is answered without it
    version = visitor.hidden(f"/patients/{case}/history", "version")
    assert visitor.post(f"/patients/{case}/recompute", {"version": version}).status_code == 303
    again = json.loads(visitor.get(f"/patients/{case}/results/4.json").text)
    assert [x["what"] for x in again["overruled"]] == ["ecog"]
    assert again["answer"] == with_fact["answer"]
    assert not visitor.get(f"/patients/{case}.json").json()["not_applied"]


def test_an_answer_of_today_is_not_made_anew(board: Board, visitor: Visitor) -> None:
    case = take(board, patient())
    version = str(visitor.get(f"/patients/{case}.json").json()["version"])
    answer = visitor.post(f"/patients/{case}/recompute", {"version": version})
    assert answer.status_code == 422 and "knowledge already" in answer.text
    assert len(history(visitor, case)["steps"]) == 1


def test_an_answer_is_not_made_anew_from_an_old_page(
    board: Board, visitor: Visitor, older: Knowledge
) -> None:
    case = take(board, with_knowledge(patient(), older))
    version = visitor.hidden(f"/patients/{case}/history", "version")
    take(board, with_knowledge(patient(), older))
    answer = visitor.post(f"/patients/{case}/recompute", {"version": version})
    assert answer.status_code == 409 and "changed this patient" in answer.text


def test_the_whole_board_is_made_anew(board: Board, visitor: Visitor, older: Knowledge) -> None:
    case = take(board, with_knowledge(patient(), older))
    stock(board, "SYN-02")
    assert visitor.get("/worklist.json").json()["older"] == 1
    assert visitor.post("/worklist/recompute").headers["location"] == "/worklist"
    assert visitor.get("/worklist.json").json()["older"] == 0
    assert len(history(visitor, case)["steps"]) == 2


def test_an_answer_that_can_t_be_made_holds_up_no_other(
    board: Board, visitor: Visitor, older: Knowledge, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = take(board, with_knowledge(patient(), older))
    whole = board.reader.do
    monkeypatch.setattr(board.reader, "do", lambda work, item: whole(_refuse, item))
    text = visitor.post("/worklist/recompute").text
    assert "0 answers were made anew" in text and f"{PATIENT}: no longer readable" in text
    assert len(history(visitor, case)["steps"]) == 1


def _refuse(item: RowsGiven) -> bytes:
    raise InputError("no longer readable")


@pytest.mark.parametrize(
    "source",
    [ROOT / "examples" / "tables", *sorted((ROOT / "examples" / "fhir").glob("*.json"))[:3]],
    ids=lambda x: x.name,
)
def test_kept_rows_read_once_more_give_the_same_answer(source: Path) -> None:
    read = msgspec.json.decode(read_file(source), type=ReadFile)
    for one in some(read.patients[:4]):
        given = RowsGiven(patient_id=one.patient_id, rows=one.rows, before=one)
        again = msgspec.json.decode(read_given(given), type=ReadPatient)
        assert json.loads(again.result) == json.loads(one.result)
        assert again.rows == one.rows
