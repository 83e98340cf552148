"""All conditions on a whole frame of findings, one patient a row, in one Polars select.

A finding that some row knows only within bounds has four more columns: its two ends, and for each
whether the end itself is left out (`<0.5` and `<=0.5` are two different things). On the rows that
know its value exactly both ends are the value. A word of which several are possible on some row
has one more column with these; a condition is read for each of them.
"""

from __future__ import annotations

import operator as op
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import reduce
from typing import TYPE_CHECKING, Any, cast

from rearm.interval import Interval
from rearm.knowledge.catalogue import Catalogue, Finding
from rearm.rules.ends import ColumnEnds, added, certain_and_excluded, negative
from rearm.rules.rows import Bound, Bounds, Row, Value
from rearm.rules.tree import (
    Among,
    And,
    Arithmetic,
    BooleanFinding,
    Compare,
    LiteralNumber,
    Node,
    Not,
    NumberFinding,
    Numeric,
    Or,
    RuleCondition,
)

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

__all__ = ["Compiled", "evaluate", "findings_frame", "with_values"]

_LOW = "__low"
_ENDS = (_LOW, "__high", "__low_open", "__high_open")  # in the order of `Interval` and `ColumnEnds`
_NO_ENDS = (None, None, False, False)
_POSSIBLE = "__possible"


def findings_frame(
    rows: Sequence[Row],
    names: Collection[str],
    catalogue: Catalogue,
    bounds: Sequence[Bounds] | None = None,
) -> pl.DataFrame:
    """`rows` as a frame with the columns `names`, typed as the catalogue says; an absent finding is
    null.

    `bounds`, one mapping a row, holds findings that are known only within bounds: numbers as
    intervals, words as those that are possible. Raises ValueError for NaN (unknown is null) and for
    a value that is not of the finding's type.
    """
    import polars as pl

    bounded = {name for row in bounds or () for name in row}
    columns = []
    for name in names:
        column = _column(catalogue[name], [row.get(name) for row in rows])
        columns.append(column)
        if name not in bounded:
            continue
        known = [row.get(name) for row in bounds or ()]
        if catalogue[name].type == "word":
            columns.append(_possible_column(name, column.to_list(), known))
        else:
            columns += _bound_columns(name, column.to_list(), known)
    return pl.DataFrame(columns) if columns else pl.DataFrame({"": [None] * len(rows)})


def _column(finding: Finding, values: list[Value]) -> pl.Series:
    import polars as pl

    types = {"bool": pl.Boolean, "number": pl.Float64, "integer": pl.Int64, "word": pl.String}
    try:
        if finding.numeric and bool in map(type, values):  # Polars would read True as 1
            raise TypeError
        column = pl.Series(finding.name, values, dtype=types[finding.type])
    except (TypeError, OverflowError):
        wrong = next(v for v in values if not _of_type(v, finding.type))
        raise ValueError(
            f"The finding {finding.name} is of type {finding.type}, {wrong!r} is not."
        ) from None
    if finding.type == "number" and column.is_nan().any():
        raise ValueError(f"The finding {finding.name} is NaN; what is not known is null.")
    return column


def _of_type(value: Value, kind: str) -> bool:
    if value is None:
        return True
    if kind in ("bool", "word"):
        return isinstance(value, bool if kind == "bool" else str)
    return isinstance(value, int | float if kind == "number" else int) and not isinstance(
        value, bool
    )


def _bound_columns(
    name: str, values: Iterable[Any], intervals: Iterable[Bound | None]
) -> list[pl.Series]:
    import polars as pl

    bounds = [
        Interval.of(value) if value is not None else cast(Interval | None, interval)
        for value, interval in zip(values, intervals, strict=True)
    ]
    ends = [(b.low, b.high, b.low_open, b.high_open) if b else _NO_ENDS for b in bounds]
    return [
        pl.Series(name + end, column, dtype=dtype, strict=False)
        for end, dtype, column in zip(
            _ENDS,
            (pl.Float64, pl.Float64, pl.Boolean, pl.Boolean),
            zip(*ends, strict=True),
            strict=True,
        )
    ]


def _possible_column(
    name: str, values: Iterable[str | None], words: Iterable[Bound | None]
) -> pl.Series:
    """The words that are possible; null where the value is exact or nothing is known."""
    import polars as pl

    possible = [
        list(left) if value is None and isinstance(left, tuple) else None
        for value, left in zip(values, words, strict=True)
    ]
    return pl.Series(name + _POSSIBLE, possible, dtype=pl.List(pl.String))


