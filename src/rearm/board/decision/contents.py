"""The form of the decision, made of what the store keeps."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from rearm.assessment import Assessment
from rearm.board.decision.contexts import (
    Choice,
    ChoiceGroup,
    DecisionPage,
    DecisionShown,
)
from rearm.board.decision.decisions import AGAINST, Given, highest_tier
from rearm.board.store.cases import (
    assessment_of,
    case_of,
    decisions_of,
    latest_result,
    result_of,
)
from rearm.board.store.decided import chosen_of, tier_of
from rearm.board.store.tables import Decision, Result
from rearm.board.store.utc import moment_words
from rearm.report.assessment.answer_words import state_words, tier_words

__all__ = ["decision_page", "decision_shown"]


def decision_page(
    session: Session,
    case_id: str,
    *,
    number: int | None = None,
    typed: Given | None = None,
    wanting: Iterable[str] = (),
    changed: bool = False,
) -> DecisionPage:
    """The form of the decision on one version of the answer, by default the newest. `changed`: the
    patient was changed after the form was opened; what was decided meanwhile stands beside it.
    """
    case = case_of(session, case_id)
    newest = latest_result(session, case_id) if number is None else None
    stored = newest or result_of(session, case_id, number or 1)
    result = assessment_of(stored)
    last = next(iter(decisions_of(session, case_id)), None) if changed else None
    return DecisionPage(
        case=case.id,
        patient=case.patient_id,
        version=case.version,
        answer=stored.number,
        state=state_words(result),
        groups=tuple(_groups(result)),
        highest=highest_tier(result),
        typed=typed or Given(),
        wanting=tuple(wanting),
        meanwhile=None if last is None else decision_shown(session, last),
    )


def _groups(result: Assessment) -> Iterable[ChoiceGroup]:
    for tier in result.answer.tiers:
        choices = tuple(
            Choice(
                strategy=x.strategy,
                name=result.titles.strategies[x.strategy],
                option=result.option(x.option).name,
            )
            for x in tier.strategies
        )
        if choices:
            yield ChoiceGroup(
                tier=tier.tier,
                title=tier_words(tier.tier),
                against=tier.tier in AGAINST,
                choices=choices,
            )


def decision_shown(session: Session, decision: Decision) -> DecisionShown:
    """A decision with the names that its answer gave."""
    stored = session.get_one(Result, decision.result_id)
    return DecisionShown(
        version=decision.number,
        answer=stored.number,
        strategy=decision.strategy,
        chosen=chosen_of(stored, decision),
        tier=tier_of(decision),
        participants=decision.participants,
        reason=decision.reason,
        deviation=decision.deviation,
        at=moment_words(decision.at),
        who=decision.who,
    )
