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
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from rearm.characters import printable
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
from rearm.intake.fhir.split import split_by_patient
from rearm.intake.fhir.subjects import MEDICATION, OF_A_PATIENT
from rearm.intake.files.control_characters import clean_json
from rearm.intake.files.read import bundle_files
from rearm.intake.files.unread import nothing_but, unread_in
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
_READ_WITH_OTHERS = (
    "Patient",
    "Specimen",
    "Medication",
    "BodyStructure",
    "DiagnosticReport",
    "OperationOutcome",
)
# Signs of the versions before R4: types that it no longer has, and codes that were texts.
_OLD_TYPES = frozenset(
    ("MedicationOrder", "DiagnosticOrder", "ProcedureRequest", "ReferralRequest", "BodySite")
)
_OLD_TEXTS = ("verificationStatus", "clinicalStatus")


def read_fhir(
    path: str | Path | bytes,
    knowledge: Knowledge | None = None,
    *,
    today: date | None = None,
    name: str = "bundle.json",
) -> Reading:
    """Records of a bundle (a path or the bytes of one, called `name`), or of a folder of them. A
    bundle of several patients is split by the subject that each resource names.

    A bundle of a folder that can't be read is an error issue, as is a patient who stands in two
    files, and the others are read. Raises InputError with a sentence where a file given by itself,
    or every one of a folder, is no strict JSON or no Bundle, or names a subject beside its patient.
    """
    knowledge = bundled() if knowledge is None else knowledge
    if isinstance(path, bytes):
        return _single(parse_json(path, name), name, knowledge, today)
    source = Path(path)
    if source.is_dir():
        return _folder(source, knowledge, today)
    return _single(load_json(source), source.name, knowledge, today)


def _single(content: Any, name: str, knowledge: Knowledge, today: date | None) -> Reading:
    parts, issues = _parts(content, name)
    rows: list[Row] = []
    notes: list[Issue] = list(issues)
    refused: list[InputError] = []
    for part in parts:
        try:
            own, of_part = rows_of_bundle(part, name, knowledge)
        except InputError as error:
            refused.append(error)
            notes.append(_refusal(error, name, "patient_unreadable", "what it holds of others is"))
            continue
        rows += own
        notes += of_part
    if len(refused) == len(parts):
        raise refused[0]
    gathered = gather(rows, notes)
    terms = Terms(knowledge)
    return Reading(lambda: make_records(gathered, terms, today=today), gathered.issues, (name,))


def _parts(content: Any, name: str) -> tuple[list[Any], list[Issue]]:
    """The content as one bundle a patient, and what of it belongs to none of them."""
    parts, problems = split_by_patient(content)
    return parts, [issue_at(Source(name, printable(place)), p) for place, p in problems]


def _refusal(error: InputError, name: str, code: str, others: str) -> Issue:
    """A file, or a part of one, that can't be read beside others that can."""
    sentence = f"{error} It is not read; {others}."
    return issue_at(Source(name, ""), CellProblem("error", code, sentence, "refused"))


