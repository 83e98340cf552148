"""The table of readers: wherever a user is told what can be given, each of them is named."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from tests.support.loops import some

from rearm.cli.shared import Input
from rearm.intake import InputError, read
from rearm.intake.files.read import read_grids
from rearm.intake.readers import READERS, reader_of
from rearm.knowledge.bundle import bundled


def _told(text: str | None) -> str:
    return " ".join((text or "").split()).casefold()


def test_the_help_and_the_docstring_name_every_format() -> None:
    (argument,) = get_args(Input)[1:]
    for reader in some(READERS.values()):
        assert reader.words.casefold() in _told(argument.help)
        assert reader.words.casefold() in _told(read.__doc__)


SUFFIXES = {
    "omop": (".duckdb",),
    "fhir": (".json",),
    "ndjson": (".ndjson",),
    "tidy": (".csv", ".xlsx", ".parquet"),
}


def test_a_file_of_no_format_is_told_what_would_be_one() -> None:
    assert set(SUFFIXES) == set(READERS)
    with pytest.raises(InputError) as raised:
        read_grids(Path("notes.docx"))
    for suffix in some(suffix for suffixes in SUFFIXES.values() for suffix in suffixes):
        assert suffix in str(raised.value)


def test_the_first_reader_that_accepts_a_path_reads_it(tmp_path: Path) -> None:
    known = bundled()
    assert reader_of(tmp_path / "p.json", known) is READERS["fhir"]
    assert reader_of(tmp_path / "p.xlsx", known) is READERS["tidy"]
    (tmp_path / "p.json").touch()
    assert reader_of(tmp_path, known) is READERS["fhir"]
    (tmp_path / "x.csv").touch()
    (tmp_path / "x.xlsx").touch()
    assert reader_of(tmp_path, known) is READERS["fhir"]
    (tmp_path / "labs.csv").touch()
    assert reader_of(tmp_path, known) is READERS["tidy"]
    assert reader_of(tmp_path / "cdm.duckdb", known) is READERS["omop"]
    (tmp_path / "PERSON.csv").touch()
    assert reader_of(tmp_path, known) is READERS["tidy"]
    (tmp_path / "Measurement.csv").touch()
    assert reader_of(tmp_path, known) is READERS["omop"]


def test_an_export_is_known_by_its_lines_or_its_manifest(tmp_path: Path) -> None:
    known = bundled()
    assert reader_of(tmp_path / "p.ndjson", known) is READERS["ndjson"]
    assert reader_of(tmp_path / "p.NDJSON.gz", known) is READERS["ndjson"]
    (tmp_path / "Patient.ndjson").touch()
    assert reader_of(tmp_path, known) is READERS["ndjson"]
    (tmp_path / "p.json").touch()
    assert reader_of(tmp_path, known) is READERS["fhir"], "bundles lie beside it"
    (tmp_path / "manifest.json").write_text('{"transactionTime": "", "output": []}', "utf-8")
    assert reader_of(tmp_path, known) is READERS["ndjson"]
    (tmp_path / "labs.csv").touch()
    assert reader_of(tmp_path, known) is READERS["tidy"]
