"""Worked cases of the response criteria, visit by visit, and cases kept because they went wrong."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.imwg_cases import run_cases
from tests.support.places import DATA
from tests.support.yaml_files import read_yaml

CASES: list[dict[str, Any]] = read_yaml(DATA / "imwg_cases.yaml")["cases"]


def test_there_are_forty_cases() -> None:
    assert len(CASES) == 40


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["id"])
def test_worked_case(case: dict[str, Any]) -> None:
    result = run_cases([case]).results[0]
    assert result.error is None
    assert not result.mismatches, "\n".join(
        f"{m.key}: expected {m.expected}, found {m.found} ({m.reason})" for m in result.mismatches
    )


def test_a_wrong_expectation_is_found() -> None:
    case = {
        **CASES[0],
        "expected": {
            **CASES[0]["expected"],
            "visit_response": ["BL", "VGPR", "PR"],
            "pd_date": "2024-02-26",
        },
    }
    summary = run_cases([case])
    assert [m.key for m in summary.results[0].mismatches] == ["visit_response[1]", "pd_date"]
    assert summary.line.startswith(
        "cases 1, visits agreed 2 of 3, best agreed 1 of 1, progression agreed 0 of 1"
    )


def _case(visits: list[dict[str, Any]], **rest: Any) -> dict[str, Any]:
    return {"id": "own", "patient": {}, "visits": visits, **rest}


CLEAR = {"urine_m_mg_24h": 0, "urine_ife": "neg"}

KEPT: list[tuple[str, dict[str, Any], list[str]]] = [
    # a band of the other light chain cannot be the clone, even where its heavy chain is not known
    (
        "kappa band in lambda disease",
        _case(
            [
                {
                    "date": "2024-01-01",
                    "baseline": True,
                    "serum_m_g_dl": 3.0,
                    "serum_ife": "pos",
                    **CLEAR,
                },
                {
                    "date": "2024-02-01",
                    "serum_m_g_dl": 0,
                    "serum_ife": "pos",
                    "serum_ife_isotype": "IgG kappa",
                    **CLEAR,
                    "bm_pc_pct": 2,
                },
            ],
            patient={"involved_flc": "lambda"},
        ),
        ["BL", "CR"],
    ),
    # the nadir is only known to be below 5.2: whether it is at least 5 is open, and so is the rule
    # that holds from there on
    (
        "a bound around the high nadir",
        _case(
            [
                {
                    "date": "2024-01-01",
                    "baseline": True,
                    "serum_m_g_dl": 6.0,
                    "serum_ife": "pos",
                    **CLEAR,
                },
                {"date": "2024-02-01", "serum_m_g_dl": "<5.2", "serum_ife": "pos", **CLEAR},
                {"date": "2024-03-01", "serum_m_g_dl": 6.2, "serum_ife": "pos", **CLEAR},
            ]
        ),
        ["BL", "SD", "SD"],
    ),
    # a diameter of zero beside a sum of products is a slip, not a nadir
    (
        "diameter zero",
        _case(
            [
                {
                    "date": "2024-01-01",
                    "baseline": True,
                    "serum_m_g_dl": 4.0,
                    **CLEAR,
                    "plasmacytoma_spd_cm2": 20,
                    "n_lesions": 1,
                    "lesion_longest_cm": 5,
                    "lesion_short_axis_cm": 4,
                },
                {
                    "date": "2024-02-01",
                    "serum_m_g_dl": 1.0,
                    **CLEAR,
                    "plasmacytoma_spd_cm2": 9,
                    "n_lesions": 1,
                    "lesion_longest_cm": 0,
                },
                {
                    "date": "2024-03-01",
                    "serum_m_g_dl": 1.0,
                    **CLEAR,
                    "plasmacytoma_spd_cm2": 9,
                    "n_lesions": 1,
                    "lesion_longest_cm": 3,
                },
            ]
        ),
        ["BL", "PR", "PR"],
    ),
    # a reported ratio that contradicts its chains: none of the three is used, so FLC-only disease
    # cannot be judged at that visit
    (
        "swapped chains",
        _case(
            [
                {
                    "date": "2024-01-01",
                    "baseline": True,
                    "serum_m_g_dl": 0,
                    **CLEAR,
                    "kappa_mg_l": 10,
                    "lambda_mg_l": 600,
                },
                {
                    "date": "2024-02-01",
                    "serum_m_g_dl": 0,
                    **CLEAR,
                    "kappa_mg_l": 58,
                    "lambda_mg_l": 8,
                    "flc_ratio": 0.14,
                },
                {
                    "date": "2024-03-01",
                    "serum_m_g_dl": 0,
                    **CLEAR,
                    "kappa_mg_l": 8,
                    "lambda_mg_l": 58,
                    "flc_ratio": 0.14,
                },
            ],
            patient={"involved_flc": "lambda"},
        ),
        ["BL", "NE", "VGPR"],
    ),
    # DIRA speaks only where the antibody's isotype is the patient's own
    (
        "DIRA in IgA disease",
        _case(
            [
                {
                    "date": "2024-01-01",
                    "baseline": True,
                    "serum_m_g_dl": 3.0,
                    "serum_ife": "pos",
                    **CLEAR,
                },
                {
                    "date": "2024-02-01",
                    "serum_m_g_dl": 0,
                    "serum_ife": "pos",
                    "dira": "neg",
                    **CLEAR,
                    "bm_pc_pct": 2,
                },
            ],
            patient={"isotype": "IgA kappa"},
        ),
        ["BL", "VGPR"],
    ),
    (
        "DIRA not shifted",
        _case(
            [
                {
                    "date": "2024-01-01",
                    "baseline": True,
                    "serum_m_g_dl": 3.0,
                    "serum_ife": "pos",
                    **CLEAR,
                },
                {
                    "date": "2024-02-01",
                    "serum_m_g_dl": 0,
                    "serum_ife": "pos",
                    "dira": "pos",
                    **CLEAR,
                    "bm_pc_pct": 2,
                },
            ],
            patient={"isotype": "IgG kappa"},
        ),
        ["BL", "VGPR"],
    ),
    # IgA by nephelometry: same percentages, 500 mg/dL stand for 0.5 g/dL
    (
        "IgA by nephelometry",
        _case(
            [
                {"date": "2024-01-01", "baseline": True, "iga_mg_dl": 3000, **CLEAR},
                {"date": "2024-02-01", "iga_mg_dl": 300, **CLEAR},
                {"date": "2024-03-01", "iga_mg_dl": 799, **CLEAR},
                {"date": "2024-04-01", "iga_mg_dl": 800, **CLEAR},
            ],
            patient={"isotype": "IgA lambda", "serum_marker": "quantitative_ig"},
        ),
        ["BL", "VGPR", "PR", "PD"],
    ),
    # an osteoporotic fracture is not progression, a new lytic lesion is
    (
        "fracture and new bone lesion",
        _case(
            [
                {"date": "2024-01-01", "baseline": True, "serum_m_g_dl": 4.0, **CLEAR},
                {
                    "date": "2024-02-01",
                    "serum_m_g_dl": 1.0,
                    **CLEAR,
                    "bone_event": "osteoporotic fracture",
                },
                {
                    "date": "2024-03-01",
                    "serum_m_g_dl": 1.0,
                    **CLEAR,
                    "bone_event": "new lytic lesion",
                },
            ]
        ),
        ["BL", "PR", "PD"],
    ),
]


@pytest.mark.parametrize(("name", "case", "expected"), KEPT, ids=[k[0] for k in KEPT])
def test_kept_case(name: str, case: dict[str, Any], expected: list[str]) -> None:
    found = run_cases([case]).results[0]
    assert found.error is None
    assert found.found["visit_response"] == expected


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            {"visits": [{"date": "2024-01-01", "baseline": True, "serum_m_protein": 3}]},
            "unknown key serum_m_protein",
        ),
        ({"visits": [{"date": "2024-13-01", "baseline": True}]}, "not a date"),
        (
            {"visits": [{"date": "2024-01-01", "baseline": True, "serum_m_g_dl": "much"}]},
            "not a number",
        ),
        (
            {"visits": [{"date": "2024-01-01", "baseline": True, "serum_ife": "maybe"}]},
            "not one of",
        ),
        (
            {"visits": [{"date": "2024-01-01", "bone_event": "something"}]},
            "neither a fracture nor a new lesion",
        ),
        ({"visits": []}, "no visits"),
        ({"parameters": {"A99": "x"}, "visits": [{"date": "2024-01-01"}]}, "no parameter 'A99'"),
        (
            {"parameters": {"A15": "x"}, "visits": [{"date": "2024-01-01"}]},
            "is one of pr_at_most, ignore",
        ),
        ({"expected": {"colour": "red"}, "visits": [{"date": "2024-01-01"}]}, "unknown key colour"),
        (
            {
                "death": {"date": "2024-02-01", "cause": "boredom"},
                "visits": [{"date": "2024-01-01"}],
            },
            "cause is one of",
        ),
        ({"surprise": 1, "visits": [{"date": "2024-01-01"}]}, "unknown key surprise"),
    ],
)
def test_a_case_that_cannot_be_read_says_why(change: dict[str, Any], says: str) -> None:
    summary = run_cases([{"id": "bad", **change}])
    assert summary.results[0].error is not None
    assert says in summary.results[0].error
    assert not summary.agreed
