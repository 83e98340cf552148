"""Builds what is published, into `dist/`, and tries it: `make release`.

Wheel and source distribution, each checked; the wheel installed into a fresh environment, where the
commands answer; each extra installed into a fresh environment by itself, where what it brings is
imported; a list of packages with hashes, by which a hospital installs exactly this; and the bill of
materials (CycloneDX). Prints a table; exit 1 where a line of it is not met.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"
TOOLS = ROOT / ".venv-tools" / "bin"
BOARD = "web,web-postgres,pdf,pictures"
"""The extras of a board for a hospital: of these the list with hashes and the bill of materials."""
NOT_FOR_USERS = ("test", "bench")
IMPORTED = {
    "pictures": ("vl_convert",),
    "pdf": ("weasyprint",),
    "mechanism": ("numba",),
    "adam": ("pyreadstat",),
    "cohort": ("lifelines",),
    "spark": ("pyspark", "pyarrow"),
    "omop": ("duckdb", "pyarrow", "psycopg"),
    "units": ("pint", "ucumvert"),
    "redcap": ("redcap",),
    "web": ("rearm.board.app", "rearm.board.people.providers", "rearm.board.exchange.smart"),
    "web-postgres": ("psycopg",),
}
"""What is imported once an extra is installed."""
SCRIPT = f"rearm{'.exe' if sys.platform == 'win32' else ''}"


class NotMet(Exception):
    """A line of the table that is not met, with what was seen."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of the table."""

    what: str
    met: bool
    seen: str


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    """What a command prints. Raises NotMet with its last lines where it fails."""
    apart = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd, env=apart, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        last = (done.stdout + done.stderr).strip().splitlines()[-3:]
        program = Path(str(command[0])).name
        raise NotMet(f"{program} ended with {done.returncode}: {' / '.join(last)}")
    return done.stdout


def built() -> str:
    """Builds wheel and source distribution into an empty `dist/`; what is there."""
    shutil.rmtree(DIST, ignore_errors=True)
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", DIST, ROOT)
    return ", ".join(f"{x.name} ({x.stat().st_size / 1e6:.1f} MB)" for x in sorted(DIST.iterdir()))


def wheel() -> Path:
    """The wheel that was built."""
    (found,) = DIST.glob("*.whl")
    return found


def described() -> str:
    """Whether a package index would take both as they describe themselves."""
    run(TOOLS / "twine", "check", "--strict", *sorted(DIST.glob("rearm-*")))
    return "twine finds nothing"


def contents() -> str:
    """Whether the wheel holds every tracked file of the program and nothing else."""
    tracked = run("git", "ls-files", "src/rearm", "examples/tables").split()
    wanted = {
        name.replace("src/", "", 1).replace("examples/tables/", "rearm/_examples/", 1)
        for name in tracked
    }
    with zipfile.ZipFile(wheel()) as archive:
        inside = set(archive.namelist())
    program = {name for name in inside if ".dist-info/" not in name}
    if program != wanted:
        lacks, more = sorted(wanted - program)[:3], sorted(program - wanted)[:3]
        raise NotMet(f"lacks {lacks}, has also {more}")
    licences = {Path(name).name for name in inside if "/licenses/" in name}
    if licences != {"LICENSE", "LICENSE-knowledge", "LICENSE-fonts"}:
        raise NotMet(f"licences: {sorted(licences)}")
    (source,) = DIST.glob("*.tar.gz")
    with tarfile.open(source) as packed:
        names = {name.partition("/")[2] for name in packed.getnames()}
    needed = {"Makefile", "constraints.txt", "tools.txt", "deploy/Containerfile"}
    if not needed <= names:
        raise NotMet(f"the source distribution lacks {sorted(needed - names)}")
    return f"{len(program)} files, as many as are tracked"


def environment(folder: Path, wanted: str) -> Path:
    """The programs of a fresh environment with these packages."""
    run(sys.executable, "-m", "venv", "--without-pip", folder)
    programs = folder / ("Scripts" if sys.platform == "win32" else "bin")
    run(
        sys.executable, "-m", "pip", "--python", programs / "python", "install", "-q",
        "--disable-pip-version-check", "-c", ROOT / "constraints.txt", wanted,
    )  # fmt: skip
    return programs


def core() -> str:
    """The wheel alone in a fresh environment: every command answers, the self-test passes."""
    with TemporaryDirectory() as made:
        place = Path(made)
        programs = environment(place / "venv", str(wheel()))
        rearm = programs / SCRIPT
        version = run(rearm, "--version", cwd=place).strip()
        listed = run(rearm, "--help", cwd=place).partition("Commands:")[2]
        commands = re.findall(r"^  ([a-z-]+)  ", listed, re.MULTILINE)
        if not {"assess", "cohort", "self-test", "serve"} <= set(commands):
            raise NotMet(f"only {', '.join(commands)} are listed")
        for command in commands:
            run(rearm, command, "--help", cwd=place)
        tested = run(rearm, "self-test", cwd=place)
        if not re.search(r"[0-9]{3,} compared", tested):
            raise NotMet("the self-test compared no file")
        run(rearm, "assess", ROOT / "examples" / "tables", "--json", "out", "--quiet", cwd=place)
        results = len(list((place / "out").glob("*.json")))
    return f"{version}: {len(commands)} commands answer, self-test passed, {results} results"


