"""Exports and folders of resources on the real command line, and public files read in place."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.support import command_line
from tests.support.export_builder import BUNDLES, exploded, manifest, write_export
from tests.support.fhir_builder import infusion, m_protein, patient
from tests.support.loops import some
from tests.support.places import COHORT, needs_cohort

from rearm.intake import read

Json = dict[str, Any]
PUBLIC = COHORT.parent / "public"


def run(*arguments: str | Path, cwd: Path) -> command_line.Done:
    done = command_line.run(*arguments, cwd=cwd, environment={"TMPDIR": str(cwd)})
    assert "Traceback" not in done.stdout + done.stderr
    return done


def scratch(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith("rearm-")]


def test_check_of_an_export(tmp_path: Path) -> None:
    done = run("check", exploded(tmp_path / "export", 3), cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "11 patients" in done.stdout
    assert not scratch(tmp_path), "the temporary folder is removed"


def results(source: Path, name: str, folder: Path) -> dict[str, dict[str, Any]]:
    done = run("assess", source, "--quiet", "--json", folder / name, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    files = some((folder / name).glob("SYN-*.json"))
    return {file.stem: json.loads(file.read_text("utf-8")) for file in files}


def test_assess_of_an_export_is_that_of_the_bundles(tmp_path: Path) -> None:
    exported = results(exploded(tmp_path / "export", 4), "a", tmp_path)
    bundles = results(BUNDLES[0].parent, "b", tmp_path)
    assert len(bundles) == 11
    rows = [row for result in exported.values() for row in result.pop("rows")]
    assert all(re.search(r"\.00\d\.ndjson: line \d+$", row) for row in some(rows))
    for result in bundles.values():
        del result["rows"]
    assert exported == bundles
    assert not scratch(tmp_path)


def test_a_bad_export_ends_with_1_and_names_file_and_line(tmp_path: Path) -> None:
    lines: list[Json | str] = [patient(), infusion(), "{", m_protein()]
    folder = write_export(tmp_path / "export", {"all.ndjson": lines})
    (folder / "manifest.json").write_text(manifest({"all.ndjson": 9, "Patient.1": 2}), "utf-8")
    done = run("assess", folder, "--html", "out", cwd=tmp_path)
    assert done.returncode == 1
    for said in ("all.ndjson: line 3", "all.ndjson: the rest", "Patient.1"):
        assert said in done.stderr
        assert said in (tmp_path / "out" / "p1.html").read_text("utf-8")


def test_a_file_alone_and_a_folder_of_resources(tmp_path: Path) -> None:
    folder = write_export(tmp_path / "a", {"all.ndjson": [patient(), infusion()]})
    assert run("check", folder / "all.ndjson", cwd=tmp_path).returncode == 0
    single = tmp_path / "b"
    single.mkdir()
    for resource in (patient(), infusion(), m_protein()):
        (single / f"{resource['id']}.json").write_text(json.dumps(resource), "utf-8")
    done = run("check", single, cwd=tmp_path)
    assert (done.returncode, "1 patient" in done.stdout) == (0, True), done.stdout


def test_a_temporary_folder_that_is_full_is_a_sentence(tmp_path: Path) -> None:
    folder = write_export(tmp_path / "export", {"all.ndjson": [patient()]})
    script = (
        "import sys, errno, rearm.intake.ndjson.spool as s\n"
        "def full(self): raise OSError(errno.ENOSPC, 'No space left on device')\n"
        "s.Spool.flush = full\n"
        "from rearm.cli import app\n"
        "sys.argv = ['rearm', 'check', sys.argv[1]]\n"
        "app()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 2
    assert "No space left on device" in done.stderr and "TMPDIR" in done.stderr
    assert "Traceback" not in done.stderr


@needs_cohort
@pytest.mark.skipif(not PUBLIC.exists(), reason="the public files are not on the machine")
def test_public_single_resources_are_one_patient() -> None:
    reading = read(PUBLIC / "us_core")
    (record,) = reading.records
    assert {lab.test for lab in record.labs} >= {"hemoglobin", "platelets"}
    assert {i.severity for i in reading.issues} <= {"note"}


@needs_cohort
@pytest.mark.skipif(not PUBLIC.exists(), reason="the public files are not on the machine")
def test_public_bundles_as_an_export_give_the_same(tmp_path: Path) -> None:
    compared = 0
    for path in some(sorted((PUBLIC / "mcode_extraction").glob("*.json"))):
        content = json.loads(path.read_text("utf-8"))
        resources = [entry["resource"] for entry in content["entry"]]
        if not any(x["resourceType"] == "Patient" for x in resources):
            continue
        compared += 1
        folder = write_export(tmp_path / path.stem, {"all.ndjson": resources})
        (alone,), (exported,) = read(path).records, read(folder).records
        assert exported.patient_id == alone.patient_id
        for name in ("sex", "birth_date"):
            assert getattr(exported, name) == getattr(alone, name)
        for name in ("labs", "therapies", "infusions", "conditions"):
            assert len(getattr(exported, name)) == len(getattr(alone, name))
    assert compared
