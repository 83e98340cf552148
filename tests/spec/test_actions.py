"""What to do whatever is chosen: for each action a record for which it is due, one for which it is
not, and one that does not tell.

The patient of the tables had ide-cel on day 0, a partial response, and progression on day 480 as
the team recorded it; asked on day 500. A row of a table adds to that, or takes a part away.
"""

from __future__ import annotations

from typing import Any

import pytest

import rearm
from rearm.assessment import Assessment
from rearm.assessment.result import Action
from rearm.intake import read_tables
from rearm.knowledge import load

Row = tuple[str, dict[str, Any]]
AS_OF = 500
NO_PROGRESSION: Row = ("without", {"day": 480})
NO_CAR_T: Row = ("without", {"product": "ide-cel"})


def assessed(*rows: Row) -> Assessment:
    tables: dict[str, list[dict[str, Any]]] = {
        "patients": [{"sex": "F", "heavy_chain": "IgA", "light_chain": "kappa"}],
        "infusions": [{"day": 0, "product": "ide-cel"}],
        "assessments": [
            {"day": 60, "response": "PR", "by": "team"},
            {"day": 480, "response": "PD", "by": "team"},
        ],
    }
    for table, row in rows:
        if table == "without":
            ((key, value),) = row.items()
            for name, own in tables.items():
                tables[name] = [x for x in own if x.get(key) != value]
        else:
            tables.setdefault(table, []).append(row)
    with_id = {name: [{"patient_id": "A"} | row for row in own] for name, own in tables.items()}
    (record,) = read_tables(with_id).records
    return rearm.assess(record, as_of=AS_OF)


def lab(day: int, test: str, value: Any, unit: str | None = None) -> Row:
    return "labs", {"day": day, "test": test, "value": value, "unit": unit}


def condition(day: int | None, name: str, status: str = "present") -> Row:
    return "conditions", {"day": day, "condition": name, "status": status}


def fact(finding: str, value: str) -> Row:
    return "facts", {"day": 495, "finding": finding, "value": value, "by": "clinician"}


def lesion(day: int, site: str, **more: Any) -> Row:
    seen = {"method": "PET-CT", "result": "positive", "lesion": "L1", "kind": "paraskeletal"}
    return "imaging", {"day": day, "site": site, **seen, "new": "yes", **more}


def given(agents: str, day: int, purpose: str = "treatment") -> Row:
    return "therapies", {
        "line": 1, "agents": agents, "purpose": purpose, "start_day": day, "end_day": day + 60,
    }  # fmt: skip


def action(result: Assessment, name: str) -> Action | None:
    return next((x for x in result.actions if x.id == name), None)


def status(name: str, *rows: Row) -> str | None:
    found = action(assessed(*rows), name)
    return None if found is None else found.status


COMFORT = fact("goals_of_care", "comfort_only")
SEROLOGY = [
    lab(480, "hbsag", "negative"), lab(480, "anti_hbc", "negative"),
    lab(480, "hcv_rna", "not detected"), lab(480, "hiv_serology", "negative"),
]  # fmt: skip
COUNTS = [
    lab(495, "platelets", 90, "10*9/L"), lab(495, "hemoglobin", 10.5, "g/dL"),
    lab(495, "neutrophils", 2.1, "10*9/L"),
]  # fmt: skip
FLU_CY: Row = (
    "therapies",
    {
        "agents": "fludarabine;cyclophosphamide",
        "purpose": "lymphodepletion",
        "start_day": -5,
        "end_day": -3,
    },
)
PLANNED = fact("next_tcell_therapy_planned", "yes")
IN_RESPONSE: list[Row] = [
    NO_PROGRESSION,
    lab(-10, "serum_m_protein", 3.0, "g/dL"),
    lab(60, "serum_m_protein", 0.6, "g/dL"),
    lab(300, "serum_m_protein", 0.6, "g/dL"),
    lab(480, "serum_m_protein", 0.6, "g/dL"),
]

