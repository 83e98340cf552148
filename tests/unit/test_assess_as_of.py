"""No issue of a later row, and none that tells of later days, stands in an earlier assessment."""

from __future__ import annotations

from typing import Any

import rearm
from rearm.intake import read_tables
from rearm.record import Record

PATIENT: dict[str, Any] = {
    "patient_id": "P",
    "sex": "F",
    "day_zero": "2024-01-01",
    "last_seen_day": 120,
}


def record() -> Record:
    labs: list[dict[str, Any]] = [
        {"patient_id": "P", "day": 30, "test": "serum_m_protein", "value": 1.0, "unit": "furlong"},
        {"patient_id": "P", "day": 150, "test": "serum_m_protein", "value": 1.2, "unit": "furlong"},
        {"patient_id": "P", "day": 160, "test": "no such test", "value": 1.2, "unit": "g/dL"},
    ]
    infusion: dict[str, Any] = {"patient_id": "P", "day": 0, "product": "ide-cel", "infused": "yes"}
    return read_tables({"patients": [PATIENT], "labs": labs, "infusions": [infusion]}).records[0]


def codes(as_of: int | None) -> set[str]:
    return {f"{i.code} {i.source}" for i in rearm.assess(record(), as_of=as_of).issues}


def test_issues_follow_as_of() -> None:
    late, early = codes(None), codes(100)
    assert any("unit_not_allowed" in x for x in early), "the row of day 30 stays"
    assert early < late
    assert {x.split()[0] for x in late - early} >= {
        "unit_not_allowed",
        "unknown_test",
        "last_seen_before_data",
    }
    assert not any("last_seen_before_data" in x or "unknown_test" in x for x in early)


def test_a_record_cut_at_a_day_tells_of_no_later_one() -> None:
    """Whoever cuts the record himself states no day: its own last day is the one asked for."""
    cut = record().known_at(100)
    assert any(issue.code == "last_seen_before_data" for issue in cut.issues)
    assessment = rearm.assess(cut)
    assert assessment.as_of == 100
    told = [issue.code for issue in assessment.issues]
    assert "unit_not_allowed" in told and "last_seen_before_data" not in told
