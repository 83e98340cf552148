"""Every fact that the template offers changes something, or the input check says it is unread."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.places import DATA
from tests.support.yaml_files import read_yaml

from rearm.assessment.patient import patient_at
from rearm.assessment.planner import plan_of
from rearm.intake import read_tables
from rearm.knowledge.bundle import bundled
from rearm.outcome.endpoints import endpoints
from rearm.outcome.failures import failures
from rearm.record import Record

FACTS = bundled().tidy_tables
# a value of those that have no list
FREE: dict[str, str] = {
    "trials_open": "a trial",
    "lesion_histology": "L1=plasma_cells",
    "pathogen": "E. coli",
    "declined": "talquetamab",
    "prior_lines": "4",
    "travel_minutes": "45",
    "age_at_infusion": "61",
    "next_slot_days": "12",
    "centre": "A",
}
# A course in which each fact has something to change: no urine, a lesion, no line of therapy.
COURSE: dict[str, list[dict[str, Any]]] = {
    "patients": [{"sex": "F", "heavy_chain": "IgA", "light_chain": "kappa", "last_seen_day": 400}],
    "infusions": [{"day": 0, "product": "ide-cel"}],
    "labs": [
        {"day": day, "test": "serum_m_protein", "value": value, "unit": "g/dL"}
        for day, value in ((-20, 3.0), (30, 0.2), (60, 0.2), (90, 0.2))
    ],
    "therapies": [{"start_day": -400, "end_day": -300, "regimen": "VRd"}],
    "imaging": [{"day": 200, "lesion": "L1", "kind": "extramedullary", "result": "positive"}],
}


def _record(*facts: dict[str, Any], therapies: bool = True) -> Record:
    tables = COURSE | {"facts": list(facts)} | ({} if therapies else {"therapies": []})
    return read_tables(
        {name: [{"patient_id": "A"} | row for row in rows] for name, rows in tables.items()}
    ).records[0]


def _answers(record: Record) -> tuple[Any, ...]:
    """All that the rules read, and what became of the infusion."""
    patient = patient_at(record, 400, plan_of(bundled()))
    judged = failures(record)
    return (patient.values, patient.possible, patient.declined, judged, endpoints(record, judged))


@pytest.mark.parametrize("finding", FACTS.tables["facts"].columns["finding"].words)
def test_fact_is_read_or_told(finding: str) -> None:
    """On a day before the infusion or after it, with lines of therapy or without."""
    values = (FREE[finding],) if finding in FREE else FACTS.facts[finding]
    read = told = False
    for therapies in (True, False):
        without = _answers(_record(therapies=therapies))
        for value in values:
            for day in (-10, 210):
                fact = {"finding": finding, "value": value, "day": day}
                record = _record(fact, therapies=therapies)
                assert record.facts
                told |= any(issue.code == "fact_unread" for issue in record.issues)
                read |= _answers(record) != without
    assert read is not told


def test_vocabulary_is_offered() -> None:
    vocabulary = read_yaml(DATA / "vocabulary.yaml")
    named = vocabulary["facts"].keys() | vocabulary["facts_2"].keys()
    assert named <= set(FACTS.tables["facts"].columns["finding"].words)
    assert set(FREE) | FACTS.facts.keys() >= named
