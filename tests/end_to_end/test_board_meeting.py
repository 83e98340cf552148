"""A coordinator's way to the meeting, through it and back: what is missing, the decision where the
board sits, the minutes, what became of it, and the registry that reads it.
"""

from __future__ import annotations

import csv
import io
import re
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest
from msgspec import structs
from sqlalchemy import text as text_of_sql
from sqlalchemy.exc import IntegrityError
from tests.support.board import Visitor, examples_read, new_board, stock
from tests.support.command_line import run
from tests.support.loops import some

from rearm.board.board import Board
from rearm.board.child.reading import ReadFile, TidyRow
from rearm.board.commands import export_registry
from rearm.board.refusals import NotUsable
from rearm.board.store import uploads
from rearm.board.store.audit import verify
from rearm.board.store.registry import registry_tables, taken_by_registry
from rearm.board.store.tables import FIRST_TENANT, Case, SessionRow
from rearm.board.store.triggers import drop_triggers

DAY = "2026-12-07"
HOSTILE = (
    "<script>alert(1)</script>",
    "\"'><svg onload=alert(1)>",
    "</textarea><script>alert(1)</script>",
    "{{ 7 * 7 }}{% include 'x' %}",
    '=HYPERLINK("http://x")',
)
PEOPLE = "Dr A (haematology)\nDr B (radiology)"


@pytest.fixture
def board(tmp_path: Path) -> Board:
    return new_board(tmp_path / "board")


@pytest.fixture
def visitor(board: Board) -> Visitor:
    return Visitor(board)


def schedule(visitor: Visitor, *cases: str, day: str = DAY) -> None:
    for case in cases:
        path = f"/patients/{case}"
        sent = {
            "version": visitor.hidden(path, "version"), "state": "scheduled", "meeting_day": day,
        }  # fmt: skip
        assert visitor.post(f"{path}/state", sent).status_code == 303


def decide(visitor: Visitor, case: str, **more: str) -> Any:
    path = f"/meetings/{DAY}/patients/{case}"
    page = visitor.get(f"{path}.json").json()
    sent = {
        "version": str(page["version"]),
        "answer": str(page["answer"]),
        "participants": page["participants"],
        "strategy": page["groups"][0]["choices"][0]["strategy"],
        "reason": "as discussed",
        **more,
    }
    return visitor.post(path, sent)


# ---------------------------------------------------------------- the worklist


def rows(visitor: Visitor, view: str = "") -> dict[str, dict[str, Any]]:
    groups = visitor.get(f"/worklist{view}.json").json()["groups"]
    return {row["patient"]: {**row, "state": g["state"]} for g in groups for row in g["rows"]}


def test_the_worklist_ages_each_test_at_the_meeting(board: Board, visitor: Visitor) -> None:
    cases = stock(board, "SYN-01")
    schedule(visitor, cases["SYN-01"], day="2025-05-10")
    ready = rows(visitor)["SYN-01"]["ready"]
    assert ready["reckoned"] == "meeting"
    assert ready["lacking"] == ["imaging", "LDH", "IgG"]
    (old,) = (x for x in ready["old"] if "creatinine" in x["tests"])
    assert (old["date"], old["age"], old["max_age"]) == ("2025-04-03", 37, 28)
    assert not any("marrow" in x["tests"] for x in ready["old"])  # 48 days of at most 56
    text = visitor.get("/worklist").text
    assert "Too old at the meeting" in text and "37 days, at most 28" in text
    schedule(visitor, cases["SYN-01"], day="2025-04-10")
    assert rows(visitor)["SYN-01"]["ready"]["old"] == []


def test_the_next_meeting_stands_first(board: Board, visitor: Visitor) -> None:
    cases = stock(board, "SYN-01", "SYN-02", "SYN-03")
    for patient, day in (("SYN-01", "2027-02-01"), ("SYN-02", "2027-01-04"), ("SYN-03", DAY)):
        schedule(visitor, cases[patient], day=day)
    assert [*rows(visitor, "/scheduled")] == ["SYN-03", "SYN-02", "SYN-01"]
    days = visitor.get("/meetings.json").json()["days"]
    assert [x["day"] for x in days] == [DAY, "2027-01-04", "2027-02-01"]


