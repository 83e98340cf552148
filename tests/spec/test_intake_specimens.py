"""A result counts only in the material that its test is measured in."""

from __future__ import annotations

from typing import Any

import pytest

from rearm.assessment.patient import patient_at
from rearm.assessment.planner import plan_of
from rearm.intake import read_tables
from rearm.knowledge.bundle import bundled
from rearm.record import Record

SPECIMENS = ("serum", "blood", "urine", "urine_24h", "marrow", "csf", "lesion_biopsy")
SAME = {"serum": "blood", "urine_24h": "urine"}
TESTS = bundled().lab_tests


def _labs(*rows: dict[str, Any]) -> Record:
    labs: list[dict[str, Any]] = [{"patient_id": "A", "day": 5} | row for row in rows]
    patients: list[dict[str, Any]] = [{"patient_id": "A"}]
    return read_tables({"patients": patients, "labs": labs}).records[0]


def _value(test_id: str) -> dict[str, Any]:
    test = TESTS[test_id]
    if test.kind == "word":
        return {"value": next(iter(test.words))}
    return {"value": (test.soft[0] + test.soft[1]) / 2, "unit": test.unit}


@pytest.mark.parametrize("test_id", TESTS)
def test_each_test_in_each_specimen(test_id: str) -> None:
    test = TESTS[test_id]
    own = {SAME.get(test.specimen or "", test.specimen), *test.also_in} - {None}
    record = _labs(*({"test": test_id, "specimen": x} | _value(test_id) for x in SPECIMENS))
    used = {x.specimen for x in record.labs}
    fitting = {
        x for x in SPECIMENS if not own or x in own or SAME.get(x, x) in own - {*test.also_in}
    }
    assert used == fitting
    assert {x.specimen for x in record.set_aside} == set(SPECIMENS) - fitting
    # where the id is an alias too, the name does not mean this test there
    codes = {"specimen_not_of_test", "unknown_test"}
    assert sum(i.code in codes for i in record.issues) == len(record.set_aside)


@pytest.mark.parametrize("name", ["Calcium", "calcium", "17861-6"])
@pytest.mark.parametrize(
    ("specimen", "value"), [("Urin", None), ("csf", None), ("Plasma", True), (None, True)]
)
def test_calcium_of_urine_is_no_hypercalcaemia(
    name: str, specimen: str | None, value: bool | None
) -> None:
    record = _labs({"test": name, "value": 3.6, "unit": "mmol/L", "specimen": specimen})
    found = patient_at(record, 5, plan_of(bundled())).found["hypercalcaemia"]
    assert bool(record.labs) is (value is True)
    assert not (found.value is True and value is None)


def test_reason_says_where_it_is_measured() -> None:
    record = _labs({"test": "mrd", "value": "negative", "specimen": "blood"})
    assert record.labs == ()
    assert "entered for the specimen blood" in record.issues[0].message
    assert "measured in marrow" in record.issues[0].message