def extra(name: str) -> str:
    """One extra in a fresh environment: what it brings is imported."""
    with TemporaryDirectory() as made:
        place = Path(made)
        programs = environment(place / "venv", f"{wheel()}[{name}]")
        modules = IMPORTED[name]
        run(programs / "python", "-c", f"import {', '.join(modules)}", cwd=place)
        if name == "web":
            run(programs / SCRIPT, "serve", "migrate", "--folder", "board", cwd=place)
    return f"imports {', '.join(modules)}"


def hashed() -> str:
    """The packages of a board, each with the hash of its file; no address of any index."""
    report = json.loads(
        run(
            sys.executable, "-m", "pip", "install", "-q", "--dry-run", "--ignore-installed",
            "--disable-pip-version-check", "-c", ROOT / "constraints.txt", "--report", "-",
            f"{wheel()}[{BOARD}]",
        )
    )  # fmt: skip
    lines = sorted(requirements(report), key=str.lower)
    tag = f"cp{sys.version_info.major}{sys.version_info.minor}-{sysconfig.get_platform()}"
    version = wheel().name.split("-")[1]
    file = DIST / f"rearm-{version}-{tag}.txt"
    head = f"# Rearm {version} with [{BOARD}] for Python {platform.python_version()}, {tag}.\n"
    file.write_text(head + "\n".join(lines) + "\n", encoding="utf-8")
    return f"{file.name}: {len(lines)} packages beside Rearm"


def requirements(report: dict[str, list[dict[str, dict[str, object]]]]) -> Iterator[str]:
    """A line for each package of a report of pip, but Rearm itself. Raises NotMet without a
    hash.
    """
    for one in report["install"]:
        name, version = one["metadata"]["name"], one["metadata"]["version"]
        if name == "rearm":
            continue
        archive = one["download_info"].get("archive_info")
        hashes = archive.get("hashes") if isinstance(archive, dict) else None
        if not isinstance(hashes, dict) or "sha256" not in hashes:
            raise NotMet(f"{name} has no hash")
        yield f"{name}=={version} --hash=sha256:{hashes['sha256']}"


def bill() -> str:
    """The bill of materials of a board in a fresh environment."""
    with TemporaryDirectory() as made:
        programs = environment(Path(made) / "venv", f"{wheel()}[{BOARD}]")
        file = DIST / f"rearm-{wheel().name.split('-')[1]}.cdx.json"
        run(
            TOOLS / "cyclonedx-py", "environment", programs / "python", "--of", "JSON",
            "--pyproject", ROOT / "pyproject.toml", "--output-reproducible", "-o", file,
        )  # fmt: skip
    return f"{file.name}: {checked_bill(json.loads(file.read_text(encoding='utf-8')))}"


def checked_bill(bill: dict[str, object]) -> str:
    """What a bill of materials holds. Raises NotMet where it can't be that of a board."""
    components = bill.get("components")
    names = {x["name"].lower() for x in components} if isinstance(components, list) else set()
    lacking = {"polars", "starlette", "sqlalchemy", "weasyprint", "psycopg"} - names
    if bill.get("bomFormat") != "CycloneDX" or lacking:
        raise NotMet(f"the bill of materials lacks {sorted(lacking)}")
    return f"CycloneDX {bill['specVersion']}, {len(names)} components"


def user_extras() -> list[str]:
    """The extras that users install. Raises NotMet where one is never tried here."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found = [x for x in project["optional-dependencies"] if x not in NOT_FOR_USERS]
    if set(found) != set(IMPORTED):
        raise NotMet(f"not tried: {sorted(set(found) ^ set(IMPORTED))}")
    return found


def line(what: str, check: Callable[[], str]) -> Line:
    """Runs a check; prints its line at once."""
    try:
        found = Line(what=what, met=True, seen=check())
    except NotMet as error:
        found = Line(what=what, met=False, seen=str(error))
    print(f"| {found.what} | {'met' if found.met else 'NOT MET'} | {found.seen} |", flush=True)
    return found


def main(arguments: list[str]) -> int:
    """Runs the checks; `--extras` names those to try, by default all, `none` for none."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--only", choices=("bill",), help="build the wheel and make only this")
    asked.add_argument("--extras", default=",".join(user_extras()), help="with commas; or none")
    given = asked.parse_args(arguments)
    extras = [] if given.extras == "none" else given.extras.split(",")
    print("| check | | what was seen |\n|---|---|---|")
    lines = [line("wheel and source distribution", built)]
    if given.only and lines[0].met:
        lines.append(line("bill of materials", bill))
    if given.only or not lines[0].met:
        return 0 if all(one.met for one in lines) else 1
    lines += [
        line("described as an index wants it", described),
        line("contents", contents),
        line("the wheel in a fresh environment", core),
        *(line(f"the extra {name}", lambda name=name: extra(name)) for name in extras),  # type: ignore[misc]
        line("packages with hashes", hashed),
        line("bill of materials", bill),
    ]
    return 0 if all(one.met for one in lines) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
