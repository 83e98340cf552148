"""A first mapping file drafted from the headers of a centre's tables: what is recognised is mapped,
everything else is listed as a comment.

No value of a patient goes into the draft: only headers, units in headers, and the labels of day
columns.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from rearm.errors import InputError
from rearm.intake.files.kinds import table_name
from rearm.intake.files.read import read_grids, table_files
from rearm.intake.files.redcap_hint import redcap_hint
from rearm.intake.mapping.draft.data_dictionary import coded_fields
from rearm.intake.mapping.draft.headers import IDS
from rearm.intake.mapping.draft.mapping_text import mapping_text
from rearm.intake.mapping.draft.outline import SheetOutline
from rearm.intake.mapping.draft.recognise import recognise
from rearm.intake.rows import Grid

__all__ = ["draft_mapping", "write_draft"]


def write_draft(target: Path, source: Path) -> Path:
    """Write a drafted mapping for `source` to `target`. Raises InputError where `target` is there
    already or can't be written.
    """
    if target.exists():
        raise InputError(f"{target} already exists. Nothing was written. Choose another name.")
    draft = draft_mapping(source)
    try:
        target.write_text(draft, "utf-8")
    except OSError as error:
        raise InputError(f"{target} can't be written: {error.strerror or error}.") from error
    return target


def draft_mapping(source: Path) -> str:
    """The text of a mapping file for a workbook, a CSV or Parquet file, or a folder of them. It
    loads as it is.

    Raises InputError where no sheet has a header with a column of patients' ids.
    """
    paths = table_files(source) if source.is_dir() else [source]
    sheets: list[tuple[str, SheetOutline]] = []
    skipped: list[str] = []
    keys: dict[str, str] = {}
    grids, unread = _read(paths)
    fields = {name: field for _, grid in grids for name, field in coded_fields(grid).items()}
    for path in dict.fromkeys(path for path, _ in grids):
        key = re.sub(r"\W+", "_", table_name(path), flags=re.ASCII).strip("_").lower() or "file"
        key = key if key not in keys else f"{key}_{len(keys)}"
        keys[key] = path.name
        for grid in (grid for of, grid in grids if of == path):
            found = None if coded_fields(grid) else recognise(grid, fields)
            if found is None:
                skipped.append(f"{grid.file}, sheet {grid.sheet}" if grid.sheet else grid.file)
            else:
                sheets.append((key, found))
    if not sheets:
        raise InputError(
            f"{source.name} has no sheet with a column of patient ids (looked for "
            f"{', '.join(IDS[:6])} ...). Rename that column patient_id and draft again."
            f"{redcap_hint(grid for _, grid in grids)}"
        )
    # a file of which no sheet is mapped is left to be told by the check
    used = {key for key, _ in sheets}
    mapped = {key: name for key, name in keys.items() if key in used}
    return "\n".join(mapping_text(source, mapped, sheets, skipped, unread)) + "\n"


def _read(paths: Sequence[Path]) -> tuple[list[tuple[Path, Grid]], list[str]]:
    """The grids of the files, and why others can't be read; where none can, the first is raised."""
    grids: list[tuple[Path, Grid]] = []
    refused: list[InputError] = []
    for path in paths:
        try:
            grids += [(path, grid) for grid in read_grids(path)[0]]
        except InputError as error:
            refused.append(error)
    if refused and not grids:
        raise refused[0]
    return grids, list(map(str, refused))
