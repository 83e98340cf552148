"""Scores as tables a reader can check against the publication. The CAR-T was given on day 0; what
is not known stays a span of points.
"""

import math
import re
from typing import Any

import pytest
from tests.support.findings_case import INFUSION, LINES
from tests.support.loops import some

from rearm.findings import Found, find
from rearm.findings.scores import ScoreResult, scores
from rearm.intake import read_tables
from rearm.interval import Interval
from rearm.knowledge._build import KnowledgeError
from rearm.knowledge.bundle import load
from rearm.knowledge.catalogue import load_catalogue
from rearm.knowledge.scores import load_scores, read_scores
from rearm.outcome.failures import failures
from rearm.record import Source

CELL = Source("labs.csv", "row 1")
B2M, ALBUMIN = ("beta2_microglobulin", "mg/L"), ("albumin", "g/L")


def scored(
    labs: list[dict[str, Any]], more: dict[str, Found] | None = None
) -> dict[str, ScoreResult]:
    rows = [{"patient_id": "X", **row} for row in labs]
    tables = {
        "patients": [{"patient_id": "X", "last_seen_day": 60}],
        "infusions": [{"patient_id": "X", **INFUSION}],
        "therapies": [{"patient_id": "X", **row} for row in LINES],
        "labs": rows,
    }
    record = read_tables(tables).records[0].known_at(60)
    judged = failures(record)
    found = {**find(record, judged, load_catalogue(), as_of=60), **(more or {})}
    return {x.score.id: x for x in scores(record, judged, found, as_of=60)}


def lab(test: str, value: object, unit: str | None, day: int = -10, **more: Any) -> dict[str, Any]:
    return {"day": day, "test": test, "value": value, "unit": unit, **more}


def yes_no(**values: bool | None) -> dict[str, Found]:
    return {name: Found(value, (CELL,)) for name, value in values.items()}


@pytest.mark.parametrize(
    ("b2m", "albumin", "stage", "points"),
    [
        # mg/L  g/L     ISS    points (II: 1 or 2, III: from 10)
        (2.1, 41, "I", (0, 0)),
        (3.4, 35, "I", (0, 0)),
        (3.4, 34, "II", (1, 1)),
        (3.5, 41, "II", (1, 1)),
        (5.4, 30, "II", (2, 2)),
        (5.5, 41, "III", (10, 10)),
        (9.0, 28, "III", (11, 11)),
        (9.0, None, "III", (10, 11)),  # albumin changes nothing here
        (4.0, None, "II", (1, 2)),
        (2.0, None, None, (0, 1)),  # I or II
        (None, 30, None, (1, 11)),
        ("<3.5", 41, "I", (0, 0)),
    ],
)
def test_iss(b2m: object, albumin: object, stage: str | None, points: tuple[float, float]) -> None:
    labs = [lab(*B2M[:1], b2m, B2M[1])] * (b2m is not None) + [
        lab(ALBUMIN[0], albumin, ALBUMIN[1])
    ] * (albumin is not None)
    found = scored(labs)["iss"]
    assert (found.category, (found.points.low, found.points.high)) == (stage, points)


@pytest.mark.parametrize(
    ("iss", "ldh_high", "lesions", "stage"),
    [
        # ISS   LDH    any of three  R-ISS
        ("I", False, False, "I"),
        ("I", True, False, "II"),
        ("I", False, True, "II"),
        ("II", True, True, "II"),
        ("III", False, False, "II"),
        ("III", True, False, "III"),
        ("III", False, True, "III"),
        ("III", None, True, "III"),
        ("III", None, False, None),
        ("I", False, None, None),
    ],
)
def test_r_iss(iss: str, ldh_high: bool | None, lesions: bool | None, stage: str | None) -> None:
    b2m = {"I": 2.0, "II": 4.0, "III": 6.0}[iss]
    labs = [lab(B2M[0], b2m, "mg/L"), lab(ALBUMIN[0], 42, "g/L")]
    if ldh_high is not None:
        labs.append(lab("ldh", 400 if ldh_high else 150, "U/L", ref_high=250))
    found = scored(labs, yes_no(del_17p_before_infusion=lesions, t_4_14=False, t_14_16=False))[
        "r_iss"
    ]
    assert found.category == stage


