"""What intake works on: grids of cells with true addresses, typed cells, rows of tidy tables."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Literal, NamedTuple, Protocol

from rearm.characters import printable
from rearm.record import Done, Severity, Source
from rearm.units import DecimalMark

__all__ = [
    "BLANK",
    "Anchor",
    "Cell",
    "CellProblem",
    "DecimalMark",
    "Grid",
    "Moment",
    "Places",
    "Row",
    "Value",
    "column_letters",
    "decimal_mark",
]

Value = str | int | float | bool | date | datetime | time | timedelta | None
# a number with a comma or a point in it; groups of thousands have three digits, so that a date is
# none
_MARKED = re.compile(
    r"[<>≤≥=]*\s*[+-]?([0-9]+[.,][0-9]+|[0-9]{1,3}(?:\.[0-9]{3})+(?:,[0-9]+)?|[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?)(?![.,0-9])"
)
Anchor = Literal[
    "apheresis",
    "before_bridging",
    "before_lymphodepletion",
    "before_infusion",
    "after_infusion",
    "diagnosis",
]


@dataclass(frozen=True, slots=True)
class Moment:
    """A point or stretch of time as the input states it: days on the axis, ordinals of dates
    (`dated`), or an anchor word.

    `year`: a bare number that may be the number of a day or a calendar year; the axis decides.
    `short_year`: its year has two digits.
    """

    first: int | None = None
    last: int | None = None
    dated: bool = False
    anchor: Anchor | None = None
    year: int | None = None
    short_year: bool = False


def column_letters(index: int) -> str:
    """The letters of a spreadsheet column, from 0: A, B ... Z, AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


@dataclass(slots=True)
class Grid:
    """The cells of a sheet or of a file, from its first row and column on.

    `sheet` is None for a CSV or Parquet file; then places are rows (the header is row 1, or row 2
    below a line that states the delimiter), else addresses such as `labs!C7`. `decimal` is the
    decimal mark of its numbers where one is certain, see `decimal_mark`. `numbers`: those of the
    rows, where they do not follow each other (rows taken from a larger table).
    """

    file: str
    sheet: str | None
    rows: list[list[Value]]
    first_row: int = 1
    first_column: int = 0
    decimal: DecimalMark | None = None
    numbers: Sequence[int] | None = None

    @property
    def name(self) -> str:
        if self.sheet is not None:
            return self.sheet
        return re.sub(r"(?i)\.gz$", "", self.file).rsplit(".", 1)[0]

    def number(self, index: int) -> int:
        """The number of a row in its file or sheet; `index` counts `rows` from 0."""
        return self.first_row + index if self.numbers is None else self.numbers[index]

    def row_source(self, index: int) -> Source:
        """The place of a whole row; `index` counts `rows` from 0."""
        number = self.number(index)
        return Source(
            self.file, f"row {number}" if self.sheet is None else f"{self.sheet}!{number}"
        )

    def cell_source(self, index: int, column: int, header: str = "") -> Source:
        """The place of a cell; `header` names the column where there are no addresses."""
        number = self.number(index)
        if self.sheet is None:
            where = f"row {number}"
            return Source(self.file, f"{where}, {printable(header)}" if header else where)
        return Source(
            self.file, f"{self.sheet}!{column_letters(self.first_column + column)}{number}"
        )


class CellProblem(NamedTuple):
    """What is wrong with a cell: an issue without its place; `done`: what became of the cell."""

    severity: Severity
    code: str
    sentence: str
    done: Done = "set_aside"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Cell:
    """One cell, read by the type of its column.

    `given` is what stands in the table (None: blank), `text` the same as text, `value` the typed
    value: None where it can't be used. `problem` is logged when somebody asks for the value.
    `why_not`: why the cell can't be used; without a problem it was set aside, and said, before.
    `settled`: a day that is known otherwise than by the cell (an interval). `speaks`: the cell says
    something of an event, be it that it can't be used: a date without a century is of something
    that happened, a mark for blank or a word where a grade belongs is of nothing.
    """

    given: Value = None
    text: str = ""
    value: Any = None
    problem: CellProblem | None = None
    why_not: str | None = None
    not_done: bool = False  # a word for a blank stands there
    denies: bool = False  # ... which says that there was no such event
    settled: bool = False
    speaks: bool = False

    @property
    def aside(self) -> str | None:
        """Why the cell was set aside before rows are read (a contradiction), else None."""
        return self.why_not if self.problem is None else None


BLANK = Cell()


class Places(Protocol):
    """Where the cells of a table stand."""

    def at(self, index: int, column: str) -> Source | None:
        """The place of a cell in the row `index`; None where only the row has a place."""


@dataclass(slots=True)
class Row:
    """One row of a tidy table: its cells by column, and where they stand.

    `source` is the place shown for the event that the row becomes. `decimal` is the decimal mark of
    its table. `constants`: the columns that the reader filled, from a label or a mapping, and not
    the input. `stated`: that there is an event is known otherwise than by these cells (a resource,
    a mapping that says so).
    """

    table: str
    cells: Mapping[str, Cell]
    source: Source
    decimal: DecimalMark | None
    places: Places | None = None
    index: int = 0
    constants: frozenset[str] = frozenset()
    stated: bool = False

    @property
    def patient_id(self) -> str:
        return self.cell("patient_id").text

    # A row is a run of one (see `build.gather.RowRun`).

    @property
    def names(self) -> Collection[str]:
        return self.cells.keys()

    def column(self, name: str) -> Sequence[Cell]:
        return (self.cells.get(name, BLANK),)

    def source_of(self, index: int) -> Source:
        return self.source

    def row(self, index: int) -> Row:
        return self

    def rows(self) -> Sequence[Row]:
        return (self,)

    def cell(self, column: str) -> Cell:
        return self.cells.get(column, BLANK)

    def given(self, column: str) -> Value:
        """What stands in the table, as it is."""
        return self.cells.get(column, BLANK).given

    def at(self, column: str) -> Source:
        """The place of one cell."""
        found = self.places.at(self.index, column) if self.places is not None else None
        return self.source if found is None else found


def decimal_mark(
    rows: Iterable[Iterable[Value]], *, by_delimiter: bool = False
) -> DecimalMark | None:
    """The decimal mark that the numbers of a table use, with or without a unit behind them:
    `unsure` where some write a comma and some a point, be it as decimal mark or between thousands.

    A comma alone is stated only where the file's own delimiter makes it certain (`by_delimiter`);
    else each number speaks for itself.
    """
    marks: set[str] = set()
    for cell in {c for row in rows for c in row if isinstance(c, str) and ("." in c or "," in c)}:
        if match := _MARKED.match(cell.strip()):
            marks |= _marks_of(match[1])
    if {".", ","} <= marks or {",", "grouped"} <= marks:
        return "unsure"
    return "," if by_delimiter and marks == {","} else None


def _marks_of(digits: str) -> set[str]:
    """The decimal mark that one number shows, and whether it groups thousands."""
    both = "," in digits and "." in digits
    repeated = digits.count(".") + digits.count(",") > 1
    last = digits[max(digits.rfind(","), digits.rfind("."))]
    if both or not repeated:
        return {last, "grouped"} if both else {last}
    return {"," if last == "." else ".", "grouped"}  # 1.234.567 shows a decimal comma
