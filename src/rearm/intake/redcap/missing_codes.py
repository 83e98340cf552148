"""Codes for missing data: a setting of the project that its dictionary does not tell."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rearm.intake.redcap.export import Export

__all__ = ["likely_numbers", "words_for_missing"]

# the reasons that REDCap offers by itself; those of its list that bound a number (trace, infinite)
# are no blanks
_WORDS = frozenset(("NI", "INV", "UNK", "NASK", "ASKU", "NAV", "MSK", "NA", "NAVU", "NP"))
# -9, -99, -888: what people choose where a number is checked for
_NUMBER = re.compile(r"-([6-9])\1*")


def words_for_missing(export: Export) -> list[str]:
    """The words for missing that stand where only numbers, dates or choices may: they can mean
    nothing else.
    """
    found = {cell for _, cell in _cells(export) if cell in _WORDS}
    return sorted(found)


def likely_numbers(export: Export) -> dict[str, list[str]]:
    """Negative numbers that may stand for missing, with the headers under which they do. Only the
    person knows: a number is never taken for a blank by its looks.
    """
    found: dict[str, list[str]] = {}
    for header, cell in _cells(export):
        if _NUMBER.fullmatch(cell) and header not in found.get(cell, ()):
            found.setdefault(cell, []).append(header)
    return found


def _cells(export: Export) -> Iterator[tuple[str, str]]:
    """The different cells of fields that are checked or coded, without those that are a choice."""
    for header, place in export.columns.items():
        own = place.field
        if place.kind != "field" or own is None or own.identifier:
            continue
        if not (own.choices or own.numeric or own.dated):
            continue
        known = {*own.choices, *own.choices.values()}
        for cell in sorted(export.values(header)):
            if cell not in known:
                yield header, cell
