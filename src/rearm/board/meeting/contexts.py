"""What the pages of a meeting hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from rearm.assessment import Assessment
from rearm.board.decision.contexts import ChoiceGroup, DecisionShown
from rearm.board.decision.decisions import Given
from rearm.board.web.contexts import Context, Part
from rearm.report.sheet.contents import sheet_contents

__all__ = [
    "MeetingDay",
    "MeetingPage",
    "MeetingPatient",
    "MeetingPatientPage",
    "Meetings",
    "Minute",
    "Minutes",
]


class MeetingPatient(Part, frozen=True, kw_only=True):
    """A patient of a meeting. `decided`: what was decided, empty where nothing was yet."""

    case: str
    patient: str
    invented: bool
    state: str
    relapse: str
    first: str
    decided: str


class MeetingDay(Part, frozen=True, kw_only=True):
    """A day with its patients. `passed`: it is over."""

    day: str
    passed: bool
    patients: tuple[MeetingPatient, ...]


class Meetings(Context, frozen=True, kw_only=True):
    """Every day that has patients: the next first, then those that are over, the last first."""

    template: ClassVar[str] = "meetings"
    window: ClassVar[str] = "Meetings"

    days: tuple[MeetingDay, ...]


class MeetingPage(Context, frozen=True, kw_only=True):
    """One meeting. `version` is that of what was noted of it, 0 before anything was."""

    template: ClassVar[str] = "meeting"
    window: ClassVar[str] = "Meeting"

    day: str
    participants: str
    version: int
    patients: tuple[MeetingPatient, ...]
    typed: str | None = None
    refusal: str = ""


class MeetingPatientPage(Context, frozen=True, kw_only=True):
    """One patient of a meeting: the sheet shortened, and the form of the decision. `place` counts
    from 1; `previous` and `following` are cases, empty at the ends; `head`: that of the audit.
    """

    template: ClassVar[str] = "meeting_patient"
    window: ClassVar[str] = "Meeting: patient"

    day: str
    place: int
    patients: int
    previous: str
    following: str
    case: str
    patient: str
    invented: bool
    version: int
    answer: int
    groups: tuple[ChoiceGroup, ...]
    highest: str
    typed: Given
    participants: str
    decided: DecisionShown | None
    changed: bool
    wanting: tuple[str, ...]
    head: str
    result: Assessment

    def for_template(self) -> Mapping[str, Any]:
        return {"sheet": sheet_contents(self.result), "a": self.result, "linked": False}


class Minute(Part, frozen=True, kw_only=True):
    """What a meeting decided for one patient; `decision` is null where nothing was recorded."""

    case: str
    patient: str
    relapse: str
    decision: DecisionShown | None


class Minutes(Context, frozen=True, kw_only=True):
    """The minutes of a meeting. `head`: the head of the audit when they were made."""

    template: ClassVar[str] = "minutes"
    window: ClassVar[str] = "Minutes of the meeting"

    day: str
    participants: str
    minutes: tuple[Minute, ...]
    head: str
