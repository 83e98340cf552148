"""What takes long to read, kept as JSON in the user's cache folder by its hash.

The cache may be deleted at any time; where it can't be written everything works, only slower. Never
pickle: a cache holds data.
"""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

__all__ = ["cache_folder", "from_cache", "to_cache"]

_FORMAT = 1  # of the cached JSON; raise it when the layout of a kind changes


def cache_folder() -> Path:
    """Where the copies are kept, as the operating system has it (on Linux `~/.cache/rearm`).

    Safe to delete. Raises RuntimeError where the user has no home folder.
    """
    folder = user_cache_path("rearm", appauthor=False)
    if not folder.is_absolute():
        raise RuntimeError("There is no home folder for a cache.")
    return folder


def from_cache(kind: str, key: str) -> Any:
    """What was kept under this kind and hash; None where there is nothing that can be read."""
    try:
        cached = json.loads(_file(kind, key).read_bytes())
        return cached["content"] if cached["key"] == key else None
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        RuntimeError,
    ):  # absent, cut off, of another make, or there is no home folder
        return None


def to_cache(kind: str, key: str, content: Any) -> None:
    """Keeps `content`; dates become text.

    Written beside and then moved, so that no other process reads half a file.
    """
    import tempfile  # here, since most starts only read

    text = json.dumps({"key": key, "content": content}, default=date.isoformat)
    try:
        file = _file(kind, key)
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, beside = tempfile.mkstemp(dir=file.parent, suffix=".part")
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(text)
        Path(beside).replace(file)
    except (OSError, RuntimeError):
        return  # costs time at the next start and nothing else


def _file(kind: str, key: str) -> Path:
    return cache_folder() / f"{kind}-{_FORMAT}-{key}.json"