# action: rows for which it is due, rows for which it is not, rows that do not tell
TABLE: dict[str, tuple[list[Row], list[Row], list[Row]]] = {
    "mri_spine_and_neurology_today": (
        [lesion(495, "T8 paravertebral")],
        [condition(495, "cord_compression", "absent")],
        [lesion(495, "left femur")],
    ),
    "steroid_for_cord": (
        [condition(495, "cord_compression")],
        [condition(495, "cord_compression", "absent")],
        [],
    ),
    "csf_and_neuraxis_mri": (
        [lab(495, "csf_plasma_cells", "positive")],
        [lab(495, "csf_plasma_cells", "negative"), condition(495, "cns_myeloma", "absent")],
        [],
    ),
    "treat_hypercalcaemia": (
        [lab(495, "calcium_corrected", 12.6, "mg/dL")],
        [lab(495, "calcium_corrected", 9.4, "mg/dL")],
        [],
    ),
    "renal_rescue": (
        [lab(300, "creatinine", 0.9, "mg/dL"), lab(495, "creatinine", 3.8, "mg/dL")],
        [lab(300, "creatinine", 0.9, "mg/dL"), lab(495, "creatinine", 0.9, "mg/dL")],
        [],
    ),
    "plasma_exchange_if_symptomatic": (
        [condition(495, "hyperviscosity")],
        [condition(495, "hyperviscosity", "absent"), lab(495, "serum_m_protein", 2.0, "g/dL")],
        [],
    ),
    "treat_infection_first": (
        [condition(495, "active_infection")],
        [condition(495, "active_infection", "absent")],
        [],
    ),
    "lymphoma_work_up": (
        [condition(495, "t_cell_lymphoma")],
        [condition(495, "t_cell_lymphoma", "absent")],
        [],
    ),
    "report_second_malignancy": (
        [condition(495, "t_cell_lymphoma")],
        [
            condition(495, "t_cell_lymphoma", "absent"),
            condition(495, "mds_aml", "absent"),
            condition(495, "second_solid_tumour", "absent"),
        ],
        [],
    ),
    "reconcile_team_and_laboratory": (
        [
            lab(-10, "serum_m_protein", 3.0, "g/dL"),
            lab(60, "serum_m_protein", 0.6, "g/dL"),
            lab(300, "serum_m_protein", 0.6, "g/dL"),
            lab(480, "serum_m_protein", 0.6, "g/dL"),
            lab(495, "serum_m_protein", 0.6, "g/dL"),
        ],
        [
            lab(-10, "serum_m_protein", 3.0, "g/dL"),
            lab(60, "serum_m_protein", 0.6, "g/dL"),
            lab(480, "serum_m_protein", 1.6, "g/dL"),
            lab(495, "serum_m_protein", 1.9, "g/dL"),
        ],
        [],
    ),
    "antibacterial_prophylaxis": (
        [lab(495, "neutrophils", 0.3, "10*9/L")],
        [lab(495, "neutrophils", 1.4, "10*9/L")],
        [],
    ),
    "irradiated_blood_products": (
        [FLU_CY, lab(495, "platelets", 12, "10*9/L")],
        [FLU_CY, *COUNTS, fact("next_tcell_therapy_planned", "no")],
        [FLU_CY],
    ),
    "tumour_lysis_precautions": (
        [lab(495, "ldh", 720, "U/L"), lab(495, "circulating_plasma_cells", 3200, "/uL")],
        [lab(495, "circulating_plasma_cells", 0, "/uL")],
        [],
    ),
    "cardiology_before_therapy": (
        [lab(495, "lvef", 34, "%")],
        [lab(495, "lvef", 58, "%"), condition(495, "heart_failure", "absent")],
        [],
    ),
    "antifungal_prophylaxis": (
        [lab(495, "neutrophils", 0.3, "10*9/L")],
        [lab(495, "neutrophils", 1.4, "10*9/L")],
        [],
    ),
    "measure_igg": ([], [lab(490, "igg", 640, "mg/dL")], [NO_CAR_T]),
    "palliative_care_referral": (
        [fact("frailty", "frail")],
        [
            fact("frailty", "fit"),
            fact("goals_of_care", "disease_control"),
            lab(495, "ecog", 1, "score"),
        ],
        [],
    ),
    "goals_of_care_talk": (
        [lab(495, "ecog", 2, "score")],
        [lab(495, "ecog", 2, "score"), fact("goals_of_care", "disease_control")],
        [],
    ),
    "repeat_m_protein_and_flc": (
        [
            NO_PROGRESSION,
            lab(-10, "serum_m_protein", 3.0, "g/dL"),
            lab(60, "serum_m_protein", 0.6, "g/dL"),
            lab(480, "serum_m_protein", 1.6, "g/dL"),
        ],
        [],
        [NO_CAR_T],
    ),
    "biopsy_of_lesion": (
        [lesion(490, "liver", kind="extraosseous")],
        [
            lesion(490, "liver", kind="extraosseous"),
            fact("lesion_histology", "L1=plasma_cells"),
        ],
        [],
    ),
    "infection_screen_before_engager": ([], SEROLOGY, [NO_CAR_T]),
    "hepatitis_b_prophylaxis": ([lab(480, "anti_hbc", "positive")], SEROLOGY, []),
    "immunoglobulin_replacement": (
        [lab(490, "igg", 310, "mg/dL")],
        [lab(490, "igg", 640, "mg/dL")],
        [],
    ),
    "refer_to_trial_centre": ([], [fact("trials_open", "none")], [NO_CAR_T]),
    "stop_car_t_toxic_partner": ([PLANNED], [fact("next_tcell_therapy_planned", "no")], []),
    "keep_apheresis_window": ([PLANNED], [PLANNED, fact("stored_t_cells", "yes")], []),
    "red_cell_type_before_anti_cd38": (
        [given("lenalidomide;dexamethasone", -600), fact("therapy_history_complete", "yes")],
        [given("daratumumab;dexamethasone", -600)],
        [],
    ),
    "thromboprophylaxis": (
        [condition(300, "thrombosis"), *COUNTS],
        [condition(300, "thrombosis"), lab(495, "platelets", 20, "10*9/L")],
        [*COUNTS],
    ),
    "transfuse_or_growth_factor_before_engager": (
        [lab(495, "neutrophils", 0.3, "10*9/L")],
        COUNTS,
        [lab(495, "neutrophils", 2.1, "10*9/L")],
    ),
    "pneumocystis_prophylaxis": ([], [lab(490, "cd4_t_cells", 350, "/uL")], [NO_CAR_T]),
    "zoster_prophylaxis": ([], [COMFORT], [NO_CAR_T]),
    "prophylaxis_without_relapse": (
        IN_RESPONSE,
        [*IN_RESPONSE, lab(490, "cd4_t_cells", 350, "/uL")],
        [NO_CAR_T],
    ),
}


