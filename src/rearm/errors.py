"""The one error that a user of Rearm has to catch, what was given can't be used as asked, with the
form for input that can't be used at all; and the near word that was meant.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from rearm.characters import printable

__all__ = ["InputError", "RearmError", "meant", "near"]


class RearmError(ValueError):
    """Input, settings or knowledge that can't be used. `str()` is a sentence or two for the user:
    what, where, what to do. What it quotes is escaped where a screen could obey it.
    """

    def __init__(self, sentence: str = "") -> None:
        super().__init__("\n".join(printable(line) for line in sentence.split("\n")))


class InputError(RearmError):
    """Input that can't be used: what was read, where, why it can't be used, what to do."""


def near(
    word: str, choices: Iterable[str], *, most: int = 1, likeness: float = 0.75
) -> tuple[str, ...]:
    """The choices that are close to the word, the closest first (`likeness` from 0 to 1)."""
    by_lower = {choice.lower(): choice for choice in choices}
    found = get_close_matches(word.lower(), by_lower, n=most, cutoff=likeness)
    return tuple(by_lower[name] for name in found)


def meant(word: str, choices: Iterable[str], *, most: int = 1, likeness: float = 0.75) -> str:
    """` Did you mean ...?` where a choice is close to the word (`most` of them, `likeness` from 0
    to 1), else nothing.
    """
    found = near(word, choices, most=most, likeness=likeness)
    return f" Did you mean {' or '.join(found)}?" if found else ""
