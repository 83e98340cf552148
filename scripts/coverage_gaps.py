"""Branch coverage of the rooms where a wrong branch is a wrong answer, each gap with its reason.

`python -m scripts.coverage_gaps` reads what `coverage` measured, compares the gaps with
`docs/validation/coverage_gaps.toml` and writes `docs/validation/coverage.md`. Exit 1 where a gap
has no reason, or a reason no gap. A gap is named by file and text of its line, so that lines may
move.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

ROOT = Path(__file__).parents[1]
REASONS = ROOT / "docs" / "validation" / "coverage_gaps.toml"
PAGE = ROOT / "docs" / "validation" / "coverage.md"
SOURCE = ROOT / "src" / "rearm"
ROOMS = ("units.py", "response", "outcome", "rules", "assessment")

Gap: TypeAlias = tuple[str, str]  # file below src/rearm, text of the line without its margin


def reasons() -> dict[Gap, str]:
    """Why each known gap stays open."""
    table = tomllib.loads(REASONS.read_text(encoding="utf-8"))
    return {(gap["file"], gap["line"]): gap["reason"] for gap in table["gap"]}


def measured() -> dict[str, Any]:
    """The report of `coverage`, by file."""
    rooms = ",".join(f"*/rearm/{x}" if x.endswith(".py") else f"*/rearm/{x}/*" for x in ROOMS)
    command = [sys.executable, "-m", "coverage", "json", "-q", "-o", "-", f"--include={rooms}"]
    shown = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    files: dict[str, Any] = json.loads(shown)["files"]
    return files


def gaps(files: dict[str, Any]) -> Iterator[Gap]:
    for name, report in files.items():
        path = (ROOT / name).resolve()
        lines = path.read_text(encoding="utf-8").splitlines()
        numbers = {*report["missing_lines"], *(start for start, _ in report["missing_branches"])}
        for number in sorted(numbers):
            yield path.relative_to(SOURCE).as_posix(), lines[number - 1].strip()


def page(files: dict[str, Any], known: dict[Gap, str]) -> str:
    """One row a room, then one a gap."""
    rows = []
    for room in ROOMS:
        stem = f"src/rearm/{room}"
        of_room = [r["summary"] for name, r in files.items() if name.startswith(stem)]
        total = {key: sum(s[key] for s in of_room) for key in _COUNTS}
        rows.append(
            f"| `{room}` | {total['num_statements']} | {total['missing_lines']} |"
            f" {total['num_branches']} | {total['missing_branches']} |"
        )
    open_ = [
        f"| `{file}` | `{line.replace('|', chr(92) + '|')}` | {why} |"
        for (file, line), why in sorted(known.items())
    ]
    return "\n".join(
        [
            "# Branch coverage where a wrong branch is a wrong answer",
            "",
            "`make coverage` runs all tests and fails where a gap has no reason here"
            " (`coverage_gaps.toml`), or a reason no gap.",
            "",
            "| room | statements | not run | branches | not taken |",
            "|---|---|---|---|---|",
            *rows,
            "",
            "| file | line | why it is not run |",
            "|---|---|---|",
            *open_,
            "",
        ]
    )


_COUNTS = ("num_statements", "missing_lines", "num_branches", "missing_branches")


def main() -> int:
    files, known = measured(), reasons()
    found = set(gaps(files))
    for file, line in sorted(found - known.keys()):
        print(f"not run, and no reason given: src/rearm/{file}: {line}")
    for file, line in sorted(known.keys() - found):
        print(f"run, or gone: strike it from {REASONS.name}: src/rearm/{file}: {line}")
    PAGE.write_text(page(files, known), encoding="utf-8")
    print(PAGE.read_text(encoding="utf-8"))
    return 1 if found != known.keys() else 0


if __name__ == "__main__":
    sys.exit(main())
