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
)

__all__ = ["practicalities_of", "shown_options"]

_IN_FULL = 2  # options of which every field is told; of the others those that a cell shows


def shown_options(tiers: Sequence[AnswerTier]) -> Iterator[str]:
    """The ids of the options that stand for the strategies of the sheet, the best first."""
    for tier in tiers:
        yield from (placed.option for placed in tier.strategies if placed.open)


def practicalities_of(
    basis: Basis, tiers: Sequence[AnswerTier], region: str | None
) -> Practicalities:
    """What was read of the options that the sheet shows; each text once. With a `region` only what
    holds there. Of the first two every field, of the others what the table shows of them.
    """
    knowledge = basis.plan.knowledge
    lines: dict[str, PracticalLine] = {}
    options: dict[str, dict[PracticalField, tuple[str, ...]]] = {}
    tasks: list[str] = []
    for name in dict.fromkeys(shown_options(tiers)):
        practice = practice_of(knowledge.options[name], knowledge.practicalities.values())
        own = options[name] = {}
        full = len(options) <= _IN_FULL
        for field, rows in practice.rows.items():
            if not full and field not in IN_A_CELL:
                continue
            told = [row for row in _of_region(rows, region) if row.applies or row.brief]
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


def _of_region(rows: Sequence[Practicality], region: str | None) -> Sequence[Practicality]:
    """What holds in the region; where nothing was read for it, what holds elsewhere, which says
    where.
    """
    if region is None:
        return rows
    return [row for row in rows if not row.regions or region in row.regions] or rows


def _line(basis: Basis, row: Practicality) -> PracticalLine:
    return PracticalLine(
        text=row.text,
        brief=row.brief,
        regions=row.regions,
        citations=basis.cite(row.sources),
    )
