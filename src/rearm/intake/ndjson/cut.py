"""An export cut into parts by patient: each line goes to the part of its patient, and what belongs
to no patient to the parts whose resources refer to it.

Files are read once, line by line. What a line needs from another (the patient of an identifier, the
medication of a reference) is brought together on the disk (`joins`), so that memory does not grow
with the number of patients.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from rearm.errors import InputError
from rearm.intake.fhir.completeness import notices
from rearm.intake.fhir.element import Element
from rearm.intake.fhir.subjects import TYPES_READ, identifiers_of
from rearm.intake.issues import issue_at, place_at
from rearm.intake.ndjson.joins import Joins
from rearm.intake.ndjson.lines import Line, tell_cut_short
from rearm.intake.ndjson.problems import Problems
from rearm.intake.ndjson.spool import Spool, field_of, records_in
from rearm.intake.ndjson.whose import (
    SHARED,
    names_of,
    needs_of,
    patient_of,
    server_of,
    subjects_of,
    usable_id,
)
from rearm.intake.parts import folder_of_part, part_of
from rearm.intake.rows import CellProblem
from rearm.intake.values import shown
from rearm.record import Issue, Source
from rearm.strict_json import parse_json

__all__ = ["IS_PATIENT", "LINES", "SHARED_LINES", "Cutter"]

LINES = "lines"  # of patients: patient, mark, file, number of the line, line
SHARED_LINES = "shared"  # of no patient: file, number of the line, line
# marks of lines: a Patient, or the servers by which the line names its patient (as JSON)
IS_PATIENT = b"P"
_LONGEST_TYPE = 64  # characters of the name of a type of resource
_TYPES_SHOWN = 20


class Cutter:
    """Cuts lines into `count` parts in `folder`; `finish` brings together what needs another."""

    def __init__(self, folder: Path, count: int, problems: Problems) -> None:
        self.problems = problems
        self._count = count
        self._spool = Spool()
        self._joins = Joins(folder, count, self._spool)
        self._deleted: set[str] = set()
        self._unread: Counter[str] = Counter()
        self._unread_places: dict[str, Source] = {}
        self._parts = [folder_of_part(folder, part) for part in range(count)]
        self._lines = [part / LINES for part in self._parts]
        for part in self._parts:
            if part.exists():  # of a run that was interrupted
                shutil.rmtree(part)

    # ------------------------------------------------------------ what was deleted

    def deletions(self, lines: Iterable[Line]) -> None:
        """The lines of a file that lists what was deleted: to be read before all others."""
        for line in lines:
            content = self._parsed(line)
            if content is None:
                continue
            addresses = _deleted_in(content)
            if addresses is None:
                sentence = "The line is no Bundle of deletions. It is not used."
                self._unusable(line, sentence, "no deletions")
            else:
                self._deleted |= addresses

    # ------------------------------------------------------------ lines

    def add(self, lines: Iterable[Line]) -> int:
        """The lines of a file, and how many of them there are."""
        count = 0
        for line in lines:
            count += 1
            content = self._parsed(line)
            if content is not None:
                self._route(line, content)
        return count

    def _parsed(self, line: Line) -> dict[str, Any] | None:
        """The JSON object of a line; None where it is none, which is said."""
        try:
            content = parse_json(line.text, "The line", first_line=max(line.number, 1))
        except InputError as error:
            if line.ended or not line.number:
                self._unusable(line, f"{error} It is not read.", "no JSON")
            else:  # the last line: nobody knows how much is missing behind it
                tell_cut_short(line.file, line.number - 1, self.problems)
            return None
        if not isinstance(content, dict) or not isinstance(content.get("resourceType"), str):
            sentence = "The line holds no FHIR resource (an object with resourceType). Remove it."
            self._unusable(line, sentence, "no resource")
            return None
        return content

    def _unusable(self, line: Line, sentence: str, cause: str) -> None:
        problem = CellProblem("error", "line_unreadable", sentence)
        self.problems.add(line.source, problem, cause=cause)

    def _route(self, line: Line, content: dict[str, Any]) -> None:
        """A resource to where it belongs."""
        kind = content["resourceType"]
        resource = Element(content)
        identity = resource.text("id")
        if kind == "OperationOutcome":
            self._notices(line, resource)
        elif kind == "Bundle":
            is_list = _deleted_in(content) is not None
            sentence = "The line holds a Bundle. Write one resource a line. It is not read."
            if is_list:
                sentence = (
                    "The line lists what was deleted, but no manifest names its file. It is not "
                    "used. Add the manifest."
                )
            self._unusable(line, sentence, "deletions" if is_list else "Bundle")
        elif kind not in TYPES_READ:
            name = kind if kind.isalnum() and len(kind) <= _LONGEST_TYPE else "unnamed"
            self._unread[name] += 1
            self._unread_places.setdefault(name, line.source)
        elif f"{kind}/{identity}" in self._deleted:
            self._tell_deleted(line, kind)
        elif kind == "Patient":
            self._patient(line, resource)
        else:
            self._of_patient(line, resource, kind)

    def _notices(self, line: Line, outcome: Element) -> None:
        for sentence in notices(outcome):
            place = ", ".join(x for x in (line.source.place, "what the server withheld") if x)
            problem = CellProblem("warning", "export_incomplete", sentence)
            self.problems.add(Source(line.file, place), problem, cause=sentence)

    def _tell_deleted(self, line: Line, kind: str) -> None:
        sentence = f"The export says that this {kind} was deleted. It is not read."
        problem = CellProblem("note", "deleted", sentence, "refused")
        self.problems.add(line.source, problem, cause=kind)

    def _patient(self, line: Line, resource: Element) -> None:
        patient_id = usable_id(resource.text("id"))
        if patient_id is None:
            sentence = "The Patient has no id, or one with characters that can't be used. "
            sentence += "Nothing of this patient is read."
            problem = CellProblem("error", "patient_id_missing", sentence, "refused")
            self.problems.add(line.source, problem)
            return
        self._write(patient_id, line)
        self._joins.has(patient_id, identifiers_of(resource))

    def _of_patient(self, line: Line, resource: Element, kind: str) -> None:
        """A resource of a patient to his part; one without a subject to all that refer to it."""
        subjects = subjects_of(resource)
        if not subjects and kind in SHARED:
            self._joins.shares(names_of(kind, resource), _placed(line))
            return
        named = {patient_of(subject) for _, subject in subjects}
        patient = next(iter(named)) if len(named) == 1 else None
        if patient is None:
            self._nobody(line, kind)
        elif isinstance(patient, str):
            self._write(patient, line, resource)
        else:
            self._joins.asks_for(patient, _placed(line))

    def _nobody(
        self, line: Line, kind: str, why: str = "names no patient as its subject, or several"
    ) -> None:
        sentence = f"The {kind} {why}. It is not read."
        problem = CellProblem("error", "subject_missing", sentence, "refused")
        self.problems.add(line.source, problem, cause=kind)

    def _write(self, patient_id: str, line: Line, resource: Element | None = None) -> None:
        """The line of a resource, or of the Patient himself, to the part of the patient."""
        if f"Patient/{patient_id}" in self._deleted:
            self._tell_deleted_patient(line, patient_id)
            return
        part = part_of(patient_id, self._count)
        mark = IS_PATIENT if resource is None else _servers(resource)
        self._spool.add(self._lines[part], field_of(patient_id), mark, *_placed(line))
        if resource is not None:
            self._joins.needs(part, needs_of(resource))

    def _tell_deleted_patient(self, line: Line, patient_id: str) -> None:
        sentence = (
            f"The export says that the patient {shown(patient_id)} was deleted. Nothing of this "
            "patient is read."
        )
        problem = CellProblem("warning", "patient_deleted", sentence, "refused")
        self.problems.add(line.source, problem, cause=patient_id, patient_id=patient_id)

    # ------------------------------------------------------------ what needs another

    def finish(self) -> list[Issue]:
        """Brings together what needs another, and gives all that was noteworthy."""
        self._spool.flush()
        for patients, fields in self._joins.answers():
            self._answer(patients, fields)
        self._spool.flush()
        for part, fields in self._joins.shared():
            self._spool.add(self._parts[part] / SHARED_LINES, *fields)
        self._spool.flush()
        alike = [*self._joins.ids_alike(self._first_lines())]
        self._joins.remove()
        return [*self.problems.issues(), *self._not_read(), *alike]

    def _answer(self, patients: set[str], fields: Sequence[bytes]) -> None:
        """A line whose patient is named by an identifier, to the one patient who has it."""
        file, number, text = fields
        line, resource = Line(json.loads(file), int(number), text), Element(json.loads(text))
        if len(patients) == 1:
            self._write(next(iter(patients)), line, resource)
        else:
            why = "names its subject by an identifier that no Patient here has, or several"
            self._nobody(line, str(resource.data["resourceType"]), why)

    def _first_lines(self) -> Iterator[Sequence[bytes]]:
        """Each patient with the file and the number of his first line."""
        for lines in self._lines:
            first: dict[bytes, Sequence[bytes]] = {}
            for patient, _, file, number, _ in records_in(lines, 5):
                first.setdefault(patient, (patient, file, number))
            yield from first.values()

    def _not_read(self) -> list[Issue]:
        """One note of the types that are not read, with the first place of each."""
        if not self._unread:
            return []
        kinds = sorted(self._unread, key=lambda kind: (-self._unread[kind], kind))
        counts = ", ".join(f"{self._unread[kind]} {kind}" for kind in kinds[:_TYPES_SHOWN])
        left = len(kinds) - _TYPES_SHOWN
        more = f" and {left} types more" if left > 0 else ""
        sentence = f"These resource types are not read: {counts}{more}."
        problem = CellProblem("note", "resources_not_read", sentence, "used")
        first = [self._unread_places[kind] for kind in kinds[:_TYPES_SHOWN]]
        return [issue_at(first[0], problem, places=[place_at(place, None) for place in first])]


def _placed(line: Line) -> Sequence[bytes]:
    text = line.text
    if b"\n" in text:  # a file of one resource
        text = json.dumps(json.loads(text.decode("utf-8-sig"))).encode()
    return field_of(line.file), b"%d" % line.number, text


def _servers(resource: Element) -> bytes:
    """The mark of a line of a patient."""
    servers = {server_of(subject) for _, subject in subjects_of(resource)} - {None}
    return field_of(sorted(map(str, servers))) if servers else b""


def _deleted_in(content: dict[str, Any]) -> set[str] | None:
    """What a Bundle of deletions names, as `Type/id`; None where it is something else."""
    bundle = Element(content)
    if content["resourceType"] != "Bundle":
        return None
    requests = [entry.child("request") for entry in bundle.children("entry")]
    if any(request.text("method") != "DELETE" for request in requests) or bundle.problems:
        return None
    addresses = (request.text("url") for request in requests)
    return {"/".join(a.split("?", 1)[0].rsplit("/", 2)[-2:]) for a in addresses if a is not None}
