"""When a row of a sheet is one that a block reads: its conditions, each looked at once for every
different cell.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from rearm.intake.mapping.model import RowFilter, RowSpec
from rearm.intake.mapping.named import Named
from rearm.intake.mapping.sheets import MappedSheet, SheetLine
from rearm.intake.rows import DecimalMark, Value
from rearm.intake.values import Refused, not_done, number, text
from rearm.knowledge.tidy_tables import folded

__all__ = ["BlockConditions"]


@dataclass(slots=True)
class _Condition:
    """A condition on one column; `seen`: whether it holds, by what stands there."""

    spec: RowFilter
    column: int
    holds_for: Callable[[Value], bool]
    seen: dict[str | None, bool] = field(default_factory=dict)

    def holds(self, line: SheetLine) -> bool:
        value = self.cell(line)
        if value is not None and not isinstance(value, str):
            return self.holds_for(value)  # 1, 1.0 and True are not one value
        if value not in self.seen:
            self.seen[value] = self.holds_for(value)
        return self.seen[value]

    def cell(self, line: SheetLine) -> Value:
        return line.cells[self.column] if self.column < len(line.cells) else None


class _Within(NamedTuple):
    """A pattern that is found within a cell and does not match all of it."""

    name: str
    column: int
    like: str
    given: str


class BlockConditions:
    """The conditions of a block in one sheet. Raises InputError where a column is not there."""

    def __init__(self, spec: RowSpec, sheet: MappedSheet, named: Named) -> None:
        asked = f"{spec.table} of {sheet.spec.name}"
        self._all = [
            _Condition(
                condition,
                sheet.column(condition.column, asked_by=asked),
                _test(condition, sheet.grid.decimal, named),
            )
            for condition in spec.when
        ]
        self._asking = [condition for condition in self._all if not condition.spec.part]
        self._likes = [c for c in self._all if c.spec.like is not None]

    def read(self, lines: Sequence[SheetLine]) -> Sequence[SheetLine]:
        """The lines for which all conditions hold."""
        for condition in self._all:
            lines = [line for line in lines if condition.holds(line)]
        return lines

    def found_within(self, line: SheetLine) -> _Within | None:
        """The pattern that alone keeps a line from this block though it is found within the cell;
        None where there is none.
        """
        if not self._likes:
            return None
        failing = [condition for condition in self._all if not condition.holds(line)]
        if len(failing) != 1 or (like := failing[0].spec.like) is None:
            return None
        (condition,) = failing
        given = text(condition.cell(line))
        if re.fullmatch(like, given) or re.search(like, given) is None:
            return None
        return _Within(condition.spec.column, condition.column, like, given)

    def means(self, column: str, line: SheetLine) -> bool:
        """Whether a condition names what stands in this column of a line."""
        return any(
            condition.spec.column == column
            and (condition.spec.is_ is not None or condition.spec.like is not None)
            and condition.holds(line)
            for condition in self._all
        )

    def failing_part(self, line: SheetLine) -> tuple[str, str] | None:
        """The first condition on the kind of the row that does not hold, as its column and what
        stands there; None where all do.
        """
        for condition in self._all:
            if condition.spec.part and not condition.holds(line):
                return condition.spec.column, text(condition.cell(line))
        return None

    def stated(self, line: SheetLine) -> bool:
        """Whether something stands in a cell by which a condition asks for the event."""
        cells = (condition.cell(line) for condition in self._asking)
        return any(cell is not None and not not_done(cell) for cell in cells)


def _test(spec: RowFilter, decimal: DecimalMark | None, named: Named) -> Callable[[Value], bool]:
    wanted = None if spec.is_ is None else {folded(text(value)) for value in spec.is_}
    unwanted = set() if spec.is_not is None else {folded(text(value)) for value in spec.is_not}
    like = None if spec.like is None else re.compile(spec.like)

    def holds(value: Value) -> bool:
        given = text(value)
        if wanted is not None and folded(given) not in wanted:
            return False
        if unwanted and folded(given) in unwanted:
            return False
        if like is not None and like.fullmatch(given) is None:
            return False
        if spec.names is not None and not named.holds(spec.names, given):
            return False
        return spec.above is None or _is_above(value, spec.above, decimal)

    return holds


def _is_above(value: Value, limit: float, decimal: DecimalMark | None) -> bool:
    try:
        return value is not None and number(value, decimal=decimal) > limit
    except Refused:
        return False
