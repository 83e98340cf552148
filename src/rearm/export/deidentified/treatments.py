"""How each column of a store leaves it when the tables are de-identified. A column that is not
listed here does not leave.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rearm.export.deidentified.vocabulary import VocabularyName

__all__ = ["FINDINGS_OF_AGENTS", "TREATMENTS", "Kind", "Treatment"]

Kind = Literal[
    "new_id",
    "day",
    "follow_up_day",
    "between",
    "number",
    "days",
    "days_between",
    "words",
    "age_band",
    "year_band",
    "drop",
]
Quasi = Literal["sex", "product", "heavy_chain", "light_chain"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """What becomes of a column.

    `partner`: of a day known within bounds, the column of its other end. `words`: the vocabulary
    outside which a text is replaced. `rare`: so are words that few patients have. `quasi`: what a
    person outside may know of the patient; it goes where too few patients are like him. `note`: the
    reason, a noun phrase or a clause.
    """

    kind: Kind
    note: str = ""
    partner: str | None = None
    words: VocabularyName | None = None
    rare: bool = False
    quasi: Quasi | None = None


_ID = Treatment(kind="new_id", note="a random id; the key is a file of its own")
_DAY = Treatment(kind="day", note="counted from the first infusion")
_FOLLOWED = Treatment(
    kind="follow_up_day",
    note="counted from the first infusion; moved inwards where it is the end of a month or year",
)
_NUMBER = Treatment(kind="number")
_DAYS = Treatment(
    kind="days",
    note="left out where the day is not exact; shortened where it ends with a month or year",
)


def _between(partner: str) -> Treatment:
    return Treatment(
        kind="between",
        partner=partner,
        note="counted from the first infusion; widened where it is not exact, because the ends of "
        "a month or year would tell the date",
    )


def _words(
    words: VocabularyName, *, rare: bool = False, quasi: Quasi | None = None, note: str = ""
) -> Treatment:
    return Treatment(kind="words", words=words, rare=rare, quasi=quasi, note=note)


def _drop(note: str) -> Treatment:
    return Treatment(kind="drop", note=note)


_CRITERIA = _words("criteria")
_RESPONSE = _words("response")
_STATUS = _words("status")
_CERTAINTY = _words("certainty")
_FAILURE = _words("kind")
_TIMING = _words("timing")
_PATTERN = _words("pattern")
_BY = _words("judged by")
_PRODUCT = _words("product", rare=True, quasi="product")
_VERSIONS = _drop("the same for all; it stands in report.json")
_AS_OF = _drop("a calendar day of decision would tell the day of the infusion")

_PATIENTS = {
    "patient_id": _ID,
    "source_hash": _drop("a hash of the rows can be traced back to them"),
    "software": _VERSIONS,
    "knowledge": _VERSIONS,
    "criteria": _CRITERIA,
    "error": _drop("a free text"),
    "as_of": _AS_OF,
    "sex": _words("sex", quasi="sex"),
    "age": Treatment(
        kind="age_band",
        note="in bands of ten years, all over 89 in one; none if 90 is reached later",
    ),
    "infusion_year": Treatment(kind="year_band", note="in bands of three years"),
    "heavy_chain": _words("heavy chain", rare=True, quasi="heavy_chain"),
    "light_chain": _words("light chain", rare=True, quasi="light_chain"),
    "diagnosis_low": _between("diagnosis_high"),
    "diagnosis_high": _between("diagnosis_low"),
    "first_measured": _FOLLOWED,
    "last_seen": _FOLLOWED,
    "died": _NUMBER,
    "death_low": _between("death_high"),
    "death_high": _between("death_low"),
    "death_cause": _words("death cause", rare=True),
    "infusions": _NUMBER,
    "infusion_day": _DAY,
    "product": _PRODUCT,
    "status": _STATUS,
    "certainty": _CERTAINTY,
    "kind": _FAILURE,
    "timing": _TIMING,
    "day_low": _between("day_high"),
    "day_high": _between("day_low"),
    "best_response": _RESPONSE,
    "best_response_by": _BY,
    "best_response_computed": _RESPONSE,
    "best_response_team": _RESPONSE,
    "relapse_after": _drop("may hold a product as the input writes it; see relapses.line"),
    "relapse_line": _NUMBER,
    "relapse_status": _STATUS,
    "relapse_certainty": _CERTAINTY,
    "relapse_day_low": _between("relapse_day_high"),
    "relapse_day_high": _between("relapse_day_low"),
    "relapse_pattern": _PATTERN,
    "relapse_tempo": _words("tempo"),
    "watched": _words("watched"),
    "answer_state": _words("answer state"),
    "undetermined": _NUMBER,
    "alerts": _words("alert"),
    "open_alerts": _words("alert"),
    "actions": _words("action"),
    "errors": _NUMBER,
    "warnings": _NUMBER,
    "notes": _NUMBER,
}
_INFUSIONS = {
    "patient_id": _ID,
    "criteria": _CRITERIA,
    "infusion": _NUMBER,
    "day": _DAY,
    "product": _PRODUCT,
    "targets": _words("antigen", rare=True, quasi="product"),
    "apheresis_low": _between("apheresis_high"),
    "apheresis_high": _between("apheresis_low"),
    "status": _STATUS,
    "because": _words("because"),
    "certainty": _CERTAINTY,
    "kind": _FAILURE,
    "timing": _TIMING,
    "failed_low": _between("failed_high"),
    "failed_high": _between("failed_low"),
    "computed_day": _DAY,
    "team_day": _DAY,
    "pattern": _PATTERN,
    "responded": _NUMBER,
    "evaluable": _NUMBER,
    "best_response": _RESPONSE,
    "best_response_by": _BY,
    "best_response_computed": _RESPONSE,
    "best_response_team": _RESPONSE,
    "followed_to": _FOLLOWED,
    "last_assessed": _FOLLOWED,
    "next_therapy": _DAY,
}
_LINES = {
    "patient_id": _ID,
    "criteria": _CRITERIA,
    "line": _NUMBER,
    "after_infusion": _NUMBER,
    "salvage": _NUMBER,
    "start_low": _between("start_high"),
    "start_high": _between("start_low"),
    "end_low": _between("end_high"),
    "end_high": _between("end_low"),
    "agents": _words("agent", rare=True, quasi="product"),
    "purposes": _words("purpose", rare=True),
    "strategy": _words("strategy", rare=True),
    "option": _words("option", rare=True, quasi="product"),
    "exact": _NUMBER,
    "status": _STATUS,
    "progressed_low": _between("progressed_high"),
    "progressed_high": _between("progressed_low"),
    "best_response": _RESPONSE,
    "responded": _NUMBER,
    "evaluable": _NUMBER,
    "refractory": _NUMBER,
}
_RESPONSES = {
    "patient_id": _ID,
    "criteria": _CRITERIA,
    "infusion": _NUMBER,
    "day_low": _between("day_high"),
    "day_high": _between("day_low"),
    "response": _RESPONSE,
    "confirmed": _RESPONSE,
    "rule": _drop("no closed list of words"),
}
_RELAPSES = {
    "patient_id": _ID,
    "criteria": _CRITERIA,
    "after": _drop("may hold a product as the input writes it; line has the number of the line"),
    "line": _NUMBER,
    "infusion": _NUMBER,
    "status": _STATUS,
    "certainty": _CERTAINTY,
    "kind": _FAILURE,
    "day_low": _between("day_high"),
    "day_high": _between("day_low"),
    "pattern": _PATTERN,
    "present": _NUMBER,
}
_OUTCOMES = {
    "patient_id": _ID,
    "criteria": _CRITERIA,
    "infusion": _NUMBER,
    "origin": _words("origin"),
    "origin_day": _DAY,
    "endpoint": _words("endpoint"),
    "status": _words("endpoint status"),
    "event": _words("event"),
    "days": _DAYS,
    "days_low": Treatment(kind="days_between", partner="days_high", note="widened if not exact"),
    "days_high": Treatment(kind="days_between", partner="days_low", note="widened if not exact"),
    "censored_by": _words("censored by"),
    "competing": _NUMBER,
    "obstacle": _words("obstacle"),
    "entry": _DAYS,
}
_TIERS = {
    "patient_id": _ID,
    "criteria": _CRITERIA,
    "decision": _words("decision"),
    "as_of": _AS_OF,
    "strategy": _words("strategy"),
    "tier": _words("tier"),
}
_CAUSES = {
    "patient_id": _ID,
    "criteria": _CRITERIA,
    "factor": _words("factor"),
    "group": _words("factor group"),
    "grade": _words("grade"),
}
_TESTS = {
    "patient_id": _ID,
    "criteria": _CRITERIA,
    "rank": _NUMBER,
    "test": _words("work-up"),
    "mandatory": _NUMBER,
}
_WRITTEN = _drop("names files, places and values of the input")
_ISSUES = dict.fromkeys(
    (
        "patient_id",
        "severity",
        "code",
        "file",
        "place",
        "column",
        "value",
        "done",
        "count",
        "message",
    ),
    _WRITTEN,
)

# findings about each agent: `exposed_bortezomib`
FINDINGS_OF_AGENTS = ("exposed_", "refractory_", "stopped_for_toxicity_")
_KEPT_FINDINGS = """
    failure_status team_and_laboratory_differ failure_certainty failure_kind failure_timing
    time_to_failure_days responded best_response early_or_no_response pattern_biochemical
    pattern_cns signal_relapse_from_cr signal_mrd_conversion signal_light_chain_escape
    lines_after_car_t relapse_status relapse_marker_repeated relapse_after relapse_tempo
    days_to_relapse relapse_responded relapse_early_or_no_response
    relapse_pattern_biochemical relapse_pattern_marrow relapse_pattern_clinical
    relapse_pattern_cns relapse_pattern_extraosseous relapse_pattern_paraskeletal
    relapse_pattern_leukaemic asymptomatic_relapse relapse_doubling_days
    prior_lines therapy_history_complete exposed_pi exposed_imid exposed_anti_cd38 refractory_pi
    refractory_imid refractory_anti_cd38 triple_class_exposed triple_class_refractory
    penta_drug_refractory exposed_bcma_bispecific refractory_bcma_bispecific exposed_bcma_adc
    exposed_bcma_before_infusion exposed_gprc5d refractory_gprc5d exposed_tce_after_infusion
    days_bendamustine_to_apheresis days_alkylator_to_apheresis days_tce_to_apheresis
    days_bcma_agent_to_infusion bendamustine_before_apheresis prior_asct
    months_first_asct_to_progression functional_high_risk infusions_given
    bcma_flow_percent bcma_ihc_percent bcma_stain_percent bcma_rna_percent cart_bcma_rna_percent
    tnfrsf17_biallelic_fraction cart_tnfrsf17_biallelic_fraction tnfrsf17_one_copy
    cart_tnfrsf17_one_copy tnfrsf17_one_copy_before_infusion tnfrsf17_ectodomain_variant
    cart_tnfrsf17_ectodomain_variant bcma_agent_between_failure_and_sample
    gprc5d_agent_between_failure_and_sample bcma_status cart_bcma_status bcma_loss_fraction
    soluble_bcma_at_relapse soluble_bcma_fold_from_nadir soluble_bcma_undetectable
    gprc5d_flow_percent gprc5d_ihc_percent gprc5d_stain_percent gprc5d_biallelic_fraction
    gprc5d_status cart_gprc5d_status fcrh5_percent cd38_biallelic_or_missense untested_lesion
    cart_untested_lesion bcma_density_fall
    alc_peak_15 alc_peak_60 alc_before_lymphodepletion car_peak_copies_per_ug
    car_peak_copies_per_1000_cells car_peak_cells_per_ul car_peak_height car_assay_of_expansion
    car_never_detected car_expansion_poor car_exhausted car_peak_day expansion_late
    car_detectable_at_failure car_last_detectable_day car_gone_before_failure
    car_copies_rising_late car_exhausted_percent car_tim3_percent car_tigit_percent
    cd4_count cd4_count_month_1 cd8_count cd4_cd8_ratio_apheresis t_cells_pd1_percent
    reinfusion_without_expansion ferritin_before_infusion ferritin_above_normal_before_infusion
    crp_before_infusion ldh_above_normal treg_percent marrow_tregs_high car_hematotox
    emd_tim3_tigit neutrophil_lymphocyte_ratio post_infusion_immunosuppression
    in_specification anti_car_antibody anti_car_antibody_before_infusion
    lymphodepletion_flu_cy bridging_intensive
    t_11_14 t_4_14 t_14_16 del_17p del_17p_before_infusion gain_1q gain_1q_before_infusion amp_1q
    amp_1q_before_infusion tp53_mutation tp53_mutation_before_infusion high_risk_cytogenetics
    high_risk_cytogenetics_before_infusion tp53_biallelic tp53_biallelic_before_infusion
    braf_v600e hyperhaploid hyperhaploid_before_infusion
    emd_before_infusion paraskeletal_only_before_infusion emd_at_failure
    any_plasmacytoma_at_relapse bone_lesion_or_cord_at_relapse lesions_at_relapse
    marrow_plasma_cells_before_infusion soluble_bcma_before_infusion stage_3_before_infusion
    plasma_cell_leukaemia cart_plasma_cell_leukaemia leukaemic_now
    plasma_cell_leukaemia_before_infusion metabolic_tumour_volume_before_infusion
    ecog frailty creatinine creatinine_clearance dialysis lvef heart_failure_severe
    cardiac_disease lung_disease liver_failure thrombosis neutrophils platelets hemoglobin
    leukocytes lymphocytes sodium ferritin qtc bleeding confusion hypertension_uncontrolled
    pulmonary_hypertension thrombotic_microangiopathy anthracycline_dose strong_cyp1a2_inhibitor
    strong_cyp3a_inhibitor weight_loss_percent recurrent_severe_infections parkinsonism_past
    iec_hs_past counts_supported immunoglobulin_replaced prolonged_cytopenia igg igg_last_known
    active_infection hbsag anti_hbc hbv_dna_detected hcv_rna_detected latent_tuberculosis
    cmv_reactivation neuropathy_grade keratopathy_grade eye_care_access gprc5d_agent_badly_borne
    oral_or_weight_toxicity crs_grade_past icans_grade_past unresolved_crs_icans parkinsonism
    active_gvhd stored_cd34 stored_t_cells next_tcell_therapy_planned goals_of_care declined
    trials_open diabetes autoimmune_disease malnutrition cns_disease csf_examined al_amyloidosis
    cord_compression cord_threatened severe_cytopenia calcium_corrected
    hypercalcaemia renal_failure kidney_injury m_protein_very_high light_chain_very_high
    highest_light_chain hyperviscosity urgent t_cell_neoplasm mds_aml second_solid_tumour
    enterocolitis iec_hs lesion_not_myeloma lesion_without_histology marrow_blasts_percent
