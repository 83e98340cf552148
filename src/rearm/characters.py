"""Characters that are no text: a terminal or a viewer could obey them, a picture choke on them.

Intake lets none of them further; a stored result that holds one is no work of Rearm. What a
sentence, a place, a file or a picture takes from the input goes through one of these functions.
"""

from __future__ import annotations

import json
import re

__all__ = [
    "escaped",
    "first_harmful",
    "first_non_text",
    "formula_free",
    "inert",
    "printable",
    "replaced",
]

# C0 without tab, newline and carriage return; DEL; C1 (which holds the one-character forms of the
# escape sequences); half surrogates; the code points that Unicode keeps free of characters for
# ever. XML 1.0 (2.2) forbids all of C0, the surrogates, U+FFFE and U+FFFF.
_NON_CHARACTERS = "".join(
    chr(plane + end) for plane in range(0, 0x110000, 0x10000) for end in (0xFFFE, 0xFFFF)
)
# what turns the direction of writing, so that a line reads otherwise than it stands
_TURNS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
# line ends that are no line ends in a spreadsheet and end a text within a script
_BREAKS = "\u2028\u2029"
_NO_TEXT_CLASS = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef" + _NON_CHARACTERS
_NO_TEXT = re.compile(f"[{_NO_TEXT_CLASS}]")
_HARMFUL = re.compile(f"[{_NO_TEXT_CLASS}{_TURNS}{_BREAKS}]")
# with these a cell begins that a spreadsheet program computes
_FORMULA = re.compile(r"[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)*(?:[eE][+-]?[0-9]+)?%?")
_REPLACEMENT = "\ufffd"


def first_non_text(text: str) -> str | None:
    """The first character of it that is no text; None where all is."""
    found = _NO_TEXT.search(text)
    return None if found is None else found.group(0)


def first_harmful(text: str) -> str | None:
    """The first character of it that `replaced` would replace; None where there is none."""
    found = _HARMFUL.search(text)
    return None if found is None else found.group(0)


def replaced(text: str) -> str:
    """The text with a replacement mark for each character that is no text or turns the direction of
    writing, and a space for a line or paragraph separator.
    """
    return _HARMFUL.sub(_instead, text)


def _instead(match: re.Match[str]) -> str:
    return " " if match[0] in _BREAKS else _REPLACEMENT


def escaped(text: str) -> str:
    """JSON with every harmful character escaped, by which its values stay as they are."""
    return _HARMFUL.sub(lambda match: json.dumps(match[0])[1:-1], text)


def formula_free(text: str) -> str:
    """The text for a cell of a CSV file or a workbook: one that a spreadsheet program would compute
    gets an apostrophe in front. Numbers stay.
    """
    computed = _FORMULA.match(text) is not None and _NUMBER.fullmatch(text) is None
    return f"'{text}" if computed else text


def inert(text: str) -> str:
    """The text for a terminal: a space stands also for a tab and for a carriage return, which would
    write over the line.
    """
    return replaced(text).replace("\t", " ").replace("\r", " ")


def printable(text: str) -> str:
    """The text with every character escaped that a screen may not show as it is, or may obey:
    control and bidirectional characters, half surrogates, unassigned code points.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
