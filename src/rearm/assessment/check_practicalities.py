"""What the check of the knowledge asks of practicalities and of the rules of the next review: that
each can be told of somebody, and is told in few words.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import get_args

from rearm.assessment.result import AnswerState
from rearm.errors import meant
from rearm.knowledge.bundle import Knowledge
from rearm.knowledge.practicalities import IN_A_CELL, Practicality
from rearm.knowledge.reviews import ReviewRule

__all__ = ["practice_problems", "review_problems"]

_BRIEF = 60  # characters that a cell of the sheet has room for
_NEVER_REVIEWED = ("died", "cannot_judge")  # states in which there is no date to set


def practice_problems(knowledge: Knowledge) -> Iterator[tuple[str, str]]:
    """Each problem as (where, what)."""
    there = {
        "options": set(knowledge.options),
        "agents": {agent for option in knowledge.options.values() for agent in option.agents},
        "tags": {tag for option in knowledge.options.values() for tag in option.tags},
    }
    choices: dict[str, list[Practicality]] = {}
    for row in knowledge.practicalities.values():
        if row.choice is not None:
            choices.setdefault(row.choice, []).append(row)
    for row in knowledge.practicalities.values():
        where = f"practice {row.id}"
        yield from ((where, text) for text in _subject(knowledge, row, there))
        yield from ((where, text) for text in _conditions(row, choices))
        yield from ((where, text) for text in _words(row))


def _subject(knowledge: Knowledge, row: Practicality, there: dict[str, set[str]]) -> Iterator[str]:
    for key, known in there.items():
        for name in getattr(row, key):
            if name not in known:
                yield f"{key}: no option has {name}.{meant(name, known)}"
    nearest = [row.nearness(option) for option in knowledge.options.values()]
    if all(near is None for near in nearest):
        yield "speaks of no option. Name options, agents or tags, in the row or at the top."
    elif row.instead and not {0, 1} & set(nearest):
        yield "stands instead of what is wider, and is of a class itself. Leave instead out."
    for region in row.regions:
        if not re.fullmatch(r"[A-Z]{2}", region):
            yield f"{region} is no region. Write two capital letters, such as US or EU."


def _conditions(row: Practicality, choices: Mapping[str, Sequence[Practicality]]) -> Iterator[str]:
    if row.cautious and row.when is None:
        yield "is cautious without a condition. Write when, or leave cautious out."
    if row.choice is None:
        return
    rows = choices[row.choice]
    if rows[-1] is not row:
        return  # told once
    if sum(x.when is None for x in rows) != 1 or len(rows) == 1:
        yield f"choice {row.choice}: exactly one of several rows has no when. Write it so."
    if len({(x.field, x.options, x.agents, x.tags, x.regions) for x in rows}) > 1:
        yield f"choice {row.choice}: its rows are not of one field, subject and region."


def _words(row: Practicality) -> Iterator[str]:
    if not row.text.endswith("."):
        yield "the text is no sentence. End it with a full stop."
    if row.brief is not None:
        if row.field not in IN_A_CELL:
            yield f"has a brief, which no cell shows for {row.field}. Leave it out."
        if len(row.brief) > _BRIEF or row.brief.endswith("."):
            yield f"the brief is longer than {_BRIEF} characters or ends in a full stop."
    if row.task is not None and row.task.endswith("."):
        yield "the task ends in a full stop. Write what is to be done, without one."


def review_problems(knowledge: Knowledge) -> Iterator[tuple[str, str]]:
    """Each problem as (where, what)."""
    states = get_args(AnswerState)
    options = knowledge.options.values()
    there = {
        "strategies": {option.strategy for option in options},
        "tags": {tag for option in options for tag in option.tags},
    }
    ended: set[str] = set()
    for rule in knowledge.reviews.values():
        where = f"review {rule.id}"
        yield from ((where, text) for text in _reach(rule, states, there))
        if late := [state for state in rule.states if state in ended]:
            text = f"comes after a rule for everybody in the state {', '.join(late)}. Move it up."
            yield where, text
        if rule.for_everybody:
            ended |= set(rule.states)
    if knowledge.reviews:
        for state in states:
            if state not in ended and state not in _NEVER_REVIEWED:
                yield "reviews.toml", f"has no rule for everybody in the state {state}. Add one."


def _reach(rule: ReviewRule, states: Collection[str], there: dict[str, set[str]]) -> Iterator[str]:
    for state in rule.states:
        if state not in states:
            yield f"there is no state {state}.{meant(state, states)}"
    for key, known in there.items():
        for name in getattr(rule, key):
            if name not in known:
                yield f"{key}: no option has {name}.{meant(name, known)}"
    if not 0 <= rule.days_low <= rule.days_high:
        yield "days_low and days_high are days that rise from 0."
    if not rule.changes.endswith(".") or rule.who.endswith("."):
        yield "changes is a sentence with a full stop, who has none."
    if not rule.markers and rule.also is None:
        yield "looks at nothing. Leave markers out, or say in also what is looked at."