"""
_SAME = "stands in the table of patients, where it is grouped"
_BY_PRODUCT = "tells the product, which stands in the table of patients"
_TO_LAST_DAY = "counted to the day of decision"
_DROPPED_FINDINGS = {
    "age": _SAME,
    "sex": _SAME,
    "weight_kg": "people know it of each other",
    "travel_minutes": "tells where the patient lives",
    "dose_cells": "stands on the certificate of the batch, and is nearly each patient's own",
    "caregiver_available": "tells how the patient lives",
    "hiv": "an infection of which the law guards the knowledge",
    "pregnancy": "people know it of each other",
    "pregnancy_possible": "tells the sex",
    "identity_contradictions": "about the identity",
    "days_since_infusion": _TO_LAST_DAY,
    "days_since_relapse": _TO_LAST_DAY,
    "days_since_last_tce": _TO_LAST_DAY,
    "days_since_last_alkylator": _TO_LAST_DAY,
    "car_product": _BY_PRODUCT,
    "car_target_bcma": _BY_PRODUCT,
    "car_target_gprc5d": _BY_PRODUCT,
    "infused_ide_cel": _BY_PRODUCT,
    "infused_cilta_cel": _BY_PRODUCT,
    "infused_eque_cel": _BY_PRODUCT,
    "construct_human": _BY_PRODUCT,
}
_FINDING = Treatment(
    kind="words", words="finding", note="left out where few patients have it, if it is yes or no"
)
_FINDINGS = {
    "patient_id": _ID,
    **dict.fromkeys(_KEPT_FINDINGS.split(), _FINDING),
    **{name: _drop(note) for name, note in _DROPPED_FINDINGS.items()},
}

TREATMENTS: dict[str, dict[str, Treatment]] = {
    "patients": _PATIENTS,
    "infusions": _INFUSIONS,
    "lines": _LINES,
    "responses": _RESPONSES,
    "relapses": _RELAPSES,
    "outcomes": _OUTCOMES,
    "tiers": _TIERS,
    "causes": _CAUSES,
    "tests": _TESTS,
    "issues": _ISSUES,
    "findings": _FINDINGS,
}
