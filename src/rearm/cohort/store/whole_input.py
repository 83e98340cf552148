"""Inputs that are read as a whole (workbooks, mapped tables, bundles), held in parts by patient.

The records are made once and kept beside the store while it is built. What is hashed is the record
without the places of its rows: a row that only moved is no change.
"""

from __future__ import annotations

import hashlib
import zlib
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from rearm.intake.parts import Parts, folder_of_part, part_of
from rearm.intake.result import Reading
from rearm.knowledge.bundle import Knowledge
from rearm.record import Record

__all__ = ["WholeInput"]

_RECORDS = "records.msgpack"
_SIZE = 8  # bytes of the length before each block of records
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(list[Record])
_HELD = 256  # records that are held before they are written to their parts


class WholeInput:
    """A reading held in parts, which are files of this run in its own folder."""

    def __init__(self, reading: Reading) -> None:
        self._reading: Reading | None = reading

    def __getstate__(self) -> dict[str, Any]:
        """For another process: the parts are on disk."""
        return {"_reading": None}

    def cut(self, source: str | Path, folder: Path, count: int) -> Parts:
        """See `PartReader`."""
        reading = self._reading
        assert reading is not None, "cut in the process that read"
        held: dict[int, list[Record]] = defaultdict(list)
        for number, record in enumerate(reading.stream(), 1):
            held[part_of(record.patient_id, count)].append(record)
            if number % _HELD == 0:
                _append(folder, held)
        _append(folder, held)
        return Parts(files=reading.files, issues=reading.issues)

    def hashes(self, part: Path) -> Mapping[str, str]:
        """See `PartReader`."""
        return {record.patient_id: _hash(record) for record in _records(part)}

    def read(
        self,
        part: Path,
        knowledge: Knowledge,
        today: date | None,
        patients: Collection[str] | None = None,
    ) -> Reading:
        """See `PartReader`; the records are as they were read, whatever `knowledge`, `today`."""

        def chosen() -> Iterator[Record]:
            for record in _records(part):
                if patients is None or record.patient_id in patients:
                    yield record

        return Reading(chosen)


def _append(folder: Path, held: dict[int, list[Record]]) -> None:
    for part, records in held.items():
        own = folder_of_part(folder, part)
        own.mkdir(parents=True, exist_ok=True)
        with (own / _RECORDS).open("ab") as file:
            block = zlib.compress(_ENCODER.encode(records), level=1)
            file.write(len(block).to_bytes(_SIZE, "big") + block)
    held.clear()


def _records(part: Path) -> Iterator[Record]:
    with (part / _RECORDS).open("rb") as file:
        while size := file.read(_SIZE):
            block = file.read(int.from_bytes(size, "big"))
            yield from _DECODER.decode(zlib.decompress(block))


def _hash(record: Record) -> str:
    return hashlib.sha256(
        msgspec.json.encode(_without_places(msgspec.to_builtins(record)), order="sorted")
    ).hexdigest()


def _without_places(value: Any) -> Any:
    """Nested values without the places of rows."""
    if isinstance(value, dict):
        return {k: _without_places(v) for k, v in value.items() if k not in ("source", "places")}
    if isinstance(value, list | tuple):
        return [_without_places(item) for item in value]
    return value
