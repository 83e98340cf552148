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
    what, where, what to do. What it quotes is escaped where a screen could obey it. All errors that
    Rearm raises on purpose are of this class.

    >>> import rearm
    >>> try:
    ...     rearm.read("no-such-folder")
    ... except rearm.RearmError as error:
    ...     print(error)
    There is no file or folder no-such-folder. Check the path.
    """

    def __init__(self, sentence: str = "") -> None:
        super().__init__("\n".join(printable(line) for line in sentence.split("\n")))


class InputError(RearmError):
    """Input that can't be used: what was read, where, why it can't be used, what to do.

    >>> from rearm.intake import InputError, read_tables
    >>> try:
    ...     read_tables({"labz": []})
    ... except InputError as error:
    ...     print(error)
    There is no table 'labz'; the nearest are labs.
    """


def near(
    word: str, choices: Iterable[str], *, most: int = 1, likeness: float = 0.75
) -> tuple[str, ...]:
    """Of `choices` those that are close to `word`, the closest first and at most `most` of them;
    empty where none is. `likeness`: how close, 0 to 1 (the same). Raises nothing.

    >>> from rearm.errors import near
    >>> near("talquetimab", ["talquetamab", "teclistamab"])
    ('talquetamab',)
    """
    by_lower = {choice.lower(): choice for choice in choices}
    found = get_close_matches(word.lower(), by_lower, n=most, cutoff=likeness)
    return tuple(by_lower[name] for name in found)


def meant(word: str, choices: Iterable[str], *, most: int = 1, likeness: float = 0.75) -> str:
    """` Did you mean ...?` where one of `choices` is close to `word` (`most` of them, `likeness`
    from 0 to 1), else an empty text. Raises nothing.

    >>> from rearm.errors import meant
    >>> meant("talquetimab", ["talquetamab", "teclistamab"])
    ' Did you mean talquetamab?'
    """
    found = near(word, choices, most=most, likeness=likeness)
    return f" Did you mean {' or '.join(found)}?" if found else ""
