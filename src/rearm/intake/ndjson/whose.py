"""Whose a resource of an export is, and what of no patient it refers to."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rearm.characters import first_harmful
from rearm.intake.fhir.element import Element
from rearm.intake.fhir.subjects import SUBJECTS, Identifier, named_identifier, without_version

__all__ = ["SHARED", "names_of", "needs_of", "patient_of", "server_of", "subjects_of", "usable_id"]

# What several patients' resources may refer to; without a subject it is given to all of these.
SHARED = frozenset({"Medication", "Specimen", "BodyStructure"})
_NEEDS = ("medicationReference", "specimen")  # elements that may refer to it
_NEEDS_MANY = ("focus",)
_NO_ID = re.compile(r"[/?#]")
_URNS = ("urn:uuid:", "urn:oid:")


def subjects_of(resource: Element) -> list[tuple[str, Element]]:
    """The elements of a resource that say whose it is, by their names."""
    data = resource.data
    return [(key, resource.child(key)) for key in SUBJECTS if isinstance(data.get(key), dict)]


def patient_of(reference: Element) -> str | Identifier | None:
    """The patient that a reference names: by id, or by an identifier of the patient. None where it
    names something else, or nobody.
    """
    if reference.text("type") not in (None, "Patient"):
        return None
    address = reference.text("reference")
    identifier = named_identifier(reference)
    if identifier is not None:
        kind = "Patient" if address is None else address.partition("?")[0].rpartition("/")[2]
        return identifier if kind == "Patient" and identifier[1] is not None else None
    if address is None or "?" in address:
        return None
    address = without_version(address)
    for urn in _URNS:
        if address.startswith(urn):
            return usable_id(address.removeprefix(urn))
    before, mark, patient_id = address.rpartition("Patient/")
    return usable_id(patient_id) if mark and (not before or before.endswith("/")) else None


def usable_id(text: str | None) -> str | None:
    """An id by which a patient can be told from others; None where characters of it would be
    replaced, as two ids could become one, or where a reference with it would say something else.
    """
    if text is None or not text.strip() or _NO_ID.search(text) or first_harmful(text):
        return None
    return text.strip()


def server_of(reference: Element) -> str | None:
    """The server of an absolute address of a patient; None for any other reference."""
    before, mark, _ = (reference.text("reference") or "").rpartition("Patient/")
    return before or None if mark else None


def names_of(kind: str, resource: Element) -> Iterator[str]:
    """The names by which a resource of no patient can be referred to."""
    if (identity := resource.text("id")) is not None:
        yield f"{kind}/{identity}"
        yield from (f"{urn}{identity}" for urn in _URNS)
    for identifier in resource.children("identifier"):
        if (value := identifier.text("value")) is not None:
            yield f"{kind}?{value}"


def needs_of(resource: Element) -> Iterator[str]:
    """The names of what a resource refers to, as far as that may be of no patient."""
    data = resource.data
    references = [resource.child(key) for key in _NEEDS if isinstance(data.get(key), dict)]
    for key in _NEEDS_MANY:
        if isinstance(data.get(key), list):
            references.extend(resource.children(key))
    for reference in references:
        address = reference.text("reference")
        identifier = named_identifier(reference)
        if identifier is not None:
            kind = address.partition("?")[0] if address else reference.text("type")
            for name in (kind,) if kind else SHARED:
                yield f"{name.rpartition('/')[2]}?{identifier[1]}"
        elif address is not None and not address.startswith("#"):
            address = without_version(address)
            is_urn = address.startswith(_URNS)
            yield address if is_urn else "/".join(address.rsplit("/", 2)[-2:])
