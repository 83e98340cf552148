"""Observations of a response course."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from tests.support.course_builder import record, serum
from tests.support.loops import some

from rearm.export.fhir import DISEASE_STATUS_PROFILE, response_bundle, response_observations
from rearm.outcome.patient_course import patient_course
from rearm.response.criteria import load_criteria

FALL = {-5: 4.0, 28: 1.0, 56: 0.3, 84: 0.3, 112: 1.2, 140: 1.6}
PATIENT = replace(record(labs=serum(FALL)), patient_id="P-1", day_zero=date(2024, 1, 1))


def test_two_observations_a_visit_the_second_derived_from_the_first() -> None:
    found = response_observations(patient_course(PATIENT))
    assert len(found) == 10
    for ours, status in zip(some(found[::2]), found[1::2], strict=True):
        assert status["derivedFrom"] == [{"reference": f"urn:uuid:{ours['id']}"}]
        assert status["meta"]["profile"] == [DISEASE_STATUS_PROFILE]
        assert status["code"]["coding"][0] == {
            "system": "http://loinc.org",
            "code": "97509-4",
            "display": "Cancer Disease Progression",
        }
        # elements that the profile does not use
        assert (
            not {"component", "hasMember", "referenceRange", "device", "specimen"} & status.keys()
        )
        assert ours["status"] == status["status"] == "preliminary"


def test_categories_criteria_and_day() -> None:
    ours, status = response_observations(patient_course(PATIENT))[:2]
    assert (
        ours["valueCodeableConcept"]["coding"][0]["code"] == "PR"
        and ours["effectiveDateTime"] == "2024-01-29"
    )
    assert ours["subject"] == {"reference": "Patient/P-1", "identifier": {"value": "P-1"}}
    components = {c["code"]["coding"][0]["code"]: c for c in ours["component"]}
    assert (
        components["criteria"]["valueString"] == "imwg-2016"
        and components["day"]["valueInteger"] == 28
    )
    assert components["rule"]["valueString"] == "pr-serum"
    assert status["valueCodeableConcept"]["coding"][0]["code"] == "268910001"


@pytest.mark.parametrize(
    ("series", "code"),
    [
        ({-5: 4.0, 28: 1.0, 56: 1.0}, "268910001"),
        ({-5: 4.0, 28: 4.0, 56: 4.0}, "359746009"),
        ({-5: 4.0, 28: 6.0, 56: 7.0, 84: 8.0}, "271299001"),
        ({28: 4.0}, "709137006"),
    ],
    ids=["improved", "stable", "worsened", "undetermined"],
)
def test_disease_status(series: dict[int, float], code: str) -> None:
    found = response_observations(patient_course(replace(PATIENT, labs=tuple(serum(series)))))
    assert found[-1]["valueCodeableConcept"]["coding"][0]["code"] == code


def test_ids_are_the_same_each_time_and_differ_with_the_criteria() -> None:
    first, again = (response_bundle(patient_course(PATIENT)) for _ in range(2))
    assert json.dumps(first) == json.dumps(again)
    other = response_bundle(patient_course(PATIENT, criteria=load_criteria(A15="ignore")))
    ids = {e["resource"]["id"] for e in first["entry"]}
    assert len(ids) == 10 and not ids & {e["resource"]["id"] for e in other["entry"]}
    assert all(re.fullmatch(r"[A-Za-z0-9\-.]{1,64}", i) for i in ids)


def test_without_a_date_the_day_stands_alone() -> None:
    ours = response_observations(patient_course(replace(PATIENT, day_zero=None)))[0]
    assert (
        "effectiveDateTime" not in ours
        and ours["_effectiveDateTime"]["extension"][0]["valueCode"] == "unknown"
    )


def test_an_id_that_fhir_cannot_hold_is_never_altered() -> None:
    ours = response_observations(patient_course(replace(PATIENT, patient_id="Müller, 7")))[0]
    assert ours["subject"] == {"identifier": {"value": "Müller, 7"}}


def test_no_course_gives_a_bundle_without_entries() -> None:
    assert "entry" not in response_bundle(
        patient_course(replace(record(infusions=[]), patient_id="x"))
    )


def test_results_that_came_as_observations_are_named() -> None:
    from rearm.intake import read

    bundle = Path(__file__).parents[2] / "examples" / "fhir" / "biallelic-bcma-loss.json"
    found = patient_course(read(bundle).records[0])
    known = {
        f"{e['resource']['resourceType']}/{e['resource']['id']}"
        for e in json.loads(bundle.read_text())["entry"]
    }
    named = {x["reference"] for o in response_observations(found)[::2] for x in o["derivedFrom"]}
    assert named and named <= known
