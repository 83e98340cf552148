"""In CI a test that was skipped is a test that failed, unless it reads data that are not ours."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.places import ROOT

TESTS = """
import pytest

def test_runs():
    pass

@pytest.mark.skip(reason="not today")
def test_skipped():
    pass

@pytest.mark.shared_data
def test_of_real_patients():
    pass

@pytest.mark.xfail(reason="known")
def test_expected_to_fail():
    assert False
"""


def _run(folder: Path, *, in_ci: bool, module: str = TESTS) -> str:
    (folder / "test_some.py").write_text(module, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = shared_data\n", encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "REARM_SHARED": str(folder / "absent")}
    environment["REARM_CI"] = "1" if in_ci else "0"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-rA",
        "-p",
        "tests.conftest",
        "-p",
        "no:cacheprovider",
    ]
    run = subprocess.run(
        [*command, str(folder)], cwd=folder, env=environment, capture_output=True, check=False
    )
    return run.stdout.decode()


@pytest.mark.slow
@pytest.mark.slow
def test_a_skip_fails_in_ci_and_only_there(tmp_path: Path) -> None:
    assert "1 passed, 2 skipped, 1 xfailed" in _run(tmp_path, in_ci=False)
    in_ci = _run(tmp_path, in_ci=True)
    assert "1 passed, 1 skipped, 1 xfailed, 1 error" in in_ci
    assert "skipped, which REARM_CI=1 forbids: Skipped: not today" in in_ci


@pytest.mark.slow
@pytest.mark.slow
def test_a_module_that_skips_itself_fails_in_ci(tmp_path: Path) -> None:
    module = 'import pytest\npytest.importorskip("a_module_that_nobody_has")\n'
    assert "1 skipped" in _run(tmp_path, in_ci=False, module=module)
    assert "1 error" in _run(tmp_path, in_ci=True, module=module)
