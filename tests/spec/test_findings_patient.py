"""Findings on the person and on safety as tables. Infusion on day 0, failure on day 200, read on
day 220 unless said otherwise.
"""

from typing import Any

import pytest
from tests.support.findings_case import (
    Row,
    condition,
    fact,
    findings,
    imaging,
    lab,
    shown,
    therapy,
    toxicity,
)


@pytest.mark.parametrize(
    ("what", "rows", "infection"),
    [
        ("silence is not absence", [], None),
        ("present", [condition(210, "active_infection")], True),
        (
            "present, then resolved",
            [condition(210, "active_infection"), condition(216, "active_infection", "resolved")],
            False,
        ),
        (
            "absent, then present",
            [condition(205, "active_infection", "absent"), condition(210, "active_infection")],
            True,
        ),
        ("ended by its end day", [condition(200, "active_infection", end_day=210)], False),
        (
            "present and absent on one day",
            [condition(210, "active_infection"), condition(210, "active_infection", "absent")],
            None,
        ),
        ("said absent long ago", [condition(100, "active_infection", "absent")], None),
        ("old, never said to be over", [condition(100, "active_infection")], None),
        ("recorded as a toxicity without an end", [toxicity(210, "infection", 3)], True),
        ("a toxicity that ended", [toxicity(200, "infection", 3, end_day=205)], False),
        ("febrile neutropenia", [condition(215, "febrile_neutropenia")], True),
        (
            "absent, but another is present",
            [condition(215, "active_infection", "absent"), condition(215, "febrile_neutropenia")],
            True,
        ),
        (
            "another episode, later, has ended",
            [condition(208, "active_infection"), condition(212, "active_infection", end_day=215)],
            True,
        ),
        (
            "the same, with its end on a second row",
            [condition(208, "active_infection"), condition(208, "active_infection", end_day=215)],
            False,
        ),
        (
            "an episode with an end spans it",
            [condition(205, "active_infection", end_day=215), condition(208, "active_infection")],
            False,
        ),
        (
            "a while ago without an end, and another that ended",
            [condition(180, "active_infection"), condition(210, "active_infection", end_day=215)],
            None,
        ),
        (
            "two as toxicities, the later ended",
            [toxicity(208, "infection", 3), toxicity(212, "infection", 2, end_day=215)],
            True,
        ),
        (
            "two in two tables, the later ended",
            [toxicity(208, "infection", 3), condition(212, "active_infection", end_day=215)],
            True,
        ),
        (
            "the same in two tables, the end in one",
            [toxicity(208, "infection", 3), condition(208, "active_infection", end_day=215)],
            False,
        ),
        ("its end lies after as_of", [condition(210, "active_infection", end_day=240)], True),
        ("after as_of", [condition(221, "active_infection")], None),
    ],
)
def test_infection(what: str, rows: list[Row], infection: object) -> None:
    assert findings(*rows)["active_infection"].value is infection, what


