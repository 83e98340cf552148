"""Known weaknesses of the packages that the tests run with: `python -m scripts.audit`.

Asks `pip-audit --strict` of `.venv-tools` about each line of `constraints.txt`, by the advisories
of PyPI and, where those can't be reached, of OSV. Exit 0: each package was looked up and none has a
known weakness; 1: one has; 2: nothing is known, because no source could be reached.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROGRAM = ROOT / ".venv-tools" / "bin" / "pip-audit"
SERVICES = ("pypi", "osv")
_SECONDS = 900
# how the program says that it could not ask; a mirror without advisories knows no package
_UNREACHED = (
    "not found on PyPI", "Failed to resolve", "Max retries", "ConnectionError", "timed out",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Audit:
    """What one source told. `audited`: packages that it knew; `weak`: a line for each weakness;
    `why`: why it told nothing.
    """

    service: str
    audited: int = 0
    weak: tuple[str, ...] = ()
    why: str = ""


def read_audit(service: str, printed: str, complained: str) -> Audit:
    """What the program printed, and what it complained of."""
    try:
        dependencies = json.loads(printed)["dependencies"]
    except (ValueError, KeyError, TypeError):
        last = (complained.strip().splitlines() or ["no word"])[-1]
        unreached = any(text in complained for text in _UNREACHED)
        return Audit(service=service, why="it can't be reached" if unreached else last)
    known = [one for one in dependencies if "skip_reason" not in one]
    return Audit(
        service=service,
        audited=len(known),
        weak=tuple(
            f"{one['name']} {one['version']}: {weakness['id']}, mended in "
            f"{', '.join(weakness['fix_versions']) or 'no version yet'}"
            for one in known
            for weakness in one["vulns"]
        ),
    )


def status(audits: Iterable[Audit], packages: int) -> tuple[int, list[str]]:
    """The exit status, and the lines to print: of the first source that knew something."""
    lines = []
    for audit in audits:
        if audit.why:
            lines.append(f"{audit.service}: {audit.why}.")
            continue
        lines.append(f"{audit.service}: {audit.audited} of {packages} packages audited.")
        if audit.weak:
            return 1, [*lines, *(f"- {weakness}" for weakness in audit.weak)]
        if audit.audited < packages:
            return 2, [*lines, "Not every package was audited."]
        return 0, [*lines, "None of them has a known weakness."]
    return 2, [*lines, f"0 of {packages} packages audited: NOTHING IS KNOWN of their weaknesses."]


def asked(service: str, constraints: Path) -> Audit:
    """Asks one source."""
    command: list[str | Path] = [
        PROGRAM, "--strict", "--no-deps", "--disable-pip", "--requirement", constraints,
        "--format", "json", "--progress-spinner", "off", "--vulnerability-service", service,
    ]  # fmt: skip
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_SECONDS
        )
    except subprocess.TimeoutExpired:
        return Audit(service=service, why="it did not answer in time")
    return read_audit(service, done.stdout, done.stderr)


def main() -> int:
    """Prints what the sources tell."""
    constraints = ROOT / "constraints.txt"
    pinned = [x for x in constraints.read_text(encoding="utf-8").splitlines() if "==" in x]
    if not PROGRAM.exists():
        print("pip-audit is not installed: run make tools.")
        return 2
    code, lines = status((asked(service, constraints) for service in SERVICES), len(pinned))
    print("\n".join(lines))
    return code


if __name__ == "__main__":
    sys.exit(main())
