"""What the check of the knowledge asks of actions: that each can be due, and can not be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rearm.errors import meant
from rearm.knowledge.bundle import Knowledge
from rearm.knowledge.rulesets import ActionRule, Row
from rearm.rules import ConditionRefused, parse_condition, truth

__all__ = ["action_problems"]

Misfits = Callable[[Mapping[str, Any]], Iterator[str]]


def action_problems(knowledge: Knowledge, misfits: Misfits) -> Iterator[tuple[str, str]]:
    """Each problem as (where, what). `misfits` tells what of an example is no finding."""
    for action in knowledge.actions.values():
        where = f"action {action.id}"
        yield from ((where, text) for text in _words(action))
        yield from ((where, text) for text in _names(knowledge, action))
        yield from ((where, text) for text in _examples(knowledge, action, misfits))


def _words(action: ActionRule) -> Iterator[str]:
    said = (action.text, action.open_text, *(w.text for w in action.wordings))
    if any(not text.strip() or text.rstrip().endswith(".") for text in said if text is not None):
        yield "a text is empty or ends in a full stop. Write one clause, in the imperative."
    if not action.because.strip() or not action.until.strip():
        yield "lacks because or until. Write both."
    if action.open_when is not None and action.open_text is None:
        yield "has open_when but no open_text. Write what to do if it is open."


def _names(knowledge: Knowledge, action: ActionRule) -> Iterator[str]:
    for name in (*action.finds_out, *action.shows):
        if name not in knowledge.catalogue:
            yield f"there is no finding named {name}.{meant(name, knowledge.catalogue)}"
    for name in action.before:
        if name not in knowledge.actions or name == action.id:
            yield f"before: there is no other action {name}.{meant(name, knowledge.actions)}"


def _examples(knowledge: Knowledge, action: ActionRule, misfits: Misfits) -> Iterator[str]:
    for name, row, expected in (
        ("example_true", action.example_true, True),
        ("example_false", action.example_false, False),
    ):
        if row is None:
            yield f"has no {name}. Write a row of findings for which it is {_IS[expected]}."
            continue
        wrong = list(misfits(row))
        yield from (f"{name}: {text}" for text in wrong)
        try:
            due = None if wrong else _due(knowledge, action, row)
        except ConditionRefused:
            continue  # told among the conditions
        if not wrong and due is not expected:
            yield f"{name} leaves it {_IS[due]}; it must be {_IS[expected]}."


_IS = {True: "due", False: "not due", None: "unknown"}


def _due(knowledge: Knowledge, action: ActionRule, row: Row) -> bool | None:
    """Whether a row of findings makes it due; None where `when` is not known."""

    def answer(text: str) -> bool | None:
        return truth(parse_condition(text, knowledge.catalogue), row)

    if action.unless is not None and answer(action.unless):
        return False
    if action.finds_out and all(name in row for name in action.finds_out):
        return False
    return answer(action.when)
