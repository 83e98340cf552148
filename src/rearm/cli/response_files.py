"""`rearm response`: courses of many patients to the terminal, pages, JSON, ADaM and FHIR files."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from rich.console import Console

from rearm.files import unique_names, write_text
from rearm.outcome.endpoint_definitions import StyleName
from rearm.outcome.endpoints import InfusionOrigin
from rearm.outcome.patient_course import PatientCourse, course_object, patient_course
from rearm.record import Record
from rearm.report.response.page import response_index, response_page
from rearm.report.response.terminal import print_course
from rearm.response.criteria import Criteria

__all__ = ["ResponseDone", "run_response"]


@dataclass
class ResponseDone:
    """What was written, what was left out, and the patients for whom the program failed."""

    patients: int = 0
    html: Path | None = None
    json_folder: Path | None = None
    fhir: Path | None = None
    adam: tuple[Path, ...] = ()
    left_out: tuple[str, ...] = ()
    failed: list[str] = field(default_factory=list)

    def words(self) -> Iterator[str]:
        n = f"{self.patients} patient{'s' if self.patients != 1 else ''}"
        if self.html is not None:
            yield f"{n}, pages: {self.html / 'index.html'}"
        if self.json_folder is not None:
            yield f"{n}, JSON: {self.json_folder}"
        if self.fhir is not None:
            yield f"{n}, FHIR bundles: {self.fhir}"
        if self.adam:
            yield f"{n}, ADaM: {', '.join(str(p) for p in self.adam)}"
        yield from self.left_out
        yield from self.failed


def run_response(
    records: Sequence[Record],
    *,
    console: Console | None = None,
    trace: bool = False,
    html: Path | None = None,
    json_folder: Path | None = None,
    json_lines: TextIO | None = None,
    adam: Path | None = None,
    study: str = "",
    fhir: Path | None = None,
    start: int | None = None,
    criteria: Criteria | None = None,
    origin: InfusionOrigin = "infusion",
    style: StyleName = "default",
    schedule: Sequence[int] = (),
) -> ResponseDone:
    """Computes and writes the course of each record; None writes nothing there. `start`: day that
    every course is counted from.

    Each file appears whole or not at all. `adam`: a folder for ADRS and ADTTE as Parquet and, where
    pyreadstat is there, XPT.
    """
    done = ResponseDone(html=html, json_folder=json_folder, fhir=fhir)
    for folder in (html, json_folder, fhir, adam):
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
    names = unique_names(record.patient_id for record in records)
    kept: list[tuple[str, PatientCourse]] = []
    for record in records:
        name = names[record.patient_id]
        try:
            found = patient_course(
                record,
                start=start,
                criteria=criteria,
                origin=origin,
                style=style,
                schedule=schedule,
            )
            if console is not None:
                print_course(console, found, trace=trace)
            if json_folder is not None or json_lines is not None:
                text = json.dumps(
                    course_object(found),
                    ensure_ascii=False,
                    allow_nan=False,
                    indent=None if json_lines else 1,
                )
                if json_folder is not None:
                    write_text(json_folder / f"{name}.json", text + "\n")
                if json_lines is not None:
                    json_lines.write(text + "\n")
            if html is not None:
                write_text(html / f"{name}.html", response_page(found, index=True))
            if fhir is not None:
                from rearm.export.fhir import response_bundle

                write_text(
                    fhir / f"{name}.json",
                    json.dumps(response_bundle(found), ensure_ascii=False, indent=1) + "\n",
                )
        except OSError:
            raise
        except Exception as error:  # one patient's fault does not cost the others their files
            if os.environ.get("REARM_DEBUG"):
                raise
            done.failed.append(
                f"rearm: the course of {record.patient_id} could not be written: a fault of the"
                f" program ({type(error).__name__}: {error}). Please report it; REARM_DEBUG=1 shows"
                " where it happened."
            )
            continue
        kept.append((f"{name}.html", found))
    done.patients = len(kept)
    if html is not None:
        write_text(html / "index.html", response_index(kept))
    if adam is not None:
        from rearm.export.adam import course_datasets, write_adam

        datasets = course_datasets([found for _, found in kept], study=study)
        done.adam, notes = write_adam(datasets, adam)
        done.left_out = (*notes, *datasets.left_out_words())
    return done
