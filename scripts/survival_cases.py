"""The invented follow-ups on which `cohort/survival` is compared with R: written to
`tests/reference/golden/survival_cases.json`, from which `scripts/survival_golden.R` reads them.

    python -m scripts.survival_cases

`trial` has a bit of everything; `ties` has visits every 30 days; `truncation` begins late and is
entered late; `tiny` has groups of one, two and five; `collapse` has an early risk set that all die
before others enter. `stays` are courses through remission, relapse, salvage and death.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

FILE = Path(__file__).parents[1] / "tests" / "reference" / "golden" / "survival_cases.json"
Columns = dict[str, list[Any]]


def trial() -> Columns:
    """194 patients of two strategies: 128 events of cause 1, 24 of cause 2, 42 censored."""
    rng = np.random.default_rng(7)
    n = 200
    group = rng.integers(0, 2, n)
    entry = np.where(rng.random(n) < 0.4, rng.integers(0, 60, n), 0)
    t1 = rng.exponential(300 / (1 + 0.6 * group), n)
    t2 = rng.exponential(900, n)
    c = rng.uniform(60, 720, n)
    t = np.minimum(np.minimum(t1, t2), c)
    cause = np.where(t == t1, 1, np.where(t == t2, 2, 0))
    last = np.ceil(t).astype(int)
    age = rng.normal(65, 8, n).round(0)
    kept = last > entry
    return _columns(kept, entry=entry, exit=last, cause=cause, group=group, age=age)


def ties() -> Columns:
    """Everything on every thirtieth day, three groups, three causes."""
    rng = np.random.default_rng(11)
    n = 150
    group = rng.integers(0, 3, n)
    entry = 30 * np.where(rng.random(n) < 0.3, rng.integers(0, 4, n), 0)
    last = 30 * rng.integers(1, 13, n)
    cause = rng.choice(4, n, p=[0.25, 0.45, 0.2, 0.1])
    cause = np.where((group == 2) & (cause == 1) & (rng.random(n) < 0.5), 2, cause)
    age = rng.normal(62, 9, n).round(0)
    return _columns(last > entry, entry=entry, exit=last, cause=cause, group=group, age=age)


def truncation() -> Columns:
    """Most enter late, nobody on day 0, and a third would have had the event before."""
    rng = np.random.default_rng(23)
    n = 220
    group = rng.integers(0, 2, n)
    entry = rng.integers(12, 400, n)
    entry[:30] = rng.integers(12, 20, 30)
    t1 = rng.exponential(420 / (1 + 0.5 * group), n)
    t2 = rng.exponential(800, n)
    c = entry + rng.uniform(30, 500, n)
    t = np.minimum(np.minimum(t1, t2), c)
    cause = np.where(t == t1, 1, np.where(t == t2, 2, 0))
    last = np.ceil(t).astype(int)
    age = rng.normal(68, 7, n).round(0)
    return _columns(last > entry, entry=entry, exit=last, cause=cause, group=group, age=age)


def tiny() -> Columns:
    """Groups of one, two and five."""
    return {
        "entry": [0, 0, 3, 0, 0, 2, 0, 0],
        "exit": [9, 5, 8, 4, 4, 6, 11, 12],
        "cause": [1, 0, 1, 1, 2, 1, 1, 0],
        "group": [0, 1, 1, 2, 2, 2, 2, 2],
        "age": [60, 61, 70, 55, 58, 66, 71, 49],
    }


def collapse() -> Columns:
    """Both patients of the first days die before the others enter."""
    return {
        "entry": [0, 0, 20, 25, 25, 30],
        "exit": [8, 14, 60, 40, 70, 50],
        "cause": [1, 2, 1, 0, 1, 2],
        "group": [0, 1, 0, 1, 0, 1],
        "age": [60, 61, 62, 63, 64, 65],
    }


def stays() -> Columns:
    """Courses of 160 patients; a third come under observation late, in the state they are in."""
    rng = np.random.default_rng(31)
    columns: Columns = {"patient": [], "state": [], "to": [], "entry": [], "exit": []}
    hazards = {0: {1: 250, 4: 2000}, 1: {2: 40, 4: 300}, 2: {3: 180, 4: 500}, 3: {4: 160}}
    for patient in range(160):
        late = rng.random() < 0.35
        seen_from = int(rng.integers(1, 250)) if late else 0
        seen_to = int(rng.integers(120, 900))
        state, since = 0, 0
        while state != 4:
            waits = {to: rng.exponential(mean) for to, mean in hazards[state].items()}
            to = min(waits, key=lambda key: waits[key])
            until = since + int(np.ceil(waits[to]))
            if until > seen_from and since < seen_to:
                begin, end = max(since, seen_from), min(until, seen_to)
                if begin < end:
                    row = (patient, state, to if until <= seen_to else -1, begin, end)
                    for column, value in zip(columns.values(), row, strict=True):
                        column.append(int(value))
            state, since = to, until
    return columns


def cases() -> dict[str, Columns]:
    """Every set of data by its name."""
    return {
        "trial": trial(),
        "ties": ties(),
        "truncation": truncation(),
        "tiny": tiny(),
        "collapse": collapse(),
        "stays": stays(),
    }


def _columns(kept: Any, **columns: Any) -> Columns:
    return {name: [int(x) for x in column[kept]] for name, column in columns.items()}


def main() -> None:
    lines = [f" {json.dumps(name)}: {json.dumps(case)}" for name, case in cases().items()]
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
