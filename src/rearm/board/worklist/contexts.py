"""What the worklist holds."""

from __future__ import annotations

from typing import ClassVar

from rearm.board.child.reading import Summary
from rearm.board.patient.contexts import Readiness
from rearm.board.web.contexts import Context, Part

__all__ = [
    "Worklist",
    "WorklistGroup",
    "WorklistRow",
    "WorklistView",
]


class WorklistRow(Summary, frozen=True, kw_only=True):
    """One patient, with the summary of the newest answer. `new_answer`: data came after the
    decision. `older_knowledge`: the answer is of another knowledge or software than today's;
    `older_list`: it was made before the centre's list changed.
    `passed`: the day of the meeting is over.
    """

    case: str
    patient: str
    invented: bool
    meeting_day: str
    passed: bool
    decided: str
    new_answer: bool
    older_knowledge: bool
    older_list: bool
    ready: Readiness


class WorklistGroup(Part, frozen=True, kw_only=True):
    """The patients of one state, those with the next meeting first."""

    state: str
    title: str
    rows: tuple[WorklistRow, ...]


class WorklistView(Part, frozen=True, kw_only=True):
    """A selection of the worklist that has an address, with the number of its patients."""

    name: str
    title: str
    patients: int


class Worklist(Context, frozen=True, kw_only=True):
    """The patients of a view by their state; `all_patients` counts those of the tenant. `searched`:
    the text that was searched for, which stands in no address; `typed`: one that can't be searched
    for, and `refusal` why. `older`: answers that are not those
    of today's knowledge and centre's list.
    """

    template: ClassVar[str] = "worklist"
    window: ClassVar[str] = "Worklist"

    groups: tuple[WorklistGroup, ...]
    patients: int
    all_patients: int
    view: str
    views: tuple[WorklistView, ...]
    searched: str = ""
    typed: str = ""
    refusal: str = ""
    older: int = 0
