"""What a review of the example reports by a myeloma physician asked of the rules: a few findings
each, and the verdict that must follow.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.assess_case import assessed, plan
from tests.support.loops import some

LATE = {
    "car_target_bcma": True,
    "car_target_gprc5d": False,
    "car_product": "ide-cel",
    "infused_ide_cel": True,
    "infused_eque_cel": False,
    "infused_cilta_cel": False,
    "construct_human": False,
    "responded": True,
    "best_response": "CR",
    "failure_timing": "late",
    "time_to_failure_days": 400,
    "days_since_infusion": 410,
    "alc_peak_15": 1.4,
    "bcma_flow_percent": 95.0,
    "bcma_ihc_percent": 95.0,
    "tnfrsf17_biallelic_fraction": 0.0,
    "tnfrsf17_ectodomain_variant": False,
    "relapse_pattern_extraosseous": False,
    "prior_lines": 5,
    "exposed_pi": True,
    "exposed_imid": True,
    "exposed_anti_cd38": True,
    "exposed_gprc5d": False,
}
SHORT = {
    "best_response": "PR",
    "failure_timing": "intermediate",
    "time_to_failure_days": 110,
    "days_since_infusion": 120,
}

LOST = {
    "bcma_flow_percent": 0.0,
    "bcma_ihc_percent": 0.0,
    "tnfrsf17_biallelic_fraction": 0.9,
}


def verdicts(values: Any, **more: Any) -> Any:
    return {o.id: o.verdict for o in assessed(values, **more).options}


def first(found: Any) -> Any:
    return [s.strategy for t in found.answer.tiers if t.tier == "first" for s in t.strategies]


def held_cautions(found: Any, option: Any) -> Any:
    """Ids of the cautions of the option that are known to hold."""
    return {name for name in found.option(option).cautions if found.reasons[name].truth}


@pytest.mark.parametrize(
    ("what", "change", "verdict", "tier"),
    [
        ("deep and long response, another construct", {}, "open", "alternative"),
        ("a partial response only", {"best_response": "PR"}, "open", "alternative"),
        ("lesions not looked for", {"relapse_pattern_extraosseous": None}, "open", "alternative"),
        ("a short response", SHORT, "open", "situational"),
        (
            "infused less than 6 months ago",
            {"days_since_infusion": 170, "time_to_failure_days": 160},
            "open",
            "situational",
        ),
        (
            "a short response and hardly any expansion",
            SHORT | {"alc_peak_15": 0.4},
            "discouraged",
            "avoid",
        ),
        (
            "no response at all",
            {"responded": False, "best_response": "SD"},
            "discouraged",
            "avoid",
        ),
        ("BCMA lost", LOST, "excluded", "not_possible"),
    ],
)
def test_a_second_car_t_against_bcma(what: Any, change: Any, verdict: Any, tier: Any) -> None:
    found = assessed(LATE | change, region="CN")
    assert found.option("second-cart-eque-cel").verdict == verdict, what
    assert found.answer.tier_of("second-cart-same-target") == tier, what
    assert "second-cart-same-target" not in first(found), "cells against BCMA again never lead"


def test_products_and_combinations_show_no_figure_of_another() -> None:
    evidence = {o.option.id: o.evidence for o in plan().options}
    for option in ("dual-target-car-t", "dcep"):
        assert evidence[option].directness == "none read", option
    for option in ("second-cart-ide-cel", "second-cart-anito-cel"):
        # as first CAR-T only: their pivotal trials count for nothing, and neither does what another
        # BCMA CAR-T did after the first, which is nearer and says that it is of the class
        assert evidence[option].counted == "none read", option
        own = [row for row in evidence[option].settings if not row.of_class]
        assert {row.nearness for row in own} == {"pivotal"}, option
        of_class = [row for row in evidence[option].settings if row.of_class]
        assert {row.nearness for row in of_class} == {"after_cart"}, option
    # 14 patients given it as first CAR-T, said to be so
    assert evidence["second-cart-zevor-cel"].directness == "indirect only"
    assert not evidence["second-cart-zevor-cel"].expected
    for option in (
        "high-dose-cyclophosphamide", "melphalan-prednisone",
        "cyclophosphamide-dexamethasone-holding",
        "selinexor-bortezomib-dexamethasone", "belantamab-bortezomib-dexamethasone",
        "belantamab-pomalidomide-dexamethasone", "daratumumab-pomalidomide-dexamethasone",
        "isatuximab-carfilzomib-dexamethasone", "carfilzomib-cyclophosphamide-dexamethasone",
        "pomalidomide-cyclophosphamide-dexamethasone",
    ):  # fmt: skip
        assert not evidence[option].expected, option
    for option in (
        "selinexor-dexamethasone",
        "belantamab-single-agent",
        "bendamustine-prednisone",
        "second-cart-eque-cel",
    ):
        assert evidence[option].expected, option


@pytest.mark.parametrize(
    "option",
    [
        "cyclophosphamide-dexamethasone-holding", "bortezomib-cyclophosphamide-dexamethasone",
        "carfilzomib-cyclophosphamide-dexamethasone",
        "pomalidomide-cyclophosphamide-dexamethasone", "belantamab-pomalidomide-dexamethasone",
        "elotuzumab-pomalidomide-dexamethasone",
        "mezigdomide-dexamethasone",
    ],
)  # fmt: skip
def test_an_active_infection_speaks_against_whatever_deepens_neutropenia(option: Any) -> None:
    assert verdicts(LATE | {"active_infection": True})[option] in ("discouraged", "excluded")
    assert verdicts(LATE | {"active_infection": False})[option] == "open"


def test_carfilzomib_with_cyclophosphamide_where_much_speaks_against_it() -> None:
    option = "carfilzomib-cyclophosphamide-dexamethasone"
    assert verdicts(LATE | {"refractory_carfilzomib": True})[option] == "discouraged"
    assert verdicts(LATE | {"lvef": 48.0, "age": 80})[option] == "discouraged"
    assert verdicts(LATE | {"lvef": 48.0, "age": 60, "frailty": "fit"})[option] == "open"
    assert "frail-triplet" in held_cautions(assessed(LATE | {"frailty": "frail"}), option)


@pytest.mark.parametrize(
    ("what", "values", "verdict"),
    [
        ("nothing looked for", {}, "needs_information"),
        (
            "looked for, nothing there",
            {"any_plasmacytoma_at_relapse": False, "bone_lesion_or_cord_at_relapse": False},
            "excluded",
        ),
        (
            "soft tissue",
            {"any_plasmacytoma_at_relapse": True, "bone_lesion_or_cord_at_relapse": False},
            "open",
        ),
        (
            "bone or cord",
            {"any_plasmacytoma_at_relapse": False, "bone_lesion_or_cord_at_relapse": True},
            "open",
        ),
    ],
)
def test_radiotherapy_needs_a_lesion(what: Any, values: Any, verdict: Any) -> None:
    found = {o.id: o for o in assessed(LATE | values).options}["radiotherapy"]
    assert found.verdict == verdict, what
    if verdict == "excluded":
        assert found.until
        assert not found.permanent


def test_in_extraosseous_relapse_one_bispecific_does_not_stand_above_two() -> None:
    outside = assessed(LATE | {"relapse_pattern_extraosseous": True})
    assert outside.answer.tier_of("bispecific-combination") == "first"
    assert outside.option("talquetamab-teclistamab").verdict == "open"
    for strategy in ("bispecific-gprc5d", "bispecific-bcma"):
        assert outside.answer.tier_of(strategy) == "alternative"
    for single in ("talquetamab", "teclistamab", "elranatamab", "linvoseltamab"):
        assert any("single" in name for name in held_cautions(outside, single)), single
    for values in (LATE, LATE | {"relapse_pattern_extraosseous": None}):
        assert assessed(values).answer.tier_of("bispecific-gprc5d") == "first"


def test_iberdomide_with_daratumumab_after_a_cd38_antibody_failed() -> None:
    option = "iberdomide-daratumumab-dexamethasone"
    assert (
        verdicts(LATE | {"refractory_anti_cd38": True, "refractory_imid": True})[option]
        == "discouraged"
    )


def test_a_new_lesion_with_rising_car_copies_needs_histology_first() -> None:
    found = assessed(LATE | {"lesion_without_histology": True, "car_copies_rising_late": True})
    assert [a.id for a in found.alerts] == ["second_malignancy_to_exclude"]
    engager = {o.id: o for o in found.options}["talquetamab"]
    assert engager.verdict == "excluded"
    assert not engager.permanent
    without = assessed(LATE | {"lesion_without_histology": True, "car_copies_rising_late": False})
    assert without.alerts == ()


def test_high_paraprotein_is_a_question_and_no_diagnosis() -> None:
    found = assessed(LATE | {"m_protein_very_high": True, "light_chain_very_high": True})
    assert [a.id for a in found.alerts] == [
        "hyperviscosity_to_consider",
        "cast_nephropathy_to_consider",
    ]
    assert all("consider" in a.text for a in found.alerts)
    assert (
        assessed(LATE | {"m_protein_very_high": False, "light_chain_very_high": False}).alerts == ()
    )


def test_counts_and_light_chains_are_true_cautions_of_intensive_chemotherapy() -> None:
    values = {"platelets": 58.0, "neutrophils": 1.1, "highest_light_chain": 1500.0}
    found = assessed(LATE | values)
    intensive = [o for o in found.options if o.strategy == "alkylator-intensive"]
    assert any("cisplatin" in option.agents for option in intensive)
    for option in some(intensive):
        held = held_cautions(found, option.id)
        assert "intensive-counts" in held
        if "cisplatin" in option.agents:
            assert "cisplatin-light-chains" in held
    assert verdicts(LATE | {"platelets": 20.0})["pace"] == "discouraged"


@pytest.mark.parametrize(
    ("neutrophils", "caution"),
    [(0.3, "low-neutrophils"), (0.5, "neutropenia-myelosuppressive"), (1.0, None)],
)
def test_low_neutrophils_are_one_caution(neutrophils: float, caution: str | None) -> None:
    found = assessed(LATE | {"neutrophils": neutrophils, "platelets": 90.0})
    held = held_cautions(found, "carfilzomib-lenalidomide-dexamethasone")
    told = {"low-neutrophils", "neutropenia-myelosuppressive"}.intersection(held)
    assert told == ({caution} if caution else set())


@pytest.mark.parametrize(
    ("option", "rule", "clearance", "verdict"),
    [
        ("melphalan-prednisone", "melphalan-kidney", 45.0, "open"),
        ("bendamustine-prednisone", None, 22.0, "excluded"),
        ("second-cart-cilta-cel", "fludarabine-dose-car-t", 52.0, "open"),
        ("second-cart-cilta-cel", "renal-impairment-car-t", 22.0, "open"),
        ("carfilzomib-lenalidomide-dexamethasone", "lenalidomide-kidney", 45.0, "open"),
    ],
)
def test_the_kidney_is_used(option: Any, rule: Any, clearance: Any, verdict: Any) -> None:
    found = assessed(LATE | {"creatinine_clearance": clearance})
    assert found.option(option).verdict == verdict
    assert rule is None or rule in held_cautions(found, option)


def test_an_old_low_igg_is_not_forgotten() -> None:
    found = assessed(LATE | {"igg_last_known": 310.0, "active_infection": True})
    lines = [found.support[name] for name in found.option("supportive-care").support]
    said = [line.text for line in lines if line.truth]
    assert any("repeat it now" in text for text in said)
    assert any("discuss replacement" in text for text in said)


@pytest.mark.parametrize(
    "option",
    ["pace", "dcep", "high-dose-cyclophosphamide", "bortezomib-cyclophosphamide-dexamethasone"],
)
def test_marketed_drugs_are_neither_for_trials_only_nor_on_label(option: Any) -> None:
    assert {o.id: o for o in assessed(LATE).options}[option].availability.status == "off_label"


def test_watching_and_support_need_no_approval() -> None:
    found = {o.id: o.availability.status for o in assessed(LATE).options}
    assert found["observe"] == found["supportive-care"] == "not_needed"


def test_one_copy_with_a_variant_on_the_other_is_said_without_asking_for_what_is_known() -> None:
    values = LATE | {"tnfrsf17_one_copy": True, "tnfrsf17_ectodomain_variant": True}
    found = assessed(values)
    option = found.option("teclistamab")
    said = [r.text for r in found.reasons_of(option.cautions) if r.truth]
    assert any("no unaltered BCMA" in text for text in said)
    assert not any("sequence the other copy" in text for text in said)
    assert any("p.Pro34del" in r.text for r in found.reasons_of(option.against))
