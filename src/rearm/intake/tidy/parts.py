"""Tidy tables of a whole registry cut into parts by patient.

Parquet files are taken in slices, so that they may be larger than memory; of CSV files one table at
a time is held. Each row keeps its number in the file that it came from.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from rearm.errors import InputError
from rearm.files import write_frame
from rearm.intake.build.checks.ids import flag_ids_alike
from rearm.intake.build.gather import RowRun, gather
from rearm.intake.build.records import make_records
from rearm.intake.build.terms import Terms
from rearm.intake.files.control_characters import clean_grids
from rearm.intake.files.read import check_parquet, read_grids, table_files
from rearm.intake.files.unread import unread_in
from rearm.intake.issues import issue_at
from rearm.intake.parts import Parts, folder_of_part, part_of
from rearm.intake.result import Reading
from rearm.intake.rows import CellProblem, DecimalMark, Grid, Value
from rearm.intake.tidy.rows import table_runs
from rearm.intake.values import text
from rearm.knowledge.bundle import Knowledge, bundled
from rearm.knowledge.tidy_tables import folded
from rearm.record import Issue, Source

if TYPE_CHECKING:
    import polars as pl

__all__ = ["TidyParts", "can_be_cut"]

_TABLES = "tables.json"
_NUMBER, _PART, _PATIENT = "__number", "__part", "__patient"
_SLICE = 500_000  # rows of a Parquet file that are held at once
_BLANK = "\x00"  # stands for an empty cell in what is hashed
_BETWEEN = "\x1f"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """One tidy table: its file, its header, and what is known of it as a whole."""

    name: str
    file: str
    header: tuple[str | None, ...]
    decimal: DecimalMark | None = None

    def plain(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "file": self.file,
            "header": list(self.header),
            "decimal": self.decimal,
        }

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> _Table:
        return cls(
            name=plain["name"],
            file=plain["file"],
            header=tuple(plain["header"]),
            decimal=cast("DecimalMark | None", plain["decimal"]),
        )

    @property
    def id_column(self) -> str:
        """The name, in a part, of the column with the patients' ids."""
        tables = bundled().tidy_tables.tables[self.name].by_header
        found = (
            f"c{i}"
            for i, header in enumerate(self.header)
            if header is not None
            and (column := tables.get(folded(header))) is not None
            and column.name == "patient_id"
        )
        place = next(found, None)
        if place is None:
            raise InputError(
                f"{self.file}: the column patient_id is missing. Every table needs it."
            )
        return place


def can_be_cut(path: Path, knowledge: Knowledge) -> bool:
    """Whether this is a folder of CSV, TSV or Parquet files alone, each named like a tidy table, no
    two alike.
    """
    if not path.is_dir():
        return False
    files = table_files(path)
    names = [folded(file.stem) for file in files]
    plain = all(file.suffix.lower() in (".csv", ".tsv", ".parquet") for file in files)
    known = all(name in knowledge.tidy_tables.tables for name in names)
    return bool(files) and plain and known and len(set(names)) == len(names)


