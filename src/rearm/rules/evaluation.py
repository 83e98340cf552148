"""Conditions on findings: all of them on a whole frame in one Polars select, or one of them on one
row with its clauses (the trace).

Three values throughout: true, false, unknown (null, None). A number that is known only as an
interval (`<0.5`) decides a comparison where the whole interval does; this happens comparison by
comparison, so that NOT and OR around it stay right.
"""

from __future__ import annotations

import operator as op
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any, TypeAlias

from rearm.knowledge.catalogue import Catalogue
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

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

__all__ = [
    "HIGH",
    "LOW",
    "Clause",
    "Compiled",
    "Interval",
    "Value",
    "evaluate",
    "findings_frame",
    "trace",
    "truth",
    "unknown_findings",
]

Value: TypeAlias = bool | float | int | str | None
Interval: TypeAlias = tuple[
    float, float
]  # both ends count as possible; what leaves an end out moves it inwards by the smallest step
Row: TypeAlias = Mapping[str, Value]
Intervals: TypeAlias = Mapping[str, Interval]
LOW, HIGH = "__low", "__high"  # endings of the two columns of a finding that is known within bounds


@dataclass(frozen=True, slots=True)
class Clause:
    """One part of a condition: a comparison with the values it read, or AND, OR, NOT over `parts`.
    `truth` None is unknown.
    """

    text: str
    truth: bool | None
    values: Mapping[str, Value | Interval]
    parts: tuple[Clause, ...] = ()


# ---------------------------------------------------------------- frames


def findings_frame(
    rows: Sequence[Row],
    names: Collection[str],
    catalogue: Catalogue,
    intervals: Sequence[Intervals] | None = None,
) -> pl.DataFrame:
    """`rows` as a frame with the columns `names`, typed as the catalogue says; an absent finding is
    null.

    `intervals`, one mapping a row, holds findings that are known only within bounds; each of them
    gets two more columns. Raises ValueError for NaN (unknown is null) and for a value that is not
    of the finding's type.
    """
    import polars as pl

    types = {"bool": pl.Boolean, "number": pl.Float64, "integer": pl.Int64, "word": pl.String}
    bounded = {name for row in intervals or () for name in row}
    columns = []
    for name in names:
        finding = catalogue[name]
        values = [row.get(name) for row in rows]
        try:
            if finding.numeric and bool in map(type, values):  # Polars would read True as 1
                raise TypeError
            columns.append(pl.Series(name, values, dtype=types[finding.type]))
            if finding.type == "number" and any(v != v for v in values):
                raise ValueError(f"The finding {name} is NaN; what is not known is null.")
        except (TypeError, OverflowError):
            wrong = next(v for v in values if not _of_type(v, finding.type))
            raise ValueError(
                f"The finding {name} is of type {finding.type}, {wrong!r} is not."
            ) from None
        if name in bounded:
            for suffix, end in ((LOW, 0), (HIGH, 1)):
                ends = [
                    v if v is not None else b.get(name, (None, None))[end]
                    for v, b in zip(values, intervals or (), strict=True)
                ]
                columns.append(pl.Series(name + suffix, ends, dtype=pl.Float64, strict=False))
    return pl.DataFrame(columns) if columns else pl.DataFrame({"": [None] * len(rows)})


def _of_type(value: Value, kind: str) -> bool:
    if value is None:
        return True
    if kind in ("bool", "word"):
        return isinstance(value, bool if kind == "bool" else str)
    return isinstance(value, int | float if kind == "number" else int) and not isinstance(
        value, bool
    )


class Compiled:
    """Conditions with their Polars expressions, made once and evaluated on many frames."""

    def __init__(self, conditions: Sequence[RuleCondition]) -> None:
        self.conditions = tuple(conditions)
        self._exact = [self._select(number, frozenset()) for number in range(len(self.conditions))]

    def evaluate(self, frame: pl.DataFrame) -> npt.NDArray[np.int8]:
        """Every condition on every row in one select: an array rows x conditions of 1 (true), 0
        (false), -1 (unknown).
        """
        import numpy as np

        if not self.conditions:
            return np.empty((frame.height, 0), dtype=np.int8)
        bounded = frozenset(name.removesuffix(LOW) for name in frame.columns if name.endswith(LOW))
        select = self._exact
        if bounded:
            touched = [bounded.intersection(condition.reads) for condition in self.conditions]
            select = [
                self._select(number, names) if names else self._exact[number]
                for number, names in enumerate(touched)
            ]
        answers: npt.NDArray[np.int8] = frame.select(select).to_numpy()
        return answers

    def _select(self, number: int, bounded: frozenset[str]) -> pl.Expr:
        import polars as pl

        return (
            _expression(self.conditions[number].node, bounded)
            .cast(pl.Int8)
            .fill_null(-1)
            .alias(str(number))
        )


