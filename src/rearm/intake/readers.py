"""The ways in. A new format is a folder with its `read.py`, a row of the table here, and its words
where a user is told what can be given (a test says where).

Each reader ends in `build`, so that all give the same record for the same facts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from rearm.intake.fhir.read import read_fhir
from rearm.intake.files.read import bundle_files, table_files
from rearm.intake.result import Reading
from rearm.intake.tidy.read import read_tidy
from rearm.knowledge.bundle import Knowledge

__all__ = ["READERS", "Reader", "reader_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """One format: which paths hold it, and how they are read.

    `words` are what a user is told that he can give. `read` raises InputError where the path can't
    be used.
    """

    words: str
    accepts: Callable[[Path], bool]
    read: Callable[[Path, Knowledge, date | None], Reading]


def _is_fhir(path: Path) -> bool:
    """A bundle, or a folder of bundles in which no tables lie."""
    if path.is_dir():
        return bool(bundle_files(path)) and not table_files(path)
    return path.suffix.lower() == ".json"


# by format; the first that accepts a path reads it
READERS: dict[str, Reader] = {
    "fhir": Reader(
        words="a FHIR R4 bundle (.json)",
        accepts=_is_fhir,
        read=lambda path, knowledge, today: read_fhir(path, knowledge, today=today),
    ),
    "tidy": Reader(
        words="a filled form, or a folder or workbook of tidy tables",
        accepts=lambda path: True,
        read=lambda path, knowledge, today: read_tidy(path, knowledge, today=today),
    ),
}


def reader_of(path: Path) -> Reader:
    """The reader of a path."""
    return next(reader for reader in READERS.values() if reader.accepts(path))
