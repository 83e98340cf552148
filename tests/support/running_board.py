"""A board that runs as a user starts it, in a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["running"]


@contextmanager
def running(folder: Path, *options: str) -> Iterator[str]:
    """A board that runs; gives its link."""
    command = [sys.executable, "-m", "rearm.cli", "serve", "--folder", str(folder), "--port", "0"]
    process = subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**os.environ, "COLUMNS": "140"},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        for line in process.stdout:
            found = re.search(r"http://\S+", line)
            if found:
                yield found[0]
                return
        raise AssertionError("no link was printed")
    finally:
        process.terminate()
        process.wait(timeout=20)
