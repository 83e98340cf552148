"""Speed of a patient's findings: `patient_at` without the judgement of the courses.

python -m benchmarks.findings [TREE]    TREE: the checkout of another version, to compare with

Both versions read the same 300 generated patients (the examples with values of their own), in
processes of their own that take turns; CPU time, median of 5.
"""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import rearm

ROOT = Path(__file__).parents[1]
PATIENTS = 300
ROUNDS = 5


def generated(number: int) -> list[Any]:
    base = list(rearm.read(ROOT / "examples" / "tables").records)
    records = []
    for i in range(number):
        draw = random.Random(i)
        source: Any = base[i % len(base)]
        labs = tuple(
            (
                replace(x, quantity=type(x.quantity).of(x.quantity.low * draw.uniform(0.95, 1.05)))
                if x.quantity and x.quantity.exact is not None
                else x
            )
            for x in source.labs
        )
        records.append(replace(source, patient_id=f"G{i:05d}", labs=labs))
    return records


def module(*names: str) -> ModuleType:
    """The first of the modules that this version has: rooms were moved after 0.1.0."""
    for name in names:
        try:
            return import_module(name)
        except ModuleNotFoundError:
            continue
    raise SystemExit(f"This version has none of {', '.join(names)}.")


def measure() -> None:
    """One round of this process's version after a first one that warms it: seconds a patient."""
    patient = module("rearm.assessment.patient", "rearm.assess.patient")
    plan = module("rearm.assessment.plan", "rearm.assess.plan").plan_of(
        module("rearm.knowledge.bundle").load()
    )
    judged: Callable[..., Any] = patient.__dict__["failures"]
    spent = 0.0

    def timed(record: Any) -> tuple[Any, ...]:
        nonlocal spent
        start = time.process_time()
        courses = tuple(judged(record))
        spent += time.process_time() - start
        return courses

    patient.__dict__["failures"] = timed
    records = generated(PATIENTS)
    for _ in range(2):
        spent, start = 0.0, time.process_time()
        for record in records:
            patient.patient_at(record, None, plan)
        seconds = time.process_time() - start - spent
    print(seconds / PATIENTS)


def seconds(tree: Path) -> float:
    env = {**os.environ, "PYTHONPATH": str(tree / "src")}
    command = [sys.executable, str(Path(__file__).resolve()), "--measure"]
    done = subprocess.run(command, env=env, check=True, capture_output=True, text=True)
    return float(done.stdout)


def main(other: Path | None) -> None:
    trees = [ROOT] if other is None else [other, ROOT]
    rounds = [[seconds(tree) for tree in trees] for _ in range(ROUNDS)]
    medians = [statistics.median(times) for times in zip(*rounds, strict=True)]
    print(f"findings of {PATIENTS} generated patients: {1000 * medians[-1]:.2f} ms a patient (CPU)")
    if other is not None:
        print(f"the version in {other}: {1000 * medians[0]:.2f} ms a patient")
        ratio = statistics.median(before / now for before, now in rounds)
        print(f"this version is {ratio:.1f} times as fast (median of {ROUNDS} pairs)")


if __name__ == "__main__":
    if sys.argv[1:] == ["--measure"]:
        measure()
    else:
        main(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else None)