def test_the_table_has_every_action() -> None:
    assert set(TABLE) == set(load().actions)


@pytest.mark.parametrize("name", TABLE)
def test_due(name: str) -> None:
    assert status(name, *TABLE[name][0]) == "due"


@pytest.mark.parametrize("name", TABLE)
def test_not_due(name: str) -> None:
    assert status(name, *TABLE[name][1]) is None


@pytest.mark.parametrize("name", TABLE)
def test_what_is_not_known_makes_nothing_due(name: str) -> None:
    assert status(name, *TABLE[name][2]) != "due"


@pytest.mark.parametrize("name", TABLE)
def test_nothing_is_to_be_done_for_a_patient_who_died(name: str) -> None:
    assert status(name, *TABLE[name][0], ("deaths", {"cause": "myeloma"})) is None


def test_an_empty_record_asks_for_nothing() -> None:
    assert assessed(NO_CAR_T, NO_PROGRESSION).actions == ()


@pytest.mark.parametrize(
    ("what", "name", "rows", "text"),
    [
        (
            "a low value out of date",
            "immunoglobulin_replacement",
            [lab(300, "igg", 310, "mg/dL")],
            "Measure IgG with",
        ),
        (
            "an infection without an end",
            "treat_infection_first",
            [condition(450, "active_infection")],
            "Ask whether",
        ),
        (
            "calcium as last known",
            "treat_hypercalcaemia",
            [lab(465, "calcium_corrected", 12.6, "mg/dL")],
            "Repeat calcium",
        ),
        (
            "counts as last known",
            "transfuse_or_growth_factor_before_engager",
            [lab(465, "neutrophils", 0.3, "10*9/L")],
            "Repeat the blood count",
        ),
        (
            "a mass at the canal",
            "steroid_for_cord",
            [lesion(495, "epidural, T9")],
            "Decide on dexamethasone",
        ),
        (
            "platelets not counted",
            "thromboprophylaxis",
            [condition(300, "thrombosis")],
            "Count platelets",
        ),
    ],
)
def test_open_where_the_record_points_to_it(
    what: str, name: str, rows: list[Row], text: str
) -> None:
    found = action(assessed(*rows), name)
    assert found is not None and found.status == "open", what
    assert found.text.startswith(text)


