"""Tidy tables: a folder of CSV or Parquet files, the sheets of a workbook, or tables in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import chain
from pathlib import Path

from rearm.errors import InputError
from rearm.intake.build.gather import Gathered, RowRun, gather
from rearm.intake.build.records import make_records
from rearm.intake.build.terms import Terms
from rearm.intake.dictionary import nearest
from rearm.intake.files.control_characters import clean_grids
from rearm.intake.files.kinds import TABLE_SUFFIXES, table_kind, table_name
from rearm.intake.files.read import (
    SPREADSHEETS_NOT_READ,
    bundle_files,
    read_grids,
    table_files,
)
from rearm.intake.files.redcap_hint import redcap_hint
from rearm.intake.files.unread import nothing_but, unread_in
from rearm.intake.form.read import read_forms
from rearm.intake.issues import issue_at
from rearm.intake.result import Reading
from rearm.intake.rows import CellProblem, Grid, Value
from rearm.intake.tidy.rows import headers_of, place_of, table_runs
from rearm.intake.values import shown
from rearm.knowledge.bundle import Knowledge, bundled
from rearm.knowledge.tidy_tables import TidyTable, TidyTables, folded
from rearm.record import Issue, Severity, Source

__all__ = ["all_tidy", "is_tidy", "read_tables", "read_tidy"]

_WORKBOOKS = (".xlsx", ".xlsm")
_OF_EVERY_PATIENT = ("labs", "therapies", "infusions")


def is_tidy(file: Path, knowledge: Knowledge) -> bool:
    """Whether a file is named like a tidy table, or is a workbook that holds one or a form. A
    workbook that can't be opened is none.
    """
    tables = knowledge.tidy_tables.tables
    if folded(table_name(file)) in tables:
        return True
    if file.suffix.lower() not in _WORKBOOKS:
        return False
    try:
        grids, _ = read_grids(file)
    except InputError:
        return False
    named = any(folded(grid.name) in tables for grid in grids)
    return named or bool(read_forms(grids, knowledge, []).sheets)


def all_tidy(path: Path, knowledge: Knowledge | None = None) -> bool:
    """Whether every table of a file or folder is a tidy one: named like it, with an id of the
    patient and none but its columns. What can't be opened is none.
    """
    tables = (knowledge or bundled()).tidy_tables.tables
    files = table_files(path) if path.is_dir() else [path]
    try:
        grids = [grid for file in files for grid in read_grids(file)[0]]
    except InputError:
        return False
    return bool(grids) and all(_is_tidy_grid(grid, tables) for grid in grids)


def _is_tidy_grid(grid: Grid, tables: Mapping[str, TidyTable]) -> bool:
    table = tables.get(folded(grid.name))
    if table is None or not grid.rows:
        return False
    header = {folded(str(cell)) for cell in grid.rows[0] if cell not in (None, "")}
    return "patient_id" in header and header <= {"patient_id", *table.columns}


def read_tidy(path: Path, knowledge: Knowledge, *, today: date | None = None) -> Reading:
    """Records from a folder, a workbook or a single file of tidy tables.

    A file or a table of a folder that can't be used (damaged, without patients, a column or the
    whole table twice) is an error issue, and the others are read. Raises InputError with a sentence
    where a file given by itself is so, where nothing can be read, and where nothing in it is a tidy
    table.
    """
    files = table_files(path) if path.is_dir() else [path]
    if not files:
        raise InputError(
            f"The folder {path.name} contains no .csv, .xlsx or .parquet file. Add tidy tables "
            f"(rearm template writes empty ones) or FHIR bundles.{nothing_but(path)}"
        )
    tables = knowledge.tidy_tables
    issues: list[Issue] = []
    refusals = _Refusals(issues, in_folder=path.is_dir())
    named, other = _grids(files, tables, issues, refusals)
    forms = read_forms(other, knowledge, issues)
    found = _readable(named, tables, forms.files, refusals)
    if path.is_dir():
        issues.extend(_bundles_beside(path))
        told = _tables_unread(path, tables, found, refusals)
        issues.extend(unread_in(path, {*(file.name for file in files), *told}))
    if not (found or forms.sheets):
        refusals.raise_first()
        places = ", ".join(place_of(grid) for grid in other) or path.name
        raise InputError(
            f"{path.name} contains no tidy table ({places}). Name files or sheets after the "
            f"tables ({', '.join(tables.tables)}), or describe this layout in a mapping file: "
            f"rearm init writes a first one.{redcap_hint(other)}"
        )
    for grid in forms.other:
        sentence = f"{place_of(grid)} is not named like a tidy table. It is not read."
        problem = CellProblem("warning", "table_not_read", sentence)
        issues.append(issue_at(_source(grid), problem))
    issues.extend(_without_rows(found, forms.files))
    headers = {
        (grid.file, grid.sheet): headers_of(grid, tables.tables[name])
        for name, grids in found.items()
        for grid in grids
    }
    runs = _runs(found, tables, issues, refusals)
    for name, rows in forms.rows.items():
        runs.setdefault(name, []).extend(rows)
    if not runs:
        refusals.raise_first()
    if "patients" not in runs and (path.is_dir() or len(found) > 1):
        issues.append(_no_patient_table(path.name))
    gathered = _gathered(runs, issues)
    if not gathered.runs:
        why = gathered.why_nobody()
        raise InputError(
            f"{path.name} contains no readable patient. {why}"
            if why
            else f"{path.name} contains no patient: {_nothing_filled(forms.sheets, runs)}."
        )
    terms = Terms(knowledge)
    names = [file.name for file in files]
    return Reading(
        lambda: make_records(gathered, terms, today=today),
        gathered.issues,
        names,
        headers,
        rows=gathered.rows_of,
    )


def read_tables(
    tables: Mapping[str, Sequence[Mapping[str, Value]]],
    *,
    file: str = "tables",
    today: date | None = None,
    knowledge: Knowledge | None = None,
) -> Reading:
    """Records from tidy tables in memory: the rows of each table as mappings of column to value.

    `tables`: by the names of the tidy tables; a column that is left out, None and an empty text are
    unknown. `file`: the name that the places of issues bear. `today` and `knowledge` as in
    `rearm.read`. Raises InputError for a table that there is none of. An unknown column is an
    issue.

    >>> from rearm.intake import read_tables
    >>> lab = {"patient_id": "P-1", "day": 3, "test": "creatinine", "value": 1.1, "unit": "mg/dL"}
    >>> reading = read_tables({"patients": [{"patient_id": "P-1", "sex": "F"}], "labs": [lab]})
    >>> (record,) = reading.records
    >>> record.labs[0].quantity.exact, record.labs[0].unit
    (1.1, 'mg/dL')
    """
    knowledge = bundled() if knowledge is None else knowledge
    known = knowledge.tidy_tables.tables
    issues: list[Issue] = []
    grids: dict[str, list[Grid]] = {}
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
        grid = Grid(f"{file}/{name}" if file else name, None, cells)
        grids[name] = [grid]
        issues.extend(clean_grids([grid], grid.file))
    gathered = _gathered(_runs(grids, knowledge.tidy_tables, issues, _Refusals(issues)), issues)
    terms = Terms(knowledge)
    return Reading(
        lambda: make_records(gathered, terms, today=today),
        gathered.issues,
        [file],
        rows=gathered.rows_of,
    )


def _nothing_filled(forms: int, tables: Collection[str]) -> str:
    """What there is in place of patients."""
    if not forms:
        return "its tables have only headers"
    headers = ", and its tables have only headers" if tables else ""
    return f"the form for the board is blank{headers}"


class _Refusals:
    """What can't be used: of a folder an error issue, so that the rest is read; else it is
    raised.
    """

    def __init__(self, issues: list[Issue], *, in_folder: bool = False) -> None:
        self._issues = issues
        self.in_folder = in_folder
        self._first: InputError | None = None

    def add(self, error: InputError, where: Source, what: str = "file") -> None:
        if not self.in_folder:
            raise error
        self._first = self._first or error
        sentence = f"{error} The {what} is not read; the others are."
        problem = CellProblem("error", "file_unreadable", sentence, "refused")
        self._issues.append(issue_at(where, problem))

    def raise_first(self) -> None:
        """Raises the first where there is one: nothing else was there to read."""
        if self._first is not None:
            raise self._first


def _runs(
    named: Mapping[str, Sequence[Grid]],
    tables: TidyTables,
    issues: list[Issue],
    refusals: _Refusals,
) -> dict[str, list[RowRun]]:
    """The rows of grids, by table; a grid that can't be used is left out."""
    runs: dict[str, list[RowRun]] = {}
    for name, grids in named.items():
        for grid in grids:
            notes: list[Issue] = []
            try:
                found = table_runs(grid, tables, name, notes)
            except InputError as error:
                refusals.add(error, _source(grid), "table")
                continue
            runs.setdefault(name, []).extend(found)
            issues.extend(notes)
    return runs


