"""A CDM cut into parts by patient: every row in one part, the same records, hashes that tell a
change.
"""

from __future__ import annotations

import copy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tests.support.generated_patients import generated_patients
from tests.support.loops import some
from tests.support.omop_writer import Cdm, carried, cdm_of, write_csv, write_duckdb, write_parquet
from tests.support.record_told import told

import rearm
from rearm.errors import InputError
from rearm.intake.omop.parts import OmopParts
from rearm.intake.parts import PartReader, folder_of_part, part_of
from rearm.knowledge.bundle import bundled
from rearm.record import Record

COUNT = 7


@cache
def _cdm() -> Cdm:
    tables: dict[str, list[dict[str, Any]]] = {}
    for patient in generated_patients(30, seed=3):
        for table, rows in patient.items():
            tables.setdefault(table, []).extend(rows)
    return cdm_of(carried(tables))


def _cut(source: Path, folder: Path, count: int = COUNT) -> dict[int, Path]:
    OmopParts().cut(source, folder, count)
    return {n: p for n in range(count) if (p := folder_of_part(folder, n)).exists()}


def _hashes(source: Path, folder: Path, count: int = COUNT) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in _cut(source, folder, count).values():
        own = OmopParts().hashes(part)
        assert not found.keys() & own.keys()
        found |= own
    return found


def test_the_parts_hold_the_records_of_the_whole(tmp_path: Path) -> None:
    source = write_csv(_cdm(), tmp_path / "cdm")
    whole = {r.patient_id: r for r in rearm.read(source).records}
    reader: PartReader = OmopParts()
    found: dict[str, Record] = {}
    for number, part in some(_cut(source, tmp_path / "parts").items()):
        records = reader.read(part, bundled(), None).records
        assert {part_of(r.patient_id, COUNT) for r in records} == {number}
        assert not found.keys() & {r.patient_id for r in records}
        found |= {r.patient_id: r for r in records}
    assert found.keys() == whole.keys()
    for patient_id, record in whole.items():
        assert told(found[patient_id]) == told(record)
        places = [lab.source for lab in record.labs]
        assert [lab.source for lab in found[patient_id].labs] == places
        assert all(place.file == "measurement.csv" for place in places)


def test_patients_can_be_chosen(tmp_path: Path) -> None:
    parts = _cut(write_csv(_cdm(), tmp_path / "cdm"), tmp_path / "parts", 1)
    chosen = ["G00003", "G00017"]
    reading = OmopParts().read(parts[0], bundled(), None, patients=chosen)
    assert sorted(r.patient_id for r in reading.records) == chosen


def test_hashes_do_not_depend_on_order_parts_or_the_form_of_the_files(tmp_path: Path) -> None:
    first = _hashes(write_csv(_cdm(), tmp_path / "a"), tmp_path / "parts a")
    turned = Cdm()
    for table, rows in _cdm().tables.items():
        turned.tables[table] = list(reversed(rows))
    assert _hashes(write_csv(turned, tmp_path / "b"), tmp_path / "parts b", 2) == first
    assert _hashes(write_parquet(_cdm(), tmp_path / "c"), tmp_path / "parts c") == first
    assert _hashes(write_duckdb(_cdm(), tmp_path / "d.duckdb"), tmp_path / "parts d") == first


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("measurement", "value_as_number", 77.5),
        ("measurement", "value_source_value", "<1"),
        ("drug_exposure", "stop_reason", "toxicity"),
        ("death", "death_date", "2033-01-01"),
    ],
)
def test_a_changed_cell_changes_the_hash_of_its_patient_alone(
    table: str, column: str, value: object, tmp_path: Path
) -> None:
    before = _hashes(write_csv(_cdm(), tmp_path / "a"), tmp_path / "parts a")
    changed = copy.deepcopy(_cdm())
    row = changed.tables[table][0]
    assert row.get(column) != value
    row[column] = value
    after = _hashes(write_csv(changed, tmp_path / "b"), tmp_path / "parts b")
    assert {p for p in before if before[p] != after[p]} == {row["person_id"]}


def test_a_concept_with_another_code_changes_the_hash_of_who_has_it(tmp_path: Path) -> None:
    before = _hashes(write_csv(_cdm(), tmp_path / "a"), tmp_path / "parts a")
    changed = copy.deepcopy(_cdm())
    having: dict[int, set[str]] = {}
    for row in changed.tables["measurement"]:
        having.setdefault(row["measurement_concept_id"], set()).add(row["person_id"])
    rare, patients = min(having.items(), key=lambda item: (item[0] == 0, len(item[1])))
    concept = next(c for c in changed.tables["concept"] if c["concept_id"] == rare)
    concept["concept_code"] = "36916-5"
    after = _hashes(write_csv(changed, tmp_path / "b"), tmp_path / "parts b")
    assert {p for p in before if before[p] != after[p]} == patients
    assert 0 < len(patients) < len(before)


def test_a_line_that_gets_another_exposure_changes_the_hash(tmp_path: Path) -> None:
    before = _hashes(write_csv(_cdm(), tmp_path / "a"), tmp_path / "parts a")
    changed = copy.deepcopy(_cdm())
    gone = changed.tables["episode_event"].pop(0)
    of = changed.tables["episode"][gone["episode_id"] - 1]["person_id"]
    after = _hashes(write_csv(changed, tmp_path / "b"), tmp_path / "parts b")
    assert {p for p in before if before[p] != after[p]} == {of}


def test_a_folder_without_patients_is_refused_with_a_sentence(tmp_path: Path) -> None:
    empty = Cdm()
    empty.tables["person"] = [{"person_id": ""}]
    empty.tables["measurement"] = []
    folder = write_csv(empty, tmp_path / "cdm")
    (folder / "measurement.csv").write_text("measurement_id,person_id\n", "utf-8")
    with pytest.raises(InputError, match="contains no patient"):
        OmopParts().cut(folder, tmp_path / "parts", 2)
