"""A PostgreSQL server for a test, in a folder of its own; without network, gone afterwards."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

import pytest

__all__ = ["postgres_server"]


def _program(name: str) -> str | None:
    """Where a program of the server is: on the path, or where Debian puts it."""
    found = shutil.which(name)
    others = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return found or (str(others[-1]) if others else None)


def _as_user(*command: str) -> None:
    """The server refuses to run as root."""
    own = os.geteuid() != 0
    call = list(command) if own else ["runuser", "-u", "postgres", "--", *command]
    subprocess.run(call, check=True, capture_output=True, cwd="/", timeout=120)


def _memory() -> str | None:
    """A folder in memory where there is room: a busy disk takes long to remove many databases."""
    place = Path("/dev/shm")
    has_room = place.is_dir() and shutil.disk_usage(place).free > 4 * 2**30
    return str(place) if has_room else None


@contextmanager
def postgres_server(*, durable: bool = False) -> Iterator[str]:
    """The address of a server with an empty database `cdm`; skips where there is none to start.
    `durable`: it stands on the disk and waits for it, as that of a hospital does.
    """
    pytest.importorskip("psycopg", reason="psycopg is not installed: pip install rearm[omop]")
    initdb, control = _program("initdb"), _program("pg_ctl")
    if initdb is None or control is None:
        pytest.skip("No PostgreSQL server is installed (Debian: postgresql).")
    folder = Path(mkdtemp(prefix="pg", dir=None if durable else _memory()))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        data = str(folder / "data")
        _as_user(initdb, "-A", "trust", "-U", "postgres", "--no-sync", "-D", data)
        options = f"-k {folder} -c listen_addresses="
        options += "" if durable else " -c fsync=off"
        _as_user(control, "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield f"postgresql://postgres@/postgres?host={folder}"
        finally:
            _as_user(control, "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