def test_an_igg_below_the_m_protein_that_it_holds_is_measured_again() -> None:
    both = [lab(490, "igg", 310, "mg/dL"), lab(490, "serum_m_protein", 1.4, "g/dL")]
    of_igg: Row = ("patients", {"heavy_chain": "IgG", "light_chain": "kappa"})
    result = assessed(("without", {"heavy_chain": "IgA"}), of_igg, *both)
    found = action(result, "immunoglobulin_replacement")
    assert found is not None and found.status == "open"
    assert "check both" in result.findings[found.shows[0]].text


def test_only_what_makes_it_due_is_shown() -> None:
    rows = [fact("frailty", "frail"), lab(495, "ecog", 1, "score")]
    found = action(assessed(*rows), "palliative_care_referral")
    assert found is not None and found.shows == ("frailty",)


# ---------------------------------------------------------------- hazards


def test_a_paravertebral_mass_does_not_wait_for_a_recorded_compression() -> None:
    result = assessed(lesion(495, "T8 paravertebral"))
    first = result.actions[0]
    assert first.id == "mri_spine_and_neurology_today" and first.urgency == "now"
    assert "T8 paravertebral" in result.findings[first.shows[0]].text
    assert result.findings["cord_compression"].value is None


def test_igg_of_180_is_replaced_now_after_the_serology() -> None:
    result = assessed(lab(495, "igg", 180, "mg/dL"))
    ids = [x.id for x in result.actions]
    assert ids.index("infection_screen_before_engager") < ids.index("immunoglobulin_replacement")
    screen = action(result, "infection_screen_before_engager")
    assert screen is not None and screen.urgency == "this_week"
    assert "before immunoglobulin" in screen.text
    assert screen.lacks == ("hbsag", "anti_hbc", "hcv_rna_detected", "hiv")
    replaced = action(result, "immunoglobulin_replacement")
    assert replaced is not None and replaced.shows == ("igg",)
    assert "180" in result.findings["igg"].text


def test_without_a_low_igg_the_serology_waits_for_the_engager() -> None:
    screen = action(assessed(), "infection_screen_before_engager")
    assert screen is not None and screen.urgency == "before_engager"
    assert "immunoglobulin" not in screen.text


def test_a_core_antibody_under_immunoglobulin_may_be_the_donors() -> None:
    infused: Row = (
        "therapies",
        {"agents": "immunoglobulin", "purpose": "supportive", "start_day": 470, "end_day": 470},
    )
    rows = [lab(480, "anti_hbc", "positive"), lab(480, "hbsag", "negative"), infused]
    found = action(assessed(*rows), "hepatitis_b_prophylaxis")
    assert found is not None and found.text.startswith("Measure HBV DNA before")
    bare = action(assessed(*rows[:2]), "hepatitis_b_prophylaxis")
    assert bare is not None and bare.text.startswith("Start antiviral prophylaxis")


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([lab(495, "neutrophils", 0.3, "10*9/L")], "Give growth factor before an engager"),
        ([*COUNTS[1:], lab(495, "platelets", 12, "10*9/L")], "Transfuse before an engager"),
        (
            [lab(495, "neutrophils", 0.3, "10*9/L"), lab(495, "hemoglobin", 7.0, "g/dL")],
            "Transfuse and give growth factor",
        ),
    ],
)
def test_counts_are_corrected_before_an_engager(rows: list[Row], text: str) -> None:
    found = action(assessed(*rows), "transfuse_or_growth_factor_before_engager")
    assert found is not None and found.text.startswith(text)


def test_neutropenia_with_infection_is_treated_not_prevented() -> None:
    low = lab(495, "neutrophils", 0.2, "10*9/L")
    ids = [x.id for x in assessed(low, condition(495, "febrile_neutropenia")).actions]
    assert "treat_infection_first" in ids
    assert "antibacterial_prophylaxis" not in ids


