"""The order in which options are shown: by role and verdict, then only as far as the evidence
separates them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rearm.assessment.plan import OptionPlan

__all__ = ["ROLES", "Ranked", "ranks"]

ROLES = ("definitive", "bridge", "local", "enabling", "observe", "supportive")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """Options of one role and one verdict.

    `rank`: 1 + the number of options that the evidence separates from this one as better.
    `separated`: the pairs (better, worse) of which this is so; all others are tied.
    """

    rank: dict[str, int]
    separated: tuple[tuple[str, str], ...]


def ranks(members: Sequence[OptionPlan]) -> Ranked:
    """Rank and separation of options of one role and one verdict."""
    ids = {o.option.id for o in members}
    separated = tuple(
        (o.option.id, worse)
        for o in members
        for worse in o.evidence.better_than
        if worse in ids and worse != o.option.id
    )
    rank = dict.fromkeys((o.option.id for o in members), 1)
    for _, worse in separated:
        rank[worse] += 1
    return Ranked(rank=rank, separated=separated)
