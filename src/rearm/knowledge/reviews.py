"""When the board looks again: rules of the next review, from `reviews.toml`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rearm.knowledge.rulesets import Option, Role

__all__ = ["CountedFrom", "ReviewRule"]

CountedFrom = Literal["today", "first_dose", "infusion", "end_of_course"]
"""What the days to the review are counted from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRule:
    """When to look again, at what, what changes the plan, and who looks.

    It is for the states of the answer in `states`, and, where `strategies`, `roles` or `tags` are
    given, for a leading option that has one of them. `when`: a condition over findings; the rule is
    only for a patient of whom it is known to hold. The first rule of the file that is for a
    patient counts. `days_low` to `days_high`: days from what `counted_from` names. `markers`: the
    patient's own markers are measured; `also`: what else is looked at.
    """

    id: str
    states: tuple[str, ...]
    days_low: int
    days_high: int
    changes: str
    who: str
    sources: tuple[str, ...]
    counted_from: CountedFrom = "today"
    markers: bool = True
    also: str | None = None
    when: str | None = None
    strategies: tuple[str, ...] = ()
    roles: tuple[Role, ...] = ()
    tags: tuple[str, ...] = ()

    @property
    def for_every_option(self) -> bool:
        """Whether it holds whatever leads, and where nothing does."""
        return not (self.strategies or self.roles or self.tags)

    @property
    def for_everybody(self) -> bool:
        """Whether it holds of every patient of its states."""
        return self.for_every_option and self.when is None

    def is_for(self, state: str, leading: Option | None) -> bool:
        """Whether it is for this state, `when` aside, with this option in front; None: none."""
        if state not in self.states:
            return False
        if self.for_every_option:
            return True
        return leading is not None and (
            leading.strategy in self.strategies
            or leading.role in self.roles
            or bool(set(leading.tags) & set(self.tags))
        )
