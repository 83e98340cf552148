"""A store built from an input, or brought up to date with it.

Both are one thing: the input is cut into parts by patient, each part's rows are hashed, and only
patients whose rows, software, knowledge, criteria or settings differ are assessed. A run that was
killed goes on where it ended, and ends with the same files.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Literal

import polars as pl
from msgspec import structs

from rearm.assessment.regions import region_of, regions_of
from rearm.cohort.pool import OneProcess, each_batch
from rearm.cohort.store.changes import Change
from rearm.cohort.store.folder import (
    FORMAT,
    Manifest,
    Settings,
    StoreFolder,
)
from rearm.cohort.store.lock import LOCK, locked
from rearm.cohort.store.rows import issue_row
from rearm.cohort.store.sources import reader_of_parts
from rearm.cohort.store.work import (
    BucketTask,
    Done,
    Job,
    make_buckets,
    prepare,
)
from rearm.errors import InputError
from rearm.intake.mapping.shipped import mapping_file
from rearm.intake.omop.database import is_postgres_address
from rearm.intake.parts import Parts, folder_of_part
from rearm.knowledge import load
from rearm.response.criteria import DEFAULT_VERSION, load_criteria
from rearm.version import __version__

__all__ = ["BuildSummary", "Engine", "Wanted", "build"]

Engine = Literal["local", "spark"]

_WORK = ".work"
_OURS = (_WORK, LOCK)  # left by a run that ended before it began to write
_BYTES_A_BUCKET = 8 * 1024**2  # of CSV, about a thousand patients
_BYTES_A_ROW = 80
_MOST_BUCKETS = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How a store is built. `mapping`: a file or the name of one that Rearm brings; `redcap`: the
    data dictionary of an export. `knowledge`: a folder, None: the bundled one. `criteria`: versions
    of the response criteria beside the one that the answers rest on. `buckets`: None: by the size
    of the input; what a store has once, it keeps. `engine`: processes of this machine, or Spark.
    `drop_patients`: most patients of a store may leave it.
    """

    mapping: str | Path | None = None
    redcap: Path | None = None
    as_of: int | date | None = None
    region: str | None = None
    knowledge: Path | None = None
    criteria: tuple[str, ...] = ()
    buckets: int | None = None
    jobs: int = 1
    engine: Engine = "local"
    today: date | None = None
    drop_patients: bool = False


@dataclass(slots=True, kw_only=True)
class BuildSummary:
    """What a build did. `errors`: why patients have no answer; `removed`: patients who are no
    longer in the input; `by_severity`: how many issues patients have; `issues`: those of no
    patient.
    """

    patients: int = 0
    new: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged: int = 0
    assessed: int = 0
    errors: dict[str, str] = field(default_factory=dict)
    by_severity: dict[str, int] = field(default_factory=dict)
    issues: tuple[dict[str, object], ...] = ()


_JOBS_OF_A_CORE = 4


def build(
    source: Path | str,
    store: Path,
    wanted: Wanted | None = None,
    *,
    tell: Callable[[int, int], None] | None = None,
) -> BuildSummary:
    """Builds `store` from an input, or brings it up to date with it; `tell` hears how many of how
    many buckets are done.

    Raises InputError with a sentence where the input can't be read, where `store` is a folder of
    something else or a store of another version, and where another run writes to it.
    """
    asked = wanted or Wanted()
    folder = StoreFolder(store)
    before = folder.manifest() if folder.exists() else None
    if not is_postgres_address(str(source)) and _lies_in(store, Path(source)):
        raise InputError(f"{store} lies in the input. Name a folder outside of it.")
    if before is None and store.is_dir() and any(x.name not in _OURS for x in store.iterdir()):
        raise InputError(f"{store} holds something else than a store. Name an empty folder.")
    settings = _settings(asked)
    reader = reader_of_parts(
        source,
        mapping=asked.mapping,
        redcap=asked.redcap,
        knowledge=asked.knowledge,
        today=asked.today,
    )
    count = before.buckets if before else asked.buckets or _buckets_for(source)
    store.mkdir(parents=True, exist_ok=True)
    with locked(store), _work_folder(store) as work:
        if folder.exists():  # another run may have ended since
            before = folder.manifest()
            count = before.buckets
        parts = reader.cut(source, work, count)
        if before is None or before.finished:
            folder.forget_changes()
        manifest = _manifest(settings, count, parts)
        folder.write_manifest(manifest)
        job = Job(
            store=store,
            reader=reader,
            settings=settings,
            as_of=asked.as_of,
            today=asked.today,
            knowledge=asked.knowledge,
            updating=before is not None and before.finished,
        )
        run = _Run(folder, job, work, count, asked)
        if before is not None and before.finished:
            run.refuse_another_registry()
        summary = run.run(tell)
        folder.remove_strays()
        folder.write_manifest(structs.replace(manifest, finished=True))
    gone = _files_gone(before, manifest)
    of_buckets = {str(x): x for _, bucket in folder.buckets() for x in bucket.issues}
    summary.issues = (*gone, *manifest.issues, *of_buckets.values())
    summary.by_severity = folder.severities()
    return summary


