"""Rows of the input as a reader looks them up."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["places_text"]

_FEW = 6
_ROW = re.compile(r"(?P<file>.+): row (?P<row>\d+)")


def places_text(places: Iterable[str]) -> str:
    """`labs.csv: rows 193, 194; variants.csv: row 24`: rows of one file together, six at most and
    the number of the others.
    """
    listed = list(places)
    rows: dict[str, list[str]] = {}
    for place in listed[:_FEW]:
        found = _ROW.fullmatch(place)
        file, row = (found["file"], found["row"]) if found else (place, "")
        rows.setdefault(file, []).append(row)
    texts = [_of_file(file, numbers) for file, numbers in rows.items()]
    if len(listed) > _FEW:
        texts.append(f"and {len(listed) - _FEW} more rows")
    return "; ".join(texts)


def _of_file(file: str, rows: list[str]) -> str:
    numbers = [row for row in rows if row]
    if not numbers:
        return file
    return f"{file}: row{'s' if len(numbers) > 1 else ''} {', '.join(numbers)}"
