"""What a CDM may lie in: names in any case, tabs, damage, and files made by somebody hostile."""

from __future__ import annotations

import builtins
import gzip
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.support.loops import some
from tests.support.small_cdm import SmallCdm, codes, the_issue

import rearm
from rearm.errors import InputError
from rearm.intake.omop.database import DuckDbCdm
from rearm.intake.omop.read import is_omop, observation_periods


@pytest.fixture
def cdm(tmp_path: Path) -> SmallCdm:
    return SmallCdm(tmp_path / "cdm").measured()


def _database(cdm: SmallCdm, *, schema: str = "main") -> Path:
    folder, file = cdm.write(), cdm.folder.parent / "cdm.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        for table in sorted(folder.glob("*.csv")):
            connection.execute(
                f"CREATE TABLE {schema}.{table.stem} AS SELECT * FROM read_csv('{table}')"
            )
    return file


def _labs(path: Path) -> list[str]:
    return [lab.test for record in rearm.read(path).records for lab in record.labs]


# ------------------------------------------------------------------ folders


def test_names_in_any_case_tabs_and_gz(cdm: SmallCdm) -> None:
    folder = cdm.write()
    (folder / "person.csv").rename(folder / "Person.CSV")
    text = (folder / "measurement.csv").read_text("utf-8")
    header, rest = text.split("\n", 1)
    (folder / "measurement.csv").unlink()
    with gzip.open(folder / "MEASUREMENT.csv.gz", "wt", encoding="utf-8") as file:
        file.write(header.upper() + "\n" + rest)
    # as the vocabulary is downloaded: tabs, and a quotation mark that closes nothing
    concepts = (folder / "concept.csv").read_text("utf-8").replace(",", "\t")
    (folder / "concept.csv").write_text(concepts + '9\ta\tb\t5" cannula\tc\n', "utf-8")
    assert is_omop(folder)
    assert _labs(folder) == ["serum_m_protein"]


def test_a_table_of_several_parquet_files(cdm: SmallCdm) -> None:
    import polars as pl

    folder = cdm.measured(measurement_date="2021-05-05").write()
    rows = pl.read_csv(folder / "measurement.csv")
    (folder / "measurement.csv").unlink()
    (folder / "measurement").mkdir()
    rows[:1].write_parquet(folder / "measurement" / "part-0.parquet")
    rows[1:].write_parquet(folder / "measurement" / "part-1.parquet")
    assert _labs(folder) == ["serum_m_protein"] * 2


def test_a_table_that_is_there_twice(cdm: SmallCdm) -> None:
    folder = cdm.write()
    (folder / "PERSON.tsv").write_text("person_id\n1\n", "utf-8")
    with pytest.raises(InputError, match="person appears twice"):
        rearm.read(folder)


def test_a_damaged_table_does_not_end_the_others(cdm: SmallCdm) -> None:
    cdm.add("condition_occurrence", {"condition_concept_id": 531,
                                     "condition_start_date": "2021-01-01"})  # fmt: skip
    folder = cdm.write()
    (folder / "condition_occurrence.csv").unlink()
    (folder / "condition_occurrence.parquet").write_bytes(b"PAR1 and nothing more")
    (folder / "drug_exposure.csv").write_bytes(b"")
    reading = rearm.read(folder)
    unreadable = [i for i in reading.issues if i.code == "file_unreadable"]
    assert {i.severity for i in some(unreadable)} == {"error"}
    assert len(unreadable) == 2
    assert len(reading.records[0].labs) == 1
    assert reading.records[0].unread == reading.unread != ()


def test_a_row_with_too_many_cells_is_told(cdm: SmallCdm) -> None:
    folder = cdm.write()
    with (folder / "measurement.csv").open("a", encoding="utf-8") as file:
        file.write("2,1,501,2021-03-18,3,511,7,8,9,10\n")
    reading = rearm.read(folder)
    assert the_issue(reading, "file_unreadable").source.file == "measurement.csv"


def test_a_person_table_without_rows_is_a_sentence(cdm: SmallCdm) -> None:
    cdm.tables = {"person": []}
    with pytest.raises(InputError, match="contains no patient"):
        cdm.read()


def test_a_patient_whom_person_lacks_is_told(cdm: SmallCdm) -> None:
    reading = cdm.measured(person_id=77).read()
    assert [r.patient_id for r in reading.records] == ["1", "77"]
    assert "no_patient_row" in codes(reading)


