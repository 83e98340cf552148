"""Another version of the program, checked out for a run."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["REFERENCE", "checkout"]

ROOT = Path(__file__).parents[1]
REFERENCE = "3cbca73"  # version 0.1.0


@contextmanager
def checkout(reference: str = REFERENCE) -> Iterator[Path]:
    """A worktree of this commit in a temporary folder, removed afterwards."""
    git = ["git", "-C", str(ROOT), "worktree"]
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "reference"
        subprocess.run([*git, "add", "-q", "--detach", str(tree), reference], check=True)
        try:
            yield tree
        finally:
            subprocess.run([*git, "remove", "--force", str(tree)], check=False)