@pytest.mark.parametrize(
    ("what", "rows", "name", "value"),
    [
        ("HBsAg", [lab(100, "hbsag", "positive")], "hbsag", True),
        (
            "HBsAg, latest",
            [lab(100, "hbsag", "positive"), lab(200, "hbsag", "negative")],
            "hbsag",
            False,
        ),
        ("a hepatitis in the past is no antigen", [condition(-300, "hepatitis_b")], "hbsag", None),
        ("a hepatitis in the past", [condition(-300, "hepatitis_b")], "anti_hbc", True),
        ("it is over", [condition(0, "hepatitis_b", status="resolved")], "anti_hbc", True),
        (
            "its antigen is not known",
            [condition(0, "hepatitis_b", status="resolved")],
            "hbsag",
            None,
        ),
        ("stated absent", [condition(90, "hepatitis_b", status="absent")], "hbsag", False),
        ("stated absent", [condition(90, "hepatitis_b", status="absent")], "anti_hbc", False),
        (
            "and so the DNA",
            [condition(90, "hepatitis_b", status="absent")],
            "hbv_dna_detected",
            False,
        ),
        (
            "there, then absent: once met, never gone",
            [condition(-300, "hepatitis_b"), condition(90, "hepatitis_b", status="absent")],
            "anti_hbc",
            True,
        ),
        (
            "a test stands above a statement",
            [condition(90, "hepatitis_b", status="absent"), lab(80, "anti_hbc", "positive")],
            "anti_hbc",
            True,
        ),
        ("suspected", [condition(90, "hepatitis_b", status="suspected")], "anti_hbc", None),
        (
            "no hepatitis C",
            [condition(90, "hepatitis_c", status="absent")],
            "hcv_rna_detected",
            False,
        ),
        (
            "one that is over",
            [condition(90, "hepatitis_c", status="resolved")],
            "hcv_rna_detected",
            None,
        ),
        ("DNA not detected", [lab(200, "hbv_dna", "not detected")], "hbv_dna_detected", False),
        ("DNA in numbers", [lab(200, "hbv_dna", 340, "IU/mL")], "hbv_dna_detected", True),
        (
            "DNA below quantification may be there",
            [lab(200, "hbv_dna", "<10", "IU/mL")],
            "hbv_dna_detected",
            None,
        ),
        ("HIV stated absent", [condition(-100, "hiv", "absent")], "hiv", False),
    ],
)
def test_viruses(what: str, rows: list[Row], name: str, value: object) -> None:
    assert findings(*rows)[name].value is value, what


@pytest.mark.parametrize(
    ("what", "rows", "value"),
    [
        ("ten days old", [lab(210, "neutrophils", 1.9, "10*9/L")], 1.9),
        ("25 days old", [lab(195, "neutrophils", 1.9, "10*9/L")], 1.9),
        ("31 days old", [lab(189, "neutrophils", 1.9, "10*9/L")], None),
        ("a bound stays a bound", [lab(210, "neutrophils", "<0.5", "10*9/L")], "[0, 0.5)"),
        (
            "a newer one was set aside",
            [lab(208, "neutrophils", 1.9, "10*9/L"), lab(212, "neutrophils", 4)],
            None,
        ),
        (
            "two on a day, by time",
            [
                lab(210, "neutrophils", 1.9, "10*9/L", time="08:00"),
                lab(210, "neutrophils", 0.4, "10*9/L", time="18:00"),
            ],
            0.4,
        ),
        (
            "two on a day, order not known",
            [lab(210, "neutrophils", 1.9, "10*9/L"), lab(210, "neutrophils", 0.4, "10*9/L")],
            "[0.4, 1.9]",
        ),
    ],
)
def test_latest_count(what: str, rows: list[Row], value: object) -> None:
    assert shown(findings(*rows)["neutrophils"]) == value, what


def counts(day: int, neutrophils: float | None, platelets: float | None) -> list[Row]:
    pairs = (("neutrophils", neutrophils), ("platelets", platelets))
    return [lab(day, test, value, "10*9/L") for test, value in pairs if value is not None]


@pytest.mark.parametrize(
    ("what", "rows", "as_of", "cytopenia"),
    [
        ("neutrophils 0.9", counts(210, 0.9, 120), 220, True),
        ("platelets 49", counts(210, 2.0, 49), 220, True),
        ("both above", counts(210, 1.0, 50), 220, False),
        ("low, then recovered", counts(100, 0.4, 20) + counts(210, 2.0, 150), 220, False),
        ("one is not known", counts(210, 2.0, None), 220, None),
        ("ICAHT grade 3 without end", [toxicity(35, "icaht", 3)], 220, True),
        ("ICAHT, counts recovered", [toxicity(35, "icaht", 3), *counts(210, 2.0, 150)], 220, False),
        ("day 30 is not past", counts(25, 0.2, 10), 30, False),
        ("nothing", [], 220, None),
    ],
)
def test_prolonged_cytopenia(what: str, rows: list[Row], as_of: int, cytopenia: object) -> None:
    assert (
        findings(*rows, as_of=as_of, pd=200 if as_of > 200 else None)["prolonged_cytopenia"].value
        is cytopenia
    ), what


