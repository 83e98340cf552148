"""Try the tests under every interpreter that is found: `make matrix`.

Each gets an environment of its own under `.venv-3.x` with the pinned versions; those that are
missing are printed. Ends with 1 where a version fails, or none was found.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
VERSIONS = ("3.11", "3.12", "3.13")
EXTRAS = "test,pictures,mechanism,adam"


def interpreter(version: str) -> str | None:
    if f"{sys.version_info.major}.{sys.version_info.minor}" == version:
        return sys.executable
    found = shutil.which(f"python{version}")
    if found is None:
        return None
    # a version manager leaves a command of this name that starts nothing
    starts = subprocess.run([found, "-c", ""], check=False, capture_output=True).returncode == 0
    return found if starts else None


def tried(version: str, python: str, arguments: list[str]) -> bool:
    """Whether the tests hold under this interpreter."""
    home = ROOT / f".venv-{version}"
    own = home / "bin" / "python"
    pip = [str(own), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    steps = [
        [python, "-m", "venv", str(home)],
        [*pip, "-c", "constraints.txt", "-e", f".[{EXTRAS}]"],
        [str(own), "-m", "pytest", "-n", "2", "--dist", "worksteal", *arguments],
    ]
    return all(subprocess.run(step, cwd=ROOT, check=False).returncode == 0 for step in steps)


def main(arguments: list[str]) -> int:
    results = {}
    for version in VERSIONS:
        python = interpreter(version)
        if python is None:
            results[version] = "not on this machine"
            continue
        print(f"== Python {version}", flush=True)
        results[version] = "holds" if tried(version, python, arguments) else "FAILS"
    for version, result in results.items():
        print(f"Python {version}: {result}")
    values = set(results.values())
    return 0 if "holds" in values and "FAILS" not in values else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["-m", "not slow"]))
