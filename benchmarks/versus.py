"""This version beside another one: the same generated patients, in the same run, as ratios.

    python -m benchmarks.versus                    # beside 0.1.0 (commit 3cbca73), 2,000 patients
    python -m benchmarks.versus --quick            # 200 patients, three repeats
    python -m benchmarks.versus REF --patients 500 --only table,full

The other version is checked out into a temporary worktree and runs with the packages that are
installed here. Each figure is the CPU time of a process of its own and its children, median of the
repeats, versions in turn; lines with several jobs are wall-clock times. The load stands
beside them. A part that the other version does not have is compared with what stood in its place.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks._reference import REFERENCE, checkout
from tests.support.generated_patients import write_patients

ROOT = Path(__file__).parents[1]

# Each part prints the CPU seconds of what it times; reading and the first call are not in it.
READY = """
import sys, time
import rearm
records = list(rearm.read(sys.argv[1]).records)
for _ in rearm.assess_each(records[:3]):
    pass
"""
FULL = (
    READY
    + """
start = time.process_time()
for _ in rearm.assess_each(records):
    pass
print(time.process_time() - start)
"""
)
TABLE = (
    READY
    + """
rearm.assess_table(records[:3], tests={tests})
start = time.process_time()
rearm.assess_table(records, tests={tests})
print(time.process_time() - start)
"""
)
PAGE = (
    READY
    + """
from rearm.report import page
some = records[:100]
results = list(rearm.assess_each(some))
def drawn(result, record):
    try:
        return page(result, with_picture={picture})
    except TypeError:  # 0.1.0 drew from the record
        return page(result, record, with_picture={picture})
drawn(results[0], some[0])
start = time.process_time()
for result, record in zip(results, some):
    drawn(result, record)
