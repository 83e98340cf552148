"""Characters that are no text: control characters, which a terminal or a viewer could obey, and
those that no XML document may hold. None goes further than intake.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain
from typing import Any

from rearm.intake.issues import issue_at
from rearm.intake.rows import CellProblem, Grid
from rearm.record import Issue, Source

__all__ = ["clean_grids", "clean_json", "holds_control"]

# C0 without tab, newline and carriage return; DEL; C1 (which holds the one-character forms of the
# escape sequences); half surrogates; the code points that Unicode keeps free of characters for
# ever. XML 1.0 (2.2) forbids all of C0, the surrogates, U+FFFE and U+FFFF.
_NO_CHARACTERS = "".join(
    chr(plane + end)
    for plane in range(0, 0x110000, 0x10000)
    for end in (
        0xFFFE,
        0xFFFF,
    )
)
_CONTROL = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef" + _NO_CHARACTERS + "]"
)
_REPLACEMENT = "\ufffd"


def holds_control(text: str) -> bool:
    """Whether a text holds a control character, or one that is no character."""
    return _CONTROL.search(text) is not None


def clean_grids(grids: Sequence[Grid], file: str) -> list[Issue]:
    """Replaces control characters in the cells, in place; one note where there were any, with the
    place of the first.
    """
    count, first = 0, None
    for grid in grids:
        texts = {c for c in set(chain.from_iterable(grid.rows)) if isinstance(c, str)}
        cleaned = {t: _CONTROL.sub(_REPLACEMENT, t) for t in texts if _CONTROL.search(t)}
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
        if not _CONTROL.search(value):
            return value
        found.append(value)
        return _CONTROL.sub(_REPLACEMENT, value)
    if isinstance(value, list):
        return [_cleaned(item, found) for item in value]
    if isinstance(value, dict):
        return {_cleaned(name, found): _cleaned(item, found) for name, item in value.items()}
    return value


def _note(source: Source, count: int, file: str) -> Issue:
    texts = "1 text holds" if count == 1 else f"{count} texts hold"
    sentence = (
        f"{texts} control characters, or code points that are no characters, in {file}; each is"
        " replaced by \ufffd. Export the file again without them."
    )
    return issue_at(source, CellProblem("note", "control_characters", sentence, "used"))
