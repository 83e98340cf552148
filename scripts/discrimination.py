"""Does the answer tell patients apart? How many strategies stand first, which ones ever do, and in
what share of the patients who have a relapse to decide on.

    python -m scripts.discrimination

Over the examples, both sets of vignettes, invented patients as a board sees them, and the cohort of
real patients where it is on the machine, of which only numbers are printed, and no small ones.
Ends with 1 where one of `broken` holds.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from statistics import median

from tests.support.answered import answered
from tests.support.places import COHORT, ROOT
from tests.support.relapsed_patients import relapsed_patients

import rearm
from rearm.assessment.result import AnswerStrategy, Assessment
from rearm.intake import read_tables

AT_MOST = 5  # strategies first, in any patient
MEDIAN_AT_MOST = 2
SMALLEST_CELL = 5  # of patients of the cohort
INVENTED = 500
REAL = "cohort"

Groups = Mapping[str, Sequence[Assessment]]


def groups(invented: int = INVENTED) -> dict[str, list[Assessment]]:
    """The patients with a relapse to decide on, by where they come from."""
    found: dict[str, list[Assessment]] = {"examples": [], "vignettes": [], "vignettes 2": []}
    for name, result in answered().items():
        kind = {"S": "examples", "D": "vignettes"}.get(name[0], "vignettes 2")
        found[kind].append(result)
    drawn = (read_tables(tables).records[0] for tables in relapsed_patients(invented))
    found["invented"] = list(rearm.assess_each(drawn, region="US"))
    if COHORT.is_dir():
        records = rearm.read(COHORT, ROOT / "examples" / "mappings" / "leipzig.toml").records
        found[REAL] = list(rearm.assess_each(records))
    return {name: [r for r in results if r.answer.tiers] for name, results in found.items()}


def first(result: Assessment) -> list[AnswerStrategy]:
    """The strategies in the first tier."""
    return [s for t in result.answer.tiers if t.tier == "first" for s in t.strategies]


def unexplained(result: Assessment) -> bool:
    """Nothing first or alternative, no state that says why, and no line shown in their place."""
    high = any(t.tier in ("first", "alternative") for t in result.answer.tiers)
    shown = [s for t in result.answer.tiers for s in t.strategies if s.open]
    reasoned = bool(shown) and all(s.because for s in shown)
    return not high and result.answer.state != "stabilise_first" and not reasoned


def untraced(result: Assessment) -> list[str]:
    """Strategies first for no placement that holds on findings which are known and have rows."""
    return [
        placed.strategy
        for placed in first(result)
        if not any(_traced(result, key) for key in placed.because)
    ]


def _traced(result: Assessment, key: str) -> bool:
    reason = result.reasons[key]
    read = [result.findings[name] for name in reason.findings]
    return (
        reason.effect == "place"
        and reason.truth is True
        and any(finding.known and finding.rows for finding in read)
    )


def shares(results: Sequence[Assessment]) -> Counter[str]:
    """By strategy the number of patients in whom it is first."""
    return Counter(placed.strategy for result in results for placed in first(result))


def broken(patients: Groups) -> Iterator[str]:
    """What does not hold, in sentences without a patient's id."""
    for name, results in patients.items():
        numbers = [len(first(result)) for result in results]
        if numbers and median(numbers) > MEDIAN_AT_MOST:
            yield f"{name}: the median patient has {median(numbers):g} strategies first."
        if numbers and max(numbers) > AT_MOST:
            yield f"{name}: a patient has {max(numbers)} strategies first."
        if any(map(unexplained, results)):
            yield f"{name}: a patient has nothing high and no state or line that says why."
        often = {s for s, n in shares(results).items() if 2 * n > len(results)}
        for strategy in sorted(often & {s for result in results for s in untraced(result)}):
            yield f"{name}: {strategy} is first in more than half, in some without a finding."


def counted(name: str, number: int, of: int) -> str:
    """The number, hidden where it or what is left of all tells of a few patients of the cohort."""
    few = any(0 < x < SMALLEST_CELL for x in (number, of - number))
    return "–" if name == REAL and few else str(number)


def by_group(patients: Groups) -> Iterator[str]:
    yield "| patients | relapsed | strategies first: median | most | none first | ever first |"
    yield "|---|---|---|---|---|---|"
    for name, results in patients.items():
        numbers = [len(first(result)) for result in results]
        if numbers:
            cells = (
                name,
                counted(name, len(numbers), len(numbers)),
                f"{median(numbers):g}",
                str(max(numbers)),
                counted(name, numbers.count(0), len(numbers)),
                str(len(shares(results))),
            )
            yield f"| {' | '.join(cells)} |"


def by_strategy(patients: Groups) -> Iterator[str]:
    """The share of the patients of each group in whom a strategy is first."""
    yield f"| strategy first in | {' | '.join(patients)} |"
    yield "|---" * (len(patients) + 1) + "|"
    together = sum((shares(results) for results in patients.values()), Counter[str]())
    for strategy, _ in together.most_common():
        cells = [_share(name, shares(r)[strategy], len(r)) for name, r in patients.items()]
        yield f"| {strategy} | {' | '.join(cells)} |"


def _share(name: str, number: int, patients: int) -> str:
    shown = counted(name, number, patients)
    if not number or shown != str(number):
        return shown if number else ""
    return f"{shown} ({100 * number / patients:.0f} %)"


def by_placement(patients: Groups) -> Iterator[str]:
    """What gives a first, among the invented patients of all groups."""
    grounds = Counter(
        key.removeprefix("place-")
        for name, results in patients.items()
        if name != REAL
        for result in results
        for placed in first(result)
        for key in placed.because
    )
    yield "| placement that gives a first | patients, without the cohort |"
    yield "|---|---|"
    for row, number in grounds.most_common():
        yield f"| {row} | {number} |"


def main() -> int:
    patients = groups()
    for table in (by_group, by_strategy, by_placement):
        print("\n".join(table(patients)), end="\n\n")
    if REAL not in patients:
        print("The cohort of real patients is not on this machine and was left out.")
    print(f"A dash: a number of the cohort that would tell of 1 to {SMALLEST_CELL - 1} patients.")
    wrong = list(broken(patients))
    print("\n".join(wrong or ["Nothing is broken."]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
