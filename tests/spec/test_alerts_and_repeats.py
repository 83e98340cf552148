"""Alerts of a threatened cord, the central nervous system and counts; a repeat where team and
laboratory differ.
"""

from __future__ import annotations

from typing import Any

import pytest

import rearm
from rearm.assessment import Assessment
from rearm.intake import read_tables
from rearm.report.assessment.page import page
from rearm.report.assessment.sentences import difference_text

Row = dict[str, Any]
PLACE = "T9 paravertebral, reaching the spinal canal"


def _assessed(**tables: list[Row]) -> Assessment:
    rows: dict[str, list[Row]] = {
        "patients": [{"sex": "F", "last_seen_day": 140}],
        "infusions": [{"day": 0, "product": "ide-cel"}],
        "assessments": [{"day": 60, "response": "PR", "by": "team"}],
    } | tables
    with_id: dict[str, list[Row]] = {
        name: [{"patient_id": "A"} | row for row in own] for name, own in rows.items()
    }
    (record,) = read_tables(with_id).records
    return rearm.assess(record)


def _alerts(**tables: list[Row]) -> set[str]:
    return {alert.id for alert in _assessed(**tables).alerts if alert.status == "certain"}


def _lesion(**more: Any) -> Row:
    seen = {"day": 135, "method": "PET-CT", "result": "positive", "lesion": "P1", "new": "yes"}
    return seen | {"kind": "paraskeletal", "length_mm": 48, "width_mm": 30} | more


@pytest.mark.parametrize(
    ("lesion", "cord", "told"),
    [
        (_lesion(site=PLACE), None, True),
        (_lesion(site="BWK 9 epidural"), None, True),
        (_lesion(lesion="paravertebral T9"), None, True),  # the place as the name
        (_lesion(site="liver segment 6"), None, False),
        (_lesion(), None, False),
        (_lesion(site=PLACE, result="negative"), None, False),
        (_lesion(site=PLACE), "absent", False),  # somebody looked
    ],
)
def test_a_lesion_at_the_canal_threatens_the_cord(
    lesion: Row, cord: str | None, told: bool
) -> None:
    stated = [{"day": 138, "condition": "cord_compression", "status": cord}] if cord else []
    assert ("cord_threatened" in _alerts(imaging=[lesion], conditions=stated)) is told


@pytest.mark.parametrize(
    ("test", "value", "unit", "day", "told"),
    [
        ("platelets", 24, "10*9/L", 139, True),
        ("platelets", 25, "10*9/L", 139, False),
        ("hemoglobin", 7.9, "g/dL", 139, True),
        ("hemoglobin", 8.0, "g/dL", 139, False),
        ("neutrophils", 0.49, "10*9/L", 139, True),
        ("neutrophils", 0.5, "10*9/L", 139, False),
        ("platelets", "<50", "10*9/L", 139, False),  # not surely
        ("platelets", 15, "10*9/L", 120, False),  # of 20 days ago
    ],
)
def test_counts_that_are_corrected_first(
    test: str, value: Any, unit: str, day: int, told: bool
) -> None:
    labs = [{"day": day, "test": test, "value": value, "unit": unit}]
    assert ("severe_cytopenia" in _alerts(labs=labs)) is told


def test_one_fair_count_does_not_say_that_none_is_low() -> None:
    labs = [{"day": 139, "test": "platelets", "value": 90, "unit": "10*9/L"}]
    finding = _assessed(labs=labs).findings.get("severe_cytopenia")
    assert finding is None or not finding.known


@pytest.mark.parametrize("by", ["condition", "pattern"])
def test_disease_of_the_central_nervous_system(by: str) -> None:
    progression = [{"day": 130, "response": "PD", "by": "team", "pattern": "cns"}]
    condition = [{"day": 128, "condition": "cns_myeloma", "status": "present"}]
    found = _alerts(conditions=condition) if by == "condition" else _alerts(assessments=progression)
    assert "cns_disease" in found


def _m_protein(*values: tuple[int, float]) -> list[Row]:
    return [
        {"day": day, "test": "serum_m_protein", "value": value, "unit": "g/dL"}
        for day, value in values
    ]


@pytest.mark.parametrize(
    ("labs", "asked"),
    [
        (_m_protein((-20, 2.6), (60, 0.2), (90, 0.2), (138, 0.2)), True),  # the team alone
        ([], False),  # no laboratory to differ from
        (_m_protein((-40, 2.6), (-20, 2.6)), False),  # the last value is of 150 days before
        (_m_protein((-20, 2.6), (60, 0.2), (90, 0.2), (130, 1.3)), False),  # merely not repeated
        (_m_protein((-20, 2.6), (60, 0.2), (110, 0.9), (138, 1.3)), False),  # 110 against 130
    ],
)
def test_a_repeat_is_asked_for_where_only_one_of_them_tells_of_progression(
    labs: list[Row], asked: bool
) -> None:
    progression = [{"day": 130, "response": "PD", "by": "team"}]
    result = _assessed(labs=labs, assessments=progression)
    (failure,) = result.failures
    assert failure.difference
    mandatory = {name for test in result.next_tests if test.mandatory for name in test.ids}
    assert ("repeat_markers" in mandatory) is asked


