"""What the centre has: kept in versions, read by each answer, and told where an answer is older."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.support.board import Visitor, new_board, stock
from tests.support.places import ROOT

from rearm.board.board import Board

BUNDLE = ROOT / "examples" / "fhir" / "biallelic-bcma-loss.json"


@pytest.fixture
def board(tmp_path: Path) -> Board:
    return new_board(tmp_path / "board")


@pytest.fixture
def visitor(board: Board) -> Visitor:
    return Visitor(board)


def keep(visitor: Visitor, **fields: str) -> Any:
    named = {name.replace("__", "-"): text for name, text in fields.items()}
    return visitor.post("/centre", {"seen": visitor.hidden("/centre", "seen"), **named})


def test_the_list_is_kept_in_versions(visitor: Visitor) -> None:
    sent = {"name": "Here", "region": "EU", "here__talquetamab": "on_request",
            "note__talquetamab": "two weeks", "trial__0__name": "A trial",
            "trial__0__number": "NCT00000000", "contact__0__role": "slots"}  # fmt: skip
    assert keep(visitor, **sent).status_code == 303
    page = visitor.get("/centre.json").json()
    assert page["content"]["options"] == {
        "talquetamab": {"here": "on_request", "note": "two weeks"}
    }
    assert page["content"]["trials"][0]["number"] == "NCT00000000"
    assert page["content"]["contacts"][0]["role"] == "slots"
    assert keep(visitor, name="Elsewhere").status_code == 303
    page = visitor.get("/centre.json").json()
    assert page["content"]["options"] == {} and [x["number"] for x in page["versions"]] == [2, 1]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"region": "Atlantis"}, "region of the list"),
        ({"name": "x" * 501}, "longer than 500"),
        ({"name": "a\x00"}, "no text"),
        ({"trial__0__number": "NCT1"}, "trial a name"),
        ({"contact__0__reach": "1234"}, "what it is for"),
    ],
)
def test_a_list_that_can_t_be_kept(visitor: Visitor, fields: dict[str, str], sentence: str) -> None:
    answer = keep(visitor, **fields)
    assert answer.status_code == 422 and sentence in answer.text
    assert visitor.get("/centre.json").json()["seen"] == 0


def test_two_keep_a_list_at_once(visitor: Visitor) -> None:
    first = keep(visitor, name="the first text")
    second = visitor.post("/centre", {"seen": "0", "name": "the second text"})
    assert (first.status_code, second.status_code) == (303, 409)
    assert "the first text" in second.text and "the second text" in second.text


def test_a_change_of_the_list_makes_answers_older(board: Board, visitor: Visitor) -> None:
    case = stock(board, "SYN-01")["SYN-01"]
    keep(visitor, here__talquetamab="not_here")
    assert "made before the centre&#39;s list changed" in visitor.get("/worklist").text.replace(
        "centre's", "centre&#39;s"
    )
    history = f"/patients/{case}/history"
    assert visitor.get(f"{history}.json").json()["outdated"] == [
        "It was made before the centre's list changed."
    ]
    sent = {"version": visitor.hidden(history, "version")}
    assert visitor.post(f"/patients/{case}/recompute", sent).status_code == 303
    options = {
        x["id"]: x for x in visitor.get(f"/patients/{case}.json").json()["result"]["options"]
    }
    assert options["talquetamab"]["here"] == "not_here"
    assert "not here" in visitor.get(f"/patients/{case}").text
    page = visitor.get(f"{history}.json").json()
    assert page["outdated"] == [] and "What changed is the centre's list" in page["reasons"][0]
    keep(visitor, here__talquetamab="not_here", name="A name decides nothing")
    assert visitor.get(f"{history}.json").json()["outdated"] == []


def test_a_new_file_is_read_with_the_list(visitor: Visitor) -> None:
    keep(visitor, region="EU", here__talquetamab="on_request", note__talquetamab="ask Dr D")
    sent = {"file": ("x.json", BUNDLE.read_bytes(), "application/json")}
    path = visitor.post("/upload", files=sent).headers["location"]
    case = visitor.post(f"{path}/take", {"seen": visitor.hidden(path, "seen")}).headers["location"]
    page = visitor.get(f"{case}.json").json()
    assert page["result"]["region"] == "EU"
    assert "here on request (ask Dr D)" in visitor.get(case).text
    assert visitor.get(f"{case}/history.json").json()["outdated"] == []
