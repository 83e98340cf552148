"""A store of a large registry: how long, how much memory, where the time goes; an update of one
patient in a hundred; the report; the same on Spark.

    python -m benchmarks.registry [--patients 100000] [--jobs 2] [--spark PATIENTS] [--halves]
                                  [--data FOLDER]

`--data`: patients that an earlier run left; without it they are written, which takes as long as the
build. They are those of `rearm demo cohort`, as Parquet. Every step is a process of its own, so
that its peak memory is its own; that of a build counts its processes together. Wanted, at 100,000
patients on two cores: built in 15 minutes with less than 2 GB, an update of one in a hundred in
less than 15 % of that, the report in less than 30 seconds, twice the patients in twice the time.
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import polars as pl

import rearm.cohort

_EVERY = 0.5  # seconds between two looks at the memory
_PAGE = os.sysconf("SC_PAGE_SIZE")
_ONE_IN = 100
_FEW = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a command took: seconds of the clock, and the peak of all its processes in MB."""

    seconds: float
    memory: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=100_000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--spark", type=int, default=0, help="patients of a run on Spark")
    parser.add_argument("--halves", action="store_true", help="half of the patients, too")
    parser.add_argument("--data", type=Path, help="where the patients are, or are to be kept")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        data = wanted.data or folder / "written"
        if not data.is_dir():
            _demo(wanted.patients, data)
        _say_size(data)
        if wanted.halves:
            of_half = _half(data, folder / "half" / "data")
            _build(folder / "half", of_half, wanted.jobs, "build, half of them")
            shutil.rmtree(folder / "half")
        shutil.copytree(data, folder / "whole" / "data")
        built = _build(folder / "whole", wanted.patients, wanted.jobs, "build")
        _update(folder / "whole", wanted.patients, wanted.jobs, built)
        _report(folder / "whole", wanted.patients)
        _where_it_goes(data, folder / "few")
        if wanted.spark:
            for engine in ("local", "spark"):
                to = folder / engine
                _demo(wanted.spark, to / "data")
                _build(to, wanted.spark, wanted.jobs, f"build, {engine}", engine=engine)
            same = _bytes(folder / "local" / "store") == _bytes(folder / "spark" / "store")
            print(f"\nSpark and the local pool wrote the same bytes: {'yes' if same else 'NO'}.")
            if not same:
                sys.exit(1)


def _build(folder: Path, patients: int, jobs: int, title: str, *, engine: str = "local") -> Step:
    data = folder / "data"
    step = _run(
        "cohort", "build", data, "--store", folder / "store", "--jobs", jobs, "--engine", engine
    )
    _row(title, patients, step)
    return step


def _update(folder: Path, patients: int, jobs: int, built: Step) -> None:
    """One result of one patient in a hundred is another."""
    labs = folder / "data" / "labs.parquet"
    frame = pl.scan_parquet(labs)
    number = pl.col("patient_id").hash(0) % _ONE_IN == 0
    first = pl.int_range(pl.len()).over("patient_id") == 0
    unit = frame.collect_schema()["value"]
    other = pl.lit("7.7") if unit == pl.String else pl.lit(7.7)
    changed = frame.with_columns(
        pl.when(number & first).then(other).otherwise("value").alias("value")
    )
    changed.collect(engine="streaming").write_parquet(labs.with_suffix(".new"))
    labs.with_suffix(".new").replace(labs)
    step = _run("cohort", "update", folder / "store", folder / "data", "--jobs", jobs)
    _row(
        f"update of 1 in {_ONE_IN} ({step.seconds / built.seconds:.0%} of the build)",
        patients,
        step,
    )


def _report(folder: Path, patients: int) -> None:
    step = _run("cohort", "report", folder / "store", "--html", folder / "report")
    _row("report", patients, step)


# what a build does for a patient, by the function that does it: (file, name)
_PARTS = {
    "rows to records": ("intake/build/records.py", "_record"),
    "courses, failures and the present relapse": ("outcome/failures.py", "failures"),
    "later lines": ("outcome/relapse.py", "present_relapse"),
    "findings": ("findings/__init__.py", "find"),
    "rules and tiers": ("assessment/judging.py", "judge"),
    "tests to ask for": ("assessment/pipeline.py", "next_tests"),
    "rows of the store": ("cohort/store/rows.py", "rows_of"),
}


