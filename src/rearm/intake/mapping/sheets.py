"""The sheets that a mapping names, opened: header, patients' ids, cells with their true places."""

from __future__ import annotations

import fnmatch
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rearm.errors import InputError
from rearm.intake.dictionary import nearest
from rearm.intake.files.read import read_grids, table_files
from rearm.intake.files.unread import ignored
from rearm.intake.issues import issue_at, place_at
from rearm.intake.mapping.header_names import column_names, numbered, spaced
from rearm.intake.mapping.model import DayPlace, Mapping, Reduce, SheetSpec
from rearm.intake.rows import CellProblem, Grid, Value, column_letters
from rearm.intake.values import Refused, number, shown, text
from rearm.knowledge.tidy_tables import folded
from rearm.record import Issue, IssuePlace, Source

__all__ = [
    "CellFlag",
    "DayCell",
    "MappedSheet",
    "MappedSheets",
    "SheetLine",
    "SheetRefused",
    "open_sheets",
]

_IDS_SHOWN = 5  # in a sentence


class SheetRefused(InputError):
    """A sheet that can't be read as it is; `sheet` is its name in the mapping."""

    def __init__(self, sheet: str, sentence: str) -> None:
        super().__init__(sentence)
        self.sheet = sheet


@dataclass(frozen=True, slots=True)
class CellFlag:
    """Why a cell must not be used; `span` are the days between which the truth lies, where a day is
    in doubt.
    """

    reason: str
    span: tuple[int, int] | None = None


@dataclass(slots=True)
class SheetLine:
    """One row of a sheet under its header."""

    index: int
    patient: str
    cells: list[Value]


