"""What the pages of overruled facts hold."""

from __future__ import annotations

from typing import ClassVar

from rearm.board.facts.contexts import Fact, FactGroup, Moved
from rearm.board.web.contexts import Context, Part

__all__ = ["OverrulePage", "OverruleVersion", "OverrulesPage", "StandingFact"]


class StandingFact(Part, frozen=True, kw_only=True):
    """A fact that the team states over the computed one, as the newest answer shows it: with what
    is computed now, and whether it is applied. `notes`: what the reader must know of it.
    """

    id: str
    name: str
    stated: str
    computed: str
    reason: str
    who: str
    at: str
    stale: bool
    notes: tuple[str, ...]


class OverruleVersion(Part, frozen=True, kw_only=True):
    """One statement or one taking back, as it was kept. `was`: what was computed then; `answer`:
    the version of the answer on which it was made.
    """

    number: int
    name: str
    stated: str
    was: str
    taken_back: bool
    reason: str
    answer: int
    who: str
    at: str


class OverrulesPage(Context, frozen=True, kw_only=True):
    """The facts that stand, every version of what was stated, and all facts that can be stated.
    `not_applied`: the newest answer was made without facts that stand.
    """

    template: ClassVar[str] = "overrules"
    window: ClassVar[str] = "Overruled facts"

    case: str
    patient: str
    version: int
    answer: int
    standing: tuple[StandingFact, ...]
    versions: tuple[OverruleVersion, ...]
    groups: tuple[FactGroup, ...]
    not_applied: bool = False
    refusal: str = ""
    taking_back: str = ""
    reason: str = ""


class OverrulePage(Context, frozen=True, kw_only=True):
    """The form for one fact. `stands`: what the team states of it already. `meanwhile`: what
    somebody else stated of it after the form was opened. `wanting`: what keeps it from being kept,
    or, where the user was only `looking`, from being looked at. `moved`: what would move, which is
    kept nowhere.
    """

    template: ClassVar[str] = "overrule"
    window: ClassVar[str] = "Overrule a fact"

    case: str
    patient: str
    version: int
    answer: int
    fact: Fact
    stands: StandingFact | None
    reason: str = ""
    wanting: tuple[str, ...] = ()
    changed: bool = False
    looking: bool = False
    moved: Moved | None = None
