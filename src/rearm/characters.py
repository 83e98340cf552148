"""Characters that are no text: a terminal or a viewer could obey them, a picture choke on them.

Intake lets none of them further; a stored result that holds one is no work of Rearm.
"""

from __future__ import annotations

import re

__all__ = ["first_non_text", "inert", "printable", "replaced"]

# C0 without tab, newline and carriage return; DEL; C1 (which holds the one-character forms of the
# escape sequences); half surrogates; the code points that Unicode keeps free of characters for
# ever. XML 1.0 (2.2) forbids all of C0, the surrogates, U+FFFE and U+FFFF.
_NON_CHARACTERS = "".join(
    chr(plane + end) for plane in range(0, 0x110000, 0x10000) for end in (0xFFFE, 0xFFFF)
)
_NO_TEXT = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef" + _NON_CHARACTERS + "]"
)
# what turns the direction of writing, so that a line reads otherwise than it stands
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_REPLACEMENT = "\ufffd"


def first_non_text(text: str) -> str | None:
    """The first character of it that is no text; None where all is."""
    found = _NO_TEXT.search(text)
    return None if found is None else found.group(0)


def replaced(text: str) -> str:
    """The text with a replacement mark for each character that is no text."""
    return _NO_TEXT.sub(_REPLACEMENT, text)


def inert(text: str) -> str:
    """The text for a terminal: also what turns the direction of writing is replaced, and a space
    stands for a tab and for a carriage return, which would write over the line.
    """
    return _TURNS.sub(_REPLACEMENT, replaced(text)).replace("\t", " ").replace("\r", " ")


def printable(text: str) -> str:
    """The text with every character escaped that a screen may not show as it is, or may obey:
    control and bidirectional characters, half surrogates, unassigned code points.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
