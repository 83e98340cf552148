"""Factors of failure as tables: what was found, and the grade that a careful reader would give.
What is not named is unknown.
"""

from typing import Any

import pytest
from tests.support.loops import some

from rearm.assessment.logic import NOT_APPLICABLE, grade_word, grades
from rearm.assessment.planner import plan_of
from rearm.findings import derived_from
from rearm.knowledge.bundle import load
from rearm.rules import conditions_of, evaluate, findings_frame, truth

BCMA = {
    "car_target_bcma": True,
    "car_target_gprc5d": False,
    "bcma_agent_between_failure_and_sample": False,
}
KEPT = {**BCMA, "bcma_status": "retained", "untested_lesion": False, "pattern_biochemical": True}
GONE = {**BCMA, "car_gone_before_failure": True, "car_detectable_at_failure": False}
NO_ASSAY = {"car_assay_of_expansion": False}
LOOKED = {"car_assay_of_expansion": True}


def graded(row: dict[str, Any]) -> dict[str, str]:
    """The grade of every factor; `none` where it can't apply."""
    plan = plan_of(load())
    row = row | derived_from({}, row)
    answers = evaluate(
        plan.conditions, findings_frame([row], plan.columns, plan.knowledge.catalogue)
    )
    codes = grades(plan, answers)[0]
    return {
        f.factor.id: "none" if code == NOT_APPLICABLE else grade_word(code)
        for f, code in zip(plan.factors, codes, strict=True)
    }


@pytest.mark.parametrize(
    ("found", "loss", "mutation", "density"),
    [
        # found
        # loss            mutation       density
        ({}, "not_assessed", "not_assessed", "not_assessed"),
        (BCMA, "not_assessed", "not_assessed", "not_assessed"),
        ({**BCMA, "bcma_status": "lost"}, "established", "unlikely", "not_assessed"),
        # the sample may speak of the other agent
        ({**BCMA, "bcma_status": "lost", "bcma_agent_between_failure_and_sample": True}, "likely",
         "unlikely", "not_assessed"),
        ({**BCMA, "bcma_status": "lost", "bcma_agent_between_failure_and_sample": None}, "likely",
         "unlikely", "not_assessed"),
        # one negative stain
        ({**BCMA, "bcma_status": "not_detected_unconfirmed"}, "possible", "not_assessed",
         "possible"),
        ({**BCMA, "bcma_status": "not_detected_unconfirmed", "soluble_bcma_undetectable": True},
         "likely", "not_assessed", "possible"),
        ({**BCMA, "bcma_status": "not_detected_unconfirmed", "soluble_bcma_fold_from_nadir": 5.0},
         "possible", "not_assessed", "possible"),
        ({**BCMA, "bcma_status": "subclonal_loss"}, "possible", "not_assessed", "not_assessed"),
        ({**BCMA, "bcma_status": "reduced"}, "not_assessed", "not_assessed", "possible"),
        # a stain does not exclude a changed epitope
        (KEPT, "unlikely", "not_assessed", "unlikely"),
        ({**KEPT, "tnfrsf17_ectodomain_variant": True, "tnfrsf17_one_copy": True}, "unlikely",
         "likely", "unlikely"),
        ({**KEPT, "tnfrsf17_ectodomain_variant": True, "tnfrsf17_one_copy": False}, "unlikely",
         "possible", "unlikely"),
        ({**KEPT, "tnfrsf17_ectodomain_variant": True}, "unlikely", "possible", "unlikely"),
        ({**KEPT, "tnfrsf17_ectodomain_variant": False, "tnfrsf17_one_copy": True}, "unlikely",
         "unlikely", "unlikely"),
        ({**KEPT, "bcma_density_fall": True}, "unlikely", "not_assessed", "possible"),
        # the marrow does not speak for the lesion, but for its own site
        ({**BCMA, "bcma_status": "retained", "untested_lesion": True, "pattern_biochemical": False},
         "unlikely", "not_assessed", "not_assessed"),
        ({**BCMA, "soluble_bcma_fold_from_nadir": 3.0}, "unlikely", "not_assessed", "not_assessed"),
        ({**BCMA, "bcma_rna_percent": 90.0}, "unlikely", "not_assessed", "not_assessed"),
        # not the target of this CAR-T
        ({"car_target_bcma": False, "car_target_gprc5d": True, "bcma_status": "lost"}, "none",
         "none", "none"),
        # target not known
        ({"bcma_status": "lost", "bcma_agent_between_failure_and_sample": False}, "possible",
         "unlikely", "not_assessed"),
    ],
)  # fmt: skip
def test_bcma(found: dict[str, Any], loss: str, mutation: str, density: str) -> None:
    grade = graded(found)
    assert (
        grade["bcma_biallelic_loss"],
        grade["bcma_ecd_mutation"],
        grade["bcma_low_density"],
    ) == (loss, mutation, density)


