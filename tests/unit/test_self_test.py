"""The known answers: what they cover, and that a change of rules, files or libraries is told."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest
from tests.support.loops import some
from tests.support.places import ROOT

from rearm.assessment.result import AnswerState
from rearm.board.child.worker import Worker
from rearm.board.refusals import NotUsable
from rearm.knowledge.bundle import DATA, load
from rearm.self_test import Compared, SelfTestFailed, answers, compare_known, running
from rearm.self_test.answers import known_patients
from rearm.self_test.installed import installed_files


def test_the_known_patients_cover_every_state() -> None:
    known = known_patients()
    assert len(known) == 10
    assert {x.answer.state for x in known} == set(get_args(AnswerState))
    assert sum(bool(x.answer.alerts) for x in known) >= 3
    assert sum(bool(x.answer.excluded) for x in known) >= 5
    assert {x.answer.relapse.split(" ")[0] for x in known} == {"failed", "suspected", ""}


def test_every_answer_is_the_known_one() -> None:
    lines = compare_known()
    assert [line.id for line in lines if not line.same] == []
    assert len(lines) == 11


# ---------------------------------------------------------------- what is told


def _changed_knowledge(folder: Path) -> Path:
    """The bundled knowledge in which GPRC5D is an alternative and BCMA is never excluded."""
    copy = folder / "knowledge"
    shutil.copytree(DATA, copy)
    return copy


def test_own_knowledge_is_told_and_no_fault(tmp_path: Path) -> None:
    copy = _changed_knowledge(tmp_path)
    alerts = copy / "alerts.toml"
    text = alerts.read_text(encoding="utf-8")
    assert text.count('when = "hypercalcaemia"\n') == 1
    alerts.write_text(text.replace('when = "hypercalcaemia"\n', 'when = "renal_failure"\n'))
    other = {line.id: line.differences for line in compare_known(load(copy)) if not line.same}
    assert other == {"KNOWN-07": ("alerts lacks hypercalcaemia certain",)}
    command = [sys.executable, "-m", "rearm.cli", "self-test", "--knowledge", str(copy)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "other   KNOWN-07" in done.stdout and "FAILED" not in done.stdout


def _no_answers(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr(answers, "ANSWERS", folder / "none.toml")


def _no_tables(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr(running, "TABLES", folder / "none")


def _broken_library(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    def broken(*given: object, **more: object) -> object:
        raise ImportError("libpolars.so: cannot open shared object file")

    monkeypatch.setattr(running, "read", broken)


def _broken_rules(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    def broken(*given: object, **more: object) -> object:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(running, "assess", broken)


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (_no_answers, "FileNotFoundError"),
        (_no_tables, "InputError"),
        (_broken_library, "ImportError: libpolars"),
        (_broken_rules, "ZeroDivisionError"),
    ],
)
def test_what_is_broken_is_a_sentence(
    broken: Callable[[pytest.MonkeyPatch, Path], None],
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken(monkeypatch, tmp_path)
    with pytest.raises(SelfTestFailed, match=told) as error:
        running.require_self_test()
    assert "must not answer for patients" in str(error.value)


def test_the_sentence_names_three_and_counts_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = tuple(Compared(id=f"K{i}", title="", differences=("x",)) for i in range(5))
    monkeypatch.setattr(running, "compare_known", lambda: lines)
    with pytest.raises(SelfTestFailed, match=r"K0 \(x\), K1 \(x\), K2 \(x\), and 2 more\."):
        running.require_self_test()


# ---------------------------------------------------------------- a process that answers


def _length(text: str) -> int:
    return len(text)


def _refuse() -> None:
    raise SelfTestFailed("The self-test failed.")


@pytest.mark.slow
def test_a_process_that_fails_does_no_work() -> None:
    worker = Worker(what="This file", seconds=60, megabytes=1024, begin=_refuse)
    try:
        for _ in range(2):  # the second is refused by a process of its own
            with pytest.raises(NotUsable, match=r"^The self-test failed\.$"):
                worker.do(_length, "abc")
    finally:
        worker.close()
    free = Worker(what="This file", seconds=60, megabytes=1024)
    try:
        assert free.do(_length, "abc") == 3
    finally:
        free.close()


# ---------------------------------------------------------------- a copy that was changed


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the program as a wheel installs it: with the list of its files."""
    folder = tmp_path_factory.mktemp("site")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "src" / "rearm", folder / "rearm", ignore=ignored)
    return folder


def _listed(site: Path) -> None:
    """Writes what pip writes: RECORD with the hash of each file."""
    from base64 import urlsafe_b64encode
    from hashlib import sha256

    info = site / "rearm-9.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: rearm\nVersion: 9\n")
    rows = []
    for file in some(sorted((site / "rearm").rglob("*"))):
        if file.is_file() and "__pycache__" not in file.parts:
            digest = urlsafe_b64encode(sha256(file.read_bytes()).digest()).decode().rstrip("=")
            rows.append(f"{file.relative_to(site).as_posix()},sha256={digest},1\n")
    (info / "RECORD").write_text("".join(rows))


def _run(site: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "-m", "rearm.cli", *command],
        cwd=site, env=environment, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


@pytest.mark.slow
def test_a_changed_rule_is_told_and_keeps_the_board_closed(copy: Path, tmp_path: Path) -> None:
    alerts = copy / "rearm" / "knowledge" / "data" / "alerts.toml"
    whole = alerts.read_text(encoding="utf-8")
    alerts.write_text(whole.replace('when = "hypercalcaemia"\n', 'when = "renal_failure"\n'))
    try:
        shown = _run(copy, "self-test")
        assert shown.returncode == 1
        assert "FAILED  KNOWN-07" in shown.stdout
        assert "alerts lacks hypercalcaemia certain" in shown.stdout
        assert shown.stdout.count("FAILED") == 1
        board = tmp_path / "board"
        served = _run(copy, "serve", "--folder", str(board), "--port", "0")
        assert served.returncode == 2
        assert "The self-test failed" in served.stderr and "KNOWN-07" in served.stderr
        assert not board.exists()  # nothing was opened
    finally:
        alerts.write_text(whole, encoding="utf-8")


@pytest.mark.slow
def test_a_file_that_is_not_as_installed_is_told(copy: Path) -> None:
    _listed(copy)
    whole = _run(copy, "self-test")
    assert whole.returncode == 0, whole.stdout
    assert " compared" in whole.stdout and "not compared" not in whole.stdout
    words = copy / "rearm" / "knowledge" / "data" / "words.toml"
    words.write_bytes(words.read_bytes() + b"\n")
    more = copy / "rearm" / "knowledge" / "data" / "more.toml"
    more.write_text("")
    gone = copy / "rearm" / "py.typed"
    gone.unlink()
    shown = _run(copy, "self-test")
    assert shown.returncode == 1
    (line,) = [x for x in shown.stdout.splitlines() if x.startswith("FAILED")]
    for name in ("knowledge/data/words.toml", "knowledge/data/more.toml", "py.typed"):
        assert f"{name} is not as installed" in line


def test_a_source_tree_has_no_list() -> None:
    assert installed_files(Path("/nowhere/rearm")).files == 0