class TidyParts:
    """A folder of tidy tables, read in parts."""

    def cut(self, source: str | Path, folder: Path, count: int) -> Parts:
        """See `PartReader`. A file that can't be read is an error issue; the others are used."""
        source = Path(source)
        files = table_files(source)
        issues: list[Issue] = list(unread_in(source, {file.name for file in files}))
        cutter = _Cutter(folder, count)
        refused: InputError | None = None
        for file in files:
            try:
                cutter.cut(file, issues)
            except InputError as error:
                refused = refused or error
                sentence = f"{error} The file is not read; the others are."
                problem = CellProblem("error", "file_unreadable", sentence, "refused")
                issues.append(issue_at(Source(file.name, ""), problem))
        if not cutter.first_places:
            raise refused or InputError(f"{source.name} contains no patient.")
        issues.extend(flag_ids_alike(cutter.first_places, cutter.first_places.__getitem__))
        cutter.write_tables()
        return Parts(files=tuple(file.name for file in files), issues=tuple(issues))

    def hashes(self, part: Path) -> Mapping[str, str]:
        """See `PartReader`."""
        import polars as pl

        rows: dict[str, list[str]] = defaultdict(list)
        for table in _tables(part.parent):
            frame = _rows_of(part, table, None)
            if frame is None:
                continue
            told = [
                pl.when(pl.col(f"c{i}").is_null())
                .then(pl.lit(""))
                .otherwise(
                    pl.lit(f"{header}=") + pl.col(f"c{i}").cast(pl.String) + pl.lit(_BETWEEN)
                )
                for i, header in enumerate(table.header)
                if header is not None
            ]
            by_patient = (
                frame.select(_PATIENT, content=pl.concat_str(told).fill_null(""))
                .sort(_PATIENT, "content")
                .group_by(_PATIENT, maintain_order=True)
                .agg(pl.col("content").str.join("\n"))
            )
            for patient, content in by_patient.iter_rows():
                rows[patient].append(f"{table.name}\n{content}")
        return {patient: _hash(content) for patient, content in rows.items()}

    def read(
        self,
        part: Path,
        knowledge: Knowledge,
        today: date | None,
        patients: Collection[str] | None = None,
    ) -> Reading:
        """See `PartReader`."""
        issues: list[Issue] = []
        runs: dict[str, list[RowRun]] = {}
        tables = _tables(part.parent)
        for table in sorted(tables, key=lambda x: list(knowledge.tidy_tables.tables).index(x.name)):
            grid = _grid(part, table, patients)
            if grid is None:
                continue
            issues.extend(clean_grids([grid], grid.file))
            try:
                runs[table.name] = list(table_runs(grid, knowledge.tidy_tables, table.name, issues))
            except InputError as error:
                problem = CellProblem("error", "file_unreadable", str(error), "refused")
                issues.append(issue_at(Source(table.file, ""), problem))
        has_patients = any(table.name == "patients" for table in tables)
        every = (run for own in runs.values() for run in own)
        gathered = gather(every, issues, has_patient_table=has_patients)
        terms = Terms(knowledge)
        return Reading(
            lambda: make_records(gathered, terms, today=today),
            gathered.issues,
            [table.file for table in tables],
        )


class _Cutter:
    """Writes the rows of tables to parts. `first_places`: where each patient stands first."""

    def __init__(self, folder: Path, count: int) -> None:
        self._folder, self._count = folder, count
        self._tables: list[_Table] = []
        self.first_places: dict[str, Source] = {}

    def cut(self, file: Path, issues: list[Issue]) -> None:
        """One file. Raises InputError where it can't be read."""
        parquet = file.suffix.lower() == ".parquet"
        table, slices = _parquet_slices(file) if parquet else _csv_slices(file, issues)
        column = table.id_column
        self._tables.append(table)
        for number, frame in enumerate(slices):
            self._write(table, self._with_patients(table, frame, column), number)

    def _with_patients(self, table: _Table, frame: pl.DataFrame, column: str) -> pl.DataFrame:
        """The frame with each row's patient and part."""
        import polars as pl

        ids = frame.get_column(column)
        given = ids.unique(maintain_order=True).to_list()
        names = [text(value) for value in given]
        first = frame.select(pl.col(column), pl.col(_NUMBER)).unique(column, keep="first")
        for value, number in first.iter_rows():
            place = Source(table.file, f"row {number}, patient_id")
            if name := text(value):
                self.first_places.setdefault(name, place)
        of_value = pl.DataFrame(
            {column: given, _PATIENT: names, _PART: [part_of(name, self._count) for name in names]},
            schema={column: ids.dtype, _PATIENT: pl.String, _PART: pl.UInt32},
        )
        return frame.join(of_value, on=column, how="left", nulls_equal=True, maintain_order="left")

    def _write(self, table: _Table, frame: pl.DataFrame, number: int) -> None:
        for (part,), own in frame.partition_by(_PART, as_dict=True).items():
            folder = folder_of_part(self._folder, int(cast(int, part))) / table.name
            folder.mkdir(parents=True, exist_ok=True)
            write_frame(folder / f"{number:05d}.parquet", own.drop(_PART), "lz4")

    def write_tables(self) -> None:
        """What is known of each table as a whole, beside the parts."""
        plain = json.dumps([table.plain() for table in self._tables], ensure_ascii=False)
        (self._folder / _TABLES).write_text(plain, encoding="utf-8")


