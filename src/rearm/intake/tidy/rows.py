"""A grid under a header of the dictionary, kept as columns: its cells typed, its rows by patient.

Rows are made when their patient's turn comes, so that a table of a whole cohort is held only once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter, itemgetter

from rearm.errors import InputError
from rearm.intake.build.column_runs import ColumnRun, runs_by_patient
from rearm.intake.build.content import says_nothing
from rearm.intake.cells import ColumnCells, RowMaker
from rearm.intake.dictionary import nearest
from rearm.intake.issues import issue_at, place_at
from rearm.intake.rows import (
    BLANK,
    Cell,
    CellProblem,
    DecimalMark,
    Grid,
    Row,
    Value,
    column_letters,
)
from rearm.intake.values import shown
from rearm.knowledge.tidy_tables import TidyTable, TidyTables, folded
from rearm.record import Issue, Source

__all__ = ["headers_of", "place_of", "table_runs"]

# A patient is known by a row with nothing but an id; results without a value are counted later.
_READ_BLANK = ("patients", "labs")


@dataclass(slots=True, kw_only=True)
class TidyColumns:
    """One tidy table: the cells of each known column, and where they stand."""

    table: str
    grid: Grid
    first: int  # index of the first row under the header, as the grid counts
    indices: dict[str, int]  # of the columns in the grid
    cells: dict[str, list[Cell]]
    blank: frozenset[int]  # rows that say nothing but whose they are

    def at(self, index: int, column: str) -> Source | None:
        if column not in self.indices:
            return None
        return self.grid.cell_source(index, self.indices[column], column)

    @property
    def decimal(self) -> DecimalMark | None:
        return self.grid.decimal

    def source(self, place: int) -> Source:
        """Of a result in a sheet, its value's cell."""
        grid, index = self.grid, self.first + place
        if grid.sheet is None:
            return Source(grid.file, f"row {grid.number(index)}")
        if self.table == "labs" and "value" in self.indices:
            return grid.cell_source(index, self.indices["value"])
        return grid.row_source(index)

    def row(self, place: int) -> Row:
        return Row(
            self.table,
            {name: cells[place] for name, cells in self.cells.items()},
            self.source(place),
            self.decimal,
            self,
            self.first + place,
        )

    def says_nothing(self, place: int) -> bool:
        """Also where not even whose row it is stands there."""
        return place in self.blank or not (
            self.cells["patient_id"][place].text
            or any(column[place] is not BLANK for column in self.cells.values())
        )


def table_runs(grid: Grid, tables: TidyTables, name: str, issues: list[Issue]) -> list[ColumnRun]:
    """The rows of a grid that is named like a tidy table, by patient.

    A column that is not known is an issue and is left out. Raises InputError where a column stands
    twice, or where none holds patients. The grid gives up its rows.
    """
    header = next((i for i, row in enumerate(grid.rows) if any(c is not None for c in row)), None)
    if header is None:
        return []
    indices = _indices(tables.tables[name], grid, header, issues)
    maker = RowMaker(tables, grid.decimal)
    of_rows = _beyond_header(grid, header)
    cells: dict[str, list[Cell]] = {}
    for column, places in indices.items():
        if len(places) == 1:
            cells[column] = maker.column(name, column).all(_column(grid, header, places[0]))
    for column, places in indices.items():
        if len(places) > 1:
            cells[column] = _agreed(maker.column(name, column), grid, header, places, of_rows)
    grid.rows = []
    issues.extend(issue for _, issue in sorted(of_rows, key=lambda of_row: of_row[0]))
    columns = TidyColumns(
        table=name,
        grid=grid,
        first=header + 1,
        indices={column: places[0] for column, places in indices.items()},
        cells=cells,
        blank=frozenset() if name in _READ_BLANK else frozenset(_blank_rows(cells)),
    )
    if columns.blank:
        issues.append(_rows_left_out(columns))
    patients = map(attrgetter("text"), cells["patient_id"])
    return list(runs_by_patient(columns, patients))


def _blank_rows(cells: dict[str, list[Cell]]) -> Iterator[int]:
    """The rows of which every cell but the patient's id says nothing."""
    patients = cells["patient_id"]
    others = [column for name, column in cells.items() if name != "patient_id"]
    for index, patient in enumerate(patients):
        if patient.text and all(says_nothing(column[index]) for column in others):
            yield index