def test_views_and_search_pick_patients(board: Board, visitor: Visitor) -> None:
    cases = stock(board, "SYN-01", "SYN-08")
    schedule(visitor, cases["SYN-01"])
    assert [*rows(visitor, "/scheduled")] == ["SYN-01"]
    assert [*rows(visitor, "/backlog")] == ["SYN-08"]
    assert set(rows(visitor, "/wanting")) == {"SYN-01", "SYN-08"}
    assert rows(visitor, "/new_data") == {}
    assert visitor.get("/worklist/nothing").status_code == 404
    found = visitor.post("/worklist/search", {"text": "gprc5d syn-01"})
    assert found.status_code == 200
    assert "SYN-01" in found.text and "SYN-08" not in found.text
    assert "1 of 2 patients" in found.text
    assert "0 of 2 patients" in visitor.post("/worklist/search", {"text": "nobody"}).text
    assert visitor.post("/worklist/search", {"text": "x" * 201}).status_code == 422


def test_the_worklist_is_had_as_csv(board: Board, visitor: Visitor) -> None:
    cases = stock(board, "SYN-01", "SYN-08")
    schedule(visitor, cases["SYN-01"], day="2025-05-10")
    answer = visitor.get("/worklist.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    found = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["patient"] for row in found] == ["SYN-01", "SYN-08"]
    assert "of 2025-04-03: 37 days old (at most 28)" in found[0]["too_old"]
    assert found[0]["never_done"] == "imaging; LDH; IgG"


# ---------------------------------------------------------------- the meeting


def test_the_board_decides_patient_after_patient(board: Board, visitor: Visitor) -> None:
    cases = stock(board, "SYN-01", "SYN-02", "SYN-03")
    schedule(visitor, *cases.values())
    meeting = f"/meetings/{DAY}"
    sent = {"version": visitor.hidden(meeting, "version"), "participants": PEOPLE}
    assert visitor.post(f"{meeting}/participants", sent).headers["location"] == meeting
    path, seen = f"{meeting}/patients/{cases['SYN-01']}", []
    for _ in range(3):
        page = visitor.get(f"{path}.json").json()
        seen.append(page["patient"])
        assert page["participants"] == PEOPLE  # typed once
        assert PEOPLE in visitor.get(path).text.replace("&#34;", '"')
        assert decide(visitor, page["case"]).headers["location"] == path
        path = f"{meeting}/patients/{page['following']}"
    assert seen == ["SYN-01", "SYN-02", "SYN-03"]
    assert page["following"] == "" and page["place"] == page["patients"] == 3
    minutes = visitor.get(f"{meeting}/minutes.json").json()
    assert minutes["participants"] == PEOPLE
    assert [x["decision"]["reason"] for x in minutes["minutes"]] == ["as discussed"] * 3
    assert {row["state"] for row in rows(visitor).values()} == {"decided"}


def test_the_next_patient_has_who_took_part_in_the_last(board: Board, visitor: Visitor) -> None:
    cases = stock(board, "SYN-01", "SYN-02")
    schedule(visitor, *cases.values())
    decide(visitor, cases["SYN-01"], participants="Dr C")
    page = visitor.get(f"/meetings/{DAY}/patients/{cases['SYN-02']}.json").json()
    assert page["participants"] == "Dr C"


def test_a_decision_in_the_meeting_obeys_the_rules_of_decisions(
    board: Board, visitor: Visitor
) -> None:
    case = stock(board, "SYN-01")["SYN-01"]
    schedule(visitor, case)
    path = f"/meetings/{DAY}/patients/{case}"
    page = visitor.get(f"{path}.json").json()
    against = next(g for g in page["groups"] if g["against"])["choices"][0]["strategy"]
    answer = decide(visitor, case, strategy=against, participants="", reason="mine")
    assert answer.status_code == 422
    assert "who took part" in answer.text and "highest tier" in answer.text
    assert ">\nmine</textarea>" in answer.text  # what was typed is not lost
    assert visitor.get(f"/meetings/{DAY}/minutes.json").json()["minutes"][0]["decision"] is None


def test_two_decide_at_once_in_the_meeting(board: Board, visitor: Visitor) -> None:
    case = stock(board, "SYN-01")["SYN-01"]
    schedule(visitor, case)
    old = str(visitor.get(f"/meetings/{DAY}/patients/{case}.json").json()["version"])
    assert decide(visitor, case, participants="X", reason="the first text").status_code == 303
    second = decide(visitor, case, participants="X", reason="the second text", version=old)
    assert second.status_code == 409
    assert "the first text" in second.text and "the second text" in second.text


def test_two_name_who_takes_part_at_once(board: Board, visitor: Visitor) -> None:
    path = f"/meetings/{DAY}"
    first = visitor.post(f"{path}/participants", {"version": "0", "participants": "the first"})
    second = visitor.post(f"{path}/participants", {"version": "0", "participants": "the second"})
    assert (first.status_code, second.status_code) == (303, 409)
    assert "the first" in second.text and "the second" in second.text
    assert visitor.get(f"{path}.json").json()["participants"] == "the first"


def test_a_patient_of_another_day_is_not_of_this_meeting(board: Board, visitor: Visitor) -> None:
    case = stock(board, "SYN-01")["SYN-01"]
    path = f"/meetings/{DAY}/patients/{case}"
    assert visitor.get(path).status_code == 404
    sent = {"version": "1", "answer": "1", "participants": "X", "reason": "x", "strategy": "-"}
    assert visitor.post(path, sent).status_code == 404
    assert visitor.get(f"/patients/{case}.json").json()["decisions"] == []
    for day in ("2026-13-01", "20261207", "x", "2026-12-7"):
        assert visitor.get(f"/meetings/{day}").status_code == 404


def test_minutes_keep_a_decision_when_the_patient_moves_on(board: Board, visitor: Visitor) -> None:
    case = stock(board, "SYN-01")["SYN-01"]
    schedule(visitor, case)
    decide(visitor, case, participants="X")
    follow(visitor, case, **GIVEN)
    schedule(visitor, case, day="2027-01-04")
    (told,) = visitor.get(f"/meetings/{DAY}/minutes.json").json()["minutes"]
    assert told["relapse"].startswith("after CAR-T")  # as the board saw it
    assert told["decision"]["reason"] == "as discussed"
    (later,) = visitor.get("/meetings/2027-01-04/minutes.json").json()["minutes"]
    assert later["decision"] is None  # nothing was decided there


def test_who_may_only_read_sees_no_form(board: Board, visitor: Visitor) -> None:
    case = stock(board, "SYN-01")["SYN-01"]
    schedule(visitor, case)
    paths = (f"/meetings/{DAY}", f"/meetings/{DAY}/patients/{case}")
    for path in some(paths):
        assert f'action="{path}' in visitor.get(path).text
    with board.database.writing() as session:
        for row in session.query(SessionRow):
            row.permissions = "read"
    for path in some(paths):
        text = visitor.get(path).text
        assert "Meeting of" in text and f'action="{path}' not in text


# ---------------------------------------------------------------- follow-up


def decided(board: Board, visitor: Visitor, patient: str = "SYN-01") -> str:
    case = stock(board, patient)[patient]
    schedule(visitor, case)
    assert decide(visitor, case, participants="X").status_code == 303
    return case


def follow(visitor: Visitor, case: str, **fields: str) -> Any:
    path = f"/patients/{case}/follow-up"
    return visitor.post(path, {"version": visitor.hidden(path, "version"), **fields})


GIVEN = {
    "done": "yes", "given": "talquetamab", "started": "2025-04-20", "best_response": "VGPR",
    "response_day": "2025-06-20", "progressed": "yes", "progression_day": "2025-12-01",
    "next_look": "2026-01-10",
}  # fmt: skip


def test_what_became_of_a_decision_enters_record_and_answer(board: Board, visitor: Visitor) -> None:
    case = decided(board, visitor)
    before = visitor.get(f"/patients/{case}/results/1.json").json()
    assert follow(visitor, case, **GIVEN).status_code == 303
    page = visitor.get(f"/patients/{case}.json").json()
    assert page["state"] == "followed_up"
    assert [x["number"] for x in page["answers"]] == [2, 1]
    assert page["answers"][0]["file"] == "follow-up of a decision"
    after = page["result"]
    line = after["therapies"][-1]
    assert line["agents"] == ["talquetamab"] and line["best_response"] == "VGPR"
    assert after["rows"][line["row"]] == "follow-up: decision 1, therapies"
    assert after["relapse"]["after"] != before["relapse"]["after"] == "CAR-T"
    kept = visitor.get(f"/patients/{case}/follow-up.json").json()["kept"]
    assert [x["version"] for x in kept] == [1] and kept[0]["name"] == "Talquetamab"


def test_a_later_version_replaces_the_rows_of_the_former(board: Board, visitor: Visitor) -> None:
    case = decided(board, visitor)
    follow(visitor, case, **GIVEN)
    assert follow(visitor, case, **{**GIVEN, "started": "2025-04-27"}).status_code == 303
    result = visitor.get(f"/patients/{case}.json").json()["result"]
    lines = [x for x in result["therapies"] if x["agents"] == ["talquetamab"]]
    assert len(lines) == 1
    kept = visitor.get(f"/patients/{case}/follow-up.json").json()["kept"]
    assert [x["started"] for x in kept] == ["2025-04-27", "2025-04-20"]


def test_a_decision_that_was_not_carried_out(board: Board, visitor: Visitor) -> None:
    case = decided(board, visitor)
    assert follow(visitor, case, done="no").status_code == 303
    assert "no reason documented" in visitor.get(f"/patients/{case}/follow-up").text
    total = visitor.get("/follow-ups.json").json()["total"]
    assert (total["decided"], total["no"], total["undocumented"]) == (1, 1, 1)
    follow(visitor, case, done="no", why_not="the patient chose hospice")
    total = visitor.get("/follow-ups.json").json()["total"]
    assert (total["no"], total["undocumented"]) == (1, 0)


def test_the_statistics_count_by_strategy(board: Board, visitor: Visitor) -> None:
    follow(visitor, decided(board, visitor), **GIVEN)
    follow(visitor, decided(board, visitor, "SYN-02"), done="partly", given="talquetamab")
    decided(board, visitor, "SYN-03")
    page = visitor.get("/follow-ups.json").json()
    assert page["total"]["decided"] == 3
    assert [page["total"][x] for x in ("yes", "partly", "no", "not_followed")] == [1, 1, 0, 1]
    assert sum(x["decided"] for x in page["counts"]) == 3
    assert "Done as decided: 1 (50 %)" in visitor.get("/follow-ups").text
    due = {x["patient"]: x["due"] for x in page["rows"]}
    assert due == {"SYN-01": date.today().isoformat() >= "2026-01-10", "SYN-02": False,
                   "SYN-03": True}  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "whether what was decided was done"),
        ({"done": "perhaps"}, "whether what was decided was done"),
        ({"done": "yes"}, "Say what was given"),
        ({"done": "yes", "given": "aspirin"}, "no option of the knowledge"),
        ({"done": "no", "started": "yesterday"}, "year-month-day"),
        ({"done": "no", "started": "2025-05-02", "ended": "2025-05-01"}, "before its start"),
        ({"done": "no", "death_day": "2025-05-02"}, "choose that the patient died"),
        ({"done": "no", "progression_day": "2025-05-02"}, "choose that the patient progressed"),
        ({"done": "no", "started": "2999-05-02"}, "lies in the future"),
        ({"done": "no", "best_response": "cured"}, "best response of the list"),
        ({"done": "no", "note": "x" * 4001}, "longer than 4000"),
        ({"done": "no", "note": "a\x00b"}, "character that is no text"),
    ],
)
def test_a_follow_up_that_can_t_be_kept(
    board: Board, visitor: Visitor, fields: dict[str, str], sentence: str
) -> None:
    case = decided(board, visitor)
    answer = follow(visitor, case, **fields)
    assert answer.status_code == 422 and sentence in answer.text
    assert visitor.get(f"/patients/{case}/follow-up.json").json()["kept"] == []
    assert len(visitor.get(f"/patients/{case}.json").json()["answers"]) == 1


