"""The example patients: files that are up to date, and both formats of a patient that tell the
same.
"""

from __future__ import annotations

import copy
import importlib.util
import json
from collections import Counter
from functools import cache
from types import ModuleType
from typing import Any

import pytest
from msgspec import Struct
from tests.support.loops import some
from tests.support.places import DATA, ROOT
from tests.support.record_told import told
from tests.support.yaml_files import read_yaml

import rearm
from rearm.assessment.result import AvailabilityResult
from rearm.demo.write.fhir_resources import bundle
from rearm.intake import read, read_tables
from rearm.intake.fhir.read import read_fhir
from rearm.record import EVENT_FIELDS, Record

EXAMPLES = ROOT / "examples"


@cache
def script(name: str) -> ModuleType:
    return importlib.import_module(f"scripts.{name}")


@cache
def patients() -> dict[str, Any]:
    return {p.id: p for p in (make() for make in script("example_patients").PATIENTS)}


@cache
def from_tables() -> dict[str, Record]:
    return {r.patient_id: r for r in read(EXAMPLES / "tables").records}


@cache
def from_fhir() -> dict[str, Record]:
    return {r.patient_id: r for r in read(EXAMPLES / "fhir").records}


def test_the_files_are_those_that_the_script_writes() -> None:
    expected = dict(script("make_examples").example_files())
    there = {
        str(p.relative_to(EXAMPLES)): p.read_text("utf-8")
        for folder in ("tables", "fhir")
        for p in sorted((EXAMPLES / folder).iterdir())
    }
    stale = [
        name for name in expected.keys() | there.keys() if expected.get(name) != there.get(name)
    ]
    assert not stale, f"run scripts/make_examples.py: {', '.join(sorted(stale))}"


def test_eleven_patients_in_both_formats() -> None:
    assert len(patients()) == 11
    assert from_tables().keys() == from_fhir().keys() == patients().keys()


@pytest.mark.parametrize("patient_id", [f"SYN-{i:02d}" for i in range(1, 12)])
def test_both_formats_tell_the_same(patient_id: str) -> None:
    assert told(from_tables()[patient_id]) == told(from_fhir()[patient_id])


def without_places(value: Any) -> Any:
    """An assessment as plain values, without the places in the input that its statements rest on
    and the spelling of values there.
    """
    if isinstance(value, Struct):
        of_the_label = isinstance(value, AvailabilityResult)
        places = ("as_given",) if of_the_label else ("as_given", "row", "rows")
        return {
            name: without_places(getattr(value, name))
            for name in value.__struct_fields__
            if name not in places
        }
    if isinstance(value, list | tuple):
        return [without_places(v) for v in value]
    if isinstance(value, dict):
        return {name: without_places(v) for name, v in value.items()}
    return value


@pytest.mark.parametrize("patient_id", [f"SYN-{i:02d}" for i in range(1, 12)])
def test_both_formats_give_the_same_assessment(patient_id: str) -> None:
    table, fhir = (rearm.assess(records[patient_id]) for records in (from_tables(), from_fhir()))
    assert without_places(table) == without_places(fhir)
    assert table.rows != fhir.rows
    assert table.options or table.failures[0].status == "not_failed"


@pytest.mark.parametrize("patient_id", [f"SYN-{i:02d}" for i in range(1, 12)])
def test_nothing_in_the_examples_is_set_aside(patient_id: str) -> None:
    for record in (from_tables()[patient_id], from_fhir()[patient_id]):
        assert [(i.code, i.message) for i in record.issues] == []
        assert record.set_aside == ()
        rows = {name: len(rows) for name, rows in patients()[patient_id].tables.items()}
        assert (len(record.labs), len(record.variants), len(record.therapies)) == (
            rows["labs"],
            rows.get("variants", 0),
            rows["therapies"],
        )


def test_every_bundle_says_that_it_is_invented() -> None:
    for path in some(sorted((EXAMPLES / "fhir").glob("*.json"))):
        tags = json.loads(path.read_text("utf-8"))["meta"]["tag"]
        assert {t["code"] for t in tags} == {"HTEST", "synthetic"}


def test_expected_verdicts_name_the_patients_there_are() -> None:
    expected = read_yaml(EXAMPLES / "expected.yaml")
    named = {p["id"] for p in (expected if isinstance(expected, list) else expected["patients"])}
    assert named <= patients().keys() | {p.slug for p in patients().values()}


