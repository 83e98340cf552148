"""Files of one layout that come in parts: each part is read as a file of its own."""

from __future__ import annotations

import fnmatch
import glob
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from rearm.intake.files.read import table_files
from rearm.intake.mapping.model import FileSpec, Mapping, SheetSpec

__all__ = ["every_file"]


def every_file(source: Path, mapping: Mapping) -> Mapping:
    """The mapping with a file, and its sheets, for each part that is there of the files that may
    come in many.
    """
    names = [file.name for file in table_files(source if source.is_dir() else source.parent)]
    files: dict[str, FileSpec] = {}
    parts: dict[str, list[str]] = {}
    for key, spec in mapping.files.items():
        there = fnmatch.filter(names, spec.pattern) if spec.many else []
        if len(there) < 2 or (source.is_file() and source.name in there):
            files[key] = spec
            continue
        parts[key] = [key, *(f"{key} ({name})" for name in there[1:])]
        for part, name in zip(parts[key], there, strict=True):
            files[part] = replace(spec, pattern=glob.escape(name))
    sheets = tuple(sheet for own in mapping.sheet for sheet in _of_parts(own, parts))
    return replace(mapping, files=files, sheet=sheets)


def _of_parts(sheet: SheetSpec, parts: dict[str, list[str]]) -> Iterator[SheetSpec]:
    for part in parts.get(sheet.file, [sheet.file]):
        yield replace(sheet, file=part)
