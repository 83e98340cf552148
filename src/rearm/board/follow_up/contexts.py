"""What the pages of the follow-up hold."""

from __future__ import annotations

from typing import ClassVar

from rearm.board.decision.contexts import DecisionShown
from rearm.board.store.follow_ups import Followed
from rearm.board.web.contexts import Context, Part

__all__ = [
    "DueRow",
    "FollowUpForm",
    "FollowUpShown",
    "FollowUps",
    "OptionChoice",
    "OptionGroup",
    "StrategyCount",
]


class FollowUpShown(Followed, frozen=True, kw_only=True):
    """A kept version. `decision`: the version of the decision that it follows; `name` that of what
    was given.
    """

    version: int
    decision: int
    name: str
    at: str
    who: str


class OptionChoice(Part, frozen=True, kw_only=True):
    """An option that may have been given."""

    option: str
    name: str


class OptionGroup(Part, frozen=True, kw_only=True):
    """The options of one strategy. `decided`: the strategy that was chosen."""

    title: str
    decided: bool
    options: tuple[OptionChoice, ...]


class FollowUpForm(Context, frozen=True, kw_only=True):
    """The form of the follow-up, and all versions. `decision` is null where nothing was decided.
    `meanwhile`: what somebody else kept after the form was opened.
    """

    template: ClassVar[str] = "follow_up"
    window: ClassVar[str] = "Follow-up"

    case: str
    patient: str
    version: int
    decision: DecisionShown | None
    groups: tuple[OptionGroup, ...]
    typed: Followed
    kept: tuple[FollowUpShown, ...]
    done_words: dict[str, str]
    known_words: dict[str, str]
    responses: tuple[str, ...]
    wanting: tuple[str, ...] = ()
    meanwhile: FollowUpShown | None = None


class DueRow(Part, frozen=True, kw_only=True):
    """A decided patient. `due`: the next look is over, or nobody looked yet."""

    case: str
    patient: str
    invented: bool
    chosen: str
    decided_on: str
    done: str
    best_response: str
    next_look: str
    due: bool


class StrategyCount(Part, frozen=True, kw_only=True):
    """Decisions for one strategy, by what became of them. `undocumented`: of those that were done
    partly or not, the number without a reason.
    """

    strategy: str
    decided: int
    yes: int
    partly: int
    no: int
    unknown: int
    not_followed: int
    undocumented: int


class FollowUps(Context, frozen=True, kw_only=True):
    """Who is to be looked at again, and how many decisions were carried out. The invented patients
    are listed and not counted.
    """

    template: ClassVar[str] = "follow_ups"
    window: ClassVar[str] = "Follow-up"

    rows: tuple[DueRow, ...]
    counts: tuple[StrategyCount, ...]
    total: StrategyCount
    done_words: dict[str, str]
