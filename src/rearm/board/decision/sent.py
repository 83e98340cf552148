"""A decision as a form sends it."""

from __future__ import annotations

from rearm.board.decision.decisions import Given
from rearm.board.web.forms import Form

__all__ = ["given_in"]

_NONE = "-"  # where no strategy of the answer was chosen


def given_in(form: Form) -> Given:
    """What was typed; nothing of it is checked."""
    chosen = form.text("strategy")
    return Given(
        strategy=None if not chosen else "" if chosen == _NONE else chosen,
        participants=form.text("participants"),
        reason=form.text("reason"),
        deviation=form.text("deviation"),
    )
