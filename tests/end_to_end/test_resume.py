"""Runs into a folder on several processes, ended and resumed: nobody is lost, nobody is doubled."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.support.command_line import Done, run, run_alone
from tests.support.generated_patients import write_patients

PROGRESS = ".rearm-run.jsonl"


def assess(source: Path, to: Path, *more: str) -> Done:
    """With more processes than one, in one of its own."""
    called = run_alone if "--jobs" in more else run
    return called("assess", source, "--quiet", "--json", to, *more)


def patients_of(folder: Path) -> list[str]:
    return [json.loads(line)["patient_id"] for line in (folder / PROGRESS).open()]


def files_of(folder: Path) -> dict[str, str]:
    return {file.name: file.read_text("utf-8") for file in folder.glob("*.json")}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_patients(40, tmp_path_factory.mktemp("patients"))


@pytest.fixture(scope="module")
def whole(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    assert assess(source, folder).returncode == 0
    return folder


def without(folder: Path, patient: str, to: Path) -> Path:
    """The tables without one patient."""
    to.mkdir()
    for table in folder.glob("*.csv"):
        lines = table.read_text("utf-8").splitlines(keepends=True)
        kept = [x for x in lines if not x.startswith((f"{patient},", f'"{patient}",'))]
        (to / table.name).write_text("".join(kept), "utf-8")
    return to


@pytest.mark.slow
def test_two_processes_write_what_one_writes(source: Path, whole: Path, tmp_path: Path) -> None:
    assert assess(source, tmp_path, "--jobs", "2").returncode == 0
    assert len(files_of(whole)) == 40
    assert files_of(tmp_path) == files_of(whole)
    assert patients_of(tmp_path) == patients_of(whole)


def test_a_killed_run_goes_on(source: Path, whole: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "rearm.cli", "assess", str(source), "--quiet"]
    running = subprocess.Popen([*command, "--json", str(tmp_path)], stderr=subprocess.DEVNULL)
    progress = tmp_path / PROGRESS
    for _ in range(600):
        if progress.is_file() and progress.stat().st_size > 1:
            break
        time.sleep(0.05)
    running.send_signal(signal.SIGKILL)
    running.wait()
    with progress.open("a") as file:
        file.write('{"patient_id": "half a li')
    done = assess(source, tmp_path, "--resume", "--jobs", "2")
    assert done.returncode == 0, done.stderr
    assert files_of(tmp_path) == files_of(whole)
    assert patients_of(tmp_path) == patients_of(whole)


def test_only_what_changed_is_done_again(source: Path, whole: Path, tmp_path: Path) -> None:
    folder, changed = tmp_path / "out", tmp_path / "changed"
    shutil.copytree(whole, folder)
    shutil.copytree(source, changed)
    labs = (changed / "labs.csv").read_text("utf-8").splitlines(keepends=True)
    patient = patients_of(whole)[7]
    place = max(i for i, line in enumerate(labs) if line.startswith(f"{patient},"))
    labs[place] = re.sub(r"(?<=,)(\d+(?:\.\d+)?)(?=,)", "2.5", labs[place], count=1)
    (changed / "labs.csv").write_text("".join(labs), "utf-8")
    before = {file.name: file.stat().st_mtime_ns for file in folder.glob("*.json")}
    done = assess(changed, folder, "--resume")
    assert done.returncode == 0 and "39 of them are unchanged" in done.stderr
    after = {file.name: file.stat().st_mtime_ns for file in folder.glob("*.json")}
    assert [name for name in after if after[name] != before[name]] == [f"{patient}.json"]


def test_a_file_that_is_another_is_written_again(source: Path, whole: Path, tmp_path: Path) -> None:
    """Emptied, cut, or written by another run: the name alone proves nothing."""
    folder = tmp_path / "out"
    shutil.copytree(whole, folder)
    first, second, third = sorted(folder.glob("*.json"))[:3]
    first.write_text("")
    second.write_text(second.read_text()[:-100])
    third.write_text(first.read_text())
    assert "37 of them are unchanged" in assess(source, folder, "--resume").stderr
    assert files_of(folder) == files_of(whole)


@pytest.mark.slow
def test_another_folder_of_another_region_is_not_taken_for_done(
    source: Path, tmp_path: Path
) -> None:
    html, json_us, json_all = tmp_path / "html", tmp_path / "us", tmp_path / "all"
    few = write_patients(3, tmp_path / "few")
    assess(few, json_us, "--html", str(html), "--region", "US")
    assess(few, json_all, "--html", str(html))
    done = assess(few, json_us, "--html", str(html), "--resume")
    assert done.returncode == 0
    assert len(files_of(json_us)) == 3 and files_of(json_us) == files_of(json_all)


@pytest.mark.slow
def test_render_of_a_folder_draws_its_last_run(source: Path, whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    shutil.copytree(whole, folder)
    patient = patients_of(whole)[-1]
    assess(without(source, patient, tmp_path / "fewer"), folder, "--resume")
    drawn = run("render", folder, "--html", tmp_path / "pages")
    assert drawn.returncode == 0 and f"left out: {patient}" in drawn.stderr
    assert len(list((tmp_path / "pages").glob("G*.html"))) == 39


@pytest.mark.slow
def test_processes_end_with_their_parent(source: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "rearm.cli", "assess", str(source), "--quiet", "--jobs", "2"]
    running = subprocess.Popen([*command, "--json", str(tmp_path)], stderr=subprocess.DEVNULL)
    children: list[int] = []
    for _ in range(600):
        children = _children(running.pid)
        if len(list(tmp_path.glob("*.json"))) > 0:
            break
        time.sleep(0.05)
    assert children
    running.send_signal(signal.SIGKILL)
    running.wait()
    for _ in range(200):
        if not any(Path(f"/proc/{child}").is_dir() for child in children):
            return
        time.sleep(0.05)
    pytest.fail("processes outlive the run that started them")


def _children(parent: int) -> list[int]:
    listed = subprocess.run(
        ["ps", "--ppid", str(parent), "-o", "pid="], capture_output=True, text=True, check=False
    )
    return [int(pid) for pid in listed.stdout.split()]


def test_a_deleted_file_is_written_again(source: Path, whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    shutil.copytree(whole, folder)
    gone = next(folder.glob("*.json"))
    gone.unlink()
    assert "39 of them are unchanged" in assess(source, folder, "--resume").stderr
    assert files_of(folder) == files_of(whole)


def test_other_settings_do_everything_again(source: Path, whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    shutil.copytree(whole, folder)
    assert "are unchanged" not in assess(source, folder, "--resume", "--region", "US").stderr


def test_who_left_the_input_leaves_the_index_and_is_told(
    source: Path, whole: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    shutil.copytree(whole, folder)
    patient = patients_of(whole)[-1]
    fewer = without(source, patient, tmp_path / "fewer")
    done = assess(fewer, folder, "--resume")
    assert "1 patient of the earlier run is no longer in the input" in done.stderr
    assert f"their files were kept: {patient}." in done.stderr
    assert patient not in patients_of(folder) and len(patients_of(folder)) == 39
    assert (folder / f"{patient}.json").is_file()


def test_resume_needs_a_folder(source: Path) -> None:
    refused = run("assess", source, "--quiet", "--resume")
    assert refused.returncode == 2 and "--resume needs the folder" in refused.stderr
