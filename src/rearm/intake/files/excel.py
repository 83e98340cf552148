"""Excel workbooks, opened only after their unzipped size and extent are bounded; cells keep their
true addresses.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from python_calamine import CalamineWorkbook

from rearm.errors import InputError
from rearm.intake.files.excel_formats import Display, cells_shown_otherwise, displays, show
from rearm.intake.issues import issue_at
from rearm.intake.rows import CellProblem, Grid, Value, decimal_mark
from rearm.record import Issue, Source

__all__ = ["read_workbook"]

MAX_UNZIPPED = 100 * 1024 * 1024
MAX_RATIO = 100
_SMALL_PART = 64 * 1024  # a part of this size is no bomb, however well it packs
MAX_CELLS = 20_000_000  # rows times columns; the reader holds the whole rectangle in memory

_CELL = re.compile(rb'<(?:\w+:)?c\s[^>]*?\br="([A-Z]{1,3})([0-9]{1,7})"')
# A cell whose shown value the file does not hold: an error, or a formula that was never calculated.
_ERROR_CELL = re.compile(
    rb'<(?:\w+:)?c\s[^>]*?\br="([A-Z]{1,3}[0-9]{1,7})"[^>]*?\bt="e"[^>]*>(?:<f[^>]*?(?:/>|>[^<]*</f>))?\s*<v>([^<]*)</v>'
)
_EMPTY_FORMULA = re.compile(
    rb'<(?:\w+:)?c\s[^>]*?\br="([A-Z]{1,3}[0-9]{1,7})"[^>]*>\s*<f\b(?:[^>]*/>|[^>]*[^/]?>[^<]*</f>)\s*(?:<v\s*/>|<v></v>)?\s*</(?:\w+:)?c>'
)
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


@dataclass(frozen=True, slots=True)
class _Blank:
    address: str
    why: str


@dataclass(frozen=True, slots=True)
class _Inspected:
    blanks: list[_Blank]
    shown: dict[str, Display]


def read_workbook(path: Path) -> tuple[list[Grid], list[Issue]]:
    """All sheets that hold cells, and an issue for each cell whose value the file does not hold.

    Raises InputError with a sentence for what is no workbook, is truncated, or unpacks to more than
    100 MiB or 100 times its size.
    """
    inspected = _inspect(path)
    try:
        workbook = CalamineWorkbook.from_path(str(path))
        grids = list(_grids(workbook, path.name))
    except (KeyboardInterrupt, SystemExit):
        raise
    except (
        BaseException
    ) as error:  # the reader is compiled code; its panics do not derive from Exception
        raise InputError(
            f"{path.name} can't be read as an Excel workbook ({error}). Open it in a spreadsheet"
            " program and save it again as .xlsx."
        ) from None
    issues = [
        issue_at(
            Source(path.name, f"{sheet}!{blank.address}"),
            CellProblem("warning", "cell_without_value", blank.why),
        )
        for sheet, found in inspected.items()
        for blank in found.blanks
    ]
    for grid in grids:
        number = show(grid, inspected[grid.sheet].shown) if grid.sheet in inspected else 0
        if number:
            sentence = (
                f"{number} numbers have a format that shows a percent sign, a comparator or a unit;"
                " they are read as they are shown."
            )
            problem = CellProblem("note", "number_format", sentence, "used")
            issues.append(issue_at(Source(path.name, grid.sheet or ""), problem))
    return grids, issues


def _grids(workbook: CalamineWorkbook, file: str) -> Iterator[Grid]:
    for name in workbook.sheet_names:
        sheet = workbook.get_sheet_by_name(name)
        if sheet.start is None:
            continue
        row, column = sheet.start
        rows: list[list[Value]] = [
            [None if v == "" else v for v in r] for r in sheet.to_python(skip_empty_area=True)
        ]
        yield Grid(
            file, name, rows, first_row=row + 1, first_column=column, decimal=decimal_mark(rows)
        )


def _inspect(path: Path) -> dict[str, _Inspected]:
    """Bounds of the file before it is opened for good; by sheet the cells without a value and those
    that show more than their number.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _bound(archive, path)
            known = displays(
                archive.read("xl/styles.xml") if "xl/styles.xml" in archive.namelist() else None
            )
            sheets = [(name, archive.read(part)) for name, part in _sheets(archive, path)]
            return {
                name: _Inspected(_scan(xml, path, name), cells_shown_otherwise(xml, known))
                for name, xml in sheets
            }
    except InputError:
        raise
    except OSError as error:
        raise InputError(f"{path.name} can't be read: {error.strerror or error}.") from error
    except (
        zipfile.BadZipFile,
        EOFError,
        KeyError,
        NotImplementedError,
        RuntimeError,
        ValueError,
        zlib.error,
    ) as error:
        raise InputError(
            f"{path.name} is damaged or truncated ({error}). Export or download it again."
        ) from error
    except ElementTree.ParseError as error:
        raise InputError(
            f"{path.name} is damaged: its sheets or formats can't be read ({error}). Save it again"
            " as .xlsx."
        ) from error


