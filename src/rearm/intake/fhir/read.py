"""FHIR R4 bundles (JSON) to records: each resource becomes rows of the tidy tables, so that both
ways in give the same record.

Read: Patient, Condition, Observation (results, panels, variants, responses, lesions, statements),
DiagnosticReport (which results it
holds, and when), MedicationAdministration, MedicationStatement, Procedure, AdverseEvent, with the
Specimen, Medication and BodyStructure they refer to. MedicationRequest and MedicationDispense are
no exposure. Everything else is counted in one note. NDJSON, XML and single resources are not read.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

from rearm.errors import InputError
from rearm.intake.build.checks.ids import flag_ids_alike
from rearm.intake.build.gather import gather
from rearm.intake.build.records import make_records
from rearm.intake.build.terms import Terms
from rearm.intake.fhir.bundle import Resource, open_bundle
from rearm.intake.fhir.clinical import read_adverse_event, read_condition, read_patient
from rearm.intake.fhir.codes import codes_of
from rearm.intake.fhir.medication import Medications
from rearm.intake.fhir.observation import read_observation
from rearm.intake.fhir.rows import Translation, own_code
from rearm.intake.files.control_characters import clean_json
from rearm.intake.issues import issue_at
from rearm.intake.result import Reading
from rearm.intake.rows import CellProblem, Row
from rearm.intake.values import shown
from rearm.knowledge.bundle import Knowledge, bundled
from rearm.record import Issue, Record, Source
from rearm.strict_json import load_json, parse_json

__all__ = ["read_fhir", "rows_of_bundle"]

_NEVER = {"entered-in-error": "entered in error", "cancelled": "cancelled"}
_RESULT_STATUS = frozenset({"final", "amended", "corrected", "preliminary", "registered"})
_MEDICATION = (
    "MedicationAdministration",
    "MedicationStatement",
    "MedicationRequest",
    "MedicationDispense",
    "Procedure",
)
_READ_WITH_OTHERS = ("Patient", "Specimen", "Medication", "BodyStructure", "DiagnosticReport")
_WITH_STATUS = ("Observation", *_MEDICATION)


def read_fhir(
    path: str | Path | bytes,
    knowledge: Knowledge | None = None,
    *,
    today: date | None = None,
    name: str = "bundle.json",
) -> Reading:
    """Records of a bundle (a path or the bytes of one, called `name`), or of a folder of them; one
    patient a bundle.

    A bundle of a folder that can't be read is an error issue, as is a patient who stands in two
    files, and the others are read. Raises InputError with a sentence where a file given by itself,
    or every one of a folder, is no strict JSON, no Bundle, or holds more than one patient.
    """
    knowledge = bundled() if knowledge is None else knowledge
    if isinstance(path, bytes):
        return _single(parse_json(path, name), name, knowledge, today)
    source = Path(path)
    if source.is_dir():
        return _folder(source, knowledge, today)
    return _single(load_json(source), source.name, knowledge, today)


def _single(content: Any, name: str, knowledge: Knowledge, today: date | None) -> Reading:
    gathered = gather(*rows_of_bundle(content, name, knowledge))
    terms = Terms(knowledge)
    return Reading(lambda: make_records(gathered, terms, today=today), gathered.issues, (name,))


def _folder(folder: Path, knowledge: Knowledge, today: date | None) -> Reading:
    """The bundles of a folder. They are opened twice: once to know whose they are, and each again
    when its record is made, so that they are never in memory together.
    """
    files = sorted(f for f in folder.glob("*.json") if not f.name.startswith("."))
    if not files:
        raise InputError(
            f"The folder {folder.name} holds no .json file. Give FHIR bundles, one a patient."
        )
    issues: list[Issue] = []
    files_of: dict[str, list[Path]] = defaultdict(list)  # by patient
    refused: list[InputError] = []
    for file in files:
        try:
            content, notes = clean_json(load_json(file), file.name)
            patient_id = open_bundle(content, file.name).patient_id
        except InputError as error:
            refused.append(error)
            sentence = f"{error} The file is not read; the others are."
            problem = CellProblem("error", "file_unreadable", sentence, "refused")
            issues.append(issue_at(Source(file.name, ""), problem))
            continue
        files_of[patient_id].append(file)
        issues.extend(notes)
    for patient_id, own in files_of.items():
        if len(own) > 1:
            twice = InputError(
                f"The patient {shown(patient_id)} stands in"
                f" {' and in '.join(file.name for file in own)}. Put the resources into one Bundle."
            )
            refused.append(twice)
            sentence = f"{twice} Nothing of this patient is read; the others are."
            problem = CellProblem("error", "patient_in_two_files", sentence, "refused")
            issues.append(issue_at(Source(own[1].name, ""), problem, patient_id))
    readable = {patient_id: own[0] for patient_id, own in files_of.items() if len(own) == 1}
    if refused and not readable:
        raise refused[0]
    terms = Terms(knowledge)

    def records() -> Iterator[Record]:
        for file in readable.values():
            gathered = gather(*rows_of_bundle(load_json(file), file.name, knowledge))
            yield from make_records(gathered, terms, today=today)

    def place_of(patient_id: str) -> Source:
        content, _ = clean_json(load_json(readable[patient_id]), readable[patient_id].name)
        patient = open_bundle(content, readable[patient_id].name).patient
        return Source(readable[patient_id].name, patient.place if patient is not None else "Bundle")

    issues.extend(flag_ids_alike(readable, place_of))
    return Reading(records, issues, [file.name for file in files])


def rows_of_bundle(content: Any, name: str, knowledge: Knowledge) -> tuple[list[Row], list[Issue]]:
    """The tidy rows of a bundle (parsed JSON) and what was wrong with it. Raises InputError as
    `read_fhir` does.
    """
    content, notes = clean_json(content, name)
    t = Translation(open_bundle(content, name), knowledge)
    t.issues.extend(notes)
    t.issues.extend(t.bundle.issues)
    alive = [r for r in t.bundle.resources if _usable(r, t)]
    for resource in alive:
        if resource.type == "DiagnosticReport":
            _report(resource, t)
    medications = Medications(t)
    diagnosis: list[Resource] = []
    ignored: Counter[str] = Counter()
    for resource in alive:
        _read(resource, t, medications, diagnosis, ignored)
    _malformed(alive, t)
    medications.finish()
    diagnosis = [r for r in diagnosis if not r.element.problems]
    read_patient(t, next((r for r in alive if r.type == "Patient"), None), diagnosis)
    if ignored:
        counts = ", ".join(f"{n} {kind}" for kind, n in sorted(ignored.items()))
        t.issue(
            "note",
            "resources_not_read",
            "Bundle",
            f"Resources of these types are not read: {counts}.",
            "used",
        )
    return t.rows, [*t.issues, *t.grouped()]


def _usable(resource: Resource, t: Translation) -> bool:
    """Whether a resource may be read at all; why not is said."""
    element = resource.element
    if element.has("modifierExtension") or element.has("implicitRules"):
        what = "modifierExtension" if element.has("modifierExtension") else "implicitRules"
        t.issue(
            "error",
            "modifier",
            resource.place,
            f"{resource.place} has {what}, which can turn its meaning; it is not read.",
            "set_aside",
        )
        return False
    if resource.type in _READ_WITH_OTHERS and resource.type != "DiagnosticReport":
        return True
    if (state := _withdrawn(resource)) is not None:
        t.issue(
            "note",
            state.replace(" ", "_"),
            resource.place,
            f"{resource.place} is marked as {state}; it is not read.",
            "refused",
        )
        if resource.type == "DiagnosticReport":
            _withdraw(resource, t)
        return False
    if resource.place in t.bundle.without_subject and (
        resource.type in _WITH_STATUS or resource.type in ("Condition", "AdverseEvent")
    ):
        t.group(
            "error",
            "subject_missing",
            f"A {resource.type} does not say whose it is; it is not read.",
            resource.place,
        )
        return False
    if resource.type == "Observation" and (status := element.text("status")) not in _RESULT_STATUS:
        t.group(
            "warning",
            "status_unknown",
            f"An Observation has the status {shown(status or 'none')}; whether it holds is not"
            " known, so it is not read.",
            resource.place,
        )
        return False
    return True


def _withdrawn(resource: Resource) -> str | None:
    element = resource.element
    if resource.type == "Condition":
        return _NEVER.get(next((c.code for c in codes_of(element.child("verificationStatus"))), ""))
    status = element.data.get("status")
    return _NEVER.get(status) if isinstance(status, str) else None


def _withdraw(report: Resource, t: Translation) -> None:
    for reference in report.element.children("result"):
        if (found := t.bundle.resolve(reference, report.element)) is not None:
            t.withdrawn.add(id(found.data))


def _report(resource: Resource, t: Translation) -> None:
    element = resource.element
    issued = element.text("issued")
    for reference in element.children("result"):
        found = t.bundle.resolve(reference, element)
        if found is None:
            t.group(
                "note",
                "result_not_in_bundle",
                "A report names a result that is not in the Bundle.",
                resource.place,
                "used",
            )
        elif issued is not None:
            t.issued.setdefault(id(found.data), issued)
    if element.has("conclusion") or element.has("presentedForm"):
        t.group(
            "note",
            "conclusion_not_read",
            "The conclusion of a report is free text; it is not read.",
            resource.place,
            "used",
        )


def _read(
    resource: Resource,
    t: Translation,
    medications: Medications,
    diagnosis: list[Resource],
    ignored: Counter[str],
) -> None:
    if resource.type == "Observation":
        if id(resource.element.data) in t.withdrawn:
            t.issue(
                "note",
                "report_withdrawn",
                resource.place,
                f"{resource.place} belongs to a report that is entered in error or cancelled; it is"
                " not read.",
                "refused",
            )
        elif own_code(resource.element.child("code"), "table") == "infusions":
            medications.infusions.specification(resource)
        else:
            read_observation(resource, t)
        if resource.element.has("note"):
            t.group(
                "note",
                "text_not_read",
                "Notes beside a result are free text; they are not read.",
                resource.place,
                "used",
            )
    elif resource.type in _MEDICATION:
        medications.read(resource)
    elif resource.type == "Condition":
        read_condition(resource, t, diagnosis)
    elif resource.type == "AdverseEvent":
        read_adverse_event(resource, t)
    elif resource.type not in _READ_WITH_OTHERS:
        ignored[resource.type if resource.type.isalnum() else "unnamed"] += 1


def _malformed(resources: Iterable[Resource], t: Translation) -> None:
    """What came from resources that are no valid FHIR is taken back, and said."""
    for resource in resources:
        if resource.element.problems and resource.type != "Patient":
            t.forget(resource.place)
            problem = resource.element.problems[0]
            t.issue(
                "error",
                "malformed_resource",
                resource.place,
                f"{resource.place} is no valid FHIR ({problem}); nothing is read from it.",
                "set_aside",
            )
