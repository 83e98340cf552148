"""One bucket made in one process: its part of the input read, assessed, and written."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rearm.assessment.patient import Patient
from rearm.assessment.table import AssessedPart, assess_parts
from rearm.cohort.store.changes import Change, changes_between, why_anew
from rearm.cohort.store.finding_rows import finding_rows, in_one_form
from rearm.cohort.store.folder import FINDINGS, Bucket, Settings, StoreFolder, names_of
from rearm.cohort.store.rows import Made, error_row, frames_of, issue_row, rows_of
from rearm.cohort.store.tables import TABLES
from rearm.garbage import no_collection
from rearm.intake.parts import PartReader
from rearm.knowledge import load
from rearm.knowledge.bundle import Knowledge
from rearm.record import Issue, Record
from rearm.response.criteria import Criteria, load_criteria

if TYPE_CHECKING:
    import polars as pl

__all__ = ["BucketTask", "Done", "Job", "key_of", "make_buckets", "prepare"]

_EVERY_TABLE = (*TABLES, FINDINGS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is the same for every bucket. `knowledge`: a folder, None: the bundled knowledge;
    `updating`: an earlier run went to its end.
    """

    store: Path
    reader: PartReader
    settings: Settings
    as_of: int | date | None
    today: date | None
    knowledge: Path | None
    updating: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketTask:
    """A bucket to make. `patients`: all of it with the hashes of their rows; `changed`: those to
    assess, the rows of the others stay; `new`: who was not in the store. `nobody`: the hash of rows
    without an id. `whole`: everybody in the part is assessed. `broken`: patients whose process was
    ended.
    """

    number: int
    part: Path
    patients: Mapping[str, str]
    changed: frozenset[str]
    new: frozenset[str]
    nobody: str
    whole: bool
    broken: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What became of a bucket. `failure`: why it could not be made (its process was ended)."""

    number: int
    assessed: int = 0
    errors: Mapping[str, str] | None = None
    failure: str | None = None


_JOB: list[tuple[Job, Knowledge, tuple[Criteria, ...]]] = []  # of this process


def prepare(job: Job) -> None:
    """Called in each process before its first bucket."""
    if _JOB and _JOB[0][0] == job:
        return
    criteria = tuple(load_criteria(version) for version in job.settings.criteria)
    _JOB[:] = [(job, load(job.knowledge) if job.knowledge else load(), criteria)]


def make_buckets(tasks: Sequence[BucketTask]) -> list[Done]:
    """Makes and writes each bucket."""
    job, knowledge, criteria = _JOB[0]
    with no_collection():
        return [_Making(job, knowledge, criteria, task).made() for task in tasks]


def key_of(settings: Settings, patients: Mapping[str, str]) -> str:
    """A hash of what the rows of a bucket depend on."""
    hashed = hashlib.sha256(settings.key.encode())
    for patient in sorted(patients):
        hashed.update(f"{patient}\x1f{patients[patient]}\x1e".encode("utf-8", "surrogatepass"))
    return hashed.hexdigest()


class _Making:
    """One bucket while it is made."""

    def __init__(
        self, job: Job, knowledge: Knowledge, criteria: tuple[Criteria, ...], task: BucketTask
    ) -> None:
        self.job, self.knowledge, self.criteria, self.task = job, knowledge, criteria, task
        self.frames: dict[str, list[pl.DataFrame]] = {name: [] for name in _EVERY_TABLE}
        self.errors: dict[str, str] = dict(task.broken)
        self.issues: tuple[Issue, ...] = ()
        self.assessed = 0
        self.seen: set[str] = set()

    def made(self) -> Done:
        task = self.task
        wanted = task.changed - task.broken.keys()
        if wanted:
            for part in assess_parts(
                self._records(wanted),
                knowledge=self.knowledge,
                as_of=self.job.as_of,
                region=self.job.settings.region,
                tests=True,
            ):
                self._add(part)
        for patient in sorted(wanted - self.seen - self.errors.keys()):
            self.errors[patient] = "no record could be made of the rows with this id"
        self._add_errors()
        self._write()
        return Done(number=task.number, assessed=self.assessed, errors=self.errors)

    def _records(self, wanted: Collection[str]) -> Iterator[Record]:
        """The records of patients; one that can't be made costs no other his."""
        job = self.job
        only = None if self.task.whole else wanted
        done: set[str] = set()
        try:
            reading = job.reader.read(self.task.part, self.knowledge, job.today, only)
            self.issues = reading.issues
            for record in reading.stream():
                done.add(record.patient_id)
                yield record
        except Exception:
            for patient in sorted(set(wanted) - done):
                yield from self._alone(patient)

    def _alone(self, patient: str) -> Iterator[Record]:
        job = self.job
        try:
            records = job.reader.read(
                self.task.part, self.knowledge, job.today, frozenset({patient})
            ).records
        except Exception as error:
            self.errors[patient] = f"internal error ({type(error).__name__}: {error})"
        else:
            yield from records

    def _add(self, now: AssessedPart) -> None:
        days = dict(filter(None, map(_day_before_salvage, now.patients)))
        salvaged = [r for r in now.records if r.patient_id in days]
        before = list(
            assess_parts(
                salvaged,
                knowledge=self.knowledge,
                as_of=lambda record: days[record.patient_id],
                region=self.job.settings.region,
                read_only=True,
            )
        )
        made = self._made(now, before)
        for name, frame in frames_of(rows_of(made)).items():
            self.frames[name].append(frame)
        patients = [patient for patient in now.patients if not patient.may_be_two]
        self.frames[FINDINGS].append(finding_rows(patients, self.knowledge))
        self.assessed += len(now.records)
        self.seen |= {record.patient_id for record in now.records}

    def _made(self, now: AssessedPart, before: Sequence[AssessedPart]) -> Made:
        return Made(
            now=now,
            before_salvage=before,
            hashes=self.task.patients,
            knowledge=self.knowledge,
            criteria=self.criteria,
        )

    def _add_errors(self) -> None:
        if self.errors:
            import polars as pl

            empty = AssessedPart(records=(), patients=(), table=pl.DataFrame())
            made = self._made(empty, ())
            rows = [error_row(patient, why, made) for patient, why in self.errors.items()]
            self.frames["patients"].append(frames_of({"patients": rows})["patients"])

    def _write(self) -> None:
        task, settings = self.task, self.job.settings
        folder = StoreFolder(self.job.store)
        before = folder.sound(task.number)
        kept = task.patients.keys() - task.changed
        frames = {}
        for name, own in self.frames.items():
            if before is not None and kept and name in before.files:
                own = [_of(folder, name, before, kept), *own]
            frames[name] = self._table(name, own)
        failed = frames["patients"].filter(frames["patients"]["error"].is_not_null())
        for patient, why in failed.select("patient_id", "error").iter_rows():
            self.errors[patient] = why
        key = key_of(settings, task.patients)
        bucket = Bucket(
            key=key,
            settings=settings,
            patients=dict(sorted(task.patients.items())),
            nobody=task.nobody,
            files=names_of(list(frames), task.number, key),
            errors=dict(sorted(self.errors.items())),
            issues=self._issues(before, bool(kept)),
        )
        if before is not None:
            self._note_changes(folder, before, frames)
        elif self.job.updating:
            new = [Change(patient_id=p, kind="new") for p in sorted(task.new)]
            folder.write_changes(task.number, new)
        folder.write_bucket(task.number, frames, bucket)

    def _note_changes(
        self, folder: StoreFolder, before: Bucket, frames: Mapping[str, pl.DataFrame]
    ) -> None:
        """Kept beside the bucket, for the status of the store."""
        import polars as pl

        old = {
            name: pl.read_parquet(folder.file(name, before.files[name]), glob=False)
            for name in ("patients", "tiers", "causes", "issues")
        }
        now = self.task.patients
        rows_changed = {p for p, mark in before.patients.items() if now.get(p, mark) != mark}
        why = why_anew(before.settings, self.job.settings)
        changes = changes_between(old, frames, rows_changed, why)
        folder.write_changes(self.task.number, changes)

    def _issues(self, before: Bucket | None, some_are_kept: bool) -> tuple[dict[str, Any], ...]:
        """Issues of no patient; where only some patients were read, those of before stand too."""
        own = tuple(map(issue_row, self.issues))
        if before is None or not some_are_kept:
            return own
        return (*before.issues, *(issue for issue in own if issue not in before.issues))

    def _table(self, name: str, parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
        import polars as pl

        filled = [part for part in parts if part.width]
        if name == FINDINGS:
            if not filled:
                return pl.DataFrame(schema={"patient_id": pl.String})
            return in_one_form(
                pl.concat(filled, how="diagonal").sort("patient_id", maintain_order=True),
                self.knowledge,
            )
        empty = frames_of({})[name]
        return pl.concat([empty, *filled]).sort("patient_id", maintain_order=True)


def _of(folder: StoreFolder, table: str, bucket: Bucket, patients: Collection[str]) -> pl.DataFrame:
    """The rows of some patients of a bucket as it was."""
    import polars as pl

    frame = pl.read_parquet(folder.file(table, bucket.files[table]), glob=False)
    return frame.filter(pl.col("patient_id").is_in(list(patients)))


def _day_before_salvage(patient: Patient) -> tuple[str, int] | None:
    """The last day on which nothing of the first salvage was known; None where it has no day."""
    later = patient.disease.lines
    start = later[0].line.start.first if later else None
    return None if start is None else (patient.record.patient_id, start - 1)
