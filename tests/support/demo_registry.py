"""The invented registry for tests: many patients as one set of tables, and their records."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from rearm.demo import demo_patients
from rearm.demo.chart import Tables
from rearm.intake import read_tables
from rearm.record import Record

Rows = dict[str, list[dict[str, Any]]]


def together(registry: Iterable[Tables]) -> Rows:
    """The rows of all patients, by table."""
    rows: Rows = {}
    for tables in registry:
        for name, entries in tables.items():
            rows.setdefault(name, []).extend(entries)
    return rows


@cache
def registry(count: int, seed: int = 0) -> tuple[Tables, ...]:
    return tuple(demo_patients(count, seed))


def records_of(registry: Iterable[Tables], *without: str) -> tuple[Record, ...]:
    """The records, without some tables."""
    rows = {name: rows for name, rows in together(registry).items() if name not in without}
    return tuple(read_tables(rows).records)
