"""Decisions as they leave the board."""

from __future__ import annotations

from sqlalchemy.orm import Session

from rearm.board.decision.contents import decision_shown
from rearm.board.store.cases import decisions_of
from rearm.board.store.tables import Result
from rearm.export.fhir_answer import BoardDecision

__all__ = ["decisions_of_answer"]


def decisions_of_answer(session: Session, stored: Result) -> list[BoardDecision]:
    """What the board decided on this version of the answer."""
    made = []
    for row in decisions_of(session, stored.case_id):
        if row.result_id == stored.id:
            shown = decision_shown(session, row)
            made.append(
                BoardDecision(
                    number=row.number,
                    strategy=row.strategy,
                    chosen=shown.chosen,
                    tier=shown.tier,
                    participants=row.participants,
                    reason=row.reason,
                    deviation=row.deviation,
                    at=row.at,
                    who=row.who,
                )
            )
    return made
