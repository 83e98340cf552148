"""FHIR bulk NDJSON read in parts by patient."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from rearm.errors import InputError
from rearm.intake.build.gather import gather
from rearm.intake.build.records import make_records
from rearm.intake.build.terms import Terms
from rearm.intake.fhir.bundle import open_bundle
from rearm.intake.fhir.subjects import TYPES_READ
from rearm.intake.fhir.translate import rows_of_bundle
from rearm.intake.files.unread import unread_in
from rearm.intake.issues import issue_at
from rearm.intake.ndjson.assemble import Assembled, Placed, Shared, assembled, canonical, placed
from rearm.intake.ndjson.cut import IS_PATIENT, LINES, SHARED_LINES, Cutter
from rearm.intake.ndjson.lines import Line, lines_of, ndjson_files, tell_cut_short
from rearm.intake.ndjson.manifest import Manifest, manifests_in
from rearm.intake.ndjson.problems import Problems
from rearm.intake.ndjson.spool import records_in
from rearm.intake.parts import Parts, folder_of_part
from rearm.intake.result import Reading
from rearm.intake.rows import CellProblem
from rearm.knowledge.bundle import Knowledge
from rearm.record import Issue, Record, Source

__all__ = ["NdjsonParts", "cut_resources", "patients_in"]

_CALLED = "export"
_VERSION = ("lastUpdated", "versionId")  # of `meta`: they change where the content does not


class NdjsonParts:
    """The way in that is FHIR bulk NDJSON, in parts (a `PartReader`)."""

    def cut(self, source: str | Path, folder: Path, count: int) -> Parts:
        """Writes the lines of a folder of NDJSON files, or of one such file, to parts.

        What can't be read, what is of nobody, and what the manifest says is among the issues.
        Raises InputError with a sentence where no file can be read, or none holds a patient.
        """
        source = Path(source)
        files = ndjson_files(source) if source.is_dir() else [source]
        if not files:
            raise InputError(f"The folder {source.name} holds no .ndjson file. Add the export.")
        manifests = manifests_in(source) if source.is_dir() else []
        problems = Problems()
        cutter = Cutter(folder, count, problems)
        names = [file.name for file in files]
        issues: list[Issue] = []
        if source.is_dir():
            issues.extend(unread_in(source, {*names, *(m.file for m in manifests)}))
        for manifest in manifests:
            issues.extend(manifest.differences(names, TYPES_READ))
        refused: list[InputError] = []
        deletions = [f for f in files if any(m.is_deletions(f.name) for m in manifests)]
        for file in deletions:
            cutter.deletions(lines_of(file, problems))
        for file in files:
            if file in deletions:
                continue
            try:
                found = cutter.add(lines_of(file, problems))
            except InputError as error:
                refused.append(error)
                sentence = f"{error} The file is not read; the others are."
                problem = CellProblem("error", "file_unreadable", sentence, "refused")
                problems.add(Source(file.name, ""), problem)
                continue
            _compare_count(file.name, found, manifests, problems)
        if len(refused) == len(files):
            raise refused[0]
        issues.extend(cutter.finish())
        if not any(folder_of_part(folder, part).exists() for part in range(count)):
            raise InputError(_nobody(source, issues))
        return Parts(files=tuple(names), issues=tuple(issues))

    def hashes(self, part: Path) -> Mapping[str, str]:
        """By patient, a hash of the content of his resources and of what they refer to: the order
        of lines and files, `meta.lastUpdated` and `meta.versionId` do not count.
        """
        patients, shared, _ = _lines_of(part)
        hashes: dict[str, str] = {}
        for patient_id, lines in patients.items():
            own = [placed(*line) for line in lines]
            digest = hashlib.sha256()
            for text in _contents([*own, *shared.needed(own)]):
                digest.update(text.encode("utf-8", "surrogatepass"))
                digest.update(b"\n")
            hashes[patient_id] = digest.hexdigest()
        return hashes

    def read(
        self,
        part: Path,
        knowledge: Knowledge,
        today: date | None,
        patients: Collection[str] | None = None,
    ) -> Reading:
        """The records of a part, by the ids of the patients, or those of `patients` alone. One who
        can't be read is an issue; the others are read.
        """
        lines, shared, doubtful = _lines_of(part)
        chosen = sorted(id for id in lines if patients is None or id in patients)
        looked_at = [id for id in chosen if id in doubtful]
        issues = [x for id in looked_at if (x := _refusal(id, lines[id], shared)) is not None]
        refused = {issue.patient_id for issue in issues}
        terms = Terms(knowledge)

        def records() -> Iterator[Record]:
            for patient_id in chosen:
                if patient_id in refused:
                    continue
                whole = _assembled(patient_id, lines[patient_id], shared)
                file = whole.sources[0].file
                rows, notes = rows_of_bundle(
                    whole.bundle, file, knowledge, whole.sources, called=_CALLED
                )
                yield from make_records(gather(rows, notes), terms, today=today)

        files = {json.loads(line[0]) for id in chosen for line in lines[id]}
        return Reading(records, issues, sorted(files))


def cut_resources(files: Sequence[Path], folder: Path, count: int) -> Parts:
    """Writes single resources, one a file (.json), to parts."""
    problems = Problems()
    cutter = Cutter(folder, count, problems)
    for file in files:
        cutter.add([Line(file.name, 0, file.read_bytes())])
    return Parts(files=tuple(file.name for file in files), issues=tuple(cutter.finish()))


def patients_in(part: Path) -> dict[str, Source]:
    """The patients of a part, and where each is named first."""
    lines, _, _ = _lines_of(part)
    return {patient_id: placed(*own[0]).source for patient_id, own in lines.items()}


def _nobody(source: Path, issues: Sequence[Issue]) -> str:
    """Why there is no patient, with the first reason that there is."""
    errors = [issue for issue in issues if issue.severity == "error"]
    why = f" {errors[0].source}: {errors[0].message}" if errors else " Add Patient.ndjson."
    return f"{source.name} holds no resource of a patient.{why}"


_Written = tuple[bytes, bytes, bytes]  # file, number of the line, line


def _lines_of(part: Path) -> tuple[dict[str, list[_Written]], Shared, set[str]]:
    """The lines of each patient in a part, what they refer to that belongs to none, and of whom
    there may be two: those with several Patient resources or servers.
    """
    patients: dict[str, list[_Written]] = {}
    ids: dict[bytes, str] = {}
    servers: dict[str, bytes] = {}  # the first that each patient is named with
    people: set[str] = set()
    doubtful: set[str] = set()
    for patient, mark, file, number, text in records_in(part / LINES, 5):
        patient_id = ids.get(patient) or ids.setdefault(patient, json.loads(patient))
        patients.setdefault(patient_id, []).append((file, number, text))
        is_patient = mark == IS_PATIENT
        if is_patient and patient_id in people:
            doubtful.add(patient_id)
        elif is_patient:
            people.add(patient_id)
        elif mark and (mark != servers.setdefault(patient_id, mark) or b"," in mark):
            doubtful.add(patient_id)
    shared = [placed(file, n, text) for file, n, text in records_in(part / SHARED_LINES, 3)]
    return patients, Shared(shared), doubtful


def _assembled(patient_id: str, lines: Sequence[_Written], shared: Shared) -> Assembled:
    return assembled(patient_id, [placed(*line) for line in lines], shared)


def _refusal(patient_id: str, lines: Sequence[_Written], shared: Shared) -> Issue | None:
    """Why a patient can't be read; None where he can."""
    try:
        whole = _assembled(patient_id, lines, shared)
        open_bundle(whole.bundle, whole.sources[0].file, whole.sources, called=_CALLED)
    except InputError as error:
        first = placed(*lines[0]).source
        sentence = f"{error} Nothing of this patient is read; the others are."
        problem = CellProblem("error", "patient_unreadable", sentence, "refused")
        return issue_at(first, problem, patient_id)
    return None


def _contents(resources: Sequence[Placed]) -> list[str]:
    """The content of each resource, without its version where it is there once."""
    count = Counter((x.resource["resourceType"], str(x.resource.get("id"))) for x in resources)
    texts = []
    for item in resources:
        resource: dict[str, Any] = item.resource
        meta = resource.get("meta")
        once = count[resource["resourceType"], str(resource.get("id"))] == 1
        if isinstance(meta, dict) and once:
            kept = {key: value for key, value in meta.items() if key not in _VERSION}
            resource = {**resource, "meta": kept} if kept else _without_meta(resource)
        texts.append(canonical(resource))
    return sorted(texts)


def _without_meta(resource: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in resource.items() if key != "meta"}


def _compare_count(
    file: str, found: int, manifests: Sequence[Manifest], problems: Problems
) -> None:
    """Says where a file holds fewer resources than its manifest counts in it."""
    for manifest in manifests:
        counted = manifest.count_of(file)
        if counted is not None and found < counted:
            sentence = (
                f"{manifest.file} counts {counted} resources, but the file holds {found}. Export it"
                " again."
            )
            tell_cut_short(file, None, problems, sentence)
