"""Tables kept as columns, read patient by patient: the `RowRun` of the ways in that hold whole
tables.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

from rearm.intake.rows import BLANK, Cell, DecimalMark, Row
from rearm.record import Source

__all__ = ["CellColumns", "ColumnRun", "runs_by_patient"]


class CellColumns(Protocol):
    """A table as columns of cells; places count its rows from 0."""

    @property
    def table(self) -> str: ...

    @property
    def cells(self) -> Mapping[str, list[Cell]]: ...

    @property
    def decimal(self) -> DecimalMark | None:
        """The decimal mark of the table."""

    def source(self, place: int) -> Source:
        """The place of the event that a row becomes."""

    def row(self, place: int) -> Row: ...

    def says_nothing(self, place: int) -> bool:
        """Whether a row holds nothing that could become an event."""


@dataclass(slots=True)
class ColumnRun:
    """Rows that follow each other and are of one patient."""

    columns: CellColumns
    patient_id: str
    start: int
    stop: int

    @property
    def table(self) -> str:
        return self.columns.table

    @property
    def names(self) -> Collection[str]:
        return self.columns.cells.keys()

    def column(self, name: str) -> Sequence[Cell]:
        cells = self.columns.cells.get(name)
        if cells is None:
            return (BLANK,) * (self.stop - self.start)
        return cells[self.start : self.stop]

    @property
    def decimal(self) -> DecimalMark | None:
        return self.columns.decimal

    def source_of(self, index: int) -> Source:
        return self.columns.source(self.start + index)

    def row(self, index: int) -> Row:
        return self.columns.row(self.start + index)

    def rows(self) -> Iterator[Row]:
        for place in range(self.start, self.stop):
            if not self.columns.says_nothing(place):
                yield self.columns.row(place)


def runs_by_patient(columns: CellColumns, patients: Iterable[str]) -> Iterator[ColumnRun]:
    """The rows of a table by patient; `patients` names that of each row."""
    start = 0
    for patient_id, same in groupby(patients):
        stop = start + sum(1 for _ in same)
        yield ColumnRun(columns, patient_id, start, stop)
        start = stop
