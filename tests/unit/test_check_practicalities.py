"""The knowledge check of practicalities and reviews: each thing that may be wrong is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from rearm.assessment.check import check_knowledge
from rearm.assessment.check_practicalities import practice_problems, review_problems
from rearm.knowledge import KnowledgeError, load
from rearm.knowledge._build import build
from rearm.knowledge.bundle import Knowledge
from rearm.knowledge.practicalities import Practicality, practice_rows
from rearm.knowledge.reviews import ReviewRule

SOUND = load()
ROW: dict[str, Any] = {
    "id": "new",
    "field": "stay",
    "text": "Hospital for 48 hours.",
    "brief": "48 h",
    "agents": ["teclistamab"],
    "sources": ["use-teclistamab-us"],
}
REVIEW: dict[str, Any] = {
    "id": "new",
    "states": ["choose"],
    "tags": ["car-t"],
    "days_low": 7,
    "days_high": 14,
    "changes": "A rise: change.",
    "who": "the centre",
    "sources": ["accepted-practice"],
}


def with_row(**changes: Any) -> Knowledge:
    row = build(Practicality, _without_none(ROW | changes), "row")
    return replace(SOUND, practicalities={**SOUND.practicalities, row.id: row})


def with_review(**changes: Any) -> Knowledge:
    rule = build(ReviewRule, _without_none(REVIEW | changes), "row")
    return replace(SOUND, reviews={rule.id: rule, **SOUND.reviews})


def _without_none(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if value is not None}


def test_a_sound_row_and_a_sound_rule_are_sound() -> None:
    assert list(practice_problems(with_row())) == []
    assert list(review_problems(with_review())) == []


WRONG_ROWS: list[tuple[dict[str, Any], str]] = [
    ({"agents": ["teclistamub"]}, "no option has teclistamub. Did you mean teclistamab?"),
    ({"agents": []}, "speaks of no option"),
    ({"agents": [], "tags": ["t-cell-engager"], "instead": True}, "is of a class itself"),
    ({"regions": ["usa"]}, "usa is no region"),
    ({"text": "Hospital for 48 hours"}, "End it with a full stop"),
    ({"field": "toxicity"}, "has a brief, which no cell shows for toxicity"),
    ({"cautious": True}, "is cautious without a condition"),
    ({"choice": "alone"}, "choice alone: exactly one of several rows has no when"),
    (
        {"choice": "dexamethasone-holding-stay", "when": "dialysis"},
        "its rows are not of one field, subject and region",
    ),
    ({"brief": "x" * 61}, "longer than 60 characters"),
    ({"task": "arrange it."}, "the task ends in a full stop"),
]


@pytest.mark.parametrize(("changes", "said"), WRONG_ROWS)
def test_each_fault_of_a_row_is_told(changes: dict[str, Any], said: str) -> None:
    texts = [text for where, text in practice_problems(with_row(**changes)) if "new" in where]
    assert any(said in text for text in texts), texts


WRONG_REVIEWS: list[tuple[dict[str, Any], str]] = [
    ({"states": ["chose"]}, "there is no state chose. Did you mean choose?"),
    ({"tags": ["car-tt"]}, "no option has car-tt"),
    ({"days_low": 15}, "days that rise"),
    ({"who": "the centre."}, "who has none"),
    ({"markers": False}, "looks at nothing"),
]


@pytest.mark.parametrize(("changes", "said"), WRONG_REVIEWS)
def test_each_fault_of_a_rule_is_told(changes: dict[str, Any], said: str) -> None:
    texts = [text for where, text in review_problems(with_review(**changes)) if "new" in where]
    assert any(said in text for text in texts), texts


def test_a_rule_behind_one_for_everybody_can_never_act() -> None:
    texts = [text for _, text in review_problems(with_review(tags=None))]
    assert any("comes after a rule for everybody in the state choose" in text for text in texts)


def test_a_state_without_a_rule_for_everybody_is_told() -> None:
    left = {k: v for k, v in SOUND.reviews.items() if k != "review-comfort"}
    texts = [text for _, text in review_problems(replace(SOUND, reviews=left))]
    assert texts == ["has no rule for everybody in the state comfort. Add one."]


def test_a_figure_that_no_cited_statement_has_is_told() -> None:
    wrong = with_row(sources=["bispecific-hold-anc"])
    told = {p.where: p.text for p in check_knowledge(wrong) if p.where == "practice new"}
    assert "the number 48 is neither in a cited source nor in the condition" in told["practice new"]
    assert not [p for p in check_knowledge(with_row()) if p.where == "practice new"]


def test_a_source_that_does_not_exist_is_told() -> None:
    texts = [p.text for p in check_knowledge(with_row(sources=["gone"])) if "new" in p.where]
    assert any("cites gone" in text for text in texts)


def test_a_field_that_does_not_exist_is_refused() -> None:
    with pytest.raises(KnowledgeError, match="is not one of"):
        build(Practicality, ROW | {"field": "colour"}, "row")


def test_a_row_takes_the_subject_of_its_file_unless_it_names_its_own() -> None:
    table = {"tags": ["car-t"], "practice": [{"id": "a"}, {"id": "b", "options": ["pace"]}]}
    rows = [row for _, row in practice_rows({"practicalities/x.toml": table, "other.toml": {}})]
    assert rows == [{"tags": ["car-t"], "id": "a"}, {"id": "b", "options": ["pace"]}]
