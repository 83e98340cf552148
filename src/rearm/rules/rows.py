"""One condition on one row of findings: whether it holds, clause by clause, and what it lacks.

Three values throughout: true, false, unknown (None). A number that is known only within bounds
(`<0.5`) decides a comparison where the whole interval does; this happens comparison by comparison,
so that NOT and OR around it stay right.
"""

from __future__ import annotations

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

__all__ = ["Clause", "Intervals", "Row", "Value", "trace", "truth", "unknown_findings"]

Value: TypeAlias = bool | float | int | str | None
Row: TypeAlias = Mapping[str, Value]
Intervals: TypeAlias = Mapping[str, Interval]


@dataclass(frozen=True, slots=True)
class Clause:
    """One part of a condition: a comparison with the values it read, or AND, OR, NOT over `parts`.
    `truth` None is unknown.
    """

    text: str
    truth: bool | None
    values: Mapping[str, Value | Interval]
    parts: tuple[Clause, ...] = ()


def truth(condition: RuleCondition, row: Row, intervals: Intervals | None = None) -> bool | None:
    """Whether the condition holds on one row; None where that is unknown."""
    return _truth(condition.node, row, intervals or {})


def trace(condition: RuleCondition, row: Row, intervals: Intervals | None = None) -> Clause:
    """The condition on one row with every clause: what it read and whether it holds."""
    return _trace(condition.node, row, intervals or {})


def _trace(node: Node, row: Row, intervals: Intervals) -> Clause:
    parts: tuple[Node, ...] = ()
    if isinstance(node, And | Or):
        parts = node.parts
    elif isinstance(node, Not) and isinstance(
        node.part, BooleanFinding | And | Or | Not
    ):  # NOT (word = 'x') is one clause: word <> 'x'
        parts = (node.part,)
    values = (
        {} if parts else {name: intervals.get(name, row.get(name)) for name in _leaf_names(node)}
    )
    return Clause(
        text_of(node),
        _truth(node, row, intervals),
        values,
        tuple(_trace(p, row, intervals) for p in parts),
    )


def unknown_findings(
    condition: RuleCondition, row: Row, intervals: Intervals | None = None
) -> tuple[str, ...]:
    """The findings for want of which the condition is unknown; empty where it is true or false."""
    return tuple(dict.fromkeys(_lacking(condition.node, row, intervals or {})))


def _lacking(node: Node, row: Row, intervals: Intervals) -> Iterator[str]:
    if _truth(node, row, intervals) is not None:
        return
    match node:
        case Not(part):
            yield from _lacking(part, row, intervals)
        case And(parts) | Or(parts):
            for part in parts:
                yield from _lacking(part, row, intervals)
        case _:
            yield from (name for name in _leaf_names(node) if row.get(name) is None)


def _leaf_names(node: Node) -> Sequence[str]:
    return RuleCondition("", node).reads


def _truth(node: Node, row: Row, intervals: Intervals) -> bool | None:
    match node:
        case Not(part):
            inner = _truth(part, row, intervals)
            return None if inner is None else not inner
        case And(parts):
            answers = [_truth(p, row, intervals) for p in parts]
            return False if False in answers else None if None in answers else True
        case Or(parts):
            answers = [_truth(p, row, intervals) for p in parts]
            return True if True in answers else None if None in answers else False
    return _leaf_truth(node, row, intervals)


def _leaf_truth(leaf: Leaf, row: Row, intervals: Intervals) -> bool | None:
    match leaf:
        case BooleanFinding(name):
            return None if row.get(name) is None else bool(row[name])
        case Among(name, values):
            return None if row.get(name) is None else row[name] in values
        case Compare(operator, left, right):
            first, second = _number(left, row, intervals), _number(right, row, intervals)
            if first is None or second is None:
                return None
            certain, excluded = certain_and_excluded(operator, first, second)
            if certain:
                return True
            return None if excluded is False else False


def _number(node: Numeric, row: Row, intervals: Intervals) -> Interval | None:
    match node:
        case LiteralNumber(value):
            return Interval.of(value)
        case NumberFinding(name):
            known = row.get(name)
            return Interval.of(known) if isinstance(known, int | float) else intervals.get(name)
        case Arithmetic(operator, left, right):
            first, second = _number(left, row, intervals), _number(right, row, intervals)
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
