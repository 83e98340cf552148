"""The resources of one patient brought together as the Bundle that they would be in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rearm.errors import InputError
from rearm.intake.fhir.element import Element
from rearm.intake.fhir.subjects import without_version
from rearm.intake.ndjson.spool import place_of
from rearm.intake.ndjson.whose import SHARED, names_of, needs_of, server_of, subjects_of
from rearm.intake.values import shown
from rearm.record import Source

__all__ = ["Assembled", "Placed", "Shared", "assembled", "canonical", "placed"]

Resource = dict[str, Any]
_OF_PERSON = ("gender", "birthDate")
_WORDS = re.compile(r"[0-9]+|[^0-9]+")


@dataclass(frozen=True, slots=True)
class Placed:
    """A resource and where it stands."""

    resource: Resource
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembled:
    """One patient's resources as a Bundle, and where each of its entries stands."""

    bundle: Resource
    sources: Sequence[Source]


def placed(file: bytes, number: bytes, text: bytes) -> Placed:
    """A written line (see `cut`) as the resource that it holds."""
    resource = json.loads(text)
    name = f"{resource['resourceType']}/{resource.get('id', '')}"
    return Placed(resource, place_of(file, number, name))


class Shared:
    """What belongs to no patient, by the names by which resources refer to it."""

    def __init__(self, resources: Sequence[Placed]) -> None:
        self._by_name: dict[str, list[Placed]] = {}
        for item in resources:
            kind = str(item.resource["resourceType"])
            for name in names_of(kind, Element(item.resource)):
                self._by_name.setdefault(name, []).append(item)

    def needed(self, resources: Sequence[Placed]) -> list[Placed]:
        """What some resources refer to, each once."""
        if not self._by_name:
            return []
        found = (
            item
            for own in resources
            for name in needs_of(Element(own.resource))
            for item in self._by_name.get(name, ())
        )
        return list({(x.source, canonical(x.resource)): x for x in found}.values())


def assembled(patient_id: str, own: Sequence[Placed], shared: Shared) -> Assembled:
    """The Bundle of a patient, in an order that does not depend on that of the lines: by type, then
    by id.

    Raises InputError where these may be two people: ids are unique on one server alone.
    """
    _one_server(patient_id, own)
    _one_person(patient_id, own)
    ordered = sorted([*own, *shared.needed(own)], key=_order)
    addresses = _addresses(ordered)
    entries = []
    for item in ordered:
        resource = _of_patient(item.resource, patient_id)
        identity = f"{resource['resourceType']}/{resource.get('id')}"
        address = addresses.get(identity, addresses.get(str(resource.get("id"))))
        entries.append({"resource": resource} | ({"fullUrl": address} if address else {}))
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    return Assembled(bundle=bundle, sources=[item.source for item in ordered])


def canonical(resource: Mapping[str, Any]) -> str:
    """A resource as text that is the same for the same content."""
    return json.dumps(resource, sort_keys=True, separators=(",", ":"))


def _one_server(patient_id: str, own: Sequence[Placed]) -> None:
    servers: dict[str, Source] = {}
    for item in own:
        for _, subject in subjects_of(Element(item.resource)):
            if (server := server_of(subject)) is not None:
                servers.setdefault(server, item.source)
    if len(servers) > 1:
        first, second = list(servers.items())[:2]
        raise InputError(
            f"The patient {shown(patient_id)} is named on two servers, {shown(first[0])} "
            f"({first[1]}) and {shown(second[0])} ({second[1]}), so these may be two patients. Put "
            "each export into its own folder."
        )


def _one_person(patient_id: str, own: Sequence[Placed]) -> None:
    """Versions of a Patient may correct the sex or the date of birth; one that changes both is
    another person.
    """
    people = [item for item in own if item.resource["resourceType"] == "Patient"]
    for item in people[1:]:
        pairs = [(people[0].resource.get(key), item.resource.get(key)) for key in _OF_PERSON]
        if all(isinstance(a, str) and isinstance(b, str) and a != b for a, b in pairs):
            raise InputError(
                f"The Patient {shown(patient_id)} is there twice ({people[0].source} and "
                f"{item.source}) with another sex and another date of birth, so these may be two "
                "patients. Correct the id of one."
            )


def _order(item: Placed) -> tuple[bool, str, list[tuple[int, str]], str]:
    """The Patient first; then by type and id, its numbers by size as servers count them. What has
    no id, by content.
    """
    resource = item.resource
    kind, identity = str(resource["resourceType"]), resource.get("id")
    words = _WORDS.findall(identity) if isinstance(identity, str) else []
    numbered = [(len(w.lstrip("0")) if w.isdecimal() else 0, w) for w in words]
    return kind != "Patient", kind, numbered, "" if words else canonical(resource)


def _of_patient(resource: Resource, patient_id: str) -> Resource:
    """The resource with its patient named by id, however it was named."""
    if resource["resourceType"] in SHARED and not subjects_of(Element(resource)):
        return resource
    named = {
        key: {**subject.data, "reference": f"Patient/{patient_id}"}
        for key, subject in subjects_of(Element(resource))
    }
    return {**resource, **named}


def _addresses(resources: Sequence[Placed]) -> dict[str, str]:
    """The absolute addresses by which resources refer to others, by `Type/id` (or id, of a URN):
    the lines of an export have no address of their own.
    """
    found: dict[str, str] = {}
    for item in resources:
        for reference in _references(item.resource):
            address = without_version(reference)
            if address.startswith("urn:"):
                found.setdefault(address.rpartition(":")[2], address)
            elif "://" in address:
                found.setdefault("/".join(address.rsplit("/", 2)[-2:]), address)
    return found


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "reference" and isinstance(item, str):
                yield item
            elif isinstance(item, dict | list):
                yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, dict | list):
                yield from _references(item)
