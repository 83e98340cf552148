"""A folder of FHIR files (.json): bundles, and single resources that belong together by patient.

Bundles are opened twice: once to know whose they are, and each again when its records are made, so
that they are never in memory together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

from rearm.errors import InputError
from rearm.intake.build.checks.ids import flag_ids_alike
from rearm.intake.build.gather import gather
from rearm.intake.build.records import make_records
from rearm.intake.build.terms import Terms
from rearm.intake.fhir.bundle import FhirBundle, open_bundle
from rearm.intake.fhir.split import parts_of
from rearm.intake.fhir.subjects import TYPES_READ
from rearm.intake.fhir.translate import rows_of_bundle
from rearm.intake.files.control_characters import clean_json
from rearm.intake.files.read import bundle_files
from rearm.intake.files.unread import nothing_but, unread_in
from rearm.intake.issues import issue_at
from rearm.intake.ndjson.read import single_resources
from rearm.intake.result import Reading
from rearm.intake.rows import CellProblem
from rearm.intake.values import shown
from rearm.knowledge.bundle import Knowledge
from rearm.record import Issue, Record, Source
from rearm.strict_json import load_json

__all__ = ["read_folder", "refusal"]


def read_folder(folder: Path, knowledge: Knowledge, today: date | None) -> Reading:
    """The records of a folder.

    A file, or a patient in one, that can't be read is an issue, as is a patient who stands in two
    bundles. Raises InputError where there is no file, or no patient who can be read.
    """
    files = bundle_files(folder)
    if not files:
        raise InputError(
            f"The folder {folder.name} holds no .json file. Add FHIR bundles, one per "
            f"patient.{nothing_but(folder)}"
        )
    opened = _Opened(folder)
    for file in files:
        opened.open(file)
    resources = single_resources(opened.single)
    joined = resources.patients()
    for patient_id, source in joined.items():
        opened.files_of[patient_id].append(folder / source.file)
    opened.join_documents()
    alone = opened.alone()
    of_bundles = {p: file for p, file in alone.items() if p not in joined}
    of_resources = resources.read(knowledge, today, alone.keys() & joined.keys())
    issues = [*opened.issues, *(x for x in of_resources.issues if x.code != "ids_alike")]
    if not alone:
        raise opened.refused[0] if opened.refused else InputError(_nobody(folder, issues))
    places = opened.places | joined
    issues.extend(flag_ids_alike(alone, places.__getitem__))

    def records() -> Iterator[Record]:
        yield from _of_bundles(of_bundles, knowledge, today)
        yield from of_resources.stream()

    return Reading(records, issues, [file.name for file in files])


def refusal(error: InputError, name: str, code: str, others: str) -> Issue:
    """A file, or a patient in one, that can't be read beside others that can."""
    sentence = f"{error} It is not read; {others}."
    return issue_at(Source(name, ""), CellProblem("error", code, sentence, "refused"))


class _Opened:
    """The files of a folder, each opened once: whose they are, and what was wrong with them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.single: list[Path] = []  # files of one resource
        self.files_of: dict[str, list[Path]] = defaultdict(list)  # by patient
        self.places: dict[str, Source] = {}  # of each patient in his file
        self.refused: list[InputError] = []
        names = {file.name for file in bundle_files(folder)}
        self.issues: list[Issue] = [*unread_in(folder, names)]
        # bundles of a patient that hold nothing of a type that is read
        self._documents_of: dict[str, list[Path]] = defaultdict(list)

    def open(self, file: Path) -> None:
        """Whose a file is."""
        try:
            content, notes = clean_json(load_json(file), file.name)
            if _is_single(content):
                self.single.append(file)
                return
            parts, strays = parts_of(content, file.name)
            bundles, unreadable = _bundles(parts, file.name)
        except InputError as error:
            self.refused.append(error)
            others = "the other files are"
            self.issues.append(refusal(error, file.name, "file_unreadable", others))
            return
        for _, bundle in bundles:
            self._place(bundle, file)
        for why in unreadable:
            self.refused.append(why)
            others = "what it holds of others is"
            self.issues.append(refusal(why, file.name, "patient_unreadable", others))
        self.issues.extend((*notes, *strays))

    def _place(self, bundle: FhirBundle, file: Path) -> None:
        is_read = any(resource.type in TYPES_READ for resource in bundle.resources)
        (self.files_of if is_read else self._documents_of)[bundle.patient_id].append(file)
        place = "Bundle" if bundle.patient is None else bundle.patient.place
        self.places.setdefault(bundle.patient_id, Source(file.name, place))

    def join_documents(self) -> None:
        """A bundle without anything that is read counts only for a patient who has no other."""
        for patient_id, own in self._documents_of.items():
            if patient_id not in self.files_of:
                self.files_of[patient_id] = own
                continue
            for file in own:
                sentence = (
                    f"{file.name} holds no resource of a type that is read. The patient "
                    f"{shown(patient_id)} is read from elsewhere in the folder."
                )
                problem = CellProblem("note", "resources_not_read", sentence, "used")
                self.issues.append(issue_at(Source(file.name, ""), problem, patient_id))

    def alone(self) -> dict[str, Path]:
        """The file of each patient who stands in one; of others nothing is read, which is said."""
        found: dict[str, Path] = {}
        for patient_id, own in self.files_of.items():
            if len(own) == 1:
                found[patient_id] = own[0]
                continue
            twice = InputError(
                f"The patient {shown(patient_id)} appears in "
                f"{' and in '.join(file.name for file in own)}. Put the resources into one "
                "Bundle."
            )
            self.refused.append(twice)
            sentence = f"{twice} Nothing of this patient is read; the others are."
            problem = CellProblem("error", "patient_in_two_files", sentence, "refused")
            self.issues.append(issue_at(Source(own[1].name, ""), problem, patient_id))
        return found


def _of_bundles(
    file_of: dict[str, Path], knowledge: Knowledge, today: date | None
) -> Iterator[Record]:
    """The records of patients, each from his bundle."""
    terms = Terms(knowledge)
    for file in dict.fromkeys(file_of.values()):
        content, _ = clean_json(load_json(file), file.name)
        bundles, _ = _bundles(parts_of(content, file.name)[0], file.name)
        for part, bundle in bundles:
            if file_of.get(bundle.patient_id) == file:
                gathered = gather(*rows_of_bundle(part, file.name, knowledge))
                yield from make_records(gathered, terms, today=today)


def _bundles(
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


def _is_single(content: Any) -> bool:
    """Whether a file is one resource, which others of the folder may belong to."""
    kind = content.get("resourceType") if isinstance(content, dict) else None
    return isinstance(kind, str) and kind != "Bundle"


def _nobody(folder: Path, issues: Iterable[Issue]) -> str:
    """Why a folder in which each file can be read has no patient."""
    errors = [issue for issue in issues if issue.severity == "error"]
    why = f" {errors[0].source}: {errors[0].message}" if errors else " Add the Patient."
    return f"The folder {folder.name} holds no resource of a patient.{why}"
