"""Does the answer tell patients apart? How many strategies stand first, which ones ever do, and in
what share of the patients who have a relapse to decide on.

    python -m scripts.discrimination

Over the examples, both sets of vignettes, and the cohort of real patients where it is present (of
which nothing but counts is printed). Ends with 1 where a patient has more than five strategies in
the first tier, or neither a first or alternative one nor a state that says why.
"""

from __future__ import annotations

import sys
from collections import Counter
from statistics import median

from tests.support.answered import answered
from tests.support.places import COHORT, ROOT

import rearm
from rearm.assessment.result import Assessment

AT_MOST = 5


def groups() -> dict[str, list[Assessment]]:
    """The patients with a relapse to decide on, by where they come from."""
    found: dict[str, list[Assessment]] = {"examples": [], "vignettes": [], "vignettes 2": []}
    for name, result in answered().items():
        kind = {"S": "examples", "D": "vignettes"}.get(name[0], "vignettes 2")
        found[kind].append(result)
    if COHORT.is_dir():
        records = rearm.read(COHORT, ROOT / "examples" / "mappings" / "leipzig.toml").records
        found["cohort"] = rearm.assess_all(records)
    return {name: [r for r in results if r.answer.tiers] for name, results in found.items()}


def first(result: Assessment) -> list[str]:
    """The strategies in the first tier."""
    return [s.strategy for t in result.answer.tiers if t.tier == "first" for s in t.strategies]


def unexplained(result: Assessment) -> bool:
    """Nothing first or alternative, and no state that says why."""
    high = any(t.tier in ("first", "alternative") for t in result.answer.tiers)
    return not high and result.answer.state == "choose"


def main() -> int:
    patients = groups()
    every = [result for results in patients.values() for result in results]
    print("| patients | with a relapse | strategies first: median | most | none first |")
    print("|---|---|---|---|---|")
    for name, results in {**patients, "all": every}.items():
        numbers = [len(first(result)) for result in results]
        if numbers:
            cells = (name, len(numbers), f"{median(numbers):g}", max(numbers), numbers.count(0))
            print(f"| {' | '.join(map(str, cells))} |")
    print()
    print("| strategy | first in | share |")
    print("|---|---|---|")
    ever = Counter(strategy for result in every for strategy in first(result))
    for strategy, number in ever.most_common():
        print(f"| {strategy} | {number} | {100 * number / len(every):.0f} % |")
    print()
    grounds = Counter(
        (key.removeprefix("place-"))
        for result in every
        for tier in result.answer.tiers
        if tier.tier == "first"
        for placed in tier.strategies
        for key in placed.because
    )
    print("| placement that gives a first | patients |")
    print("|---|---|")
    for row, number in grounds.most_common():
        print(f"| {row} | {number} |")
    many = sum(len(first(result)) > AT_MOST for result in every)
    bare = sum(unexplained(result) for result in every)
    print(f"\nmore than {AT_MOST} first: {many}; nothing high and no state that says why: {bare}")
    return 1 if many or bare else 0


if __name__ == "__main__":
    sys.exit(main())
