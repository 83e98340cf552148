"""Tidy tables: a folder of CSV or Parquet files, the sheets of a workbook, or tables in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path

from rearm.intake.build.gather import Gathered, RowRun, gather
from rearm.intake.build.records import make_records
from rearm.intake.build.terms import Terms
from rearm.intake.dictionary import nearest
from rearm.intake.errors import InputError
from rearm.intake.files.control_characters import clean_grids
from rearm.intake.files.read import read_grids, table_files
from rearm.intake.issues import issue_at
from rearm.intake.result import Reading
from rearm.intake.rows import CellProblem, Grid, Value
from rearm.intake.tidy.rows import place_of, table_runs
from rearm.intake.values import shown
from rearm.knowledge.bundle import Knowledge, bundled
from rearm.knowledge.tidy_tables import TidyTables, folded
from rearm.record import Issue, Source

__all__ = ["read_tables", "read_tidy"]


def read_tidy(path: Path, knowledge: Knowledge, *, today: date | None = None) -> Reading:
    """Records from a folder, a workbook or a single file of tidy tables.

    One file of a folder that can't be read is an error issue, and the others are read. Raises
    InputError with a sentence where nothing can be read, where nothing in it is a tidy table, or
    where two files or sheets hold the same table.
    """
    files = table_files(path) if path.is_dir() else [path]
    if not files:
        raise InputError(
            f"The folder {path.name} holds no .csv, .xlsx or .parquet file. Give tidy tables (rearm"
            " template writes empty ones) or FHIR bundles."
        )
    tables = knowledge.tidy_tables
    issues: list[Issue] = []
    if path.is_dir():
        issues.extend(_bundles_beside(path))
    found, other = _grids(files, tables, issues, folder=path if path.is_dir() else None)
    if not found:
        places = ", ".join(place_of(grid) for grid in other) or path.name
        raise InputError(
            f"{path.name} holds no tidy table ({places}). Name files or sheets after the tables"
            f" ({', '.join(tables.tables)}), or describe this layout in a mapping file: rearm init"
            " writes a first one."
        )
    for grid in other:
        sentence = f"{place_of(grid)} is not named like a tidy table; it is not read."
        where = Source(grid.file, grid.sheet or "")
        issues.append(issue_at(where, CellProblem("note", "table_not_read", sentence)))
    gathered = _gathered(found, tables, issues)
    if not gathered.runs:
        raise InputError(
            f"{path.name} holds no patient: its tables have headers only, or no row names a"
            " patient."
        )
    terms = Terms(knowledge)
    names = [file.name for file in files]
    return Reading(lambda: make_records(gathered, terms, today=today), gathered.issues, names)


def read_tables(
    tables: Mapping[str, Sequence[Mapping[str, Value]]],
    *,
    file: str = "tables",
    today: date | None = None,
    knowledge: Knowledge | None = None,
) -> Reading:
    """Records from tidy tables in memory: the rows of each table as mappings of column to value.

    Raises InputError for a table that there is none of. An unknown column is an issue.
    """
    knowledge = bundled() if knowledge is None else knowledge
    known = knowledge.tidy_tables.tables
    issues: list[Issue] = []
    grids: dict[str, Grid] = {}
    for name, entries in tables.items():
        if name not in known:
            raise InputError(
                f"There is no table {shown(name)}; the nearest are {nearest(name, known)}."
            )
        headers = list(dict.fromkeys(str(h) for entry in entries for h in entry))
        cells: list[list[Value]] = [
            list(headers),
            *([_cell(entry.get(h)) for h in headers] for entry in entries),
        ]
        grids[name] = Grid(f"{file}/{name}" if file else name, None, cells)
        issues.extend(clean_grids([grids[name]], grids[name].file))
    gathered = _gathered(grids, knowledge.tidy_tables, issues)
    terms = Terms(knowledge)
    return Reading(lambda: make_records(gathered, terms, today=today), gathered.issues, [file])


def _gathered(grids: Mapping[str, Grid], tables: TidyTables, issues: list[Issue]) -> Gathered:
    """The rows of grids, by the name of their table, brought together by patient."""
    runs: list[RowRun] = []
    for name, grid in grids.items():
        runs.extend(table_runs(grid, tables, name, issues))
    return gather(runs, issues, has_patient_table="patients" in grids)


def _grids(
    files: Iterable[Path], tables: TidyTables, issues: list[Issue], *, folder: Path | None
) -> tuple[dict[str, Grid], list[Grid]]:
    """The grids by the table they are named after, in the order of the tables; and the others."""
    named: dict[str, Grid] = {}
    other: list[Grid] = []
    refused: list[InputError] = []
    for file in files:
        if folder is not None and not _may_hold_tables(file, tables):
            other.append(Grid(file.name, None, []))
            continue
        try:
            grids, notes = read_grids(file)
        except InputError as error:
            if folder is None:
                raise
            refused.append(error)
            sentence = f"{error} The file is not read; the others are."
            where = Source(file.name, "")
            issues.append(
                issue_at(where, CellProblem("error", "file_unreadable", sentence, "refused"))
            )
            continue
        issues.extend(notes)
        for grid in grids:
            name = folded(grid.name)
            if name not in tables.tables:
                other.append(grid)
            elif name in named:
                raise InputError(
                    f"The table {name} stands twice: in {place_of(named[name])} and in"
                    f" {place_of(grid)}. Keep one of them."
                )
            else:
                named[name] = grid
    if refused and not named:
        raise refused[0]
    return {name: named[name] for name in tables.tables if name in named}, other


def _bundles_beside(folder: Path) -> Iterable[Issue]:
    bundles = sorted(file.name for file in folder.glob("*.json"))
    if bundles:
        sentence = (
            f"The folder holds tables, so {', '.join(bundles)} is not read. Give FHIR bundles by"
            " their own path."
        )
        where = Source(folder.name, "")
        yield issue_at(where, CellProblem("note", "bundles_beside_tables", sentence))


def _may_hold_tables(file: Path, tables: TidyTables) -> bool:
    return file.suffix.lower() in (".xlsx", ".xlsm") or folded(file.stem) in tables.tables


def _cell(value: Value) -> Value:
    return None if isinstance(value, str) and not value.strip() else value
