"""One patient of a record system, read whole: everything that the readers of FHIR understand."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from rearm.board.exchange.asking import NotAnswered
from rearm.board.exchange.fhir_search import FhirServer
from rearm.board.refusals import NotUsable

__all__ = ["SEARCHED", "read_patient"]

SEARCHED = (
    "Observation",
    "Condition",
    "Procedure",
    "MedicationAdministration",
    "MedicationStatement",
    "DiagnosticReport",
    "AdverseEvent",
)
"""Types of resources, each by a search for the patient."""

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_BY_SUBJECT = ("AdverseEvent",)  # has no search parameter `patient` in R4
_COUNT = 200  # resources of a page


def read_patient(server: FhirServer, patient: str) -> bytes:
    """A Bundle with the patient and all that a search finds, the same bytes for the same data. What
    could not be read stands in it as an OperationOutcome, which the reader tells of.

    Raises NotAnswered where the patient can't be read, NotUsable where it is another.
    """
    if not _ID.fullmatch(patient):
        raise NotUsable("The record system names a patient by something that is no id of FHIR.")
    who = server.read(f"Patient/{patient}")
    if who.get("resourceType") != "Patient" or who.get("id") != patient:
        raise NotUsable("The record system answered with another patient than it opened.")
    resources = {_key(who): _bare(who)}
    troubles: list[dict[str, Any]] = []
    for kind in SEARCHED:
        name = "subject" if kind in _BY_SUBJECT else "patient"
        try:
            found = server.search(f"{kind}?{name}={patient}&_count={_COUNT}")
        except NotAnswered:
            troubles.append(_trouble(f"{kind} could not be read"))
            continue
        for entry in found.entries:
            resource = entry["resource"]
            if resource.get("resourceType") == "OperationOutcome":
                troubles.append(resource)
            else:
                resources.setdefault(_key(resource), _bare(resource))
        if found.incomplete:
            troubles.append(_trouble(f"{kind}: {found.incomplete}"))
    entries = [{"resource": resources[key]} for key in sorted(resources)]
    entries += [{"resource": x} for x in troubles]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    return msgspec.json.encode(bundle, order="sorted")


def _key(resource: dict[str, Any]) -> str:
    return f"{resource.get('resourceType')}/{resource.get('id') or id(resource)}"


def _bare(resource: dict[str, Any]) -> dict[str, Any]:
    """The resource without its narrative, which is never read."""
    return {name: value for name, value in resource.items() if name != "text"}


def _trouble(why: str) -> dict[str, Any]:
    issue = {"severity": "error", "code": "incomplete", "diagnostics": why}
    return {"resourceType": "OperationOutcome", "issue": [issue]}
