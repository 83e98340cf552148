"""The knowledge in the browser: by kind, by word, down to its source, with its figures."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.support.board import Visitor, new_board, stock

from rearm.knowledge.bundle import bundled


@pytest.fixture
def visitor(tmp_path: Path) -> Visitor:
    board = new_board(tmp_path / "board")
    stock(board, "SYN-01")
    return Visitor(board)


def test_every_kind_is_listed_with_all_its_entries(visitor: Visitor) -> None:
    page = visitor.get("/knowledge.json").json()
    kinds = {x["kind"]: x["entries"] for x in page["kinds"]}
    assert kinds["option"] == len(bundled().options) and kinds["study"] == len(bundled().studies)
    shown = visitor.get("/knowledge/kinds/option.json").json()["shown"]
    assert {x["id"] for x in shown} == set(bundled().options)
    assert page["answers"] == [{"version": bundled().version, "today": True, "answers": 1}]
    assert visitor.get("/knowledge/kinds/nothing").status_code == 404


def test_words_find_entries(visitor: Visitor) -> None:
    text = visitor.post("/knowledge/search", {"text": "Talquetamab GPRC5D"}).text
    assert 'href="/knowledge/entries/talquetamab"' in text
    assert 'href="/knowledge/entries/selinexor-dexamethasone"' not in text
    assert "No entry has" in visitor.post("/knowledge/search", {"text": "zzzz"}).text
    assert visitor.post("/knowledge/search", {"text": "x" * 201}).status_code == 422


def test_a_rule_leads_to_the_address_of_its_source(visitor: Visitor) -> None:
    place = visitor.get("/knowledge/entries/gprc5d-engager-after-bcma-car-t.json").json()
    assert "merz-2024-talquetamab" in {x["id"] for x in place["leads_to"]}
    statement = visitor.get("/knowledge/entries/merz-2024-talquetamab.json").json()
    assert statement["addresses"][0].startswith("https://")
    assert visitor.get("/knowledge/entries/nothing-there").status_code == 404


def test_the_figures_are_the_page_of_the_report(visitor: Visitor) -> None:
    answer = visitor.get("/knowledge/evidence/bispecific-gprc5d")
    assert answer.status_code == 200 and "<svg" in answer.text
    assert re.search(r"style-src 'sha256-[^']+'", answer.headers["content-security-policy"])
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert visitor.get("/knowledge/evidence/nothing").status_code == 404
