"""One run at a time writes to a store."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rearm.errors import InputError

__all__ = ["LOCK", "locked"]

LOCK = ".lock"


@contextmanager
def locked(store: Path) -> Iterator[None]:
    """Holds the store for this process; the hold ends with it, also where it is killed.

    Raises InputError where another run holds it. Systems without file locks go on unheld.
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    handle = os.open(store / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InputError(
                f"Another run writes to {store}. Wait until it ends, or name another folder."
            ) from None
        yield
    finally:
        os.close(handle)
