"""A bundle of several patients as one bundle each, by the subject that every resource names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rearm.characters import printable
from rearm.intake.fhir.completeness import matches
from rearm.intake.fhir.element import Element
from rearm.intake.fhir.subjects import (
    OF_A_PATIENT,
    SUBJECTS,
    Identifier,
    identifiers_of,
    named_identifier,
    without_version,
)
from rearm.intake.issues import issue_at
from rearm.intake.rows import CellProblem
from rearm.intake.values import shown
from rearm.record import Issue, Source

__all__ = ["parts_of", "split_by_patient"]

_Entries = Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]  # with their resources


@dataclass(slots=True)
class _Part:
    """The entries of one patient, and the names by which resources refer to him."""

    names: set[str]
    identifiers: set[Identifier] = field(default_factory=set)
    entries: list[Any] = field(default_factory=list)


def parts_of(content: Any, name: str) -> tuple[list[Any], list[Issue]]:
    """The content of a file as one bundle a patient, and what of it belongs to none of them."""
    parts, problems = split_by_patient(content)
    return parts, [issue_at(Source(name, printable(place)), p) for place, p in problems]


def split_by_patient(content: Any) -> tuple[list[Any], list[tuple[str, CellProblem]]]:
    """The bundles of the patients in parsed JSON, and what could be given to none of them, with its
    place. A bundle of one patient, or of what is no bundle, is given back as it is.

    A medication, a sample and the like go to all: only what refers to them reads them. What
    happened to a patient goes to nobody where it does not say to whom.
    """
    entries = content.get("entry") if isinstance(content, dict) else None
    if not isinstance(entries, list):
        return [content], []
    resources = [(x, x.get("resource")) for x in entries if isinstance(x, dict)]
    read = [(x, r) for x, r in resources if isinstance(r, dict)]
    patients = _patients(read)
    if not patients:
        patients = _named_patients(read)
    if len(patients) < 2:
        return [content], []
    problems: list[tuple[str, CellProblem]] = []
    index = _Index(patients)
    for entry, resource in read:
        _give(entry, Element(resource), index, problems)
    total = content.get("total")
    missing = max(0, total - matches(content)) if isinstance(total, int) else 0
    parts = []
    for part in patients:
        own = {**content, "entry": part.entries}
        parts.append({**own, "total": matches(own) + missing})
    return parts, problems


def _patients(read: _Entries) -> list[_Part]:
    """The patients whose own resource is there, each once."""
    parts: list[_Part] = []
    numbers: dict[str, int] = {}  # of the part, by name
    for entry, resource in read:
        if resource.get("resourceType") != "Patient":
            continue
        names = _names(entry, resource)
        number = min((numbers[name] for name in names if name in numbers), default=len(parts))
        if number == len(parts):
            parts.append(_Part(set()))
        for name in names:
            numbers[name] = number
        parts[number].names |= names
        parts[number].identifiers |= identifiers_of(Element(resource))
    return parts


def _names(entry: Mapping[str, Any], resource: Mapping[str, Any]) -> set[str]:
    names = {f"Patient/{resource['id']}"} if isinstance(resource.get("id"), str) else set()
    address = entry.get("fullUrl")
    return names | ({without_version(address)} if isinstance(address, str) else set())


def _named_patients(read: _Entries) -> list[_Part]:
    """Where no patient's own resource is there: those whom the resources name, if each of them is
    a patient.
    """
    names: dict[str, None] = {}
    for _, resource in read:
        for subject in _subjects(Element(resource)):
            address = subject.text("reference")
            if address is not None:
                names.setdefault(without_version(address))
    if not all(name.startswith("Patient/") and "?" not in name for name in names):
        return []
    return [_Part({name}) for name in names]


def _subjects(resource: Element) -> list[Element]:
    return [resource.child(k) for k in SUBJECTS if isinstance(resource.data.get(k), dict)]


class _Index:
    """The patients by what names them."""

    def __init__(self, parts: list[_Part]) -> None:
        self.parts = parts
        self._by_name: dict[str, list[int]] = defaultdict(list)
        self._by_identifier: dict[Identifier, list[int]] = defaultdict(list)
        self._without_address: dict[str, list[int]] = defaultdict(list)
        for number, part in enumerate(parts):
            for name in part.names:
                self._by_name[name].append(number)
            for identifier in part.identifiers:
                self._by_identifier[identifier].append(number)
            if len(part.names) == 1:
                self._without_address[next(iter(part.names))].append(number)

    def named(self, names: Iterable[str]) -> list[_Part]:
        """The patients that have one of the names."""
        return self._parts(number for name in names for number in self._by_name.get(name, ()))

    def meant(self, subjects: Iterable[Element]) -> list[_Part]:
        """The patients that one of the subjects is."""
        return self._parts(number for subject in subjects for number in self._numbers(subject))

    def _numbers(self, subject: Element) -> Sequence[int]:
        """By an identifier of the patient, or by reference; an absolute address also means the
        patient of that id whose entry has no address of its own.
        """
        key = named_identifier(subject)
        if key is not None:
            return self._by_identifier.get(key, ())
        address = subject.text("reference")
        if address is None:
            return ()
        target = without_version(address)
        _, mark, identifier = target.rpartition("/Patient/")
        by_id = self._without_address.get(f"Patient/{identifier}", ()) if mark else ()
        return (*self._by_name.get(target, ()), *by_id)

    def _parts(self, numbers: Iterable[int]) -> list[_Part]:
        return [self.parts[number] for number in sorted(set(numbers))]


def _give(
    entry: Mapping[str, Any],
    resource: Element,
    index: _Index,
    problems: list[tuple[str, CellProblem]],
) -> None:
    """The entry to its patient; to all where it is of no one patient."""
    kind = resource.data.get("resourceType")
    if kind == "Patient":
        owners = index.named(_names(entry, resource.data))
    else:
        subjects = _subjects(resource)
        owners = index.meant(subjects)
        if len(owners) != 1 and (subjects or kind in OF_A_PATIENT):
            identifier = resource.data.get("id")
            place = f"{kind}/{identifier}" if identifier else str(kind)
            sentence = (
                f"{shown(place)} does not have exactly one patient of the Bundle as its "
                "subject. It is not read."
            )
            problems.append((place, CellProblem("error", "subject_missing", sentence, "refused")))
            return
        owners = owners or index.parts
    for part in owners:
        part.entries.append(entry)
