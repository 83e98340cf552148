"""FHIR bulk NDJSON to records: a folder with one file a type of resource, each line a resource, the
patients scattered over all of them.

The export is cut into parts by patient in a temporary folder, and one part after the other is read,
so that memory does not grow with the number of patients.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import date
from pathlib import Path

from rearm.errors import InputError
from rearm.intake.ndjson.lines import is_ndjson, ndjson_files
from rearm.intake.ndjson.manifest import manifests_in
from rearm.intake.ndjson.parts import NdjsonParts, cut_resources, patients_in
from rearm.intake.parts import Parts, folder_of_part
from rearm.intake.result import Reading
from rearm.knowledge.bundle import Knowledge
from rearm.record import Record, Source

__all__ = ["Export", "is_bulk_export", "read_ndjson", "single_resources"]

_OF_PART = 64 * 1024 * 1024  # bytes of lines
_COMPRESSION = 12  # by which lines of resources shrink, about
_MOST_PARTS = 1000


def is_bulk_export(path: Path) -> bool:
    """Whether a path is an NDJSON file, or a folder with some; without a manifest only where no
    other FHIR files (.json) lie beside them.
    """
    if not path.is_dir():
        return is_ndjson(path)
    if not ndjson_files(path):
        return False
    others = [file for file in path.iterdir() if file.suffix.lower() == ".json"]
    return not others or bool(manifests_in(path))


def read_ndjson(path: Path, knowledge: Knowledge, *, today: date | None = None) -> Reading:
    """The records of a folder of NDJSON files (.ndjson, .ndjson.gz), or of one such file.

    Each patient has the record that a Bundle of his resources would give; places are lines of the
    files. Lines that can't be read or are of nobody are issues, one a cause. Raises InputError with
    a sentence where no file can be read, or where the temporary folder is full.
    """
    files = ndjson_files(path) if path.is_dir() else [path]
    size = sum(
        file.stat().st_size * (_COMPRESSION if file.suffix.lower() == ".gz" else 1)
        for file in files
    )
    count = min(_MOST_PARTS, 1 + size // _OF_PART)
    return Export(lambda folder: NdjsonParts().cut(path, folder, count), count).read(
        knowledge, today
    )


def single_resources(files: Sequence[Path]) -> Export:
    """Single resources, one a file (.json), brought together by patient."""
    return Export(lambda folder: cut_resources(files, folder, 1), 1)


class Export:
    """An export in parts, in a temporary folder that lives as long as something reads it."""

    def __init__(self, cut: Callable[[Path], Parts], count: int) -> None:
        self._scratch, self._count = _Scratch(), count
        try:
            self.parts = cut(self._scratch.folder)
        except OSError as error:
            raise InputError(
                f"The export can't be sorted by patient in the temporary folder "
                f"{tempfile.gettempdir()} ({error.strerror or error}). Name another by TMPDIR."
            ) from error

    def patients(self) -> dict[str, Source]:
        """Where each patient is named first."""
        found: dict[str, Source] = {}
        for part in self._folders():
            for patient_id, source in patients_in(part).items():
                found.setdefault(patient_id, source)
        return found

    def read(
        self,
        knowledge: Knowledge,
        today: date | None,
        patients: Collection[str] | None = None,
    ) -> Reading:
        """The records of all patients, or of `patients` alone, part by part."""
        reader = NdjsonParts()
        issues = list(self.parts.issues)
        for part in self._folders():
            issues.extend(reader.read(part, knowledge, today, patients).issues)

        def records() -> Iterator[Record]:
            for part in self._folders():
                yield from reader.read(part, knowledge, today, patients).stream()

        return Reading(records, issues, self.parts.files)

    def _folders(self) -> Iterator[Path]:
        return (folder_of_part(self._scratch.folder, number) for number in range(self._count))


class _Scratch:
    """A temporary folder, readable by its owner alone, that is removed with this object."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="rearm-"))
        weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)
