"""A table of results that was copied from a spreadsheet: which tests, units and days it names, as
far as that is certain.

Three layouts: a line a result (columns for test, value, unit, day), a line a day with a column a
test, a line a test with a column a day. What can't be understood is listed with its place. A date
such as 03/04/2025, which may be April or March, is asked and never guessed.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from rearm.intake.days import parse_moment
from rearm.intake.values import Refused
from rearm.knowledge.bundle import Knowledge, bundled
from rearm.knowledge.lab_tests import TestDef
from rearm.knowledge.tidy_tables import folded
from rearm.units import normal_unit

__all__ = ["MOST_CELLS", "DateOrder", "Pasted", "PastedLeft", "PastedResult", "read_pasted"]

DateOrder = Literal["day_first", "month_first"]
Layout = Literal["results", "days", "tests", "none"]

MOST_CELLS = 20_000
"""Of one pasted table."""

_SLASHED = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")
_IN_BRACKETS = re.compile(r"(?P<name>.+?)\s*[\[(](?P<unit>[^\])]+)[\])]")
_TEST = ("test", "analyte", "parameter", "name", "result", "untersuchung", "messwert", "analyt")
_VALUE = ("value", "result", "wert", "ergebnis", "befund")
_UNIT = ("unit", "units", "einheit", "uom")
_DAY = ("day", "date", "datum", "tag", "sample date", "collected", "abnahme", "entnahme")


@dataclass(frozen=True, slots=True, kw_only=True)
class PastedResult:
    """One result. `unit` and `day` are empty where the table names none; `day` is as it was
    written, or an ISO date where its order was asked. `place`: the line and column, from 1.
    """

    test: str
    name: str
    value: str
    unit: str
    day: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PastedLeft:
    """Something that can't be used, with its place and why."""

    place: str
    text: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pasted:
    """How a pasted table was understood. `columns`: each heading with what it was taken for.
    `asks_order`: dates such as 03/04/2025 are among it, and their order was not told; results of
    such a day are left out until it is.
    """

    layout: Layout
    delimiter: str
    columns: tuple[tuple[str, str], ...] = ()
    results: tuple[PastedResult, ...] = ()
    left: tuple[PastedLeft, ...] = ()
    asks_order: bool = False
    ambiguous: tuple[str, ...] = field(default=())


def read_pasted(
    text: str, *, order: DateOrder | None = None, knowledge: Knowledge | None = None
) -> Pasted:
    """What a pasted table says. `order`: that of the slashed dates, where it was told."""
    known = knowledge or bundled()
    lines, delimiter = _lines(text)
    if sum(map(len, lines)) > MOST_CELLS:
        why = f"The table has more than {MOST_CELLS} cells. Upload it as a file instead."
        return _nothing(delimiter, why)
    if len(lines) < 2:
        return _nothing(delimiter, "A table needs a line of headings and at least one line below.")
    return _Table(lines, delimiter, order, known).read()


def _nothing(delimiter: str, why: str) -> Pasted:
    return Pasted(
        layout="none", delimiter=delimiter, left=(PastedLeft(place="", text="", why=why),)
    )


def _lines(text: str) -> tuple[list[list[str]], str]:
    """The cells, without blank lines, and the delimiter (a tab before a semicolon or a comma)."""
    body = text.strip("\r\n")
    head = body.split("\n", 1)[0]
    delimiter = next((x for x in ("\t", ";", ",") if x in head), "\t")
    try:
        rows = [*csv.reader(io.StringIO(body), delimiter=delimiter, strict=False)]
    except csv.Error:  # a cell that is too long
        return [], delimiter
    return [
        [cell.strip() for cell in row] for row in rows if any(c.strip() for c in row)
    ], delimiter


@dataclass(frozen=True, slots=True)
class _Heading:
    """A test that a heading names, with the unit that stands there."""

    test: TestDef
    unit: str


