"""Many files written at once, with few of them open and bounded memory."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rearm.record import Source

__all__ = ["Spool", "field_of", "place_of", "records_in"]

_BUFFER = 32 * 1024 * 1024  # bytes held before they are written


class Spool:
    """Records of fields (without tabs and line breaks, but in the last, which has no line break),
    appended to files. What is held is written when it grows over 32 MiB, and by `flush`.
    """

    def __init__(self) -> None:
        self._held: dict[Path, list[bytes]] = defaultdict(list)
        self._size = 0

    def add(self, path: Path, *fields: bytes) -> None:
        """A record behind those of the file."""
        record = b"\t".join(fields)
        self._held[path].append(record)
        self._size += len(record) + 1
        if self._size > _BUFFER:
            self.flush()

    def flush(self) -> None:
        """Writes all that is held."""
        for path, records in self._held.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("ab") as file:
                file.write(b"\n".join([*records, b""]))
        self._held.clear()
        self._size = 0


def records_in(path: Path, fields: int) -> Iterator[list[bytes]]:
    """The records of a file, each as its fields; none where there is no file."""
    if not path.exists():
        return
    with path.open("rb") as file:
        for record in file:
            yield record[:-1].split(b"\t", fields - 1)


def field_of(value: Any) -> bytes:
    """A value as a field: JSON, which has no tabs and line breaks."""
    return json.dumps(value).encode()


def place_of(file: bytes, number: bytes, resource: str = "") -> Source:
    """The place that two fields name: the number of a line, or the resource where the file is one
    resource.
    """
    return Source(json.loads(file), f"line {int(number)}" if int(number) else resource)
