"""Whether a row of treatment treats the myeloma: the one place that decides it.

Supportive and prophylactic drugs and the treatment of toxicity never start a line and never end a
course, whatever reader they came by. A steroid alone, or a medication that could not be read, may
do either: it is neither counted nor denied.
"""

from __future__ import annotations

from typing import Literal

from rearm.knowledge.bundle import bundled
from rearm.knowledge.lexicon import Lexicon, lookup_key
from rearm.record import Therapy

__all__ = ["NOT_AGAINST_MYELOMA", "SUPPORT", "StopReason", "stop_reason", "treats_myeloma"]

SUPPORT = frozenset({"supportive", "toxicity_management"})
NOT_AGAINST_MYELOMA = SUPPORT | {"lymphodepletion"}
_SAYS_LITTLE = (None, "treatment")  # purposes that any medication may have

StopReason = Literal["toxicity", "no_response", "progression"]
_STOPS: tuple[StopReason, ...] = ("progression", "no_response", "toxicity")


def treats_myeloma(row: Therapy, lexicon: Lexicon | None = None) -> bool | None:
    """Whether the row treats the myeloma; None where the record does not tell.

    A stated purpose counts, then the class of the agents. Of a steroid alone or an unread
    medication a line number, a response or a progression on it tells that it does; silence tells
    nothing.
    """
    if row.purpose in SUPPORT:
        return False
    known = bundled().lexicon if lexicon is None else lexicon
    by_class = {known.treats_myeloma(agent) for agent in row.agents}
    if True in by_class or row.purpose not in _SAYS_LITTLE:
        return True
    if by_class == {False} and not row.unread:
        return False
    judged = row.best_response is not None or row.progression_on is not None
    return True if row.purpose is not None or row.line is not None or judged else None


def stop_reason(row: Therapy, lexicon: Lexicon | None = None) -> StopReason | None:
    """Why the row was stopped, where its words are listed; None for every other reason."""
    if not row.stop_reason:
        return None
    stops = (bundled().lexicon if lexicon is None else lexicon).words["stops"]
    words = _words(row.stop_reason)
    for denied in stops["none_of_these"]:
        words = words.replace(_words(denied), " ")
    return next((why for why in _STOPS if any(_words(w) in words for w in stops[why])), None)


def _words(text: str) -> str:
    """The words of a text, each between blanks."""
    separated = "".join(c if c.isalnum() else " " for c in text)
    return f" {' '.join(lookup_key(word) for word in separated.split())} "
