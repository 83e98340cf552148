"""What a card needs of a patient: asked for by prefetch templates, taken in the forms in which a
record system may answer, and read from it where it sent a token and left something out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from rearm.board.exchange.asking import NotAnswered
from rearm.board.exchange.fhir_search import FhirServer, Found, entries_of, next_link
from rearm.board.refusals import Refusal
from rearm.knowledge.bundle import bundled

__all__ = ["MAY_TELL_OF_CAR_T", "REQUIRED", "Gathered", "WrongPatient", "gather", "templates"]

REQUIRED = ("patient", "labs", "conditions", "procedures", "administrations")
"""Without these nothing can be said; the others only add to it."""

MAY_TELL_OF_CAR_T = frozenset({"procedures", "administrations", "statements"})
"""Where an infusion would stand."""

_SUBJECTS = ("subject", "patient")
_PATIENT = "{{context.patientId}}"
_PLACES = {
    "patient": "the patient",
    "labs": "laboratory results",
    "genomics": "genetic results",
    "tumours": "tumours",
    "conditions": "diagnoses",
    "procedures": "procedures",
    "administrations": "medication given",
    "statements": "medication stated",
}


class NotComplete(Refusal):
    """What a card can't do without was not sent, and may not be read."""

    status = 412


class WrongPatient(Refusal):
    """A resource is of somebody else than the patient who was asked about."""

    status = 400


class NoPrefetch(Refusal):
    """A prefetched value is nothing that FHIR knows."""

    status = 400


@dataclass(slots=True)
class Gathered:
    """What is at hand of a patient. `incomplete`: by key, why some of it may be missing."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    incomplete: dict[str, str] = field(default_factory=dict)

    def bundle(self) -> dict[str, Any]:
        """All of it in one Bundle, each resource once."""
        once: dict[str, dict[str, Any]] = {}
        for number, entry in enumerate(self.entries):
            resource = entry["resource"]
            kind, name = resource.get("resourceType"), resource.get("id")
            once.setdefault(f"{kind}/{name}" if name else f"entry {number}", entry)
        entries = [{k: x[k] for k in ("fullUrl", "resource") if k in x} for x in once.values()]
        return {"resourceType": "Bundle", "type": "collection", "entry": entries}

    def sentences(self) -> tuple[str, ...]:
        """What may be missing, and why, each a sentence."""
        told = ((_PLACES[key], why) for key, why in self.incomplete.items())
        return tuple(f"{what[0].upper()}{what[1:]}: {why}." for what, why in told)


@cache
def templates() -> Mapping[str, str]:
    """The prefetch templates, by key."""
    codes = bundled().fhir_codes.loinc
    tests = {
        code.code
        for test in bundled().lab_tests.values()
        for code in test.loinc
        if code.role != "not_read"
    }
    of = f"patient={_PATIENT}"
    newest = "_sort=-date&_count=1000"
    return {
        "patient": f"Patient/{_PATIENT}",
        "labs": f"Observation?{of}&code={','.join(sorted(tests))}&{newest}",
        "genomics": f"Observation?{of}&code={codes['variant']}",
        "tumours": f"Observation?{of}&code={codes['tumour_size']},{codes['disease_status']}",
        "conditions": f"Condition?{of}",
        "procedures": f"Procedure?{of}",
        "administrations": f"MedicationAdministration?{of}",
        "statements": f"MedicationStatement?{of}",
    }


def gather(patient: str, prefetch: Mapping[str, Any], server: FhirServer | None) -> Gathered:
    """What is known of a patient from what was prefetched, and from the server for what was not.
    `server` is None where nothing may be read.

    Raises NotComplete where what is required is neither here nor to be read, and WrongPatient.
    """
    missing = [key for key in REQUIRED if key not in prefetch]
    if missing and server is None:
        raise NotComplete(
            f"The prefetched data lack {', '.join(missing)}, and no access to FHIR was given. "
            "Send them, or an access token."
        )
    found = Gathered()
    for key in templates():
        part = _part(key, patient, prefetch, server)
        found.entries += part.entries
        if part.incomplete:
            found.incomplete[key] = part.incomplete
    for entry in found.entries:
        _check_subject(entry["resource"], patient)
    _check_patient(found, prefetch, patient)
    return found


def _part(key: str, patient: str, prefetch: Mapping[str, Any], server: FhirServer | None) -> Found:
    if key not in prefetch:
        return _read(key, patient, server)
    value = prefetch[key]
    if value is None:  # asked, and there is none
        return Found()
    kind = value.get("resourceType") if isinstance(value, dict) else None
    if kind == "OperationOutcome":  # asked, and refused: it is not asked again
        return Found(incomplete="the record system answered with an error")
    if kind != "Bundle":
        if not isinstance(kind, str):
            raise NoPrefetch(f"The prefetched {key} is no FHIR resource.")
        return Found(entries=[{"resource": value}])
    if value.get("type") != "searchset":
        raise NoPrefetch(f"The prefetched {key} is a Bundle, but no searchset.")
    if next_link(value) is None:
        return Found(entries=entries_of(value), incomplete=_told_by_entries(value))
    if server is None:
        return Found(entries=entries_of(value), incomplete="only the first page was sent")
    return server.further(value)


def _told_by_entries(page: Mapping[str, Any]) -> str:
    total, entries = page.get("total"), entries_of(dict(page))
    matches = [x for x in entries if _mode(x) == "match"]
    if isinstance(total, int) and total > len(matches):
        return f"{total} were found and {len(matches)} were sent"
    return ""


def _mode(entry: Mapping[str, Any]) -> str:
    search = entry.get("search")
    return str(search.get("mode", "match")) if isinstance(search, dict) else "match"


def _read(key: str, patient: str, server: FhirServer | None) -> Found:
    if server is None:
        return Found(incomplete="not sent")
    asked = templates()[key].replace(_PATIENT, patient)
    try:
        if "?" not in asked:
            return Found(entries=[{"resource": server.read(asked)}])
        return server.search(asked)
    except NotAnswered:
        return Found(incomplete="could not be read")


def _check_subject(resource: Mapping[str, Any], patient: str) -> None:
    if resource.get("resourceType") == "Patient":
        subjects = [f"Patient/{resource.get('id')}"]
    else:
        subjects = list(_subjects(resource))
    for subject in subjects:
        named = subject.split("/_history/", 1)[0]
        if named != f"Patient/{patient}" and not named.endswith(f"/Patient/{patient}"):
            raise WrongPatient(
                "A resource is of another patient than the one in the context. Nothing is read."
            )


def _subjects(resource: Mapping[str, Any]) -> Iterator[str]:
    for name in _SUBJECTS:
        reference = resource.get(name)
        if isinstance(reference, dict):
            address = reference.get("reference")
            yield address if isinstance(address, str) else ""


def _check_patient(found: Gathered, prefetch: Mapping[str, Any], patient: str) -> None:
    """The patient must be there: all else is read as that patient's."""
    kinds = [x["resource"].get("resourceType") for x in found.entries]
    if kinds.count("Patient") > 1:
        raise WrongPatient("More than one patient was sent. Nothing is read.")
    if "Patient" not in kinds and "patient" not in found.incomplete:
        found.incomplete["patient"] = "not sent"
