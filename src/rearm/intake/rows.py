"""What intake works on: grids of cells with true addresses, and rows of the tidy tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Literal

from rearm.record import Source
from rearm.units import DecimalMark

__all__ = [
    "Anchor",
    "DecimalMark",
    "Grid",
    "Moment",
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
    """

    first: int | None = None
    last: int | None = None
    dated: bool = False
    anchor: Anchor | None = None


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

    `sheet` is None for a CSV or Parquet file; then places are rows (the header is row 1), else
    addresses such as `labs!C7`. `decimal` is the decimal mark of its numbers where one is certain,
    see `decimal_mark`.
    """

    file: str
    sheet: str | None
    rows: list[list[Value]]
    first_row: int = 1
    first_column: int = 0
    decimal: DecimalMark | None = None

    @property
    def name(self) -> str:
        return self.sheet if self.sheet is not None else self.file.rsplit(".", 1)[0]

    def row_source(self, index: int) -> Source:
        """The place of a whole row; `index` counts `rows` from 0."""
        number = self.first_row + index
        return Source(
            self.file, f"row {number}" if self.sheet is None else f"{self.sheet}!{number}"
        )

    def cell_source(self, index: int, column: int, header: str = "") -> Source:
        """The place of a cell; `header` names the column where there are no addresses."""
        number = self.first_row + index
        if self.sheet is None:
            return Source(self.file, f"row {number}, {header}" if header else f"row {number}")
        return Source(
            self.file, f"{self.sheet}!{column_letters(self.first_column + column)}{number}"
        )


@dataclass(slots=True)
class Row:
    """One row of a tidy table: the values by column (blank cells left out) and where they stand.

    `source` is the place shown for the event that the row becomes; `places` gives the place of
    single values where they stand elsewhere. `set_aside` maps columns to the reason why their value
    must not be used (a contradiction found before); `moments` are days that are known otherwise
    than by the cell (an interval).
    """

    table: str
    values: dict[str, Value]
    source: Source
    places: Mapping[str, Source] = field(default_factory=dict)
    grid: Grid | None = None
    index: int = 0
    columns: Mapping[str, int] = field(default_factory=dict)
    set_aside: Mapping[str, str] = field(default_factory=dict)
    moments: Mapping[str, Moment] = field(default_factory=dict)
    decimal: DecimalMark | None = field(
        kw_only=True
    )  # of its table; without a default, so that no reader of tables forgets it

    def at(self, column: str) -> Source:
        """The place of one value."""
        if column in self.places:
            return self.places[column]
        if self.grid is not None and column in self.columns:
            return self.grid.cell_source(self.index, self.columns[column], column)
        return self.source


def decimal_mark(
    rows: Iterable[Iterable[Value]], *, by_delimiter: bool = False
) -> DecimalMark | None:
    """The decimal mark that the numbers of a table use, with or without a unit behind them:
    `unsure` where some write a comma and some a point, be it as decimal mark or between thousands.

    A comma alone is stated only where the file's own delimiter makes it certain (`by_delimiter`);
    else each number speaks for itself.
    """
    marks = set()
    for row in rows:
        for cell in row:
            if isinstance(cell, str) and (match := _MARKED.match(cell.strip())):
                digits = match[1]
                both = "," in digits and "." in digits
                repeated = len(re.findall("[.,]", digits)) > 1
                last = max(digits.rfind(","), digits.rfind("."))
                # 1.234,5 and 1.234.567 show a decimal comma
                marks.add(
                    digits[last] if both or not repeated else {",": ".", ".": ","}[digits[last]]
                )
                if both or repeated:
                    marks.add("grouped")
    if {".", ","} <= marks or {",", "grouped"} <= marks:
        return "unsure"
    return "," if by_delimiter and marks == {","} else None
