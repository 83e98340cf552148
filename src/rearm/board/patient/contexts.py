"""What the page of a patient holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from rearm.assessment import Assessment
from rearm.board.decision.contexts import DecisionShown
from rearm.board.web.contexts import Context, Part
from rearm.report.sheet.contents import sheet_contents

__all__ = [
    "AnswerVersion",
    "OldResult",
    "OpeningShown",
    "PatientPage",
    "PlaceTyped",
    "Readiness",
    "ReckonedAt",
]


ReckonedAt = Literal["meeting", "today", "last_entry"]


class OldResult(Part, frozen=True, kw_only=True):
    """Tests whose newest results are of one day and too old: `age` in days, of at most `max_age`.
    `date` is empty where the record has none on the calendar.
    """

    tests: tuple[str, ...]
    date: str
    age: int
    max_age: int


class Readiness(Part, frozen=True, kw_only=True):
    """What a board needs and does not have: `lacking` was never done, `undated` has results without
    a day, `old` is too old on the day `reckoned`.
    """

    lacking: tuple[str, ...] = ()
    undated: tuple[str, ...] = ()
    old: tuple[OldResult, ...] = ()
    reckoned: ReckonedAt = "last_entry"

    @property
    def wanting(self) -> bool:
        """Whether anything is missing or too old."""
        return bool(self.lacking or self.undated or self.old)


class AnswerVersion(Part, frozen=True, kw_only=True):
    """One stored answer, with what made it. `file`: the upload that brought it, or what else made
    it; `overruled`: how many facts the team overruled in it.
    """

    number: int
    at: str
    file: str
    software: str
    knowledge: str
    overruled: int = 0


class OpeningShown(Part, frozen=True, kw_only=True):
    """Somebody of another centre opened the patient by break-glass."""

    who: str
    at: str
    until: str
    reason: str


class PlaceTyped(Part, frozen=True, kw_only=True):
    """The place on the worklist as it stands in the form."""

    state: str
    meeting_day: str


class PatientPage(Context, frozen=True, kw_only=True):
    """The newest answer of a patient, and everything that was kept. `version`: what a form must
    send so that nobody's change is lost. `at`: when the page was made, and `head`: the head of the
    audit then. `new_answer`: the answer is newer than the decision, `new_data`: because data came.
    `not_applied`: the answer was made without facts that the team states over the computed ones.
    `ready`: what the board needs and does not have, while the patient waits for a decision.
    `typed`: the place as the form shows it, which is another one after a refusal.
    """

    template: ClassVar[str] = "patient"
    window: ClassVar[str] = "Patient"

    case: str
    patient: str
    invented: bool
    state: str
    meeting_day: str
    version: int
    typed: PlaceTyped
    ready: Readiness
    answers: tuple[AnswerVersion, ...]
    decisions: tuple[DecisionShown, ...]
    new_answer: bool
    at: str
    new_data: bool
    not_applied: bool
    head: str
    result: Assessment
    openings: tuple[OpeningShown, ...] = ()
    refusal: str = ""

    def for_template(self) -> Mapping[str, Any]:
        return {"sheet": sheet_contents(self.result), "a": self.result, "linked": False}
