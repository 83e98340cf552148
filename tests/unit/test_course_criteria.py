"""Versions and parameters of the criteria."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.course_builder import condition, lab, record, serum
from tests.support.loops import some

from rearm.response import response_course
from rearm.response.criteria import CriteriaError, criteria_table, load_criteria


def test_default_says_version_and_parameters() -> None:
    criteria = load_criteria()
    assert str(criteria) == "imwg-2016"
    assert len(criteria.parameters) == 22
    assert (
        str(load_criteria(A15="ignore urine", provisional_days=30))
        == "imwg-2016, A15 = ignore urine, provisional_days = 30"
    )


def test_an_announced_version_is_refused_with_a_sentence() -> None:
    with pytest.raises(CriteriaError, match="no thresholds were found in print"):
        load_criteria("imwg-2026")
    with pytest.raises(CriteriaError, match="Use one of imwg-2016, imwg-2011, imwg-2006"):
        load_criteria("imwg-1999")


def test_answers_by_id_text_or_word() -> None:
    assert (
        load_criteria(A2="same").A2
        == load_criteria(A2="Same parameter").A2
        == load_criteria(A2="alternative").A2
        == "same"
    )
    assert load_criteria(A2="default").changed == ()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"A23": "x"}, "no parameter 'A23'"),
        ({"serum_measurable": "much"}, "is a number"),
        ({"serum_measurable": -1}, "is a number"),
        ({"serum_measurable": True}, "is a number"),
        ({"serum_marker": "x"}, "one of auto, spep"),
        ({"response_depth": "NE"}, "is one of"),
    ],
)
def test_what_cannot_be_used_is_refused(given: dict[str, Any], says: str) -> None:
    with pytest.raises(CriteriaError, match=says):
        load_criteria(**given)


def test_every_threshold_has_a_source_and_a_unit() -> None:
    table = criteria_table()
    for name, row in some(table["thresholds"].items()):
        assert row["source"] in table["sources"], name
        assert row["meaning"], name
        assert "unit" in row, name
    for name, row in some(table["settings"].items()):
        assert row["basis"] == "assumption", name
        assert row["meaning"], name
    for version in some(table["versions"].values()):
        assert version["source"] in table["sources"]
        assert set(version.get("deviations", {})) <= set(table["thresholds"])
    assert list(table["ambiguities"]) == [f"A{n}" for n in range(1, 23)]
    for row in some(table["ambiguities"].values()):
        assert row["default"] in row["options"]
        assert len(row["options"]) == 2


def test_hypercalcaemia_as_progression_takes_the_earlier_limit() -> None:
    assert load_criteria(A6="pd").calcium_pd == load_criteria("imwg-2006").calcium_pd == 11.5
    assert load_criteria().calcium_pd == 0


@pytest.mark.parametrize(
    ("protein", "calcium", "rule", "met"),
    [
        (1.0, 11.6, "pd-calcium", ("calcium",)),
        (1.6, 11.6, "pd-serum", ("serum", "calcium")),  # the rule is that of the M-protein
        (1.6, 11.5, "pd-serum", ("serum",)),
        (1.0, 11.5, "pr-serum", ()),
    ],
)
def test_hypercalcaemia_beside_a_rise_of_the_m_protein(
    protein: float, calcium: float, rule: str, met: tuple[str, ...]
) -> None:
    days = (56, 84)
    labs = serum({-5: 4.0, 28: 1.0, **dict.fromkeys(days, protein)})
    labs += [lab("calcium_corrected", d, calcium) for d in days]
    due = [condition("hypercalcaemia", 56, attributed=True)]
    patient = record(infusions=[], labs=labs, conditions=due)
    found = response_course(patient, start=0, criteria=load_criteria("imwg-2006"))
    assert [(v.day, v.rule) for v in found.visits] == [(28, "pr-serum"), (56, rule), (84, rule)]
    assert found.progression_criteria == met
    assert found.progression_day == (56 if met else None)