def _rows_left_out(columns: TidyColumns) -> Issue:
    count = len(columns.blank)
    rows = "1 row has" if count == 1 else f"{count} rows have"
    sentence = (
        f"{rows} a patient id and nothing else. No event of {columns.table} is made; this is "
        "the first."
    )
    patients = columns.cells["patient_id"]
    every = [
        place_at(columns.grid.row_source(columns.first + index), patients[index].text)
        for index in sorted(columns.blank)
    ]
    return issue_at(every[0].source, CellProblem("note", "row_blank", sentence), places=every)


def _column(grid: Grid, header: int, index: int) -> list[Value]:
    """What stands under a header; rows may be shorter than it."""
    rows = grid.rows[header + 1 :]
    try:
        return list(map(itemgetter(index), rows))
    except IndexError:
        return [row[index] if index < len(row) else None for row in rows]


def _agreed(
    cells: ColumnCells,
    grid: Grid,
    header: int,
    places: Sequence[int],
    issues: list[tuple[int, Issue]],
) -> list[Cell]:
    """The cells of a column that stands under several headers; blank, with an issue, where they
    contradict each other.
    """
    agreed: list[Cell] = []
    twins = [_column(grid, header, index) for index in places]
    for row, stated in enumerate(zip(*twins, strict=True), header + 1):
        given = [(value, i) for value, i in zip(stated, places, strict=True) if value is not None]
        values = [value for value, _ in given]
        if any(value != values[0] for value in values[1:]):
            sentence = (
                f"Two columns give different values for {cells.column.name} "
                f"({', '.join(map(shown, values))}). Neither is used."
            )
            where = grid.cell_source(row, given[1][1], cells.column.name)
            problem = CellProblem("error", "twin_contradiction", sentence)
            issues.append((row, issue_at(where, problem)))
            values = []
        agreed.append(cells.of(values[0]) if values else BLANK)
    return agreed


def _beyond_header(grid: Grid, header: int) -> list[tuple[int, Issue]]:
    """An issue for each row that has more cells than the header, with the row's index."""
    width = len(grid.rows[header])
    issues: list[tuple[int, Issue]] = []
    for index in range(header + 1, len(grid.rows)):
        cells = grid.rows[index]
        if len(cells) > width and any(c is not None for c in cells[width:]):
            sentence = (
                f"The row has {len(cells) - width} more cells than the header. They are not "
                "read. Check for an unquoted delimiter."
            )
            problem = CellProblem("warning", "cells_beyond_header", sentence)
            issues.append((index, issue_at(grid.row_source(index), problem)))
    return issues


def _indices(
    table: TidyTable, grid: Grid, header: int, issues: list[Issue]
) -> dict[str, list[int]]:
    """Where each column of the table stands in the grid."""
    indices: dict[str, list[int]] = {}
    headers: dict[str, int] = {}
    for index, cell in enumerate(grid.rows[header]):
        if cell is None:
            if any(value is not None for value in _column(grid, header, index)):
                sentence = "The column has cells but no header. It is not read."
                problem = CellProblem("warning", "column_without_header", sentence)
                issues.append(issue_at(grid.cell_source(header, index), problem))
            continue
        name = folded(str(cell))
        if name in headers:
            raise InputError(
                f"{place_of(grid)}: the column {shown(cell)} appears twice. Rename or remove "
                "one of them."
            )
        headers[name] = index
        column = table.by_header.get(name)
        if column is not None:
            indices.setdefault(column.name, []).append(index)
            continue
        sentence = (
            f"{table.name} has no column {shown(cell)} (nearest: "
            f"{nearest(str(cell), table.columns)}). It is not read."
        )
        where = grid.cell_source(header, index, str(cell))
        issues.append(issue_at(where, CellProblem("warning", "unknown_column", sentence)))
    if "patient_id" not in indices:
        raise InputError(
            f"{place_of(grid)}: the column patient_id is missing (found:"
            f" {', '.join(map(str, headers)) or 'none'}). Every table needs it."
        )
    return indices


def headers_of(grid: Grid, table: TidyTable) -> dict[str, str]:
    """The headers of a grid by the letters of their columns; of a file without addresses by the
    names of the table's columns, as places name them.
    """
    header = next((row for row in grid.rows if any(c is not None for c in row)), ())
    named = {index: str(cell) for index, cell in enumerate(header) if cell is not None}
    if grid.sheet is not None:
        return {column_letters(grid.first_column + i): name for i, name in named.items()}
    known = {name: table.by_header.get(folded(name)) for name in named.values()}
    return {column.name: name for name, column in known.items() if column is not None}


def place_of(grid: Grid) -> str:
    """A grid for a sentence."""
    return f"{grid.file}, sheet {grid.sheet}" if grid.sheet is not None else grid.file
