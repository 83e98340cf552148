"""A store through the real command line: built, killed and resumed, updated, listed, its status."""

from __future__ import annotations

import json
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.support.command_line import Done, run, says
from tests.support.demo_registry import registry
from tests.support.generated_patients import write_patients
from tests.support.store_files import bytes_of, tables_of, without_patient

from rearm.demo.write.omop import write_omop

ROOT = Path(__file__).parents[2]
PATIENTS = 40


def cohort(*arguments: str | Path) -> Done:
    return run("cohort", *arguments)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_patients(PATIENTS, tmp_path_factory.mktemp("patients"), seed=31)


@pytest.fixture(scope="module")
def store(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("store") / "store"
    says(cohort("build", source, "--store", folder), 0, f"{PATIENTS} patients", "assessed")
    return folder


@pytest.mark.slow
def test_a_run_that_is_killed_goes_on_and_ends_with_the_same_files(
    source: Path, tmp_path: Path
) -> None:
    """Several buckets, so that the kill comes between them."""
    from rearm.cohort.store.build import Wanted, build

    whole, killed = tmp_path / "whole", tmp_path / "killed"
    build(source, whole, Wanted(buckets=8))
    code = (
        "from pathlib import Path; from rearm.cohort.store.build import Wanted, build; "
        f"build(Path({str(source)!r}), Path({str(killed)!r}), Wanted(buckets=8))"
    )
    process = subprocess.Popen([sys.executable, "-c", code])
    until = time.monotonic() + 120
    while len(list((killed / "buckets").glob("*.json"))) < 2 and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = len(list((killed / "buckets").glob("*.json")))
    assert 2 <= done < 8
    says(cohort("status", killed), 1, "The last run did not end")
    resumed = cohort("build", source, "--store", killed, "--json")
    says(resumed, 0)
    summary = json.loads(resumed.stdout)
    assert summary["assessed"] < PATIENTS
    assert summary["assessed"] + summary["unchanged"] == PATIENTS
    assert bytes_of(killed) == bytes_of(whole)


def test_an_update_says_who_left_and_the_status_says_what_changed(
    source: Path, store: Path, tmp_path: Path
) -> None:
    own = tmp_path / "store"
    shutil.copytree(store, own)
    later = without_patient(source, "G00004", tmp_path / "later")
    says(cohort("update", own, later), 0, "0 assessed", f"{PATIENTS - 1} unchanged", "G00004")
    says(cohort("status", own), 0, "The last run: 0 new, 1 removed")
    assert "G00004" not in tables_of(own)["patients"]["patient_id"].to_list()


def test_the_status_tells_issues_by_cause_and_what_is_missing(store: Path) -> None:
    result = cohort("status", store)
    says(result, 0, "Issues by cause", "unit missing", "Tests asked for most", "imwg-2016")
    plain = json.loads(cohort("status", store, "--json").stdout)
    assert plain["patients"] == PATIENTS
    assert sum(plain["by_status"].values()) == PATIENTS


def test_a_list_has_who_certainly_and_who_perhaps(store: Path) -> None:
    where = "relapse_pattern_extraosseous AND time_to_failure_days <= 270"
    result = cohort("list", store, "--where", where)
    says(result, 0, "certainly", "perhaps", "Tests that would tell")
    plain = json.loads(cohort("list", store, "--where", where, "--json").stdout)
    assert len(plain["certain"]) + len(plain["perhaps"]) + plain["no"] == PATIENTS


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("build", "nowhere", "--store", "{}/s"), "There is no file or folder"),
        (("build", "{}", "--store", "{}-s"), "contains no"),
        (("build", "{}", "--store", "{}/s"), "lies in the input"),
        (("status", "{}/none"), "is no store"),
        (("list", "{}/none", "--where", "age > 70"), "is no store"),
        (("update", "{}/none", "{}"), "is no store"),
    ],
)
def test_what_cannot_be_used_is_a_sentence(
    arguments: tuple[str, ...], told: str, tmp_path: Path
) -> None:
    says(cohort(*(x.format(tmp_path) for x in arguments)), 2, told)


@pytest.mark.parametrize("most", [20_000, 60_000])
def test_a_disk_that_fills_is_a_sentence_and_nothing_is_lost(
    most: int, source: Path, store: Path, tmp_path: Path
) -> None:
    """A limit on the size of a file ends its writing as a full disk does."""
    to = tmp_path / "store"
    result = subprocess.run(
        [sys.executable, "-m", "rearm.cli", "cohort", "build", source, "--store", to],
        capture_output=True,
        text=True,
        timeout=300,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)),
        check=False,
    )
    says(result, 2, "can't be read or written", "space on the disk")
    assert cohort("build", source, "--store", to).returncode == 0
    assert bytes_of(to) == bytes_of(store)


def test_any_other_input_is_built_too(tmp_path: Path) -> None:
    """A folder of bundles, read as a whole."""
    store = tmp_path / "store"
    says(cohort("build", ROOT / "examples" / "fhir", "--store", store), 0, "11 patients")
    again = cohort("build", ROOT / "examples" / "fhir", "--store", store)
    says(again, 0, "0 assessed", "11 unchanged")
    tidy = tmp_path / "tidy"
    says(cohort("build", ROOT / "examples" / "tables", "--store", tidy), 0, "11 patients")
    answers = ("patient_id", "status", "day_low", "answer_state", "best_response")
    left, right = (tables_of(x)["patients"].select(answers) for x in (store, tidy))
    assert left.equals(right)


def test_what_is_said_to_be_a_cdm_has_to_be_one(source: Path, tmp_path: Path) -> None:
    says(cohort("build", source, "--omop", "--store", tmp_path / "s"), 2, "no OMOP CDM", "person")
    cdm = tmp_path / "cdm"
    write_omop(registry(4), cdm)
    says(cohort("build", cdm, "--omop", "--store", tmp_path / "s"), 0, "4 patients")
