"""Findings on genetics, burden, stage and on the course as tables. Infusion on day 0, failure on
day 200, read on day 220.
"""

from typing import Any

import pytest
from tests.support.findings_case import Row, condition, findings, lab, shown, variant

from rearm.findings import derive


@pytest.mark.parametrize(
    ("what", "rows", "name", "value"),
    [
        ("t(11;14) as a locus", [variant(205, "t(11;14)", "IGH::CCND1", "translocation")],
         "t_11_14", True),
        ("with a blank", [variant(205, "t(11; 14)", None, "translocation")], "t_11_14", True),
        ("as a fusion", [variant(205, "IGH::CCND1", None, "translocation")], "t_11_14", True),
        ("as a gene that is translocated", [variant(205, "CCND1", None, "translocation")],
         "t_11_14", True),
        ("a gain of CCND1 is none", [variant(205, "CCND1", None, "gain")], "t_11_14", None),
        ("absent by FISH",
         [variant(205, "t(11;14)", None, "translocation", "absent", assay="FISH")], "t_11_14",
          False),
        ("not tested", [], "t_11_14", None),
        ("tests that differ",
         [variant(-2000, "t(11;14)", None, "translocation"),
          variant(205, "t(11;14)", None, "translocation", "absent")], "t_11_14", None),
        ("t(4;14)", [variant(-60, "t(4;14)", "IGH::NSD2", "translocation")], "t_4_14", True),
        ("t(14;16)", [variant(-60, "IGH::MAF", None, "translocation")], "t_14_16", True),
        ("t(14;20) is another", [variant(-60, "IGH::MAFB", None, "translocation")], "t_14_16",
         None),
        ("del(17p)", [variant(-60, "17p13", "del(17p)", "deletion")], "del_17p", True),
        ("a loss of TP53 by FISH", [variant(-60, "TP53", None, "deletion")], "del_17p", True),
        ("a mutation of TP53 is none", [variant(-60, "TP53", "p.Arg175His", "snv")], "del_17p",
         None),
        ("later absent",
         [variant(-60, "17p13", None, "deletion"),
          variant(205, "17p13", None, "deletion", "absent")], "del_17p", False),
        ("three copies of 1q", [variant(-60, "1q21", "gain(1q)", "gain", copies=3)], "gain_1q",
         True),
        ("three copies are no amplification", [variant(-60, "1q21", "gain(1q)", "gain", copies=3)],
         "amp_1q", False),
        ("four copies", [variant(-60, "1q21", None, "gain", copies=4)], "amp_1q", True),
        ("a gain, copies not stated", [variant(-60, "1q21", None, "gain")], "amp_1q", None),
        ("no amplification says nothing of a third copy",
         [variant(-60, "1q21", None, "amplification", "absent")], "gain_1q", None),
        ("TP53 mutation", [variant(-60, "TP53", "p.Arg175His", "snv", assay="NGS panel")],
         "tp53_mutation", True),
        ("TP53 sequenced, none", [variant(-60, "TP53", None, "snv", "absent", assay="NGS panel")],
         "tp53_mutation", False),
        ("FISH does not see mutations",
         [variant(-60, "TP53", None, "deletion", "absent", assay="FISH")], "tp53_mutation", None),
        ("BRAF Val600Glu", [variant(-40, "BRAF", "p.Val600Glu", "snv")], "braf_v600e", True),
        ("BRAF V600E", [variant(-40, "BRAF", "V600E", "snv")], "braf_v600e", True),
        ("BRAF V600K", [variant(-40, "BRAF", "p.Val600Lys", "snv")], "braf_v600e", False),
        ("BRAF, change not stated", [variant(-40, "BRAF", None, "snv")], "braf_v600e", None),
        ("hyperhaploid", [variant(-40, "karyotype", "hyperhaploid")], "hyperhaploid", True),
    ],
)  # fmt: skip
def test_genetics(what: str, rows: list[Row], name: str, value: object) -> None:
    assert findings(*rows)[name].value is value, what


FISH_ABSENT = [
    variant(-60, "17p13", None, "deletion", "absent"),
    variant(-60, "t(4;14)", None, "translocation", "absent"),
    variant(-60, "t(14;16)", None, "translocation", "absent"),
]


