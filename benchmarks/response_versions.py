"""The response course of this version beside that of another one, in the same run.

    python -m benchmarks.response_versions SRC [PATIENTS]

SRC is the `src` folder of the other version (a worktree of 0.1.0). Every round starts a process for
each version in turn, on the same generated patients; times are processor time on one core, medians
of five rounds. *Codes* are the response, confirmed response and rule of every visit, best response
and progression; *reasons* add all sentences, signals and flags.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parents[1]
ROUNDS = 5


def codes(course: Any) -> object:
    visits = [(v.day, v.response, v.confirmed, v.rule) for v in course.visits]
    return visits, course.best_confirmed, course.best_confirmed_day, course.progression_day


def reasons(course: Any) -> object:
    return (
        codes(course),
        [(v.reason, v.missing) for v in course.visits],
        course.progression_reason,
        [(s.id, s.day, s.open, s.text) for s in course.signals],
        [(f.id, f.day, f.text) for f in course.flags],
        (course.relapse_from_cr_day, course.clinical_relapse_day, course.biochemical_relapse_day),
    )


def measure(patients: int) -> dict[str, float]:
    """Patients a second of processor time, by what is asked for; in the process of one version."""
    from benchmarks.response import (  # type: ignore[attr-defined]  # of either version
        records,
        response_course,
        rows,
    )

    given = records(rows(patients), patients)

    def rate(ask: Callable[[Any], object]) -> float:
        begun = time.process_time()
        for record in given:
            ask(response_course(record, start=0))
        return patients / (time.process_time() - begun)

    rate(reasons)  # caches and branches are warm
    return {"codes": rate(codes), "reasons": rate(reasons)}


def _in_process(source: Path, patients: int) -> dict[str, float]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(source), str(HERE)))}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.response_versions", "--measure", str(patients)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main(other: Path, patients: int) -> None:
    """Print both versions and their ratio."""
    rounds = [
        (_in_process(HERE / "src", patients), _in_process(other, patients)) for _ in range(ROUNDS)
    ]
    print(f"response course, {patients} patients, processor time, medians of {ROUNDS} rounds")
    for what in ("codes", "reasons"):
        here = statistics.median(r[0][what] for r in rounds)
        there = statistics.median(r[1][what] for r in rounds)
        ratio = statistics.median(r[0][what] / r[1][what] for r in rounds)
        print(f"  {what:8} {here:8,.0f} patients/s, other {there:8,.0f}, ratio {ratio:.2f}")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        print("not run: give the src folder of the version to compare with")
    elif sys.argv[1] == "--measure":
        print(json.dumps(measure(int(sys.argv[2]))))
    else:
        main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 500)