def test_without_a_decision_nothing_is_followed_up(board: Board, visitor: Visitor) -> None:
    case = stock(board, "SYN-01")["SYN-01"]
    assert "No decision is recorded" in visitor.get(f"/patients/{case}/follow-up").text
    version = str(visitor.get(f"/patients/{case}.json").json()["version"])
    answer = visitor.post(f"/patients/{case}/follow-up", {"version": version, **GIVEN})
    assert answer.status_code == 422 and "Record it first" in answer.text


def test_two_follow_up_at_once_and_both_texts_stand_there(board: Board, visitor: Visitor) -> None:
    case = decided(board, visitor)
    old = visitor.hidden(f"/patients/{case}/follow-up", "version")
    follow(visitor, case, done="no", note="the first text")
    second = follow(visitor, case, done="no", note="the second text", version=old)
    assert second.status_code == 409
    assert "the first text" in second.text and "the second text" in second.text
    assert re.findall(r'name="version" value="(\d+)"', second.text) != [old]


# ---------------------------------------------------------------- the registry


@pytest.mark.slow
def test_a_registry_is_built_from_the_board(board: Board, visitor: Visitor, tmp_path: Path) -> None:
    case = decided(board, visitor)
    decided(board, visitor, "SYN-02")
    stock(board, "SYN-03")  # undecided: not of the registry
    follow(visitor, case, **GIVEN)
    stock(board, "SYN-01")  # a later file without what the board knows
    out, store = tmp_path / "out", tmp_path / "store"
    done = run("serve", "export", "--folder", board.folder.path, "--to", out)
    assert done.returncode == 0, done.stderr
    assert "2 patients" in done.stdout
    assert out.stat().st_mode & 0o077 == 0
    therapies = (out / "therapies.csv").read_text()
    assert "talquetamab" in therapies
    built = run("cohort", "build", out, "--store", store, "--json")
    assert built.returncode == 0, built.stderr
    patients = pl.read_parquet(store / "patients" / "*.parquet")
    assert set(patients["patient_id"]) == {"SYN-01", "SYN-02"}
    lines = pl.read_parquet(store / "lines" / "*.parquet")
    (line,) = lines.filter(pl.col("option") == "talquetamab").to_dicts()
    assert (line["patient_id"], line["start_low"]) == ("SYN-01", 433)
    relapses = pl.read_parquet(store / "relapses" / "*.parquet").filter(pl.col("present"))
    after = dict(relapses.select("patient_id", "after").iter_rows())
    assert after["SYN-02"] == "CAR-T" != after["SYN-01"]
    again = run("serve", "export", "--folder", board.folder.path, "--to", out)
    assert again.returncode == 2 and "not an empty folder" in again.stderr
    assert run("serve", "audit", "verify", "--folder", board.folder.path).returncode == 0


