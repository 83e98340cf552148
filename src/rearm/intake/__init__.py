"""Input to records: tidy tables, any other layout by a mapping file, FHIR bundles."""

from __future__ import annotations

from datetime import date
from os import PathLike
from pathlib import Path

from rearm.intake.build.records import Reading
from rearm.intake.errors import InputError
from rearm.intake.files.read import table_files
from rearm.intake.tidy.read import read_tables, read_tidy

__all__ = ["InputError", "Reading", "read", "read_tables"]


def read(
    path: str | PathLike[str],
    mapping: str | PathLike[str] | None = None,
    *,
    today: date | None = None,
) -> Reading:
    """Everything that `path` holds, as records with their issues.

    `path` is a FHIR bundle (.json), a folder of them (without tables), a folder or workbook of tidy
    tables, or, with `mapping` (a TOML file), any other tables. `today` is used only to tell dates
    that lie in the future. Raises InputError with a sentence: what, where, what to do.
    """
    if not str(path).strip():
        raise InputError("No path was given. Give a file or a folder.")
    source = Path(path)
    if not source.exists():
        raise InputError(f"There is no file or folder {source}. Check the path.")
    if mapping is not None:
        from rearm.intake.mapping.read import read_mapped

        return read_mapped(source, Path(mapping), today=today)
    if source.suffix.lower() == ".json" or (
        source.is_dir() and any(source.glob("*.json")) and not table_files(source)
    ):
        from rearm.intake.fhir.read import read_fhir

        return read_fhir(source, today=today)
    return read_tidy(source, today=today)