def _bound(archive: zipfile.ZipFile, path: Path) -> None:
    parts = archive.infolist()
    total = sum(p.file_size for p in parts)
    if total > MAX_UNZIPPED:
        raise InputError(
            f"{path.name} unpacks to {total / 2**20:.0f} MiB; workbooks are read up to"
            f" {MAX_UNZIPPED // 2**20} MiB. Save the sheets as CSV files instead."
        )
    for part in parts:
        if part.flag_bits & 1:
            raise InputError(f"{path.name} is encrypted. Save it without a password.")
        if part.file_size > _SMALL_PART and part.file_size > MAX_RATIO * max(part.compress_size, 1):
            raise InputError(
                f"{path.name} unpacks to more than {MAX_RATIO} times its size, which no table does."
                " It is not opened."
            )
    if total > _SMALL_PART * 16 and total > MAX_RATIO * max(path.stat().st_size, 1):
        raise InputError(
            f"{path.name} unpacks to more than {MAX_RATIO} times its size, which no table does. It"
            " is not opened."
        )
    for part in parts:
        if part.filename.endswith((".xml", ".rels")):
            head = archive.read(part)
            if (
                b"<!DOCTYPE" in head
                or b"<!ENTITY" in head
                or head[:2] in (b"\xff\xfe", b"\xfe\xff")
            ):
                raise InputError(
                    f"{path.name} holds a document type declaration ({part.filename}), which no"
                    " spreadsheet program writes. It is not opened."
                )


def _sheets(archive: zipfile.ZipFile, path: Path) -> Iterator[tuple[str, str]]:
    names = set(archive.namelist())
    if "xl/workbook.xml" not in names:
        raise InputError(
            f"{path.name} is not an Excel workbook (.xlsx). Save it as .xlsx, or give CSV files."
        )
    links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    targets = {link.get("Id"): link.get("Target", "") for link in links}
    for sheet in ElementTree.fromstring(archive.read("xl/workbook.xml")).iter(f"{_MAIN}sheet"):
        target = targets.get(sheet.get(_LINK), "")
        part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        if part in names:
            yield sheet.get("name", ""), part


def _scan(xml: bytes, path: Path, sheet: str) -> list[_Blank]:
    columns: set[bytes] = set()
    last_row = 0
    first_row = 1 << 30
    for match in _CELL.finditer(xml):
        columns.add(match[1])
        row = int(match[2])
        last_row, first_row = max(last_row, row), min(first_row, row)
    if columns:
        numbers = [_column_number(c) for c in columns]
        extent = (max(numbers) - min(numbers) + 1) * (last_row - first_row + 1)
        if extent > MAX_CELLS:
            raise InputError(
                f"{path.name}: the sheet {sheet} spans {extent:,} cells, most of them empty. Delete"
                " the stray cells far from the table and save again."
            )
    blanks = [
        _Blank(
            m[1].decode(),
            f"The cell holds the error {m[2].decode('utf-8', 'replace')} and no value; it is"
            " treated as empty.",
        )
        for m in _ERROR_CELL.finditer(xml)
    ]
    blanks += [
        _Blank(
            m[1].decode(),
            "The cell holds a formula without a stored result; open and save the file in a"
            " spreadsheet program. It is treated as empty.",
        )
        for m in _EMPTY_FORMULA.finditer(xml)
    ]
    return blanks


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
