"""Findings on CAR-T cells, inflammation, product and earlier therapy as tables. Infusion on day 0,
failure on day 200, read on day 220.
"""

import pytest
from tests.support.findings_case import Row, findings, lab, shown, therapy

COPIES = "car_copies_per_ug_dna"


def alc(day: int, value: object) -> Row:
    return lab(day, "lymphocytes", value, "10*9/L")


def copies(day: int, value: object) -> Row:
    return lab(day, COPIES, value, "copies/ug", specimen="blood")


@pytest.mark.parametrize(
    ("what", "rows", "peak_15", "peak_60"),
    [
        ("no counts", [], None, None),
        ("a peak on day 12", [alc(5, 0.1), alc(12, 2.4), alc(20, 1.0)], 2.4, 2.4),
        ("the infusion day counts, the day before does not",
         [alc(-1, 9.0), alc(0, 0.2), alc(10, 0.4)], 0.4, 0.4),
        ("nothing from day 7 on: the peak was not looked for", [alc(2, 0.2), alc(5, 0.3)],
         "[0.3, inf)", "[0.3, inf)"),
        ("day 7 is before the usual peak", [alc(7, 0.3)], "[0.3, inf)", "[0.3, inf)"),
        ("a late peak", [alc(14, 0.6), alc(40, 2.4)], 0.6, 2.4),
        ("day 15 counts", [alc(15, 1.1)], 1.1, 1.1),
        ("a set-aside count may be higher", [alc(10, 0.4), lab(12, "lymphocytes", 3)], "[0.4, inf)",
         "[0.4, inf)"),
        ("cells per microlitre", [lab(10, "lymphocytes", 400, "/uL")], 0.4, 0.4),
        ("a bound", [alc(10, "<0.1")], "[0, 0.1)", "[0, 0.1)"),
    ],
)  # fmt: skip
def test_lymphocyte_peak(what: str, rows: list[Row], peak_15: object, peak_60: object) -> None:
    found = findings(*rows)
    assert (shown(found["alc_peak_15"]), shown(found["alc_peak_60"])) == (peak_15, peak_60), what


def test_the_peak_is_open_while_its_days_are_not_past() -> None:
    assert shown(findings(alc(8, 0.3), as_of=9, pd=None)["alc_peak_15"]) == "[0.3, inf)"


@pytest.mark.parametrize(
    ("what", "rows", "day", "late"),
    [
        (
            "early peak, seen to fall",
            [copies(7, 1000), copies(14, 64000), copies(28, 9000)],
            14,
            False,
        ),
        (
            "late expansion is not absence of it",
            [copies(14, 300), copies(28, 9000), copies(45, 41000), copies(90, 4000)],
            45,
            True,
        ),
        (
            "nothing after day 21: later is not known",
            [copies(7, 1000), copies(14, 64000)],
            14,
            None,
        ),
        ("not looked at from day 7 to 28", [copies(60, 41000)], None, None),
        ("on day 28 only: the peak may have been before", [copies(28, 5000)], None, None),
        (
            "before and after the usual peak only",
            [copies(7, 500), copies(28, 5000)],
            None,
            None,
        ),
        (
            "high before, lower after it",
            [copies(7, 50000), copies(28, 5000)],
            None,
            False,
        ),
        (
            "a late rise within the scatter of the method",
            [copies(14, 30000), copies(28, 41000)],
            28,
            None,
        ),
        ("a late rise to next to nothing", [copies(14, 20), copies(28, 90)], 28, None),
        ("never detected", [copies(14, "<10"), copies(28, "<10")], None, None),
        ("lymphocytes where there are no copies", [alc(14, 0.6), alc(40, 2.4)], None, True),
        (
            "copies decide, not the lymphocytes",
            [copies(14, 64000), copies(28, 900), alc(14, 0.6), alc(40, 2.4)],
            14,
            False,
        ),
    ],
)
def test_time_of_the_peak(what: str, rows: list[Row], day: object, late: object) -> None:
    found = findings(*rows)
    assert (found["car_peak_day"].value, found["expansion_late"].value) == (day, late), what


