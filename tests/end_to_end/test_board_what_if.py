"""What is assumed moves nothing that is kept; what is compared is the stored answer."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text as text_of_sql
from tests.end_to_end.test_board_routes import HOSTILE
from tests.support.board import Visitor, new_board, stock
from tests.support.loops import some

from rearm.board.board import Board
from rearm.board.compare.contents import compare_page
from rearm.board.store import audit
from rearm.board.store.tables import Base
from rearm.board.what_if.contents import MOST

LOST = {"chosen:finding.gprc5d_status": "1", "finding.gprc5d_status:lost": "1"}


@pytest.fixture
def board(tmp_path: Path) -> Board:
    return new_board(tmp_path / "board")


@pytest.fixture
def visitor(board: Board) -> Visitor:
    return Visitor(board)


def _kept(board: Board) -> dict[str, list[Any]]:
    """Every row of the store but those of the audit, and of who is signed in."""
    with board.database.reading() as session:
        return {
            name: [*session.connection().execute(table.select())]
            for name, table in Base.metadata.tables.items()
            if not name.startswith(("audit", "sessions"))
        }


# ---------------------------------------------------------------- what if


def test_what_is_assumed_is_shown_with_what_moves_and_why(board: Board, visitor: Visitor) -> None:
    path = f"/patients/{stock(board, 'SYN-01')['SYN-01']}/what-if"
    page = visitor.post(path, LOST).text
    moved = "Bispecific antibody against GPRC5D moves from “first” to “not possible now”"
    assert f"<b>{moved}</b> because: The relapsed clone has lost GPRC5D" in page
    plain = visitor.post(f"{path}.json", LOST).json()
    assert plain["hypothetical"] is True
    (assumed,) = plain["assumed"]
    assert (assumed["stated"], assumed["computed"]) == ("lost", "retained")
    move = next(x for x in plain["moves"] if x.get("what") == "bispecific-gprc5d")
    assert (move["before"], move["after"]) == ("first", "not_possible")


def test_it_is_marked_hypothetical_on_page_and_window_and_in_json(
    board: Board, visitor: Visitor
) -> None:
    path = f"/patients/{stock(board, 'SYN-01')['SYN-01']}/what-if"
    for page in (visitor.get(path).text, visitor.post(path, LOST).text):
        assert "<title>Hypothetical: what if" in page
        assert '<p class="hypothetical-mark" role="note"><b>Hypothetical.</b>' in page
    assert page.count("hypothetical-mark") == 2  # also below what moves, for the last sheet printed
    assert visitor.get(f"{path}.json").json()["hypothetical"] is True


def test_nothing_of_it_is_kept_but_that_somebody_looked(board: Board, visitor: Visitor) -> None:
    case = stock(board, "SYN-01")["SYN-01"]
    path = f"/patients/{case}/what-if"
    visitor.get(path)
    before = _kept(board)
    assert len(before["results"]) == 1
    assert visitor.post(path, LOST).status_code == 200
    assert _kept(board) == before
    with board.database.reading() as session:
        last = session.execute(
            text_of_sql("SELECT action, subject, details FROM audit ORDER BY number DESC LIMIT 1")
        ).one()
        assert audit.verify(session).faults == ()
    assert last.action == "what_if_seen" and last.subject == case
    assert "finding.gprc5d_status" in last.details and "lost" not in last.details


def test_what_is_so_already_moves_nothing(board: Board, visitor: Visitor) -> None:
    path = f"/patients/{stock(board, 'SYN-01')['SYN-01']}/what-if"
    same = {"chosen:finding.gprc5d_status": "1", "finding.gprc5d_status:retained": "1"}
    assert "<b>Nothing moves.</b> First choice: bispecific antibody against GPRC5D" in (
        visitor.post(path, same).text
    )
    assert visitor.post(f"{path}.json", same).json()["moves"] == []


def test_facts_are_added_and_removed_without_javascript(board: Board, visitor: Visitor) -> None:
    path = f"/patients/{stock(board, 'SYN-01')['SYN-01']}/what-if"
    added = visitor.post(path, {**LOST, "add": "finding.ecog"}).text
    assert added.count('<fieldset class="fact">') == 2
    assert 'name="finding.gprc5d_status:lost" value="1" checked' in added
    both = {**LOST, "chosen:finding.ecog": "1", "finding.ecog:low": "3"}
    found = visitor.post(f"{path}.json", both).json()["assumed"]
    assert [x["stated"] for x in found] == ["lost", "at least 3"]
    left = visitor.post(path, {**both, "remove": "finding.ecog"}).text
    assert left.count('<fieldset class="fact">') == 1


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"finding.ecog:value": "many"}, "no number"),
        ({"finding.ecog:value": "-1"}, "no number"),
        ({"finding.ecog:value": "1e400"}, "no number"),
        ({"finding.ecog:value": "1.5"}, "can&#39;t have this value"),
        ({"finding.ecog:value": "1", "finding.ecog:low": "0"}, "not both"),
        ({"finding.ecog:value": "1", "finding.ecog:unknown": "1"}, "not both"),
        ({"finding.ecog:low": "3", "finding.ecog:high": "2"}, "not above the lowest"),
        ({"chosen:failure_day": "1", "failure_day:value": "x"}, "whole number"),
        ({"chosen:failure_day": "1", "failure_day:value": "9000"}, "after the last day"),
        ({"chosen:failure_day": "1", "failure_day:value": "-5"}, "before the treatment began"),
        ({"chosen:failure": "1", "failure:value": "unknown"}, "choose one"),
        ({"chosen:finding.cns_disease": "1", "finding.cns_disease:value": "perhaps"}, "choose one"),
        ({"chosen:finding.bcma_status": "1", **{f"finding.bcma_status:{x}": "1" for x in
          ("retained", "reduced", "not_detected_unconfirmed", "subclonal_loss", "lost")}},
         "not known"),
    ],
)  # fmt: skip
def test_what_can_t_be_so_is_refused_in_a_sentence(
    board: Board, visitor: Visitor, typed: dict[str, str], sentence: str
) -> None:
    path = f"/patients/{stock(board, 'SYN-01')['SYN-01']}/what-if"
    chosen = {} if any(x.startswith("chosen") for x in typed) else {"chosen:finding.ecog": "1"}
    answer = visitor.post(path, {**chosen, **typed})
    assert answer.status_code == 422
    (told,) = re.findall(r'<p class="alert" role="alert">(.*?)</p>', answer.text)
    assert sentence in told
    assert "What would move</h2>" not in answer.text


def test_so_many_facts_are_not_assumed_together(board: Board, visitor: Visitor) -> None:
    path = f"/patients/{stock(board, 'SYN-01')['SYN-01']}/what-if"
    groups = visitor.get(f"{path}.json").json()["others"]
    yes_no = [x["id"] for g in groups for x in g["facts"] if x["choices"] and x["form"] == "one"
              and x["kind"] == "finding"][: MOST + 1]  # fmt: skip
    form = {f"chosen:{x}": "1" for x in yes_no} | {f"{x}:value": "unknown" for x in yes_no}
    assert f"At most {MOST} facts" in visitor.post(path, form).text


def test_no_address_holds_what_is_assumed(board: Board, visitor: Visitor) -> None:
    path = f"/patients/{stock(board, 'SYN-01')['SYN-01']}/what-if"
    page = visitor.post(path, LOST).text
    named = re.findall(r'(?:href|action)="([^"]*)"', page)
    assert len(named) > 4
    assert not any("lost" in x or "gprc5d" in x or "SYN-01" in x for x in named)


@pytest.mark.parametrize("text", ["\n".join(HOSTILE)], ids=["all"])
def test_hostile_text_is_no_fact(board: Board, visitor: Visitor, text: str) -> None:
    path = f"/patients/{stock(board, 'SYN-01')['SYN-01']}/what-if"
    form = {"chosen:finding.ecog": "1", "finding.ecog:value": text, f"chosen:{text}": "1",
            "add": text}  # fmt: skip
    answer = visitor.post(path, form)
    assert answer.status_code == 422
    assert not set(re.findall(r"<(\w+)", answer.text)) & {"script", "img", "svg"}


# ---------------------------------------------------------------- comparison


def _compared(visitor: Visitor, case: str, a: str, b: str) -> dict[str, Any]:
    path = f"/patients/{case}/compare"
    answer = visitor.post(path, {"a": a, "b": b})
    assert answer.status_code == 303
    where = answer.headers["location"]
    assert visitor.get(where).status_code == 200
    found: dict[str, Any] = visitor.get(f"{where}.json").json()
    return found


def test_two_strategies_stand_side_by_side(board: Board, visitor: Visitor) -> None:
    case = stock(board, "SYN-01")["SYN-01"]
    a, b = "strategy.bispecific-gprc5d", "strategy.second-cart-new-target"
    found = _compared(visitor, case, a, b)
    rows = {x["title"]: x for x in (*found["rows"], *found["equal"])}
    assert (found["a"]["tier"], found["b"]["tier"]) == ("first", "situational")
    figures = [x["text"] for x in rows["Expected, with numbers"]["a"]]
    assert any(re.match(r"Response \d+ % \(.*\); n = .*; after CAR-T", x) for x in figures)
    assert all(x["sources"] for x in rows["Expected, with numbers"]["a"])
    assert "Approved (US since" in rows["Access"]["a"][0]["text"]
    assert "in a trial only" in rows["Access"]["b"][0]["text"]
    assert rows["How it is given: premedication"]["a"]
    assert rows["How it is given: premedication"]["empty"][1].startswith("not stored")
    assert any("imaging" in x["text"] for x in rows["What would move it"]["a"])
    result = visitor.get(f"/patients/{case}/results/1.json").json()
    option = next(x for x in result["options"] if x["id"] == "talquetamab")
    named = [s for row in found["rows"] for x in row["a"] + row["b"] for s in x["sources"]]
    assert named and not any(s.isdigit() or not s for s in named)
    told = {x["text"] for row in found["rows"] for x in row["a"] + row["both"]}
    assert {result["reasons"][x]["text"] for x in option["for"]} <= told


def test_what_is_equal_is_folded_and_what_differs_stands_first(
    board: Board, visitor: Visitor
) -> None:
    case = stock(board, "SYN-01")["SYN-01"]
    found = _compared(visitor, case, "option.teclistamab", "option.elranatamab")
    assert found["equal"] and all(not x["a"] and not x["b"] for x in found["equal"])
    assert found["rows"] and all(x["a"] or x["b"] for x in found["rows"])
    page = visitor.get(f"/patients/{case}/compare/option.teclistamab/option.elranatamab").text
    assert page.index("</table>") < page.index("In this they are alike")


def test_the_other_way_round_it_says_the_same(board: Board) -> None:
    case = stock(board, "SYN-05")["SYN-05"]
    with board.database.reading() as session:
        members = [x.id for topic in compare_page(session, case).choices for x in topic.members]
        assert len(members) > 60
        for a, b in zip(members[::7], members[3::7], strict=False):
            one, other = compare_page(session, case, a, b), compare_page(session, case, b, a)
            assert (one.a, one.b) == (other.b, other.a)
            assert [(x.title, x.a, x.b, set(x.both)) for x in one.rows] == [
                (x.title, x.b, x.a, set(x.both)) for x in other.rows
            ]
            every = [x for row in (*one.rows, *one.equal) for x in (*row.a, *row.b, *row.both)]
            assert all(x.text for x in some(every))


@pytest.mark.parametrize(
    ("a", "b", "status"),
    [("strategy.none", "strategy.observe", 404), ("observe", "strategy.observe", 404),
     ("option.", "x.y", 404)],
)  # fmt: skip
def test_what_the_answer_does_not_hold_is_not_compared(
    board: Board, visitor: Visitor, a: str, b: str, status: int
) -> None:
    path = f"/patients/{stock(board, 'SYN-01')['SYN-01']}/compare"
    assert visitor.get(f"{path}/{a}/{b}").status_code == status
    again = visitor.post(path, {"a": a, "b": b})
    assert again.status_code == 422 and "Choose two different" in again.text


def test_one_is_not_compared_with_itself(board: Board, visitor: Visitor) -> None:
    path = f"/patients/{stock(board, 'SYN-01')['SYN-01']}/compare"
    same = {"a": "strategy.observe", "b": "strategy.observe"}
    assert visitor.post(path, same).status_code == 422


def test_where_nothing_is_to_be_chosen_nothing_is_compared(board: Board, visitor: Visitor) -> None:
    case = stock(board, "SYN-08")["SYN-08"]
    assert "there is nothing to compare" in visitor.get(f"/patients/{case}/compare").text
