"""FHIR R4 bundles (JSON) to records: each resource becomes rows of the tidy tables, so that both
ways in give the same record.

Read: Patient, Condition, Observation (results, panels, variants, responses, lesions, statements),
DiagnosticReport (which results it
holds, and when), MedicationAdministration, MedicationStatement, Procedure, AdverseEvent, with the
Specimen, Medication and BodyStructure they refer to. MedicationRequest and MedicationDispense are
no exposure. Everything else is counted in one note. XML is not read. Single resources are read in
a folder, where they are brought together by patient.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

from rearm.characters import printable
from rearm.errors import InputError
from rearm.intake.build.checks.ids import flag_ids_alike
from rearm.intake.build.gather import gather
from rearm.intake.build.records import make_records
from rearm.intake.build.terms import Terms
from rearm.intake.fhir.bundle import FhirBundle, open_bundle
from rearm.intake.fhir.split import split_by_patient
from rearm.intake.fhir.subjects import TYPES_READ
from rearm.intake.fhir.translate import rows_of_bundle
from rearm.intake.files.control_characters import clean_json
from rearm.intake.files.read import bundle_files
from rearm.intake.files.unread import nothing_but, unread_in
from rearm.intake.issues import issue_at
from rearm.intake.ndjson.read import single_resources
from rearm.intake.result import Reading
from rearm.intake.rows import CellProblem, Row
from rearm.intake.values import shown
from rearm.knowledge.bundle import Knowledge, bundled
from rearm.record import Issue, Record, Source
from rearm.strict_json import load_json, parse_json

__all__ = ["read_fhir"]


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


def _opened(
    parts: Iterable[Any], name: str
) -> tuple[list[tuple[Any, FhirBundle]], list[InputError]]:
    """The bundles of a file that can be opened, each with its content, and why others can't.
    Raises InputError where none can be.
    """
    opened: list[tuple[Any, FhirBundle]] = []
    refused: list[InputError] = []
    for part in parts:
        try:
            opened.append((part, open_bundle(part, name)))
        except InputError as error:
            refused.append(error)
    if not opened:
        raise refused[0]
    return opened, refused


def _refusal(error: InputError, name: str, code: str, others: str) -> Issue:
    """A file, or a part of one, that can't be read beside others that can."""
    sentence = f"{error} It is not read; {others}."
    return issue_at(Source(name, ""), CellProblem("error", code, sentence, "refused"))


def _folder(folder: Path, knowledge: Knowledge, today: date | None) -> Reading:
    """The bundles of a folder, and its single resources brought together by patient. Bundles are
    opened twice: once to know whose they are, and each again when its records are made, so that
    they are never in memory together.
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
    single: list[Path] = []
    unread_of: dict[str, list[Path]] = defaultdict(list)  # bundles of which no resource is read
    for file in files:
        try:
            content, notes = clean_json(load_json(file), file.name)
            if _is_single(content):
                single.append(file)
                continue
            parts, strays = _parts(content, file.name)
            opened, unreadable = _opened(parts, file.name)
        except InputError as error:
            refused.append(error)
            issues.append(_refusal(error, file.name, "file_unreadable", "the other files are"))
            continue
        for _, bundle in opened:
            of_read_types = any(r.type in TYPES_READ for r in bundle.resources)
            (files_of if of_read_types else unread_of)[bundle.patient_id].append(file)
            place = "Bundle" if bundle.patient is None else bundle.patient.place
            places.setdefault(bundle.patient_id, place)
        refused.extend(unreadable)
        others = "what it holds of others is"
        issues.extend(_refusal(e, file.name, "patient_unreadable", others) for e in unreadable)
        issues.extend((*notes, *strays))
    resources = single_resources(single)
    joined = resources.patients()
    for patient_id, source in joined.items():
        files_of[patient_id].append(folder / source.file)
    for patient_id, own in unread_of.items():
        if patient_id not in files_of:
            files_of[patient_id] = own
            continue
        for file in own:
            sentence = (
                f"{file.name} holds no resource of a type that is read. The patient "
                f"{shown(patient_id)} is read from elsewhere in the folder."
            )
            problem = CellProblem("note", "resources_not_read", sentence, "used")
            issues.append(issue_at(Source(file.name, ""), problem, patient_id))
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
    alone = {patient_id: own[0] for patient_id, own in files_of.items() if len(own) == 1}
    readable = {patient_id: file for patient_id, file in alone.items() if patient_id not in joined}
    of_resources = resources.read(knowledge, today, alone.keys() & joined.keys())
    issues.extend(issue for issue in of_resources.issues if issue.code != "ids_alike")
    if not alone:
        raise refused[0] if refused else InputError(_nobody(folder, issues))
    terms = Terms(knowledge)

    def records() -> Iterator[Record]:
        for file in dict.fromkeys(readable.values()):
            content, _ = clean_json(load_json(file), file.name)
            opened, _ = _opened(_parts(content, file.name)[0], file.name)
            for part, bundle in opened:
                if bundle.patient_id in readable:
                    gathered = gather(*rows_of_bundle(part, file.name, knowledge))
                    yield from make_records(gathered, terms, today=today)
        yield from of_resources.stream()

    def place_of(patient_id: str) -> Source:
        if patient_id in joined:
            return joined[patient_id]
        return Source(readable[patient_id].name, places[patient_id])

    issues.extend(flag_ids_alike(alone, place_of))
    return Reading(records, issues, [file.name for file in files])


def _is_single(content: Any) -> bool:
    """Whether a file is one resource, which others of the folder may belong to."""
    kind = content.get("resourceType") if isinstance(content, dict) else None
    return isinstance(kind, str) and kind != "Bundle"


def _nobody(folder: Path, issues: Iterable[Issue]) -> str:
    """Why a folder in which each file can be read has no patient."""
    errors = [issue for issue in issues if issue.severity == "error"]
    why = f" {errors[0].source}: {errors[0].message}" if errors else " Add the Patient."
    return f"The folder {folder.name} holds no resource of a patient.{why}"
