"""The command line of a test: in this process, or in one of its own.

A new process imports and reads the knowledge anew, which takes longer than most commands. So what a
command reads, writes, says and ends with is tested in this process, and one call of each command in
a process as a user has it. `test_command_line.py` holds the two to each other.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

import rearm.cli

__all__ = ["Done", "run", "run_alone", "says"]

Done = subprocess.CompletedProcess[str]
WIDE = {"COLUMNS": "140"}


def run(
    *arguments: str | Path,
    given: str = "",
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Done:
    """`rearm ARGUMENTS` in this process, with what it printed and its exit code."""
    words = ["rearm", *map(str, arguments)]
    code, out, err = 0, _stream(), _stream()
    around = _here(words, given, cwd, WIDE | dict(environment or {}))
    with around, redirect_stdout(out), redirect_stderr(err):
        try:
            rearm.cli.main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
    return subprocess.CompletedProcess(words, code, _text(out), _text(err))


def run_alone(
    *arguments: str | Path,
    given: str = "",
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Done:
    """`rearm ARGUMENTS` in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "rearm.cli", *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
        input=given,
        cwd=cwd,
        env=os.environ | WIDE | dict(environment or {}),
        timeout=300,
        check=False,
    )


def says(done: Done, code: int, *words: str) -> None:
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    for word in words:
        assert word in done.stdout + done.stderr


def _stream() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="surrogateescape")


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    stream.seek(0)
    return stream.read()


@contextmanager
def _here(
    words: list[str], given: str, cwd: Path | None, environment: Mapping[str, str]
) -> Iterator[None]:
    """What a process finds at its start, and afterwards what was there before."""
    before = sys.argv, sys.stdin, tempfile.tempdir, dict(os.environ)
    sys.argv, tempfile.tempdir = words, None
    sys.stdin = io.TextIOWrapper(io.BytesIO(given.encode()), encoding="utf-8")
    os.environ.update(environment)
    try:
        with chdir(cwd or "."):
            yield
    finally:
        sys.argv, sys.stdin, tempfile.tempdir = before[:3]
        os.environ.clear()
        os.environ.update(before[3])
