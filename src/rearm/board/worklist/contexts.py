"""What the worklist holds."""

from __future__ import annotations

from typing import ClassVar

from rearm.board.child.reading import Summary
from rearm.board.web.contexts import Context, Part

__all__ = ["Worklist", "WorklistGroup", "WorklistRow"]


class WorklistRow(Summary, frozen=True, kw_only=True):
    """One patient, with the summary of the newest answer. `new_answer`: data came after the
    decision.
    """

    case: str
    patient: str
    invented: bool
    meeting_day: str
    decided: str
    new_answer: bool


class WorklistGroup(Part, frozen=True, kw_only=True):
    """The patients of one state, those with the next meeting first."""

    state: str
    title: str
    rows: tuple[WorklistRow, ...]


class Worklist(Context, frozen=True, kw_only=True):
    """All patients of a tenant by their state."""

    template: ClassVar[str] = "worklist"
    window: ClassVar[str] = "Worklist"

    groups: tuple[WorklistGroup, ...]
    patients: int
