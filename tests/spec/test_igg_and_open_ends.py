"""Healthy IgG beside an IgG paraprotein, and episodes whose end nobody has recorded."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.findings_case import Row, condition, findings, lab, record_of, shown, toxicity

import rearm
from rearm.intake import read_tables
from rearm.record import Record


@pytest.mark.parametrize(
    ("total", "m_protein", "healthy"),
    [
        (310, 0.94, None),  # lower than the part that it holds
        (310, 0.40, "[0, 81]"),  # apart by no more than two low values may be
        (310, 0.30, "[0, 171]"),
        (900, 0.70, "[0, 460]"),
        (900, 0.10, "[600, 900]"),
        (6000, 5.5, "[0, 1750]"),
        (310, 0.0, 310.0),
        (310, None, "[0, 310]"),
    ],
)
def test_the_paraprotein_is_taken_out_of_igg(
    total: float, m_protein: float | None, healthy: object
) -> None:
    rows = [lab(215, "igg", total, "mg/dL")]
    rows += [] if m_protein is None else [lab(215, "serum_m_protein", m_protein, "g/dL")]
    assert shown(findings(*rows, heavy_chain="IgG")["igg"]) == healthy
    assert shown(findings(*rows, heavy_chain="IgA")["igg"]) == total


def told(record: Record, code: str) -> list[str]:
    return [x.message for x in record.issues if x.code == code]


def test_igg_below_the_m_protein_is_told() -> None:
    rows = [lab(215, "igg", 3.1, "g/L"), lab(215, "serum_m_protein", 9.4, "g/L")]
    (message,) = told(record_of(*rows, heavy_chain="IgG"), "igg_below_m_protein")
    assert "lower than the M-protein" in message and "Check both" in message
    assert not told(record_of(*rows, heavy_chain="IgA"), "igg_below_m_protein")
    text = findings(*rows, heavy_chain="IgG")["igg"].text
    assert "check both" in text
    apart = [lab(210, "igg", 3.1, "g/L"), lab(215, "serum_m_protein", 9.4, "g/L")]
    assert not told(record_of(*apart, heavy_chain="IgG"), "igg_below_m_protein")


@pytest.mark.parametrize(
    ("row", "count"),
    [
        (toxicity(-700, "infection", 3), 1),
        (toxicity(-700, "infection", 3, end_day=-690), 0),
        (toxicity(-700, "infection", 0), 0),
        (toxicity(180, "infection", 3), 0),  # of the last three months
        (condition(-700, "febrile_neutropenia"), 1),
        (condition(-700, "diabetes"), 0),  # chronic
    ],
)
def test_a_missing_end_of_long_ago_is_listed(row: Row, count: int) -> None:
    assert len(told(record_of(row), "no_end_recorded")) == count
    later = condition(215, "active_infection", "absent")
    assert not told(record_of(row, later), "no_end_recorded")


def test_the_check_lists_an_infection_of_which_the_end_is_missing() -> None:
    rows: dict[str, list[dict[str, Any]]] = {
        "patients": [{"patient_id": "A"}],
        "infusions": [{"patient_id": "A", "day": 0, "product": "ide-cel"}],
        "assessments": [{"patient_id": "A", "day": 300, "response": "PD", "by": "team"}],
        "toxicities": [{"patient_id": "A", "day": 10, "toxicity": "infection", "grade": 3}],
    }
    (record,) = read_tables(rows).records
    assert "The end of the infection of day 10 is not recorded" in str(record.issues)
    asked = {name for test in rearm.assess(record).next_tests for name in test.findings}
    assert "active_infection" in asked
