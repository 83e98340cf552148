"""Rows of two people under one id: nothing is chosen for either, and it stands at the top
everywhere.
"""

from __future__ import annotations

from typing import Any

import pytest

import rearm
from rearm.assessment import Assessment
from rearm.intake import read_tables
from rearm.record import Record
from rearm.report.assessment.answer_words import state_words
from rearm.report.assessment.index import index_row

Row = dict[str, Any]
PERSON: Row = {"sex": "F", "birth_year": 1958, "heavy_chain": "IgA", "light_chain": "lambda"}
ALERT = "may_be_two_patients"


def record_of(*people: Row) -> Record:
    rows: dict[str, list[Row]] = {
        "patients": [*people],
        "infusions": [{"day": 0, "product": "ide-cel"}],
        "assessments": [
            {"day": 45, "response": "PR", "by": "team"},
            {"day": 240, "response": "PD", "by": "team"},
        ],
    }
    with_id = {name: [{"patient_id": "Q-4"} | row for row in own] for name, own in rows.items()}
    (record,) = read_tables(with_id).records
    return record


def assessed(*people: Row) -> Assessment:
    return rearm.assess(record_of(*people))


@pytest.mark.parametrize(
    ("second", "alert", "state"),
    [
        ({"sex": "M", "heavy_chain": "IgG", "birth_year": 1971}, True, "cannot_judge"),
        ({"sex": "M", "light_chain": "kappa"}, True, "cannot_judge"),
        ({"sex": "M"}, True, "choose"),  # it may be a slip: told, and the rest is used
        ({"last_seen_day": 250}, False, "choose"),
        ({}, False, "choose"),
    ],
)
def test_what_contradicts_itself_in_the_person(second: Row, alert: bool, state: str) -> None:
    result = assessed(PERSON, PERSON | second)
    assert (ALERT in {x.id for x in result.alerts}) is alert
    assert result.answer.state == state
    assert bool(result.answer.tiers) is (state == "choose")
    if alert:
        assert result.alerts[0].id == ALERT
        assert "may be two patients" in index_row("q.html", result).alerts


def test_the_state_says_why_nothing_is_chosen() -> None:
    result = assessed(PERSON, PERSON | {"sex": "M", "heavy_chain": "IgG"})
    assert "whose data" in state_words(result)
    assert not result.options
    assert "whose data" not in state_words(assessed(PERSON))


def test_the_messages_are_for_people() -> None:
    record = record_of(PERSON, PERSON | {"heavy_chain": "IgG;IgM", "sex": "M"})
    messages = [x.message for x in record.issues]
    assert not [m for m in messages if "('" in m or "None" in m]
    assert any("IgA and as IgG and IgM" in m for m in messages)
    assert any("differ in sex, heavy chain" in m for m in messages)


def test_a_third_row_does_not_settle_what_two_contradict() -> None:
    assert record_of(PERSON, PERSON | {"sex": "M"}, PERSON | {"sex": "F", "x": 1}).sex is None
