"""A table of a CDM that is damaged is told, and the others are read."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.demo_registry import registry

from rearm.demo.write.omop import write_omop
from rearm.intake import read


@pytest.mark.parametrize("table", ["concept", "condition_occurrence"])
def test_a_damaged_table_costs_no_other(table: str, tmp_path: Path) -> None:
    write_omop(registry(3), tmp_path)
    (tmp_path / f"{table}.csv").write_bytes(bytes(range(128, 256)) * 20)
    reading = read(tmp_path)
    assert len(reading.records) == 3
    (told,) = [x for x in reading.issues if x.code == "file_unreadable"]
    assert told.severity == "error" and told.source.file == f"{table}.csv"
    assert "the others are" in told.message
