"""What a page says once after something was kept: a sentence of ours that names no patient. It goes
from the form to the next page by a cookie, so that no address holds it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

__all__ = ["KEPT_WORDS", "Kept", "kept_words"]

Kept = Literal[
    "answer_anew",
    "answers_anew",
    "centre_added",
    "centre_list",
    "correction",
    "decision",
    "draft",
    "draft_discarded",
    "facts_applied",
    "file_discarded",
    "file_read",
    "file_read_mapping",
    "follow_up",
    "moved",
    "opened",
    "overrule_taken_back",
    "overruled",
    "participants",
    "password",
    "patient_taken_in",
    "patients_taken_in",
    "pasted",
    "record",
    "result",
    "roles",
    "scheduled",
    "sessions_ended",
    "user_disabled",
    "user_enabled",
]

KEPT_WORDS: Mapping[Kept, str] = {
    "answer_anew": "The answer was made anew.",
    "answers_anew": "The answers were made anew.",
    "centre_added": "The centre is added.",
    "centre_list": "The list of the centre is kept. Answers made from now on read it.",
    "correction": "The correction is kept, and the patient was read again.",
    "decision": "The decision is recorded.",
    "draft": "What you typed is kept as a draft. It is not taken in yet.",
    "draft_discarded": "What you typed was discarded.",
    "facts_applied": "The answer was made anew with the facts that the team states.",
    "file_discarded": "The file was discarded. Nothing of it is on the board.",
    "file_read": "The file was read. Nothing of it is on the board until you take it in.",
    "file_read_mapping": "The file was read, its mapping is kept. Nothing of the file is on "
    "the board until you take it in.",
    "follow_up": "The follow-up is kept, and the answer was made anew with it.",
    "moved": "The place on the worklist is kept.",
    "opened": "You may read of this patient now. Your reason is kept.",
    "overrule_taken_back": "The overruled fact was taken back, and the answer was made anew.",
    "overruled": "The fact is overruled, and the answer was made anew with it.",
    "participants": "Who takes part is kept.",
    "password": "The password is set. Sign in with it.",
    "patient_taken_in": "The patient was taken in.",
    "patients_taken_in": "The patients were taken in.",
    "pasted": "The results stand in the form. They are not taken in yet.",
    "record": "The record is kept, and the answer was made anew.",
    "result": "The result is added, and the answer was made anew with it.",
    "roles": "The roles are kept.",
    "scheduled": "The patient is scheduled for the meeting.",
    "sessions_ended": "All sessions of this user have ended.",
    "user_disabled": "The user can no longer sign in.",
    "user_enabled": "The user can sign in again.",
}


def kept_words(code: str) -> str:
    """The sentence for a code that a browser sent; empty for any other text."""
    return {str(key): words for key, words in KEPT_WORDS.items()}.get(code, "")