IGG = lab(210, "igg", 900, "mg/dL")


@pytest.mark.parametrize(
    ("what", "patient", "rows", "value"),
    [
        ("IgA myeloma", {"heavy_chain": "IgA"}, [IGG], 900),
        (
            "IgG myeloma: the total less the M-protein of the day, within their scatter",
            {"heavy_chain": "IgG"},
            [IGG, lab(210, "serum_m_protein", 0.6, "g/dL")],
            "[50, 550]",
        ),
        (
            "an M-protein of another day: at most the total",
            {"heavy_chain": "IgG"},
            [IGG, lab(205, "serum_m_protein", 0.6, "g/dL")],
            "[0, 900]",
        ),
        (
            "IgG myeloma without M-protein",
            {"heavy_chain": "IgG"},
            [IGG, lab(210, "serum_m_protein", 0, "g/dL")],
            900,
        ),
        ("IgG myeloma, M-protein not measured", {"heavy_chain": "IgG"}, [IGG], "[0, 900]"),
        ("heavy chain not recorded", {"heavy_chain": None}, [IGG], "[0, 900]"),
        ("too old", {"heavy_chain": "IgA"}, [lab(100, "igg", 900, "mg/dL")], None),
    ],
)
def test_immunoglobulin(what: str, patient: dict[str, Any], rows: list[Row], value: object) -> None:
    assert shown(findings(*rows, **patient)["igg"]) == value, what


@pytest.mark.parametrize(
    ("what", "patient", "age"),
    [
        ("birthday on day 0 of 2024", {"birth_date": "1960-06-01"}, 64),
        ("birthday after as_of (7 January 2025)", {"birth_date": "1960-01-08"}, 64),
        ("birthday on as_of", {"birth_date": "1960-01-07"}, 65),
        ("a year of birth gives two ages", {"birth_date": None, "birth_year": 1960}, "[64, 65]"),
        ("no calendar date", {"day_zero": None, "birth_date": None, "birth_year": 1960}, None),
    ],
)
def test_age(what: str, patient: dict[str, Any], age: object) -> None:
    assert shown(findings(**patient)["age"]) == age, what


@pytest.mark.parametrize(("value", "age"), [("58", "[58, 59]"), ("old", None)])
def test_age_as_stated_for_the_infusion(value: str, age: object) -> None:
    found = findings(
        fact(0, "age_at_infusion", value), day_zero=None, birth_date=None
    )  # 220 days later
    assert shown(found["age"]) == age


KIDNEY = [lab(215, "creatinine", 1.0, "mg/dL"), lab(215, "weight", 72, "kg")]


