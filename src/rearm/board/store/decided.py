"""The last decision of the board, as prints tell it."""

from __future__ import annotations

import msgspec
from sqlalchemy.orm import Session

from rearm.board.store.cases import decisions_of
from rearm.board.store.tables import Decision, Result
from rearm.board.store.utc import moment_words
from rearm.report.assessment.answer_words import tier_words
from rearm.report.sheet.contents import DecisionTold

__all__ = ["chosen_of", "decided_for", "tier_of"]


def decided_for(session: Session, result: Result) -> DecisionTold | None:
    """What the board decided last of the patient of an answer; None where nothing is recorded."""
    last = next(iter(decisions_of(session, result.case_id)), None)
    if last is None:
        return None
    seen = session.get_one(Result, last.result_id)
    return DecisionTold(
        chosen=chosen_of(seen, last),
        tier=tier_of(last),
        reason=last.reason,
        deviation=last.deviation,
        participants=last.participants,
        at=moment_words(last.at),
        who=last.who,
        answer=seen.number,
        other_answer=seen.number != result.number,
    )


def tier_of(decision: Decision) -> str:
    """The tier of what was chosen, in words; empty where none of the answer was."""
    return decision.tier and tier_words(decision.tier)


class _Titles(msgspec.Struct):
    """Of a stored result only the names of the strategies."""

    strategies: dict[str, str]


class _Named(msgspec.Struct):
    titles: _Titles


def chosen_of(seen: Result, decision: Decision) -> str:
    """What was chosen, by the name that the answer gave it."""
    if not decision.strategy:
        return "none of the answer"
    named = msgspec.json.decode(seen.result, type=_Named)
    return named.titles.strategies[decision.strategy]
