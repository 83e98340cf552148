"""What a haematology pharmacist asked of the rules: boost and infection, drugs and dialysis,
partners after lenalidomide, treatment of the nervous system, warnings of iberdomide, hepatitis B.

A row is a few findings, and what must follow for one option.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from tests.spec.test_tiers import LATE
from tests.support.assess_case import assessed, patient_of, plan

from rearm.assessment import Assessment
from rearm.assessment.pipeline import assess_patients
from rearm.interval import Interval

Values = dict[str, Any]
IBERDOMIDE = ("iberdomide-dexamethasone", "iberdomide-daratumumab-dexamethasone")
LENALIDOMIDE_FAILED: Values = {
    "prior_lines": 2, "exposed_lenalidomide": True, "refractory_lenalidomide": True,
    "refractory_imid": True, "exposed_pi": True, "refractory_pi": False,
    "exposed_carfilzomib": False, "refractory_carfilzomib": False,
    "exposed_pomalidomide": False, "refractory_pomalidomide": False,
    "exposed_anti_cd38": False, "refractory_anti_cd38": False,
}  # fmt: skip
CD38_USEFUL: Values = {"exposed_anti_cd38": True, "refractory_anti_cd38": False}
MARKETED = date(2026, 11, 30)  # iberdomide since August of that year
CYTOPENIC: Values = {"neutrophils": 0.3, "prolonged_cytopenia": True, "stored_cd34": True}


def cautions(result: Assessment, option: str) -> set[str]:
    """The cautions of an option that hold, by the id of their rule."""
    names = result.option(option).cautions
    return {name.partition("@")[0] for name in names if result.reasons[name].truth}


def to_arrange(result: Assessment, option: str) -> str:
    """The checklist of an option, what is not for this patient left out."""
    lines = [result.support[name] for name in result.option(option).support]
    return " ".join(line.text for line in lines if line.truth is not False)


# ---------------------------------------------------------------- stem-cell boost


@pytest.mark.parametrize(
    ("what", "change", "cautioned", "tier"),
    [
        ("no infection", {"active_infection": False}, False, "alternative"),
        ("infection", {"active_infection": True}, True, "situational"),
        ("nobody says", {"active_infection": None}, False, "alternative"),
    ],
)
def test_a_boost_waits_for_the_infection(
    what: str, change: Values, cautioned: bool, tier: str
) -> None:
    result = assessed(LATE | CYTOPENIC | change)
    assert ("boost-infection" in cautions(result, "stem-cell-boost")) is cautioned, what
    assert result.answer.tier_of("stem-cell-boost") == tier


def test_a_boost_in_poor_general_state_is_cautioned() -> None:
    assert "boost-poor-state" in cautions(
        assessed(LATE | CYTOPENIC | {"ecog": 3}), "stem-cell-boost"
    )
    assert "boost-poor-state" not in cautions(assessed(LATE | CYTOPENIC), "stem-cell-boost")


# ---------------------------------------------------------------- dialysis


def test_what_is_at_most_15_is_below_30() -> None:
    """Dialysis gives the filtration as 0 to 15 (test_findings_patient.py)."""
    bounds = {"creatinine_clearance": Interval(0.0, 15.0)}
    (on_dialysis,) = assess_patients(plan(), [replace(patient_of(LATE), intervals=bounds)], "EU")
    assert "engager-kidney" in cautions(on_dialysis, "talquetamab")
    assert "lenalidomide-kidney" in cautions(on_dialysis, "carfilzomib-lenalidomide-dexamethasone")
    assert on_dialysis.option("bendamustine-prednisone").verdict == "excluded"
    assert "engager-kidney" not in cautions(assessed(LATE), "talquetamab")


# ---------------------------------------------------------------- after lenalidomide


def test_after_lenalidomide_pomalidomide_leads_and_krd_does_not() -> None:
    result = assessed(LATE | LENALIDOMIDE_FAILED, region="EU")
    assert result.answer.tier_of("pi-imid-combination") == "alternative"
    line = next(
        s for t in result.answer.tiers for s in t.strategies if s.strategy == "pi-imid-combination"
    )
    assert line.option == "pomalidomide-bortezomib-dexamethasone"
    assert any("lenalidomide has failed" in result.reasons[x].text for x in line.because)
    assert result.option("carfilzomib-lenalidomide-dexamethasone").verdict == "discouraged"
    assert "daratumumab-bortezomib-after-lenalidomide" in cautions(
        result, "daratumumab-bortezomib-dexamethasone"
    )


def test_where_lenalidomide_still_works_krd_stays_open() -> None:
    open_ = LENALIDOMIDE_FAILED | {"refractory_lenalidomide": False, "refractory_imid": False}
    result = assessed(LATE | open_, region="EU")
    assert result.option("carfilzomib-lenalidomide-dexamethasone").verdict == "open"
    assert "daratumumab-bortezomib-after-lenalidomide" not in cautions(
        result, "daratumumab-bortezomib-dexamethasone"
    )


def test_where_carfilzomib_failed_too_it_does_not_overtake_bortezomib() -> None:
    """The caution of DVd orders DKd before it only where carfilzomib can still act."""
    spent = LENALIDOMIDE_FAILED | {"refractory_carfilzomib": True, "exposed_carfilzomib": True}
    result = assessed(LATE | spent | {"refractory_pi": True}, region="EU")
    assert "daratumumab-bortezomib-after-lenalidomide" not in cautions(
        result, "daratumumab-bortezomib-dexamethasone"
    )


def test_with_pomalidomide_given_and_an_imid_failed_the_pair_of_classes_stands_lower() -> None:
    spent = LENALIDOMIDE_FAILED | {"exposed_pomalidomide": True, "refractory_pomalidomide": True}
    result = assessed(LATE | spent, region="EU")
    assert result.answer.tier_of("pi-imid-combination") in ("situational", "avoid")


# ---------------------------------------------------------------- a partner that has no target


def test_a_target_used_up_is_said_of_two_engagers_and_of_one_with_a_partner() -> None:
    change = {"relapse_pattern_extraosseous": True, "bcma_status": "lost"}
    result = assessed(LATE | change)
    (line,) = (
        s
        for t in result.answer.tiers
        for s in t.strategies
        if s.strategy == "bispecific-combination"
    )
    said = " ".join(result.reasons[x].text for x in line.because)
    assert "two engagers" in said and "another partner" in said
    assert "One of the two targets" not in said


# ---------------------------------------------------------------- nervous system


@pytest.mark.parametrize(
    ("change", "held"),
    [
        ({"cns_disease": True, "platelets": 140.0}, {"cns-directed-leukoencephalopathy"}),
        (
            {"cns_disease": True, "platelets": 32.0},
            {"cns-directed-leukoencephalopathy", "cns-directed-puncture-platelets"},
        ),
    ],
)
def test_treatment_of_the_nervous_system(change: Values, held: set[str]) -> None:
    found = cautions(assessed(LATE | change), "cns-directed")
    assert found & {"cns-directed-leukoencephalopathy", "cns-directed-puncture-platelets"} == held


# ---------------------------------------------------------------- iberdomide, men


@pytest.mark.parametrize("option", IBERDOMIDE)
def test_the_box_of_iberdomide_is_told(option: str) -> None:
    plain = assessed(LATE | CD38_USEFUL | {"sex": "F", "age": 70}, day=MARKETED)
    assert "venous and arterial thromboembolism" in to_arrange(plain, option)
    assert "Condom" not in to_arrange(plain, option)
    assert "imid-thrombosis" in cautions(assessed(LATE | {"thrombosis": True}), option)


@pytest.mark.parametrize("option", [*IBERDOMIDE, "pomalidomide-bortezomib-dexamethasone"])
def test_men_on_a_teratogenic_drug_use_a_condom(option: str) -> None:
    assert "Condom" in to_arrange(assessed(LATE | CD38_USEFUL | {"sex": "M"}, day=MARKETED), option)


# ---------------------------------------------------------------- hepatitis B


def test_prophylaxis_and_watching_for_hepatitis_b_are_two_things() -> None:
    result = assessed(LATE | {"anti_hbc": True})
    said = to_arrange(result, "teclistamab")
    assert "6 (ASCO) or 12 months (EASL)" in said
    assert "during and for at least 6 months after teclistamab" in said
    other = to_arrange(result, "talquetamab")
    assert "6 (ASCO) or 12 months (EASL)" in other and "during teclistamab" not in other