@pytest.mark.parametrize(
    ("what", "patient", "rows", "value"),
    [
        ("(140 - 64) x 72 / 72", {}, KIDNEY, 76.0),
        ("women: x 0.85", {"sex": "F"}, KIDNEY, 64.6),
        ("reported eGFR goes before", {}, [*KIDNEY, lab(210, "egfr", 55, "mL/min/1.73m2")], 55.0),
        (
            "a later creatinine worsens it",
            {},
            [
                *KIDNEY[1:],
                lab(205, "egfr", 80, "mL/min/1.73m2"),
                lab(215, "creatinine", 4.0, "mg/dL"),
            ],
            19.0,
        ),
        (
            "later, no weight: CKD-EPI 2021 worsens it",
            {},
            [lab(205, "egfr", 80, "mL/min/1.73m2"), lab(215, "creatinine", 4.0, "mg/dL")],
            15.9,
        ),
        ("two ages, a range", {"birth_date": None, "birth_year": 1960}, KIDNEY, "[75, 76]"),
        ("no weight: CKD-EPI 2021", {}, KIDNEY[:1], 84.0),
        ("without a weight, women", {"sex": "F"}, [lab(215, "creatinine", 0.6, "mg/dL")], 100.2),
        ("no weight, two ages", {"birth_date": None, "birth_year": 1960}, KIDNEY[:1], "[83.5, 84]"),
        ("no sex", {"sex": None}, KIDNEY, None),
        ("no creatinine", {}, KIDNEY[1:], None),
        ("on dialysis", {"sex": None}, [condition(-300, "dialysis")], "[0, 15]"),
        (
            "on dialysis, whatever is reported",
            {},
            [condition(-300, "dialysis"), lab(205, "egfr", 80, "mL/min/1.73m2")],
            "[0, 15]",
        ),
        (
            "no longer on dialysis",
            {},
            [
                condition(-300, "dialysis"),
                condition(100, "dialysis", "resolved"),
                lab(205, "egfr", 44, "mL/min/1.73m2"),
            ],
            44.0,
        ),
    ],
)
def test_creatinine_clearance(
    what: str, patient: dict[str, Any], rows: list[Row], value: object
) -> None:
    assert shown(findings(*rows, **patient)["creatinine_clearance"]) == value, what


@pytest.mark.parametrize(
    ("what", "rows", "severe", "any_heart"),
    [
        ("NYHA III", [fact(210, "nyha_class", "III")], True, None),
        ("heart failure grade 3", [condition(100, "heart_failure", grade=3)], True, True),
        ("heart failure, grade not stated", [condition(100, "heart_failure")], None, True),
        ("NYHA II", [condition(100, "heart_failure"), fact(210, "nyha_class", "II")], False, True),
        ("absent", [condition(100, "heart_failure", "absent")], False, None),
        ("nothing", [], None, None),
    ],
)
def test_heart(what: str, rows: list[Row], severe: object, any_heart: object) -> None:
    found = findings(*rows)
    assert (found["heart_failure_severe"].value, found["cardiac_disease"].value) == (
        severe,
        any_heart,
    ), what


@pytest.mark.parametrize(
    ("what", "rows", "grade"),
    [
        ("lasting grade 3", [condition(60, "peripheral_neuropathy", grade=3)], 3),
        (
            "resolved",
            [
                condition(60, "peripheral_neuropathy", grade=3),
                condition(150, "peripheral_neuropathy", "resolved"),
            ],
            0,
        ),
        ("absent", [condition(60, "peripheral_neuropathy", "absent")], 0),
        (
            "as a toxicity too, the higher",
            [
                condition(60, "peripheral_neuropathy", grade=1),
                toxicity(100, "peripheral_neuropathy", 2),
            ],
            2,
        ),
        ("grade not stated: 1 to 5", [condition(60, "peripheral_neuropathy")], "[1, 5]"),
        ("nothing", [], None),
    ],
)
def test_neuropathy(what: str, rows: list[Row], grade: object) -> None:
    assert shown(findings(*rows)["neuropathy_grade"]) == grade, what


TALQUETAMAB = therapy(-148, -75, "talquetamab", line=4)


@pytest.mark.parametrize(
    ("what", "rows", "value"),
    [
        (
            "weight loss grade 3 under talquetamab",
            [TALQUETAMAB, toxicity(-90, "weight_loss", 3, end_day=-20)],
            True,
        ),
        ("grade 2", [TALQUETAMAB, toxicity(-90, "weight_loss", 2, end_day=-20)], False),
        (
            "grade 3, before talquetamab and over",
            [TALQUETAMAB, toxicity(-300, "weight_loss", 3, end_day=-250)],
            False,
        ),
        ("grade 3 now", [toxicity(200, "oral_toxicity", 3)], True),
        ("nothing recorded", [TALQUETAMAB], None),
    ],
)
def test_oral_and_weight(what: str, rows: list[Row], value: object) -> None:
    assert findings(*rows)["oral_or_weight_toxicity"].value is value, what


