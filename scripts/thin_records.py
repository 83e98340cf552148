"""Generated patients with one datum less or less exact: does any result state what the fuller
record denies?

    python -m scripts.thin_records [CHANGES] [--seed N]

Each patient is changed four times; the table of what contradicts is `tests/support/claims.py`.
Exit 1 where anything does.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import chain
from multiprocessing import get_context

from tests.support.claims import (
    NOTHING_SEEN,
    contradictions,
    endpoint_contradictions,
    seen_once,
)
from tests.support.generated_patients import generated_patient
from tests.support.thinner import Change, some_changes

import rearm
from rearm.intake import read_tables
from rearm.outcome.patient_course import patient_course

EACH = 6  # changes of a patient, one of each kind


@dataclass(frozen=True)
class Tried:
    """One change and what it made the result state against the fuller record."""

    patient: int
    change: Change
    told: str
    contradictions: tuple[str, ...]


def tried(number: int, seed: int = 0) -> list[Tried]:
    """The changes of one patient; a record that is refused as a whole tells nothing."""
    tables = generated_patient(number, seed)
    (record,) = read_tables(tables).records
    full, course = rearm.assess(record), patient_course(record)
    found = []
    for thin in some_changes(tables, EACH, number):
        (thinner,) = read_tables(thin.tables).records
        result = rearm.assess(thinner, as_of=full.as_of)
        seen = seen_once(record, thin.table) if thin.without_trace else NOTHING_SEEN
        against = (
            *contradictions(full, result, seen),
            *endpoint_contradictions(course, patient_course(thinner), seen),
        )
        found.append(Tried(number, thin.change, thin.told, against))
    return found


def all_tried(changes: int, seed: int) -> Iterator[Tried]:
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        patients = range(changes // EACH)
        yield from chain.from_iterable(pool.map(partial(tried, seed=seed), patients, chunksize=50))


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="thin_records")
    parser.add_argument("changes", type=int, nargs="?", default=2000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    number: Counter[Change] = Counter()
    against: Counter[Change] = Counter()
    told: list[str] = []
    for one in all_tried(given.changes, given.seed):
        number[one.change] += 1
        against[one.change] += bool(one.contradictions)
        if one.contradictions:
            told.append(f"patient {one.patient}, {one.told}: {'; '.join(one.contradictions)}")
    print("| change | tried | with a contradiction |")
    print("|---|---|---|")
    for change in sorted(number):
        print(f"| {change.replace('_', ' ')} | {number[change]} | {against[change]} |")
    print(f"| all | {sum(number.values())} | {sum(against.values())} |")
    print()
    for text in told:
        print(f"- {text}")
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
