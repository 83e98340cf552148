"""The core needs nothing of one operating system: without fork, and without the modules that only
Unix has, it reads, assesses, writes reports and builds a registry with several processes.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.places import ROOT

pytestmark = pytest.mark.slow
ABSENT = ("resource", "fcntl", "pwd", "grp", "termios", "tty", "pty", "syslog", "crypt", "nis")
MISSING = ("fork", "forkpty", "setsid", "killpg", "register_at_fork", "nice", "wait4")
# read by every Python that starts with this folder on its path, child processes too
SITE = f"""
import os, sys
for name in {ABSENT!r}:
    sys.modules[name] = None
for name in {MISSING!r}:
    if hasattr(os, name):
        delattr(os, name)
"""


def _run(site: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(site), str(ROOT / "src")])
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=site, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True,
        check=False, timeout=300,
    )  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    (folder / "sitecustomize.py").write_text(SITE)
    return folder


def test_what_is_taken_away_is_away(site: Path) -> None:
    for code in ("import resource", "import fcntl", "import os; os.fork()"):
        done = _run(site, "-c", code)
        assert done.returncode == 1, code
        assert "ModuleNotFoundError" in done.stderr or "AttributeError" in done.stderr


def test_the_core_reads_assesses_and_tests_itself(site: Path) -> None:
    tested = _run(site, "-m", "rearm.cli", "self-test")
    assert tested.returncode == 0 and "FAILED" not in tested.stdout, tested.stdout + tested.stderr
    assess = ("-m", "rearm.cli", "assess", ROOT / "examples" / "tables", "--quiet")
    done = _run(site, *assess, "--html", "out", "--json", "out", "--jobs", "2")
    assert done.returncode == 0, done.stderr
    assert len(list((site / "out").glob("SYN-*.json"))) == 11


def test_a_registry_is_built_by_several_processes(site: Path) -> None:
    build = ("-m", "rearm.cli", "cohort", "build", ROOT / "examples" / "tables", "--store", "store")
    done = _run(site, *build, "--jobs", "2")
    assert done.returncode == 0, done.stderr
    assert (site / "store").is_dir()