def test_what_must_not_be_used_enters_no_registry(board: Board, visitor: Visitor) -> None:
    decided(board, visitor)
    cells = {"patient_id": "SYN-01", "day": "430", "test": "creatinine", "unit": "mg/dL"}
    unread = TidyRow(table="labs", place="form: a", cells={**cells, "value": "7.71"}, unread=True)
    aside = TidyRow(table="labs", place="form: b", cells={**cells, "value": "8.81"},
                    set_aside={"value": "unclear_number"})  # fmt: skip
    (one,) = (x for x in examples_read().patients if x.patient_id == "SYN-01")
    read = ReadFile(patients=(structs.replace(one, rows=(*one.rows, unread, aside)),), issues=())
    upload = uploads.keep_read(
        board.database, FIRST_TENANT, "x", "a.csv", b"x", msgspec.json.encode(read)
    )
    with board.database.writing() as session:
        seen = uploads.seen_mark(uploads.versions_of(session, FIRST_TENANT, read))
        uploads.take_in(session, FIRST_TENANT, upload, "x", seen)
        header, *rows = registry_tables(session, FIRST_TENANT).tables["labs"]
    values = [row[header.index("value")] for row in rows]
    assert not {"7.71", "8.81"} & {*values}
    assert len(values) == sum(row.table == "labs" for row in one.rows) + 1  # without its value


