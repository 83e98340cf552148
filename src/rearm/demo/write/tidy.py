"""Tidy tables as CSV or Parquet, with the columns of the dictionary. Days are whole numbers, values
of results are text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Literal

from rearm.demo.chart import Tables
from rearm.demo.write.tables import csv_files, parquet_files
from rearm.knowledge.bundle import bundled

__all__ = ["write_csv", "write_parquet"]

_WHOLE = ("day", "integer", "year")  # types of columns that hold whole numbers here


def write_csv(registry: Iterable[Tables], folder: Path) -> int:
    """One CSV file a table; gives the number of patients. Raises InputError where the folder is not
    empty.
    """
    return csv_files(registry, _columns, folder)


def write_parquet(registry: Iterable[Tables], folder: Path) -> int:
    """One Parquet file a table, as `write_csv`."""
    return parquet_files(registry, _columns, folder)


@cache
def _columns(table: str) -> Mapping[str, Literal["whole", "number", "text"]]:
    columns = bundled().tidy_tables.tables[table].columns.values()
    return {
        column.name: "whole"
        if column.type in _WHOLE
        else "number"
        if column.type == "number"
        else "text"
        for column in columns
    }
