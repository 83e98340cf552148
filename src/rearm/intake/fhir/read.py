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

from datetime import date
from pathlib import Path
from typing import Any

from rearm.errors import InputError
from rearm.intake.build.gather import gather
from rearm.intake.build.records import make_records
from rearm.intake.build.terms import Terms
from rearm.intake.fhir.folder import read_folder, refusal
from rearm.intake.fhir.split import parts_of
from rearm.intake.fhir.translate import rows_of_bundle
from rearm.intake.result import Reading
from rearm.intake.rows import Row
from rearm.knowledge.bundle import Knowledge, bundled
from rearm.record import Issue
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
        return read_folder(source, knowledge, today)
    return _single(load_json(source), source.name, knowledge, today)


def _single(content: Any, name: str, knowledge: Knowledge, today: date | None) -> Reading:
    parts, issues = parts_of(content, name)
    rows: list[Row] = []
    notes: list[Issue] = list(issues)
    refused: list[InputError] = []
    for part in parts:
        try:
            own, of_part = rows_of_bundle(part, name, knowledge)
        except InputError as error:
            refused.append(error)
            notes.append(refusal(error, name, "patient_unreadable", "what it holds of others is"))
            continue
        rows += own
        notes += of_part
    if len(refused) == len(parts):
        raise refused[0]
    gathered = gather(rows, notes)
    terms = Terms(knowledge)
    return Reading(
        lambda: make_records(gathered, terms, today=today),
        gathered.issues,
        (name,),
        rows=gathered.rows_of,
    )
