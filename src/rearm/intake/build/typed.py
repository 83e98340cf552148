"""Typed values of a row. What is wrong with a cell is logged when its value is asked for, so that
each issue stands where its row is read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from rearm.intake.build.log import IssueLog
from rearm.intake.rows import Cell, Row

__all__ = ["flag", "number", "spelled", "text", "whole", "word", "words"]


def _value(row: Row, column: str, log: IssueLog) -> Any:
    """The value by the column's type; None where the cell is blank or can't be used."""
    cell = row.cells.get(column)
    if cell is None:
        return None
    if cell.problem is not None:
        log.problem(row, column, cell.problem)
    return cell.value


_T = TypeVar("_T")
_Take = Callable[[Row, str, IssueLog], _T]
# One function under the name of each type that a column can have.
text: _Take[str | None] = _value
word: _Take[str | None] = _value
number: _Take[float | None] = _value
whole: _Take[int | None] = _value
flag: _Take[bool | None] = _value


def words(row: Row, column: str, log: IssueLog) -> tuple[str, ...]:
    """Several words of a list; none where the cell is blank or can't be used."""
    return _value(row, column, log) or ()


def spelled(cell: Cell) -> str | None:
    """Normalise a coded value without recording an issue; unlisted text is returned unchanged."""
    if cell.value is not None:
        return str(cell.value)
    if cell.given is None or cell.not_done or cell.aside is not None:
        return None
    return cell.text