class _Table:
    def __init__(
        self,
        lines: Sequence[Sequence[str]],
        delimiter: str,
        order: DateOrder | None,
        knowledge: Knowledge,
    ) -> None:
        self.lines, self.delimiter, self.order = lines, delimiter, order
        self.tests = knowledge.lab_tests
        self.results: list[PastedResult] = []
        self.left: list[PastedLeft] = []
        self.ambiguous: list[str] = []

    def read(self) -> Pasted:
        header = self.lines[0]
        named = {folded(cell): index for index, cell in enumerate(header) if cell}
        value = _first(named, _VALUE)
        test = _first({k: v for k, v in named.items() if v != value}, _TEST)
        layout: Layout
        if test is not None and value is not None:
            layout, columns = "results", [*self._by_result(named, test, value)]
        elif sum(self._heading(cell) is not None for cell in header[1:]) > 0:
            layout, columns = "days", [*self._by_day(header)]
        elif sum(_is_day(cell) for cell in header[1:]) > 0:
            layout, columns = "tests", [*self._by_test(header)]
        else:
            why = "The first line names neither tests nor days. Copy the table with its headings."
            return _nothing(self.delimiter, why)
        return Pasted(
            layout=layout,
            delimiter=self.delimiter,
            columns=tuple(columns),
            results=tuple(self.results),
            left=tuple(self.left),
            asks_order=bool(self.ambiguous) and self.order is None,
            ambiguous=tuple(dict.fromkeys(self.ambiguous)),
        )

    # ------------------------------------------------------------ layouts

    def _by_result(self, named: dict[str, int], test: int, value: int) -> Iterator[tuple[str, str]]:
        """A line a result."""
        unit, day = _first(named, _UNIT), _first(named, _DAY)
        taken = {test: "test", value: "value", unit: "unit", day: "day"}
        for number, row in enumerate(self.lines[1:], 2):
            cells = [*row, *[""] * (len(self.lines[0]) - len(row))]
            heading = self._heading(cells[test])
            if heading is None:
                self._leave(f"line {number}", cells[test], "This is no test of the dictionary.")
                continue
            own = cells[unit] if unit is not None else ""
            when = cells[day] if day is not None else ""
            self._add(f"line {number}", heading, cells[value], own or heading.unit, when)
        for index in sorted(named.values()):
            yield self.lines[0][index], taken.get(index, "not used")

    def _by_day(self, header: Sequence[str]) -> Iterator[tuple[str, str]]:
        """A line a day, a column a test; below the headings a line of units may stand."""
        headings = [None if i == 0 else self._heading(cell) for i, cell in enumerate(header)]
        body = [*enumerate(self.lines[1:], 2)]
        units = self._units_below(headings, body[0][1]) if body else None
        if units is not None:
            body = body[1:]
        for number, row in body:
            for index, text in enumerate(row[1:], 1):
                heading = headings[index] if index < len(headings) else None
                if heading is None or not text:
                    continue
                unit = (units or {}).get(index, heading.unit)
                self._add(f"line {number}, {header[index]}", heading, text, unit, row[0])
        yield header[0] or "first column", "day"
        for index, cell in enumerate(header[1:], 1):
            heading = headings[index]
            if heading is None:
                if cell:
                    self._leave(f"heading {cell}", cell, "This is no test of the dictionary.")
                    yield cell, "not used"
                continue
            unit = (units or {}).get(index, heading.unit)
            yield cell, f"{heading.test.name}, {unit or 'no unit'}"

    def _by_test(self, header: Sequence[str]) -> Iterator[tuple[str, str]]:
        """A line a test, a column a day; a column may hold the units."""
        named = {folded(cell): index for index, cell in enumerate(header) if cell}
        unit = _first(named, _UNIT)
        days = [index for index, cell in enumerate(header) if index > 0 and _is_day(cell)]
        for number, row in enumerate(self.lines[1:], 2):
            heading = self._heading(row[0])
            if heading is None:
                self._leave(f"line {number}", row[0], "This is no test of the dictionary.")
                continue
            own = row[unit] if unit is not None and unit < len(row) else ""
            for index in (i for i in days if i < len(row) and row[i]):
                place = f"line {number}, {header[index]}"
                self._add(place, heading, row[index], own or heading.unit, header[index])
        yield header[0] or "first column", "test"
        for index, cell in enumerate(header[1:], 1):
            yield cell, "unit" if index == unit else f"day {cell}" if index in days else "not used"

    # ------------------------------------------------------------ cells

    def _add(self, place: str, heading: _Heading, value: str, unit: str, day: str) -> None:
        if not value:
            return
        slashed = _SLASHED.fullmatch(day)
        if slashed is not None:
            self.ambiguous.append(day)
            if self.order is None:
                self._leave(place, day, "Say first whether the day or the month comes first.")
                return
            ordered = _ordered(slashed, self.order)
            if ordered is None:
                first = self.order.replace("_", " ")
                self._leave(place, day, f"With the {first} this is no date.")
                return
            day = ordered
        elif day and not _is_day(day):
            self._leave(place, day, "This is no day or date that can be read.")
            return
        self.results.append(
            PastedResult(
                test=heading.test.id,
                name=heading.test.name,
                value=value,
                unit=unit,
                day=day,
                place=place,
            )
        )

    def _leave(self, place: str, text: str, why: str) -> None:
        self.left.append(PastedLeft(place=place, text=text, why=why))

    def _heading(self, cell: str) -> _Heading | None:
        """The test that a cell names, alone or with its unit behind it or in brackets."""
        if not cell:
            return None
        if (test := self._test(cell)) is not None:
            return _Heading(test, "")
        if match := _IN_BRACKETS.fullmatch(cell):
            test = self._test(match["name"])
            return None if test is None else _Heading(test, match["unit"].strip())
        words = cell.split()
        for cut in range(len(words) - 1, 0, -1):
            test = self._test(" ".join(words[:cut]))
            unit = " ".join(words[cut:]).strip(",")
            if test is not None and normal_unit(unit) in test.units:
                return _Heading(test, unit)
        return None

    def _test(self, name: str) -> TestDef | None:
        found = self.tests.find(name.strip().rstrip(","))
        return found[0] if len(found) == 1 else None

    def _units_below(
        self, headings: Sequence[_Heading | None], row: Sequence[str]
    ) -> dict[int, str] | None:
        """The units by column, where the line below the headings holds nothing else."""
        if row[0] and folded(row[0]) not in _UNIT:
            return None
        units = {index: cell for index, cell in enumerate(row) if index > 0 and cell}
        for index, unit in units.items():
            heading = headings[index] if index < len(headings) else None
            if heading is not None and normal_unit(unit) not in heading.test.units:
                return None
        return units or None


def _first(named: dict[str, int], names: Sequence[str]) -> int | None:
    return next((named[folded(name)] for name in names if folded(name) in named), None)


def _is_day(cell: str) -> bool:
    if _SLASHED.fullmatch(cell):
        return True
    try:
        parse_moment(cell)
    except Refused:
        return False
    return bool(cell)


def _ordered(match: re.Match[str], order: DateOrder) -> str | None:
    first, second, year = (int(x) for x in match.groups())
    day, month = (first, second) if order == "day_first" else (second, first)
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None
