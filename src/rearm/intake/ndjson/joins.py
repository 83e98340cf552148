"""What a line needs from another, brought together by buckets on the disk: who has an identifier,
which part refers to a medication, which ids look alike. One bucket at a time is in memory.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from rearm.intake.build.checks.ids import flag_ids_alike, id_key
from rearm.intake.fhir.subjects import Identifier
from rearm.intake.ndjson.spool import Spool, field_of, place_of, records_in
from rearm.intake.parts import part_of
from rearm.record import Issue

__all__ = ["Joins"]

Fields = Sequence[bytes]  # of a written line: file, number of the line, line


class Joins:
    """The buckets of one cut, as many as it has parts. What was added is read after the spool is
    flushed; `remove` ends them.
    """

    def __init__(self, folder: Path, count: int, spool: Spool) -> None:
        self._folder, self._count, self._spool = folder / "joins", count, spool
        self.remove()

    def remove(self) -> None:
        """Removes the buckets."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def has(self, patient_id: str, identifiers: Iterable[Identifier]) -> None:
        """A patient and the identifiers of his Patient resource."""
        for system, value in identifiers:
            if value is not None:
                record = field_of([system, value, patient_id])
                self._spool.add(self._bucket("identifiers", value), record)

    def asks_for(self, identifier: Identifier, line: Fields) -> None:
        """A line whose patient is named by an identifier."""
        bucket = self._bucket("lines", str(identifier[1]))
        self._spool.add(bucket, field_of(identifier), *line)

    def shares(self, names: Iterable[str], line: Fields) -> None:
        """A line of no patient and the names by which others refer to it."""
        for name in names:
            self._spool.add(self._bucket("shared", name), field_of(name), *line)

    def needs(self, part: int, names: Iterable[str]) -> None:
        """What the lines of a part refer to."""
        for name in names:
            self._spool.add(self._bucket("needed", name), b"%d" % part, field_of(name))

    def answers(self) -> Iterator[tuple[set[str], Fields]]:
        """Each line of `asks_for`, with all patients who have its identifier; one without a system
        is met by that of any.
        """
        for bucket in self._buckets("lines"):
            patients: dict[Identifier, set[str]] = {}
            for (record,) in records_in(self._folder / "identifiers" / bucket.name, 1):
                system, value, patient_id = json.loads(record)
                patients.setdefault((system, value), set()).add(patient_id)
                patients.setdefault((None, value), set()).add(patient_id)
            for identifier, *line in records_in(bucket, 4):
                system, value = json.loads(identifier)
                yield patients.get((system, value), set()), line

    def shared(self) -> Iterator[tuple[int, Fields]]:
        """Each line of `shares`, with each part that needs it."""
        for bucket in self._buckets("needed"):
            parts: dict[bytes, set[int]] = {}
            for part, name in records_in(bucket, 2):
                parts.setdefault(name, set()).add(int(part))
            for name, *line in records_in(self._folder / "shared" / bucket.name, 4):
                for number in sorted(parts.get(name, ())):
                    yield number, line

    def ids_alike(self, patients: Iterable[Fields]) -> Iterator[Issue]:
        """Ids that look like one id written twice. `patients`: each id with the file and the number
        of the line where it stands first.
        """
        for fields in patients:
            key = id_key(json.loads(fields[0]))
            self._spool.add(self._bucket("ids", key), *fields)
        self._spool.flush()
        for bucket in self._buckets("ids"):
            places = {
                str(json.loads(patient)): place_of(file, number)
                for patient, file, number in records_in(bucket, 3)
            }
            yield from flag_ids_alike(places, places.__getitem__)

    def _bucket(self, kind: str, name: str) -> Path:
        return self._folder / kind / f"{part_of(name, self._count):05d}"

    def _buckets(self, kind: str) -> list[Path]:
        folder = self._folder / kind
        return sorted(folder.iterdir()) if folder.exists() else []
