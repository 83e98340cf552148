"""The same patients as tidy tables and as a CDM of OMOP give the same records, whatever the CDM
lies in.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tests.end_to_end.test_examples import EXAMPLES
from tests.support.generated_patients import generated_patients
from tests.support.loops import some
from tests.support.omop_writer import Cdm, carried, cdm_of, write_csv, write_duckdb, write_parquet
from tests.support.record_told import told

import rearm
from rearm.intake import read_tables
from rearm.record import Record

Tables = dict[str, list[dict[str, Any]]]


def _examples() -> Tables:
    found: Tables = {}
    for file in sorted((EXAMPLES / "tables").glob("*.csv")):
        with file.open(encoding="utf-8", newline="") as opened:
            found[file.stem] = list(csv.DictReader(opened))
    return found


def _generated() -> Tables:
    found: Tables = {}
    for patient in generated_patients(40, seed=5):
        for table, rows in patient.items():
            found.setdefault(table, []).extend(rows)
    return found


@cache
def _tables(source: str) -> Tables:
    return carried({"examples": _examples, "generated": _generated}[source]())


@cache
def _by_id(source: str) -> dict[str, Record]:
    return {r.patient_id: r for r in read_tables(_tables(source)).records}


@cache
def _cdm(source: str) -> Cdm:
    return cdm_of(_tables(source))


WRITERS: dict[str, Callable[[Cdm, Path], Path]] = {
    "csv": lambda cdm, folder: write_csv(cdm, folder / "cdm"),
    "CSV in capitals": lambda cdm, folder: write_csv(cdm, folder / "cdm", upper=True),
    "parquet": lambda cdm, folder: write_parquet(cdm, folder / "cdm"),
    "duckdb": lambda cdm, folder: write_duckdb(cdm, folder / "cdm.duckdb"),
}


def _differences(found: Record, expected: Record) -> list[str]:
    """What one record says and the other does not."""
    one, other = told(found), told(expected)
    differences: list[str] = []
    for name in one:
        if isinstance(one[name], Counter):
            differences += [f"+ {event}" for event in one[name] - other[name]]
            differences += [f"- {event}" for event in other[name] - one[name]]
        elif one[name] != other[name]:
            differences.append(f"{name}: {one[name]} and not {other[name]}")
    return differences


@pytest.mark.parametrize("source", ["examples", "generated"])
@pytest.mark.parametrize("form", WRITERS)
def test_the_records_are_the_same(source: str, form: str, tmp_path: Path) -> None:
    expected = _by_id(source)
    found = {r.patient_id: r for r in rearm.read(WRITERS[form](_cdm(source), tmp_path)).records}
    assert found.keys() == expected.keys()
    for patient_id in some(expected):
        assert _differences(found[patient_id], expected[patient_id]) == [], patient_id


@pytest.mark.parametrize("source", ["examples", "generated"])
def test_what_is_compared_is_no_empty_record(source: str) -> None:
    records = _by_id(source).values()
    names = ("labs", "therapies", "infusions", "responses", "variants", "conditions", "facts")
    for name in names if source == "generated" else ("labs", "therapies", "infusions", "variants"):
        assert any(getattr(record, name) for record in records), name
    assert any(r.diagnosis_day is not None and r.last_seen_day is not None for r in records)