@dataclass(slots=True, kw_only=True)
class MappedSheet:
    """A sheet with its header (column index by header text) and the lines that name a patient."""

    spec: SheetSpec
    grid: Grid
    headers: dict[str, int]
    twice: set[str] = field(default_factory=set)
    header_row: int = 0  # as the grid counts, from 0
    names: list[str | None] = field(default_factory=list)  # of all columns, those twice too
    lines: list[SheetLine] = field(default_factory=list)
    sources: dict[int, Source] = field(default_factory=dict)  # of lines that stand for several rows
    flags: dict[tuple[int, int], CellFlag] = field(default_factory=dict)  # by line index and column
    used: set[int] = field(default_factory=set)
    _by_column: dict[int, str] = field(default_factory=dict)

    def column(self, name: str, *, asked_by: str) -> int:
        """Index of a named column. Raises InputError with the nearest names where there is none,
        SheetRefused where there are two.
        """
        header = spaced(name)
        if header in self.twice:
            raise SheetRefused(
                self.spec.name,
                f"The mapping reads the column {shown(name)} of {self.place}, which appears "
                "there twice. Rename one of them in the table.",
            )
        if header not in self.headers:
            raise InputError(
                f"The mapping ({asked_by}) names the column {shown(name)}, which {self.place} does"
                f" not have; the nearest are {nearest(header, self.headers)}."
            )
        self.used.add(self.headers[header])
        return self.headers[header]

    def has(self, name: str) -> bool:
        """Whether there is a column of that name, be it that it stands twice."""
        header = spaced(name)
        return header in self.headers or header in self.twice

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

    @property
    def width(self) -> int:
        """How many columns there are, with a header or without."""
        return max(map(len, self.grid.rows), default=0)

    def holds_cells(self, column: int) -> bool:
        """Whether anything stands in a column, in a line of a patient."""
        return any(
            column < len(line.cells) and line.cells[column] is not None for line in self.lines
        )

    @property
    def headers_by_place(self) -> dict[str, str]:
        """The headers by the letters of their columns, as places name them; of a CSV file they name
        the headers themselves.
        """
        first = self.grid.first_column
        return {column_letters(first + index): header for header, index in self.headers.items()}

    def name_of(self, column: int) -> str:
        """The header of a column, be it one that stands twice; without one its letters."""
        name = self.names[column] if column < len(self.names) else None
        return name or column_letters(self.grid.first_column + column)

    def header_source(self, column: int) -> Source:
        """The place of a column's header."""
        header = self.header_names.get(column, "")
        return self.grid.cell_source(self.header_row, column, header)

    @property
    def header_names(self) -> dict[int, str]:
        """The headers by their columns."""
        if not self._by_column:
            self._by_column.update({index: header for header, index in self.headers.items()})
        return self._by_column

    def source(self, line: SheetLine, column: int | None) -> Source:
        """The place of a cell, or of the whole line."""
        if line.index in self.sources:
            return self.sources[line.index]
        if column is None:
            return self.grid.row_source(line.index)
        return self.grid.cell_source(line.index, column, self.header_names.get(column, ""))

    @property
    def place(self) -> str:
        return (
            f"the sheet {self.spec.sheet} of {self.grid.file}"
            if self.spec.sheet
            else self.grid.file
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCell:
    """A day that a cell states."""

    day: int
    sheet: MappedSheet
    line: SheetLine
    column: int

    @property
    def source(self) -> Source:
        return self.sheet.source(self.line, self.column)


@dataclass(slots=True)
class MappedSheets:
    """All sheets of a mapping by name; what was noteworthy in opening them; the files read."""

    by_name: dict[str, MappedSheet]
    issues: list[Issue]
    files: tuple[str, ...]

    def day_cells(self, place: DayPlace) -> dict[str, list[DayCell]]:
        """By patient: each day that a sheet states in a column, with the cell."""
        stated: dict[str, list[DayCell]] = defaultdict(list)
        sheet = self.by_name.get(place.sheet)
        if sheet is None:
            return stated
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
                day = -day if place.negate else day
                cell = DayCell(day=int(day), sheet=sheet, line=line, column=column)
                stated[line.patient].append(cell)
        return stated


def open_sheets(
    source: Path, mapping: Mapping, refused_sheets: Sequence[SheetRefused] = ()
) -> MappedSheets:
    """The sheets that the mapping names, found beside or in `source`, but for those that are
    refused.

    Raises InputError where a file, a sheet or the column of ids is missing, with the nearest names;
    SheetRefused where the column of ids stands twice.
    """
    files = _files(source, mapping)
    issues: list[Issue] = []
    grids: dict[str, list[Grid]] = {}
    refused: list[InputError] = []
    for key, path in files.items():
        try:
            grids[key], notes = read_grids(path)
        except InputError as error:
            refused.append(error)
            sentence = f"{error} It is not read; the others are."
            problem = CellProblem("error", "file_unreadable", sentence, "refused")
            issues.append(issue_at(Source(path.name, ""), problem))
            continue
        issues.extend(notes)
    if refused and not grids:
        raise refused[0]
    sheets: dict[str, MappedSheet] = {}
    left_out = {error.sheet: error for error in refused_sheets}
    for spec in mapping.sheet:
        if (why := left_out.get(spec.name)) is not None:
            refused.append(why)
            problem = CellProblem(
                "error",
                "file_unreadable",
                f"{why} The table is not read; the others are.",
                "refused",
            )
            issues.append(issue_at(Source(files[spec.file].name, spec.sheet or ""), problem))
        elif (sheet := _sheet(spec, grids, issues)) is not None:
            sheets[spec.name] = sheet
    for key, found in grids.items():
        issues.extend(_sheets_left(files[key].name, found, key, mapping))
    if not sheets:
        raise (
            refused[0]
            if refused
            else InputError(f"{source.name} contains none of the sheets of the mapping.")
        )
    return MappedSheets(sheets, issues, tuple(path.name for path in files.values()))


def _sheets_left(file: str, grids: list[Grid], key: str, mapping: Mapping) -> Iterator[Issue]:
    """An issue for each sheet that holds cells and is neither read nor left out on purpose."""
    named = {spec.sheet for spec in mapping.sheet if spec.file == key}
    for grid in grids:
        if grid.sheet is None or grid.sheet in named or ignored(grid.sheet, mapping.ignore):
            continue
        sentence = (
            f"The mapping does not read the sheet {grid.sheet}. Map it, or add it to ignore at "
            "the top of the mapping."
        )
        problem = CellProblem("warning", "sheets_not_mapped", sentence)
        yield issue_at(Source(file, grid.sheet), problem)


def _files(source: Path, mapping: Mapping) -> dict[str, Path]:
    folder = source if source.is_dir() else source.parent
    names = [f.name for f in table_files(folder)]
    if source.is_file() and not any(
        fnmatch.fnmatch(source.name, spec.pattern) for spec in mapping.files.values()
    ):
        raise InputError(
            f"{source.name} matches no file of the mapping "
            f"({', '.join(s.pattern for s in mapping.files.values())})."
        )
    found: dict[str, Path] = {}
    for key, spec in mapping.files.items():
        matching = fnmatch.filter(names, spec.pattern)
        if source.is_file() and source.name in matching:
            matching = [source.name]
        if len(matching) > 1:
            raise InputError(
                f"The mapping's file {key} ({spec.pattern}) matches several files in "
                f"{folder.name or '.'}: {', '.join(matching)}. Name one of them in the mapping, "
                "or on the command line."
            )
        if matching:
            found[key] = folder / matching[0]
        elif not spec.optional:
            raise InputError(
                f"The mapping's file {key} ({spec.pattern}) is not in {folder.name or '.'}, "
                f"which contains: {', '.join(names) or 'no tables'}."
            )
    return found


def _sheet(
    spec: SheetSpec, grids: dict[str, list[Grid]], issues: list[Issue]
) -> MappedSheet | None:
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
    header = _header_row(grid, spec)
    if not 0 <= header < len(grid.rows):
        raise InputError(
            f"The mapping puts the header of {spec.name} in row {spec.header_row}, but the "
            f"cells go from row {grid.first_row} to {grid.first_row + len(grid.rows) - 1}."
        )
    groups = None if spec.group_row is None else spec.group_row - grid.first_row
    if groups is not None and not 0 <= groups < header:
        raise InputError(
            f"The mapping puts the groups of {spec.name} in row {spec.group_row}, but the cells "
            f"begin in row {grid.first_row}."
        )
    headers: dict[str, int] = {}
    twice: set[str] = set()
    names = column_names(grid, header, groups)
    names = numbered(names) if spec.number_headers else names
    for index, name in enumerate(names):
        if name is not None:
            twice.add(name) if name in headers else headers.setdefault(name, index)
    sheet = MappedSheet(
        spec=spec, grid=grid, headers=headers, twice=twice, header_row=header, names=names
    )
    if spec.reduce is not None:
        sheet = _reduced(sheet, header, spec.reduce, issues)
        header = 0
    _read_lines(sheet, header, issues)
    return sheet


def _header_row(grid: Grid, spec: SheetSpec) -> int:
    """The index of the header: below the remarks, else as the mapping counts the rows."""
    mark = spec.remark
    if mark is not None:
        firsts = (text(row[0]) if row else "" for row in grid.rows)
        return next((i for i, first in enumerate(firsts) if not first.startswith(mark)), -1)
    header = spec.header_row - grid.first_row
    # above the first row stands the line that states the delimiter
    return max(header, 0) if grid.sheet is None else header


def _read_lines(sheet: MappedSheet, header: int, issues: list[Issue]) -> None:
    spec = sheet.spec
    column = sheet.column(spec.id, asked_by=f"id of {spec.name}")
    strays: dict[bool, list[tuple[int, str]]] = {}  # by whether something stands as their id
    missing = _MissingCodes(sheet, column)
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
            sheet.lines.append(SheetLine(index, patient, missing.blanked(index, patient, cells)))
        elif any(c is not None for c in cells):
            strays.setdefault(bool(given), []).append((index, given))
    if not (sheet.lines or strays):
        sentence = f"There is no row below the header of {sheet.place}. Export it again."
        problem = CellProblem("warning", "table_without_rows", sentence, "used")
        issues.append(issue_at(sheet.header_source(column), problem))
    issues.extend(missing.issues())
    for rows in strays.values():
        where = sheet.grid.cell_source(rows[0][0], column, spec.id)
        ids = list(dict.fromkeys(given for _, given in rows if given))
        sentence = _stray_words(len(rows), ids)
        problem = CellProblem("error", "patient_id_missing", sentence, "refused")
        every = [
            place_at(
                sheet.grid.cell_source(row, column, spec.id), None, "patient_id", given or None
            )
            for row, given in rows
        ]
        issues.append(issue_at(where, problem, column="patient_id", places=every))


class _MissingCodes:
    """The cells of a sheet that hold a code for a blank: blanked, and told by their count."""

    def __init__(self, sheet: MappedSheet, id_column: int) -> None:
        self._sheet, self._id_column = sheet, id_column
        self._codes = {folded(text(code)): text(code) for code in sheet.spec.missing}
        self._found: dict[str, list[IssuePlace]] = {}

    def blanked(self, index: int, patient: str, cells: list[Value]) -> list[Value]:
        if not self._codes:
            return cells
        kept = list(cells)
        for column, cell in enumerate(cells):
            code = None if cell is None else self._codes.get(folded(text(cell)))
            if code is None or column == self._id_column:
                continue
            kept[column] = None
            where = self._sheet.grid.cell_source(index, column, self._sheet.name_of(column))
            self._found.setdefault(code, []).append(place_at(where, patient, None, cell))
        return kept

    def issues(self) -> Iterator[Issue]:
        for code, places in self._found.items():
            where, count = self._sheet.place, len(places)
            cells = f"1 cell of {where} counts" if count == 1 else f"{count} cells of {where} count"
            sentence = (
                f"{shown(code)} means missing in this mapping. {cells} as blank; this is the first."
            )
            problem = CellProblem("note", "missing_code", sentence, "used")
            yield issue_at(places[0].source, problem, value=code, places=places)


def _stray_words(count: int, ids: Sequence[str]) -> str:
    """That rows of a sheet are of no patient; `ids`: what stands there in place of an id."""
    if count == 1:
        why = (
            f"The id {shown(ids[0])} does not match the mapping's id_pattern"
            if ids
            else "The row has no patient id"
        )
        return f"{why}. The row is not read."
    if not ids:
        return f"{count} rows have no patient id. They are not read; this is the first."
    more = f" and {len(ids) - _IDS_SHOWN} more" if len(ids) > _IDS_SHOWN else ""
    return (
        f"The ids of {count} rows ({', '.join(map(shown, ids[:_IDS_SHOWN]))}{more}) do not "
        "match the mapping's id_pattern. The rows are not read; this is the first."
    )


def _reduced(sheet: MappedSheet, header: int, spec: Reduce, issues: list[Issue]) -> MappedSheet:
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
        sentence = (
            f"{len(unread)} rows have no number in {spec.column} and are not counted; this is "
            "the first."
        )
        where_first = sheet.grid.cell_source(unread[0], value, spec.column)
        problem = CellProblem("warning", "rows_not_counted", sentence)
        every = [place_at(sheet.grid.cell_source(row, value, spec.column), None) for row in unread]
        issues.append(issue_at(where_first, problem, places=every))
    rows: list[list[Value]] = [[*spec.by, "percent", "count"]]
    names = [*map(spaced, spec.by), "percent", "count"]
    reduced = MappedSheet(
        spec=sheet.spec,
        grid=Grid(sheet.grid.file, sheet.grid.sheet, rows),
        headers={name: i for i, name in enumerate(names)},
    )
    for key, members in groups.items():
        first, last = (sheet.grid.first_row + members[i][0] for i in (0, -1))
        reduced.sources[len(rows)] = Source(
            sheet.grid.file, f"rows {first} to {last} ({len(members)} rows)"
        )
        rows.append([*key, 100 * sum(above for _, above in members) / len(members), len(members)])
    return reduced
