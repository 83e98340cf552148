"""How the options that the sheet shows are given, from the knowledge to the result."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rearm.assessment.basis import Basis
from rearm.assessment.result import AnswerTier, Practicalities, PracticalLine
from rearm.knowledge.practicalities import (
    IN_A_CELL,
    PracticalField,
    Practicality,
    practice_of,
    told_of,
)
from rearm.knowledge.rulesets import Option

__all__ = ["practicalities_of", "practice_for", "shown_options"]

_IN_FULL = 2  # options of which every field is told; of the others those that a cell shows


def shown_options(tiers: Sequence[AnswerTier]) -> Iterator[str]:
    """The ids of the options that stand for the strategies of the sheet, the best first."""
    for tier in tiers:
        yield from (placed.option for placed in tier.strategies if placed.open)


def practicalities_of(
    basis: Basis, tiers: Sequence[AnswerTier], region: str | None
) -> Practicalities:
    """What was read of the options that the sheet shows; each text once. With a `region` only what
    holds there, and for this patient. Of the first two every field, of the others what the table
    shows of them.
    """
    knowledge = basis.plan.knowledge
    lines: dict[str, PracticalLine] = {}
    options: dict[str, dict[PracticalField, tuple[str, ...]]] = {}
    tasks: list[str] = []
    for name in dict.fromkeys(shown_options(tiers)):
        own = options[name] = {}
        full = len(options) <= _IN_FULL
        for field, rows in practice_for(basis, knowledge.options[name], region).items():
            if not full and field not in IN_A_CELL:
                continue
            told = [row for row in rows if row.applies or row.brief]
            if not full and field == "kidney" and not any(row.brief for row in told):
                continue
            own[field] = tuple(row.id for row in told)
            lines |= {row.id: _line(basis, row) for row in told if row.id not in lines}
            if len(options) == 1:
                tasks += [row.task for row in told if row.task is not None]
    return Practicalities(
        lines=lines,
        tasks=tuple(dict.fromkeys(tasks)),
        in_full=tuple(options)[:_IN_FULL],
        options=options,
    )


def practice_for(
    basis: Basis, option: Option, region: str | None
) -> dict[PracticalField, tuple[Practicality, ...]]:
    """What is told of the option for this patient. With a `region` only what holds there: a field
    of which texts were read for other regions alone is left out, as one that was not read.
    """
    plan = basis.plan

    def truth(row: Practicality) -> bool | None:
        return basis.truth(plan.practice[row.id])

    practice = practice_of(option, plan.knowledge.practicalities.values())
    told: dict[PracticalField, tuple[Practicality, ...]] = {}
    for field, rows in practice.rows.items():
        here = [row for row in rows if _holds_in(row, region)]
        if kept := told_of(here, truth):
            told[field] = kept
    return told


def _holds_in(row: Practicality, region: str | None) -> bool:
    return region is None or not row.regions or region in row.regions


def _line(basis: Basis, row: Practicality) -> PracticalLine:
    return PracticalLine(
        text=row.text,
        brief=row.brief,
        regions=row.regions,
        citations=basis.cite(row.sources),
    )
