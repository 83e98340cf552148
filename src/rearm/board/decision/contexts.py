"""What the form of the decision holds, and a decision as it is shown."""

from __future__ import annotations

from typing import ClassVar

from rearm.board.decision.decisions import Given
from rearm.board.web.contexts import Context, Part

__all__ = ["Choice", "ChoiceGroup", "DecisionPage", "DecisionShown"]


class DecisionShown(Part, frozen=True, kw_only=True):
    """A recorded decision. `strategy` is its id and `chosen` its name, `tier` the tier in which it
    stood in the version `answer`; empty where none of the answer was chosen.
    """

    version: int
    answer: int
    strategy: str
    chosen: str
    tier: str
    participants: str
    reason: str
    deviation: str
    at: str
    who: str


class Choice(Part, frozen=True, kw_only=True):
    """A strategy that can be chosen, with the option that is meant."""

    strategy: str
    name: str
    option: str


class ChoiceGroup(Part, frozen=True, kw_only=True):
    """The strategies of one tier. `against`: the tier speaks against them."""

    tier: str
    title: str
    against: bool
    choices: tuple[Choice, ...]


class DecisionPage(Context, frozen=True, kw_only=True):
    """The form of the decision. `wanting`: what keeps it from being recorded. `meanwhile`: what
    somebody else recorded after the form was opened.
    """

    template: ClassVar[str] = "decision"
    window: ClassVar[str] = "Decision of the board"

    case: str
    patient: str
    version: int
    answer: int
    state: str
    groups: tuple[ChoiceGroup, ...]
    highest: str
    typed: Given
    wanting: tuple[str, ...] = ()
    meanwhile: DecisionShown | None = None
