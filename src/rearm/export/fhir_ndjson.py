"""Patients and their response courses as FHIR R4 NDJSON, one file a type, as a bulk export has
them: `Patient.ndjson` and `Observation.ndjson`.

The observations are those of a bundle (see `fhir.py`), with references that hold between files.
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any, TextIO
from uuid import NAMESPACE_URL, uuid5

from rearm.export.fhir import is_fhir_id, response_observations
from rearm.outcome.patient_course import PatientCourse
from rearm.record import Record

__all__ = ["NDJSON_TYPES", "NdjsonFolder", "observations_of", "patient_resource"]

NDJSON_TYPES = ("Patient", "Observation")
_GENDER = {"F": "female", "M": "male"}
_IN_BUNDLE, _BETWEEN_FILES = "urn:uuid:", "Observation/"


def patient_resource(record: Record) -> dict[str, Any]:
    """The patient as FHIR Patient. What is not known is left out: no death on record is no
    statement that he lives.
    """
    found: dict[str, Any] = {
        "resourceType": "Patient",
        "id": _fhir_id(record.patient_id),
        "identifier": [{"value": record.patient_id}],
    }
    if record.sex in _GENDER:
        found["gender"] = _GENDER[record.sex]
    if record.birth_date is not None:
        found["birthDate"] = record.birth_date.isoformat()
    elif record.birth_year is not None:
        found["birthDate"] = f"{record.birth_year:04d}"
    return found | _deceased(record)


def _deceased(record: Record) -> dict[str, Any]:
    if not record.deaths:
        return {}
    day, zero = record.deaths[0].day, record.day_zero
    if day is None or zero is None:
        return {"deceasedBoolean": True}
    return {"deceasedDateTime": (zero + timedelta(days=day)).isoformat()}


def observations_of(found: PatientCourse) -> list[dict[str, Any]]:
    """The observations of a course with references that hold between files."""
    patient = f"Patient/{_fhir_id(found.record.patient_id)}"
    return [
        {
            **resource,
            "subject": {**resource["subject"], "reference": patient},
            **_derived(resource),
        }
        for resource in response_observations(found)
    ]


def _derived(resource: dict[str, Any]) -> dict[str, Any]:
    if "derivedFrom" not in resource:
        return {}
    addresses = (x["reference"] for x in resource["derivedFrom"])
    return {"derivedFrom": [{"reference": _address(address)} for address in addresses]}


def _address(reference: str) -> str:
    if reference.startswith(_IN_BUNDLE):
        return _BETWEEN_FILES + reference.removeprefix(_IN_BUNDLE)
    return reference


def _fhir_id(patient_id: str) -> str:
    """The id of the input where it can be one in FHIR, else one made from it."""
    if is_fhir_id(patient_id):
        return patient_id
    return str(uuid5(NAMESPACE_URL, f"rearm|patient|{patient_id}"))


class NdjsonFolder:
    """Writes one file a type, patient by patient; the files appear whole when `finish` is called.
    Used as a context it removes what is not finished, whatever happens.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.counts: Counter[str] = Counter()
        self._work = tempfile.TemporaryDirectory(dir=folder, prefix=".rearm-")
        self._files: dict[str, TextIO] = {}

    def __enter__(self) -> NdjsonFolder:
        for kind in NDJSON_TYPES:
            self._files[kind] = self._path(kind).open("w", encoding="utf-8", newline="\n")
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files.values():
            file.close()
        self._work.cleanup()

    def add(self, found: PatientCourse) -> None:
        # all lines are made before one is written: a patient is there whole or not at all
        resources = [patient_resource(found.record), *observations_of(found)]
        lines = [
            (x["resourceType"], json.dumps(x, ensure_ascii=False, separators=(",", ":")))
            for x in resources
        ]
        for kind, line in lines:
            self._files[kind].write(line + "\n")
            self.counts[kind] += 1

    def finish(self) -> tuple[Path, ...]:
        """The files, in their place."""
        for file in self._files.values():
            file.close()
        return tuple(
            self._path(kind).replace(self.folder / f"{kind}.ndjson") for kind in NDJSON_TYPES
        )

    def _path(self, kind: str) -> Path:
        return Path(self._work.name) / f"{kind}.ndjson"
