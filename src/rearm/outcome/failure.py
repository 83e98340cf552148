"""What became of a CAR-T infusion: the answer, made of codes, of which
`rearm.outcome.failure_words` makes the sentences.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from rearm.outcome import failure_words
from rearm.outcome.best_response import NO_RESPONSE_KNOWN, BestResponse
from rearm.outcome.comparison import Comparison, compared
from rearm.outcome.infusion_case import InfusionCase
from rearm.outcome.pattern import RelapsePattern
from rearm.record import UNKNOWN_WHEN, Source, When
from rearm.response.course import ResponseCourse
from rearm.response.signals import Signal
from rearm.response.visits import CourseFlag

__all__ = [
    "Failure",
    "FailureCertainty",
    "FailureKind",
    "FailureReason",
    "FailureStatus",
    "FailureTiming",
    "JudgedReason",
]

FailureStatus = Literal[
    "failed", "suspected", "not_failed", "died_without_progression", "cannot_be_judged"
]
FailureCertainty = Literal["confirmed", "recorded_by_team", "unconfirmed", "provisional", "signal"]
FailureKind = Literal[
    "primary_refractory",
    "progression_after_response",
    "progression_from_cr",
    "death_of_myeloma",
    "new_therapy_without_pd",
]
FailureTiming = Literal["early", "intermediate", "late"]
JudgedReason = Literal[
    "progression",
    "team_progression",
    "death_of_myeloma",
    "new_therapy",
    "no_response",
    "suspicion",
    "death",
    "open_signals",
    "unread_results",
    "not_evaluable",
    "no_progression",
    "vague_days",
    "vague_results",
]
FailureReason = JudgedReason | Literal["infusion_undated", "perhaps_not_infused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What became of one infusion. Days are on the patient's axis, `timing` counts from the
    infusion.

    `day`: of failure, or of the suspicion; None where there is neither and where it is not exactly
    known: `when` has the days that it may have been. `kind`, `timing`, `pattern` of one hold if it
    is progression; `kind` and `timing` are None where they are not known. `responded`: whether
    there was a partial response or better before it (ever, where there is no failure); None where
    nobody looked or could judge. `because`: what decided; `reason` says it in a sentence.
    `best`: the best response by results and by the team. `computed_day` and `team_day` are kept
    side by side, `difference` says where they part and the likely reason. `followed_to_day`: last
    contact or later data; `last_assessed_day`: last day on which the disease could be judged.
    `case` is what was read; None where the infusion has no day. `readings`: where results are known
    by month or order only, what the failure is with each on its first and on its last possible day.
    `computed`: what the record tells, where the team states it otherwise.
    """

    infusion_day: int | None
    product: str | None
    targets: tuple[str, ...]
    number: int  # from 1, in the order of time
    status: FailureStatus
    because: FailureReason
    certainty: FailureCertainty | None = None
    day: int | None = None
    when: When = UNKNOWN_WHEN
    kind: FailureKind | None = None
    timing: FailureTiming | None = None
    responded: bool | None = None
    pattern: tuple[RelapsePattern, ...] = ()
    signals: tuple[Signal, ...] = ()
    followed_to_day: int | None = None
    last_assessed_day: int | None = None
    basis: tuple[Source, ...] = ()
    best: BestResponse = NO_RESPONSE_KNOWN
    computed_day: int | None = None
    team_day: int | None = None
    flags: tuple[CourseFlag, ...] = ()
    course: ResponseCourse | None = None
    case: InfusionCase | None = field(default=None, repr=False, compare=False)
    readings: tuple[Failure, ...] = field(default=(), repr=False, compare=False)
    computed: Failure | None = field(default=None, repr=False, compare=False)

    @property
    def best_response(self) -> str | None:
        """The one that is used; None where none is known or confirmed."""
        return self.best.response

    @property
    def best_response_by(self) -> Literal["computed", "team"] | None:
        return self.best.by

    @property
    def best_response_text(self) -> str | None:
        """The response with what is missing to it, and the team's beside it; None where there is
        neither.
        """
        return failure_words.response_words(self.best)

    @property
    def reason(self) -> str:
        """Why this status was given, as sentences."""
        if self.computed is not None:
            return f"The team states it. Computed: {self.computed.reason}"
        return failure_words.failure_reason(self)

    @property
    def comparison(self) -> Comparison | None:
        """How the team's progression stands to the computed one; None where they agree."""
        return compared(self.case) if self.case is not None else None

    @property
    def difference(self) -> str | None:
        """The same in words."""
        return failure_words.difference_words(self.case) if self.case is not None else None
