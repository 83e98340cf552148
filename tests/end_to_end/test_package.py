"""The package as a user gets it: built, installed into a fresh environment, tried there."""

from __future__ import annotations

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
from tests.support.places import ROOT

from rearm.version import __version__

pytestmark = pytest.mark.slow
SIZE = 310 * 10**6  # bytes that the core may take on disk, with everything that it needs


def _run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source distribution and the wheel that was made from it."""
    folder = tmp_path_factory.mktemp("dist")
    _run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a fresh environment with the wheel and no extra."""
    folder = tmp_path_factory.mktemp("fresh")
    venv.create(folder, with_pip=True)
    programs = folder / ("Scripts" if sys.platform == "win32" else "bin")
    (wheel,) = built.glob("*.whl")
    pip = (programs / "python", "-m", "pip", "install", "-q", "--disable-pip-version-check")
    _run(*pip, "-c", ROOT / "constraints.txt", wheel, cwd=folder)
    return programs


def test_every_file_of_the_package_is_in_the_wheel(built: Path) -> None:
    tracked = _run("git", "ls-files", "src/rearm", cwd=ROOT).split()
    assert len(tracked) > 100
    (wheel,) = built.glob("*.whl")
    inside = set(zipfile.ZipFile(wheel).namelist())
    assert {file.removeprefix("src/") for file in tracked} <= inside
    licences = {Path(name).name for name in inside if "/licenses/" in name}
    assert licences == {"LICENSE", "LICENSE-knowledge", "LICENSE-fonts"}


def test_version_check_and_assess_work(installed: Path, tmp_path: Path) -> None:
    rearm = installed / "rearm"
    assert _run(rearm, "--version", cwd=tmp_path).strip() == f"rearm {__version__}"
    examples = ROOT / "examples"
    _run(rearm, "check", examples / "tables", cwd=tmp_path)
    bundle = examples / "fhir" / "poor-expansion.json"
    assert "SYN-03" in _run(rearm, "assess", bundle, cwd=tmp_path)
    _run(rearm, "assess", bundle, "--html", "out", "--json", "out", cwd=tmp_path)
    assert len(list((tmp_path / "out").glob("*.json"))) >= 1
    page = (tmp_path / "out" / "SYN-03.html").read_text(encoding="utf-8")
    assert "is not installed" in page  # the extra that draws; the rest of the page is whole
    assert "sound" in _run(rearm, "knowledge", "check", cwd=tmp_path)


def test_the_core_is_small(installed: Path) -> None:
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = Path(_run(installed / "python", "-c", code, cwd=installed).strip())
    installers = ("pip", "setuptools", "_distutils_hack", "pkg_resources")
    parts = [p for p in packages.iterdir() if not p.name.startswith(installers)]
    files = [f for part in parts for f in (part.rglob("*") if part.is_dir() else [part])]
    size = sum(f.stat().st_size for f in files if f.is_file())
    assert 10**6 < size <= SIZE, f"{size / 10**6:.1f} MB"