@pytest.mark.parametrize(
    ("what", "rows", "past", "unresolved"),
    [
        ("grade 2, over", [toxicity(3, "crs", 2, end_day=6)], 2, False),
        ("grade 0 is a statement", [toxicity(3, "crs", 0)], 0, False),
        ("no end recorded, long ago", [toxicity(3, "crs", 1)], 1, None),
        (
            "after a later engager, not over",
            [toxicity(3, "crs", 1, end_day=5), toxicity(218, "crs", 1)],
            1,
            True,
        ),
        ("grade not stated", [toxicity(3, "crs", None, end_day=5)], "[1, 5]", False),
        ("nothing", [], None, None),
    ],
)
def test_cytokine_release(what: str, rows: list[Row], past: object, unresolved: object) -> None:
    found = findings(*rows)
    assert (shown(found["crs_grade_past"]), found["unresolved_crs_icans"].value) == (
        past,
        unresolved,
    ), what


YOUNG = {"sex": "F", "birth_date": "1980-01-01"}


@pytest.mark.parametrize(
    ("what", "patient", "rows", "pregnancy", "possible"),
    [
        ("a man", {"sex": "M"}, [], False, False),
        ("aged 64", {"sex": "F"}, [], False, False),
        ("aged 45, not tested", YOUNG, [], None, None),
        (
            "aged 45, negative last week",
            YOUNG,
            [lab(213, "pregnancy_test", "negative")],
            False,
            False,
        ),
        (
            "a test of last month is too old",
            YOUNG,
            [lab(190, "pregnancy_test", "negative")],
            None,
            None,
        ),
        ("positive", YOUNG, [lab(190, "pregnancy_test", "positive")], True, True),
        ("stated impossible", YOUNG, [fact(100, "pregnancy_possible", "no")], False, False),
        ("recorded as pregnant", YOUNG, [condition(200, "pregnancy")], True, True),
    ],
)
def test_pregnancy(
    what: str, patient: dict[str, Any], rows: list[Row], pregnancy: object, possible: object
) -> None:
    found = findings(*rows, **patient)
    assert (found["pregnancy"].value, found["pregnancy_possible"].value) == (
        pregnancy,
        possible,
    ), what


def creatinine(*pairs: tuple[int, object]) -> list[Row]:
    return [lab(day, "creatinine", value, "mg/dL") for day, value in pairs]


@pytest.mark.parametrize(
    ("what", "rows", "calcium", "kidney"),
    [
        ("calcium 13.6", [lab(215, "calcium_corrected", 13.6, "mg/dL")], True, None),
        ("the limit itself", [lab(215, "calcium_corrected", 11.0, "mg/dL")], False, None),
        ("2.76 mmol/L", [lab(215, "calcium_corrected", 2.76, "mmol/L")], True, None),
        ("3.4 mmol/L", [lab(215, "calcium_corrected", 3.4, "mmol/L")], True, None),
        (
            "corrected for albumin 2: 10.4 + 1.6",
            [lab(215, "calcium", 10.4, "mg/dL"), lab(215, "albumin", 2.0, "g/dL")],
            True,
            None,
        ),
        ("total calcium without albumin", [lab(215, "calcium", 10.4, "mg/dL")], None, None),
        ("too old", [lab(205, "calcium_corrected", 13.6, "mg/dL")], None, None),
        ("stated", [condition(218, "hypercalcaemia")], True, None),
        (
            "stated, then normal",
            [condition(210, "hypercalcaemia"), lab(215, "calcium_corrected", 9.6, "mg/dL")],
            False,
            None,
        ),
        ("creatinine 0.9 to 3.4", creatinine((140, 0.9), (215, 3.4)), None, True),
        ("2.1, up by half from 1.3", creatinine((140, 1.3), (215, 2.1)), None, True),
        ("2.1, up by less than half from 1.5", creatinine((140, 1.5), (215, 2.1)), None, False),
        ("2.4 all along", creatinine((140, 2.3), (215, 2.4)), None, False),
        ("1.9 is below both limits", creatinine((215, 1.9)), None, False),
        ("3.4 and no value before", creatinine((215, 3.4)), None, None),
        ("stated and new", [condition(200, "renal_impairment")], None, True),
        ("stated long ago", [condition(-500, "renal_impairment")], None, None),
    ],
)
def test_emergencies(what: str, rows: list[Row], calcium: object, kidney: object) -> None:
    found = findings(*rows)
    assert (found["hypercalcaemia"].value, found["renal_failure"].value) == (calcium, kidney), what