# One row of every table and most columns: what the examples do not hold.
EVERYTHING: dict[str, list[dict[str, Any]]] = {
    "patients": [{"patient_id": "P", "sex": "F", "birth_date": "1961-02-03",
    "day_zero": "2024-03-04", "diagnosis_day": -900, "heavy_chain": "IgG;IgA",
    "light_chain": "kappa", "last_seen_day": 400}],
    "labs": [
        {"patient_id": "P", "day": 90, "test": "mrd", "value": "negative", "specimen": "marrow",
         "method": "NGF", "sensitivity": 0.00001, "cells_counted": 2000000, "reported_day": 97},
        {"patient_id": "P", "day": 90, "test": "serum_m_protein", "value": "<0.1", "unit": "g/dL",
         "time": "08:30", "nominal_day": 91, "ref_low": 0, "ref_high": 0.1},
        {"patient_id": "P", "day": 91, "test": "serum_immunofixation", "value": "positive",
         "isotype": "IgG kappa;IgM lambda"},
        {"patient_id": "P", "day": 92, "test": "igg", "value": 0.9, "unit": "g/L",
         "status": "preliminary"},
        {"patient_id": "P", "day": 93, "test": "calcium_corrected", "value": 2.4, "unit": "mmol/L"},
        {"patient_id": "P", "day": 93, "test": "car_t_cells_flow", "value": 12, "unit": "/uL"},
    ],
    "therapies": [
        {"patient_id": "P", "line": 1, "regimen": "VRd", "best_response": "PR",
         "progression_on": "no", "stop_reason": "toxicity"},
        {"patient_id": "P", "purpose": "radiotherapy", "start_day": -30, "end_day": -20},
        {"patient_id": "P", "agents": "talquetamab", "purpose": "salvage", "start_day": 300},
        {"patient_id": "P", "agents": "pomalidomide;dexamethasone", "after_infusion": 1},
    ],
    "infusions": [
        {"patient_id": "P", "day": 0, "product": "Abecma", "apheresis_days": "-50;-49",
         "in_specification": "no", "construct": "murine scFv"},
        {"patient_id": "P", "product": "Carvykti", "infused": "no", "reason": "progression",
         "apheresis_days": "200"},
    ],
    "assessments": [{"patient_id": "P", "day": 28, "response": "VGPR", "by": "committee",
    "basis": "visit", "nominal_day": 30, "pattern": "biochemical"},
    {"patient_id": "P", "day": 280, "response": "PD"}],
    "refractoriness": [{"patient_id": "P", "day": -60, "agent_or_class": "IMiD",
    "status": "refractory", "by": "team"}],
    "variants": [
        {"patient_id": "P", "day": 290, "gene": "BRAF", "change": "p.Val600Glu", "kind": "snv",
         "result": "present", "vaf": 0.31, "reported_day": 300},
        {"patient_id": "P", "day": 290, "gene": "17p13", "kind": "deletion", "result": "absent",
         "specimen": "marrow CD138+", "site": "marrow", "assay": "FISH"},
    ],
    "imaging": [
        {"patient_id": "P", "day": 290, "method": "MRI", "result": "positive", "lesion": "L1",
         "kind": "paraskeletal", "contiguous_with_bone": "yes", "length_mm": 41.5, "spd_mm2": 900,
         "new": "yes", "reported_day": 292},
        {"patient_id": "P", "day": 291, "method": "PET-CT", "result": "negative"},
    ],
    "toxicities": [{"patient_id": "P", "day": 4, "toxicity": "crs", "grade": 2, "end_day": 9},
    {"patient_id": "P", "toxicity": "icans", "grade": 0}],
    "conditions": [
        {"patient_id": "P", "day": 295, "condition": "anaemia", "status": "present", "grade": 2,
         "end_day": 300, "attributed_to_myeloma": "yes"},
        {"patient_id": "P", "day": 295, "condition": "hepatitis_b", "status": "absent"},
        {"patient_id": "P", "day": 20, "condition": "active_infection", "status": "resolved"},
    ],
    "facts": [{"patient_id": "P", "day": 300, "finding": "goals_of_care",
    "value": "disease_control", "by": "patient"}],
    "deaths": [{"patient_id": "P", "day": 400, "cause": "myeloma"}],
}  # fmt: skip


def bundle_of(tables: dict[str, Any]) -> bytes:
    content = bundle(tables, name="p", tag="test")
    return json.dumps(content).encode()


def test_every_table_goes_through_fhir_unchanged() -> None:
    table, fhir = read_tables(EVERYTHING).records[0], read_fhir(bundle_of(EVERYTHING)).records[0]
    assert told(table) == told(fhir)
    assert Counter(i.code for i in table.issues) == Counter(i.code for i in fhir.issues)
    assert all(getattr(fhir, name) for name in EVENT_FIELDS)


@pytest.mark.parametrize(
    "vignette",
    read_yaml(DATA / "vignettes.yaml"),
    ids=lambda v: v["id"],
)
def test_a_vignette_goes_through_fhir_unchanged(vignette: dict[str, Any]) -> None:
    tables = copy.deepcopy(vignette["tables"])
    tables["patients"][0].setdefault("day_zero", "2024-03-04")
    assert told(read_tables(tables).records[0]) == told(read_fhir(bundle_of(tables)).records[0])
