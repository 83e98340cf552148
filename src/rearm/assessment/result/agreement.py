"""Whether the parts of a stored answer fit each other: what no assessment gives is not drawn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, get_args

from rearm.knowledge.rulesets import Tier

if TYPE_CHECKING:
    from rearm.assessment.result.assessment import Assessment

__all__ = ["contradiction"]

_TIERS: tuple[Tier, ...] = get_args(Tier)  # rising
_NOTHING_TO_CHOOSE = ("controlled", "died", "cannot_judge")
_TO_TAKE = ("first", "alternative")


def contradiction(result: Assessment) -> str | None:
    """What of the answer contradicts the rest of the result, as a clause; None where all fits."""
    return next(_contradictions(result), None)


def _contradictions(result: Assessment) -> Iterator[str]:
    answer = result.answer
    chooses = answer.state not in _NOTHING_TO_CHOOSE
    if not chooses and answer.tiers:
        yield f"the state {answer.state} has strategies"
    if chooses and result.relapse is None:
        yield f"the state {answer.state} has no relapse to decide on"
    if answer.state == "controlled" and result.relapse is not None:
        yield "the disease is controlled and has relapsed"
    if result.relapse is not None and result.watched is not None:
        yield "there is a relapse, and disease without one is watched"
    places = [_TIERS.index(tier.tier) for tier in answer.tiers]
    if places != sorted(set(places), reverse=True):
        yield "the tiers are not in their order"
    yield from _misplaced(result)


def _misplaced(result: Assessment) -> Iterator[str]:
    """Strategies and options that stand twice, under another strategy, or high though excluded."""
    options = {option.id: option for option in result.options}
    strategies: set[str] = set()
    placed: set[str] = set()
    for tier in result.answer.tiers:
        for line in tier.strategies:
            if line.strategy in strategies:
                yield f"the strategy {line.strategy} appears twice"
            strategies.add(line.strategy)
            if line.option not in line.options:
                yield f"the option {line.option} is none of its strategy"
            for name in line.options:
                if name in placed:
                    yield f"the option {name} appears twice"
                placed.add(name)
                if options[name].strategy != line.strategy:
                    yield f"the option {name} is of another strategy than {line.strategy}"
            if tier.tier in _TO_TAKE and options[line.option].verdict == "excluded":
                yield f"the option {line.option} is excluded and stands in the tier {tier.tier}"