def _lies_in(store: Path, source: Path) -> bool:
    inside, whole = store.resolve(), source.resolve()
    return source.is_dir() and (inside == whole or whole in inside.parents)


def _files_gone(before: Manifest | None, now: Manifest) -> list[dict[str, object]]:
    """A warning for each file of the last input that is not in this one."""
    gone = sorted(set(before.files) - set(now.files)) if before is not None else []
    return [
        {
            "severity": "warning",
            "code": "file_gone",
            "file": name,
            "place": "",
            "message": "The last input had this file, and this one has not. What it told is gone.",
        }
        for name in gone
    ]


class _Run:
    """Every bucket compared with what is there, and made where it differs."""

    def __init__(
        self, folder: StoreFolder, job: Job, work: Path, count: int, wanted: Wanted
    ) -> None:
        self.folder, self.job, self.work, self.count = folder, job, work, count
        most = min(count, _JOBS_OF_A_CORE * (os.cpu_count() or 1))  # more would only be started
        self.jobs, self.engine = min(wanted.jobs, most), wanted.engine
        self.summary = BuildSummary()
        self.parts = {
            number: dict(job.reader.hashes(part))
            for number in range(count)
            if (part := folder_of_part(work, number)).is_dir()
        }
        self.may_drop = wanted.drop_patients
        self.tasks: dict[int, BucketTask] = {}

    def run(self, tell: Callable[[int, int], None] | None) -> BuildSummary:
        done = 0
        for batch in self._made(self._tasks()):
            for one in batch:
                self._note(one if one.failure is None else self._without_who_ends_it(one))
            done += len(batch)
            if tell is not None:
                tell(done, self.count)
        return self.summary

    def refuse_another_registry(self) -> None:
        """Raises InputError where most patients of the store are not in the input."""
        held = self.folder.patients()
        gone = len(held.keys() - {p for own in self.parts.values() for p in own})
        if gone > max(1, len(held) // 2) and not self.may_drop:
            raise InputError(
                f"{gone} of the {len(held)} patients of {self.folder.path} are not in this input. "
                "If it is the right one, let them leave with --drop-patients."
            )

    def _made(self, tasks: Iterator[Sequence[BucketTask]]) -> Iterator[Sequence[Done]]:
        """The buckets, by the engine that was asked for."""
        if self.engine == "spark":
            from rearm.cohort.store.spark import buckets_on_spark

            return buckets_on_spark(tasks, self.job, jobs=self.jobs)
        return each_batch(
            make_buckets,
            tasks,
            jobs=self.jobs,
            prepare=prepare,
            settings=(self.job,),
            failed=_ended,
        )

    def _tasks(self) -> Iterator[Sequence[BucketTask]]:
        """The buckets that have to be made, one a batch."""
        for number in range(self.count):
            part = folder_of_part(self.work, number)
            there = self.parts.pop(number, {})
            nobody = there.pop("", "")
            task = self._compared(number, part, there, nobody)
            if task is not None:
                self.tasks[number] = task
                yield [task]

    def _compared(
        self, number: int, part: Path, there: Mapping[str, str], nobody: str
    ) -> BucketTask | None:
        """What differs from the bucket as it is; None where nothing does."""
        before, settings = self.folder.sound(number), self.job.settings
        held = self.folder.patients_of(number)  # also of a bucket whose files are damaged
        same_settings = before is not None and before.settings.key == settings.key
        same_rest = before is not None and before.nobody == nobody
        removed = sorted(held.keys() - there.keys())
        self.summary.removed += removed
        self.summary.new += sorted(there.keys() - held.keys())
        differ = sorted(p for p in there.keys() & held.keys() if there[p] != held[p])
        self.summary.changed += differ
        self.summary.patients += len(there)
        if not there:
            if removed:
                gone = [Change(patient_id=p, kind="removed") for p in removed]
                self.folder.write_changes(number, gone)
            self.folder.remove_bucket(number)
            return None
        if before is not None and same_settings and same_rest and before.patients == there:
            self.summary.unchanged += len(there)
            self.summary.errors |= before.errors
            return None
        all_anew = not (same_settings and same_rest)
        changed = there.keys() if all_anew else (there.keys() - held.keys()) | set(differ)
        self.summary.unchanged += len(there) - len(changed)
        return BucketTask(
            number=number,
            part=part,
            patients=there,
            changed=frozenset(changed),
            new=frozenset(there.keys() - held.keys()),
            nobody=nobody,
            whole=len(changed) == len(there),
            broken={},
        )

    def _without_who_ends_it(self, ended: Done) -> Done:
        """A bucket whose process was ended, made without the patients whose rows do it."""
        task = self.tasks[ended.number]
        with tempfile.TemporaryDirectory(dir=self.work) as scratch:
            trial = replace(self.job, store=Path(scratch), updating=False)
            process = OneProcess(make_buckets, prepare, (trial,))
            who = _who_ends_it(task, sorted(task.changed), process)
            broken = dict.fromkeys(who, ended.failure or "")
            process.close()
        process = OneProcess(make_buckets, prepare, (self.job,))
        done: Done | None = process.done(replace(task, broken=broken, whole=False))
        process.close()
        return ended if done is None else done

    def _note(self, done: Done) -> None:
        self.summary.assessed += done.assessed
        self.summary.errors |= done.errors or {}
        if done.failure is not None:
            for patient in self.tasks[done.number].changed:
                self.summary.errors[patient] = done.failure


def _ended(task: BucketTask, error: Exception) -> Done:
    return Done(number=task.number, failure=f"not assessed, because {error}")


def _who_ends_it(task: BucketTask, patients: Sequence[str], process: OneProcess) -> Iterator[str]:
    """The patients of a bucket whose rows end the process that reads them, found by halves."""
    own = {patient: task.patients[patient] for patient in patients}
    trial = replace(task, patients=own, changed=frozenset(own), whole=False)
    if process.done(trial) is not None:
        return
    if len(patients) == 1:
        yield patients[0]
        return
    middle = len(patients) // 2
    yield from _who_ends_it(task, patients[:middle], process)
    yield from _who_ends_it(task, patients[middle:], process)


def _settings(wanted: Wanted) -> Settings:
    known = load(wanted.knowledge) if wanted.knowledge else load()
    region = region_of(wanted.region, regions_of(known))
    versions = tuple(dict.fromkeys((DEFAULT_VERSION, *wanted.criteria)))
    criteria = [load_criteria(version) for version in versions]
    as_of = None if wanted.as_of is None else str(wanted.as_of)
    layout = wanted.redcap if wanted.mapping is None else mapping_file(wanted.mapping)
    mapping = None if layout is None else _hash_of(layout)
    parts = (__version__, str(FORMAT), known.hash, as_of or "", region or "", mapping or "")
    hashed = hashlib.sha256("\x1f".join(parts).encode())
    for one in criteria:
        hashed.update(repr(one).encode())
    return Settings(
        key=hashed.hexdigest(),
        software=__version__,
        knowledge=known.version,
        knowledge_hash=known.hash,
        criteria=versions,
        as_of=as_of,
        region=region,
        mapping=mapping,
    )


def _hash_of(file: Path) -> str:
    if not file.is_file():
        raise InputError(f"There is no file {file}. Check the path.")
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _manifest(settings: Settings, count: int, parts: Parts) -> Manifest:
    return Manifest(
        format=FORMAT,
        buckets=count,
        settings=settings,
        files=parts.files,
        issues=tuple(map(issue_row, parts.issues)),
    )


def _buckets_for(source: Path | str) -> int:
    """So many that a bucket holds about a thousand patients."""
    path = Path(source)
    files = [f for f in path.rglob("*") if f.is_file()] if path.is_dir() else [path]
    size = sum(_size(file) for file in files if file.exists())
    return max(1, min(_MOST_BUCKETS, round(size / _BYTES_A_BUCKET)))


def _size(file: Path) -> int:
    """In bytes, as if it were text; how far Parquet is packed differs with the data."""
    if file.suffix.lower() == ".parquet":
        try:
            return _BYTES_A_ROW * int(
                pl.scan_parquet(file, glob=False).select(pl.len()).collect().item()
            )
        except pl.exceptions.PolarsError:
            return 0  # told where it is read
    return file.stat().st_size


@contextmanager
def _work_folder(store: Path) -> Iterator[Path]:
    """A folder of this run, readable by its user alone; what a killed run left is removed."""
    work = store / _WORK
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(mode=0o700)
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)
