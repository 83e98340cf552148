"""The team overrules a computed fact with a reason: both stand, and it can be taken back."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text as text_of_sql
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session
from tests.end_to_end.test_board_routes import HOSTILE
from tests.support.board import Visitor, new_board, stock
from tests.support.board_files import give_again, tables_of

from rearm.assessment import Assessment, assembly, overruling
from rearm.board.board import Board
from rearm.board.child.answering import answer, suppose
from rearm.board.store import audit, overrules, uploads
from rearm.board.store.overrules import kept_of
from rearm.board.store.tables import KEPT, Overrule, Record

INFECTION = "finding.active_infection"
REASON = "Seen today: no fever, cultures negative."


@pytest.fixture
def board(tmp_path: Path) -> Board:
    return new_board(tmp_path / "board")


@pytest.fixture
def visitor(board: Board) -> Visitor:
    return Visitor(board)


@pytest.fixture
def case(board: Board) -> str:
    return stock(board, "SYN-10")["SYN-10"]


def _all(case: str) -> str:
    return f"/patients/{case}/overrule"


def _state(visitor: Visitor, case: str, fact: str = INFECTION, **fields: str) -> Any:
    """As the form of the fact sends it."""
    path = f"{_all(case)}/{fact}"
    form = {"version": visitor.hidden(path, "version"), "answer": visitor.hidden(path, "answer"),
            "reason": REASON}  # fmt: skip
    typed = fields or {f"{fact}:value": "no"}
    return visitor.post(path, {**form, **typed})


def _take_back(visitor: Visitor, case: str, **fields: str) -> Any:
    standing = visitor.get(f"{_all(case)}.json").json()["standing"]
    form = {"version": visitor.hidden(_all(case), "version"), "of": standing[0]["id"],
            "reason": "The fever is back."}  # fmt: skip
    return visitor.post(f"{_all(case)}/take-back", {**form, **fields})


def _result(visitor: Visitor, case: str, number: int) -> dict[str, Any]:
    found: dict[str, Any] = visitor.get(f"/patients/{case}/results/{number}.json").json()
    return found


def _rows(board: Board) -> list[str]:
    with board.database.reading() as session:
        return [row.rows + row.issues for row in session.query(Record)]


# ---------------------------------------------------------------- both stand


def test_both_values_stand_wherever_the_fact_is_used(visitor: Visitor, case: str) -> None:
    assert _state(visitor, case).status_code == 303
    result = _result(visitor, case, 2)
    (told,) = result["overruled"]
    assert (told["stated"], told["computed"], told["reason"]) == ("no", "yes", REASON)
    assert told["by"] == "somebody" and told["at"]
    finding = result["findings"]["active_infection"]
    assert finding["value"] is False and finding["computed"]["value"] is True
    assert finding["computed"]["rows"] and "rows" not in finding
    assert "stated by the team (somebody, " in finding["text"]
    assert "computed: yes" in finding["text"]
    for path in (
        f"/patients/{case}",
        f"/patients/{case}/results/2",
    ):  # sheet, and behind it
        page = visitor.get(path).text
        assert "1 fact overruled by the team" in page.replace("\n", " ")
        row = page[page.index("Active infection</th>") :]
        assert re.search(r">no</td>\s*<td[^>]*>yes</td>", row), path
        assert REASON in page
    assert "1 fact overruled by the team" in visitor.get("/worklist").text
    first = visitor.get(f"/patients/{case}/results/1").text
    assert "overruled by the team" not in first  # the earlier version stays as it was


def test_an_alert_that_is_lost_is_named(visitor: Visitor, case: str) -> None:
    assert [x["id"] for x in _result(visitor, case, 1)["alerts"]] == ["infection"]
    _state(visitor, case)
    result = _result(visitor, case, 2)
    assert result["alerts"] == [] and [x["id"] for x in result["lost_alerts"]] == ["infection"]
    for path in (f"/patients/{case}", f"/patients/{case}/results/2"):
        page = visitor.get(path).text
        assert "<b>Alert lost by an overruled fact: infection.</b> An infection is active" in page
        assert "(computed: active infection present grade 3, day 222 (2025-01-25))" in page


def test_an_alert_would_be_lost_in_silence_without_its_guard(
    visitor: Visitor, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assembly, "lost_alerts_of", lambda basis, computed: ())
    _state(visitor, case)
    assert "Alert lost" not in visitor.get(f"/patients/{case}").text


def test_the_record_stays_as_it_is(board: Board, visitor: Visitor, case: str) -> None:
    before = _rows(board)
    _state(visitor, case)
    assert _rows(board) == before and len(before) == 1


def test_what_is_taken_back_leaves_the_answer_of_before(
    board: Board, visitor: Visitor, case: str
) -> None:
    before = visitor.get(f"/patients/{case}/results/1.json").text
    _state(visitor, case)
    assert _result(visitor, case, 2)["answer"]["state"] == "choose"
    assert _take_back(visitor, case).status_code == 303
    assert visitor.get(f"/patients/{case}/results/3.json").text == before
    page = visitor.get(f"{_all(case)}.json").json()
    assert page["standing"] == []
    assert [(x["taken_back"], x["reason"]) for x in page["versions"]] == [
        (True, "The fever is back."),
        (False, REASON),
    ]
    with board.database.reading() as session:
        assert audit.verify(session).faults == ()
    again = visitor.post(
        f"{_all(case)}/take-back",
        {"version": visitor.hidden(f"{_all(case)}/{INFECTION}", "version"), "of": "0" * 16,
         "reason": "x"},
    )  # fmt: skip
    assert again.status_code == 404


@pytest.mark.parametrize(
    ("patient", "fact", "typed", "stated", "computed"),
    [
        ("SYN-09", "failure", {"failure:value": "confirmed"}, "progression, confirmed",
         "suspected progression"),
        ("SYN-01", "failure_day", {"failure_day:value": "380"}, "day 380", "day 402"),
        ("SYN-02", "cause.cart_exhaustion", {"cause.cart_exhaustion:value": "likely"}, "likely",
         "not assessed"),
        ("SYN-02", "finding.prior_lines", {"finding.prior_lines:value": "7"}, "7", None),
        ("SYN-04", "finding.bcma_status", {"finding.bcma_status:unknown": "1"}, "not known",
         "retained"),
    ],
)  # fmt: skip
def test_the_course_the_causes_and_the_lines_can_be_overruled(
    board: Board,
    visitor: Visitor,
    patient: str,
    fact: str,
    typed: dict[str, str],
    stated: str,
    computed: str | None,
) -> None:
    case = stock(board, patient)[patient]
    assert _state(visitor, case, fact, **typed).status_code == 303
    result = _result(visitor, case, 2)
    (told,) = result["overruled"]
    assert told["stated"] == stated and told["computed"] == (computed or told["computed"])
    assert told["computed"] != stated
    page = visitor.get(f"/patients/{case}").text
    assert stated in page
    if fact.startswith("failure"):
        assert result["failures"][-1]["computed"]["status"] in ("failed", "suspected")
        assert "as the team states it; computed: " in page


# ---------------------------------------------------------------- later data


def _again(visitor: Visitor, folder: Path, **change: Callable[..., Any]) -> None:
    give_again(visitor, tables_of(folder, "SYN-10", change))


def test_later_data_are_answered_with_what_stands(
    visitor: Visitor, case: str, tmp_path: Path
) -> None:
    _state(visitor, case)
    _again(visitor, tmp_path / "again")
    told = _result(visitor, case, 4)["overruled"]
    assert [(x["stated"], x["computed"]) for x in told] == [("no", "yes")]
    assert "overruled" in _result(visitor, case, 3) and _result(visitor, case, 3)["overruled"] == []
    assert visitor.get(f"/patients/{case}.json").json()["not_applied"] is False


def test_it_is_said_where_the_computed_value_has_changed(
    visitor: Visitor, case: str, tmp_path: Path
) -> None:
    _state(visitor, case)
    _again(visitor, tmp_path / "again", conditions=lambda rows: [
        {**x, "status": "absent" if x["condition"] == "active_infection" else x["status"]}
        for x in rows
    ])  # fmt: skip
    (told,) = _result(visitor, case, 4)["overruled"]
    assert told["changed"] is True and told["agrees"] is True and told["was"] == "yes"
    page = visitor.get(f"/patients/{case}").text
    assert "The computed value has changed since: it was yes." in page
    assert "the overrule can be taken back" in page


def _with_another_car_t(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    return [*rows, {**rows[0], "day": "225", "apheresis_days": ""}]


def test_what_was_stated_of_another_car_t_is_shown_and_not_applied(
    visitor: Visitor, case: str, tmp_path: Path
) -> None:
    _state(visitor, case)
    _again(visitor, tmp_path / "again", infusions=_with_another_car_t)
    result = _result(visitor, case, 4)
    (told,) = result["overruled"]
    assert told["status"] == "stale" and "another CAR-T" in told["why"]
    assert "computed" not in result["findings"]["active_infection"]
    page = visitor.get(f"/patients/{case}").text
    assert "Not applied: it no longer fits the record." in page


def test_without_the_anchor_it_would_be_applied_to_another_car_t(
    visitor: Visitor, case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overruling, "anchor_of", lambda patient, kind: "the same")
    _state(visitor, case)
    _again(visitor, tmp_path / "again", infusions=_with_another_car_t)
    assert "status" not in _result(visitor, case, 4)["overruled"][0]


def test_an_answer_made_without_what_stands_says_so_and_is_mended(
    visitor: Visitor, case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _state(visitor, case)
    with monkeypatch.context() as off:
        off.setattr(uploads, "overruled_answers", lambda *of: {})
        _again(visitor, tmp_path / "again")
    assert "made without facts that the team states" in visitor.get(f"/patients/{case}").text
    version = visitor.hidden(_all(case), "version")
    assert visitor.post(f"{_all(case)}/apply", {"version": version}).status_code == 303
    assert "made without facts" not in visitor.get(f"/patients/{case}").text
    assert len(_result(visitor, case, 4)["overruled"]) == 1


# ---------------------------------------------------------------- who, and how


def test_the_second_writer_sees_both(visitor: Visitor, case: str) -> None:
    path = f"{_all(case)}/{INFECTION}"
    form = {"version": visitor.hidden(path, "version"), "answer": "1", f"{INFECTION}:value": "no"}
    assert visitor.post(path, {**form, "reason": "first reason"}).status_code == 303
    second = visitor.post(path, {**form, "reason": "second reason"})
    assert second.status_code == 409
    assert "first reason" in second.text and ">second reason</textarea>" in second.text
    assert f'name="{INFECTION}:value" value="no" checked' in second.text
    late = _take_back(visitor, case, version=form["version"])
    assert late.status_code == 409 and "The fever is back." in late.text


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"reason": " "}, "Give the reason."),
        ({"reason": "x" * 4001}, "longer than 4000"),
        ({"reason": "a\x00b"}, "no text"),
        ({"reason": "r\u202ee"}, "no text"),
        ({f"{INFECTION}:value": ""}, "choose one"),
        ({f"{INFECTION}:value": "maybe"}, "choose one"),
    ],
)
def test_what_is_not_whole_is_not_recorded(
    visitor: Visitor, case: str, fields: dict[str, str], sentence: str
) -> None:
    answer = _state(visitor, case, **{f"{INFECTION}:value": "no", **fields})
    assert answer.status_code == 422
    assert sentence in answer.text and "Not recorded" in answer.text
    assert visitor.get(f"{_all(case)}.json").json()["versions"] == []


def test_without_its_guard_a_reason_could_be_empty(
    visitor: Visitor, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overrules, "reason_wanting", lambda reason: "")
    assert _state(visitor, case, **{f"{INFECTION}:value": "no", "reason": ""}).status_code == 303


@pytest.mark.parametrize("text", ["\n".join(HOSTILE)], ids=["all"])
def test_hostile_text_in_a_reason_stays_text(visitor: Visitor, case: str, text: str) -> None:
    assert _state(visitor, case, **{f"{INFECTION}:value": "no", "reason": text}).status_code == 303
    paths = (f"/patients/{case}", _all(case), f"{_all(case)}/{INFECTION}", "/worklist")
    pages = [visitor.get(path).text for path in paths]
    refused = _take_back(visitor, case, reason=text, version="0")
    assert refused.status_code == 409
    for page in (*pages, refused.text):
        assert not set(re.findall(r"<(\w+)", page)) & {"script", "img", "svg"}
    behind = visitor.get(f"/patients/{case}/results/2").text
    assert "<script>alert" not in behind and "<img src=x" not in behind
    assert _result(visitor, case, 2)["overruled"][0]["reason"] == text.strip()


@pytest.mark.parametrize(
    "fact", ["finding.none", "finding.failure_status", "none", "cause.none", "relapse", "failure."]
)
def test_what_is_no_fact_of_the_answer_is_not_there(visitor: Visitor, case: str, fact: str) -> None:
    assert visitor.get(f"{_all(case)}/{fact}").status_code == 404


def test_what_is_assumed_is_never_kept(
    board: Board, visitor: Visitor, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _state(visitor, case)
    with board.database.reading() as session:
        kept = kept_of(session, case)
    assert b'"moves"' in suppose(kept)  # what the child gives of it is no result at all
    _mark_hypothetical(monkeypatch)
    version = visitor.hidden(_all(case), "version")
    with pytest.raises(ValueError, match="never kept"):
        _keep_again(board, case, int(version))
    monkeypatch.setattr(overrules, "hypothetical", lambda result: False)
    _keep_again(board, case, int(version))  # it was the guard


def _mark_hypothetical(monkeypatch: pytest.MonkeyPatch) -> None:
    def assumed(*of: Any, **more: Any) -> Assessment:
        return real(*of, hypothetical=True, **more)

    real = overruling.assess_overruled
    monkeypatch.setattr("rearm.board.child.answering.assess_overruled", assumed)


def _keep_again(board: Board, case: str, version: int) -> None:
    with board.database.writing() as session:
        made = answer(kept_of(session, case))
        overrules.apply_again(session, case, version, "x", given=made)


# ---------------------------------------------------------------- kept for ever


def test_what_was_stated_is_kept_and_sealed(board: Board, visitor: Visitor, case: str) -> None:
    assert "overrules" in KEPT
    _state(visitor, case)
    for statement in ("UPDATE overrules SET reason = 'x'", "DELETE FROM overrules"):
        with (
            pytest.raises(DatabaseError, match="kept as they are"),
            board.database.writing() as session,
        ):
            session.execute(text_of_sql(statement))
    with board.database.reading() as session:
        assert audit.verify(session).faults == ()
        (row,) = session.query(Overrule)
        ((name, sealed),) = audit.seal(row).items()
        assert sealed in _details(session)
        session.expunge(row)
        row.reason = "another"
        assert audit.seal(row)[name] != sealed


def _details(session: Session) -> str:
    found = session.execute(text_of_sql("SELECT details FROM audit WHERE action = 'overruled'"))
    return str(found.scalar_one())
