"""The sheets that a mapping names, opened: header, patients' ids, cells with their true places."""

from __future__ import annotations

import fnmatch
import re
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from rearm.intake.dictionary import folded, nearest
from rearm.intake.errors import InputError
from rearm.intake.files.read import read_grids, table_files
from rearm.intake.mapping.model import DayPlace, Mapping, Reduce, SheetSpec
from rearm.intake.rows import Grid, Value
from rearm.intake.values import Refused, number, shown, text
from rearm.record import Issue, Source

__all__ = ["Flag", "Sheet", "Sheets", "open_sheets"]


@dataclass(frozen=True, slots=True)
class Flag:
    """Why a cell must not be used; `span` are the days between which the truth lies, where a day is
    in doubt.
    """

    reason: str
    span: tuple[int, int] | None = None


@dataclass(slots=True)
class Line:
    """One row of a sheet under its header."""

    index: int
    patient: str
    cells: list[Value]


@dataclass(slots=True)
class Sheet:
    """A sheet with its header (column index by header text) and the lines that name a patient."""

    spec: SheetSpec
    grid: Grid
    headers: dict[str, int]
    twice: set[str] = field(default_factory=set)
    lines: list[Line] = field(default_factory=list)
    sources: dict[int, Source] = field(default_factory=dict)  # of lines that stand for several rows
    flags: dict[tuple[int, int], Flag] = field(default_factory=dict)  # by line index and column
    used: set[int] = field(default_factory=set)

    def column(self, name: str, *, asked_by: str) -> int:
        """Index of a named column. Raises InputError with the nearest names where there is none."""
        header = _header(name)
        if header in self.twice:
            raise InputError(
                f"The mapping reads the column {shown(name)} of {self.place}, which stands there"
                " twice. Rename one of them in the table."
            )
        if header not in self.headers:
            raise InputError(
                f"The mapping ({asked_by}) names the column {shown(name)}, which {self.place} does"
                f" not have; the nearest are {nearest(header, self.headers)}."
            )
        self.used.add(self.headers[header])
        return self.headers[header]

    def matching(self, pattern: str, *, asked_by: str) -> list[tuple[int, re.Match[str]]]:
        """Columns whose header matches the whole pattern. Raises InputError where none does."""
        found = [
            (i, m) for header, i in self.headers.items() if (m := re.fullmatch(pattern, header))
        ]
        if not found:
            raise InputError(
                f"The mapping ({asked_by}) looks for columns like {pattern!r}, but {self.place} has"
                f" none; it has {nearest(pattern, self.headers)} ..."
            )
        self.used.update(i for i, _ in found)
        return found

    def source(self, line: Line, column: int | None) -> Source:
        if line.index in self.sources:
            return self.sources[line.index]
        if column is None:
            return self.grid.row_source(line.index)
        return self.grid.cell_source(
            line.index, column, next((h for h, i in self.headers.items() if i == column), "")
        )

    @property
    def place(self) -> str:
        return (
            f"the sheet {self.spec.sheet} of {self.grid.file}"
            if self.spec.sheet
            else self.grid.file
        )


@dataclass(slots=True)
class Sheets:
    """All sheets of a mapping by name; what was noteworthy in opening them; the files read."""

    by_name: dict[str, Sheet]
    issues: list[Issue]
    files: tuple[str, ...]

    def day_cells(self, place: DayPlace) -> dict[str, list[tuple[int, Sheet, Line, int]]]:
        """By patient: each day that a sheet states in a column, with the cell."""
        found: dict[str, list[tuple[int, Sheet, Line, int]]] = defaultdict(list)
        sheet = self.by_name.get(place.sheet)
        if sheet is None:
            return found
        column = sheet.column(place.column, asked_by=f"days in {place.sheet}")
        where = {
            sheet.column(c, asked_by=f"where in {place.sheet}"): folded(text(v))
            for c, v in place.where.items()
        }
        for line in sheet.lines:
            value = line.cells[column] if column < len(line.cells) else None
            if value is None or any(folded(text(line.cells[c])) != w for c, w in where.items()):
                continue
            try:
                day = number(value, decimal=sheet.grid.decimal)
            except Refused:
                continue  # said where the cell is read as a value
            if day.is_integer():
                found[line.patient].append(
                    (int(-day if place.negate else day), sheet, line, column)
                )
        return found


def open_sheets(source: Path, mapping: Mapping) -> Sheets:
    """The sheets that the mapping names, found beside or in `source`.

    Raises InputError where a file, a sheet or the column of ids is missing, with the nearest names.
    """
    files = _files(source, mapping)
    issues: list[Issue] = []
    grids: dict[str, list[Grid]] = {}
    for key, path in files.items():
        grids[key], notes = read_grids(path)
        issues.extend(notes)
    sheets: dict[str, Sheet] = {}
    for spec in mapping.sheet:
        if (sheet := _sheet(spec, grids, issues)) is not None:
            sheets[spec.name] = sheet
    for key, found in grids.items():
        named = {spec.sheet for spec in mapping.sheet if spec.file == key}
        left = [g.sheet for g in found if g.sheet is not None and g.sheet not in named]
        if left:
            issues.append(
                Issue(
                    "note",
                    "sheets_not_mapped",
                    Source(files[key].name, ""),
                    f"The mapping does not read these sheets: {', '.join(left)}.",
                    "set_aside",
                )
            )
    if not sheets:
        raise InputError(f"None of the sheets of the mapping is in {source.name}.")
    return Sheets(sheets, issues, tuple(path.name for path in files.values()))


