"""`rearm demo cohort` as a data manager meets it: written, checked, assessed."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path

import pytest
from tests.support.command_line import run, says


def patients_of(folder: Path) -> list[str]:
    with (folder / "patients.csv").open(encoding="utf-8", newline="") as file:
        return [row["patient_id"] for row in csv.DictReader(file)]


def test_written_checked_and_assessed(tmp_path: Path) -> None:
    folder = tmp_path / "registry"
    result = run("demo", "cohort", "--patients", "60", "--to", folder)
    says(result, 0, "60 invented patients", f"rearm cohort build {folder} --store STORE")
    assert len(patients_of(folder)) == 60
    checked = run("check", folder)
    assert checked.returncode in (0, 1)
    assert "60 patients" in checked.stdout
    assert "results not used: 0" in " ".join(checked.stdout.split())
    assessed = run("assess", folder, "--json", "-")
    says(assessed, 0)
    answers = [json.loads(line)["answer"] for line in assessed.stdout.splitlines()]
    states = Counter(answer["state"] for answer in answers)
    assert sum(states.values()) == 60
    assert len(states) > 3
    assert max(states.values()) < 40


def test_fhir_bundles_are_read_by_the_same_commands(tmp_path: Path) -> None:
    folder = tmp_path / "registry"
    says(
        run("demo", "cohort", "--patients", "8", "--format", "fhir", "--bundles", "--to", folder), 0
    )
    checked = run("check", folder)
    assert checked.returncode in (0, 1)
    assert "8 patients" in checked.stdout


@pytest.mark.parametrize(
    ("layout", "file", "words"),
    [
        ("fhir", "Observation.000.ndjson", ()),
        ("omop", "measurement.csv", ("OMOP has no place for", "imaging")),
        ("redcap", "export.csv", ("--redcap", "data_dictionary.csv")),
    ],
)
def test_each_layout_is_written(
    layout: str, file: str, words: tuple[str, ...], tmp_path: Path
) -> None:
    folder = tmp_path / "registry"
    result = run("demo", "cohort", "--patients", "3", "--format", layout, "--to", folder)
    says(result, 0, "3 invented patients", "rearm cohort build", *words)
    assert (folder / file).stat().st_size > 1000


def test_the_seed_decides_and_more_patients_begin_with_the_same(tmp_path: Path) -> None:
    for name, count, seed in (("a", 4, 1), ("b", 6, 1), ("c", 4, 2)):
        says(
            run("demo", "cohort", "--patients", str(count), "--seed", str(seed), "--to",
                tmp_path / name), 0,
        )  # fmt: skip
    first, more, other = ((tmp_path / n / "patients.csv").read_text("utf-8") for n in "abc")
    assert more.startswith(first)
    assert other != first


def test_where_keeps_those_who_fit(tmp_path: Path) -> None:
    folder = tmp_path / "registry"
    where = "cart_bcma_status = 'retained'"
    says(
        run("demo", "cohort", "--patients", "4", "--where", where, "--to", folder), 0, "4 invented"
    )
    assert len(patients_of(folder)) == 4
    assert patients_of(folder) != [f"DEMO-{n:06d}" for n in range(1, 5)]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--where", "no_such_finding = 1"], ["--where can't be used", "no_such_finding"]),
        (["--format", "redcap", "--parquet"], ["--parquet goes with --format tidy or omop"]),
        (["--bundles"], ["--bundles goes with --format fhir"]),
        (["--patients", "0"], ["--patients"]),
        (["--format", "excel"], ["excel"]),
    ],
)
def test_what_cannot_be_asked_is_said_and_nothing_written(
    arguments: list[str], words: list[str], tmp_path: Path
) -> None:
    says(run("demo", "cohort", *arguments, "--to", tmp_path / "registry"), 2, *words)
    assert not (tmp_path / "registry").exists()


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "patients.csv").write_text("mine", "utf-8")
    says(run("demo", "cohort", "--patients", "2", "--to", tmp_path), 2, "not empty")
    assert (tmp_path / "patients.csv").read_text("utf-8") == "mine"
