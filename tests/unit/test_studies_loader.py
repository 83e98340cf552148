"""The study loader: what holds a study file together, and what its errors say."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from tests.support.loops import some

from rearm.evidence.words import months_words
from rearm.knowledge import KnowledgeError, load
from rearm.knowledge.studies import SETTINGS
from rearm.knowledge.study_files import check_studies, load_studies, parse_study

GOOD: dict[str, Any] = {
    "id": "example-2024",
    "authors": "Example et al.",
    "title": "A study",
    "journal": "A journal",
    "year": 2024,
    "doi": "10.0/0",
    "url": "https://example.org",
    "read_from": "abstract",
    "design": "retrospective",
    "arm": [
        {
            "id": "example-2024-a",
            "strategy": "bispecific-bcma",
            "agents": ["teclistamab"],
            "targets": ["BCMA"],
            "setting": "post-bcma-cart",
            "population": "After CAR-T",
            "figure": "patient-level",
            "n_treated": 40,
            "response": {"percent": 52.5, "events": 21},
            "pfs": {"median": 4.5, "low": 3.0},
        }
    ],
}


def changed(**arm: Any) -> dict[str, Any]:
    data = copy.deepcopy(GOOD)
    data["arm"][0].update(arm)
    return data


def test_a_good_study_is_read() -> None:
    arm = parse_study(GOOD, "example.toml").arms[0]
    assert arm.response is not None
    assert (arm.response.events, arm.response.n, arm.directness) == (21, 40, "direct")


@pytest.mark.parametrize(
    ("arm", "says"),
    [
        ({"response": {"percent": 60, "events": 21}}, "21 of 40 is 52.5 %"),
        ({"response": {"percent": 52.5, "events": 41}}, "41 events in 40"),
        ({"response": {"percent": 52.5, "events": 21, "low": 60, "high": 70}}, "does not contain"),
        ({"response": {"percent": 52.5, "events": 21, "low": 60, "high": 50}}, "is reversed"),
        ({"response": {"percent": 52.5}}, "percent-only"),
        ({"complete_response": {"percent": 60}}, "more complete responses"),
        ({"setting": "after-cart"}, "setting: 'after-cart' is not one of"),
        ({"strategy": "bispecific"}, "strategy 'bispecific' is unknown"),
        ({"figure": "guess"}, "figure: 'guess' is not one of"),
        ({"pfs": {"median": 4.5, "low": 5.0}}, "median 4.5 with interval 5-"),
        (
            {"pfs": {"landmarks": [{"month": 6, "percent": 43, "low": 50, "high": 60}]}},
            "not possible",
        ),
        ({"n_treated": "forty"}, "a whole number is expected, not 'forty'"),
        ({"orr": 52.5}, "unknown key orr"),
        ({"n_treated": 0}, "n_treated is 0"),
        ({"response": {"percent": 525, "events": 21}}, "from 0 to 100"),
        ({"follow_up_months": 440}, "Give months"),
        ({"pfs": {"median": 900}}, "Give months"),
        ({"overlap": "alone"}, r"a list is expected, not 'alone'. Put it between \["),
        ({"caveats": [1]}, "caveats: text is expected, not 1"),
        ({"url": "example.org"}, "must begin with https"),
    ],
)
def test_a_contradiction_is_refused_with_its_place(arm: dict[str, Any], says: str) -> None:
    with pytest.raises(KnowledgeError, match=says) as refused:
        parse_study(changed(**arm), "example.toml")
    assert "example.toml, arm example-2024-a" in str(refused.value)


def test_a_citation_with_a_gap_says_so() -> None:
    data = copy.deepcopy(GOOD)
    del data["doi"]
    with pytest.raises(KnowledgeError, match="doi is not given"):
        parse_study(data, "example.toml")
    data |= {"incomplete": True, "missing": ["doi"]}
    assert parse_study(data, "example.toml").citation.incomplete


@pytest.mark.parametrize(
    ("field", "says"),
    [
        ({"id": "Example 2024"}, "the id 'Example 2024' is not valid"),
        ({"year": 20244}, "the year 20244 is not possible"),
    ],
)
def test_a_slip_in_the_head_is_told(field: dict[str, Any], says: str) -> None:
    with pytest.raises(KnowledgeError, match=says):
        parse_study(copy.deepcopy(GOOD) | field, "example.toml")


def test_ids_are_unique_and_overlap_groups_have_two_sides() -> None:
    one = parse_study(GOOD, "a.toml")
    with pytest.raises(KnowledgeError, match="used twice"):
        check_studies([one, one])
    with pytest.raises(KnowledgeError, match="has no other arm"):
        check_studies([parse_study(changed(overlap=["alone"]), "a.toml")])


def test_a_meta_analysis_never_carries_poolable_figures() -> None:
    data = copy.deepcopy(GOOD) | {"design": "meta-analysis"}
    with pytest.raises(KnowledgeError, match="meta-analysis"):
        check_studies([parse_study(data, "a.toml")])


def test_a_time_has_the_level_of_its_interval() -> None:
    study = parse_study(changed(pfs={"median": 5, "low": 3, "high": 8, "level": 0.9}), "a.toml")
    assert study.arms[0].pfs is not None and study.arms[0].pfs.level == 0.9
    assert months_words(study.arms[0].pfs) == "5 months (3-8, 90 % interval)"
    plain = parse_study(changed(pfs={"median": 5, "low": 3, "high": 8}), "a.toml").arms[0].pfs
    assert plain is not None and plain.level == 0.95
    with pytest.raises(KnowledgeError, match="level 90"):
        parse_study(changed(pfs={"median": 5, "level": 90}), "a.toml")


def test_the_bundled_studies_hold_together() -> None:
    studies = load_studies()
    arms = [arm for study in studies for arm in study.arms]
    assert len(studies) >= 90
    assert len(arms) >= 158
    assert {arm.setting for arm in arms} <= set(SETTINGS)
    assert {arm.strategy for arm in arms} <= {*load().words.strategies, "other"}
    for arm in some(arms):
        assert arm.url.startswith("http") or "address" in " ".join(
            studies_by_id(arm.study).citation.missing
        ), arm.id
        assert arm.population, arm.id


def studies_by_id(study_id: str) -> Any:
    return next(study for study in load_studies() if study.id == study_id)
