"""Names of drugs with accents are read; a slip of a letter or two is offered and never read."""

from __future__ import annotations

from typing import Any

import pytest

from rearm.intake import read_tables
from rearm.knowledge.bundle import load
from rearm.record import Record

LEXICON = load().lexicon
ACCENTED = [
    ("Talquétamab", "talquetamab"),
    ("Téclistamab", "teclistamab"),
    ("Te\u0301clistamab", "teclistamab"),
    ("BORTÉZOMIB", "bortezomib"),
    ("Lénalidomide", "lenalidomide"),
    ("dexaméthasone", "dexamethasone"),
]
SLIPS = [
    ("Talquetamb", "talquetamab"),
    ("Revlimd", "Revlimid (lenalidomide)"),
    ("Carvikty", "Carvykti (cilta-cel)"),
    ("Abecam", "Abecma (ide-cel)"),
]


def _read(table: str, **row: Any) -> Record:
    tables: dict[str, Any] = {
        "patients": [{"patient_id": "A", "day_zero": "2024-01-15"}],
        table: [{"patient_id": "A", **row}],
    }
    return read_tables(tables).records[0]


@pytest.mark.parametrize(("given", "agent"), ACCENTED)
def test_accents_are_folded(given: str, agent: str) -> None:
    for column in ("agents", "regimen"):
        record = _read("therapies", start_day=100, **{column: given})
        assert [x.agents for x in record.therapies] == [(agent,)]
        assert not [i for i in record.issues if i.severity != "note"]


def test_an_accent_in_a_product() -> None:
    record = _read("infusions", day=0, product="Cárvykti")
    assert [x.product for x in record.infusions] == ["cilta-cel"]


@pytest.mark.parametrize(("given", "offered"), SLIPS)
def test_a_slip_is_offered_and_not_read(given: str, offered: str) -> None:
    assert LEXICON.find_agent(given) is None and LEXICON.find_product(given) is None
    assert LEXICON.slips(given) == (offered,)
    record = _read("therapies", start_day=100, regimen=f"{given} + Dexamethason")
    (issue,) = [i for i in record.issues if i.code == "regimen_unread"]
    assert issue.message.endswith(f"Did you mean {offered}?")
    assert [x.agents for x in record.therapies] == [("dexamethasone",)]
    record = _read("therapies", start_day=100, agents=given)
    (issue,) = [i for i in record.issues if i.code == "unknown_agent"]
    assert f"(nearest: {offered})" in issue.message and record.therapies[0].agents == ()
    record = _read("infusions", day=0, product=given)
    (issue,) = [i for i in record.issues if i.code == "unknown_product"]
    assert f"(nearest: {offered})" in issue.message
    assert [x.product for x in record.infusions] == [given]


@pytest.mark.parametrize("given", ["Foo", "essai", "autogreffe", "Therapie", "study drug", "12345"])
def test_other_words_are_no_slips(given: str) -> None:
    assert LEXICON.slips(given) == ()
