"""The words of the application's own pages and sentences; those of the answer are the report's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rearm.board.people.tokens import TokenShown
from rearm.board.settings import Role
from rearm.board.store.audit import Fault, FaultKind, Verified
from rearm.board.store.erasing import Erased
from rearm.board.store.states import State
from rearm.board.store.upgrade import Upgraded
from rearm.board.store.utc import moment_words

__all__ = [
    "HELD",
    "NOT_HELD",
    "NOT_SIGNED_IN",
    "NOT_SIGNED_IN_HERE",
    "ROLE_WORDS",
    "STATE_WORDS",
    "erased_words",
    "fault_words",
    "retention_words",
    "state_words",
    "status_words",
    "token_words",
    "upgraded_words",
    "verified_words",
    "waiting_words",
]

STATE_WORDS: Mapping[State, str] = {
    "scheduled": "Scheduled for a meeting",
    "prepared": "Prepared",
    "backlog": "Backlog",
    "decided": "Decided",
    "followed_up": "Followed up",
}
"""In the order of the worklist: what is next comes first."""

NOT_SIGNED_IN_HERE = "Nobody is signed in here, or the session has ended."
"""On a board for many."""

NOT_SIGNED_IN = (
    "Nobody is signed in here, or the session has ended. Open the link that `rearm serve` printed; "
    "each link works once. `rearm serve link` prints a new one."
)

ROLE_WORDS: Mapping[Role, str] = {
    "reader": "Reader",
    "editor": "Editor",
    "chair": "Chair of the board",
    "data_manager": "Data manager",
    "administrator": "Administrator",
}

_STATUS: Mapping[int, str] = {
    401: "Sign in first",
    403: "Not allowed",
    400: "Not understood",
    404: "Not found",
    405: "Not possible here",
    409: "Changed by somebody else",
    413: "Too large",
    415: "Another kind of content",
    421: "Another address",
    422: "Can't be used",
    429: "Too many requests",
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


def upgraded_words(done: Upgraded) -> str:
    """What `migrate` did."""
    if not done.changed:
        return "The database is of this version. Nothing was changed."
    if done.before is None:
        return "The database of a new board was made."
    copy = (
        "A database on a server is not copied; its administrator can."
        if done.copy is None
        else f"A copy of it as it was: {done.copy}. Remove the copy once the board works."
    )
    return f"The database was brought from step {done.before} to step {done.now}. {copy}"


def erased_words(done: Erased) -> Iterator[str]:
    """What an erasure did, each a sentence."""
    records, answers, decisions = (
        done.rows.get(name, 0) for name in ("records", "results", "decisions")
    )
    yield (
        f"Case {done.case} and everything kept of the patient was deleted (records: {records}, "
        f"answers: {answers}, decisions: {decisions})."
    )
    if done.uploads:
        yield f"Files that were read and named the patient were discarded: {done.uploads}."
    if not done.forgotten:
        yield (
            "Another program uses the database, so traces of the patient are left in its files. "
            "They are removed when the board is next started."
        )
    yield "Backups that were written earlier still contain the patient. Remove them."


def retention_words(days: int | None, due: Sequence[tuple[str, str, str]]) -> Iterator[str]:
    """Whose time is over, each a sentence."""
    if days is None:
        yield "Patients are kept without end. Set a number of days with --set."
    elif not due:
        yield f"Nobody who is followed up was last changed more than {days} days ago."
    for case, patient, last in due:
        yield f"{patient} (case {case}), last changed {last}"


def waiting_words(days: int, ended: int) -> str:
    """What becomes of what was typed or uploaded and not taken in."""
    told = f"What was typed or uploaded and not taken in is deleted after {days} days."
    return f"{told} {ended} deleted." if ended else told


def verified_words(found: Verified) -> str:
    """What `audit verify` tells where nothing is wrong."""
    return (
        f"{found.entries} entries, each follows the one before, and everything that they tell of "
        f"is as it was written. Head: {found.head}"
    )


HELD = "Each entry of the audit follows the one before, and what it tells of is as it was written."

NOT_HELD = (
    "Something of the audit, or of what it tells of, is not as it was written. Tell an "
    "administrator of the first centre, who sees where."
)
"""Both for an administrator of one centre, who learns nothing of others."""


def token_words(token: TokenShown) -> str:
    """A token in the list of them."""
    used = "never used" if token.used_at is None else f"last used {moment_words(token.used_at)}"
    ended = (
        f"valid until {moment_words(token.expires_at)}"
        if token.revoked_at is None
        else f"revoked {moment_words(token.revoked_at)}"
    )
    may = ", ".join(token.permissions)
    return f"{token.name}: {may} in {token.tenant}; made by {token.who}; {used}; {ended}"
