"""The words of the application's own pages and sentences; those of the answer are the report's."""

from __future__ import annotations

from collections.abc import Mapping

from rearm.board.store.audit import Fault, FaultKind, Verified
from rearm.board.store.states import State

__all__ = [
    "NOT_SIGNED_IN",
    "STATE_WORDS",
    "fault_words",
    "state_words",
    "status_words",
    "verified_words",
]

STATE_WORDS: Mapping[State, str] = {
    "scheduled": "Scheduled for a meeting",
    "prepared": "Prepared",
    "backlog": "Backlog",
    "decided": "Decided",
    "followed_up": "Followed up",
}
"""In the order of the worklist: what is next comes first."""

NOT_SIGNED_IN = (
    "Nobody is signed in here, or the session has ended. Open the link that `rearm serve` printed; "
    "each link works once. `rearm serve link` prints a new one."
)

_STATUS: Mapping[int, str] = {
    401: "Sign in first",
    403: "Not allowed",
    404: "Not found",
    405: "Not possible here",
    409: "Changed by somebody else",
    413: "Too large",
    421: "Another address",
    422: "Can't be used",
    500: "A fault of the program",
    502: "The record system does not answer",
    503: "Busy",
}

_FAULTS: Mapping[FaultKind, str] = {
    "entry_changed": "Entry {} of the audit was changed after it was written.",
    "entries_missing": "Entries {} of the audit are missing.",
    "entry_out_of_order": "Entry {} of the audit does not follow the entry before it: entries were "
    "inserted, removed or put in another order.",
    "end_differs": "The audit ends at entry {}, which is not where it ended when it was last "
    "written to.",
    "head_unknown": "No entry of the audit has the hash {}.",
    "row_changed": "What is kept as {} is not what was written.",
    "row_missing": "What was kept as {} is gone.",
    "row_unaudited": "Nothing in the audit tells of {}.",
}


def state_words(state: str) -> str:
    """The words for a state of the worklist."""
    return {str(key): text for key, text in STATE_WORDS.items()}[state]


def status_words(status: int) -> str:
    """The heading of a page that says why something can't be done."""
    return _STATUS.get(status, "Can't be done")


def fault_words(fault: Fault) -> str:
    """What is wrong with the audit, in a sentence."""
    return _FAULTS[fault.kind].format(fault.what)


def verified_words(found: Verified) -> str:
    """What `audit verify` tells where nothing is wrong."""
    return (
        f"{found.entries} entries, each follows the one before, and everything that they tell of "
        f"is as it was written. Head: {found.head}"
    )
