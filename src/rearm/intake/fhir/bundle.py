"""A bundle's resources, indexed by address, and whose they are: one bundle holds one patient, or it
is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from rearm.characters import printable
from rearm.errors import InputError
from rearm.intake.fhir.completeness import missing_parts
from rearm.intake.fhir.element import Element
from rearm.intake.fhir.subjects import (
    SUBJECTS,
    Identifier,
    identifiers_of,
    named_identifier,
    without_version,
)
from rearm.intake.issues import issue_at
from rearm.intake.rows import CellProblem
from rearm.record import Done, Issue, Severity, Source

__all__ = ["FhirBundle", "Resource", "open_bundle"]

_TYPES_READ = (
    "collection",
    "searchset",
    "transaction",
    "batch",
    "document",
    "message",
    "transaction-response",
    "batch-response",
)
_SHOWN = 8  # ids in a sentence
_COMPONENT = " component "  # between the place of an Observation and the number of a component


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One resource of the bundle. `place` is what issues call it (`Observation/m1`), `address` its
    fullUrl, `source` where it stands if that is no place of the bundle itself (a line of a file).
    """

    type: str
    id: str | None
    place: str
    element: Element
    address: str | None = None
    source: Source | None = None


@dataclass(slots=True, kw_only=True)
class FhirBundle:
    """The resources in their order, the patient, and what was noteworthy in opening it.

    `without_subject` are the places of resources that name nobody. `called` is what a user gave:
    a Bundle, or an export whose resources were brought together.
    """

    file: str
    called: str = "Bundle"
    resources: list[Resource]
    patient_id: str
    patient: Resource | None
    issues: list[Issue] = field(default_factory=list)
    without_subject: frozenset[str] = frozenset()
    _index: dict[str, Resource] = field(default_factory=dict)
    _identifiers: dict[str, dict[Identifier, list[Resource]]] = field(default_factory=dict)
    _sources: dict[str, Source] = field(default_factory=dict)

    def source_of(self, place: str) -> Source:
        """Where a resource, or a component of one, stands in the input."""
        resource, component, number = place.partition(_COMPONENT)
        found = self._sources.get(resource)
        if found is None:
            return Source(self.file, place)
        return Source(found.file, f"{found.place}{component}{number}")

    def of_type(self, *types: str) -> Iterator[Resource]:
        return (r for r in self.resources if r.type in types)

    def resolve(self, reference: Element, holder: Element) -> Element | None:
        """The element that a Reference leads to: contained in `holder`, or a resource of the
        bundle; None where it is not there.
        """
        address = reference.text("reference")
        if address is None:
            return None
        if address.startswith("#"):
            return next(
                (c for c in holder.children("contained") if c.text("id") == address[1:]), None
            )
        found = self._index.get(without_version(address))
        if found is None and (key := named_identifier(reference)) is not None:
            same = self._identified(address.partition("?")[0]).get(key, [])
            found = same[0] if len(same) == 1 else None
        return None if found is None else found.element

    def _identified(self, kind: str) -> Mapping[Identifier, list[Resource]]:
        """The resources of a type by each of their identifiers."""
        known = self._identifiers.get(kind)
        if known is None:
            known = self._identifiers[kind] = {}
            for resource in self.of_type(kind):
                for identifier in identifiers_of(resource.element):
                    known.setdefault(identifier, []).append(resource)
        return known


def open_bundle(
    content: Any, file: str, sources: Sequence[Source] = (), *, called: str = "Bundle"
) -> FhirBundle:
    """The bundle in parsed JSON. `sources`: where each of its entries stands, if they were brought
    together from elsewhere. Raises InputError where it is none, or where its resources belong to
    more than one patient.
    """
    if not isinstance(content, dict):
        raise InputError(
            f"{file} contains no FHIR resource: a JSON object with resourceType Bundle is "
            "expected. Export one Bundle per patient."
        )
    top = Element(content)
    kind = top.text("resourceType")
    if kind != "Bundle":
        what = f"a single {kind[:40]!r}" if kind else "a JSON object without resourceType"
        raise InputError(
            f"{file} contains {what}, not a FHIR Bundle. Export the patient's resources as one "
            "Bundle (R4, JSON)."
        )
    bundle_type = top.text("type")
    if bundle_type not in _TYPES_READ:
        raise InputError(
            f"{file} is a Bundle of type {(bundle_type or 'none')[:40]!r}, which is not "
            "supported. Export a collection, searchset or transaction."
        )
    bundle = FhirBundle(file=file, called=called, resources=[], patient_id="", patient=None)
    if sources:
        bundle._sources["Bundle"] = sources[0]
    _collect(top, bundle, sources)
    if top.problems:
        raise InputError(f"{file} is not a valid FHIR Bundle: {top.problems[0]}. Export it again.")
    _distinct(bundle)
    for place, sentence in missing_parts(top, [(r.place, r.element) for r in bundle.resources]):
        _issue(bundle, "warning", "bundle_incomplete", place, sentence)
    _find_patient(bundle)
    return bundle


