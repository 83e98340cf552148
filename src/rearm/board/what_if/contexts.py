"""What the page of a hypothetical answer holds."""

from __future__ import annotations

from typing import ClassVar

from rearm.assessment.result.moves import Move
from rearm.board.facts.contexts import Fact, FactGroup
from rearm.board.web.contexts import Context
from rearm.report.assessment.move_words import MoveGroup
from rearm.report.assessment.overruled_words import OverruledLine

__all__ = ["WhatIf"]


class WhatIf(Context, frozen=True, kw_only=True):
    """Facts that are assumed, and what would move. Nothing of it is kept.

    `answer`: the version of the answer that is compared with. `chosen`: the facts with what was
    typed; `told_by_tests`: those that are not known and that a test would tell; `others`: all that
    can be assumed. `assumed`: what was taken, beside what the record tells; empty as long as
    nothing was. `moves` in codes, `groups` in words; `state` and `first` now, and as they would be.
    `other_version`: the answer was made by another version than the one that compares.
    """

    template: ClassVar[str] = "what_if"
    window: ClassVar[str] = "Hypothetical: what if"

    case: str
    patient: str
    answer: int
    hypothetical: bool = True
    chosen: tuple[Fact, ...]
    told_by_tests: tuple[Fact, ...]
    others: tuple[FactGroup, ...]
    assumed: tuple[OverruledLine, ...] = ()
    moves: tuple[Move, ...] = ()
    groups: tuple[MoveGroup, ...] = ()
    state: tuple[str, str] = ("", "")
    first: tuple[str, str] = ("", "")
    other_version: bool = False
    refusal: str = ""