@pytest.mark.parametrize(
    ("what", "rows", "t_cell", "not_myeloma", "myeloid"),
    [
        (
            "a lymphoma in the biopsy",
            [fact(210, "lesion_histology", "L1=t_cell_neoplasm")],
            True,
            True,
            None,
        ),
        ("plasma cells", [fact(210, "lesion_histology", "L1=plasma_cells")], False, False, None),
        (
            "one of two lesions is something else",
            [
                fact(210, "lesion_histology", "L1=plasma_cells"),
                fact(210, "lesion_histology", "L2=infection"),
            ],
            False,
            True,
            None,
        ),
        ("stated", [condition(210, "t_cell_lymphoma")], True, None, None),
        ("blasts 7 % raise a question only", [lab(210, "marrow_blasts", 7, "%")], None, None, None),
        (
            "stated after it",
            [lab(210, "marrow_blasts", 7, "%"), condition(212, "mds_aml")],
            None,
            None,
            True,
        ),
        ("nothing", [], None, None, None),
    ],
)
def test_other_neoplasms(
    what: str, rows: list[Row], t_cell: object, not_myeloma: object, myeloid: object
) -> None:
    found = findings(*rows)
    assert [found[n].value for n in ("t_cell_neoplasm", "lesion_not_myeloma", "mds_aml")] == [
        t_cell,
        not_myeloma,
        myeloid,
    ], what


@pytest.mark.parametrize(
    ("what", "rows", "name", "value"),
    [
        (
            "plasma cells in spinal fluid",
            [lab(210, "csf_plasma_cells", "positive")],
            "cns_disease",
            True,
        ),
        ("none in spinal fluid", [lab(210, "csf_plasma_cells", "negative")], "cns_disease", False),
        (
            "thrombosis that was treated",
            [condition(-200, "thrombosis", "resolved")],
            "thrombosis",
            True,
        ),
        ("thrombosis stated absent", [condition(100, "thrombosis", "absent")], "thrombosis", False),
        ("hyperinflammation, recent", [toxicity(200, "iec_hs", 3)], "iec_hs", True),
        ("hyperinflammation, no end, long ago", [toxicity(12, "iec_hs", 3)], "iec_hs", None),
        ("enterocolitis as a toxicity", [toxicity(120, "enterocolitis", 3)], "enterocolitis", True),
        (
            "facial palsy that is over",
            [toxicity(25, "cranial_nerve_palsy", 2, end_day=80)],
            "parkinsonism",
            False,
        ),
        (
            "goals of care",
            [fact(214, "goals_of_care", "comfort_only")],
            "goals_of_care",
            "comfort_only",
        ),
        ("a word outside the list", [fact(214, "frailty", "very frail")], "frailty", None),
        (
            "the latest fact",
            [fact(100, "frailty", "fit"), fact(214, "frailty", "frail")],
            "frailty",
            "frail",
        ),
        (
            "two facts of one day that differ",
            [fact(214, "stored_cd34", "yes"), fact(214, "stored_cd34", "no")],
            "stored_cd34",
            None,
        ),
        ("trials", [fact(214, "trials_open", "MagnetisMM-99")], "trials_open", True),
        ("no trials", [fact(214, "trials_open", "none")], "trials_open", False),
    ],
)
def test_further(what: str, rows: list[Row], name: str, value: object) -> None:
    assert findings(*rows)[name].value == value, what


