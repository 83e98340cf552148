"""The description of the tidy tables: each says what it is about; a fault has a sentence."""

from __future__ import annotations

import pytest

from rearm.knowledge import KnowledgeError, load
from rearm.knowledge._toml import parsed
from rearm.knowledge.bundle import DATA
from rearm.knowledge.tidy_tables import read_tidy_tables


def test_each_table_of_events_says_what_it_is_about() -> None:
    tables = load().tidy_tables.tables
    silent = [t.name for t in tables.values() if not any(c.about for c in t.columns.values())]
    assert silent == ["patients", "labs"]


def test_the_columns_of_responses_have_one_list() -> None:
    tables = load().tidy_tables.tables
    columns = [
        tables["assessments"].columns["response"],
        tables["therapies"].columns["best_response"],
        tables["infusions"].columns["best_response"],
    ]
    assert all(c.words == columns[0].words for c in columns)
    assert all(c.spellings == columns[0].spellings for c in columns)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('about = ["response"]', 'about = ["answer"]', "assessments has no column answer"),
        ('denied_by = ["gene"]', 'denied_by = ["genes"]', "variants has no column genes"),
        ('spellings = "response"', 'spellings = "answer"', "there is no list of spellings answer"),
    ],
)
def test_a_fault_has_a_sentence(old: str, new: str, told: str) -> None:
    text = (DATA / "tables.toml").read_text("utf-8")
    assert old in text
    with pytest.raises(KnowledgeError, match=told):
        read_tidy_tables(parsed(text.replace(old, new).encode()))
