"""One condition on one row of findings: whether it holds, clause by clause, and what it lacks.

Three values throughout: true, false, unknown (None). A number that is known only within bounds
(`<0.5`) decides a comparison where the whole interval does; this happens comparison by comparison,
so that NOT and OR around it stay right. Of a word several may be possible (`lost` or
`subclonal_loss`): a condition is true where it holds for each of them, false where for none.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from rearm.interval import Interval
from rearm.rules.ends import added, certain_and_excluded, negative
from rearm.rules.tree import (
    Among,
    And,
    Arithmetic,
    BooleanFinding,
    Compare,
    Leaf,
    LiteralNumber,
    Node,
    Not,
    NumberFinding,
    Numeric,
    Or,
    RuleCondition,
    text_of,
)

__all__ = ["Bound", "Bounds", "Clause", "Row", "Value", "trace", "truth", "unknown_findings"]

Value: TypeAlias = bool | float | int | str | None
Row: TypeAlias = Mapping[str, Value]
Bound: TypeAlias = Interval | tuple[str, ...]  # a number within bounds, or the words left
Bounds: TypeAlias = Mapping[str, Bound]


@dataclass(frozen=True, slots=True)
class Clause:
    """One part of a condition: a comparison with the values it read, or AND, OR, NOT over `parts`.
    `truth` None is unknown.
    """

    text: str
    truth: bool | None
    values: Mapping[str, Value | Bound]
    parts: tuple[Clause, ...] = ()


def truth(condition: RuleCondition, row: Row, bounds: Bounds | None = None) -> bool | None:
    """Whether the condition holds on one row; None where that is unknown."""
    return _truth(condition.node, row, bounds or {})


def trace(condition: RuleCondition, row: Row, bounds: Bounds | None = None) -> Clause:
    """The condition on one row with every clause: what it read and whether it holds."""
    return _trace(condition.node, row, bounds or {})


def _trace(node: Node, row: Row, bounds: Bounds) -> Clause:
    parts: tuple[Node, ...] = ()
    if isinstance(node, And | Or):
        parts = node.parts
    elif isinstance(node, Not) and isinstance(
        node.part, BooleanFinding | And | Or | Not
    ):  # NOT (word = 'x') is one clause: word <> 'x'
        parts = (node.part,)
    values = {} if parts else {name: bounds.get(name, row.get(name)) for name in _leaf_names(node)}
    return Clause(
        text_of(node),
        _truth(node, row, bounds),
        values,
        tuple(_trace(p, row, bounds) for p in parts),
    )


def unknown_findings(
    condition: RuleCondition, row: Row, bounds: Bounds | None = None
) -> tuple[str, ...]:
    """The findings for want of which the condition is unknown; empty where it is true or false."""
    return tuple(dict.fromkeys(_lacking(condition.node, row, bounds or {})))


def _lacking(node: Node, row: Row, bounds: Bounds) -> Iterator[str]:
    if _truth(node, row, bounds) is not None:
        return
    match node:
        case Not(part):
            yield from _lacking(part, row, bounds)
        case And(parts) | Or(parts):
            for part in parts:
                yield from _lacking(part, row, bounds)
        case _:
            yield from (name for name in _leaf_names(node) if row.get(name) is None)


def _leaf_names(node: Node) -> Sequence[str]:
    return RuleCondition("", node).reads


def _truth(node: Node, row: Row, bounds: Bounds) -> bool | None:
    """The answer on which all rows agree that the row may be."""
    answers = {_truth_of(node, possible, bounds) for possible in _possible_rows(node, row, bounds)}
    return answers.pop() if len(answers) == 1 else None


def _possible_rows(node: Node, row: Row, bounds: Bounds) -> Iterator[Row]:
    """The row with each of the words that are possible for the findings that `node` reads."""
    words = {
        name: bound
        for name, bound in bounds.items()
        if isinstance(bound, tuple) and row.get(name) is None and name in _leaf_names(node)
    }
    for chosen in itertools.product(*words.values()):
        yield {**row, **dict(zip(words, chosen, strict=True))} if words else row


def _truth_of(node: Node, row: Row, bounds: Bounds) -> bool | None:
    match node:
        case Not(part):
            inner = _truth_of(part, row, bounds)
            return None if inner is None else not inner
        case And(parts):
            answers = [_truth_of(p, row, bounds) for p in parts]
            return False if False in answers else None if None in answers else True
        case Or(parts):
            answers = [_truth_of(p, row, bounds) for p in parts]
            return True if True in answers else None if None in answers else False
    return _leaf_truth(node, row, bounds)


def _leaf_truth(leaf: Leaf, row: Row, bounds: Bounds) -> bool | None:
    match leaf:
        case BooleanFinding(name):
            return None if row.get(name) is None else bool(row[name])
        case Among(name, values):
            return None if row.get(name) is None else row[name] in values
        case Compare(operator, left, right):
            first, second = _number(left, row, bounds), _number(right, row, bounds)
            if first is None or second is None:
                return None
            certain, excluded = certain_and_excluded(operator, first, second)
            if certain:
                return True
            return None if excluded is False else False


def _number(node: Numeric, row: Row, bounds: Bounds) -> Interval | None:
    match node:
        case LiteralNumber(value):
            return Interval.of(value)
        case NumberFinding(name):
            known, bound = row.get(name), bounds.get(name)
            if isinstance(known, int | float):
                return Interval.of(known)
            return bound if isinstance(bound, Interval) else None
        case Arithmetic(operator, left, right):
            first, second = _number(left, row, bounds), _number(right, row, bounds)
            if first is None or second is None:
                return None
            if operator == "+":
                return added(first, second)
            return added(first, negative(second)) if operator == "-" else _product(first, second)
    raise AssertionError(node)


def _product(first: Interval, second: Interval) -> Interval | None:
    """Used only where both numbers are points: rules have no need for more, unknown is safe."""
    if first.exact is None or second.exact is None:
        return None
    return Interval.of(first.exact * second.exact)