def test_characters_that_a_screen_would_obey(cdm: SmallCdm) -> None:
    cdm.measured(measurement_concept_id=0, measurement_source_value="red\x1b[31m \u202e ward")
    reading = cdm.read()
    for issue in some(reading.all_issues()):
        assert "\x1b" not in issue.message and "\u202e" not in issue.message
        assert not any("\x1b" in (place.value or "") for place in issue.places)


def test_keys_that_were_once_numbers_with_gaps(cdm: SmallCdm) -> None:
    cdm.tables["person"] = [{"person_id": "1.0", "gender_concept_id": "8507.0"}]
    cdm.tables["measurement"] = []
    cdm.measured(person_id="1.0", measurement_concept_id="501.0", unit_concept_id=" 511 ")
    (record,) = cdm.read().records
    assert (record.patient_id, record.sex, len(record.labs)) == ("1", "M", 1)


def test_observation_periods(cdm: SmallCdm) -> None:
    assert observation_periods(cdm.write()).is_empty()
    cdm.add("observation_period", {"observation_period_start_date": "2020-01-02",
                                   "observation_period_end_date": ""})  # fmt: skip
    (row,) = observation_periods(cdm.write()).to_dicts()
    assert (row["patient_id"], str(row["start"]), row["end"]) == ("1", "2020-01-02", None)


# ------------------------------------------------------------------ databases


def test_a_database_whatever_its_schema(cdm: SmallCdm) -> None:
    file = _database(cdm, schema="cdm_v5")
    reading = rearm.read(file)
    (record,) = reading.records
    assert record.labs[0].source.file == "cdm.duckdb"
    assert record.labs[0].source.place == "measurement, measurement_id 1"


def test_two_schemas_are_not_guessed(cdm: SmallCdm) -> None:
    _database(cdm, schema="a")
    with pytest.raises(InputError, match=r"several schemas \(a, b\)"):
        rearm.read(_database(cdm, schema="b"))


def test_a_view_of_a_file_is_not_run(cdm: SmallCdm, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("drug_exposure_id,person_id,drug_source_value\n1,1,Velcade\n", "utf-8")
    file = _database(cdm)
    with duckdb.connect(str(file)) as connection:
        connection.execute(f"CREATE VIEW drug_exposure AS SELECT * FROM read_csv('{secret}')")
    reading = rearm.read(file)
    assert "drug_exposure" in the_issue(reading, "table_not_read").message
    assert reading.records[0].therapies == ()


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM read_csv('{secret}')",
        "SELECT * FROM read_text('{secret}')",
        "COPY (SELECT 1) TO '{out}'",
        "ATTACH '{out}' AS other",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET lock_configuration = false",
        "CREATE TABLE person2 AS SELECT 1",
        "DELETE FROM person",
    ],
)
def test_the_connection_has_no_way_out(query: str, cdm: SmallCdm, tmp_path: Path) -> None:
    secret, out = tmp_path / "secret.csv", tmp_path / "out.db"
    secret.write_text("a\n1\n", "utf-8")
    opened: Any = DuckDbCdm(_database(cdm))
    try:
        with pytest.raises(duckdb.Error):
            opened._connection.execute(query.format(secret=secret, out=out))
    finally:
        opened.close()
    assert not out.exists()


@pytest.mark.parametrize("content", [b"", b"no database", b"12345678DUCK" + b"\x00" * 4096])
def test_what_is_no_database_is_a_sentence(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "broken.duckdb"
    file.write_bytes(content)
    with pytest.raises(InputError, match=r"broken\.duckdb"):
        rearm.read(file)


def test_a_database_without_patients_is_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "other.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("CREATE TABLE person (person_id INTEGER)")
    with pytest.raises(InputError, match="holds no OMOP CDM"):
        rearm.read(file)


@pytest.mark.parametrize(
    ("module", "source"), [("duckdb", "x.duckdb"), ("psycopg", "postgresql://h/x")]
)
def test_without_the_extra_one_sentence(
    module: str, source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def missing(name: str, *further: Any, **named: Any) -> Any:
        if name == module:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, *further, **named)

    monkeypatch.setattr(builtins, "__import__", missing)
    (tmp_path / "x.duckdb").write_bytes(b"x")
    with pytest.raises(InputError, match=r"install rearm\[omop\]"):
        rearm.read(source if "://" in source else tmp_path / source)