def test_an_infection_with_neutropenia_is_treated_within_the_hour() -> None:
    fever = condition(495, "febrile_neutropenia")
    alone = action(assessed(fever, lab(495, "neutrophils", 2.2, "10*9/L")), "treat_infection_first")
    assert alone is not None and alone.text.startswith("Treat the infection first")
    low = action(assessed(fever, lab(495, "neutrophils", 0.3, "10*9/L")), "treat_infection_first")
    assert low is not None and low.urgency == "now"
    for word in ("blood cultures", "within the hour", "admit"):
        assert word in low.text


def test_blood_is_irradiated_though_nobody_entered_the_lymphodepletion() -> None:
    low = lab(495, "hemoglobin", 7.0, "g/dL")
    found = action(assessed(low), "irradiated_blood_products")
    assert found is not None and found.status == "open" and found.urgency == "now"
    assert found.text.startswith("Order irradiated blood products unless")
    assert status("irradiated_blood_products", low, FLU_CY) == "due"
    other: Row = ("therapies", FLU_CY[1] | {"agents": "cyclophosphamide"})
    assert status("irradiated_blood_products", low, other) is None


def test_a_threatened_cord_calls_radiotherapy_and_the_surgeon() -> None:
    found = action(assessed(lesion(495, "T8 paravertebral")), "mri_spine_and_neurology_today")
    assert found is not None and "radiotherapy and spinal surgery today" in found.text


def test_no_collection_is_prepared_for_a_heart_that_bars_the_cells() -> None:
    weak = lab(495, "lvef", 34, "%")
    ids = {x.id for x in assessed(PLANNED, weak).actions}
    assert not {"stop_car_t_toxic_partner", "keep_apheresis_window"} & ids
    found = action(assessed(PLANNED, weak), "cardiology_before_therapy")
    assert found is not None and "rules out the planned T-cell therapy" in found.text
    alone = action(assessed(weak), "cardiology_before_therapy")
    assert alone is not None and "planned" not in alone.text


def test_what_everybody_needs_is_marked_as_routine() -> None:
    marked = {x.id for x in assessed(lab(495, "igg", 180, "mg/dL")).actions if x.routine}
    assert marked == {
        "infection_screen_before_engager", "refer_to_trial_centre",
        "pneumocystis_prophylaxis", "zoster_prophylaxis",
    }  # fmt: skip
    found = action(assessed(), "measure_igg")
    assert found is not None and found.routine
    infected = action(assessed(condition(495, "active_infection")), "measure_igg")
    assert infected is not None and infected.text == "Measure IgG now, with the infection"


def test_igg_that_was_low_is_asked_for_once() -> None:
    ids = [x.id for x in assessed(lab(300, "igg", 310, "mg/dL")).actions]
    assert "immunoglobulin_replacement" in ids and "measure_igg" not in ids


def test_bulky_disease_with_a_high_ldh_gets_tumour_lysis_precautions() -> None:
    soft = lesion(478, "liver", kind="extraosseous")
    high: Row = ("labs", lab(480, "ldh", 720, "U/L")[1] | {"ref_high": 250})
    assert status("tumour_lysis_precautions", soft, high) == "due"
    assert status("tumour_lysis_precautions", soft) is None
    assert status("tumour_lysis_precautions", high) is None
    gone = condition(-100, "dialysis")
    blood = lab(495, "circulating_plasma_cells", 3200, "/uL")
    found = action(assessed(blood, gone), "tumour_lysis_precautions")
    assert found is not None and "dialysis unit" in found.text


def test_years_of_dialysis_are_no_kidney_to_rescue() -> None:
    rise = [lab(300, "creatinine", 3.0, "mg/dL"), lab(495, "creatinine", 7.0, "mg/dL")]
    assert status("renal_rescue", *rise) == "due"
    assert status("renal_rescue", *rise, condition(-400, "dialysis")) is None


def test_comfort_alone_keeps_what_relieves_and_leaves_the_rest() -> None:
    rows = [COMFORT, lab(495, "calcium_corrected", 13.2, "mg/dL"), lab(495, "igg", 200, "mg/dL")]
    ids = {x.id for x in assessed(*rows).actions}
    assert ids == {"treat_hypercalcaemia", "palliative_care_referral"}


def test_each_action_says_why_until_when_and_by_which_source() -> None:
    result = assessed(lab(495, "igg", 180, "mg/dL"), lesion(495, "T8 paravertebral"), *SEROLOGY)
    assert len(result.actions) > 4
    for found in result.actions:
        reason = result.reasons[found.reason]
        assert reason.effect == "act" and reason.text and reason.until
        assert found.sources and set(found.sources) <= set(result.citations)