def test_a_board_without_decisions_exports_nothing(board: Board, tmp_path: Path) -> None:
    stock(board, "SYN-01")
    with pytest.raises(NotUsable, match="Nothing is decided"):
        export_registry(board.folder.path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_invented_patient_enters_no_registry(board: Board, visitor: Visitor) -> None:
    decided(board, visitor)
    with board.database.writing() as session:
        assert len(taken_by_registry(session, FIRST_TENANT)) == 1
        for case in session.query(Case):
            case.invented = True
    with board.database.reading() as session:
        assert taken_by_registry(session, FIRST_TENANT) == []
    assert visitor.get("/follow-ups.json").json()["total"]["decided"] == 0


# ---------------------------------------------------------------- hostile text


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_others_stays_text_in_every_room(board: Board, visitor: Visitor, text: str) -> None:
    case = stock(board, "SYN-01")["SYN-01"]
    schedule(visitor, case)
    meeting = f"/meetings/{DAY}"
    visitor.post(f"{meeting}/participants", {"version": "0", "participants": text})
    decide(visitor, case, reason=text, participants=text)
    assert follow(visitor, case, done="no", why_not=text, given_text=text, note=text,
                  started="2025-04-20").status_code == 303  # fmt: skip
    assert visitor.post("/centre", {"seen": "0", "name": text, "here-talquetamab": "not_here",
        "note-talquetamab": text, "trial-0-name": text, "contact-0-role": text,
    }).status_code == 303  # fmt: skip
    sent = {"version": visitor.hidden(f"/patients/{case}/history", "version")}
    assert visitor.post(f"/patients/{case}/recompute", sent).status_code == 303
    paths = (meeting, f"{meeting}/patients/{case}", f"{meeting}/minutes", f"/patients/{case}",
             f"/patients/{case}/follow-up", f"/patients/{case}/history", "/follow-ups", "/centre",
             "/worklist", "/meetings")  # fmt: skip
    pages = [visitor.get(path).text for path in paths]
    pages.append(visitor.post("/worklist/search", {"text": text}).text)
    pages.append(visitor.post("/knowledge/search", {"text": text}).text)
    pages.append(visitor.post("/centre", {"seen": "0", "name": text}).text)
    for page in some(pages):
        assert not set(re.findall(r"<(\w+)", page)) & {"script", "img", "svg"}
        assert page.count("<textarea") == page.count("</textarea>")
    cells = [cell for row in csv.reader(io.StringIO(visitor.get("/worklist.csv").text))
             for cell in row]  # fmt: skip
    assert not any(cell.startswith("=") for cell in cells)


def test_no_address_and_no_title_names_a_patient(board: Board, visitor: Visitor) -> None:
    case = decided(board, visitor)
    paths = ("/worklist", "/meetings", f"/meetings/{DAY}", f"/meetings/{DAY}/patients/{case}",
             f"/meetings/{DAY}/minutes", f"/patients/{case}/follow-up",
             f"/patients/{case}/history", "/follow-ups")  # fmt: skip
    for path in some(paths):
        text = visitor.get(path).text
        named = re.findall(r'(?:href|action|src)="([^"]*)"|<title>(.*?)</title>', text)
        assert named and not any("SYN-01" in x for pair in named for x in pair)
        assert not re.search(r"<(script|style|iframe|object)|\son\w+=|\sstyle=|javascript:", text)


# ---------------------------------------------------------------- kept for ever


@pytest.mark.parametrize("table", ["meeting_decisions", "follow_ups", "answer_causes", "centres"])
def test_what_is_kept_can_t_be_changed_and_a_change_is_found(
    board: Board, visitor: Visitor, table: str
) -> None:
    case = decided(board, visitor)
    assert follow(visitor, case, **GIVEN).status_code == 303
    assert visitor.post("/centre", {"seen": "0", "name": "Here"}).status_code == 303
    on_file = board.database.kind.dialect == "sqlite"
    anew = f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}" if on_file else (
        f"TRUNCATE {table} CASCADE"
    )  # fmt: skip
    for change in (f"UPDATE {table} SET who = 'x'", f"DELETE FROM {table}", anew):
        with (
            pytest.raises(IntegrityError, match="kept as they are"),
            board.database.writing() as session,
        ):
            session.execute(text_of_sql(change))
    with board.database.reading() as session:
        assert verify(session).faults == ()
    with board.database.writing() as session:
        drop_triggers(session.connection(), {(table, f"{table}_no_update")})
        session.execute(text_of_sql(f"UPDATE {table} SET who = 'x'"))
    with board.database.reading() as session:
        assert [x.kind for x in verify(session).faults] == ["row_changed"]
