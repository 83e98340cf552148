"""Input to records: tidy tables, any other layout by a mapping file, FHIR bundles."""

from __future__ import annotations

import importlib
from datetime import date
from os import PathLike
from pathlib import Path

from rearm.intake.build import Reading
from rearm.intake.errors import InputError
from rearm.intake.tidy import read_tables, read_tidy

__all__ = ["InputError", "Reading", "read", "read_tables"]


def read(path: str | PathLike[str], mapping: str | PathLike[str] | None = None, *, today: date | None = None) -> Reading:
    """Everything that `path` holds, as records with their issues.

    `path` is a FHIR bundle (.json) or a folder of them, a folder or workbook of tidy tables, or, with `mapping` (a TOML file), any other
    tables. `today` is used only to tell dates that lie in the future. Raises InputError with a sentence: what, where, what to do.
    """
    source = Path(path)
    if not source.exists():
        raise InputError(f"There is no file or folder {source}. Check the path.")
    if mapping is not None:
        from rearm.intake.mapping import read_mapped

        return read_mapped(source, Path(mapping), today=today)
    if source.suffix.lower() == ".json" or (source.is_dir() and any(source.glob("*.json")) and not any(source.glob("*.csv"))):
        fhir = importlib.import_module("rearm.intake.fhir")
        reading: Reading = fhir.read_fhir(source, today=today)
        return reading
    return read_tidy(source, today=today)
