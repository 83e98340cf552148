"""What the page of a patient holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from rearm.assessment import Assessment
from rearm.board.decision.contexts import DecisionShown
from rearm.board.web.contexts import Context, Part
from rearm.report.sheet.contents import sheet_contents

__all__ = ["AnswerVersion", "OpeningShown", "PatientPage"]


class AnswerVersion(Part, frozen=True, kw_only=True):
    """One stored answer, with what made it. `file`: the upload that it rests on; `overruled`: how
    many facts the team overruled in it.
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


class PatientPage(Context, frozen=True, kw_only=True):
    """The newest answer of a patient, and everything that was kept. `version`: what a form must
    send so that nobody's change is lost. `at`: when the page was made, and `head`: the head of the
    audit then. `new_answer`: the answer is newer than the decision, `new_data`: because data came.
    `not_applied`: the answer was made without facts that the team states over the computed ones.
    """

    template: ClassVar[str] = "patient"
    window: ClassVar[str] = "Patient"

    case: str
    patient: str
    invented: bool
    state: str
    meeting_day: str
    version: int
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
