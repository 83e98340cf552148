"""Day 0 against the date of the infusion: what can't both be right is told."""

from __future__ import annotations

from typing import Any

import pytest

from rearm.intake import read_tables


@pytest.mark.parametrize(
    ("what", "day_zero", "infused", "lab_day", "told"),
    [
        ("day 0 is the infusion", "2024-02-12", ["2024-02-12"], 30, False),
        ("day 0 a year early", "2023-02-12", ["2024-02-12"], 30, True),
        (
            "all are dates: the axis is only moved",
            "2023-02-12",
            ["2024-02-12"],
            "2024-03-12",
            False,
        ),
        (
            "the second infusion has a later date",
            "2024-02-12",
            ["2024-02-12", "2024-12-01"],
            30,
            False,
        ),
        ("the infusion is a day number too", "2023-02-12", [0], 30, False),
    ],
)
def test_day_zero_and_infusion(
    what: str, day_zero: str, infused: list[Any], lab_day: object, told: bool
) -> None:
    tables = {
        "patients": [{"patient_id": "P", "sex": "F", "day_zero": day_zero}],
        "infusions": [
            {"patient_id": "P", "day": d, "product": "ide-cel", "infused": "yes"} for d in infused
        ],
        "labs": [
            {
                "patient_id": "P",
                "day": lab_day,
                "test": "serum_m_protein",
                "value": 1.0,
                "unit": "g/dL",
            }
        ],
    }
    issues = [i for i in read_tables(tables).all_issues() if i.code == "day_zero_off_infusion"]
    assert bool(issues) is told, what
    assert all(i.severity == "error" for i in issues)
