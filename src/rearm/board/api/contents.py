"""What programs get of the store."""

from __future__ import annotations

import msgspec
from sqlalchemy.orm import Session

from rearm.board.api.contexts import (
    AnswerListed,
    CaseListed,
    CaseShown,
    CasesListed,
    DecisionShown,
    DecisionsListed,
)
from rearm.board.store.cases import all_cases, case_of, decisions_of, results_of
from rearm.board.store.states import State
from rearm.board.store.tables import Case, Decision, Result
from rearm.board.store.utc import utc_text

__all__ = ["case_shown", "cases_listed", "decisions_listed"]


def cases_listed(session: Session, tenant: str, *, offset: int, limit: int) -> CasesListed:
    """A part of all patients of a tenant, by the id that the centre gave."""
    every = all_cases(session, tenant)
    part = tuple(_listed(case) for case in every[offset : offset + limit])
    return CasesListed(cases=part, offset=offset, total=len(every))


def case_shown(session: Session, case_id: str) -> CaseShown:
    """Raises NotThere where there is no such patient."""
    listed = _listed(case_of(session, case_id))
    answers = tuple(
        AnswerListed(number=x.number, at=utc_text(x.at), software=x.software, knowledge=x.knowledge)
        for x in results_of(session, case_id)
    )
    return CaseShown(
        answers=answers,
        decisions=_decisions(session, case_id),
        **msgspec.structs.asdict(listed),
    )


def decisions_listed(session: Session, case_id: str) -> DecisionsListed:
    """Raises NotThere where there is no such patient."""
    case = case_of(session, case_id)
    return DecisionsListed(version=case.version, decisions=_decisions(session, case_id))


def _decisions(session: Session, case_id: str) -> tuple[DecisionShown, ...]:
    return tuple(_decision(session, x) for x in decisions_of(session, case_id))


def _decision(session: Session, row: Decision) -> DecisionShown:
    return DecisionShown(
        number=row.number,
        answer=session.get_one(Result, row.result_id).number,
        strategy=row.strategy,
        tier=row.tier,
        participants=row.participants,
        reason=row.reason,
        deviation=row.deviation,
        at=utc_text(row.at),
        who=row.who,
    )


def _listed(case: Case) -> CaseListed:
    return CaseListed(
        case=case.id,
        patient=case.patient_id,
        state=msgspec.convert(case.state, State),
        meeting_day=case.meeting_day or "",
        invented=case.invented,
        version=case.version,
    )
