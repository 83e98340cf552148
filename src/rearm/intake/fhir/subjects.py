"""Whose a resource is: the elements that name a subject, and the ways to name one."""

from __future__ import annotations

from urllib.parse import parse_qs

from rearm.intake.fhir.element import Element

__all__ = [
    "MEDICATION",
    "OF_A_PATIENT",
    "READ_WITH_OTHERS",
    "SUBJECTS",
    "TYPES_READ",
    "Identifier",
    "identifiers_of",
    "named_identifier",
    "without_version",
]

SUBJECTS = ("subject", "patient", "for", "beneficiary")
MEDICATION = (
    "MedicationAdministration",
    "MedicationStatement",
    "MedicationRequest",
    "MedicationDispense",
    "Procedure",
)
# What happened to a patient: read only where it says whose it is.
OF_A_PATIENT = frozenset({"Observation", "Condition", "AdverseEvent", *MEDICATION})
# What other resources refer to or are held by, and whose the rest is.
READ_WITH_OTHERS = (
    "Patient",
    "Specimen",
    "Medication",
    "BodyStructure",
    "DiagnosticReport",
    "OperationOutcome",
)
TYPES_READ = OF_A_PATIENT.union(READ_WITH_OTHERS)
Identifier = tuple[str | None, str | None]  # system and value


def identifiers_of(resource: Element) -> set[Identifier]:
    """The identifiers that a resource has."""
    return {(x.text("system"), x.text("value")) for x in resource.children("identifier")}


def named_identifier(reference: Element) -> Identifier | None:
    """The identifier by which a reference names its target: in the element, or in a conditional
    reference (`Patient?identifier=system|value`). None where it names it by address, or not at all.
    """
    address = reference.text("reference")
    if address is not None:
        _, mark, query = address.partition("?")
        wanted = parse_qs(query).get("identifier", []) if mark else []
        if len(wanted) != 1:
            return None
        system, bar, value = wanted[0].rpartition("|")
        return (system or None) if bar else None, value
    identifier = reference.child("identifier")
    return (identifier.text("system"), identifier.text("value")) if identifier else None


def without_version(address: str) -> str:
    """The address without the version behind it."""
    return address.split("/_history/", 1)[0]
