"""What made the result, and what was wrong in the input."""

from __future__ import annotations

from typing import Literal

from rearm.assessment.result.parts import BriefPart, Part

__all__ = ["InputIssue", "IssueSummary", "Versions"]


class Versions(Part, frozen=True, kw_only=True):
    """What made the result. `knowledge_hash` tells one state of the knowledge from another."""

    software: str
    knowledge: str
    criteria: str
    knowledge_hash: str


class InputIssue(Part, frozen=True, kw_only=True):
    """Something wrong in the input and what was done about it."""

    severity: Literal["note", "warning", "error"]
    code: str
    source: str
    message: str
    done: Literal["used", "set_aside", "refused"]


class IssueSummary(BriefPart, frozen=True, kw_only=True):
    """Numbers of issues by severity, and of the results that could not be used: `undated` of them
    for want of a day that could be read.
    """

    error: int
    warning: int
    note: int
    results_set_aside: int = 0
    undated: int = 0
