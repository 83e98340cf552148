"""Numbers as people write them where they are not exact: ranges (`20-30`) and approximations
(`ca. 40`).
"""

from __future__ import annotations

import re

__all__ = ["range_of", "without_about"]

_ABOUT = re.compile(
    r"(?:ca\.?|circa|approx\.?|approximately|about|around|etwa|ungefähr|rund|ungef\.)(?=[\s0-9<>])"
    r"\s*|[~≈]\s*",
    re.IGNORECASE,
)
_NUMBER = r"[0-9](?:[0-9.,]*[0-9])?(?:[eE][+-]?[0-9]{1,3})?"
# Lower end, unit of the lower end, upper end, unit of the upper end.
_RANGE = re.compile(
    rf"({_NUMBER})\s*([^0-9\s.,<>=~–—-]*)\s*(?:[-–—]|to|bis)\s*({_NUMBER})\s*([^0-9\s.,].*)?",
    re.IGNORECASE,
)


def without_about(text: str) -> tuple[str, bool]:
    """The text without the word that makes its number an approximate one, and whether there was
    such a word.
    """
    match = _ABOUT.match(text.strip())
    return (text, False) if match is None else (text.strip()[match.end() :], True)


def range_of(text: str) -> tuple[str, str, str | None] | None:
    """Lower end, upper end and unit (None: not stated) of a range; None for any other text."""
    match = _RANGE.fullmatch(text.strip())
    if match is None:
        return None
    low, first_unit, high, unit = match.groups()
    if first_unit and first_unit != unit:
        return None
    return low, high, unit or None