def _issue(bundle: FhirBundle, severity: Severity, code: str, place: str, sentence: str) -> None:
    done: Done = "used" if severity == "note" else "set_aside"
    problem = CellProblem(severity, code, sentence, done)
    bundle.issues.append(issue_at(bundle.source_of(place), problem, bundle.patient_id or None))


def _collect(top: Element, bundle: FhirBundle, sources: Sequence[Source]) -> None:
    if "entry" not in top.data:
        raise InputError(f"{bundle.file} is a Bundle without entries, so nothing is read.")
    for place, entry in enumerate(top.children("entry")):
        data = entry.data.get("resource")
        if data is None:
            continue  # a deletion of a transaction, or a bare response
        if not isinstance(data, dict) or not isinstance(data.get("resourceType"), str):
            raise InputError(
                f"{bundle.file}: entry {place + 1} contains no FHIR resource (an object with "
                "resourceType). Export the Bundle again."
            )
        if entry.child("request").text("method") == "DELETE":
            continue
        element = Element(data)
        kind, identifier = str(data["resourceType"]), element.text("id")
        source = sources[place] if sources else None
        entry_name = f"entry {place + 1}" if source is None else str(source)
        where = (
            f"{_plain(kind)}/{_plain(identifier)}"
            if identifier
            else f"{entry_name} ({_plain(kind)})"
        )
        bundle.resources.append(
            Resource(
                type=kind,
                id=identifier,
                place=where,
                element=element,
                address=entry.text("fullUrl"),
                source=source,
            )
        )
        if source is not None:
            bundle._sources.setdefault(where, source)


def _distinct(bundle: FhirBundle) -> None:
    """One version of each resource: the same content twice is read once; of different versions the
    last update counts, or none.
    """
    kept: dict[str, Resource] = {}
    refused: set[str] = set()
    for resource in bundle.resources:
        key = f"{resource.place} {resource.address}"
        if resource.id:
            key = f"{resource.type}/{resource.id}"
        other = kept.setdefault(key, resource)
        if other is resource or key in refused:
            continue
        last = _last_version(other, resource, bundle)
        if last is None:
            refused.add(key)
        else:
            kept[key] = last
    bundle.resources = [r for key, r in kept.items() if key not in refused]
    bundle._sources |= {r.place: r.source for r in bundle.resources if r.source is not None}
    for resource in bundle.resources:
        addresses = [resource.address]
        if resource.id:
            addresses.append(f"{resource.type}/{resource.id}")
        for address in addresses:
            if address is not None:
                bundle._index.setdefault(without_version(address), resource)


def _last_version(first: Resource, second: Resource, bundle: FhirBundle) -> Resource | None:
    """The version of a resource that counts; None where that is not known."""
    where = second.place
    if first.element.data == second.element.data:
        sentence = f"{where} appears twice with the same content. It is read once."
        _issue(bundle, "note", "duplicate_resource", where, sentence)
        return first
    updates = [r.element.child("meta").text("lastUpdated") for r in (first, second)]
    if updates[0] is None or updates[1] is None or updates[0] == updates[1]:
        sentence = (
            f"{where} appears twice with different content, and neither is marked as the later "
            "version. Neither is read."
        )
        _issue(bundle, "error", "versions_contradict", where, sentence)
        return None
    sentence = f"{where} appears in two versions. The one updated last is read."
    _issue(bundle, "note", "older_version", where, sentence)
    return first if updates[0] > updates[1] else second


