"""A relapse after the CAR-T that somebody states as a fact, without a progression of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from rearm.record import Fact

__all__ = ["StatedRelapse", "stated_relapse"]

# What says so, by fact; another word of the same fact on a later day takes it back.
_RELAPSE = {"relapse_after_car_t": "yes", "disease_response": "progressing"}


@dataclass(frozen=True, slots=True)
class StatedRelapse:
    """`open`: nothing later took it back."""

    fact: Fact
    open: bool

    @property
    def text(self) -> str:
        fact = self.fact
        name = fact.finding.replace("_", " ").replace("car t", "CAR-T")
        return f"{name}: {fact.value}, stated by {fact.by or 'an unnamed person'}"


def stated_relapse(facts: Iterable[Fact], concerns: Callable[[Fact], bool]) -> StatedRelapse | None:
    """The first statement of relapse among the facts that concern the infusion, one that stands
    before one that was taken back. None where nobody states it.
    """
    own = [fact for fact in facts if fact.finding in _RELAPSE and concerns(fact)]
    said = [
        StatedRelapse(fact, open=not any(_takes_back(other, fact) for other in own))
        for fact in own
        if _says_relapse(fact)
    ]
    return min(said, key=_standing_first, default=None)


def _says_relapse(fact: Fact) -> bool:
    return fact.value.strip().casefold() == _RELAPSE[fact.finding]


def _takes_back(later: Fact, fact: Fact) -> bool:
    same = later.finding == fact.finding and not _says_relapse(later)
    return same and fact.when.before(later.when) is True


def _standing_first(said: StatedRelapse) -> tuple[bool, bool, int]:
    day = said.fact.when.day
    return not said.open, day is None, day or 0
