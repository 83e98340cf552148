"""Tidy tables as files: CSV, a row at a time, or Parquet, some thousand patients at a time, so that
memory does not grow with the number of patients.
"""

from __future__ import annotations

import csv
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rearm.demo.chart import Row, Tables
from rearm.demo.write.folder import empty_folder
from rearm.knowledge.bundle import bundled
from rearm.knowledge.tidy_tables import Column

if TYPE_CHECKING:
    import polars as pl

__all__ = ["write_csv", "write_parquet"]

_CHUNK = 2000  # patients
_WHOLE = ("day", "integer", "year")  # types of columns that hold whole numbers here
_PARTS = "parts-"


def write_csv(registry: Iterable[Tables], folder: Path) -> int:
    """One CSV file a table; gives the number of patients. A table without a row has no file."""
    empty_folder(folder)
    count = 0
    with ExitStack() as files:
        writers: dict[str, csv.DictWriter[str]] = {}
        for tables in registry:
            count += 1
            for name, rows in tables.items():
                if name not in writers:
                    file = (folder / f"{name}.csv").open("w", encoding="utf-8", newline="")
                    files.enter_context(file)
                    writers[name] = csv.DictWriter(file, [*_columns(name)], lineterminator="\n")
                    writers[name].writeheader()
                writers[name].writerows(rows)
    return count


def write_parquet(registry: Iterable[Tables], folder: Path) -> int:
    """One Parquet file a table; gives the number of patients. Days are whole numbers, values of
    results are text, as in the CSV files.
    """
    import polars as pl

    empty_folder(folder)
    count = 0
    parts: dict[str, list[Path]] = {}
    scratch = Path(tempfile.mkdtemp(prefix=_PARTS, dir=folder))
    try:
        for place, chunk in enumerate(_chunks(registry)):
            count += len(chunk)
            for name, rows in _together(chunk).items():
                part = scratch / f"{name}-{place:05d}.parquet"
                _frame(name, rows).write_parquet(part)
                parts.setdefault(name, []).append(part)
        for name, files in parts.items():
            pl.scan_parquet(files).sink_parquet(folder / f"{name}.parquet")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return count


def _columns(table: str) -> Mapping[str, Column]:
    return bundled().tidy_tables.tables[table].columns


def _chunks(registry: Iterable[Tables]) -> Iterator[list[Tables]]:
    every = iter(registry)
    while chunk := list(islice(every, _CHUNK)):
        yield chunk


def _together(chunk: Iterable[Tables]) -> dict[str, list[Row]]:
    rows: dict[str, list[Row]] = {}
    for tables in chunk:
        for name, entries in tables.items():
            rows.setdefault(name, []).extend(entries)
    return rows


def _frame(table: str, rows: Sequence[Row]) -> pl.DataFrame:
    """The rows as columns, typed by the dictionary."""
    import polars as pl

    def series(column: Column) -> pl.Series:
        values: list[Any] = [row.get(column.name) for row in rows]
        kind = pl.String if column.type not in (*_WHOLE, "number") else pl.Float64
        return pl.Series(
            column.name, values, dtype=pl.Int64 if column.type in _WHOLE else kind, strict=True
        )

    return pl.DataFrame([series(column) for column in _columns(table).values()])
