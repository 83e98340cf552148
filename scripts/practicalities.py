"""How much of the practicalities was read: for each option that must be known, the share of the
fields that are read or do not apply. Usual practice without a text, and what holds for other drugs,
are told apart, and not counted.

    python -m scripts.practicalities

Over the real engine: the marketed engagers, conjugates and CAR-T, and each option that leads a
strategy in the tier first or alternative for somebody in the examples or the vignettes. Beside
them, without a demand, the other members of these strategies. What is not read counts as not read.
Ends with 1 where those that must be known are together below nine tenths; those that are so each
for itself are named.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from tests.support.answered import answered

from rearm.knowledge import Knowledge, load
from rearm.knowledge.practicalities import PRACTICAL_FIELDS, OptionPractice, practice_of
from rearm.knowledge.rulesets import Option

AT_LEAST = 0.9
_KINDS = ("t-cell-engager", "adc-bcma", "car-t")


def marketed(option: Option) -> bool:
    """Whether the option is an engager, a conjugate or a CAR-T with a label that holds today."""
    labels = [x for x in option.availability if not x.off_label and x.to is None]
    return bool(labels and set(_KINDS) & set(option.tags))


def high() -> tuple[set[str], set[str]]:
    """The options that lead a strategy in the two highest tiers for somebody, and all that are
    open in one.
    """
    lead: set[str] = set()
    members: set[str] = set()
    for result in answered().values():
        for tier in result.answer.tiers:
            if tier.tier in ("first", "alternative"):
                for placed in tier.strategies:
                    lead.add(placed.option)
                    members |= {x for x in placed.options if _open(result.option(x).verdict)}
    return lead, members


def _open(verdict: str | None) -> bool:
    return verdict in (None, "open", "needs_information")


def share(practice: OptionPractice) -> float:
    """The part of the fields that are read or do not apply, from 0 to 1."""
    return read(practice) / len(PRACTICAL_FIELDS)


def read(practice: OptionPractice) -> int:
    return len(PRACTICAL_FIELDS) - len(practice.not_read) - len(practice.opinion)


def needed(knowledge: Knowledge) -> list[str]:
    """The ids of the options that must be known, by name."""
    return sorted({o.id for o in knowledge.options.values() if marketed(o)} | high()[0])


def rows(knowledge: Knowledge, ids: Iterable[str]) -> dict[str, OptionPractice]:
    known = knowledge.practicalities.values()
    return {name: practice_of(knowledge.options[name], known) for name in ids}


def below(found: dict[str, OptionPractice]) -> list[str]:
    """The ids of the options of which less was read than is asked for."""
    return [name for name, practice in found.items() if share(practice) < AT_LEAST]


def _print(title: str, found: dict[str, OptionPractice]) -> None:
    if not found:
        return
    print(f"\n| {title} | read | share | usual practice, or of other drugs | not read |")
    print("|---|---|---|---|---|")
    for name, practice in sorted(found.items(), key=lambda x: (share(x[1]), x[0])):
        told = (f"{read(practice)} of {len(PRACTICAL_FIELDS)}", f"{100 * share(practice):.0f} %")
        left = (", ".join(practice.opinion), ", ".join(practice.not_read))
        print(f"| {' | '.join((name, *told, *left))} |")
    fields = sum(map(read, found.values()))
    whole = len(PRACTICAL_FIELDS) * len(found)
    print(f"| all {len(found)} | {fields} of {whole} | {100 * fields / whole:.1f} % | | |")


def main() -> int:
    knowledge = load()
    must = needed(knowledge)
    found = rows(knowledge, must)
    _print("option that must be known", found)
    others = rows(knowledge, high()[1] - set(must))
    _print("other member of a strategy first or alternative", others)
    print(f"\nbelow nine tenths: {', '.join(below(found)) or 'none'}")
    whole = sum(map(share, found.values())) / len(found)
    return 1 if whole < AT_LEAST else 0


if __name__ == "__main__":
    sys.exit(main())