@pytest.mark.parametrize(
    ("labs", "comparison", "words"),
    [
        ([], "team_only", "Only the team dates this relapse (on day 130): there is no laboratory"),
        (
            _m_protein((-20, 2.6), (10, 0.9), (40, 0.2)),
            "team_only",
            "the last results before it are of day 40, 90 days earlier",
        ),
        (
            _m_protein((-20, 2.6), (60, 0.2), (90, 0.2), (130, 1.3)),
            "unrepeated",
            "the results show it too, but by the laboratory it is unconfirmed",
        ),
        (
            _m_protein((-20, 2.6), (60, 0.2), (90, 0.2), (138, 0.2)),
            "contradicted",
            "Team and laboratory differ: team: progression on day 130; computed: none",
        ),
        (
            _m_protein((-20, 2.6), (60, 0.2), (110, 0.9), (138, 1.3)),
            "other_day",
            "Team and laboratory differ: computed: progression on day 110; team: day 130",
        ),
    ],
)
def test_the_page_says_how_the_team_and_the_laboratory_stand(
    labs: list[Row], comparison: str, words: str
) -> None:
    progression = [{"day": 130, "response": "PD", "by": "team"}]
    result = _assessed(labs=labs, assessments=progression)
    (failure,) = result.failures
    assert failure.comparison == comparison
    assert words in difference_text(failure)
    assert words in page(result, with_picture=False)


RISE = _m_protein((-20, 2.6), (60, 0.2), (90, 0.2), (130, 1.3))
# Complete response, confirmed, then the original band is back on day 110.
BACK = [
    *_m_protein((-20, 2.6), (30, 0), (60, 0), (85, 0), (110, 0)),
    *(
        {"day": day, "test": "urine_m_protein_24h", "value": 0, "unit": "mg/24h"}
        for day in (-20, 30, 60, 85)
    ),
    *(
        {"day": day, "test": test, "value": "negative"}
        for day in (30, 60, 85)
        for test in ("serum_immunofixation", "urine_immunofixation")
    ),
    {"day": 62, "test": "marrow_plasma_cells", "value": 1, "unit": "%"},
    {"day": 110, "test": "serum_immunofixation", "value": "positive"},
]
AGAIN = [*_m_protein((134, 0)), {"day": 134, "test": "serum_immunofixation", "value": "positive"}]
ONLY_CHAINS = [
    {"day": 134, "test": test, "value": 12, "unit": "mg/L"} for test in ("kappa_flc", "lambda_flc")
]
MRD = [
    {"day": 70, "test": "mrd", "value": "negative", "specimen": "marrow", "method": "NGS"},
    {"day": 136, "test": "mrd", "value": "positive", "specimen": "marrow", "method": "NGS"},
]
PET = [{"day": 137, "method": "PET-CT", "result": "negative"}]


@pytest.mark.parametrize(
    ("labs", "imaging", "repeat", "pet"),
    [
        (RISE, [], True, True),  # seen once
        ([*RISE, *ONLY_CHAINS], [], True, True),  # not what rose
        ([*BACK, *AGAIN], [], False, True),
        ([*BACK, *AGAIN, *MRD], [], False, True),  # marrow after it does not ask for blood again
        ([*BACK, *AGAIN, *MRD], PET, False, False),
    ],
)
def test_a_second_sample_is_asked_for_once_and_imaging_where_there_is_none(
    labs: list[Row], imaging: list[Row], repeat: bool, pet: bool
) -> None:
    result = _assessed(labs=labs, imaging=imaging, assessments=[])
    assert result.relapse is not None
    assert result.relapse.status == "suspected"
    assert ("repeat_markers" in {x for t in result.next_tests for x in t.ids}) is repeat
    assert ("repeat_m_protein_and_flc" in {x.id for x in result.actions}) is repeat
    assert ("whole_body_imaging" in {x for t in result.tests for x in t.ids}) is pet


FLUID = {"day": 129, "test": "csf_plasma_cells", "value": "positive", "specimen": "csf"}


@pytest.mark.parametrize(
    ("labs", "fluid"), [([], True), ([FLUID], False), ([FLUID | {"day": 70}], True)]
)
def test_fluid_is_asked_for_where_none_is_of_now(labs: list[Row], fluid: bool) -> None:
    state = [{"day": 128, "condition": "cns_myeloma", "status": "present"}]
    result = _assessed(labs=labs, conditions=state)
    (alert,) = [x for x in result.alerts if x.id == "cns_disease"]
    (action,) = [x for x in result.actions if x.id == "csf_and_neuraxis_mri"]
    assert ("fluid" in alert.text) is fluid
    assert ("fluid" in action.text) is fluid
    assert "MRI" in alert.text
    assert "MRI" in action.text


@pytest.mark.parametrize(
    ("igg", "words"),
    [
        (None, "Measure IgG now"),
        (180, "Replace immunoglobulin: IgG is below 400 mg/dL"),
        (650, "After a life-threatening one"),
    ],
)
def test_igg_is_asked_for_where_none_is_of_now(igg: float | None, words: str) -> None:
    labs = [] if igg is None else [{"day": 139, "test": "igg", "value": igg, "unit": "mg/dL"}]
    result = _assessed(
        patients=[{"sex": "F", "last_seen_day": 140, "heavy_chain": "IgA"}],
        labs=labs,
        conditions=[{"day": 139, "condition": "active_infection", "status": "present"}],
    )
    (alert,) = [x for x in result.alerts if x.id == "infection"]
    assert words in alert.text
    assert ("Measure IgG" in alert.text) is (igg is None)
