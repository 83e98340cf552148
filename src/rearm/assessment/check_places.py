"""What the check of the knowledge asks of placements: each gives one tier to strategies that exist,
and each strategy has one row that holds for everybody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from rearm.errors import meant
from rearm.knowledge.bundle import Knowledge

__all__ = ["place_problems"]


def place_problems(knowledge: Knowledge) -> Iterator[tuple[str, str]]:
    """Placements that give no tier or two, of strategies that no option has, and strategies without
    the one row that holds for everybody.
    """
    strategies = {option.strategy for option in knowledge.options.values()}
    base: Counter[str] = Counter()
    for place in knowledge.places.values():
        where = f"place {place.id}"
        if (place.tier is None) == (place.at_most is None):
            yield (where, "has no tier, or two. Write either tier or at_most.")
        if not place.reason.strip():
            yield (where, "has no reason. Write one sentence in reason.")
        if not place.of:
            yield (where, "places no strategy. Write strategy or strategies.")
        for name in place.of:
            if name not in strategies:
                yield (where, f"{name} is not the strategy of any option.{meant(name, strategies)}")
        if place.when is None and place.tier is None:
            yield (
                where,
                (
                    "limits the strategy for every patient. Give it a condition, or lower the base "
                    "row."
                ),
            )
        if place.when is None and place.tier is not None:
            base.update(place.of)
    if not knowledge.places:
        return
    for name in sorted(strategies):
        if base[name] != 1:
            yield (
                f"strategy {name}",
                f"has {base[name]} placements without a condition. Each strategy needs exactly "
                "one, its default for every patient.",
            )