@pytest.mark.parametrize(
    ("what", "rows", "before", "at_failure", "any_lesion", "count"),
    [
        ("PET-CT without lesions", [imaging(-30, "negative"), imaging(200, "negative")], False,
         False, False, 0),
        ("a liver lesion at failure",
         [imaging(200, "positive", "extramedullary", lesion="L1", contiguous_with_bone="no")], None,
          True, True, 1),
        ("paraskeletal only", [imaging(200, "positive", "paraskeletal", lesion="L1")], None, False,
         True, 1),
        ("plasmacytoma, contact with bone not stated",
         [imaging(200, "positive", "plasmacytoma", lesion="L1")], None, None, True, 1),
        ("a bone lesion on PET-CT", [imaging(200, "positive", "bone", lesion="B1")], None, False,
         False, 0),
        ("an MRI of the spine does not see the liver",
         [imaging(200, "positive", "paraskeletal", "MRI", lesion="L1")], None, None, True, 1),
        ("the number that a row gives",
         [imaging(200, "positive", "extramedullary", lesion="L1", n_lesions=4)], None, True, True,
          4),
        ("stated by the centre", [imaging(-20, "positive", "extramedullary", None)], True, None,
         None, None),
        ("91 days before the infusion", [imaging(-91, "positive", "extramedullary")], None, None,
         None, None),
        ("another histology",
         [imaging(200, "positive", "extramedullary", lesion="L1"),
          fact(205, "lesion_histology", "L1=t_cell_neoplasm")], None, False, False, 0),
        ("nothing", [], None, None, None, None),
    ],
)  # fmt: skip
def test_lesions(
    what: str,
    rows: list[Row],
    before: object,
    at_failure: object,
    any_lesion: object,
    count: object,
) -> None:
    found = findings(*rows)
    got = [
        found[n].value
        for n in (
            "emd_before_infusion",
            "emd_at_failure",
            "any_plasmacytoma_at_relapse",
            "lesions_at_relapse",
        )
    ]
    assert got == [before, at_failure, any_lesion, count], what


@pytest.mark.parametrize(
    ("what", "rows", "detected"),
    [
        (
            "both serologies negative, no DNA asked for",
            [lab(100, "hbsag", "negative"), lab(100, "anti_hbc", "negative")],
            False,
        ),
        (
            "core antibody positive, DNA not done",
            [lab(100, "hbsag", "negative"), lab(100, "anti_hbc", "positive")],
            None,
        ),
        ("only one serology", [lab(100, "hbsag", "negative")], None),
        ("nothing known", [], None),
    ],
)
def test_hbv_dna_follows_serology(what: str, rows: list[Row], detected: bool | None) -> None:
    assert findings(*rows)["hbv_dna_detected"].value is detected, what


@pytest.mark.parametrize(
    ("what", "rows", "supported", "replaced"),
    [
        ("silence is unknown", [], None, None),
        ("G-CSF last week", [therapy(213, 215, "g-csf", "supportive")], True, None),
        ("G-CSF two months ago", [therapy(150, 152, "g-csf", "supportive")], None, None),
        ("red cells", [therapy(218, 218, "red cell transfusion", "supportive")], True, None),
        (
            "platelets, in German",
            [therapy(218, 218, "Thrombozytenkonzentrat", "supportive")],
            True,
            None,
        ),
        ("immunoglobulin last month", [therapy(190, 190, "IVIG", "supportive")], None, True),
        ("immunoglobulin long ago", [therapy(90, 90, "IVIG", "supportive")], None, None),
        ("no day", [therapy(None, None, "g-csf", "supportive")], None, None),
    ],
)
def test_support_of_counts_and_immunity(
    what: str, rows: list[Row], supported: object, replaced: object
) -> None:
    found = findings(*rows)
    assert (found["counts_supported"].value, found["immunoglobulin_replaced"].value) == (
        supported,
        replaced,
    ), what