def _gathered(runs: Mapping[str, Sequence[RowRun]], issues: list[Issue]) -> Gathered:
    """Rows by table, brought together by patient."""
    every = chain.from_iterable(runs.values())
    return gather(every, issues, has_patient_table="patients" in runs)


def _grids(
    files: Iterable[Path], tables: TidyTables, issues: list[Issue], refusals: _Refusals
) -> tuple[dict[str, list[Grid]], list[Grid]]:
    """The grids by the table they are named after; and the others."""
    named: dict[str, list[Grid]] = {}
    other: list[Grid] = []
    for file in files:
        if refusals.in_folder and not _may_hold_tables(file, tables):
            other.append(Grid(file.name, None, []))
            continue
        try:
            grids, notes = read_grids(file)
        except InputError as error:
            refusals.add(error, Source(file.name, ""))
            continue
        issues.extend(notes)
        for grid in grids:
            name = folded(grid.name)
            if name in tables.tables:
                named.setdefault(name, []).append(grid)
            else:
                other.append(grid)
    return named, other


def _readable(
    named: Mapping[str, Sequence[Grid]],
    tables: TidyTables,
    form_files: Collection[str],
    refusals: _Refusals,
) -> dict[str, list[Grid]]:
    """The grids that are read, in the order of the tables. A table that stands twice may be two
    versions of one, so neither is read; but each workbook of the form brings every table, mostly
    blank, and holds its own patients.
    """
    found: dict[str, list[Grid]] = {}
    for name in tables.tables:
        grids = named.get(name, ())
        filled = [grid for grid in grids if _has_rows(grid)] or list(grids[:1])
        plain = [grid for grid in filled if grid.file not in form_files]
        if len(plain) > 1:
            places = " and in ".join(map(place_of, plain))
            twice = InputError(f"The table {name} appears twice, in {places}. Keep one of them.")
            refusals.add(twice, _source(plain[1]), "table")
            filled = [grid for grid in filled if grid.file in form_files]
        if filled:
            found[name] = filled
    return found


