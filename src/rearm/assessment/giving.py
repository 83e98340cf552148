"""How the options that the sheet shows are given, from the knowledge to the result."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rearm.assessment.basis import Basis
from rearm.assessment.result import AnswerTier, Practicalities, PracticalLine
from rearm.knowledge.practicalities import PracticalField, Practicality, practice_of

__all__ = ["practicalities_of", "shown_options"]


def shown_options(tiers: Sequence[AnswerTier]) -> Iterator[str]:
    """The ids of the options that stand for the strategies of the sheet, the best first."""
    for tier in tiers:
        yield from (placed.option for placed in tier.strategies if placed.open)


def practicalities_of(
    basis: Basis, tiers: Sequence[AnswerTier], region: str | None
) -> Practicalities:
    """What was read of the options that the sheet shows; each text once. With a `region` only what
    holds there.
    """
    knowledge = basis.plan.knowledge
    lines: dict[str, PracticalLine] = {}
    options: dict[str, dict[PracticalField, tuple[str, ...]]] = {}
    for name in dict.fromkeys(shown_options(tiers)):
        practice = practice_of(knowledge.options[name], knowledge.practicalities.values())
        own = options[name] = {}
        for field, rows in practice.rows.items():
            told = _of_region(rows, region)
            own[field] = tuple(row.id for row in told)
            lines |= {row.id: _line(basis, row) for row in told if row.id not in lines}
    return Practicalities(lines=lines, options=options)


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
        task=row.task,
        regions=row.regions,
        applies=row.applies,
        citations=basis.cite(row.sources),
    )
