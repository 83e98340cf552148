"""Reports and results of many patients as files, written one by one so that a crash or a kill loses
nothing that was done.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TextIO

from rich.console import Console

from rearm.assessment import Assessment, AssessmentError, assess_all
from rearm.files import unique_names, write_text
from rearm.knowledge import Knowledge
from rearm.record import Record
from rearm.report.assessment.index import IndexRow, index_row
from rearm.report.assessment.page import index_page, page
from rearm.report.assessment.terminal import print_assessment

__all__ = ["Done", "assess_to_files"]

_BATCH = 64


@dataclass
class Done:
    """What was written, and the patients for whom the program failed."""

    assessed: int = 0
    html: Path | None = None
    json_folder: Path | None = None
    failed: list[str] = field(default_factory=list)

    def words(self) -> Iterator[str]:
        if self.html is not None:
            yield (
                f"{self.assessed} page{'s' if self.assessed != 1 else ''}:"
                f" {self.html / 'index.html'}"
            )
        if self.json_folder is not None:
            yield f"{self.assessed} result{'s' if self.assessed != 1 else ''}: {self.json_folder}"
        yield from self.failed


def assess_to_files(
    records: Sequence[Record],
    *,
    as_of: int | date | None,
    region: str | None,
    knowledge: Knowledge | None,
    html: Path | None,
    json_folder: Path | None,
    console: Console | None,
    json_lines: TextIO | None,
) -> Done:
    """Assesses in batches; each patient's files appear whole or not at all; who could not be
    assessed is named.
    """
    done = Done(html=html, json_folder=json_folder)
    for folder in (html, json_folder):
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
    names = unique_names(record.patient_id for record in records)
    index: list[IndexRow] = []
    for start in range(0, len(records), _BATCH):
        batch = records[start : start + _BATCH]
        for record, assessment in zip(
            batch, _assessed(batch, as_of, region, knowledge, done), strict=True
        ):
            if assessment is None:
                continue
            name = names[record.patient_id]
            if html is not None:
                write_text(html / f"{name}.html", page(assessment))
                index.append(index_row(f"{name}.html", assessment))
            text = assessment.to_json() if json_folder or json_lines else ""
            if json_folder is not None:
                write_text(json_folder / f"{name}.json", text + "\n")
            if json_lines is not None:
                json_lines.write(text + "\n")
            if console is not None:
                print_assessment(console, assessment)
            done.assessed += 1
        if len(records) > _BATCH and console is None:
            _progress(min(start + _BATCH, len(records)), len(records))
    if html is not None:
        write_text(html / "index.html", index_page(index))
    return done


def _assessed(
    batch: Sequence[Record],
    as_of: int | date | None,
    region: str | None,
    knowledge: Knowledge | None,
    done: Done,
) -> list[Assessment | None]:
    try:
        return list(assess_all(batch, as_of=as_of, region=region, knowledge=knowledge))
    except AssessmentError:
        raise
    except Exception as error:
        if os.environ.get("REARM_DEBUG"):
            raise
        if len(batch) == 1:
            done.failed.append(
                f"rearm: {batch[0].patient_id} could not be assessed: a fault of the program"
                f" ({type(error).__name__}: {error}). Please report it; REARM_DEBUG=1 shows where"
                " it happened."
            )
            return [None]
        return [
            found
            for record in batch
            for found in _assessed([record], as_of, region, knowledge, done)
        ]


def _progress(done: int, of: int) -> None:
    import sys

    if sys.stderr.isatty():
        print(
            f"\r{done} of {of} patients", end="" if done < of else "\n", file=sys.stderr, flush=True
        )
