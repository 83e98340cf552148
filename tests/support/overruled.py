"""A fact that the team states of a patient on a board."""

from __future__ import annotations

from rearm.assessment.overruling import StatedFact
from rearm.board.board import Board
from rearm.board.child.answering import state
from rearm.board.store import cases, overrules
from rearm.board.store.tables import new_id
from rearm.board.store.utc import now, utc_text

__all__ = ["overruled"]


def overruled(board: Board, case: str, reason: str = "seen today") -> str:
    """States that the patient has ECOG 3; gives the id of what is kept."""
    fact = StatedFact(
        kind="finding", what="ecog", value=3.0, id=new_id(), by="x", at=utc_text(now()),
        reason=reason,
    )  # fmt: skip
    with board.database.reading() as session:
        kept = overrules.kept_of(session, case, new=(fact,))
    made = state(kept)
    with board.database.writing() as session:
        version = cases.case_of(session, case).version
        overrules.overrule(session, case, version, "x", given=made)
    return fact.id