def _folder(folder: Path, knowledge: Knowledge, today: date | None) -> Reading:
    """The bundles of a folder. They are opened twice: once to know whose they are, and each again
    when its records are made, so that they are never in memory together.
    """
    files = bundle_files(folder)
    if not files:
        raise InputError(
            f"The folder {folder.name} holds no .json file. Add FHIR bundles, one per "
            f"patient.{nothing_but(folder)}"
        )
    issues: list[Issue] = [*unread_in(folder, {file.name for file in files})]
    files_of: dict[str, list[Path]] = defaultdict(list)  # by patient
    places: dict[str, str] = {}  # of each patient in his file
    refused: list[InputError] = []
    for file in files:
        try:
            content, notes = clean_json(load_json(file), file.name)
            parts, strays = _parts(content, file.name)
            opened = [open_bundle(part, file.name) for part in parts]
        except InputError as error:
            refused.append(error)
            issues.append(_refusal(error, file.name, "file_unreadable", "the other files are"))
            continue
        for bundle in opened:
            files_of[bundle.patient_id].append(file)
            place = "Bundle" if bundle.patient is None else bundle.patient.place
            places.setdefault(bundle.patient_id, place)
        issues.extend((*notes, *strays))
    for patient_id, own in files_of.items():
        if len(own) > 1:
            twice = InputError(
                f"The patient {shown(patient_id)} appears in "
                f"{' and in '.join(file.name for file in own)}. Put the resources into one "
                "Bundle."
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
        for file in dict.fromkeys(readable.values()):
            content, _ = clean_json(load_json(file), file.name)
            for part in _parts(content, file.name)[0]:
                if open_bundle(part, file.name).patient_id in readable:
                    gathered = gather(*rows_of_bundle(part, file.name, knowledge))
                    yield from make_records(gathered, terms, today=today)

    def place_of(patient_id: str) -> Source:
        return Source(readable[patient_id].name, places[patient_id])

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
    old = [r for r in t.bundle.resources if _is_older(r)]
    if old:
        sentence = (
            f"The Bundle looks like FHIR DSTU2 or STU3 (first at {old[0].place}). Only what "
            "agrees with R4 is read. Export it as R4."
        )
        t.issue("warning", "older_version_of_fhir", "Bundle", sentence, "set_aside")
    alive = [r for r in t.bundle.resources if _usable(r, t)]
    for resource in alive:
        if resource.type == "DiagnosticReport":
            _report(resource, t)
    medications = Medications(t)
    diagnosis: list[Resource] = []
    ignored: Counter[str] = Counter()
    for resource in alive:
        _read(resource, t, medications, diagnosis, ignored)
    _malformed(alive, t, old)
    medications.finish()
    diagnosis = [r for r in diagnosis if not r.element.problems]
    read_patient(t, next((r for r in alive if r.type == "Patient"), None), diagnosis)
    if ignored:
        counts = ", ".join(f"{n} {kind}" for kind, n in sorted(ignored.items()))
        t.issue(
            "note",
            "resources_not_read",
            "Bundle",
            f"These resource types are not read: {counts}.",
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
            f"{resource.place} has {what}, which may change its meaning. It is not read.",
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
            f"{resource.place} is marked as {state}. It is not read.",
            "refused",
        )
        if resource.type == "DiagnosticReport":
            _withdraw(resource, t)
        return False
    if resource.place in t.bundle.without_subject and resource.type in OF_A_PATIENT:
        t.group(
            "error",
            "subject_missing",
            f"A {resource.type} has no subject. It is not read.",
            resource.place,
        )
        return False
    if resource.type == "Observation" and (status := element.text("status")) not in _RESULT_STATUS:
        t.group(
            "warning",
            "status_unknown",
            f"An Observation has the status {shown(status or 'none')}, so it may not be valid. "
            "It is not read.",
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
                "A report refers to a result that is not in the Bundle.",
                resource.place,
                "used",
            )
        elif issued is not None:
            t.issued.setdefault(id(found.data), issued)
    if element.has("conclusion") or element.has("presentedForm"):
        t.group(
            "note",
            "conclusion_not_read",
            "The conclusion of a report is free text. It is not read.",
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
                f"{resource.place} belongs to a report that was entered in error or cancelled. "
                "It is not read.",
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
                "Notes on a result are free text. They are not read.",
                resource.place,
                "used",
            )
    elif resource.type in MEDICATION:
        medications.read(resource)
    elif resource.type == "Condition":
        read_condition(resource, t, diagnosis)
    elif resource.type == "AdverseEvent":
        read_adverse_event(resource, t)
    elif resource.type not in _READ_WITH_OTHERS:
        ignored[resource.type if resource.type.isalnum() else "unnamed"] += 1


def _is_older(resource: Resource) -> bool:
    """Whether a resource has the form of a version before R4."""
    data = resource.element.data
    texts = any(isinstance(data.get(key), str) for key in _OLD_TEXTS)
    return resource.type in _OLD_TYPES or (resource.type == "Condition" and texts)


def _malformed(resources: Iterable[Resource], t: Translation, old: Sequence[Resource]) -> None:
    """What came from resources that are no valid FHIR is taken back, and said; of an older version
    it was said of all.
    """
    for resource in resources:
        if resource.element.problems and resource.type != "Patient":
            t.forget(resource.place)
            if resource in old:
                continue
            problem = resource.element.problems[0]
            t.issue(
                "error",
                "malformed_resource",
                resource.place,
                f"{resource.place} is not valid FHIR ({problem}). Nothing is read from it.",
                "set_aside",
            )
