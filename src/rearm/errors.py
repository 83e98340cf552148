"""The one error that a user of Rearm has to catch: what was given can't be used as asked."""

from __future__ import annotations

__all__ = ["RearmError"]


class RearmError(ValueError):
    """Input, settings or knowledge that can't be used. `str()` is a sentence or two for the user: what, where, what to do."""
