"""The tree of a condition: what sqlglot read, reduced to the allowed part, as plain data that can
be kept in a JSON cache.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias

__all__ = [
    "Among",
    "And",
    "Arithmetic",
    "BooleanFinding",
    "Compare",
    "Leaf",
    "LiteralNumber",
    "Node",
    "Not",
    "NumberFinding",
    "Numeric",
    "Operator",
    "Or",
    "RuleCondition",
    "condition_from_json",
    "implies",
    "text_of",
]

Operator = Literal["=", "<", "<=", ">", ">="]  # a <> b is NOT (a = b)


@dataclass(frozen=True, slots=True)
class BooleanFinding:
    """A finding of type bool, standing bare."""

    name: str


@dataclass(frozen=True, slots=True)
class Among:
    """A word finding that is one of `values`."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LiteralNumber:
    value: float


@dataclass(frozen=True, slots=True)
class NumberFinding:
    name: str


@dataclass(frozen=True, slots=True)
class Arithmetic:
    operator: Literal["+", "-", "*"]
    left: Numeric
    right: Numeric


@dataclass(frozen=True, slots=True)
class Compare:
    operator: Operator
    left: Numeric
    right: Numeric


@dataclass(frozen=True, slots=True)
class Not:
    part: Node


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Node, ...]


Numeric: TypeAlias = LiteralNumber | NumberFinding | Arithmetic
Leaf: TypeAlias = BooleanFinding | Among | Compare
Node: TypeAlias = Leaf | Not | And | Or


@dataclass(frozen=True)
class RuleCondition:
    """A condition as written, and as it was understood."""

    text: str
    node: Node

    @cached_property
    def reads(self) -> tuple[str, ...]:
        """The findings it reads, in the order of their first mention."""
        return tuple(dict.fromkeys(_names(self.node)))

    @cached_property
    def limits(self) -> tuple[tuple[str, float], ...]:
        """Each number that a finding is compared with: pairs of finding and number. Arithmetic on
        findings gives none.
        """
        return tuple(_limits(self.node))

    @property
    def node_text(self) -> str:
        """The condition written anew from what was understood."""
        return text_of(self.node)

    def to_json(self) -> Any:
        """The condition as lists, for the cache."""
        return [self.text, _to_json(self.node)]


def implies(one: Node, other: Node) -> bool:
    """Whether `one` says of a word what `other` says less exactly: where it holds, so does `other`.
    Told only of a finding that is one of some words; False of all else.
    """
    match one, other:
        case Among(name, values), Among(same, more):
            return name == same and set(values) < set(more)
        case Among(), Or(parts):
            return any(implies(one, part) for part in parts)
    return False


def text_of(node: Node | Numeric) -> str:
    match node:
        case BooleanFinding(name) | NumberFinding(name):
            return name
        case LiteralNumber(value):
            return f"{value:.12g}"
        case Among(name, values):
            quoted = [f"'{v}'" for v in values]
            return (
                f"{name} = {quoted[0]}" if len(quoted) == 1 else f"{name} IN ({', '.join(quoted)})"
            )
        case Not(Among(name, values)):
            quoted = [f"'{v}'" for v in values]
            return (
                f"{name} <> {quoted[0]}"
                if len(quoted) == 1
                else f"{name} NOT IN ({', '.join(quoted)})"
            )
        case Not(Compare("=", left, right)):
            return " ".join((_bracketed(left), "<>", _bracketed(right)))
        case Compare(operator, left, right) | Arithmetic(operator, left, right):
            return " ".join((_bracketed(left), operator, _bracketed(right)))
        case Not(part):
            return f"NOT {_bracketed(part)}"
        case And(parts):
            return " AND ".join(map(_bracketed, parts))
        case Or(parts):
            return " OR ".join(map(_bracketed, parts))


def _bracketed(node: Node | Numeric) -> str:
    return f"({text_of(node)})" if isinstance(node, And | Or | Arithmetic) else text_of(node)


def _names(node: Node | Numeric) -> Iterator[str]:
    match node:
        case BooleanFinding(name) | Among(name, _) | NumberFinding(name):
            yield name
        case LiteralNumber():
            return
        case Compare(_, left, right) | Arithmetic(_, left, right):
            yield from _names(left)
            yield from _names(right)
        case Not(part):
            yield from _names(part)
        case And(parts) | Or(parts):
            for part in parts:
                yield from _names(part)


def _limits(node: Node) -> Iterator[tuple[str, float]]:
    match node:
        case Compare(_, NumberFinding(name), LiteralNumber(value)) | Compare(
            _, LiteralNumber(value), NumberFinding(name)
        ):
            yield name, value
        case Not(part):
            yield from _limits(part)
        case And(parts) | Or(parts):
            for part in parts:
                yield from _limits(part)


def _to_json(node: Node | Numeric) -> Any:
    match node:
        case BooleanFinding(name):
            return ["flag", name]
        case NumberFinding(name):
            return ["column", name]
        case LiteralNumber(value):
            return ["number", value]
        case Among(name, values):
            return ["among", name, list(values)]
        case Compare(operator, left, right) | Arithmetic(operator, left, right):
            return [operator, _to_json(left), _to_json(right)]
        case Not(part):
            return ["not", _to_json(part)]
        case And(parts):
            return ["and", *map(_to_json, parts)]
        case Or(parts):
            return ["or", *map(_to_json, parts)]


def condition_from_json(row: Any) -> RuleCondition:
    """The inverse of `RuleCondition.to_json`; what it reads was checked when it was written."""
    return RuleCondition(row[0], _from_json(row[1]))


def _from_json(row: Any) -> Any:
    match row:
        case ["flag", name]:
            return BooleanFinding(name)
        case ["column", name]:
            return NumberFinding(name)
        case ["number", value]:
            return LiteralNumber(value)
        case ["among", name, values]:
            return Among(name, tuple(values))
        case ["not", part]:
            return Not(_from_json(part))
        case ["and", *parts]:
            return And(tuple(map(_from_json, parts)))
        case ["or", *parts]:
            return Or(tuple(map(_from_json, parts)))
        case [("+" | "-" | "*") as operator, left, right]:
            return Arithmetic(operator, _from_json(left), _from_json(right))
        case [operator, left, right]:
            return Compare(operator, _from_json(left), _from_json(right))
    raise ValueError(f"{row!r} is no condition")
