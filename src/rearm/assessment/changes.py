"""What differs between two answers for one patient: codes, with the names that the results give."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from rearm.assessment.result import Assessment

__all__ = ["AnswerChange", "ChangeKind", "answer_changes"]

ChangeKind = Literal[
    "state", "first_choice", "alert", "relapse", "failure", "cause", "strategy", "action", "test",
    "option",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerChange:
    """One thing that is otherwise: `what` is its id, `name` its words. `before` and `after` are
    codes or names; empty where it is not in that answer.
    """

    kind: ChangeKind
    what: str
    name: str
    before: str
    after: str


_Told = Mapping[str, tuple[str, str]]  # by id: the name and what holds


def answer_changes(before: Assessment, after: Assessment) -> tuple[AnswerChange, ...]:
    """What a board would ask about first stands first; empty where both say the same."""
    return tuple(change for kind, told in _TOLD for change in _of(kind, told(before), told(after)))


def _of(kind: ChangeKind, before: _Told, after: _Told) -> Iterator[AnswerChange]:
    for what in dict.fromkeys((*before, *after)):
        name, old = before.get(what, ("", ""))
        name, new = after.get(what, (name, ""))
        if old != new:
            yield AnswerChange(kind=kind, what=what, name=name, before=old, after=new)


def _state(a: Assessment) -> _Told:
    return {"state": ("state of the answer", a.answer.state)}


def _first_choice(a: Assessment) -> _Told:
    first = [
        a.titles.strategies[x.strategy]
        for tier in a.answer.tiers
        if tier.tier == "first"
        for x in tier.strategies
    ]
    return {"first_choice": ("first choice", ", ".join(sorted(first)))}


def _alerts(a: Assessment) -> _Told:
    return {x.id: (x.text, x.status) for x in a.alerts}


def _relapse(a: Assessment) -> _Told:
    found = a.relapse
    if found is None:
        return {}
    day = "" if found.day.low is None else f", day {found.day.low}"
    return {
        "relapse": ("relapse to decide on", f"after {found.after}{day}: {found.status}"),
        "tempo": ("tempo of the relapse", found.tempo or ""),
        "pattern": ("pattern of the relapse", ", ".join(sorted(found.pattern))),
    }


def _failures(a: Assessment) -> _Told:
    told: dict[str, tuple[str, str]] = {}
    for number, x in enumerate(a.failures, 1):
        name = x.product or f"infusion {number}"
        told[f"{number}/status"] = (name, x.status)
        told[f"{number}/response"] = (f"best response to {name}", x.best_response or "")
    return told


def _causes(a: Assessment) -> _Told:
    return {x.id: (x.name, x.grade) for group in a.causes.groups for x in group.factors}


def _strategies(a: Assessment) -> _Told:
    return {
        x.strategy: (a.titles.strategies[x.strategy], tier.tier)
        for tier in a.answer.tiers
        for x in tier.strategies
    }


def _actions(a: Assessment) -> _Told:
    return {x.id: (x.text, x.status) for x in a.actions}


def _tests(a: Assessment) -> _Told:
    return {"+".join(x.ids): (x.name, "asked_for") for x in a.next_tests}


def _options(a: Assessment) -> _Told:
    return {x.id: (x.name, x.verdict) for x in a.options if x.verdict is not None}


_TOLD: tuple[tuple[ChangeKind, Callable[[Assessment], _Told]], ...] = (
    ("state", _state),
    ("first_choice", _first_choice),
    ("alert", _alerts),
    ("relapse", _relapse),
    ("failure", _failures),
    ("cause", _causes),
    ("strategy", _strategies),
    ("action", _actions),
    ("test", _tests),
    ("option", _options),
)