def _has_rows(grid: Grid) -> bool:
    """Whether anything stands below the header."""
    return sum(any(cell is not None for cell in row) for row in grid.rows) > 1


def _without_rows(found: Mapping[str, Sequence[Grid]], forms: Collection[str]) -> Iterator[Issue]:
    """An issue for each table of which only the header is there: nobody knows whether nothing was
    to be told, or the export failed. What every patient has is missed the most.
    """
    for name, grids in found.items():
        if not any(_has_rows(grid) or grid.file in forms for grid in grids):
            sentence = (
                f"{name} has no row below its header. Export it again, or remove it if there is "
                "nothing to enter."
            )
            severity: Severity = "warning" if name in _OF_EVERY_PATIENT else "note"
            problem = CellProblem(severity, "table_without_rows", sentence, "used")
            yield issue_at(_source(grids[0]), problem)


def _source(grid: Grid) -> Source:
    return Source(grid.file, grid.sheet or "")


def _no_patient_table(file: str) -> Issue:
    sentence = (
        "The table patients is missing, so sex, date of birth, heavy and light chain and the "
        "date of day 0 are unknown unless other tables give them. Add patients.csv."
    )
    return issue_at(Source(file, ""), CellProblem("warning", "no_patient_table", sentence, "used"))


def _tables_unread(
    folder: Path, tables: TidyTables, found: Collection[str], refusals: _Refusals
) -> set[str]:
    """What is named like a table and is none that can be read: a folder, a broken link, a
    spreadsheet of another program. Not, where the table is read from another file. Gives the names
    that were told, those of bundles among them.
    """
    told = {file.name for file in bundle_files(folder)}
    for path in sorted(folder.iterdir()):
        name = folded(table_name(path))
        if name not in tables.tables or name in found or path.name.startswith(("~$", ".")):
            continue
        if table_kind(path) in TABLE_SUFFIXES and not path.is_file():
            what = "a folder" if path.is_dir() else "not a file that can be opened"
            refusals.add(
                InputError(f"{path.name} is {what}. Name the table itself."), Source(path.name, "")
            )
            told.add(path.name)
        elif table_kind(path) in SPREADSHEETS_NOT_READ:
            try:
                read_grids(path)
            except InputError as error:
                refusals.add(error, Source(path.name, ""))
                told.add(path.name)
    return told


def _bundles_beside(folder: Path) -> Iterable[Issue]:
    bundles = [file.name for file in bundle_files(folder)]
    if bundles:
        sentence = (
            f"The folder contains tables, so {', '.join(bundles)} is not read. Name FHIR "
            "bundles by their own path."
        )
        where = Source(folder.name, "")
        yield issue_at(where, CellProblem("warning", "bundles_beside_tables", sentence))


def _may_hold_tables(file: Path, tables: TidyTables) -> bool:
    return file.suffix.lower() in _WORKBOOKS or folded(table_name(file)) in tables.tables


def _cell(value: Value) -> Value:
    return None if isinstance(value, str) and not value.strip() else value
