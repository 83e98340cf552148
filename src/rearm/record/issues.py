"""Where a value stands in the input, and what was wrong there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, NamedTuple

from rearm.characters import printable

__all__ = ["DOUBTS", "UNREAD_FILES", "Done", "Issue", "IssuePlace", "Severity", "Source"]

Severity = Literal["note", "warning", "error"]
Done = Literal["used", "set_aside", "refused"]
# `row 12`, `row 12, value`, `line 12`, `labs!C7`, `labs!7`
_CELL_PLACE = re.compile(
    r"row (?P<line>[0-9]+)(?:, (?P<header>.*))?"
    r"|line (?P<number>[0-9]+)(?: component [0-9]+)?"
    r"|(?P<sheet>.+)!(?P<column>[A-Z]{1,3})?(?P<row>[0-9]+)"
)
_COLUMN_OF_ROW = re.compile(r"^(row \d+), .*")
_LETTERS_OF_ROW = re.compile(r"^(.*!)[A-Z]{1,3}(\d+)$")
_WORKBOOKS = (".xlsx", ".xlsm")  # a place in them that is no cell is a sheet


@dataclass(frozen=True, slots=True, order=True)
class Source:
    """Where a value stands in the input: `Source("labs.csv", "row 12")`, `Source("cohort.xlsx",
    "visits!C7")`, or a FHIR resource id. What a screen may not show of names that the input gives
    is escaped. Parts that the place does not name are None.

    >>> from rearm.record import Source
    >>> Source("cohort.xlsx", "visits!C7").cell
    ('visits', 7, 'C')
    """

    file: str  # the name of the file
    place: str  # the cell, row, line or resource in it

    def __post_init__(self) -> None:
        # here and nowhere else: a name of a file need not even be text
        if not (self.file.isprintable() and self.place.isprintable()):
            object.__setattr__(self, "file", printable(self.file))
            object.__setattr__(self, "place", printable(self.place))

    def __str__(self) -> str:
        return f"{self.file}: {self.place}" if self.place else self.file

    @property
    def cell(self) -> tuple[str | None, int | None, str | None]:
        """Sheet, number of the row, letters of the column; each None where the place names none."""
        match = _CELL_PLACE.fullmatch(self.place)
        if match is None:
            of_workbook = self.file.lower().endswith(_WORKBOOKS)
            return (self.place or None) if of_workbook else None, None, None
        row = match["line"] or match["number"] or match["row"]
        return match["sheet"], None if row is None else int(row), match["column"]

    @property
    def header(self) -> str | None:
        """The header of the column, where the place itself names it (`row 12, value`)."""
        match = _CELL_PLACE.fullmatch(self.place)
        return None if match is None else match["header"]

    @property
    def row(self) -> tuple[str, str]:
        """File and row (or resource) that a cell belongs to: `row 12, value` and `row 12` are one,
        `labs!C7` and `labs!7` are.
        """
        place = self.place
        if ", " in place:
            place = _COLUMN_OF_ROW.sub(r"\1", place)
        if "!" in place:
            place = _LETTERS_OF_ROW.sub(r"\1\2", place)
        return self.file, place


class IssuePlace(NamedTuple):
    """One of many places of an issue, with its patient, and what stands there; None where the place
    names no patient, column or value.

    >>> from rearm.record import IssuePlace, Source
    >>> str(IssuePlace(Source("labs.csv", "row 12"), "P-1", "value", "n.d.").source)
    'labs.csv: row 12'
    """

    source: Source  # the place in the input
    patient_id: str | None = None  # whose row it is
    column: str | None = None  # the column of the table
    value: str | None = None  # as entered


@dataclass(frozen=True, slots=True)
class Issue:
    """Something wrong or noteworthy in the input, where it stands, and what was done about it.

    `code` is a short stable id (`unit_missing`, `twin_contradiction`); `message` says what and what
    to do; `severity` and `done` are words. `source`: the place; `patient_id`: whose row it is, None
    where it is nobody's. `day`: the latest day of the axis that the message tells of, where it is
    about no single row. `column`: the column of the table that it is about, `value`: what stands
    there; None where it is about no single cell. `places`: each place that it is about, where they
    are many.

    >>> from rearm.intake import read_tables
    >>> row = {"patient_id": "P-1", "day": 3, "test": "creatinine", "value": 1.1}
    >>> [(i.code, i.done) for i in read_tables({"labs": [row]}).all_issues()]
    [('unit_missing', 'set_aside')]
    """

    severity: Severity
    code: str
    source: Source
    message: str
    done: Done
    patient_id: str | None = None
    day: int | None = None
    column: str | None = None
    value: str | None = None
    places: tuple[IssuePlace, ...] = ()


# Issues that doubt a value which is used all the same.
DOUBTS = frozenset(
    {
        "possible_slip",
        "possible_unit_error",
        "value_unusual",
        "light_chains_swapped",
        "igg_below_m_protein",
    }
)

# Issues of files, sheets, folders and lines of which nothing is read, whoever stands in them.
UNREAD_FILES = frozenset(
    {
        "file_unreadable",
        "file_not_read",
        "folder_not_read",
        "table_not_read",
        "bundles_beside_tables",
        "sheets_not_mapped",
        "file_missing",
        "file_cut_short",
        "line_unreadable",
        "export_incomplete",
    }
)
