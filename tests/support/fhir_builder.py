"""Small FHIR bundles for tests: a patient with one CAR-T infusion, and whatever resources a test
adds.
"""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from rearm.intake import Reading
from rearm.intake.fhir.read import read_fhir
from rearm.record import Record

Json = dict[str, Any]

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
UCUM = "http://unitsofmeasure.org"
SUBJECT = {"reference": "Patient/p1"}
TODAY = date(2026, 1, 1)


def patient(**more: Any) -> Json:
    return {
        "resourceType": "Patient",
        "id": "p1",
        "gender": "female",
        "birthDate": "1961-05-02",
        **more,
    }


def infusion(**more: Any) -> Json:
    return {
        "resourceType": "MedicationAdministration",
        "id": "car-t",
        "status": "completed",
        "medicationCodeableConcept": {"text": "idecabtagene vicleucel"},
        "subject": SUBJECT,
        "effectiveDateTime": "2024-03-04",
        **more,
    }


def code(system: str, value: str, display: str | None = None) -> Json:
    return {
        "coding": [{"system": system, "code": value, **({"display": display} if display else {})}]
    }


def quantity(value: Any, unit: str | None = "g/dL", **more: Any) -> Json:
    return {
        "value": value,
        **({"unit": unit, "system": UCUM, "code": unit} if unit else {}),
        **more,
    }


def m_protein(identifier: str = "m1", value: float = 1.2, **more: Any) -> Json:
    return {
        "resourceType": "Observation",
        "id": identifier,
        "status": "final",
        "code": code(
            LOINC,
            "33358-3",
            "Protein.monoclonal [Mass/volume] in Serum or Plasma by Electrophoresis",
        ),
        "subject": SUBJECT,
        "effectiveDateTime": "2024-05-13",
        "valueQuantity": quantity(value),
        **more,
    }


def agent(
    identifier: str, medication: Json, kind: str = "MedicationStatement", **more: Any
) -> Json:
    return {
        "resourceType": kind,
        "id": identifier,
        "status": "completed",
        "medicationCodeableConcept": medication,
        "subject": SUBJECT,
        "effectivePeriod": {"start": "2023-01-02", "end": "2023-06-30"},
        **more,
    }


def bundle(*resources: Json, kind: str = "collection", **more: Any) -> Json:
    entries = [
        {"fullUrl": f"https://example.org/fhir/{r['resourceType']}/{r['id']}", "resource": r}
        for r in resources
    ]
    return {"resourceType": "Bundle", "type": kind, "entry": entries, **more}


def read_text(text: str | bytes) -> Reading:
    return read_fhir(text.encode() if isinstance(text, str) else text, today=TODAY, name="p.json")


def record_of(*resources: Json) -> Record:
    """The record of a patient with an infusion and these resources."""
    return read_text(json.dumps(bundle(patient(), infusion(), *resources))).records[0]


def without(resource: Json, *keys: str) -> Json:
    return {k: v for k, v in resource.items() if k not in keys}


def codes(record: Record) -> set[str]:
    """The codes of the record's issues, without the choice of day 0."""
    return {issue.code for issue in record.issues} - {"day_zero_chosen"}
