"""Excel workbooks, opened only after their unzipped size and extent are bounded; cells keep their
true addresses.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from python_calamine import CalamineWorkbook

from rearm.errors import InputError
from rearm.intake.files.excel_formats import Display, displays, show
from rearm.intake.files.excel_xml import BadWorkbook, SheetXml, elements, sheet_parts, tree
from rearm.intake.issues import issue_at
from rearm.intake.rows import CellProblem, Grid, Value, decimal_mark
from rearm.record import Issue, Source

__all__ = ["read_workbook"]

MAX_UNZIPPED = 100 * 1024 * 1024
MAX_RATIO = 100
_SMALL_PART = 64 * 1024  # a part of this size is no bomb, however well it packs
# rows times columns of all sheets; the reader holds the whole rectangles in memory, some 60 bytes a
# cell. A small file that spans much is no table: what it may span grows with what it holds.
MAX_CELLS = 20_000_000
SPARE_CELLS = 600_000
_LONGEST_FORMAT = 255  # characters, as spreadsheet programs allow
MAX_EXTENT_OF_CELL = 20


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
    _agree(grids, inspected, path)
    issues = [
        issue_at(
            Source(path.name, f"{sheet}!{address}"),
            CellProblem("warning", "cell_without_value", why),
            value=error,
        )
        for sheet, found in inspected.items()
        for address, error, why in _without_value(found)
    ]
    for grid in grids:
        number = show(grid, inspected[grid.sheet or ""].shown)
        if number:
            sentence = (
                f"{number} numbers have a format that shows a percent sign, a comparator, a "
                "unit or leading zeros. They are read as displayed."
            )
            problem = CellProblem("note", "number_format", sentence, "used")
            issues.append(issue_at(Source(path.name, grid.sheet or ""), problem))
    return grids, issues


def _agree(grids: Sequence[Grid], inspected: Mapping[str, SheetXml], path: Path) -> None:
    """Two readers saw the file; where one saw cells that the other did not, nobody knows what it
    holds.
    """
    missed = {name for name, sheet in inspected.items() if sheet.filled}
    for grid in grids:
        missed.discard(grid.sheet or "")
        sheet = inspected.get(grid.sheet or "")
        first = (grid.first_row, grid.first_column + 1)
        last = (
            grid.first_row + len(grid.rows) - 1,
            grid.first_column + max(map(len, grid.rows), default=0),
        )
        if sheet is None or not sheet.holds(first, last):
            missed.add(grid.sheet or "")
    if missed:
        raise InputError(
            f"{path.name}: the sheet {min(missed)} can be read in two ways. Open the file in a"
            " spreadsheet program and save it again as .xlsx."
        )


def _without_value(sheet: SheetXml) -> Iterator[tuple[str, str | None, str]]:
    """Cells whose shown value the file does not hold: address, what stands there, a sentence."""
    for address, error in sheet.errors.items():
        yield (
            address,
            error,
            f"The cell contains the error {error}. It is treated as empty.",
        )
    for address in sheet.uncalculated:
        yield (
            address,
            None,
            "The cell contains a formula without a stored result. It is treated as empty. Open "
            "and save the file in a spreadsheet program.",
        )


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


def _inspect(path: Path) -> dict[str, SheetXml]:
    """The sheets by name, after the bounds of the file are held, before it is opened for good."""
    try:
        with zipfile.ZipFile(path) as archive:
            _bound(archive, path)
            return _sheets(archive, path)
    except InputError:
        raise
    except OSError as error:
        raise InputError(f"{path.name} can't be read: {error.strerror or error}.") from error
    except BadWorkbook as error:
        raise InputError(
            f"{path.name} {error}. It is not opened. Save it again as .xlsx."
        ) from error
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


def _bound(archive: zipfile.ZipFile, path: Path) -> None:
    parts = archive.infolist()
    total = sum(p.file_size for p in parts)
    if total > MAX_UNZIPPED:
        raise InputError(
            f"{path.name} unpacks to {total / 2**20:.0f} MiB, and workbooks are read up to "
            f"{MAX_UNZIPPED // 2**20} MiB. Save the sheets as CSV files instead."
        )
    for part in parts:
        if part.flag_bits & 1:
            raise InputError(f"{path.name} is encrypted. Save it without a password.")
        if part.file_size > _SMALL_PART and part.file_size > MAX_RATIO * max(part.compress_size, 1):
            raise InputError(
                f"{path.name} unpacks to more than {MAX_RATIO} times its size, which no real "
                "table does. It is not opened."
            )
    if total > _SMALL_PART * 16 and total > MAX_RATIO * max(path.stat().st_size, 1):
        raise InputError(
            f"{path.name} unpacks to more than {MAX_RATIO} times its size, which no real table "
            "does. It is not opened."
        )


def _sheets(archive: zipfile.ZipFile, path: Path) -> dict[str, SheetXml]:
    names = set(archive.namelist())
    if "xl/workbook.xml" not in names:
        raise InputError(f"{path.name} is not an Excel workbook (.xlsx). Save it as .xlsx or CSV.")
    parts = sheet_parts(archive, _displays(archive))
    _hold_extent(parts, path)
    links = {
        link.get("Id"): link.get("Target", "")
        for link in tree(archive.read("xl/_rels/workbook.xml.rels"))
    }
    sheets: dict[str, SheetXml] = {}
    for sheet in elements(tree(archive.read("xl/workbook.xml")), "sheet"):
        link = next((value for name, value in sheet.attrib.items() if name.endswith(" id")), None)
        part, name = _part_of(links.get(link, "")), sheet.get("name", "")
        if name in sheets:
            raise BadWorkbook("contains two sheets with the same name")
        if not part.endswith(".xml"):
            raise BadWorkbook("stores a sheet in a part not named as XML")
        if part in parts:  # else it is no sheet of cells, as a chart
            sheets[name] = parts[part]
    return sheets


def _part_of(target: str) -> str:
    """The part that a link names: from the root of the file, or from the folder `xl`."""
    return target.lstrip("/") if target.startswith(("/", "xl/")) else f"xl/{target}"


def _displays(archive: zipfile.ZipFile) -> Mapping[str, Display]:
    if "xl/styles.xml" not in archive.namelist():
        return {}
    styles = tree(archive.read("xl/styles.xml"))
    codes = {x.get("numFmtId", ""): x.get("formatCode", "") for x in elements(styles, "numFmt")}
    if any(len(code) > _LONGEST_FORMAT for code in codes.values()):  # every cell would repeat it
        raise BadWorkbook("contains a number format too long for any spreadsheet program")
    of_cells = [style for styles_ in elements(styles, "cellXfs") for style in styles_]
    return displays(codes, [style.get("numFmtId", "") for style in of_cells])


def _hold_extent(parts: Mapping[str, SheetXml], path: Path) -> None:
    extent = sum(sheet.extent for sheet in parts.values())
    cells = sum(sheet.cells for sheet in parts.values())
    if extent > min(MAX_CELLS, SPARE_CELLS + MAX_EXTENT_OF_CELL * cells):
        raise InputError(
            f"{path.name} spans {extent:,} cells but only {cells:,} are filled. Delete the "
            "stray cells far from the tables and save again."
        )
