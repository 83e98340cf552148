"""In which tier the places put each strategy, for the examples and for files of vignettes.

    python -m scripts.try_places [vignettes.yaml | folder of tables ...] [--verdicts] [--why P-17]

The tier is that of the places alone: the highest row whose condition holds, under the lowest cap
that holds. With `--verdicts` the verdicts of the options lower it as they stand. Expectations of
tiers are compared, and so are those on what must not be preferred.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import yaml
from scripts.vignettes import write_tables

import rearm
from rearm.assessment.patient import Patient, patient_at
from rearm.assessment.pipeline import assess_patients
from rearm.assessment.plan import plan_of
from rearm.knowledge import load
from rearm.knowledge.bundle import DATA
from rearm.rules import RuleCondition, parse_condition, truth

TIERS = ("not_possible", "avoid", "situational", "alternative", "first")
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the places for one strategy; a base row has no condition."""

    id: str
    strategy: str
    tier: str
    cap: bool
    condition: RuleCondition | None

    def holds(self, patient: Patient) -> bool | None:
        if self.condition is None:
            return True
        return truth(self.condition, patient.values, patient.bounds)


def rows() -> list[Row]:
    """All rows, one for each strategy that a row names."""
    catalogue = load().catalogue
    found = []
    for file in sorted((DATA / "places").glob("*.toml")):
        for place in tomllib.loads(file.read_text(encoding="utf-8"))["place"]:
            when = place.get("when")
            condition = parse_condition(when, catalogue) if when is not None else None
            tier = place.get("tier", place.get("at_most"))
            for strategy in place.get("strategies", [place.get("strategy")]):
                found.append(Row(place["id"], strategy, tier, "at_most" in place, condition))
    return found


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a strategy stands, by which rows, and which higher row is open."""

    tier: str
    by: tuple[str, ...]
    would_be: tuple[str, ...]


def placed(patient: Patient, places: Sequence[Row]) -> dict[str, Placed]:
    result = {}
    for strategy in dict.fromkeys(row.strategy for row in places):
        own = [(row, row.holds(patient)) for row in places if row.strategy == strategy]
        raised = [row for row, holds in own if holds and not row.cap]
        capped = [row for row, holds in own if holds and row.cap]
        high = max(TIERS.index(row.tier) for row in raised)
        low = min([high, *(TIERS.index(row.tier) for row in capped)])
        by = capped if low < high else raised
        deciding = tuple(row.id for row in by if TIERS.index(row.tier) == low)
        open_rows = tuple(
            f"{row.tier} if {row.id}"
            for row, holds in own
            if holds is None and not row.cap and TIERS.index(row.tier) > high
        )
        result[strategy] = Placed(TIERS[low], deciding, open_rows)
    return result


def lowered(tiers: dict[str, Placed], options: Sequence[Any]) -> dict[str, Placed]:
    """The tiers under the verdicts of the options: a strategy is as good as its best option."""
    result = dict(tiers)
    for strategy, place in tiers.items():
        verdicts = {o.verdict for o in options if o.strategy == strategy}
        if verdicts and verdicts <= {"excluded"}:
            result[strategy] = Placed("not_possible", ("all options excluded",), ())
        elif (
            verdicts
            and verdicts <= {"excluded", "discouraged"}
            and TIERS.index(place.tier) > TIERS.index("avoid")
        ):
            result[strategy] = Placed("avoid", ("all options discouraged",), ())
    return result


def cases(files: Sequence[str]) -> Iterator[tuple[str, Any, Any, Any, Mapping[str, Any]]]:
    """Id, record, as_of, region and expectations of each patient."""
    expected = {
        e["id"]: e["expect"]
        for e in yaml.safe_load((ROOT / "examples" / "expected.yaml").read_text("utf-8"))
    }
    for record in rearm.read(ROOT / "examples" / "tables").records:
        yield record.patient_id, record, None, None, expected.get(record.patient_id, {})
    for file in files:
        if Path(file).is_dir():
            yield from ((r.patient_id, r, None, None, {}) for r in rearm.read(file).records)
            continue
        for vignette in yaml.safe_load(Path(file).read_text(encoding="utf-8")):
            with tempfile.TemporaryDirectory() as folder:
                write_tables(vignette["tables"], Path(folder))
                (record,) = rearm.read(folder).records
            yield (
                vignette["id"],
                record,
                vignette.get("as_of"),
                vignette.get("region"),
                vignette["expect"],
            )


def misses(tiers: Mapping[str, Placed], expect: Mapping[str, Any]) -> Iterator[str]:
    """Each expectation that the tiers do not meet."""
    first = [s for s, p in tiers.items() if p.tier == "first"]
    wanted = dict(expect.get("tiers", {}))
    if "first_any_of" in wanted and not set(first) & set(wanted["first_any_of"]):
        yield f"first is none of {wanted['first_any_of']}"
    for strategy in wanted.get("first_none_of", []):
        if strategy in first:
            yield f"{strategy} is first {tiers[strategy].by}"
    for strategy in expect.get("options", {}).get("never_preferred", []):
        if strategy in first:
            yield f"{strategy} is first, never preferred {tiers[strategy].by}"
    for key, sign in (("at_least", 1), ("at_most", -1)):
        for strategy, tier in wanted.get(key, {}).items():
            place = tiers[strategy]
            if sign * (TIERS.index(place.tier) - TIERS.index(tier)) < 0:
                yield f"{strategy} is {place.tier}, {key} {tier} {place.by}"
    low, high = wanted.get("first_size", [0, 5])
    if not low <= len(first) <= high:
        yield f"first holds {len(first)}"


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("files", nargs="*")
    parser.add_argument("--verdicts", action="store_true")
    parser.add_argument("--why", default="", help="a patient of whom every place is printed")
    options = parser.parse_args(arguments)
    plan, places = plan_of(load()), rows()
    failed = 0
    sizes: list[int] = []
    in_first: Counter[str] = Counter()
    for name, record, as_of, region, expect in cases(options.files):
        patient = patient_at(record, as_of, plan)
        tiers = placed(patient, places)
        if options.verdicts:
            (assessment,) = assess_patients(plan, [patient], region)
            tiers = lowered(tiers, assessment.options)
        status = patient.values.get("failure_status")
        print(f"{name}  {status}")
        for tier in ("first", "alternative"):
            print(f"  {tier:12}" + ", ".join(s for s, p in tiers.items() if p.tier == tier))
        for miss in misses(tiers, expect):
            failed += 1
            print(f"  FAILS  {miss}")
        if options.why == name:
            for strategy, place in tiers.items():
                print(f"    {strategy:24}{place.tier:13}{', '.join(place.by)}")
                for text in place.would_be:
                    print(f"    {'':24}would be {text}")
        if status in ("failed", "suspected"):
            first = [s for s, p in tiers.items() if p.tier == "first"]
            sizes.append(len(first))
            in_first.update(first)
    print(f"expectations missed: {failed}")
    print(f"strategies in first: median {median(sizes)}, most {max(sizes)}")
    for strategy, number in in_first.most_common():
        print(f"  {strategy:24}{number} of {len(sizes)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