@pytest.mark.parametrize(
    ("found", "grade"),
    [
        (
            {**BCMA, "gprc5d_status": "lost"},
            "none",
        ),  # after a GPRC5D bridge to a BCMA CAR-T it explains nothing
        (
            {
                "car_target_gprc5d": True,
                "gprc5d_status": "lost",
                "gprc5d_agent_between_failure_and_sample": False,
            },
            "established",
        ),
        # one method weighs as much as it does for BCMA
        ({"car_target_gprc5d": True, "gprc5d_status": "not_detected_unconfirmed"}, "possible"),
        ({"car_target_gprc5d": True, "gprc5d_status": "reduced"}, "possible"),
        (
            {"car_target_gprc5d": True, "gprc5d_status": "retained", "untested_lesion": False},
            "unlikely",
        ),
    ],
)
def test_gprc5d(found: dict[str, Any], grade: str) -> None:
    assert graded(found)["gprc5d_loss"] == grade


@pytest.mark.parametrize(
    ("found", "expansion", "persistence"),
    [
        # found
        # expansion       persistence
        ({"alc_peak_15": 0.3}, "likely", "not_assessed"),
        ({"alc_peak_15": 0.5}, "likely", "not_assessed"),
        ({"alc_peak_15": 0.8}, "possible", "not_assessed"),
        ({"alc_peak_15": 1.8}, "unlikely", "not_assessed"),
        ({"alc_peak_15": 0.3, "expansion_late": True}, "possible", "not_assessed"),
        ({"alc_peak_15": 0.3, "expansion_late": True, "responded": True}, "excluded",
         "not_assessed"),
        # no cause after a long complete response
        ({"alc_peak_15": 0.3, "best_response": "CR", "time_to_failure_days": 500}, "none",
         "not_assessed"),
        ({"alc_peak_15": 0.3, "best_response": "VGPR", "time_to_failure_days": 500}, "likely",
         "not_assessed"),
        # best response not known
        ({"alc_peak_15": 0.3, "time_to_failure_days": 500}, "possible", "not_assessed"),
        ({**GONE, "bcma_status": "retained"}, "not_assessed", "likely"),
        ({**GONE, "bcma_status": "lost"}, "not_assessed", "possible"),
        (GONE, "not_assessed", "possible"),
        # a CAR assay decides; lymphocytes speak where none was done, or where it agrees
        ({"car_expansion_poor": True}, "likely", "not_assessed"),  # as the centre states it
        ({"car_expansion_poor": False}, "unlikely", "not_assessed"),
        ({**LOOKED, "car_expansion_poor": True}, "not_assessed", "not_assessed"),
        ({**LOOKED, "car_never_detected": True}, "likely", "not_assessed"),
        ({**LOOKED, "car_never_detected": True, "alc_peak_15": 1.8}, "likely", "not_assessed"),
        ({**LOOKED, "car_peak_height": "low"}, "possible", "not_assessed"),
        ({**LOOKED, "car_peak_height": "minimal"}, "likely", "not_assessed"),
        ({**LOOKED, "car_peak_height": "low", "alc_peak_15": 0.3}, "likely", "not_assessed"),
        ({**LOOKED, "car_peak_height": "low", "alc_peak_15": 1.8}, "possible", "not_assessed"),
        ({**LOOKED, "car_peak_height": "high", "alc_peak_15": 0.3}, "unlikely", "not_assessed"),
        # between low and high an assay tells nothing, and the lymphocytes speak
        ({"car_peak_height": "intermediate"}, "not_assessed", "not_assessed"),
        ({"car_peak_height": "intermediate", "alc_peak_15": 0.3}, "likely", "not_assessed"),
        ({"car_peak_height": "intermediate", "alc_peak_15": 1.8}, "unlikely", "not_assessed"),
        ({"car_detectable_at_failure": True, "car_gone_before_failure": False}, "not_assessed",
         "unlikely"),
    ],
)  # fmt: skip
def test_expansion_and_persistence(found: dict[str, Any], expansion: str, persistence: str) -> None:
    full = (
        {"best_response": "PR", "time_to_failure_days": 90, **NO_ASSAY, **found}
        if "time_to_failure_days" not in found
        else NO_ASSAY | found
    )
    grade = graded(full)
    assert (grade["poor_cart_expansion"], grade["short_persistence"]) == (expansion, persistence)


@pytest.mark.parametrize(
    ("found", "grade"),
    [
        ({"car_exhausted_percent": 40.0}, "possible"),
        ({"car_exhausted_percent": 5.0, "car_tim3_percent": 9.0, "car_tigit_percent": 12.0},
         "unlikely"),
        ({"car_tim3_percent": 70.0, "car_tigit_percent": 65.0}, "possible"),
        ({"car_tim3_percent": 70.0}, "not_assessed"),
        ({"car_exhausted": True}, "possible"),  # as the centre states it
        ({"car_exhausted": False}, "unlikely"),
        # never from counts, nor from other T cells
        ({"alc_peak_15": 0.2, "cd4_count": 12.0, "cd8_count": 40.0, "cd4_count_month_1": 10.0,
         "t_cells_pd1_percent": 80.0}, "not_assessed"),
    ],
)  # fmt: skip
def test_exhaustion_is_read_from_the_cells_only(found: dict[str, Any], grade: str) -> None:
    assert graded(found)["cart_exhaustion"] == grade


