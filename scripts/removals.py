"""A missing datum is named where it would make an option worse: each row and each cell of the
examples taken away in turn.

    python -m scripts.removals [SHARE] [SEED]

SHARE of the removals (default 1, all) is tried. An option whose verdict is better without the datum
has to name, among what must be known first, something that was known with it. What is left are
removals that leave no trace: the record then tells another story that is whole in itself, as a line
of therapy that nobody mentions. They are counted by table and column.
"""

from __future__ import annotations

import argparse
import csv
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import rearm
from rearm.assessment.logic import VERDICTS
from rearm.assessment.result import Assessment, OptionResult
from rearm.errors import InputError
from rearm.intake import read_tables

EXAMPLES = Path(__file__).parents[1] / "examples" / "tables"

Tables = dict[str, list[dict[str, str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """One cell taken away, or a whole row (`column` None)."""

    patient: str
    table: str
    row: int
    column: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Better:
    """An option whose verdict is better without a datum; `named`: its line says what to know."""

    removal: Removal
    option: str
    before: str
    after: str
    named: bool


def examples() -> dict[str, Tables]:
    """The tables of each example patient."""
    found: dict[str, Tables] = {}
    for path in sorted(EXAMPLES.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                found.setdefault(row["patient_id"], {}).setdefault(path.stem, []).append(row)
    return found


def removals(patients: dict[str, Tables]) -> Iterator[Removal]:
    """Every row and every filled cell, but the row of the patient and the ids."""
    for patient, tables in patients.items():
        for table, rows in tables.items():
            for place, row in enumerate(rows):
                if table != "patients":
                    yield Removal(patient=patient, table=table, row=place, column=None)
                for column, value in row.items():
                    if value and column != "patient_id":
                        yield Removal(patient=patient, table=table, row=place, column=column)


def without(tables: Tables, removal: Removal) -> Tables:
    """The tables without the datum."""
    rows = list(tables[removal.table])
    if removal.column is None:
        del rows[removal.row]
    else:
        rows[removal.row] = {**rows[removal.row], removal.column: ""}
    return {**tables, removal.table: rows}


def assessed(tables: Tables, as_of: int | None) -> Assessment | None:
    """None where the tables hold no patient any more that could be read."""
    try:
        records = read_tables(tables).records
    except InputError:
        return None
    return rearm.assess(records[0], as_of=as_of) if records else None


def better(before: Assessment, after: Assessment, removal: Removal) -> Iterator[Better]:
    """The options with a better verdict after the removal."""
    verdicts = {option.id: option.verdict for option in before.options}
    for option in after.options:
        was, now = verdicts.get(option.id), option.verdict
        if was is None or now is None or VERDICTS.index(now) <= VERDICTS.index(was):
            continue
        yield Better(
            removal=removal,
            option=option.id,
            before=was,
            after=now,
            named=_named(before, after, option),
        )


def _named(before: Assessment, after: Assessment, option: OptionResult) -> bool:
    """Whether the line asks for something that was known before, or speaks against the option by
    the very finding that did before, less strongly.
    """
    spoke = {x for name in before.option(option.id).against for x in before.reasons[name].findings}
    if any(spoke.intersection(after.reasons[name].findings) for name in option.against):
        return True
    for name in after.must_be_known_first(option):
        for missing in after.missing(after.reasons[name]):
            known = before.findings.get(missing)
            if known is not None and known.known:
                return True
    return False


def tried(patients: dict[str, Tables], chosen: Sequence[Removal]) -> list[Better]:
    """What is better without each datum of `chosen`, at the day of the whole record."""
    found: list[Better] = []
    whole = {patient: assessed(tables, None) for patient, tables in patients.items()}
    for removal in chosen:
        before = whole[removal.patient]
        if before is None:
            continue
        after = assessed(without(patients[removal.patient], removal), before.as_of)
        if after is not None:
            found += better(before, after, removal)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="removals")
    parser.add_argument("share", type=float, nargs="?", default=1.0)
    parser.add_argument("seed", type=int, nargs="?", default=1)
    given = parser.parse_args()
    share, seed = given.share, given.seed
    patients = examples()
    every = list(removals(patients))
    chosen = random.Random(seed).sample(every, round(share * len(every)))
    found = tried(patients, chosen)
    named = [x for x in found if x.named]
    print(f"{len(chosen)} removals of {len(every)}: {len(found)} better verdicts.")
    print(f"{len(named)} name what must be known first.")
    silent = Counter((x.removal.table, x.removal.column or "row") for x in found if not x.named)
    for (table, column), count in silent.most_common():
        print(f"| {table} | {column} | {count} |")


if __name__ == "__main__":
    main()
