"""What a reader meets holds no code of a table, says no more than is recorded, and cites once."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from tests.support.answered import answered
from tests.support.loops import some

import rearm
from rearm.assessment import Assessment
from rearm.intake import read_tables
from rearm.intake.dictionary import nearest
from rearm.knowledge import load
from rearm.report.assessment.case import case_paragraph
from rearm.report.assessment.page import page
from rearm.report.knowledge import entry_object, entry_text

Row = dict[str, Any]


def assessed(**tables: list[Row]) -> Assessment:
    usual: dict[str, list[Row]] = {
        "patients": [{"sex": "M", "heavy_chain": "IgA", "light_chain": "kappa"}],
        "therapies": [
            {
                "agents": "bortezomib;lenalidomide",
                "purpose": "induction",
                "start_day": -900,
                "line": 1,
            }
        ],
        "infusions": [{"day": 0, "product": "ide-cel"}],
        "assessments": [
            {"day": 50, "response": "PR", "by": "team"},
            {"day": 190, "response": "PD", "by": "team"},
        ],
    }
    given = usual | tables
    with_id = {name: [{"patient_id": "V"} | row for row in own] for name, own in given.items()}
    (record,) = read_tables(with_id).records
    return rearm.assess(record)


def text_of(result: Assessment) -> str:
    drawn = re.sub(r"<(style|svg|script).*?</\1>", "", page(result), flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", "", drawn)).split())


@pytest.mark.parametrize(
    ("finding", "value", "shown", "never"),
    [
        ("goals_of_care", "no_hospital", "goals of care: no hospital", "no_hospital"),
        ("lesion_histology", "K9=plasma_cells", "histology of K9: plasma cells", "plasma_cells"),
        ("lesion_histology", "K9=t_cell_neoplasm", "of K9: T-cell neoplasm", "t_cell_neoplasm"),
    ],
)
def test_facts_are_told_in_words(finding: str, value: str, shown: str, never: str) -> None:
    fact = {"day": 195, "finding": finding, "value": value, "by": "team"}
    seen = {"day": 192, "method": "PET-CT", "result": "positive", "lesion": "K9", "new": "yes"}
    result = assessed(facts=[fact], imaging=[seen | {"kind": "extramedullary", "site": "liver"}])
    told = " ".join(x.text for x in result.findings.values())
    assert shown in told
    assert never not in told + text_of(result)


def test_no_citation_stands_twice_in_a_row() -> None:
    for result in some([*answered().values()][::6]):
        assert re.search(r"(\[\d+\])\1", text_of(result)) is None


def test_lines_hold_a_car_t_only_where_one_was_given() -> None:
    assert "2 lines of therapy, the CAR-T included." in case_paragraph(assessed())
    without = case_paragraph(assessed(infusions=[]))
    assert "1 line of therapy." in without
    assert "CAR-T included" not in without


def test_a_name_like_none_is_said_to_be_so() -> None:
    long = [f"name{number}" for number in range(60)]
    assert nearest("xyzzy", long) == "none like it"
    assert nearest("name7", long).startswith("name7")


def test_every_strategy_is_shown_with_its_options_and_placements() -> None:
    known = load()
    for strategy in some(list(known.words.strategies)):
        text = entry_text(strategy)
        assert f"Strategy {strategy}" in text
        own = [place for place in known.places.values() if strategy in place.of]
        assert [place.id for place in own if f"{place.id}:" not in text] == []
        entry = next(x for x in entry_object(strategy) if x["kind"] == "strategy")
        assert {x["id"] for x in entry["places"]} == {x.id for x in own}
        assert set(entry["options"]) == {
            o.id for o in known.options.values() if o.strategy == strategy
        }