@pytest.mark.parametrize(
    ("b2m", "ldh", "del_17p", "t_4_14", "gain_1q", "points", "stage"),
    [
        # ISS by b2m   LDH  17p    4;14   1q     points stage
        (2.0, 150, False, False, False, 0.0, "I"),
        (2.0, 150, False, False, True, 0.5, "II"),
        (4.0, 150, False, False, False, 1.0, "II"),
        (4.0, 150, False, False, True, 1.5, "III"),
        (6.0, 400, False, False, False, 2.5, "III"),
        (6.0, 400, False, False, True, 3.0, "IV"),
        (6.0, 400, True, True, True, 5.0, "IV"),
    ],
)
def test_r2_iss(
    b2m: float, ldh: float, del_17p: bool, t_4_14: bool, gain_1q: bool, points: float, stage: str
) -> None:
    labs = [
        lab(B2M[0], b2m, "mg/L"),
        lab(ALBUMIN[0], 42, "g/L"),
        lab("ldh", ldh, "U/L", ref_high=250),
    ]
    found = scored(
        labs,
        yes_no(
            del_17p_before_infusion=del_17p,
            t_4_14=t_4_14,
            gain_1q_before_infusion=gain_1q,
            amp_1q_before_infusion=False,
        ),
    )["r2_iss"]
    assert (found.points.low, found.points.high, found.category) == (points, points, stage)


@pytest.mark.parametrize(
    ("age", "ecog", "b2m", "points", "stage"),
    [
        (66, 0, 2.0, 0.0, "I"),
        (70, 1, 4.0, 1.5, "I"),
        (71, 0, 4.0, 2.5, "II"),
        (71, 1, 6.0, 4.0, "III"),
        (80, 2, 6.0, 5.0, "IV"),
    ],
)
def test_rw_iss(age: int, ecog: int, b2m: float, points: float, stage: str) -> None:
    labs = [
        lab(B2M[0], b2m, "mg/L"),
        lab(ALBUMIN[0], 42, "g/L"),
        lab("ldh", 150, "U/L", ref_high=250),
        lab("ecog", ecog, None),
    ]
    found = scored(
        labs, {**yes_no(t_14_16=False, del_17p_before_infusion=False), "age": Found(age, (CELL,))}
    )["rw_iss"]
    assert (found.points.low, found.category) == (points, stage)


@pytest.mark.parametrize(
    ("emd", "pcl", "lenalidomide", "cytogenetics", "ferritin", "points", "category"),
    [
        # EMD   PCL    len    cyto   ferritin  points   category
        (False, False, False, False, False, (0, 0), "low"),
        (False, False, True, False, False, (1, 1), "low"),
        (True, False, True, False, False, (2, 2), "intermediate"),
        (False, True, True, True, False, (3, 3), "intermediate"),
        (True, True, True, True, True, (4, 4), "high"),
        (True, None, True, None, None, (2, 4), None),
        (None, None, True, None, None, (1, 4), None),
        (False, False, False, None, False, (0, 1), "low"),
    ],
)
def test_mycare(
    emd: bool | None,
    pcl: bool | None,
    lenalidomide: bool,
    cytogenetics: bool | None,
    ferritin: bool | None,
    points: tuple[int, int],
    category: str | None,
) -> None:
    items = yes_no(
        emd_before_infusion=emd,
        plasma_cell_leukaemia_before_infusion=pcl,
        refractory_lenalidomide=lenalidomide,
        high_risk_cytogenetics_before_infusion=cytogenetics,
        ferritin_above_normal_before_infusion=ferritin,
    )
    found = scored([], items)["mycare"]
    assert ((found.points.low, found.points.high), found.category) == (points, category)


