"""Why a request, a folder or a file is refused: each a sentence, and the status of the answer."""

from __future__ import annotations

from rearm.errors import RearmError

__all__ = [
    "SHOWN_AGAIN",
    "Busy",
    "Conflict",
    "Died",
    "NotAllowed",
    "NotSignedIn",
    "NotThere",
    "NotUsable",
    "Refusal",
    "TooLarge",
    "TooMany",
]


class Refusal(RearmError):
    """What can't be done as asked; `str()` is a sentence for the user."""

    status = 400


class NotUsable(Refusal):
    """A file, a form or a folder that can't be used."""

    status = 422


class Died(NotUsable):
    """The process that worked on it came down, for a reason that may lie elsewhere; nothing was
    kept, and it may be tried again.
    """


class NotSignedIn(Refusal):
    """Nobody is signed in, or the session has ended."""

    status = 401


class NotAllowed(Refusal):
    """The session may not do this, or the request does not come from our own pages."""

    status = 403


class NotThere(Refusal):
    """There is nothing at this address."""

    status = 404


class Conflict(Refusal):
    """Somebody else changed the same patient in the meantime."""

    status = 409


class TooLarge(Refusal):
    """More bytes than are taken."""

    status = 413


class Busy(Refusal):
    """The store is held by another writer, or the worker could not finish; try again."""

    status = 503


SHOWN_AGAIN = (NotUsable, Conflict, Busy)
"""After these a form is shown once more, as it was typed."""


class TooMany(Refusal):
    """Too many tries in a short time. `retry_after`: seconds until the next one counts."""

    status = 429

    def __init__(self, sentence: str, *, retry_after: int) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after
