"""The one error of intake: input that can't be used at all."""

from __future__ import annotations

from rearm.errors import RearmError
from rearm.intake.printable import printable

__all__ = ["InputError"]


class InputError(RearmError):
    """Input that can't be used: what was read, where, why it can't be used, what to do.

    `str()` is a sentence or two.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__("\n".join(printable(line) for line in sentence.split("\n")))
