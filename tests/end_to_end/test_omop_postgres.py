"""A CDM in PostgreSQL, with a real server: the same records, nothing written, no password told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tests.support.generated_patients import generated_patients
from tests.support.loops import some
from tests.support.omop_writer import Cdm, carried, cdm_of, write_csv
from tests.support.postgres import postgres_server
from tests.support.record_told import told

import rearm
from rearm.errors import InputError
from rearm.intake.omop.parts import OmopParts
from rearm.intake.omop.read import open_cdm, read_omop
from rearm.intake.parts import folder_of_part
from rearm.knowledge.bundle import bundled

_WHOLE = ("_id", "_of_birth", "episode_number")
_TEXT_IDS = ("person_id", "vocabulary_id", "domain_id", "concept_class_id", "specimen_source_id")
_NUMBERS = ("value_as_number", "range_low", "range_high")


@cache
def _cdm() -> Cdm:
    tables: dict[str, list[dict[str, Any]]] = {}
    for patient in generated_patients(12, seed=8):
        for table, rows in patient.items():
            tables.setdefault(table, []).extend(rows)
    return cdm_of(carried(tables))


def _type(column: str) -> str:
    if column in _NUMBERS:
        return "numeric"
    if column.endswith("_date"):
        return "date"
    return "bigint" if column.endswith(_WHOLE) and column not in _TEXT_IDS else "text"


def _write(address: str, schema: str, vocabulary: str) -> None:
    import psycopg
    from psycopg import sql

    with psycopg.connect(address) as connection:
        for name in dict.fromkeys((schema, vocabulary)):
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(name)))
        for table, rows in _cdm().tables.items():
            columns = list(dict.fromkeys(c for row in rows for c in row))
            place = sql.Identifier(vocabulary if table.startswith("concept") else schema, table)
            kinds = [sql.SQL("{} {}").format(sql.Identifier(c), sql.SQL(_type(c))) for c in columns]
            connection.execute(sql.SQL("CREATE TABLE {} ({})").format(
                place, sql.SQL(", ").join(kinds)))  # fmt: skip
            with connection.cursor() as cursor:
                cursor.executemany(
                    sql.SQL("INSERT INTO {} VALUES ({})").format(
                        place, sql.SQL(", ").join([sql.Placeholder()] * len(columns))
                    ),
                    [[_cell(row.get(c), c) for c in columns] for row in rows],
                )


def _cell(value: Any, column: str) -> Any:
    if value in (None, ""):
        return None
    kind = _type(column)
    return float(value) if kind == "numeric" else int(value) if kind == "bigint" else str(value)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with postgres_server() as found:
        _write(found, "cdm54", "vocab")
        yield found


def test_the_records_are_those_of_the_files(address: str, tmp_path: Path) -> None:
    expected = {r.patient_id: r for r in rearm.read(write_csv(_cdm(), tmp_path / "cdm")).records}
    reading = rearm.read(address)
    found = {r.patient_id: r for r in reading.records}
    assert found.keys() == expected.keys()
    for patient_id in some(expected):
        assert told(found[patient_id]) == told(expected[patient_id])
    lab = next(lab for r in reading.records for lab in r.labs)
    assert lab.source.place.startswith("measurement, measurement_id ")
    assert reading.files == ("PostgreSQL postgres",)


def test_it_can_be_cut_into_parts(address: str, tmp_path: Path) -> None:
    OmopParts().cut(address, tmp_path, 3)
    parts = [p for n in range(3) if (p := folder_of_part(tmp_path, n)).exists()]
    found = [r for p in some(parts) for r in OmopParts().read(p, bundled(), None).records]
    whole = {r.patient_id: r for r in read_omop(address).records}
    assert len(found) == len(whole)
    assert all(told(r) == told(whole[r.patient_id]) for r in found)


def test_nothing_can_be_written(address: str) -> None:
    import psycopg

    cdm: Any = open_cdm(address)
    try:
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            cdm._connection.execute("DELETE FROM cdm54.person")
    finally:
        cdm.close()


def test_two_schemas_need_a_name(address: str) -> None:
    import psycopg

    _write(address, "copy", "copy")
    try:
        with pytest.raises(InputError, match=r"several schemas \(cdm54, copy\)"):
            read_omop(address)
        named = read_omop(f"{address}&schema=copy")
        assert len(named.records) == 12
        with pytest.raises(InputError, match="no schema elsewhere"):
            read_omop(f"{address}&schema=elsewhere")
    finally:
        with psycopg.connect(address) as connection:
            connection.execute("DROP SCHEMA copy CASCADE")


def test_no_message_holds_the_password() -> None:
    pytest.importorskip("psycopg", reason="psycopg is not installed: pip install rearm[omop]")
    with pytest.raises(InputError) as raised:
        rearm.read("postgresql://reader:hidden-word@127.0.0.1:1/cdm")
    assert "PostgreSQL" in str(raised.value)
    assert "hidden-word" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_no_place_holds_the_address(address: str) -> None:
    reading = rearm.read(address)
    told_of = json.dumps([str(issue) for issue in reading.all_issues()])
    assert "postgresql://" not in told_of and "host=" not in told_of
