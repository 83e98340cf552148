"""Cells read by the type of their column: what stands there becomes a typed value, or a problem
that is logged when somebody asks for the value.

A text that stands many times in a column is read once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from rearm.intake import values
from rearm.intake.days import parse_moment
from rearm.intake.rows import BLANK, Cell, CellProblem, DecimalMark, Moment, Places, Row, Value
from rearm.intake.values import NOT_EXACT, Refused, shown
from rearm.knowledge.tidy_tables import Column, ColumnType, TidyTables, folded
from rearm.record import Source

__all__ = ["ColumnCells", "RowMaker", "read_cell"]

# Types whose value is the text itself; those who ask for it read further.
_AS_TEXT: frozenset[ColumnType] = frozenset(
    {"text", "test", "value", "unit", "agents", "regimen", "days"}
)
_FREE_TEXT: frozenset[ColumnType] = frozenset({"text", "agents", "regimen", "days"})
_N = TypeVar("_N", int, float)
# A date that can't be used is still the date of something, a range a measure of it.
_STILL_SPEAKS = frozenset({"two_digit_year", "date_ambiguous", "date_impossible", NOT_EXACT})
_Reader = Callable[[Value, Column, DecimalMark | None], Any]


def _date(value: Value, column: Column, decimal: DecimalMark | None) -> Moment:
    try:
        moment = parse_moment(value)
    except Refused as refusal:
        raise Refused(refusal.code, f"{column.name}: {refusal}") from None
    if moment.short_year and column.name == "birth_date":
        sentence = (
            f"birth_date is {shown(value)}, and a two-digit year leaves the century unclear. "
            "Write YYYY-MM-DD."
        )
        raise Refused("two_digit_year", sentence)
    if not moment.dated or moment.first is None or moment.first != moment.last:
        sentence = f"{column.name} is {shown(value)}; a whole calendar date (YYYY-MM-DD) is needed."
        raise Refused("date_needed", sentence)
    return moment


def _integer(value: Value, column: Column, decimal: DecimalMark | None) -> int:
    read = values.grade if column.name == "grade" else values.integer
    return _in_limits(read(value, decimal=decimal), column)


def _number(value: Value, column: Column, decimal: DecimalMark | None) -> float:
    return _in_limits(values.number(value, decimal=decimal), column)


def _in_limits(number: _N, column: Column) -> _N:
    low, high = column.low, column.high
    if (low is None or number >= low) and (high is None or number <= high):
        return number
    limits = f"at least {low:g}" if high is None else f"from {low:g} to {high:g}"
    raise Refused("value_impossible", f"{column.name} is {number:g}; it must be {limits}.")


_READERS: Mapping[ColumnType, _Reader] = {
    "day": lambda value, column, decimal: parse_moment(value),
    "date": _date,
    "year": _integer,
    "integer": _integer,
    "number": _number,
    "yes_no": lambda value, column, decimal: values.yes_no(value),
    "words": lambda value, column, decimal: values.words(value, column),
}


def read_cell(
    column: Column, value: Value, decimal: DecimalMark | None, responses: Mapping[str, str]
) -> Cell:
    """The cell of a column. `responses` are the spellings of responses: as a method or a specimen
    they are out of place.
    """
    text = values.text(value)
    if column.type == "id":  # KA, ND and NA are ids like any other
        return Cell(given=value, text=text, value=text or None, speaks=bool(text))
    listed = folded(text) in column.spellings
    denies = column.denies and not listed and values.denies(value)
    not_done = denies or (not listed and values.not_done(value))
    if column.type in _AS_TEXT:
        kept = None if not_done and column.type in _FREE_TEXT else text or None
        return Cell(
            given=value,
            text=text,
            value=kept,
            not_done=not_done,
            denies=denies,
            speaks=bool(text) and not not_done,
        )
    if not_done:
        return Cell(given=value, text=text, not_done=True, denies=denies)
    try:
        if column.type == "word":
            return _word(column, value, text, responses)
        typed = _READERS[column.type](value, column, decimal)
        return Cell(given=value, text=text, value=typed, speaks=True)
    except Refused as refusal:
        used = "The day is not used." if column.type == "day" else "It is not used."
        problem = CellProblem("error", refusal.code, f"{refusal} {used}")
        # a word that can't be read still says that somebody looked
        speaks = refusal.code in _STILL_SPEAKS or (column.about and column.type == "word")
        return Cell(given=value, text=text, problem=problem, why_not=str(refusal), speaks=speaks)


def _word(column: Column, value: Value, text: str, responses: Mapping[str, str]) -> Cell:
    """The allowed word. In an open list the text as written, with a note; a response among the
    methods or specimens is not used.
    """
    word, listed = values.word(value, column)
    if listed:
        return Cell(given=value, text=text, value=word, speaks=True)
    if column.name in ("method", "specimen") and folded(word) in responses:
        sentence = f"{shown(word)} is a response, not a {column.name}. It is not used."
        problem = CellProblem("error", "word_out_of_place", sentence)
        return Cell(given=value, text=text, problem=problem, why_not=sentence)
    sentence = (
        f"{shown(word)} is not a listed word for {column.name}. It is kept as entered and no "
        "rule uses it."
    )
    # an unread condition may be one that excludes a treatment: `check` must not pass over it
    problem = (
        CellProblem("warning", "word_not_listed", sentence)
        if column.name == "condition"
        else CellProblem("note", "word_not_listed", sentence, "used")
    )
    return Cell(given=value, text=text, value=word, problem=problem, speaks=True)


class ColumnCells(dict[str | None, Cell]):
    """The cells of one column by their text, and apart from these by what is no text."""

    def __init__(
        self, column: Column, decimal: DecimalMark | None, responses: Mapping[str, str]
    ) -> None:
        super().__init__({None: BLANK})
        self.column, self.decimal, self.responses = column, decimal, responses
        # numbers and dates of spreadsheets, by their type too: 1, 1.0 and True are not one value
        self._others: dict[tuple[type, Value], Cell] = {}

    def __missing__(self, text: str | None) -> Cell:
        cell = self[text] = read_cell(self.column, text, self.decimal, self.responses)
        return cell

    def of(self, value: Value) -> Cell:
        if value is None or isinstance(value, str):
            return self[value]
        key = (type(value), value)
        if key not in self._others:
            self._others[key] = read_cell(self.column, value, self.decimal, self.responses)
        return self._others[key]

    def all(self, given: Sequence[Value]) -> list[Cell]:
        """The cells of a whole column."""
        if set(map(type, given)) <= {str, type(None)}:
            return list(map(self.__getitem__, given))  # type: ignore[arg-type]
        return [self.of(value) for value in given]


class RowMaker:
    """Makes the rows of the tidy tables where values are found one by one (FHIR, a mapping)."""

    def __init__(self, tables: TidyTables, decimal: DecimalMark | None) -> None:
        self.tables, self.decimal = tables, decimal
        self._columns: dict[tuple[str, str], ColumnCells] = {}

    def column(self, table: str, name: str) -> ColumnCells:
        """The cells of one column."""
        found = self._columns.get((table, name))
        if found is None:
            responses = self.tables.tables["assessments"].columns["response"].spellings
            column = self.tables.tables[table].columns[name]
            found = self._columns[table, name] = ColumnCells(column, self.decimal, responses)
        return found

    def columns(self, table: str, names: Iterable[str]) -> list[ColumnCells]:
        return [self.column(table, name) for name in names]

    def row(
        self,
        table: str,
        given: Mapping[str, Value],
        source: Source,
        *,
        places: Places | None = None,
        set_aside: Mapping[str, str] | None = None,
        moments: Mapping[str, Moment] | None = None,
        labels: Mapping[str, str] | None = None,
        constants: Collection[str] = (),
        stated: bool = False,
    ) -> Row:
        """One row. `set_aside` gives by column why its cell must not be used; `moments` are days
        that are known otherwise than by the cell, and `labels` what stands there. `constants`,
        `stated`: see `Row`.
        """
        cells = {name: self.column(table, name).of(value) for name, value in given.items()}
        for name, moment in (moments or {}).items():
            cell = cells.get(name, BLANK)
            cells[name] = Cell(
                given=cell.given,
                text=cell.text or (labels or {}).get(name, ""),
                value=moment,
                settled=True,
                speaks=True,
            )
        for name, reason in (set_aside or {}).items():
            cell = cells.get(name, BLANK)
            cells[name] = Cell(
                given=cell.given,
                text=cell.text,
                why_not=reason,
                not_done=cell.not_done,
                denies=cell.denies,
                settled=cell.settled,
                speaks=cell.given is not None and not cell.not_done,
            )
        return Row(
            table,
            cells,
            source,
            self.decimal,
            places,
            constants=frozenset(constants),
            stated=stated,
        )