@pytest.mark.parametrize(
    ("what", "rows", "at_failure", "last", "gone"),
    [
        (
            "gone before the failure",
            [copies(28, 2100), copies(60, "<10"), copies(200, "<10")],
            False,
            28,
            True,
        ),
        ("gone, not looked for at failure", [copies(28, 2100), copies(60, "<10")], None, 28, True),
        (
            "found gone only at failure: when is not known",
            [copies(90, 400), copies(200, "<10")],
            False,
            90,
            None,
        ),
        ("still there at failure", [copies(28, 2100), copies(195, 60)], True, 195, False),
        ("there 30 days before", [copies(28, 2100), copies(170, 60)], True, 170, False),
        ("gone and back", [copies(28, 2100), copies(60, "<10"), copies(198, 90)], True, 198, False),
        ("never seen", [copies(28, "<10"), copies(60, "<10")], None, None, None),
        (
            "flow cytometry speaks too",
            [
                lab(28, "car_t_cells_flow", 12, "% of T cells"),
                lab(100, "car_t_cells_flow", 0, "% of T cells"),
            ],
            None,
            28,
            True,
        ),
        (
            "a later result was set aside",
            [copies(28, 2100), copies(60, "<10"), lab(150, COPIES, 5)],
            None,
            None,
            None,
        ),
        ("nothing", [], None, None, None),
    ],
)
def test_persistence(
    what: str, rows: list[Row], at_failure: object, last: object, gone: object
) -> None:
    found = findings(*rows)
    got = [
        found[n].value
        for n in ("car_detectable_at_failure", "car_last_detectable_day", "car_gone_before_failure")
    ]
    assert got == [at_failure, last, gone], what


def test_a_set_aside_result_before_the_gap_does_not_hide_it() -> None:
    found = findings(copies(28, 2100), lab(40, COPIES, 5), copies(60, "<10"), copies(200, "<10"))
    assert found["car_last_detectable_day"].value is None  # the value of day 40 may have been seen
    assert found["car_gone_before_failure"].value is None


@pytest.mark.parametrize(
    ("what", "rows", "value"),
    [
        ("all CAR-T cells", [lab(30, "car_t_tim3", 40, "%")], 40),
        (
            "two subsets: between them",
            [lab(30, "car_t_cd4_tim3", 20, "%"), lab(30, "car_t_cd8_tim3", 60, "%")],
            "[20, 60]",
        ),
        (
            "two subsets with their shares",
            [
                lab(30, "car_t_cd4_tim3", 20, "%"),
                lab(30, "car_t_cd8_tim3", 60, "%"),
                lab(30, "car_t_cd4_share", 25, "%"),
                lab(30, "car_t_cd8_share", 75, "%"),
            ],
            50,
        ),
        ("one subset is not all", [lab(30, "car_t_cd8_tim3", 60, "%")], None),
        ("before day 7", [lab(3, "car_t_tim3", 40, "%")], None),
    ],
)
def test_phenotype(what: str, rows: list[Row], value: object) -> None:
    assert shown(findings(*rows)["car_tim3_percent"]) == value, what


def hematotox(
    platelets: object, neutrophils: object, hb: object, crp: object, ferritin: object, day: int = -6
) -> list[Row]:
    values = [
        ("platelets", platelets, "10*9/L"),
        ("neutrophils", neutrophils, "10*9/L"),
        ("hemoglobin", hb, "g/dL"),
        ("crp", crp, "mg/L"),
        ("ferritin", ferritin, "ng/mL"),
    ]
    return [lab(day, test, value, unit) for test, value, unit in values if value is not None]


@pytest.mark.parametrize(
    ("platelets", "neutrophils", "hb", "crp", "ferritin", "score"),
    [
        (200, 2.0, 12, 5, 100, 0),
        (175, 2.0, 12, 5, 100, 1),  # 75 to 175: 1
        (75, 2.0, 12, 5, 100, 1),
        (74, 2.0, 12, 5, 100, 2),
        (200, 1.2, 9.0, 29.9, 649, 0),
        (200, 1.19, 8.9, 30, 650, 4),
        (60, 0.7, 8.5, 24, 1400, 5),  # 2 + 1 + 1 + 0 + 1
        (60, 0.7, 8.5, 24, 2001, 6),
        (200, "<1.2", 12, 5, 100, 1),
        (200, 2.0, 12, 5, ">500", "[0, 2]"),
        (200, 2.0, 12, None, 100, None),
    ],
)
def test_car_hematotox(
    platelets: object, neutrophils: object, hb: object, crp: object, ferritin: object, score: object
) -> None:
    assert (
        shown(findings(*hematotox(platelets, neutrophils, hb, crp, ferritin))["car_hematotox"])
        == score
    )


