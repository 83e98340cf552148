"""The one error of intake: input that can't be used at all."""

from __future__ import annotations

from rearm.errors import RearmError

__all__ = ["InputError"]


class InputError(RearmError):
    """Input that can't be used. `str()` is a sentence or two: what was read, where, why it can't be
    used, what to do.
    """
