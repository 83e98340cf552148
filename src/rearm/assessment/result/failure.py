"""What became of each infusion, and the relapse to decide on."""

from __future__ import annotations

from typing import Literal

from rearm.assessment.result.overruled import ComputedCourse
from rearm.assessment.result.parts import DayRange, Part

__all__ = [
    "About",
    "AboutCode",
    "FailureResult",
    "InfusionStatus",
    "Relapse",
    "SignalResult",
    "TreatedSince",
    "Watched",
]

InfusionStatus = Literal[
    "failed", "suspected", "not_failed", "died_without_progression", "cannot_be_judged"
]
# How the team's progression stands to the computed one.
Comparison = Literal["contradicted", "unrepeated", "team_only", "other_day"]
AboutCode = InfusionStatus | Literal["no_infusion", "infusion_unread"]


class SignalResult(Part, frozen=True, kw_only=True):
    """A sign of relapse that is not progression by itself; `open`: nothing later took it back."""

    id: str
    day: int | None
    open: bool
    text: str


class FailureResult(Part, frozen=True, kw_only=True):
    """What became of one infusion.

    `day` None: there is none, or it is not exactly known, and `when` has the days that it may have
    been on. `best_response` is the one used, `best_response_computed` and `best_response_team` the
    two beside each other, `best_response_at_least` one that a single assessment showed; `_lacks`
    names what is missing (`urine`, `second_assessment`, `day`), `_text` says it all. `difference`:
    how the team's progression and the computed one part, in words, and `comparison` as a code.
    `computed`: what the record tells, where the team states it otherwise.
    """

    infusion_day: int | None
    product: str | None
    targets: tuple[str, ...]
    status: str
    certainty: str | None
    day: int | None
    when: DayRange
    kind: str | None
    timing: str | None
    responded: bool | None
    pattern: tuple[str, ...]
    signals: tuple[SignalResult, ...]
    followed_to_day: int | None
    best_response: str | None
    best_response_by: str | None
    best_response_computed: str | None
    best_response_team: str | None
    best_response_at_least: str | None
    best_response_lacks: tuple[str, ...]
    best_response_text: str | None
    computed_day: int | None
    team_day: int | None
    difference: str | None
    comparison: Comparison | None = None
    reason: str
    rows: tuple[int, ...]
    doubtful: tuple[int, ...]
    computed: ComputedCourse | None = None


class TreatedSince(Part, frozen=True, kw_only=True):
    """A line begun since the relapse, of which the record does not tell whether it works: its
    agents, its number among all lines, the days on which it may have begun, and whether it ended.
    """

    agents: str
    line: int
    start: DayRange
    ended: bool


class Relapse(Part, frozen=True, kw_only=True):
    """The relapse to decide on: the last progression or suspicion, whichever line it ended.

    `after`: `CAR-T`, or the agents of the line, `line` its number among all. `day`: the days that
    it may have been on. `tempo` null: not known. `since`: day of the first sign of it. `rows`: the
    places in `rows` that it rests on. `treated_by`: the line begun since, null without one.
    `computed`: what the record tells, where the team states it otherwise.
    """

    after: str
    line: int | None
    status: str
    certainty: str | None
    day: DayRange
    pattern: tuple[str, ...]
    tempo: Literal["rapid", "intermediate", "slow"] | None
    since: int | None
    rows: tuple[int, ...] = ()
    treated_by: TreatedSince | None = None
    computed: ComputedCourse | None = None


class Watched(Part, frozen=True, kw_only=True):
    """What is watched where there is no relapse to decide on: a `response`, or disease that has not
    progressed (`no_progression`), since the start of the line `after`.
    """

    code: Literal["response", "no_progression"]
    after: str
    line: int | None
    response: str | None
    last_assessed_day: int | None


class About(Part, frozen=True, kw_only=True):
    """The infusion that causes, options and tests speak of, or the reason why there are none."""

    code: AboutCode
    infusion_day: int | None
    if_progression: bool
    reason: str
