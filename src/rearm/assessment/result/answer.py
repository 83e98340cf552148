"""What to ask for, what to do, and the recommendation."""

from __future__ import annotations

from typing import Literal

import msgspec

from rearm.assessment.result.options import AvailabilityStatus
from rearm.assessment.result.parts import BriefPart, Part, Plain
from rearm.assessment.result.practicalities import NextReview
from rearm.interval import IntervalDict
from rearm.knowledge.rulesets import Ground, Tier

__all__ = [
    "Action",
    "ActionStatus",
    "Alert",
    "AlertStatus",
    "Answer",
    "AnswerState",
    "AnswerStrategy",
    "AnswerTier",
    "Change",
    "Ground",
    "NextTest",
    "Tier",
    "Turn",
    "Urgency",
    "WouldBe",
]


AnswerState = Literal[
    "choose",
    "confirm_first",
    "stabilise_first",
    "emergency_first",
    "comfort",
    "controlled",
    "died",
    "cannot_judge",
]

# Whether an alert holds, or the last that is on record points to it.
AlertStatus = Literal["certain", "open"]
# Whether an action is to be done, or the last that is on record points to it.
ActionStatus = Literal["due", "open"]
# How soon, in this order.
Urgency = Literal["now", "this_week", "before_engager"]


class Turn(Part, frozen=True, kw_only=True):
    """Options, factors, groups of causes, strategies (their tiers) or the failure, by their ids,
    that turn alike.
    """

    kind: Literal["option", "factor", "group", "failure", "strategy"]
    from_: str
    to: str
    what: tuple[str, ...]


class Change(BriefPart, frozen=True, kw_only=True):
    """What one result of a test would change. `within`: of a number, the range between two limits
    of the rules in which every value changes the same; the number in `values` is one of them.
    `apart_by`: of each result that changes nothing the findings in which it differs, the fewest: at
    least one of them has to be told with this result. `extreme`: of a result of which nobody thinks
    while no sign points to it.
    """

    values: dict[str, Plain]
    turns: tuple[Turn, ...]
    apart_by: tuple[tuple[str, ...], ...] = ()
    extreme: bool = False
    within: dict[str, IntervalDict] = msgspec.field(default_factory=dict)


class NextTest(BriefPart, frozen=True, kw_only=True):
    """A work-up to ask for. `ids` has one entry, or two where only both together would change
    something. `turnaround` is in days; `unread`: results of it that were given and could not be
    read.
    """

    ids: tuple[str, ...]
    name: str
    tests: tuple[str, ...]
    findings: tuple[str, ...]
    mandatory: bool
    changes: tuple[Change, ...]
    why: str
    invasiveness: int
    turnaround: int
    citations: tuple[str, ...]
    unread: int = 0


class Alert(Part, frozen=True, kw_only=True):
    """An emergency, or what must not be taken for relapse, with the findings it rests on.

    `status` `certain`: it holds. `open`: not known, but the last that is on record points to it.
    """

    id: str
    status: AlertStatus = "certain"  # as in results from before there was another
    text: str
    findings: tuple[str, ...]


class Action(BriefPart, frozen=True, kw_only=True):
    """Something to do whatever is chosen: `text` says what, `reason`, an id of `reasons`, why and
    what lifts it; its citations are `sources`.

    `status` `due`: to be done. `open`: not known whether it is due; `text` says how to find out.
    `shows`: the findings that stand behind the text. `lacks`: of several findings that it is to
    find out, those that are not known. `routine`: nearly every patient needs it.
    """

    id: str
    text: str
    reason: str
    sources: tuple[str, ...] = ()
    urgency: Urgency = "now"
    status: ActionStatus = "due"
    shows: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    routine: bool = False


class WouldBe(Part, frozen=True, kw_only=True):
    """The tier in which a strategy would stand if what `if_` says (an id of `reasons`) held."""

    tier: Tier
    if_: str


class AnswerStrategy(BriefPart, frozen=True, kw_only=True):
    """A strategy in its tier. `option`: the one that is meant, of `options`, the best first.

    `because`: ids of the reasons that it stands here: its placement, what caps it, or what stops
    its options. `ground`: the strength of the placement. `waits_for`: ids of the reasons that would
    stop the option, of which nobody knows whether they hold. `figures`: ids of `evidence`. `open`:
    among the strategies that the sheet shows.
    """

    strategy: str
    option: str
    options: tuple[str, ...] = ()
    because: tuple[str, ...] = ()
    ground: Ground = "usual_practice"
    would_be: WouldBe | None = None
    waits_for: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()
    access: AvailabilityStatus = "available"
    open: bool = False


class AnswerTier(Part, frozen=True, kw_only=True):
    """One tier of the answer."""

    tier: Tier
    strategies: tuple[AnswerStrategy, ...]


class Answer(Part, frozen=True, kw_only=True):
    """The recommendation: what state the decision is in, and the strategies in their tiers, the
    highest first; none where there is nothing to choose.

    `then`: ids of strategies that follow once what stops them for now has ended. `next_review`:
    when the board looks again; null where there is nothing to look at again.
    """

    state: AnswerState
    then: tuple[str, ...] = ()
    next_review: NextReview | None = None
    tiers: tuple[AnswerTier, ...] = ()

    def tier_of(self, strategy: str) -> Tier | None:
        """The tier of this strategy; None where it is not shown."""
        for tier in self.tiers:
            if any(placed.strategy == strategy for placed in tier.strategies):
                return tier.tier
        return None
