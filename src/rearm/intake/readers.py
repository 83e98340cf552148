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
from rearm.intake.ndjson.parts import NdjsonParts
from rearm.intake.ndjson.read import is_bulk_export, read_ndjson
from rearm.intake.omop.parts import OmopParts
from rearm.intake.omop.read import is_omop, read_omop
from rearm.intake.parts import PartReader
from rearm.intake.result import Reading
from rearm.intake.tidy.parts import TidyParts, can_be_cut
from rearm.intake.tidy.read import is_tidy, read_tidy
from rearm.knowledge.bundle import Knowledge

__all__ = ["READERS", "Reader", "reader_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """One format: which paths hold it, and how they are read.

    `words` are what a user is told that he can give. `read` raises InputError where the path can't
    be used. `parts` gives the reader in parts, None for a path that is read as a whole only.
    """

    words: str
    accepts: Callable[[Path, Knowledge], bool]
    read: Callable[[Path, Knowledge, date | None], Reading]
    parts: Callable[[Path, Knowledge], PartReader | None] = lambda path, knowledge: None


def _is_fhir(path: Path, knowledge: Knowledge) -> bool:
    """A bundle, or a folder of bundles in which no tidy table and no form lies: some other table
    beside them is told as not read. An export with its manifest is none.
    """
    if path.is_dir():
        is_folder = bool(bundle_files(path)) and not is_bulk_export(path)
        return is_folder and not _holds_tidy(path, knowledge)
    return path.suffix.lower() == ".json"


def _is_ndjson(path: Path, knowledge: Knowledge) -> bool:
    """An NDJSON file, or a folder with some and without tidy tables."""
    return is_bulk_export(path) and not (path.is_dir() and _holds_tidy(path, knowledge))


def _holds_tidy(folder: Path, knowledge: Knowledge) -> bool:
    return any(is_tidy(file, knowledge) for file in table_files(folder))


# by format; the first that accepts a path reads it
READERS: dict[str, Reader] = {
    "omop": Reader(
        words="a folder or DuckDB file of OMOP CDM tables",
        accepts=lambda path, knowledge: is_omop(path),
        read=lambda path, knowledge, today: read_omop(path, knowledge, today=today),
        parts=lambda path, knowledge: OmopParts(),
    ),
    "fhir": Reader(
        words="a FHIR R4 bundle (.json)",
        accepts=_is_fhir,
        read=lambda path, knowledge, today: read_fhir(path, knowledge, today=today),
    ),
    "ndjson": Reader(
        words="FHIR bulk NDJSON (.ndjson, .ndjson.gz)",
        accepts=_is_ndjson,
        read=lambda path, knowledge, today: read_ndjson(path, knowledge, today=today),
        parts=lambda path, knowledge: NdjsonParts(),
    ),
    "tidy": Reader(
        words="a filled form, or a folder or workbook of tidy tables",
        accepts=lambda path, knowledge: True,
        read=lambda path, knowledge, today: read_tidy(path, knowledge, today=today),
        parts=lambda path, knowledge: TidyParts() if can_be_cut(path, knowledge) else None,
    ),
}


def reader_of(path: Path, knowledge: Knowledge) -> Reader:
    """The reader of a path."""
    return next(reader for reader in READERS.values() if reader.accepts(path, knowledge))