def with_values(
    frame: pl.DataFrame, changes: Mapping[str, tuple[Sequence[int], Sequence[Any]]]
) -> pl.DataFrame:
    """The frame with values put in: for each finding the rows and the values there, of a word also
    the tuple of those that are possible. What was known within bounds is no more; None makes it
    unknown.
    """
    there = set(frame.columns)
    columns = []
    for name, (rows, values) in changes.items():
        exact = [None if isinstance(value, tuple) else value for value in values]
        columns.append(_scattered(frame[name], rows, exact))
        if name + _LOW in there:
            closed = [False] * len(rows)
            for end, new in zip(_ENDS, (values, values, closed, closed), strict=True):
                columns.append(_scattered(frame[name + end], rows, new))
        words = [list(value) if isinstance(value, tuple) else None for value in values]
        if name + _POSSIBLE in there or any(words):
            columns.append(_possible_changed(frame, name, rows, words))
    return frame.with_columns(columns)


def _possible_changed(
    frame: pl.DataFrame, name: str, rows: Sequence[int], words: Sequence[list[str] | None]
) -> pl.Series:
    """The words that are possible, with those of some rows put in."""
    import polars as pl

    column = name + _POSSIBLE
    known = frame[column].to_list() if column in frame.columns else [None] * frame.height
    for row, possible in zip(rows, words, strict=True):
        known[row] = possible
    return pl.Series(column, known, dtype=pl.List(pl.String))


def _scattered(column: pl.Series, rows: Sequence[int], values: Sequence[Any]) -> pl.Series:
    import polars as pl

    return column.clone().scatter(rows, pl.Series(values, dtype=column.dtype, strict=False))


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
        words = [name for name in frame.columns if name.endswith(_POSSIBLE)]
        if not words:
            return self._answers(frame)
        spread, starts = _one_row_a_word(frame, words)
        answers = self._answers(spread)
        found: npt.NDArray[np.int8] = answers[starts]
        words_of = np.diff(starts, append=len(answers))
        several = np.flatnonzero(words_of > 1)
        if several.size:  # few rows: the others have one word, and one answer
            own = answers[np.repeat(words_of > 1, words_of)]
            begin = np.cumsum(words_of[several]) - words_of[several]
            lowest = np.minimum.reduceat(own, begin)
            agreed = lowest == np.maximum.reduceat(own, begin)
            found[several] = np.where(agreed, lowest, -1)
        return found

    def _answers(self, frame: pl.DataFrame) -> npt.NDArray[np.int8]:
        """Every condition on every row that has one word for each word finding."""
        bounded = frozenset(
            name.removesuffix(_LOW) for name in frame.columns if name.endswith(_LOW)
        )
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


def _one_row_a_word(
    frame: pl.DataFrame, columns: Sequence[str]
) -> tuple[pl.DataFrame, npt.NDArray[np.intp]]:
    """The frame with a row for each choice of the words that are possible, and where the rows of
    each row of `frame` begin.
    """
    import numpy as np
    import polars as pl

    place = "__row"
    spread = frame.with_row_index(place)
    for column in columns:
        name = column.removesuffix(_POSSIBLE)
        exact = pl.concat_list(pl.col(name))
        words = pl.coalesce(pl.col(column), exact)
        spread = spread.with_columns(words.alias(name)).drop(column).explode(name)
    rows = spread[place].to_numpy()
    starts = np.searchsorted(rows, np.arange(frame.height))
    return spread.drop(place), starts


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
        case Compare(operator, left, right):
            certain, excluded = certain_and_excluded(
                operator, _ends(left, bounded), _ends(right, bounded)
            )
            # Kleene: certain gives true, excluded gives false, between them (null AND true) is null
            held: pl.Expr = (
                certain if excluded is None else certain | (pl.lit(None, pl.Boolean) & ~excluded)
            )
            return held
        case Not(part):
            return ~_expression(part, bounded)
        case And(parts):
            return reduce(op.and_, (_expression(p, bounded) for p in parts))
        case Or(parts):
            return reduce(op.or_, (_expression(p, bounded) for p in parts))


def _ends(node: Numeric, bounded: frozenset[str]) -> ColumnEnds:
    import polars as pl

    match node:
        case LiteralNumber(value):
            return _exactly(pl.lit(value))
        case NumberFinding(name) if name in bounded:
            return ColumnEnds(*(pl.col(name + end) for end in _ENDS))
        case NumberFinding(name):
            return _exactly(pl.col(name))
        case Arithmetic("*", left, right):
            return _product(_ends(left, bounded), _ends(right, bounded))
        case Arithmetic("+", left, right):
            return added(_ends(left, bounded), _ends(right, bounded))
        case Arithmetic("-", left, right):
            return added(_ends(left, bounded), negative(_ends(right, bounded)))
    raise AssertionError(node)


def _exactly(value: pl.Expr) -> ColumnEnds:
    return ColumnEnds(value, value)


def _product(left: ColumnEnds, right: ColumnEnds) -> ColumnEnds:
    """Used only where both numbers are points: rules have no need for more, unknown is safe."""
    import polars as pl

    product = left.low * right.low
    if not (left.exact and right.exact):
        points = (left.low == left.high) & (right.low == right.high)
        product = pl.when(points).then(product)
    return _exactly(product)
