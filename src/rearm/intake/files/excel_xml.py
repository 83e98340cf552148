"""The XML inside a workbook, read before the workbook is opened: how far its sheets reach, and what
stands in a cell beside its value.

The reader that opens the workbook is compiled code: it looks at no namespaces, holds the whole
rectangle of a sheet in memory, and ends the process where that does not fit. So its extent is
taken here from the same elements, by a parser that refuses what is no XML and declares no
entities. Time and memory grow with the size of a part and with nothing else.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from rearm.intake.files.excel_formats import Display
from rearm.intake.rows import column_letters

__all__ = ["BadWorkbook", "SheetXml", "elements", "local", "sheet_parts", "tree"]

LAST_ROW, LAST_COLUMN = 1_048_576, 16_384  # XFD1048576, the last cell of a sheet
_ADDRESS = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})")
_NUMBER = re.compile(r"[0-9]{1,7}")


class BadWorkbook(ValueError):
    """A workbook that is not opened; `str()` says why, as the end of a sentence on the file."""


@dataclass(slots=True)
class SheetXml:
    """What a sheet holds: its extent, and the cells of which more is to be said than their value.

    `filled`: cells with a stored value and no formula. `errors`: error values by address.
    `uncalculated`: formulas without a stored result. `shown`: cells whose number format shows more
    than the number.
    """

    cells: int = 0
    filled: int = 0
    rows: tuple[int, int] = (LAST_ROW, 0)
    columns: tuple[int, int] = (LAST_COLUMN, 0)
    errors: dict[str, str] = field(default_factory=dict)
    uncalculated: list[str] = field(default_factory=list)
    shown: dict[str, Display] = field(default_factory=dict)

    @property
    def extent(self) -> int:
        """Rows times columns of the rectangle around all cells."""
        if not self.cells:
            return 0
        return (self.rows[1] - self.rows[0] + 1) * (self.columns[1] - self.columns[0] + 1)

    def holds(self, first: tuple[int, int], last: tuple[int, int]) -> bool:
        """Whether the rectangle between two cells (row and column, from 1) lies in that of the
        sheet.
        """
        return (
            self.rows[0] <= first[0] <= last[0] <= self.rows[1]
            and self.columns[0] <= first[1] <= last[1] <= self.columns[1]
        )


@lru_cache(maxsize=1024)
def local(name: str) -> str:
    """The name of an element or attribute without its namespace."""
    return name.rpartition(" ")[2]


def tree(xml: bytes) -> Element:
    """The elements of a small part, with names as `namespace name`. Raises BadWorkbook."""
    builder = TreeBuilder()
    parser = _parser()
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    _parse(parser, xml)
    return builder.close()


def elements(root: Element, name: str) -> Iterator[Element]:
    """The elements of a name, whatever their namespace: the usual and the strict form have
    different ones.
    """
    return (element for element in root.iter() if local(element.tag) == name)


def sheet_parts(archive: zipfile.ZipFile, displays: Mapping[str, Display]) -> dict[str, SheetXml]:
    """Every part of the workbook that is a sheet, by its name. Every XML part is looked at, linked
    or not. Raises BadWorkbook.
    """
    names = [part.filename.lower() for part in archive.infolist()]
    if len(set(names)) < len(names):  # readers differ in which of the two they take
        raise BadWorkbook("contains two parts with the same name")
    sheets = {}
    for part in archive.infolist():
        if part.filename.lower().endswith((".xml", ".rels")):
            try:
                sheet = _Part(displays).read(archive.read(part))
            except BadWorkbook as error:
                raise BadWorkbook(f"{error} ({part.filename})") from None
            if sheet is not None:
                sheets[part.filename] = sheet
    return sheets


def _parser() -> Any:
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.XmlDeclHandler = _refuse_encoding
    return parser


def _refuse_doctype(*_: object) -> None:
    raise BadWorkbook("contains a document type declaration, which no spreadsheet program writes")


def _refuse_encoding(version: str, encoding: str | None, standalone: int) -> None:
    # the compiled reader takes every part for UTF-8, whatever it declares
    if encoding is not None and encoding.upper() not in ("UTF-8", "UTF8", "US-ASCII"):
        raise BadWorkbook(f"contains a part encoded as {encoding[:20]}, not UTF-8")


def _parse(parser: Any, xml: bytes) -> None:
    if xml[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise BadWorkbook("contains a part encoded as UTF-16, not UTF-8")
    try:
        parser.Parse(xml, True)
    except expat.ExpatError as error:
        raise BadWorkbook(f"contains a part that is not valid XML: {error}") from None
    except BadWorkbook:
        raise
    except (LookupError, ValueError) as error:  # an encoding that nobody knows
        raise BadWorkbook(f"contains a part that can't be decoded: {error}") from None


class _Part:
    """One XML part. Rows and cells are counted on where they give no address, as the reader does.

    `value`: the pieces of the stored value of a cell that holds an error or a formula; None where
    none is stored.
    """

    def __init__(self, displays: Mapping[str, Display]) -> None:
        self.displays = displays
        self.sheet = SheetXml()
        self.is_sheet = False
        self.row, self.column = 1, 1
        self.cell: tuple[int, int] | None = None
        self.kind = ""
        self.has_formula = False
        self.value: list[str] | None = None
        self.parser = _parser()
        self.parser.StartElementHandler = self._root

    def read(self, xml: bytes) -> SheetXml | None:
        """The sheet, or None where the part is another."""
        _parse(self.parser, xml)
        return self.sheet if self.is_sheet else None

    def _root(self, name: str, attributes: Mapping[str, str]) -> None:
        self.is_sheet = local(name) == "worksheet"
        self.parser.StartElementHandler = self._start if self.is_sheet else None
        self.parser.EndElementHandler = self._end if self.is_sheet else None

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        element = local(name)
        if element == "c":
            self._cell(attributes)
        elif element == "row":
            given = attributes.get("r", "1")
            if not _NUMBER.fullmatch(given) or not 1 <= int(given) <= LAST_ROW:
                raise BadWorkbook(_NO_CELL)
            self.row = int(given) if "r" in attributes else self.row
        elif element == "f":
            self.has_formula = True
        elif element == "is":
            self.sheet.filled += 1
        elif element == "v":
            if self.has_formula or self.kind == "e":
                self.value = []
                self.parser.CharacterDataHandler = self.value.append
            self.sheet.filled += not self.has_formula

    def _cell(self, attributes: Mapping[str, str]) -> None:
        sheet = self.sheet
        given = attributes.get("r")
        row, column = (self.row, self.column) if given is None else _place(given)
        if row > LAST_ROW or column > LAST_COLUMN:
            raise BadWorkbook(_NO_CELL)
        self.column = column + 1
        sheet.cells += 1
        low, high = sheet.rows
        if row < low or row > high:
            sheet.rows = (min(low, row), max(high, row))
        low, high = sheet.columns
        if column < low or column > high:
            sheet.columns = (min(low, column), max(high, column))
        self.cell, self.kind, self.has_formula = (row, column), attributes.get("t", ""), False
        if self.displays and (display := self.displays.get(attributes.get("s", ""))) is not None:
            sheet.shown[_address(row, column)] = display

    def _end(self, name: str) -> None:
        element = local(name)
        if element == "v":
            self.parser.CharacterDataHandler = None
        elif element == "c":
            if self.cell is not None and (self.has_formula or self.kind == "e"):
                self._without_value(self.cell)
            self.cell, self.value = None, None
        elif element == "row":
            self.row, self.column = self.row + 1, 1

    def _without_value(self, cell: tuple[int, int]) -> None:
        text = "".join(self.value or ())
        if self.kind == "e" and text:
            self.sheet.errors[_address(*cell)] = text
            return
        # an empty text that was calculated, as of IF(...; ""), is a value
        calculated = text.strip() or (self.kind == "str" and self.value is not None)
        if self.has_formula and not calculated:
            self.sheet.uncalculated.append(_address(*cell))


_NO_CELL = "refers to a cell beyond the last possible one, XFD1048576"


def _address(row: int, column: int) -> str:
    return f"{column_letters(column - 1)}{row}"


def _place(address: str) -> tuple[int, int]:
    """Row and column, from 1. Raises BadWorkbook where no sheet has such a cell."""
    match = _ADDRESS.fullmatch(address)
    if match is None:
        raise BadWorkbook(_NO_CELL)
    row, column = int(match[2]), _column(match[1])
    if not (1 <= row <= LAST_ROW and column <= LAST_COLUMN):
        raise BadWorkbook(_NO_CELL)
    return row, column


@cache
def _column(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number
