"""Cells and parsed JSON without characters that are no text: none goes further than intake."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

from rearm.characters import first_harmful, replaced
from rearm.intake.issues import issue_at
from rearm.intake.rows import CellProblem, Grid
from rearm.record import Issue, Source

__all__ = ["clean_grids", "clean_json"]


def clean_grids(grids: Sequence[Grid], file: str) -> list[Issue]:
    """Replaces control characters in the cells and in names of sheets, in place; one note where
    cells had any, with the place of the first.
    """
    count, first = 0, None
    for grid in grids:
        grid.sheet = None if grid.sheet is None else replaced(grid.sheet)
        texts = {c for c in set(chain.from_iterable(grid.rows)) if isinstance(c, str)}
        cleaned = {t: replaced(t) for t in texts if first_harmful(t)}
        for index, row in enumerate(grid.rows) if cleaned else ():
            for column, cell in enumerate(row):
                if isinstance(cell, str) and cell in cleaned:
                    row[column] = cleaned[cell]
                    count += 1
                    first = first or grid.cell_source(index, column, f"column {column + 1}")
    return [] if first is None else [_note(first, count, file)]


def clean_json(content: Any, file: str) -> tuple[Any, list[Issue]]:
    """The parsed value with control characters replaced in every text and name; one note where
    there were any.
    """
    found: list[str] = []
    cleaned = _cleaned(content, found)
    return cleaned, [_note(Source(file, ""), len(found), file)] if found else []


def _cleaned(value: Any, found: list[str]) -> Any:
    if isinstance(value, str):
        if not first_harmful(value):
            return value
        found.append(value)
        return replaced(value)
    if isinstance(value, list):
        return [_cleaned(item, found) for item in value]
    if isinstance(value, dict):
        return {_cleaned(name, found): _cleaned(item, found) for name, item in value.items()}
    return value


def _note(source: Source, count: int, file: str) -> Issue:
    texts = "1 text contains" if count == 1 else f"{count} texts contain"
    sentence = (
        f"{texts} control characters or invalid code points in {file}. Each is replaced by �, "
        "or by a blank if it separates lines. Export the file again without them."
    )
    return issue_at(source, CellProblem("note", "control_characters", sentence, "used"))