@pytest.mark.parametrize(
    ("what", "rows", "name", "value"),
    [
        ("QTc of the last weeks", [lab(180, "qtc", 496, "ms")], "qtc", 496.0),
        ("QTc of half a year ago", [lab(40, "qtc", 496, "ms")], "qtc", None),
        ("sodium", [lab(215, "sodium", 127, "mmol/L")], "sodium", 127.0),
        ("lymphocytes now", [lab(215, "lymphocytes", 0.4, "10*9/L")], "lymphocytes", 0.4),
        (
            "lymphocytes of the expansion",
            [lab(12, "lymphocytes", 3, "10*9/L")],
            "lymphocytes",
            None,
        ),
        ("ferritin now", [lab(215, "ferritin", 900, "ng/mL")], "ferritin", 900.0),
        ("silence on bleeding", [], "bleeding", None),
        ("bleeding", [condition(214, "bleeding")], "bleeding", True),
        (
            "blood pressure under control again",
            [condition(100, "hypertension_uncontrolled", "resolved")],
            "hypertension_uncontrolled",
            False,
        ),
        (
            "anthracycline as stated",
            [fact(10, "anthracycline_dose", "320")],
            "anthracycline_dose",
            320.0,
        ),
        (
            "an inhibitor as stated",
            [fact(214, "strong_cyp3a_inhibitor", "yes")],
            "strong_cyp3a_inhibitor",
            True,
        ),
        ("nobody at home", [fact(214, "caregiver_available", "no")], "caregiver_available", False),
        ("the way", [fact(214, "travel_minutes", "45")], "travel_minutes", 45.0),
        ("the way in words", [fact(214, "travel_minutes", "far")], "travel_minutes", None),
        (
            "two severe infections",
            [
                toxicity(100, "infection", 3, end_day=110),
                toxicity(190, "infection", 4, end_day=199),
            ],
            "recurrent_severe_infections",
            True,
        ),
        (
            "one severe and one mild",
            [
                toxicity(100, "infection", 3, end_day=110),
                toxicity(190, "infection", 2, end_day=199),
            ],
            "recurrent_severe_infections",
            None,
        ),
        (
            "two severe ones, one of last year",
            [toxicity(10, "infection", 3, end_day=20), toxicity(190, "infection", 3, end_day=199)],
            "recurrent_severe_infections",
            None,
        ),
        (
            "the same episode twice",
            [
                toxicity(190, "infection", 3, end_day=199),
                condition(190, "active_infection", "resolved", grade=3),
            ],
            "recurrent_severe_infections",
            None,
        ),
        (
            "hyperinflammation that is over",
            [toxicity(12, "iec_hs", 2, end_day=30)],
            "iec_hs_past",
            True,
        ),
        ("hyperinflammation looked for", [toxicity(12, "iec_hs", 0)], "iec_hs_past", False),
        ("silence on hyperinflammation", [], "iec_hs_past", None),
        (
            "a tenth of the weight lost",
            [lab(60, "weight", 80, "kg"), lab(210, "weight", 71, "kg")],
            "weight_loss_percent",
            11.2,
        ),
        (
            "weight gained",
            [lab(60, "weight", 70, "kg"), lab(210, "weight", 71, "kg")],
            "weight_loss_percent",
            0.0,
        ),
        ("one weight", [lab(210, "weight", 71, "kg")], "weight_loss_percent", None),
        (
            "the earlier weight too long ago",
            [lab(-100, "weight", 90, "kg"), lab(210, "weight", 71, "kg")],
            "weight_loss_percent",
            None,
        ),
        (
            "facial palsy that is over",
            [toxicity(25, "cranial_nerve_palsy", 2, end_day=80)],
            "parkinsonism_past",
            True,
        ),
    ],
)
def test_drug_safety(what: str, rows: list[Row], name: str, value: object) -> None:
    assert findings(*rows)[name].value == value, what
