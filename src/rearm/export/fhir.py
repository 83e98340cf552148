"""Response courses as FHIR R4: for each visit our Observation of the IMWG response, and mCODE's
disease status derived from it.

mCODE's disease status knows improved, stable, worsened and undetermined only, and takes no
components; so the IMWG category, the version of the criteria and the rule stand in an Observation
of our own, to which the other points (`derivedFrom`). Both are preliminary: they were computed and
nobody has signed them. Ids are made from patient, start, day and criteria, so the same course gives
the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import rearm
from rearm.outcome.course_words import visit_words
from rearm.outcome.patient_course import PatientCourse
from rearm.record import When
from rearm.response.score import Visit

__all__ = [
    "DISEASE_STATUS_PROFILE",
    "is_fhir_id",
    "response_bundle",
    "response_observations",
    "subject_of",
]

SYSTEM = (  # category; `urn:rearm:response-observation` codes what is observed
    "urn:rearm:imwg-response"
)
_CODES = "urn:rearm:response-observation"
DISEASE_STATUS_PROFILE = (
    "http://hl7.org/fhir/us/mcode/StructureDefinition/mcode-cancer-disease-status"
)
_DISPLAY = {
    "sCR": "stringent complete response",
    "CR": "complete response",
    "VGPR": "very good partial response",
    "PR": "partial response",
    "MR": "minimal response",
    "SD": "stable disease",
    "PD": "progressive disease",
    "NE": "not evaluable",
}
_STATUS = {
    **dict.fromkeys(
        ("sCR", "CR", "VGPR", "PR", "MR"), ("268910001", "Patient's condition improved (finding)")
    ),
    "SD": ("359746009", "Patient's condition stable (finding)"),
    "PD": ("271299001", "Patient's condition worsened (finding)"),
    "NE": ("709137006", "Patient condition undetermined (finding)"),
}
_FHIR_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_NOTE = "Computed from recorded results by the criteria named; not verified by a clinician."
_ABSENT = {
    "extension": [
        {
            "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
            "valueCode": "unknown",
        }
    ]
}


def response_bundle(found: PatientCourse) -> dict[str, Any]:
    """A collection Bundle of all observations of the course; without a course an empty one."""
    entries = [
        {"fullUrl": f"urn:uuid:{r['id']}", "resource": r} for r in response_observations(found)
    ]
    bundle: dict[str, Any] = {
        "resourceType": "Bundle",
        "id": _id(found, "bundle", found.start or 0),
        "type": "collection",
    }
    return bundle | ({"entry": entries} if entries else {})


def response_observations(found: PatientCourse) -> list[dict[str, Any]]:
    """Two Observations for each visit: ours, then mCODE's disease status. The status is the
    confirmed response so far (PD stays PD).
    """
    return [resource for visit in found.visits for resource in _pair(found, visit)]


def _pair(found: PatientCourse, visit: Visit) -> Iterable[dict[str, Any]]:
    confirmed = "NE" if visit.confirmed == "BL" else visit.confirmed
    shared = {
        "status": "preliminary",
        "subject": subject_of(found.record.patient_id),
        **_effective(found, visit.when),
    }
    ours = _id(found, "imwg-response", visit.day)
    components = [
        _component(
            "response-before-confirmation",
            "Response before confirmation",
            valueCodeableConcept=_category(visit.response),
        ),
        _component(
            "criteria", "Version and parameters of the criteria", valueString=str(found.criteria)
        ),
        _component("rule", "Rule that decided", valueString=visit.rule),
        _component("day", "Day on the patient's axis", valueInteger=visit.day),
    ]
    components += [
        _component("missing", "What was missing", valueString=text) for text in visit.missing
    ]
    yield {
        "resourceType": "Observation",
        "id": ours,
        **shared,
        "code": {
            "coding": [
                {
                    "system": _CODES,
                    "code": "confirmed-response",
                    "display": "Confirmed IMWG response at this visit",
                }
            ],
            "text": "Confirmed IMWG response",
        },
        "valueCodeableConcept": _category(confirmed),
        "note": [{"text": visit_words(visit)}, {"text": _NOTE}],
        "method": {"text": f"IMWG criteria, {found.criteria}"},
        "device": {"display": f"Rearm {rearm.__version__}"},
        **_sources(visit),
        "component": components,
    }
    code, display = _STATUS[confirmed]
    yield {
        "resourceType": "Observation",
        "id": _id(found, "disease-status", visit.day),
        "meta": {"profile": [DISEASE_STATUS_PROFILE]},
        **shared,
        "code": {
            "coding": [
                {
                    "system": "http://loinc.org",
                    "code": "97509-4",
                    "display": "Cancer Disease Progression",
                }
            ]
        },
        "valueCodeableConcept": {
            "coding": [{"system": "http://snomed.info/sct", "code": code, "display": display}]
        },
        "note": [{"text": _NOTE}],
        "derivedFrom": [{"reference": f"urn:uuid:{ours}"}],
    }


def _id(found: PatientCourse, kind: str, day: int) -> str:
    return str(
        uuid5(
            NAMESPACE_URL,
            "|".join(
                (
                    "rearm",
                    found.record.patient_id,
                    str(found.start),
                    str(day),
                    str(found.criteria),
                    kind,
                )
            ),
        )
    )


def _sources(visit: Visit) -> dict[str, Any]:
    """`derivedFrom` the results that were read, where they came as FHIR Observations."""
    labs = visit.results.labs.values()
    places = dict.fromkeys(
        x.source.place for x in labs if x.source.place.startswith("Observation/")
    )
    return {"derivedFrom": [{"reference": place} for place in places]} if places else {}


def subject_of(patient_id: str) -> dict[str, Any]:
    """A reference where the id can be one in FHIR; else only the identifier, since ids are never
    altered.
    """
    subject: dict[str, Any] = {"identifier": {"value": patient_id}}
    return {"reference": f"Patient/{patient_id}", **subject} if is_fhir_id(patient_id) else subject


def is_fhir_id(text: str) -> bool:
    """Whether a text can be the id of a resource."""
    return _FHIR_ID.fullmatch(text) is not None


def _effective(found: PatientCourse, when: When) -> dict[str, Any]:
    zero = found.record.day_zero
    if zero is None:
        return {"_effectiveDateTime": _ABSENT}  # only the day on the patient's axis is known
    if when.day is not None:
        return {"effectiveDateTime": (zero + timedelta(days=when.day)).isoformat()}
    ends = {"start": when.first, "end": when.last}
    known = {name: day for name, day in ends.items() if day is not None}
    return {
        "effectivePeriod": {
            name: (zero + timedelta(days=day)).isoformat() for name, day in known.items()
        }
    }


def _category(response: str) -> dict[str, Any]:
    return {
        "coding": [{"system": SYSTEM, "code": response, "display": _DISPLAY[response]}],
        "text": response,
    }


def _component(code: str, text: str, **value: Any) -> dict[str, Any]:
    return {
        "code": {"coding": [{"system": _CODES, "code": code, "display": text}], "text": text},
        **value,
    }