def _find_patient(bundle: FhirBundle) -> None:
    """Whose the bundle is. Raises InputError where its resources are of several, or of nobody."""
    patients = list(bundle.of_type("Patient"))
    if len(patients) > 1:
        raise InputError(
            f"{bundle.file} contains {len(patients)} patients "
            f"({_ids(r.id or r.place for r in patients)}). Split it into one Bundle per "
            "patient, so that no result reaches the wrong patient."
        )
    named, silent = _subjects(bundle, patients)
    if patients:
        _is_of(bundle, patients[0], named)
    else:
        _is_named(bundle, named)
    bundle.issues = [replace(issue, patient_id=bundle.patient_id) for issue in bundle.issues]
    bundle.without_subject = frozenset(silent)


def _subjects(
    bundle: FhirBundle, patients: list[Resource]
) -> tuple[dict[str, list[str]], set[str]]:
    """The places of resources by the subject they name ("" is the bundle's patient), and those that
    name nobody.
    """
    named: dict[str, list[str]] = {}
    silent: set[str] = set()
    for resource in bundle.resources:
        if resource.type == "Patient":
            continue
        data = resource.element.data
        keys = [key for key in SUBJECTS if isinstance(data.get(key), dict)]
        if not keys:
            silent.add(resource.place)
        for key in keys:
            who = _who(resource.element.child(key), bundle, patients)
            if who is None:
                silent.add(resource.place)
            else:
                named.setdefault(who, []).append(f"{resource.place} ({key})")
    return named, silent


def _is_of(bundle: FhirBundle, patient: Resource, named: Mapping[str, list[str]]) -> None:
    """The bundle is of its Patient, if its resources name no other."""
    bundle.patient, bundle.patient_id = patient, patient.id or patient.address or "patient"
    others = {who: places for who, places in named.items() if who != ""}
    if others:
        listed = "; ".join(
            f"{_plain(who)} in {_ids(places, 3)}" for who, places in list(others.items())[:_SHOWN]
        )
        raise InputError(
            f"{bundle.file} is for patient {_plain(bundle.patient_id)}, but some resources have "
            f"another subject: {listed}. Nothing is read, because results could reach the wrong "
            "patient. Export it again."
        )


def _is_named(bundle: FhirBundle, named: Mapping[str, list[str]]) -> None:
    """Without a Patient, the bundle is of the one whom its resources name."""
    if not named:
        raise InputError(
            f"{bundle.file} has no Patient resource and no resource with a subject. Export the "
            "Bundle with its Patient."
        )
    if len(named) > 1:
        raise InputError(
            f"{bundle.file} has no Patient resource, and its resources have {len(named)} "
            f"subjects ({_ids(named)}). Split it into one Bundle per patient."
        )
    who = next(iter(named))
    bundle.patient_id = who.removeprefix("Patient/")
    missing = (
        f"The Bundle has no Patient resource; all resources are for {_plain(who)}."
        if bundle.called == "Bundle"
        else f"The {bundle.called} has no Patient resource of {_plain(who)} that can be used."
    )
    sentence = f"{missing} Sex and date of birth are unknown."
    _issue(bundle, "warning", "no_patient_resource", "Bundle", sentence)


def _who(reference: Element, bundle: FhirBundle, patients: list[Resource]) -> str | None:
    """Who is named: "" for the bundle's patient, None for nobody, else the other's name."""
    key = named_identifier(reference)
    if key is not None:
        if patients and _has_identifier(patients[0], key):
            return ""
        return f"{key[0] or 'no system'} {key[1] or 'no value'}"
    address = reference.text("reference")
    if address is None:
        return None
    target = without_version(address)
    if patients and bundle._index.get(target) is patients[0]:
        return ""
    return "" if patients and _same_server(target, patients[0]) else target


def _has_identifier(patient: Resource, key: Identifier) -> bool:
    """Whether the patient has the identifier; a search without a system asks for any."""
    own = identifiers_of(patient.element)
    return key in own or (key[0] is None and key[1] in {value for _, value in own})


def _same_server(target: str, patient: Resource) -> bool:
    """Whether an absolute address means the patient of a bundle whose entry has no address of its
    own.
    """
    return (
        patient.address is None
        and patient.id is not None
        and target.endswith(f"/Patient/{patient.id}")
    )


def _ids(names: Iterable[str], longest: int = _SHOWN) -> str:
    listed = [_plain(n) for n in names]
    return ", ".join(listed[:longest]) + (
        f" and {len(listed) - longest} more" if len(listed) > longest else ""
    )


def _plain(text: str, longest: int = 80) -> str:
    shown = printable(text)
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"
