"""The order in which options are shown: by role and verdict, then only as far as the evidence
separates them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rearm.assessment.plan import OptionPlan

__all__ = ["ROLES", "ranks"]

ROLES = ("definitive", "bridge", "local", "enabling", "observe", "supportive")


def ranks(members: Sequence[OptionPlan]) -> Mapping[str, tuple[int, tuple[str, ...]]]:
    """Rank and ties of options of one role and one verdict, by id.

    Rank is 1 + the number of options that the evidence separates from this one as better; tied are
    those it does not separate.
    """
    better = {o.option.id: set(o.evidence.better_than) for o in members}
    found = {}
    for option in members:
        own = option.option.id
        above = [other for other, worse in better.items() if own in worse]
        tied = tuple(
            other
            for other in better
            if other != own and other not in above and other not in better[own]
        )
        found[own] = (1 + len(above), tied)
    return found