def _where_it_goes(data: Path, to: Path) -> None:
    """The share of each part of a build, by a profile of a few hundred patients in one process."""
    to.mkdir()
    few = pl.read_parquet(data / "patients.parquet")["patient_id"].unique().sort().head(_FEW)
    for file in sorted(data.glob("*.parquet")):
        own = pl.scan_parquet(file).filter(pl.col("patient_id").is_in(few.implode()))
        own.sink_parquet(to / file.name)
    profile = cProfile.Profile()
    profile.enable()
    rearm.cohort.build(to, to.with_name("few_store"), jobs=1)
    profile.disable()
    told = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    whole = sum(own for _, _, own, _, _ in told.values())
    print("\n| of the time of a build (profile) | share |\n|---|---:|")
    rest = 1.0
    for title, (module, name) in _PARTS.items():
        spent = sum(
            every
            for (path, _, function), (*_, every, _) in told.items()
            if function == name and path.endswith(f"rearm/{module}")
        )
        rest -= spent / whole
        print(f"| {title} | {spent / whole:.0%} |")
    print(f"| the rest: parts of the input, hashes, files | {rest:.0%} |")


def _half(data: Path, to: Path) -> int:
    """Writes every other patient of `data`; how many they are."""
    to.mkdir(parents=True)
    own = pl.col("patient_id").is_in(
        pl.read_parquet(data / "patients.parquet")["patient_id"]
        .unique()
        .sort()
        .gather_every(2)
        .implode()
    )
    for file in sorted(data.glob("*.parquet")):
        pl.scan_parquet(file).filter(own).sink_parquet(to / file.name)
    return pl.read_parquet(to / "patients.parquet")["patient_id"].n_unique()


def _say_size(data: Path) -> None:
    """Rows a patient, in all tables."""
    rows = sum(pl.scan_parquet(x).select(pl.len()).collect().item() for x in data.glob("*.parquet"))
    patients = pl.read_parquet(data / "patients.parquet")["patient_id"].n_unique()
    print(f"{rows / patients:.0f} rows a patient.\n")
    print("| step | patients | seconds | patients/s | peak memory, MB |\n|---|---|---|---|---|")


def _demo(patients: int, to: Path) -> None:
    _run("demo", "cohort", "--patients", patients, "--format", "tidy", "--parquet", "--to", to)


def _row(title: str, patients: int, step: Step) -> None:
    speed = patients / step.seconds
    print(
        f"| {title} | {patients:,} | {step.seconds:,.0f} | {speed:,.0f} | {step.memory:,.0f} |",
        flush=True,
    )


def _run(*arguments: object) -> Step:
    """A command of Rearm in a process of its own. Ends with 1 where it fails."""
    start = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "rearm.cli", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    peak = [0.0]
    watch = threading.Thread(target=_watch, args=(process, peak), daemon=True)
    watch.start()
    said, _ = process.communicate()
    watch.join()
    if process.returncode not in (0, 1):
        sys.exit(f"{' '.join(map(str, arguments))}: {said}")
    return Step(seconds=time.monotonic() - start, memory=peak[0])


def _watch(process: subprocess.Popen[str], peak: list[float]) -> None:
    """The most that the process and its children held together (resident, shared pages once a
    process).
    """
    while process.poll() is None:
        pages = 0
        for status in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = status.read_text().rsplit(")", 1)[1].split()
                mine = int(status.parent.name) == process.pid or int(fields[1]) == process.pid
                if mine:
                    pages += int((status.parent / "statm").read_text().split()[1])
            except (OSError, IndexError):
                continue
        peak[0] = max(peak[0], pages * _PAGE / 1024**2)
        time.sleep(_EVERY)


def _bytes(store: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(store)): file.read_bytes()
        for file in sorted(store.rglob("*"))
        if file.is_file()
    }


if __name__ == "__main__":
    main()