def _files(source: Path, mapping: Mapping) -> dict[str, Path]:
    folder = source if source.is_dir() else source.parent
    names = [f.name for f in table_files(folder)]
    if source.is_file() and not any(
        fnmatch.fnmatch(source.name, spec.pattern) for spec in mapping.files.values()
    ):
        raise InputError(
            f"{source.name} fits no file of the mapping"
            f" ({', '.join(s.pattern for s in mapping.files.values())})."
        )
    found: dict[str, Path] = {}
    for key, spec in mapping.files.items():
        matching = fnmatch.filter(names, spec.pattern)
        if source.is_file() and source.name in matching:
            matching = [source.name]
        if len(matching) > 1:
            raise InputError(
                f"The mapping's file {key} ({spec.pattern}) fits several files in"
                f" {folder.name or '.'}: {', '.join(matching)}. Name one of them, or give the file"
                " itself."
            )
        if matching:
            found[key] = folder / matching[0]
        elif not spec.optional:
            raise InputError(
                f"The mapping's file {key} ({spec.pattern}) is not in {folder.name or '.'}; there"
                f" are: {', '.join(names) or 'no tables'}."
            )
    return found


def _sheet(spec: SheetSpec, grids: dict[str, list[Grid]], issues: list[Issue]) -> Sheet | None:
    if spec.file not in grids:
        return None
    found = [g for g in grids[spec.file] if spec.sheet is None or g.sheet == spec.sheet]
    if not found and spec.optional:
        return None
    if not found:
        there = [g.sheet or "" for g in grids[spec.file]]
        raise InputError(
            f"The mapping names the sheet {spec.sheet!r}, which is not in the workbook; the nearest"
            f" are {nearest(spec.sheet or '', there)}."
        )
    grid = found[0]
    header = spec.header_row - grid.first_row
    if not 0 <= header < len(grid.rows):
        raise InputError(
            f"The mapping says that the header of {spec.name} stands in row {spec.header_row}, but"
            f" the cells go from row {grid.first_row} to {grid.first_row + len(grid.rows) - 1}."
        )
    headers: dict[str, int] = {}
    twice: set[str] = set()
    for index, cell in enumerate(grid.rows[header]):
        if cell is not None:
            name = _header(text(cell))
            twice.add(name) if name in headers else headers.setdefault(name, index)
    sheet = Sheet(spec, grid, headers, twice)
    if spec.reduce is not None:
        sheet = _reduced(sheet, header, spec.reduce, issues)
        header = 0
    _read_lines(sheet, header, issues)
    return sheet


def _read_lines(sheet: Sheet, header: int, issues: list[Issue]) -> None:
    spec = sheet.spec
    column = sheet.column(spec.id, asked_by=f"id of {spec.name}")
    for index in range(header + 1, len(sheet.grid.rows)):
        cells = sheet.grid.rows[index]
        given = text(cells[column]) if column < len(cells) else ""
        match = re.fullmatch(spec.id_pattern, given) if spec.id_pattern else None
        patient = (
            (match[1] if match.re.groups else match[0])
            if match
            else ("" if spec.id_pattern else given)
        )
        if patient:
            sheet.lines.append(Line(index, patient, cells))
        elif any(c is not None for c in cells):
            why = (
                f"The id {shown(given)} does not fit the mapping's id_pattern"
                if given
                else "The row names no patient"
            )
            issues.append(
                Issue(
                    "error",
                    "patient_id_missing",
                    sheet.grid.cell_source(index, column, spec.id),
                    f"{why}; the row is not read.",
                    "refused",
                )
            )


def _reduced(sheet: Sheet, header: int, spec: Reduce, issues: list[Issue]) -> Sheet:
    """A sheet with one line for each group: the columns `by`, then `percent` and `count`."""
    asked = f"reduce in {sheet.spec.name}"
    by = [sheet.column(c, asked_by=asked) for c in spec.by]
    value = sheet.column(spec.column, asked_by=asked)
    where = {sheet.column(c, asked_by=asked): folded(text(v)) for c, v in spec.where.items()}
    groups: dict[tuple[str, ...], list[tuple[int, bool]]] = defaultdict(list)
    unread: list[int] = []
    for index in range(header + 1, len(sheet.grid.rows)):
        cells = sheet.grid.rows[index]
        if len(cells) <= max([value, *by, *where]) or any(
            folded(text(cells[c])) != w for c, w in where.items()
        ):
            continue
        try:
            above = number(cells[value], decimal=sheet.grid.decimal) > spec.percent_above
        except Refused:
            unread.append(index)
            continue
        groups[tuple(text(cells[c]) for c in by)].append((index, above))
    if unread:
        issues.append(
            Issue(
                "warning",
                "rows_not_counted",
                sheet.grid.cell_source(unread[0], value, spec.column),
                f"{len(unread)} rows hold no number in {spec.column} and are not counted; the first"
                " is named here.",
                "set_aside",
            )
        )
    rows: list[list[Value]] = [[*spec.by, "percent", "count"]]
    reduced = Sheet(
        sheet.spec,
        Grid(sheet.grid.file, sheet.grid.sheet, rows),
        {name: i for i, name in enumerate([*map(_header, spec.by), "percent", "count"])},
    )
    for key, members in groups.items():
        first, last = (sheet.grid.first_row + members[i][0] for i in (0, -1))
        reduced.sources[len(rows)] = Source(
            sheet.grid.file, f"rows {first} to {last} ({len(members)} rows)"
        )
        rows.append([*key, 100 * sum(above for _, above in members) / len(members), len(members)])
    return reduced


def _header(name: str) -> str:
    return " ".join(name.split())
