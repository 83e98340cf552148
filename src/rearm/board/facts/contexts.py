"""A fact that can be stated or assumed, as a form shows it."""

from __future__ import annotations

from typing import Literal

from rearm.assessment.result import FactKind
from rearm.assessment.result.moves import Move
from rearm.board.web.contexts import Part
from rearm.report.assessment.move_words import MoveGroup
from rearm.report.assessment.overruled_words import OverruledLine

__all__ = ["Fact", "FactChoice", "FactGroup", "FactTyped", "FormKind", "Moved"]

FormKind = Literal["one", "several", "number", "day"]
"""One of a few choices, several that are left, a number or bounds of it, a day of the axis."""


class FactChoice(Part, frozen=True, kw_only=True):
    """One of the values that a fact can have."""

    code: str
    words: str


class FactTyped(Part, frozen=True, kw_only=True):
    """What was typed for a fact. `value`: the choice, the number or the day; `low` and `high`: the
    bounds of a number; `several`: the words that are left; `unknown`: it is not known.
    """

    value: str = ""
    unknown: bool = False
    low: str = ""
    high: str = ""
    several: tuple[str, ...] = ()


class Fact(Part, frozen=True, kw_only=True):
    """A fact. `id` names it in addresses and forms; `now`: what the answer says of it, and whether
    that is `known`; `can_be_unknown`: it may be stated that it is not known;
    `per_unit`: how many of its units one is (a share of 1 is shown as 100 %).
    """

    id: str
    kind: FactKind
    what: str
    name: str
    form: FormKind
    now: str
    known: bool
    choices: tuple[FactChoice, ...] = ()
    unit: str = ""
    per_unit: float = 1.0
    meaning: str = ""
    can_be_unknown: bool = False
    typed: FactTyped = FactTyped()


class FactGroup(Part, frozen=True, kw_only=True):
    """Facts of one kind."""

    title: str
    facts: tuple[Fact, ...]


class Moved(Part, frozen=True, kw_only=True):
    """What would move. `assumed`: what was taken, beside what the record tells; `moves` in codes,
    `groups` in words; `state` and `first` now, and as they would be. `other_version`: the answer
    was made by another version than the one that compares.
    """

    assumed: tuple[OverruledLine, ...]
    moves: tuple[Move, ...]
    groups: tuple[MoveGroup, ...]
    state: tuple[str, str]
    first: tuple[str, str]
    other_version: bool = False