# ---------------------------------------------------------------- prophylaxis and the kidney

DIALYSIS = condition(-400, "dialysis")
PNEUMOCYSTIS, ZOSTER = "pneumocystis_prophylaxis", "zoster_prophylaxis"


@pytest.mark.parametrize(
    ("what", "name", "rows", "text"),
    [
        ("nothing known of the kidney", PNEUMOCYSTIS, [],
         "Give Pneumocystis prophylaxis, dosed by neutrophils and kidney function, until"),
        ("healthy", PNEUMOCYSTIS, [lab(495, "egfr", 90, "mL/min/1.73m2"), *COUNTS],
         "Give Pneumocystis prophylaxis until"),
        ("neutrophils 0.3", PNEUMOCYSTIS, [lab(495, "neutrophils", 0.3, "10*9/L")],
         "Give Pneumocystis prophylaxis without co-trimoxazole"),
        ("filtration 12", PNEUMOCYSTIS, [lab(495, "egfr", 12, "mL/min/1.73m2")],
         "Give Pneumocystis prophylaxis without co-trimoxazole"),
        ("filtration 22", PNEUMOCYSTIS, [lab(495, "egfr", 22, "mL/min/1.73m2")],
         "Give Pneumocystis prophylaxis (half-dose co-trimoxazole)"),
        ("on dialysis", PNEUMOCYSTIS, [DIALYSIS],
         "Give Pneumocystis prophylaxis without co-trimoxazole"),
        ("nothing known of the kidney", ZOSTER, [],
         "Give aciclovir or valaciclovir against herpes zoster, dosed by kidney function"),
        ("filtration 12", ZOSTER, [lab(495, "egfr", 12, "mL/min/1.73m2")],
         "Give valaciclovir 500 mg once a day against herpes zoster"),
        ("filtration 22", ZOSTER, [lab(495, "egfr", 22, "mL/min/1.73m2")],
         "Give renally adjusted aciclovir or valaciclovir against herpes zoster"),
        ("on dialysis", ZOSTER, [DIALYSIS],
         "Give valaciclovir 500 mg once a day against herpes zoster, after the session"),
    ],
)  # fmt: skip
def test_prophylaxis_fits_kidney_and_neutrophils(
    what: str, name: str, rows: list[Row], text: str
) -> None:
    found = action(assessed(*rows), name)
    assert found is not None and found.text.startswith(text), what


def test_without_a_relapse_prophylaxis_goes_on_for_18_months_or_while_cd4_is_low() -> None:
    def told(days: int, *rows: Row) -> Action | None:
        tables: list[dict[str, Any]] = [
            {"patient_id": "A", "day": day, "test": "serum_m_protein", "value": v, "unit": "g/dL"}
            for day, v in ((-10, 3.0), (60, 0.6), (days - 10, 0.6))
        ]
        tables += [{"patient_id": "A"} | row for _, row in rows]
        infusion: dict[str, Any] = {"patient_id": "A", "day": 0, "product": "ide-cel"}
        person: dict[str, Any] = {
            "patient_id": "A",
            "sex": "F",
            "heavy_chain": "IgA",
            "light_chain": "kappa",
        }
        (record,) = read_tables(
            {"patients": [person], "infusions": [infusion], "labs": tables}
        ).records
        return action(rearm.assess(record, as_of=days), "prophylaxis_without_relapse")

    assert told(540) is not None
    assert told(560) is None
    low = told(900, lab(890, "cd4_t_cells", 120, "/uL"))
    assert low is not None and low.shows == ("cd4_count",)
    assert told(900, lab(890, "cd4_t_cells", 350, "/uL")) is None
    neutropenic = told(120, lab(115, "neutrophils", 0.7, "10*9/L"))
    assert neutropenic is not None and "without co-trimoxazole" in neutropenic.text
    assert status("prophylaxis_without_relapse") is None


def test_how_long_hepatitis_b_is_kept_down_is_named_by_guideline() -> None:
    result = assessed(lab(480, "anti_hbc", "positive"))
    found = action(result, "hepatitis_b_prophylaxis")
    assert found is not None
    until = result.reasons[found.reason].until
    assert until is not None and "ASCO" in until and "EASL" in until
