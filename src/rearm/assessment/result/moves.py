"""What is different between two results of one patient."""

from __future__ import annotations

from typing import Literal

from rearm.assessment.result.parts import BriefPart

__all__ = ["Move", "MoveKind", "MovedBy"]

MoveKind = Literal[
    "state",
    "first",
    "strategy",
    "alert",
    "failure",
    "relapse",
    "group",
    "factor",
    "option",
    "action",
    "test",
]


class MovedBy(BriefPart, frozen=True, kw_only=True):
    """A reason: its text, which speaks as if its condition were true; whether it is (None: not
    known); the findings that it reads.
    """

    text: str
    truth: bool | None = None
    findings: tuple[str, ...] = ()


class Move(BriefPart, frozen=True, kw_only=True):
    """One thing that is different. `what`: its id, empty where there is one of its kind. `before`
    and `after` are codes (a tier, a verdict, a grade; ids of strategies, of the first choice), None
    where it is not there. `come`: reasons that hold after and did not before; `gone`: those that
    held before and no longer do.
    """

    kind: MoveKind
    what: str = ""
    before: str | None = None
    after: str | None = None
    come: tuple[MovedBy, ...] = ()
    gone: tuple[MovedBy, ...] = ()