print(time.process_time() - start)
"""
)
READ = """
import sys, time
import rearm
rearm.read(sys.argv[2])
start = time.process_time()
number = len(rearm.read(sys.argv[1]).records)
print(time.process_time() - start)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A source tree that is timed."""

    name: str
    source: Path

    def environment(self) -> dict[str, str]:
        path = os.pathsep.join((str(self.source), str(ROOT)))
        return {**os.environ, "PYTHONPATH": path, "REARM_DEBUG": ""}

    def printed(self, program: str, *arguments: str) -> float:
        """The seconds that a program prints."""
        command = [sys.executable, "-c", program, *arguments]
        made = subprocess.run(
            command, env=self.environment(), capture_output=True, text=True, check=True
        )
        return float(made.stdout.split()[-1])

    def cpu(self, *command: str) -> float:
        """CPU seconds of a command and its children."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, env=self.environment(), capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
        return used

    def wall(self, *command: str) -> float:
        """Wall-clock seconds of a command."""
        start = time.perf_counter()
        subprocess.run(command, env=self.environment(), capture_output=True, check=True)
        return time.perf_counter() - start


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Both versions, and the patients."""

    old: Version
    new: Version
    repeats: int
    folder: Path
    some: Path  # two hundred patients
    few: Path

    def ratio(
        self, title: str, old: Callable[[], float], new: Callable[[], float], wanted: str
    ) -> None:
        """Times both in turn and prints how many times as fast the new one is."""
        olds, news = [], []
        for _ in range(self.repeats):
            olds.append(old())
            news.append(new())
        first, second = statistics.median(olds), statistics.median(news)
        load = os.getloadavg()[0]
        print(
            f"{title:58} {first:8.2f} s {second:8.2f} s {first / second:6.1f} times"
            f"   {wanted:16} load {load:.1f}",
            flush=True,
        )


def table(pair: Pair, full: Callable[[], float]) -> None:
    where = str(pair.folder)
    for tests, wanted in ((False, "at least 6"), (True, "at least 3")):
        program = TABLE.format(tests=tests)
        title = f"assess_table(tests={tests}) beside assess_each"
        pair.ratio(title, full, partial(pair.new.printed, program, where), wanted)


def run(pair: Pair, only: Sequence[str]) -> None:
    where, some, few = str(pair.folder), str(pair.some), str(pair.few)
    print(f"{'CPU time, median of ' + str(pair.repeats):58} {pair.old.name:>10} {'this':>10}")

    def full() -> float:
        return pair.old.printed(FULL, where)

    if "table" in only:
        table(pair, full)
    if "full" in only:
        pair.ratio(
            "full results (assess_each)", full, lambda: pair.new.printed(FULL, where), "at least 3"
        )
    for name, picture, wanted in (("page", False, "at least 4"), ("picture", True, "printed")):
        if name in only:
            program = PAGE.format(picture=picture)
            pair.ratio(
                f"page of 100 patients {'with' if picture else 'without'} its picture",
                partial(pair.old.printed, program, some),
                partial(pair.new.printed, program, some),
                wanted,
            )
    if "read" in only:
        pair.ratio(
            "reading tidy tables (rearm.read, records made)",
            lambda: pair.old.printed(READ, where, few),
            lambda: pair.new.printed(READ, where, few),
            "at least 3",
        )
    if "command" in only:
        commands(pair, some, where)
    if "cold" in only:
        cold(pair)


def commands(pair: Pair, some: str, where: str) -> None:
    with tempfile.TemporaryDirectory() as folder:

        def assess(source: str, name: str, *more: str) -> tuple[str, ...]:
            to = str(Path(folder) / name)
            command = (sys.executable, "-m", "rearm.cli", "assess", source, "--quiet")
            return (*command, "--html", to, "--json", to, *more)

        pair.ratio(
            "rearm assess, 200 patients, --html --json; --jobs 2, wall",
            lambda: pair.old.wall(*assess(some, "old")),
            lambda: pair.new.wall(*assess(some, "new", "--jobs", "2")),
            "at least 5",
        )
        number = sum(1 for _ in (Path(where) / "patients.csv").open()) - 1
        short = pair.new.wall(*assess(some, "short", "--jobs", "2"))
        long = pair.new.wall(*assess(where, "long", "--jobs", "2"))
        print(
            f"the same on {number} patients: {long:.1f} s, {long / number * 1000:.1f} ms a patient"
            f" ({short / 200 * 1000:.1f} ms a patient on 200)"
        )


def cold(pair: Pair) -> None:
    bundle = str(ROOT / "examples" / "fhir" / "loss-of-persistence.json")
    command = (sys.executable, "-m", "rearm.cli", "assess", bundle)
    pair.ratio(
        "rearm assess of one bundle, cold",
        lambda: pair.old.cpu(*command),
        lambda: pair.new.cpu(*command),
        "under 1.0 s",
    )

    def spent(program: str) -> float:
        times = [pair.new.cpu(sys.executable, "-c", program) for _ in range(pair.repeats)]
        return statistics.median(times)

    empty, polars, own = spent("pass"), spent("import polars"), spent("import rearm")
    print(
        f"import rearm {own - empty:.3f} s above an empty interpreter (wanted under 0.1),"
        f" import polars {polars - empty:.3f} s"
    )


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("reference", nargs="?", default=REFERENCE)
    options.add_argument("--patients", type=int, default=2000)
    options.add_argument("--repeats", type=int, default=5)
    options.add_argument("--quick", action="store_true")
    options.add_argument("--only", default="table,full,page,picture,read,command,cold")
    given = options.parse_args()
    number, repeats = (200, 3) if given.quick else (given.patients, given.repeats)
    with tempfile.TemporaryDirectory() as folder, checkout(given.reference) as tree:
        run(
            Pair(
                old=Version(name=given.reference, source=tree / "src"),
                new=Version(name="this", source=ROOT / "src"),
                repeats=repeats,
                folder=write_patients(number, Path(folder) / "patients"),
                some=write_patients(200, Path(folder) / "some"),
                few=write_patients(3, Path(folder) / "few"),
            ),
            given.only.split(","),
        )


if __name__ == "__main__":
    main()
