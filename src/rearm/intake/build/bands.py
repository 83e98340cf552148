"""What a text of immunofixation says: positive or negative, and the bands that it names."""

from __future__ import annotations

import re

from rearm.knowledge.lab_tests import TestDef

__all__ = ["bands_of"]

_CHAIN = r"kappa|lambda|κ|λ"
_BAND = re.compile(
    rf"\b(?:(?P<heavy>ig[gamde])\b(?:[\s\-–/,]{{0,3}}(?P<light>{_CHAIN})\b)?"
    rf"|(?P<alone>{_CHAIN})\b)(?:[\s\-]?(?:light chains?|leichtketten?))?",
    re.IGNORECASE,
)
_LIGHT = {"κ": "kappa", "λ": "lambda"}
_BETWEEN = re.compile(r"[,;:.+&/()\-–]|\b(?:and|und|plus|vom|of|the|a|an|type?|typs?)\b", re.I)


def bands_of(test: TestDef, text: str) -> tuple[str, tuple[str, ...]] | None:
    """The word of the test and the bands; None where the text says neither. A band named alone
    (`IgG kappa`) is one that was seen.
    """
    bands = tuple(dict.fromkeys(_name(match) for match in _BAND.finditer(text)))
    rest = " ".join(_BETWEEN.sub(" ", _BAND.sub(" ", text)).split())
    if bands and not rest:
        return "positive", bands
    word = test.word(rest)
    return None if word is None else (word, bands if word == "positive" else ())


def _name(match: re.Match[str]) -> str:
    heavy, light = match["heavy"], (match["light"] or match["alone"] or "").casefold()
    parts = [f"Ig{heavy[-1].upper()}"] if heavy else []
    return " ".join([*parts, _LIGHT.get(light, light)]).strip()