@pytest.mark.parametrize(
    ("what", "rows", "value"),
    [
        ("one present, others not known", [variant(-60, "17p13", None, "deletion")], True),
        ("three absent, 1q not known", FISH_ABSENT, None),
        ("all four absent", [*FISH_ABSENT, variant(-60, "1q21", None, "gain", "absent")], False),
        ("nothing", [], None),
    ],
)
def test_high_risk_needs_all_four_to_be_denied(what: str, rows: list[Row], value: object) -> None:
    assert findings(*rows)["high_risk_cytogenetics"].value is value, what


@pytest.mark.parametrize(
    ("what", "rows", "value"),
    [
        ("ISS III", [lab(-40, "iss", "III")], True),
        ("ISS II rules R-ISS III out", [lab(-40, "iss", "II")], False),
        ("R-ISS II may still be ISS III", [lab(-40, "r_iss", "II")], None),
        ("R-ISS III", [lab(-40, "r_iss", "III")], True),
        (
            "beta-2 microglobulin near the infusion decides",
            [lab(-2000, "iss", "I"), lab(-20, "beta2_microglobulin", 5.5, "mg/L")],
            True,
        ),
        ("after the infusion", [lab(20, "iss", "III")], None),
    ],
)
def test_stage(what: str, rows: list[Row], value: object) -> None:
    assert findings(*rows)["stage_3_before_infusion"].value is value, what


@pytest.mark.parametrize(
    ("what", "rows", "value"),
    [
        ("2000 per microlitre", [lab(205, "circulating_plasma_cells", 2000, "/uL")], True),
        ("5 % of leukocytes", [lab(205, "circulating_plasma_cells_percent", 5, "%")], True),
        (
            "a count below may still be 5 %",
            [lab(205, "circulating_plasma_cells", 900, "/uL")],
            None,
        ),
        (
            "2 % and a low count",
            [
                lab(205, "circulating_plasma_cells_percent", 2, "%"),
                lab(205, "circulating_plasma_cells", 90, "/uL"),
            ],
            False,
        ),
        ("none at all", [lab(205, "circulating_plasma_cells", 0, "/uL")], False),
        ("stated", [condition(205, "plasma_cell_leukaemia")], True),
        ("stated absent", [condition(205, "plasma_cell_leukaemia", "absent")], False),
        ("long before", [lab(100, "circulating_plasma_cells", 2500, "/uL")], None),
    ],
)
def test_leukaemic(what: str, rows: list[Row], value: object) -> None:
    assert findings(*rows)["plasma_cell_leukaemia"].value is value, what


def protein(*pairs: tuple[int, object]) -> list[Row]:
    return [lab(day, "serum_m_protein", value, "g/dL", specimen="serum") for day, value in pairs]


def flc(day: int, value: object) -> Row:
    return lab(day, "kappa_flc", value, "mg/L", specimen="serum")


@pytest.mark.parametrize(
    ("what", "rows", "days"),
    [
        ("0.5 to 1.0 in 40 days", protein((160, 0.5), (200, 1.0)), 40.0),
        ("over less than 28 days", protein((173, 0.5), (200, 1.0)), None),
        ("over 28 days", protein((172, 0.5), (200, 1.0)), 28.0),
        ("from below 0.5 g/dL", protein((160, 0.2), (200, 0.8)), None),
        ("a value between is too near", protein((160, 0.5), (190, 0.9), (200, 1.0)), 40.0),
        ("light chain", [flc(160, 120), flc(200, 240)], 40.0),
        ("light chain from below 100 mg/L", [flc(160, 60), flc(200, 240)], None),
        ("0.5 to 2.0 in 40 days", protein((160, 0.5), (200, 2.0)), 20.0),
        ("no rise", protein((160, 0.6), (200, 0.6)), None),
        ("from zero no time can be told", protein((160, 0), (200, 1.0)), None),
        ("a rise within the scatter", protein((160, 0.6), (200, 0.65)), None),
        ("one value", protein((200, 1.0)), None),
        (
            "what rises on after the failure is of the same relapse",
            protein((160, 0.5), (200, 1.0), (210, 8.0)),
            12.5,
        ),
        (
            "one between was set aside",
            [*protein((160, 0.5), (200, 1.0)), lab(180, "serum_m_protein", 9)],
            None,
        ),
    ],
)
def test_doubling_time(what: str, rows: list[Row], days: object) -> None:
    assert findings(*protein((-10, 3.0)), *rows)["relapse_doubling_days"].value == days, what