@pytest.mark.parametrize(
    ("score", "finding", "value", "category"),
    [
        ("alcmax", "alc_peak_15", 0.5, "low"),
        ("alcmax", "alc_peak_15", 0.51, "intermediate"),
        ("alcmax", "alc_peak_15", 1.0, "intermediate"),
        ("alcmax", "alc_peak_15", 1.1, "high"),
        ("alc_before_lymphodepletion", "alc_before_lymphodepletion", 0.74, "low"),
        ("alc_before_lymphodepletion", "alc_before_lymphodepletion", 0.75, "high"),
        ("car_hematotox", "car_hematotox", 1, "low"),
        ("car_hematotox", "car_hematotox", 2, "high"),
    ],
)
def test_rules_of_one_value(score: str, finding: str, value: float, category: str) -> None:
    assert scored([], {finding: Found(value, (CELL,))})[score].category == category


def test_a_bound_decides_where_it_can() -> None:
    below = Found(None, (CELL,), interval=Interval(-math.inf, 0.5, high_open=True))
    assert scored([], {"alc_peak_15": below})["alcmax"].category == "low"
    between = Found(None, (CELL,), interval=Interval(0.3, 0.8))
    assert scored([], {"alc_peak_15": between})["alcmax"].category is None


def test_an_end_that_is_left_out_is_a_category_of_its_own() -> None:
    """0.75 is in the upper group of lymphocytes before lymphodepletion, `<0.75` is not."""
    name = "alc_before_lymphodepletion"
    for high_open, category in ((True, "low"), (False, None)):
        known = Found(None, (CELL,), interval=Interval(0.0, 0.75, high_open=high_open))
        assert scored([], {name: known})[name].category == category


def test_nothing_known_is_no_score() -> None:
    """Only refractoriness, an item of MyCARe, can be read from the lines of therapy."""
    assert set(scored([])) == {"mycare"}


def test_what_is_missing_is_named() -> None:
    found = scored([lab(B2M[0], 2.0, "mg/L")])["iss"]
    assert found.missing == ("albumin",)
    assert "beta-2" in found.items[0].text


def test_figures_of_the_scores_stand_in_their_sources() -> None:
    knowledge = load()
    for score in some(load_scores().computed):
        said = " ".join(knowledge.statements[s].text for s in score.sources)
        figures = set(re.findall(r"\d+(?:\.\d+)?", said.replace(",", "")))
        for category in score.categories:
            assert set(re.findall(r"\d+(?:\.\d+)?", category.meaning or "")) <= figures, score.id
    for other in some(load_scores().not_computed):
        assert set(other.sources) <= set(knowledge.statements), other.id


def test_findings_of_the_scores_exist() -> None:
    catalogue = load_catalogue()
    for score in some(load_scores().computed):
        for item in score.items:
            assert {*item.any_of, *([item.finding] if item.finding else [])} <= set(catalogue), (
                item.name
            )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"item": [{"name": "x"}]}, "exactly one of test"),
        ({"item": [{"name": "x", "score": "later", "stages": {"I": 1}}]}, "is not listed before"),
        ({"category": [{"label": "a", "up_to": 1}]}, "the last must have none"),
        (
            {"category": [{"label": "a", "up_to": 2}, {"label": "b", "up_to": 1}, {"label": "c"}]},
            "must increase",
        ),
        ({"item": [{"name": "x", "test": "ldh", "bands": [{"points": 1}]}]}, "exactly one of from"),
        ({"limit": 3}, "unknown key"),
    ],
)
def test_a_table_that_does_not_add_up_is_refused(change: dict[str, Any], said: str) -> None:
    row = {
        "id": "s",
        "name": "S",
        "purpose": "p",
        "population": "q",
        "sources": ["accepted-practice"],
        "item": [{"name": "x", "finding": "age"}],
        "category": [{"label": "a"}],
    }
    with pytest.raises(KnowledgeError, match=said):
        read_scores({"score": [{**row, **change}]})


def test_an_open_end_stays_open() -> None:
    found = scored([lab(B2M[0], ">5.5", "mg/L")])["iss"]
    assert (found.category, math.isfinite(found.points.high)) == ("III", True)
