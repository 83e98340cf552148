"""Values wrong by ten and days on another axis: how many are told, and what they change unseen.

    python -m scripts.slips [--show]

Of each patient of the examples every M-protein, light chain, creatinine, calcium and platelet count
is made ten times as large and as small, one at a time; the laboratory days are moved against the
infusion. A slip is told where a warning names the row that was changed. It changes an answer where
status, day, grade or verdict is another. On the unaltered examples, vignettes and, where they are
at hand, the patients of the Leipzig cohort the same warnings are counted against all such values.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml
from tests.support.places import COHORT, DATA, ROOT

import rearm
from rearm.assessment import Assessment
from rearm.intake import read_tables
from rearm.record import Issue, Record

TESTS = {
    "M-protein": ("serum_m_protein",),
    "light chains": ("kappa_flc", "lambda_flc"),
    "creatinine": ("creatinine",),
    "calcium": ("calcium", "calcium_corrected"),
    "platelets": ("platelets",),
}
TOLD = frozenset(
    {
        "possible_slip",
        "possible_unit_error",
        "value_unusual",
        "value_impossible",
        "light_chains_swapped",
    }
)
AXIS = frozenset({"laboratory_days_doubtful", "last_seen_before_data"})
SHIFTS = (-365, -60, -30, 30, 60, 365)

Tables = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Slip:
    """One value made ten times as large or as small."""

    patient: str
    kind: str
    factor: float
    row: str
    told: bool
    changed: tuple[str, ...]


def examples() -> dict[str, Tables]:
    """The tables of each example patient."""
    patients: dict[str, Tables] = defaultdict(lambda: defaultdict(list))
    for file in sorted((ROOT / "examples" / "tables").glob("*.csv")):
        with file.open(newline="", encoding="utf-8") as source:
            for row in csv.DictReader(source):
                patients[row["patient_id"]][file.stem].append(row)
    return patients


def answer(result: Assessment) -> dict[str, Any]:
    """What is decided: of each failure, factor, group, option and alert."""
    said: dict[str, Any] = {"alerts": tuple(a.id for a in result.alerts)}
    for number, failure in enumerate(result.failures):
        said[f"failure {number}"] = (failure.status, failure.day, failure.kind)
    said |= {f"group {g.group}": g.grade for g in result.causes.groups}
    said |= {f"option {o.id}": o.verdict for o in result.options}
    return said


def read(tables: Tables) -> Record:
    (record,) = read_tables(tables).records
    return record


def differing(one: dict[str, Any], other: dict[str, Any]) -> tuple[str, ...]:
    return tuple(k for k in one.keys() | other.keys() if one.get(k) != other.get(k))


def _told(issues: tuple[Issue, ...], codes: frozenset[str]) -> set[tuple[str, str, str]]:
    return {(i.code, *i.source.row) for i in issues if i.code in codes}


def slips(patient: str, tables: Tables) -> Iterator[Slip]:
    plain = read(tables)
    before, known = answer(rearm.assess(plain)), _told(plain.issues, TOLD)
    as_of = rearm.assess(plain).as_of
    for number, row in enumerate(tables["labs"]):
        kind = next((k for k, tests in TESTS.items() if row["test"] in tests), None)
        if kind is None:
            continue
        try:
            value = float(row["value"])
        except ValueError:
            continue
        for factor in (10.0, 0.1):
            labs = list(tables["labs"])
            labs[number] = {**row, "value": f"{value * factor:.6g}"}
            record = read({**tables, "labs": labs})
            new = _told(record.issues, TOLD) - known
            changed = differing(before, answer(rearm.assess(record, as_of=as_of)))
            yield Slip(
                patient=patient,
                kind=kind,
                factor=factor,
                row=f"{row['test']} {row['value']} {row.get('unit')} day {row['day']}",
                told=any(place == f"row {number + 2}" for _, _, place in new),
                changed=changed,
            )


def shifted(tables: Tables, days: int) -> Tables:
    labs = []
    for row in tables["labs"]:
        try:
            labs.append({**row, "day": str(int(row["day"]) + days)})
        except ValueError:
            labs.append(row)
    return {**tables, "labs": labs}


def without_car_assays(tables: Tables) -> Tables:
    return {**tables, "labs": [r for r in tables["labs"] if not r["test"].startswith("car_")]}


def unaltered(*, cohort: bool) -> Iterator[tuple[str, Record]]:
    for name, tables in examples().items():
        yield f"example {name}", read(tables)
    for file in ("vignettes.yaml", "vignettes_2.yaml"):
        for vignette in yaml.safe_load((DATA / file).read_text("utf-8")):
            yield f"vignette {vignette['id']}", read(vignette["tables"])
    if cohort and COHORT.exists():
        mapping = ROOT / "examples" / "mappings" / "leipzig.toml"
        for number, record in enumerate(rearm.read(COHORT, mapping=mapping).records):
            yield f"cohort {number}", record


def told_unaltered(*, cohort: bool) -> tuple[int, list[tuple[str, Issue]]]:
    """How many values there are of which a slip would be told, and what is told of them as they
    are.
    """
    tests = {test for kind in TESTS.values() for test in kind}
    values, told = 0, []
    for name, record in unaltered(cohort=cohort):
        values += sum(lab.test in tests for lab in record.labs)
        told += [(name, issue) for issue in record.issues if issue.code in TOLD]
    return values, told


def main(arguments: list[str]) -> int:
    show = "--show" in arguments
    every = [s for name, tables in examples().items() for s in slips(name, tables)]
    print("| one value | x 10 told | / 10 told | told where the answer changes |")
    print("|---|---|---|---|")
    for kind in (*TESTS, "all"):
        of_kind = [s for s in every if kind in (s.kind, "all")]
        cells = []
        for chosen in (
            [s for s in of_kind if s.factor > 1],
            [s for s in of_kind if s.factor < 1],
            [s for s in of_kind if s.changed],
        ):
            told = sum(s.told for s in chosen)
            cells.append(f"{told} of {len(chosen)} ({100 * told / max(1, len(chosen)):.0f} %)")
        print(f"| {kind} | " + " | ".join(cells) + " |")
    silent = [s for s in every if s.changed and not s.told]
    status = [s for s in silent if any(c.startswith("failure") for c in s.changed)]
    print(f"silent and the answer changes: {len(silent)}, of them the failure: {len(status)}")
    for s in silent if show else ():
        print(f"   {s.patient} x{s.factor:g} {s.row}: {', '.join(sorted(s.changed)[:4])}")
    for label, part in (("", dict), (", without CAR assays", without_car_assays)):
        shifts: Counter[int] = Counter()
        patients = {n: part(t) for n, t in examples().items() if t.get("infusions")}
        for name, tables in patients.items():
            known = _told(read(tables).issues, AXIS)
            for days in SHIFTS:
                told = bool(_told(read(shifted(tables, days)).issues, AXIS) - known)
                shifts[days] += told
                if show and not told:
                    print(f"   {name}: labs moved by {days} days, not told{label}")
        counts = ", ".join(f"{d:+d}: {shifts[d]} of {len(patients)}" for d in SHIFTS)
        print(f"laboratory days moved, told{label}: {counts}")
    values, told_as_is = told_unaltered(cohort=True)
    for name, issue in told_as_is if show else ():
        if not name.startswith("cohort"):
            print(f"   {name}: {issue.code}: {issue.message}")
    print(f"unaltered: {len(told_as_is)} of {values} values told")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