def test_car_hematotox_is_taken_before_lymphodepletion() -> None:
    assert (
        findings(*hematotox(200, 2.0, 12, 5, 100, day=-4))["car_hematotox"].value is None
    )  # lymphodepletion began on day -5


@pytest.mark.parametrize(
    ("what", "row", "above"),
    [
        ("with the laboratory's limit", lab(-6, "ferritin", 410, "ng/mL", ref_high=300), True),
        ("below it", lab(-6, "ferritin", 200, "ng/mL", ref_high=300), False),
        ("without a limit none is assumed", lab(-6, "ferritin", 4100, "ng/mL"), None),
        ("too old", lab(-31, "ferritin", 410, "ng/mL", ref_high=300), None),
        ("after the infusion", lab(2, "ferritin", 410, "ng/mL", ref_high=300), None),
        (
            "as the centre states it",
            ("facts", {"day": -6, "finding": "ferritin_above_normal", "value": "yes"}),
            True,
        ),
    ],
)
def test_ferritin_against_the_limit(what: str, row: Row, above: object) -> None:
    assert findings(row)["ferritin_above_normal_before_infusion"].value is above, what


@pytest.mark.parametrize(
    ("what", "rows", "given"),
    [
        ("dexamethasone on day 5", [therapy(5, 8, "dexamethasone", "toxicity_management")], True),
        ("anakinra", [therapy(5, 8, "anakinra", "toxicity_management")], True),
        ("tocilizumab alone", [therapy(5, 5, "tocilizumab", "toxicity_management")], False),
        (
            "dexamethasone on day 40",
            [therapy(40, 42, "dexamethasone", "toxicity_management")],
            False,
        ),
        ("nothing recorded", [], None),
    ],
)
def test_immunosuppression_after_the_infusion(what: str, rows: list[Row], given: object) -> None:
    assert findings(*rows)["post_infusion_immunosuppression"].value is given, what


@pytest.mark.parametrize(
    ("what", "rows", "intensive"),
    [
        (
            "three cytotoxic agents",
            [therapy(-38, -34, "dexamethasone;cyclophosphamide;etoposide;cisplatin", "bridging")],
            True,
        ),
        (
            "one",
            [therapy(-38, -34, "bortezomib;cyclophosphamide;dexamethasone", "bridging")],
            False,
        ),
        (
            "two courses together",
            [
                therapy(-40, -38, "cyclophosphamide;etoposide", "bridging"),
                therapy(-30, -28, "doxorubicin", "bridging"),
            ],
            True,
        ),
        ("none in a complete history", [], False),
    ],
)
def test_bridging(what: str, rows: list[Row], intensive: object) -> None:
    assert findings(*rows)["bridging_intensive"].value is intensive, what


@pytest.mark.parametrize(
    ("what", "rows", "engager", "alkylator", "benda"),
    [
        ("lymphodepletion is the last alkylator", [], None, 223, None),
        (
            "an engager that ended on day 210",
            [therapy(203, 210, "talquetamab", line=5)],
            10,
            223,
            None,
        ),
        (
            "one without an end may go on",
            [therapy(203, None, "talquetamab", line=5)],
            "[0, 17]",
            223,
            None,
        ),
        (
            "bendamustine before the apheresis of day -50",
            [therapy(-95, -70, "bendamustine", line=4)],
            None,
            223,
            20,
        ),
        ("bendamustine after it", [therapy(-40, -20, "bendamustine", "bridging")], None, 223, None),
        (
            "a day that is not known",
            [therapy(None, None, "bendamustine", line=4)],
            None,
            "[0, 223]",
            None,
        ),
    ],
)
def test_last_doses(
    what: str, rows: list[Row], engager: object, alkylator: object, benda: object
) -> None:
    found = findings(*rows)
    got = [
        shown(found[n])
        for n in (
            "days_since_last_tce",
            "days_since_last_alkylator",
            "days_bendamustine_to_apheresis",
        )
    ]
    assert got == [engager, alkylator, benda], what


