"""Tables as files, CSV or Parquet, patients one after the other: memory does not grow with their
number.
"""

from __future__ import annotations

import csv
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rearm.demo.chart import Row
from rearm.demo.write.folder import empty_folder

if TYPE_CHECKING:
    import polars as pl

__all__ = ["ColumnTypes", "csv_files", "parquet_files"]

# of a table: its columns with the type of their cells
ColumnTypes = Callable[[str], Mapping[str, Literal["whole", "number", "text"]]]
_Tables = Mapping[str, Sequence[Row]]

_CHUNK = 2000  # patients


def csv_files(registry: Iterable[_Tables], columns: ColumnTypes, folder: Path) -> int:
    """One CSV file a table that has rows; gives how many tables of patients there were."""
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
                    writers[name] = csv.DictWriter(file, [*columns(name)], lineterminator="\n")
                    writers[name].writeheader()
                writers[name].writerows(rows)
    return count


def parquet_files(registry: Iterable[_Tables], columns: ColumnTypes, folder: Path) -> int:
    """One Parquet file a table that has rows, as `csv_files`."""
    import polars as pl

    empty_folder(folder)
    count = 0
    parts: dict[str, list[Path]] = {}
    scratch = Path(tempfile.mkdtemp(prefix=".rearm-", dir=folder))
    try:
        for place, chunk in enumerate(_chunks(registry)):
            count += len(chunk)
            for name, rows in _together(chunk).items():
                part = scratch / f"{name}-{place:05d}.parquet"
                _frame(columns(name), rows).write_parquet(part)
                parts.setdefault(name, []).append(part)
        for name, files in parts.items():
            pl.scan_parquet(files).sink_parquet(folder / f"{name}.parquet")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return count


def _chunks(registry: Iterable[_Tables]) -> Iterator[list[_Tables]]:
    every = iter(registry)
    while chunk := list(islice(every, _CHUNK)):
        yield chunk


def _together(chunk: Iterable[_Tables]) -> dict[str, list[Row]]:
    rows: dict[str, list[Row]] = {}
    for tables in chunk:
        for name, entries in tables.items():
            rows.setdefault(name, []).extend(entries)
    return rows


def _frame(columns: Mapping[str, str], rows: Sequence[Row]) -> pl.DataFrame:
    import polars as pl

    types: dict[str, Any] = {"whole": pl.Int64, "number": pl.Float64, "text": pl.String}
    series = []
    for name, kind in columns.items():
        values = [row.get(name) for row in rows]
        series.append(pl.Series(name, values, dtype=types[kind], strict=True))
    return pl.DataFrame(series)