def evaluate(conditions: Sequence[RuleCondition], frame: pl.DataFrame) -> npt.NDArray[np.int8]:
    """`Compiled(conditions).evaluate(frame)`, for conditions that are needed once."""
    return Compiled(conditions).evaluate(frame)


def _expression(node: Node, bounded: frozenset[str]) -> pl.Expr:
    import polars as pl

    match node:
        case BooleanFinding(name):
            return pl.col(name)
        case Among(name, values):
            return (
                pl.col(name) == values[0] if len(values) == 1 else pl.col(name).is_in(list(values))
            )
        case Compare():
            certain, possible = _compared(
                node.operator, _bounds(node.left, bounded), _bounds(node.right, bounded)
            )
            # Kleene: certain gives true, not even possible gives false, between them (possible AND
            # null) gives null
            held: pl.Expr = (
                certain if possible is None else certain | (possible & pl.lit(None, pl.Boolean))
            )
            return held
        case Not(part):
            return ~_expression(part, bounded)
        case And(parts):
            return reduce(op.and_, (_expression(p, bounded) for p in parts))
        case Or(parts):
            return reduce(op.or_, (_expression(p, bounded) for p in parts))


_COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    "=": op.eq,
    "<": op.lt,
    "<=": op.le,
    ">": op.gt,
    ">=": op.ge,
}


def _compared(operator: str, left: tuple[Any, Any], right: tuple[Any, Any]) -> tuple[Any, Any]:
    """When the comparison certainly holds and when it possibly does; the second is None where the
    first says it all (no bounds).

    The ends are Polars expressions or plain numbers; both know the operators used here.
    """
    compare = _COMPARE[operator]
    (low, high), (other_low, other_high) = left, right
    if low is high and other_low is other_high:
        return compare(low, other_low), None
    if operator in ("<", "<="):
        return compare(high, other_low), compare(low, other_high)
    if operator in (">", ">="):
        return compare(low, other_high), compare(high, other_low)
    equal = (low == high) & (other_low == other_high) & (low == other_low)
    return equal, (low <= other_high) & (other_low <= high)


def _bounds(node: Numeric, bounded: frozenset[str]) -> tuple[pl.Expr, pl.Expr]:
    """The least and the greatest value; the same expression twice where the value is exact."""
    import polars as pl

    match node:
        case LiteralNumber(value):
            exact = pl.lit(value)
            return exact, exact
        case NumberFinding(name) if name in bounded:
            return pl.col(name + LOW), pl.col(name + HIGH)
        case NumberFinding(name):
            exact = pl.col(name)
            return exact, exact
        case Arithmetic(operator, left, right):
            (a_low, a_high), (b_low, b_high) = _bounds(left, bounded), _bounds(right, bounded)
            exact_parts = a_low is a_high and b_low is b_high
            if operator == "*":
                product = a_low * b_low
                if exact_parts:
                    return product, product
                # A product of intervals is used only where both are points: rules have no need for
                # more, unknown is safe.
                product = pl.when((a_low == a_high) & (b_low == b_high)).then(product)
                return product, product
            low, high = (
                (a_low + b_low, a_high + b_high)
                if operator == "+"
                else (a_low - b_high, a_high - b_low)
            )
            return (low, low) if exact_parts else (low, high)
    raise AssertionError(node)


# ---------------------------------------------------------------- one row


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
            first, second = _interval(left, row, intervals), _interval(right, row, intervals)
            if first is None or second is None:
                return None
            certain, possible = _compared(operator, first, second)
            return True if certain else None if possible else False


def _interval(node: Numeric, row: Row, intervals: Intervals) -> Interval | None:
    match node:
        case LiteralNumber(value):
            return value, value
        case NumberFinding(name):
            known = row.get(name)
            if isinstance(known, int | float):
                return known, known
            return intervals.get(name)
        case Arithmetic(operator, left, right):
            first, second = _interval(left, row, intervals), _interval(right, row, intervals)
            if first is None or second is None:
                return None
            if operator == "*":
                exact = first[0] == first[1] and second[0] == second[1]
                return (first[0] * second[0], first[0] * second[0]) if exact else None
            if operator == "+":
                return first[0] + second[0], first[1] + second[1]
            return first[0] - second[1], first[1] - second[0]
    raise AssertionError(node)