@pytest.mark.parametrize(
    ("what", "rows", "carfilzomib", "dexamethasone"),
    [
        ("no reason recorded", [], None, None),
        (
            "both left: which one was it",
            [therapy(210, 215, "carfilzomib;pomalidomide", line=5, stop_reason="toxicity")],
            None,
            None,
        ),
        (
            "the one agent beside a steroid",
            [
                therapy(
                    210, 215, "carfilzomib;dexamethasone", line=5, stop_reason="cardiac toxicity"
                )
            ],
            True,
            None,
        ),
    ],
)
def test_stopped_for_toxicity(
    what: str, rows: list[Row], carfilzomib: object, dexamethasone: object
) -> None:
    found = findings(*rows)
    assert (
        found["stopped_for_toxicity_carfilzomib"].value,
        found["stopped_for_toxicity_dexamethasone"].value,
    ) == (carfilzomib, dexamethasone), what


def test_earlier_therapy_of_the_patient_of_the_tables() -> None:
    found = findings()
    expected = {
        "prior_lines": 4, "therapy_history_complete": True, "triple_class_exposed": True,
        "exposed_gprc5d": False, "prior_asct": True,
        "exposed_bcma_before_infusion": False, "exposed_tce_after_infusion": False,
        "infusions_given": 1,
        "car_product": "cilta-cel", "infused_ide_cel": False, "construct_human": False,
        "lymphodepletion_flu_cy": True,
    }  # fmt: skip
    assert {n: found[n].value for n in expected} == expected


@pytest.mark.parametrize(
    ("what", "end", "progression", "high_risk"),
    [  # the first line begins on day -1500, the second on day -800; 18 months are 548 days
        ("progression on maintenance that ended on day -1100", -1100, "yes", True),
        ("ended on day -900", -900, "yes", False),
        ("ended on day -990: progression up to 60 days later", -990, "yes", None),
        ("progression is not stated", -1100, None, None),
    ],
)
def test_functional_high_risk(
    what: str, end: int, progression: str | None, high_risk: object
) -> None:
    maintenance = therapy(
        -1300, end, "lenalidomide", "maintenance", line=1, progression_on=progression
    )
    assert findings(maintenance)["functional_high_risk"].value is high_risk, what


@pytest.mark.parametrize(
    ("what", "rows", "before", "after"),
    [
        ("belantamab before", [therapy(-95, -60, "belantamab mafodotin", line=4)], True, False),
        ("teclistamab after", [therapy(205, 210, "teclistamab", line=5)], False, True),
        ("teclistamab, no day", [therapy(None, None, "teclistamab", line=5)], None, None),
    ],
)
def test_order_against_the_infusion(
    what: str, rows: list[Row], before: object, after: object
) -> None:
    found = findings(*rows)
    assert (
        found["exposed_bcma_before_infusion"].value,
        found["exposed_tce_after_infusion"].value,
    ) == (before, after), what


def test_a_reinfusion_that_did_not_expand() -> None:
    again = ("infusions", {"day": 150, "product": "cilta-cel", "target": "BCMA", "infused": "yes"})
    assert (
        findings(copies(14, 9000))["reinfusion_without_expansion"].value is None
    )  # no second infusion, nothing to judge
    assert (
        findings(copies(14, 9000), again, copies(164, "<10"))["reinfusion_without_expansion"].value
        is True
    )
    assert (
        findings(copies(14, 9000), again, copies(164, 5000))["reinfusion_without_expansion"].value
        is False
    )
    bound = findings(copies(14, 9000), again, copies(164, "<10000"))["reinfusion_without_expansion"]
    assert (bound.value, "detection limit" in bound.text) == (None, True)


@pytest.mark.parametrize(
    ("tim3", "tigit", "specimen", "value"),
    [
        (60, 40, "lesion_biopsy", True),
        (60, 19, "lesion_biopsy", False),
        (60, None, "lesion_biopsy", None),
        (60, 40, "blood", None),
    ],
)
def test_exhaustion_in_a_lesion(
    tim3: int, tigit: int | None, specimen: str, value: bool | None
) -> None:
    pairs = (("cd8_t_cells_tim3", tim3), ("cd8_t_cells_tigit", tigit))
    rows = [lab(205, test, v, "%", specimen=specimen) for test, v in pairs if v is not None]
    assert findings(*rows)["emd_tim3_tigit"].value is value


def test_neutrophils_to_lymphocytes_of_one_day() -> None:
    pair = [lab(-7, "neutrophils", 4.0, "10*9/L"), lab(-7, "lymphocytes", 0.8, "10*9/L")]
    assert findings(*pair)["neutrophil_lymphocyte_ratio"].value == 5.0
    assert (
        findings(pair[0], lab(-6, "lymphocytes", 0.8, "10*9/L"))[
            "neutrophil_lymphocyte_ratio"
        ].value
        is None
    )
