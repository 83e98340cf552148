"""`rearm response`: courses of many patients to the terminal, pages, JSON, ADaM and FHIR files.

One patient after the other; what is kept of each is a row of the index and a few counts.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from rich.console import Console

from rearm.export.response_json import response_object
from rearm.files import FileNames, write_text
from rearm.outcome.endpoint_definitions import StyleName
from rearm.outcome.endpoints import InfusionOrigin
from rearm.outcome.patient_course import PatientCourse, patient_course
from rearm.record import Record
from rearm.report.response.page import (
    MOST_DRAWN,
    CourseRow,
    course_row,
    response_index,
    response_page,
)
from rearm.report.response.terminal import print_course
from rearm.report.words import unread_file
from rearm.response.criteria import Criteria

if TYPE_CHECKING:
    from rearm.export.adam import AdamFolder

__all__ = ["CourseSettings", "ResponseDone", "ResponseOutputs", "run_response"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseSettings:
    """How every course is computed; see `patient_course`."""

    start: int | None = None
    criteria: Criteria | None = None
    origin: InfusionOrigin = "infusion"
    style: StyleName = "default"
    schedule: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseOutputs:
    """Where the courses go; None writes nothing there. `trace`: reasons on the terminal too.

    `adam`: a folder for ADRS and ADTTE as Parquet and, where pyreadstat is there, XPT; `study` is
    their STUDYID.
    """

    console: Console | None = None
    trace: bool = False
    html: Path | None = None
    json_folder: Path | None = None
    json_lines: TextIO | None = None
    fhir: Path | None = None
    adam: Path | None = None
    study: str = ""


@dataclass(slots=True, kw_only=True)
class ResponseDone:
    """What was written, what was left out, and the patients for whom the program failed."""

    outputs: ResponseOutputs
    patients: int = 0
    adam: tuple[Path, ...] = ()
    left_out: tuple[str, ...] = ()
    failed: list[str] = field(default_factory=list)

    def words(self) -> Iterator[str]:
        n = f"{self.patients} patient{'s' if self.patients != 1 else ''}"
        if self.outputs.html is not None:
            yield f"{n}, pages: {self.outputs.html / 'index.html'}"
        if self.outputs.json_folder is not None:
            yield f"{n}, JSON: {self.outputs.json_folder}"
        if self.outputs.fhir is not None:
            yield f"{n}, FHIR bundles: {self.outputs.fhir}"
        if self.adam:
            yield f"{n}, ADaM: {', '.join(str(path) for path in self.adam)}"
        yield from self.left_out
        yield from self.failed


def run_response(
    records: Iterable[Record],
    names: FileNames,
    outputs: ResponseOutputs,
    settings: CourseSettings,
) -> ResponseDone:
    """Computes and writes the course of each record, one by one. `names` gives the files of a
    patient their name.

    Each file appears whole or not at all. A patient for whom the program fails costs the others
    nothing: an index row and a sentence say so. Raises OSError where a file cannot be written.
    """
    done = ResponseDone(outputs=outputs)
    with ExitStack() as stack:
        writer = _Writer(outputs, stack)
        for record in records:
            try:
                writer.write(names.of(record.patient_id), _course(record, settings))
                done.patients += 1
            except OSError:
                raise
            except Exception as error:
                if os.environ.get("REARM_DEBUG"):
                    raise
                sentence = (
                    f"rearm: the course of {record.patient_id} could not be written because of "
                    f"an internal error ({type(error).__name__}: {error}). This is a bug in "
                    "Rearm; please report it. REARM_DEBUG=1 shows where it happened."
                )
                done.failed.append(sentence)
                writer.fail(record.patient_id)
        done.adam, done.left_out = writer.finish()
    return done


def _course(record: Record, settings: CourseSettings) -> PatientCourse:
    return patient_course(
        record,
        start=settings.start,
        criteria=settings.criteria,
        origin=settings.origin,
        style=settings.style,
        schedule=settings.schedule,
    )


class _Writer:
    """Writes one course after the other, and at the end what is made of all of them."""

    def __init__(self, outputs: ResponseOutputs, stack: ExitStack) -> None:
        self.outputs = outputs
        for folder in (outputs.html, outputs.json_folder, outputs.fhir, outputs.adam):
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)
        self.adam: AdamFolder | None = None
        if outputs.adam is not None:
            from rearm.export.adam import AdamFolder

            self.adam = stack.enter_context(AdamFolder(outputs.adam, study=outputs.study))
        self.rows: list[CourseRow] = []
        self.drawn: list[PatientCourse] = []  # of the index, at most MOST_DRAWN
        self.with_course = 0
        self.unread: dict[str, None] = {}

    def write(self, name: str, found: PatientCourse) -> None:
        out = self.outputs
        self.unread |= dict.fromkeys(
            unread_file(str(x.source), x.message, of="these patients") for x in found.record.unread
        )
        if out.console is not None:
            print_course(out.console, found, trace=out.trace)
        if out.json_folder is not None or out.json_lines is not None:
            self._json(name, found)
        if out.html is not None:
            page = f"{name}.html"
            write_text(out.html / page, response_page(found, index=True))
            self._index(course_row(page, found), found)
        if out.fhir is not None:
            from rearm.export.fhir import response_bundle

            text = json.dumps(response_bundle(found), ensure_ascii=False, indent=1)
            write_text(out.fhir / f"{name}.json", text + "\n")
        if self.adam is not None:
            self.adam.add(found)

    def _json(self, name: str, found: PatientCourse) -> None:
        out = self.outputs
        text = json.dumps(
            response_object(found),
            ensure_ascii=False,
            allow_nan=False,
            indent=None if out.json_lines is not None else 1,
        )
        if out.json_folder is not None:
            write_text(out.json_folder / f"{name}.json", text + "\n")
        if out.json_lines is not None:
            out.json_lines.write(text + "\n")

    def _index(self, row: CourseRow, found: PatientCourse) -> None:
        self.rows.append(row)
        if found.course is not None:
            self.with_course += 1
            if len(self.drawn) < MOST_DRAWN:
                self.drawn.append(found)

    def fail(self, patient: str) -> None:
        """A row of the index for a patient for whom the program failed."""
        if self.outputs.html is not None:
            self.rows.append(CourseRow(patient=patient, failed=True))

    def finish(self) -> tuple[tuple[Path, ...], tuple[str, ...]]:
        """The index and the trial datasets: (files of these, sentences on what is missing)."""
        if self.outputs.html is not None:
            index = response_index(
                self.rows, self.drawn, with_course=self.with_course, unread=[*self.unread]
            )
            write_text(self.outputs.html / "index.html", index)
        if self.adam is None:
            return (), ()
        from rearm.export.adam import left_out_words

        files, notes = self.adam.finish()
        return files, (*notes, *left_out_words(self.adam.left_out))
