"""What the history of an answer holds."""

from __future__ import annotations

from typing import ClassVar, Literal

from rearm.board.web.contexts import Context, Part

__all__ = [
    "AnswerStep",
    "CellChange",
    "ChangeGroup",
    "ChangeShown",
    "HistoryPage",
    "RowChange",
    "Share",
]


class CellChange(Part, frozen=True, kw_only=True):
    """A cell of a row; `differs`: it is another than before."""

    column: str
    before: str
    after: str
    differs: bool


class RowChange(Part, frozen=True, kw_only=True):
    """A row of a tidy table, with the place where it stands (where it stood, if removed)."""

    table: str
    change: Literal["added", "removed", "changed"]
    place: str
    cells: tuple[CellChange, ...]


class ChangeShown(Part, frozen=True, kw_only=True):
    """One thing of the answer that is otherwise; empty where it is not in that version."""

    what: str
    name: str
    before: str
    after: str


class ChangeGroup(Part, frozen=True, kw_only=True):
    """What changed of one kind. `folded`: few will look at it."""

    kind: str
    title: str
    folded: bool
    changes: tuple[ChangeShown, ...]


class Share(Part, frozen=True, kw_only=True):
    """What one cause alone changed of the answer."""

    cause: Literal["data", "other"]
    title: str
    groups: tuple[ChangeGroup, ...]


class AnswerStep(Part, frozen=True, kw_only=True):
    """One version of the answer, with why it was made."""

    number: int
    at: str
    file: str
    software: str
    knowledge: str
    cause: str
    decided: bool


class HistoryPage(Context, frozen=True, kw_only=True):
    """What changed from one version of the answer to another, and why; both are 0 where there is
    one version only. `since_decision`: the earlier one is that of the last decision. `shares`: what
    the data and what the rest changed, where both did and it could be told. `outdated`: why the
    newest answer should be made anew; empty where it is that of today.
    """

    template: ClassVar[str] = "history"
    window: ClassVar[str] = "History"

    case: str
    patient: str
    version: int
    steps: tuple[AnswerStep, ...]
    before: int
    after: int
    since_decision: bool
    reasons: tuple[str, ...]
    rows: tuple[RowChange, ...]
    groups: tuple[ChangeGroup, ...]
    shares: tuple[Share, ...]
    outdated: tuple[str, ...]
    refusal: str = ""
