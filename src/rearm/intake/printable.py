"""The one door through which text of the input reaches a sentence."""

from __future__ import annotations

__all__ = ["printable"]


def printable(text: str) -> str:
    """The text with every character escaped that a screen may not show as it is, or may obey:
    control and bidirectional characters, half surrogates, unassigned code points.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
