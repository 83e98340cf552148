"""Assessments as files and on the terminal: patient by patient, on several processes, in runs that
can be resumed. A patient's files appear whole or not at all; a fault ends nobody else's run.
"""

from __future__ import annotations

import gc
import hashlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from rearm.assessment import Assessment, AssessmentError, assess_all
from rearm.assessment.planner import plan_of
from rearm.cli.decision_day import long_after_data, why_no_decision
from rearm.cohort.fingerprint import fingerprint
from rearm.cohort.pool import each_batch
from rearm.cohort.progress import Done, Progress, hash_of
from rearm.files import FileNames, write_bytes, write_text
from rearm.knowledge import Knowledge, KnowledgeError, load
from rearm.record import Record
from rearm.report.assessment.index import IndexRow, index_row
from rearm.report.assessment.page import index_page, page
from rearm.report.sheet import sheet
from rearm.report.sheet.pdf import sheet_pdf
from rearm.report.words import unread_file

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Summary", "Wanted", "assess_to_files"]

_BATCH = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to make of each patient. `knowledge` is a folder, None: the bundled knowledge.
    `results`: the results themselves, for the terminal, there with everything behind the sheet
    where `full`; `json_lines`: each as a line of JSON; `pdf`: each sheet also as a PDF.
    """

    as_of: int | date | None = None
    region: str | None = None
    knowledge: Path | None = None
    html: Path | None = None
    json_folder: Path | None = None
    sheets: Path | None = None
    pdf: bool = False
    json_lines: bool = False
    results: bool = False
    full: bool = False


@dataclass
class Summary:
    """What was written; `told`: what else is to be known of patients; `refused`: patients who
    cannot be assessed as asked; `failed`: those for whom the program failed.
    """

    wanted: Wanted
    assessed: int = 0
    unchanged: int = 0
    gone: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def words(self) -> Iterator[str]:
        """One line for each thing that a user should know."""
        total = self.assessed + self.unchanged
        if self.wanted.html is not None:
            pages = f"{total} page{'s' if total != 1 else ''}"
            yield f"{pages}: {self.wanted.html / 'index.html'}"
        if self.wanted.sheets is not None:
            form = ", each as a page and as a PDF" if self.wanted.pdf else ""
            yield f"{total} sheet{'s' if total != 1 else ''}{form}: {self.wanted.sheets}"
        if self.wanted.json_folder is not None:
            yield f"{total} result{'s' if total != 1 else ''}: {self.wanted.json_folder}"
        if self.unchanged:
            verb = "is" if self.unchanged == 1 else "are"
            why = "because nothing they depend on changed"
            yield f"{self.unchanged} of them {verb} unchanged, {why}."
        if self.gone:
            number = len(self.gone)
            patients, are = ("1 patient", "is") if number == 1 else (f"{number} patients", "are")
            yield (
                f"{patients} of the earlier run {are} no longer in the input and were removed "
                f"from the index; their files were kept: {_some(self.gone)}."
            )
        yield from self.told
        yield from self.refused
        yield from self.failed


def _some(names: Sequence[str], limit: int = 12) -> str:
    listed = ", ".join(names[:limit])
    return listed if len(names) <= limit else f"{listed} and {len(names) - limit} more"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """One patient to assess. `mark` is the fingerprint, empty where nobody asks for it."""

    record: Record
    name: str
    mark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """What a process made of one patient, or why it failed."""

    done: Done | None = None
    json_line: str = ""
    result: Assessment | None = None
    refused: str = ""
    error: str = ""


def assess_to_files(
    records: Iterable[Record],
    wanted: Wanted,
    *,
    jobs: int = 1,
    resume: bool = False,
    console: Console | None = None,
    json_lines: TextIO | None = None,
    left_out: Iterable[str] = (),
) -> Summary:
    """Assesses every patient and writes what is wanted.

    `records` may be a stream: no more than a few batches are in memory. `resume`: patients whose
    result cannot have changed since an earlier run into the same folder are left as they are.
    `left_out`: a sentence for each patient of whom nothing was read, for the table of patients.
    """
    summary = Summary(wanted)
    folders = [f for f in (wanted.html, wanted.json_folder, wanted.sheets) if f is not None]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    progress = Progress(folders[0]) if folders else None
    run = _AssessRun(wanted, summary, progress, resume=resume)
    run.unread |= dict.fromkeys(left_out)
    made = each_batch(
        _assess_batch,
        run.tasks(records),
        jobs=jobs,
        prepare=_prepare,
        settings=(wanted,),
        failed=_ended,
    )
    try:
        for batch in made:
            run.take(batch)
            for one in batch:
                if one.json_line and json_lines is not None:
                    json_lines.write(one.json_line + "\n")
                if one.result is not None and console is not None:
                    _print(console, one.result, full=wanted.full)
            if console is None:
                _tell(summary)
    except KeyboardInterrupt:
        again = "; --resume continues from there" if folders else ""
        print(f"Stopped after {summary.assessed} patients{again}.", file=sys.stderr)
        raise
    run.finish()
    return summary


def _print(console: Console, assessment: Assessment, *, full: bool) -> None:
    from rearm.report.assessment.terminal import print_assessment

    print_assessment(console, assessment, full=full)


class _AssessRun:
    """Who is to be assessed, who is done, and the table of patients at the end."""

    def __init__(
        self, wanted: Wanted, summary: Summary, progress: Progress | None, *, resume: bool
    ) -> None:
        self.wanted, self.summary, self.progress = wanted, summary, progress
        self.before = progress.before if progress is not None and resume else {}
        self.names = FileNames()
        self.order: list[str] = []
        self.done: dict[str, Done] = {}
        self.unread: dict[str, None] = {}
        # the knowledge is only needed here for the fingerprint, which only files have
        folder = wanted.knowledge
        self.knowledge = load(folder) if progress is not None and folder is not None else None

    def tasks(self, records: Iterable[Record]) -> Iterator[list[_Task]]:
        """The patients to assess, in batches; who is unchanged is taken as done."""
        batch: list[_Task] = []
        for given in records:
            name = self.names.of(given.patient_id)
            self.order.append(given.patient_id)
            record = self._with_day(given)
            if record is None:
                continue
            self.unread |= dict.fromkeys(
                unread_file(str(x.source), x.message, of="these patients") for x in record.unread
            )
            mark = self._mark(record)
            before = self.before.get(record.patient_id)
            if before is not None and self._stands(before, name, mark):
                self.done[record.patient_id] = before
                self.summary.unchanged += 1
                continue
            batch.append(_Task(record=record, name=name, mark=mark))
            if len(batch) == _BATCH:
                yield batch
                batch = []
        if batch:
            yield batch

    def _with_day(self, record: Record) -> Record | None:
        """The record, with an issue where the day asked about lies long after its data; None, with
        a sentence, where no decision can be shown for that day.
        """
        why = why_no_decision(record, self.wanted.as_of, date.today())
        if why is not None:
            self.summary.refused.append(f"rearm: {why}")
            self.unread[why] = None
            return None
        late = long_after_data(record, self.wanted.as_of)
        if late is None:
            return record
        self.summary.told.append(f"rearm: {record.patient_id}: {late.message}")
        return replace(record, issues=(*record.issues, late))

    def _mark(self, record: Record) -> str:
        if self.progress is None:
            return ""
        known = self.knowledge or load()
        return fingerprint(record, known, as_of=self.wanted.as_of, region=self.wanted.region)

    def _stands(self, before: Done, name: str, mark: str) -> bool:
        """Whether an earlier run wrote the files that this one would write."""
        if before.fingerprint != mark or before.name != name:
            return False
        files = _files(name, self.wanted)
        return all(
            before.files.get(ending) == hash_of(file) is not None for ending, file in files.items()
        )

    def take(self, batch: Iterable[_Made]) -> None:
        """Puts down what was made."""
        whole = [one.done for one in batch if one.done is not None]
        self.summary.assessed += len(whole)
        self.summary.refused += [one.refused for one in batch if one.refused]
        self.summary.failed += [one.error for one in batch if one.error]
        self.done |= {done.patient_id: done for done in whole}
        if self.progress is not None:
            self.progress.add(whole)

    def finish(self) -> None:
        """The table of patients, and the record of the run for the next one."""
        listed = [self.done[who] for who in self.order if who in self.done]
        self.summary.gone = [
            done.name for who, done in self.before.items() if who not in set(self.order)
        ]
        if self.wanted.html is not None:
            rows = [IndexRow(*done.row) for done in listed]
            write_text(self.wanted.html / "index.html", index_page(rows, [*self.unread]))
        if self.progress is not None:
            self.progress.finish(listed)


# ---------------------------------------------------------------- in the processes

_prepared: tuple[Wanted, Knowledge | None] = (Wanted(), None)


def _prepare(wanted: Wanted) -> None:
    global _prepared
    _prepared = (wanted, None if wanted.knowledge is None else load(wanted.knowledge))
    # what lives as long as the process is not looked through again by every collection
    plan_of(_prepared[1] or load())
    gc.freeze()


def _assess_batch(tasks: Sequence[_Task]) -> list[_Made]:
    wanted, knowledge = _prepared
    assessed = _assessed([task.record for task in tasks], wanted, knowledge)
    return [
        _drawn(task, one, wanted) if isinstance(one, Assessment) else one
        for task, one in zip(tasks, assessed, strict=True)
    ]


def _assessed(
    records: Sequence[Record], wanted: Wanted, knowledge: Knowledge | None
) -> list[Assessment | _Made]:
    """The result of each patient, or why there is none."""
    try:
        return [*assess_all(records, as_of=wanted.as_of, region=wanted.region, knowledge=knowledge)]
    except KnowledgeError:
        raise  # it holds for every patient
    except Exception as error:
        refused = isinstance(error, AssessmentError)
        if os.environ.get("REARM_DEBUG") and not refused:
            raise
        if len(records) == 1:
            if refused:
                return [_Made(refused=f"rearm: {error}")]
            return [_Made(error=_fault(records[0], error))]
        return [one for record in records for one in _assessed([record], wanted, knowledge)]


def _drawn(task: _Task, assessment: Assessment, wanted: Wanted) -> _Made:
    """A fault in drawing one patient is told as one in assessing him; a full disk is not."""
    try:
        return _written(task, assessment, wanted)
    except OSError:
        raise
    except Exception as error:
        if os.environ.get("REARM_DEBUG"):
            raise
        return _Made(error=_fault(task.record, error))


def _files(name: str, wanted: Wanted) -> dict[str, Path]:
    """The files of one patient by what they hold."""
    files = {
        "html": (wanted.html, f"{name}.html"),
        "json": (wanted.json_folder, f"{name}.json"),
        "sheet": (wanted.sheets, f"{name}-sheet.html"),
        "pdf": (wanted.sheets if wanted.pdf else None, f"{name}-sheet.pdf"),
    }
    return {
        kind: folder / file_name
        for kind, (folder, file_name) in files.items()
        if folder is not None
    }


def _written(task: _Task, assessment: Assessment, wanted: Wanted) -> _Made:
    files = _files(task.name, wanted)
    line = assessment.to_json() if "json" in files or wanted.json_lines else ""
    drawn: dict[str, Callable[[], str | bytes]] = {
        "html": lambda: page(assessment),
        "json": lambda: line + "\n",
        "sheet": lambda: sheet(assessment),
        "pdf": lambda: sheet_pdf(assessment),
    }
    hashes = {}
    for kind, file in files.items():
        content = drawn[kind]()
        data = content.encode("utf-8") if isinstance(content, str) else content
        write_bytes(file, data)
        hashes[kind] = hashlib.sha256(data).hexdigest()
    done = Done(
        patient_id=assessment.patient_id,
        name=task.name,
        fingerprint=task.mark,
        files=hashes,
        row=tuple(index_row(f"{task.name}.html", assessment)),
    )
    return _Made(
        done=done,
        json_line=line if wanted.json_lines else "",
        result=assessment if wanted.results else None,
    )


def _fault(record: Record, error: Exception) -> str:
    return (
        f"rearm: {record.patient_id} could not be assessed because of an internal error "
        f"({type(error).__name__}: {error}). This is a bug in Rearm; please report it. "
        "REARM_DEBUG=1 shows where it happened."
    )


def _ended(task: _Task, error: Exception) -> _Made:
    return _Made(
        error=f"rearm: {task.record.patient_id} could not be assessed: {error} (out of memory?)."
    )


def _tell(summary: Summary) -> None:
    if sys.stderr.isatty():
        done = summary.assessed + summary.unchanged
        print(f"\r{done} patients", end="", file=sys.stderr, flush=True)
