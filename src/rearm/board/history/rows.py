"""What differs between the rows of two records: added, removed, or changed in some cells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rearm.board.child.reading import TidyRow
from rearm.board.history.contexts import CellChange, RowChange

__all__ = ["row_changes"]

_MOST_PAIRS = 40_000  # beyond it nobody looks which row became which
_Cells = tuple[tuple[str, str], ...]


def row_changes(before: Sequence[TidyRow], after: Sequence[TidyRow]) -> tuple[RowChange, ...]:
    """By table, in the order of the rows. Where a row stands is no part of what it says; a number
    is the same however it is written. Rows that agree in most cells are one that changed.
    """
    found: list[RowChange] = []
    for table in dict.fromkeys(row.table for row in (*after, *before)):
        gone, new = _left(
            [row for row in before if row.table == table],
            [row for row in after if row.table == table],
        )
        found += _changes(table, gone, new)
    return tuple(found)


def _left(
    before: Sequence[TidyRow], after: Sequence[TidyRow]
) -> tuple[list[TidyRow], list[TidyRow]]:
    """The rows that the other side does not have; of equal rows as many as are more."""
    more = Counter(map(_said, before))
    more.subtract(map(_said, after))
    gone = [row for row in before if _take(more, _said(row), 1)]
    new = [row for row in after if _take(more, _said(row), -1)]
    return gone, new


def _take(more: Counter[_Cells], said: _Cells, sign: int) -> bool:
    if more[said] * sign <= 0:
        return False
    more[said] -= sign
    return True


def _said(row: TidyRow) -> _Cells:
    return tuple(sorted((name, _text(cell)) for name, cell in row.cells.items()))


def _text(cell: Any) -> str:
    text = str(cell).strip()
    try:
        return f"{float(text):g}"
    except ValueError:
        return text


def _changes(table: str, gone: Sequence[TidyRow], new: Sequence[TidyRow]) -> Iterator[RowChange]:
    left = list(gone)
    for row in new:
        former = _former(left, row) if len(left) * len(new) <= _MOST_PAIRS else None
        if former is not None:
            left.remove(former)
        yield RowChange(
            table=table,
            change="added" if former is None else "changed",
            place=row.place,
            cells=tuple(_cells({} if former is None else former.cells, row.cells)),
        )
    for row in left:
        yield RowChange(
            table=table, change="removed", place=row.place, cells=tuple(_cells(row.cells, {}))
        )


def _former(left: Sequence[TidyRow], row: TidyRow) -> TidyRow | None:
    """The row that this one was: the one with most cells alike, which are more than half."""
    own = dict(_said(row))
    best, alike = None, 0
    for candidate in left:
        other = dict(_said(candidate))
        same = sum(other.get(name) == text for name, text in own.items() if name != "patient_id")
        if same > alike and same * 2 > len({*own, *other} - {"patient_id"}):
            best, alike = candidate, same
    return best


def _cells(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[CellChange]:
    """Of a row that changed the day and the test too, by which it is known."""
    whole = not (before and after)
    for name in dict.fromkeys((*before, *after)):
        old, new = (str(cells.get(name, "")) for cells in (before, after))
        differs = _text(old) != _text(new)
        if name != "patient_id" and (differs or whole or name in _KNOWN_BY):
            yield CellChange(column=name, before=old, after=new, differs=differs)


_KNOWN_BY = ("day", "start_day", "test", "agents", "regimen", "finding", "condition", "gene")