def _parquet_slices(file: Path) -> tuple[_Table, Iterator[pl.DataFrame]]:
    import polars as pl

    names = check_parquet(file)
    table = _Table(name=folded(file.stem), file=file.name, header=tuple(names))
    renamed = {name: f"c{i}" for i, name in enumerate(names)}
    scan = pl.scan_parquet(file, hive_partitioning=False, glob=False)
    decimals = [name for name, kind in scan.collect_schema().items() if kind.is_decimal()]
    scan = scan.with_columns(pl.col(decimals).cast(pl.Float64)) if decimals else scan

    def slices() -> Iterator[pl.DataFrame]:
        start = 0
        while (frame := scan.slice(start, _SLICE).collect()).height:
            numbers = range(start + 2, start + 2 + frame.height)  # the header is row 1
            yield frame.rename(renamed).with_columns(pl.Series(_NUMBER, numbers, dtype=pl.Int64))
            start += frame.height

    return table, slices()


def _csv_slices(file: Path, issues: list[Issue]) -> tuple[_Table, Iterator[pl.DataFrame]]:
    (grid,), notes = read_grids(file)
    issues.extend(notes)
    top = next((i for i, row in enumerate(grid.rows) if any(c is not None for c in row)), 0)
    header = [None if cell is None else str(cell) for cell in grid.rows[top]]
    width = max(map(len, grid.rows[top:]))
    table = _Table(
        name=folded(file.stem), file=file.name, header=tuple(header), decimal=grid.decimal
    )
    return table, _grid_slices(grid, top + 1, width)


def _grid_slices(grid: Grid, first: int, width: int) -> Iterator[pl.DataFrame]:
    """The rows of a grid of texts; rows are as wide as the widest, cells beyond the header too."""
    import polars as pl

    schema = {f"c{i}": pl.String for i in range(width)}
    for start in range(first, len(grid.rows), _SLICE):
        rows = grid.rows[start : start + _SLICE]
        full = [row if len(row) == width else [*row, *[None] * (width - len(row))] for row in rows]
        numbers = [grid.number(start + i) for i in range(len(rows))]
        yield pl.DataFrame(full, schema=schema, orient="row").with_columns(
            pl.Series(_NUMBER, numbers, dtype=pl.Int64)
        )


@lru_cache(maxsize=4)
def _read_tables(folder: Path, _: int) -> tuple[_Table, ...]:
    plain = json.loads((folder / _TABLES).read_text(encoding="utf-8"))
    return tuple(map(_Table.of, plain))


def _tables(folder: Path) -> tuple[_Table, ...]:
    return _read_tables(folder, (folder / _TABLES).stat().st_mtime_ns)


def _rows_of(part: Path, table: _Table, patients: Collection[str] | None) -> pl.DataFrame | None:
    """The rows of a table in a part, in the order of the input; None where there are none."""
    import polars as pl

    files = sorted((part / table.name).glob("*.parquet"))
    if not files:
        return None
    frame = pl.concat([pl.read_parquet(file) for file in files], how="diagonal_relaxed")
    return frame if patients is None else frame.filter(pl.col(_PATIENT).is_in(list(patients)))


def _grid(part: Path, table: _Table, patients: Collection[str] | None) -> Grid | None:
    frame = _rows_of(part, table, patients)
    if frame is None:
        return None
    numbers = frame.get_column(_NUMBER).to_list()
    cells = frame.drop(_NUMBER, _PATIENT)
    header: list[Value] = list(table.header)
    rows: list[list[Value]] = [header, *(list(row) for row in cells.iter_rows())]
    return Grid(
        table.file, None, rows, decimal=table.decimal, numbers=(0, *cast(Sequence[int], numbers))
    )


def _hash(contents: Sequence[str]) -> str:
    return hashlib.sha256("\n\n".join(contents).encode("utf-8", "surrogatepass")).hexdigest()