RISES = [
    ("counted from 0.5 g/dL", protein((160, 0.2), (200, 0.8)), "[20, 59]",
     "serum M-protein 0.2 on day 160, 0.8 g/dL on day 200: doubling in 20 days,"
     " or 59 days counted from 0.5 g/dL"),
    ("from nothing, also counted from 0.5 g/dL", protein((160, 0), (200, 1.0)), "[0, 40]",
     "serum M-protein 0 on day 160, 1 g/dL on day 200: doubling in 40 days counted from 0.5 g/dL"),
    ("counted from 100 mg/L", [flc(160, 80), flc(200, 1700)], "[9.1, 9.8]",
     "free kappa light chains in serum 80 on day 160, 1700 mg/L on day 200: doubling in 9 days,"
     " or 10 days counted from 100 mg/L"),
    ("too low", protein((160, 0.2), (200, 0.45)), None,
     "serum M-protein 0.2 on day 160, 0.45 g/dL on day 200: a rise by 0.25 g/dL,"
     " too low for a doubling time"),
    ("too soon", [flc(180, 85), flc(200, 1705)], None,
     "free kappa light chains in serum 85 on day 180, 1705 mg/L on day 200: a rise by 1620 mg/L,"
     " too close together for a doubling time"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "rows", "days", "text"), RISES, ids=[x[0] for x in RISES])
def test_a_rise_is_told_in_plain_numbers(
    what: str, rows: list[Row], days: str | None, text: str
) -> None:
    found = findings(*protein((-10, 3.0)), *rows)["relapse_doubling_days"]
    assert (shown(found), found.text) == (days, text)


def test_course_of_the_patient_of_the_tables() -> None:
    found = findings()
    expected = {
        "failure_status": "failed", "failure_certainty": "recorded_by_team",
        "failure_kind": "progression_after_response", "failure_timing": "late",
        "time_to_failure_days": 200, "responded": True, "best_response": "PR",
        "early_or_no_response": False, "days_since_infusion": 220,
        "pattern_biochemical": None, "relapse_pattern_extraosseous": None, "pattern_cns": None,
        "signal_relapse_from_cr": False,
    }  # fmt: skip
    assert {n: found[n].value for n in expected} == expected


def test_without_failure_nothing_is_at_failure() -> None:
    found = findings(lab(150, "ldh", 400, "U/L", ref_high=250), pd=None)
    assert [
        found[n].value
        for n in (
            "time_to_failure_days",
            "failure_kind",
            "ldh_above_normal",
            "bcma_flow_percent",
            "emd_at_failure",
        )
    ] == [None] * 5


@pytest.mark.parametrize(
    ("what", "values", "value"),
    [
        ("all known", {"failure_status": "failed"}, True),
        ("urgent", {"failure_status": "failed", "urgent": True}, False),
        (
            "a lesion outside the marrow",
            {"failure_status": "failed", "relapse_pattern_extraosseous": True},
            False,
        ),
        (
            "imaging not known",
            {"failure_status": "failed", "relapse_pattern_extraosseous": None},
            None,
        ),
        ("no relapse", {"failure_status": "not_failed", "signal_relapse_from_cr": False}, False),
        ("relapse from CR", {"failure_status": "not_failed", "signal_relapse_from_cr": True}, True),
    ],
)
def test_laboratory_only_relapse(what: str, values: dict[str, Any], value: object) -> None:
    clear = dict.fromkeys(
        (
            "relapse_pattern_extraosseous",
            "relapse_pattern_cns",
            "relapse_pattern_leukaemic",
            "signal_relapse_from_cr",
        ),
        False,
    )
    emergencies = dict.fromkeys(
        (
            "cord_compression",
            "hypercalcaemia",
            "renal_failure",
            "hyperviscosity",
            "plasma_cell_leukaemia",
            "cns_disease",
        ),
        False,
    )
    if values.pop("urgent", None):
        emergencies["cord_compression"] = True
    assert derive({**clear, **emergencies, **values})["asymptomatic_relapse"] is value, what


def test_emd_statement_without_a_day_before_the_infusion() -> None:
    row = ("imaging", {"day": None, "result": "positive", "kind": "extramedullary"})
    assert (
        findings(row)["emd_before_infusion"].value is None
    )  # no day and no order: not before anything


def test_a_bound_of_the_share_is_kept() -> None:
    rows = [
        variant(205, "TNFRSF17", None, "deletion", copies=1),
        variant(205, "TNFRSF17", "p.W12*", "snv", assay="WES"),
    ]
    assert shown(findings(*rows)["bcma_loss_fraction"]) == "(0, 1]"