@pytest.mark.parametrize(
    ("found", "grade"),
    [
        ({"anti_car_antibody": True, "car_gone_before_failure": True}, "likely"),
        ({"anti_car_antibody": True}, "possible"),
        (
            {
                "anti_car_antibody": True,
                "car_detectable_at_failure": True,
                "car_gone_before_failure": False,
            },
            "unlikely",  # a weak sign, and a strong one against it
        ),
        ({"anti_car_antibody": False}, "unlikely"),
        ({"anti_car_antibody_before_infusion": True}, "not_assessed"),
    ],
)
def test_antibodies_against_the_car(found: dict[str, Any], grade: str) -> None:
    assert graded(found)["anti_car_antibody"] == grade


@pytest.mark.parametrize(
    ("found", "grade"),
    [
        ({"emd_before_infusion": True, "emd_at_failure": True}, "likely"),
        ({"emd_before_infusion": False, "emd_at_failure": True}, "possible"),
        ({"emd_before_infusion": True}, "not_assessed"),
        ({"emd_before_infusion": True, "emd_at_failure": False}, "unlikely"),
    ],
)
def test_extramedullary_disease(found: dict[str, Any], grade: str) -> None:
    assert graded(found)["extramedullary_disease"] == grade


BEFORE = {
    "in_specification": False, "dose_cells": 1e8, "car_product": "ide-cel",
    "lymphodepletion_flu_cy": False, "car_hematotox": 5,
    "bridging_intensive": True, "marrow_plasma_cells_before_infusion": 90.0,
    "ferritin_above_normal_before_infusion": True,
    "neutrophil_lymphocyte_ratio": 9.0, "alc_before_lymphodepletion": 0.2,
    "bendamustine_before_apheresis": True,
    "days_tce_to_apheresis": 10, "exposed_bcma_before_infusion": True,
    "days_bcma_agent_to_infusion": 30, "high_risk_cytogenetics_before_infusion": True,
    "tp53_biallelic_before_infusion": True, "plasma_cell_leukaemia_before_infusion": True,
    "emd_before_infusion": True, "stage_3_before_infusion": True,
    "soluble_bcma_before_infusion": 900.0, "refractory_lenalidomide": True,
    "functional_high_risk": True, "hyperhaploid_before_infusion": True,
    "prior_asct": True, "metabolic_tumour_volume_before_infusion": 300.0,
    "amp_1q_before_infusion": True,
    "car_target_bcma": True,
}  # fmt: skip


def test_facts_from_before_the_infusion_explain_nothing() -> None:
    assert {
        g for g in graded(BEFORE).values() if g in ("possible", "likely", "established")
    } == set()


def test_safety() -> None:
    grade = graded(
        {
            "t_cell_neoplasm": True,
            "lesion_not_myeloma": True,
            "iec_hs": True,
            "enterocolitis": True,
            "mds_aml": True,
        }
    )
    assert {
        grade[x]
        for x in ("t_cell_neoplasm", "lesion_not_myeloma", "iec_hs", "enterocolitis", "mds_aml")
    } == {"established"}
    unproven = graded(
        {"lesion_without_histology": True, "pattern_biochemical": False, "active_infection": True}
    )
    assert (unproven["lesion_not_myeloma"], unproven["infection"]) == ("possible", "possible")
    assert (
        graded({"active_infection": True, "pattern_biochemical": True})["infection"] == "unlikely"
    )
    assert graded({"marrow_blasts_percent": 8.0})["mds_aml"] == "possible"


def test_every_example_of_an_indicator_holds() -> None:
    knowledge = load()
    conditions = conditions_of(knowledge)
    for factor in some(knowledge.factors.values()):
        for indicator in factor.indicators:
            assert truth(conditions[indicator.when], indicator.example_true or {}) is True, (
                indicator.id
            )
            assert truth(conditions[indicator.when], indicator.example_false or {}) is False, (
                indicator.id
            )


def test_soluble_bcma_and_burden_are_counted_once() -> None:
    for name in ("high_tumour_burden", "extramedullary_disease"):
        assert not any("soluble_bcma" in i.when for i in load().factors[name].indicators)


def test_decisive_weight_is_for_what_is_shown_at_failure() -> None:
    for factor in some(load().factors.values()):
        for indicator in factor.indicators:
            if indicator.weight == "decisive" and indicator.direction == "supports":
                assert indicator.timing == "at_failure", indicator.id
                assert factor.group in ("antigen", "safety"), indicator.id
