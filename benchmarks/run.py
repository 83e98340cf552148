"""Every benchmark, one after the other: `make bench`.

Those that compare get a checkout of version 0.1.0. Peers that are not installed are named and left
out.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks._reference import checkout

ROOT = Path(__file__).parents[1]


def commands(other: Path) -> dict[str, tuple[str, ...]]:
    """The benchmarks with their arguments; `other` is the tree of the version to compare with."""
    source = str(other / "src")
    return {
        "versus": (),
        "reading": ("--other", source),
        "findings": (str(other),),
        "response_versions": (source, "500"),
        "memory": (),
        "response": (),
        "assess": (),
        "parts": (),
        "survival": (),
        "mechanism": (),
    }


def main() -> int:
    failed = []
    with checkout() as other:
        for name, arguments in commands(other).items():
            print(f"\n== {name}", flush=True)
            command = [sys.executable, "-m", f"benchmarks.{name}", *arguments]
            if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
                failed.append(name)
    for name in failed:
        print(f"{name} ended with an error.", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
