"""Tidy tables (a folder of CSV or Parquet files, or the sheets of a workbook) to rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

from rearm.intake.build.records import Reading, build_records
from rearm.intake.dictionary import TidyTable, folded, load_tables, nearest
from rearm.intake.errors import InputError
from rearm.intake.files.control_characters import clean_grids
from rearm.intake.files.read import read_grids, table_files
from rearm.intake.rows import Grid, Row, Value
from rearm.intake.values import shown
from rearm.record import Issue, Source

__all__ = ["read_tables", "read_tidy"]


def read_tidy(path: Path, *, today: date | None = None) -> Reading:
    """Records from a folder, a workbook or a single file of tidy tables.

    Raises InputError with a sentence where nothing in it is a tidy table, or where two files or
    sheets hold the same table.
    """
    files = table_files(path) if path.is_dir() else [path]
    if not files:
        raise InputError(
            f"The folder {path.name} holds no .csv, .xlsx or .parquet file. Give tidy tables (rearm"
            " template writes empty ones) or FHIR bundles."
        )
    issues: list[Issue] = []
    grids: dict[str, Grid] = {}
    other: list[Grid] = []
    if path.is_dir() and (bundles := sorted(f.name for f in path.glob("*.json"))):
        message = (
            f"The folder holds tables, so {', '.join(bundles)} is not read. Give FHIR bundles by"
            " their own path."
        )
        issues.append(
            Issue("note", "bundles_beside_tables", Source(path.name, ""), message, "set_aside")
        )
    for file in files:
        if path.is_dir() and not _may_hold_tables(file):
            other.append(Grid(file.name, None, []))
            continue
        found, notes = read_grids(file)
        issues.extend(notes)
        for grid in found:
            name = folded(grid.name)
            if name not in load_tables():
                other.append(grid)
            elif name in grids:
                raise InputError(
                    f"The table {name} stands twice: in {_place(grids[name])} and in"
                    f" {_place(grid)}. Keep one of them."
                )
            else:
                grids[name] = grid
    if not grids:
        names = ", ".join(_place(grid) for grid in other) or path.name
        raise InputError(
            f"{path.name} holds no tidy table ({names}). Name files or sheets after the tables"
            f" ({', '.join(load_tables())}), or describe this layout in a mapping file: rearm init"
            " writes a first one."
        )
    issues.extend(
        Issue(
            "note",
            "table_not_read",
            Source(g.file, g.sheet or ""),
            f"{_place(g)} is not named like a tidy table; it is not read.",
            "set_aside",
        )
        for g in other
    )
    rows: list[Row] = []
    for name in load_tables():
        if name in grids:
            rows.extend(_rows(load_tables()[name], grids[name], issues))
    records, loose = build_records(
        rows, has_patient_table="patients" in grids, notes=issues, today=today
    )
    if not records:
        raise InputError(
            f"{path.name} holds no patient: its tables have headers only, or no row names a"
            " patient."
        )
    return Reading(records, loose, tuple(f.name for f in files))


def read_tables(
    tables: Mapping[str, Sequence[Mapping[str, Value]]],
    *,
    file: str = "tables",
    today: date | None = None,
) -> Reading:
    """Records from tidy tables in memory: the rows of each table as mappings of column to value.

    Raises InputError for a table that there is none of. An unknown column is an issue.
    """
    issues: list[Issue] = []
    rows: list[Row] = []
    for name, entries in tables.items():
        if name not in load_tables():
            raise InputError(
                f"There is no table {shown(name)}; the nearest are {nearest(name, load_tables())}."
            )
        headers = list(dict.fromkeys(str(h) for entry in entries for h in entry))
        cells: list[list[Value]] = [
            list(headers),
            *([_cell(entry.get(h)) for h in headers] for entry in entries),
        ]
        grid = Grid(f"{file}/{name}" if file else name, None, cells)
        issues.extend(clean_grids([grid], grid.file))
        rows.extend(_rows(load_tables()[name], grid, issues))
    records, loose = build_records(
        rows, has_patient_table="patients" in tables, notes=issues, today=today
    )
    return Reading(records, loose, (file,))


def _may_hold_tables(file: Path) -> bool:
    return file.suffix.lower() in (".xlsx", ".xlsm") or folded(file.stem) in load_tables()


def _cell(value: Value) -> Value:
    return None if isinstance(value, str) and not value.strip() else value


def _place(grid: Grid) -> str:
    return f"{grid.file}, sheet {grid.sheet}" if grid.sheet is not None else grid.file


def _rows(table: TidyTable, grid: Grid, issues: list[Issue]) -> Iterator[Row]:
    """The rows under the header, with values by column name. A column that is not known is an issue
    and is left out.
    """
    header = next((i for i, row in enumerate(grid.rows) if any(c is not None for c in row)), None)
    if header is None:
        return
    columns = _columns(table, grid, header, issues)
    places = {name: indices[0] for name, indices in columns.items()}
    single = [(name, indices[0]) for name, indices in columns.items() if len(indices) == 1]
    double = {name: indices for name, indices in columns.items() if len(indices) > 1}
    width = len(grid.rows[header])
    value_column = places.get("value") if table.name == "labs" else None
    for index in range(header + 1, len(grid.rows)):
        cells = grid.rows[index]
        if len(cells) > width and any(c is not None for c in cells[width:]):
            issues.append(
                Issue(
                    "warning",
                    "cells_beyond_header",
                    grid.row_source(index),
                    f"The row has more cells than the header; the {len(cells) - width} beyond it"
                    " are not read. Check for an unquoted delimiter.",
                    "set_aside",
                )
            )
        count = len(cells)
        values: dict[str, Value] = {
            name: cells[i] for name, i in single if i < count and cells[i] is not None
        }
        for name, indices in double.items():
            given = [(cells[i], i) for i in indices if i < count and cells[i] is not None]
            if given:
                values[name] = given[0][0]
                if any(v != given[0][0] for v, _ in given[1:]):
                    message = (
                        f"Two columns give {name} differently"
                        f" ({', '.join(shown(v) for v, _ in given)}); neither is used."
                    )
                    issues.append(
                        Issue(
                            "error",
                            "twin_contradiction",
                            grid.cell_source(index, given[1][1], name),
                            message,
                            "set_aside",
                            None,
                        )
                    )
                    del values[name]
        if not values:
            continue
        source = (
            grid.row_source(index)
            if value_column is None or grid.sheet is None
            else grid.cell_source(index, value_column)
        )
        yield Row(
            table.name, values, source, grid=grid, index=index, columns=places, decimal=grid.decimal
        )


def _columns(
    table: TidyTable, grid: Grid, header: int, issues: list[Issue]
) -> dict[str, list[int]]:
    columns: dict[str, list[int]] = {}
    headers: dict[str, int] = {}
    for index, cell in enumerate(grid.rows[header]):
        if cell is None:
            if any(index < len(row) and row[index] is not None for row in grid.rows[header + 1 :]):
                issues.append(
                    Issue(
                        "warning",
                        "column_without_header",
                        grid.cell_source(header, index),
                        "The column has cells but no header; it is not read.",
                        "set_aside",
                    )
                )
            continue
        name = folded(str(cell))
        if name in headers:
            raise InputError(
                f"{_place(grid)}: the column {shown(cell)} stands twice. Rename or remove one of"
                " them."
            )
        headers[name] = index
        column = table.by_header.get(name)
        if column is None:
            known = nearest(str(cell), table.columns)
            issues.append(
                Issue(
                    "warning",
                    "unknown_column",
                    grid.cell_source(header, index, str(cell)),
                    f"{table.name} has no column {shown(cell)} (nearest: {known}); it is not read.",
                    "set_aside",
                )
            )
        else:
            columns.setdefault(column.name, []).append(index)
    if "patient_id" not in columns:
        raise InputError(
            f"{_place(grid)}: the column patient_id is missing (found:"
            f" {', '.join(map(str, headers)) or 'none'}). Every table needs it."
        )
    return columns
