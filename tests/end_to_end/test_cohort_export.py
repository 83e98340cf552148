"""`rearm cohort export` as a user meets it, on generated patients."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pyreadstat
import pytest
from tests.support.command_line import run, says
from tests.support.generated_patients import write_patients
from tests.support.loops import some
from tests.support.store_files import bytes_of

from rearm.cohort.store.build import Wanted, build
from rearm.cohort.store.folder import FINDINGS, StoreFolder
from rearm.cohort.store.tables import TABLES
from rearm.export.adam import response_datasets
from rearm.export.fhir_ndjson import patient_resource
from rearm.intake import read
from rearm.intake.fhir.read import read_fhir
from rearm.outcome.patient_course import patient_course

PATIENTS = 30


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_patients(PATIENTS, folder, 9)
    return folder


@pytest.fixture(scope="module")
def store(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("store") / "store"
    build(data, folder, Wanted(buckets=3))
    return folder


# ---------------------------------------------------------------- ADaM


def test_adam_holds_every_patient_once(data: Path, tmp_path: Path) -> None:
    result = run("cohort", "export", data, "--adam", "--study", "S1", "--to", tmp_path)
    says(result, 0, f"{PATIENTS} patients")
    records = list(read(data).stream())
    expected = response_datasets([patient_course(r) for r in records], study="S1")
    for name, frame in (("adrs", expected.adrs), ("adtte", expected.adtte)):
        assert pl.read_parquet(tmp_path / f"{name}.parquet").equals(frame)
        xpt, _ = pyreadstat.read_xport(str(tmp_path / f"{name}.xpt"))
        assert len(xpt) == frame.height
    subjects = set(pl.read_parquet(tmp_path / "adrs.parquet")["USUBJID"])
    assert subjects == {r.patient_id for r in records} and len(subjects) == PATIENTS


# ---------------------------------------------------------------- FHIR


def _lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in some(file.read_text("utf-8").splitlines())]


def test_ndjson_has_a_file_a_type_with_references_that_hold(data: Path, tmp_path: Path) -> None:
    says(run("cohort", "export", data, "--fhir-ndjson", "--to", tmp_path), 0, "Patient.ndjson")
    names = sorted(x.name for x in tmp_path.iterdir())
    assert names == [".rearm-export", "Observation.ndjson", "Patient.ndjson"]
    patients = _lines(tmp_path / "Patient.ndjson")
    observations = _lines(tmp_path / "Observation.ndjson")
    assert len(patients) == PATIENTS and len(observations) > PATIENTS
    here = {f"{x['resourceType']}/{x['id']}" for x in [*patients, *observations]}
    assert len(here) == len(patients) + len(observations), "an id stands twice"
    for resource in some(observations):
        assert resource["subject"]["reference"] in here
        for source in resource.get("derivedFrom", ()):
            assert source["reference"] in here


def test_the_patients_of_ndjson_are_read_again(data: Path, tmp_path: Path) -> None:
    """Lines put into one bundle give the same patients; responses that Rearm computed are not taken
    for the team's.
    """
    says(run("cohort", "export", data, "--fhir-ndjson", "--to", tmp_path), 0)
    lines = [*_lines(tmp_path / "Patient.ndjson"), *_lines(tmp_path / "Observation.ndjson")]
    entries = [
        {"fullUrl": f"http://x.example/{x['resourceType']}/{x['id']}", "resource": x} for x in lines
    ]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    again = {r.patient_id: r for r in read_fhir(json.dumps(bundle).encode()).stream()}
    before = {r.patient_id: r for r in read(data).stream()}
    assert set(again) == set(before)
    for patient, record in some(before.items()):
        assert again[patient].sex == record.sex
        years = (again[patient].birth_year, record.birth_year)
        assert years[0] == years[1] or again[patient].birth_date is not None
        assert again[patient].responses == ()
        assert bool(again[patient].deaths) == bool(record.deaths)


def test_an_id_that_fhir_does_not_take_stays_an_identifier(data: Path, tmp_path: Path) -> None:
    for file in data.glob("*.csv"):
        text = file.read_text("utf-8").replace("G0000", "Kö/ln 0")
        (tmp_path / file.name).write_text(text, "utf-8")
    out = tmp_path / "out"
    says(run("cohort", "export", tmp_path, "--fhir-ndjson", "--to", out), 0)
    patients = _lines(out / "Patient.ndjson")
    odd = [x for x in patients if x["identifier"][0]["value"].startswith("Kö/ln")]
    assert odd and all(x["id"] != x["identifier"][0]["value"] for x in odd)
    ids = {x["id"] for x in odd}
    named = {
        x["subject"]["reference"].removeprefix("Patient/")
        for x in _lines(out / "Observation.ndjson")
    }
    assert ids & named


def test_no_death_on_record_is_no_statement_of_life(data: Path) -> None:
    resources = [patient_resource(r) for r in read(data).stream()]
    dead = [x for x in resources if "deceasedBoolean" in x or "deceasedDateTime" in x]
    assert dead and len(dead) < len(resources)
    assert all(x.get("deceasedBoolean") is not False for x in resources)


# ---------------------------------------------------------------- tables of the store


def test_parquet_is_the_store_as_one_file_a_table(store: Path, tmp_path: Path) -> None:
    says(run("cohort", "export", store, "--parquet", "--to", tmp_path), 0, "11 tables")
    source = StoreFolder(store)
    for name in some((*TABLES, FINDINGS)):
        frame = pl.read_parquet(tmp_path / f"{name}.parquet")
        assert frame.equals(source.table(name).collect())
    with (tmp_path / "columns.csv").open(encoding="utf-8", newline="") as file:
        described = {(row["table"], row["column"]) for row in csv.DictReader(file)}
    there = {
        (f.stem, column)
        for f in some(tmp_path.glob("*.parquet"))
        for column in pl.read_parquet_schema(f)
    }
    assert there - described == {(FINDINGS, "patient_id")}


# ---------------------------------------------------------------- CIBMTR


def test_cibmtr_lists_fields_and_what_is_open(data: Path, tmp_path: Path) -> None:
    result = run("cohort", "export", data, "--cibmtr", "--revision", "8", "--to", tmp_path)
    says(result, 0, f"{PATIENTS} patients", "have no answer and stay empty")
    frame = pl.read_csv(tmp_path / "fields.csv", infer_schema=False)
    missing = pl.read_csv(tmp_path / "open.csv", infer_schema=False)
    assert frame.filter(pl.col("why_open").is_not_null()).equals(missing)
    assert frame["answer"].is_not_null().sum() + missing.height == frame.height
    assert set(frame["revision"]) == {"8"}
    told = pl.col("answer").is_not_null() & (pl.col("answer") != "not applicable")
    places = frame.filter(told)["from"]
    assert places.null_count() == 0 and places.str.contains("row ").all()
    book = openpyxl.load_workbook(tmp_path / "cibmtr.xlsx", read_only=True)
    heights = {sheet.title: sum(1 for _ in sheet.rows) - 1 for sheet in book}
    assert heights == {"fields": frame.height, "open": missing.height}


def test_texts_of_cibmtr_are_no_formulas(data: Path, tmp_path: Path) -> None:
    for file in data.glob("*.csv"):
        text = file.read_text("utf-8").replace("G0000", "=cmd|0")
        (tmp_path / file.name).write_text(text, "utf-8")
    out = tmp_path / "out"
    says(run("cohort", "export", tmp_path, "--cibmtr", "--to", out), 0)
    ids = pl.read_csv(out / "fields.csv", infer_schema=False)["patient_id"]
    assert ids.str.starts_with("'=cmd").any() and not ids.str.starts_with("=").any()


# ---------------------------------------------------------------- what can't be done


@pytest.mark.parametrize("kind", ["--adam", "--cibmtr", "--fhir-ndjson"])
def test_what_needs_the_data_asks_for_it_and_takes_it(
    store: Path, data: Path, tmp_path: Path, kind: str
) -> None:
    out = tmp_path / "out"
    says(run("cohort", "export", store, kind, "--to", out), 2, kind, "--data PATH")
    assert not out.exists()
    says(run("cohort", "export", store, kind, "--data", data, "--to", out), 0)
    assert list(out.iterdir())


def test_data_of_other_patients_beside_a_store_are_told(store: Path, tmp_path: Path) -> None:
    others = write_patients(PATIENTS - 1, tmp_path / "others", 9)
    result = run("cohort", "export", store, "--adam", "--data", others, "--to", tmp_path / "out")
    says(result, 1, "that these data lack: 1", "lacks: 0", "built from them")
    assert list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("kind", ["--parquet", "--fhir-ndjson", "--adam", "--cibmtr"])
def test_no_export_takes_the_place_of_the_data(
    kind: str, data: Path, store: Path, tmp_path: Path
) -> None:
    own = tmp_path / "own"
    shutil.copytree(data, own)
    before = bytes_of(own)
    source = store if kind == "--parquet" else own
    says(run("cohort", "export", source, kind, "--to", own), 2, "not empty", "Name a new folder")
    assert bytes_of(own) == before
    out = tmp_path / "out"
    for _ in range(2):  # what an export wrote, the next one may replace
        result = run("cohort", "export", source, kind, "--to", out)
        assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("kind", ["--parquet", "--deidentified"])
def test_what_needs_a_store_says_how_to_make_one(data: Path, tmp_path: Path, kind: str) -> None:
    result = run("cohort", "export", data, kind, "--to", tmp_path / "out")
    says(result, 2, "is no store", "rearm cohort build")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "Choose one of"),
        (["--adam", "--parquet"], "Choose one of"),
        (["--adam", "--key", "key.csv"], "--key belongs to --deidentified"),
    ],
)
def test_one_kind_at_a_time(data: Path, tmp_path: Path, options: list[str], words: str) -> None:
    result = run("cohort", "export", data, *options, "--to", tmp_path / "out", cwd=tmp_path)
    says(result, 2, words)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["--adam", "--cibmtr", "--fhir-ndjson", "--parquet"])
def test_nothing_is_written_into_the_store(
    store: Path, data: Path, kind: str, tmp_path: Path
) -> None:
    out = store / "patients"
    before = sorted(x.name for x in out.iterdir())
    result = run("cohort", "export", store, kind, "--data", data, "--to", out)
    says(result, 2, "lies in the store")
    assert sorted(x.name for x in out.iterdir()) == before


def test_a_file_where_the_folder_should_be(data: Path, store: Path, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("x", "utf-8")
    for kind in ("--adam", "--cibmtr", "--fhir-ndjson", "--parquet", "--deidentified"):
        source = store if kind in ("--parquet", "--deidentified") else data
        result = run("cohort", "export", source, kind, "--to", taken)
        assert result.returncode == 2 and "Traceback" not in result.stderr
        assert taken.read_text("utf-8") == "x"


@pytest.mark.parametrize("kind", ["--parquet", "--deidentified"])
def test_a_store_that_is_damaged_says_so(tmp_path: Path, kind: str) -> None:
    broken = tmp_path / "store"
    broken.mkdir()
    (broken / "store.json").write_text("{", "utf-8")
    says(run("cohort", "export", broken, kind, "--to", tmp_path / "out"), 2, "damaged")
    assert not (tmp_path / "out").exists()


def test_one_patient_who_fails_costs_the_others_nothing(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from typer.testing import CliRunner

    from rearm.cli import app
    from rearm.export.cibmtr import write

    real = write.cibmtr_rows

    def faulty(record: Any, *rest: Any, **more: Any) -> Any:
        if record.patient_id == "G00003":
            raise ValueError("odd")
        return real(record, *rest, **more)

    monkeypatch.setattr(write, "cibmtr_rows", faulty)
    result = CliRunner().invoke(
        app, ["cohort", "export", str(data), "--cibmtr", "--to", str(tmp_path)]
    )
    assert result.exit_code == 3
    ids = set(pl.read_csv(tmp_path / "fields.csv", infer_schema=False)["patient_id"])
    assert "G00003" not in ids and "G00004" in ids
