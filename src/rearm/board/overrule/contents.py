"""The pages of overruled facts, made of what the store keeps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import structs
from sqlalchemy.orm import Session

from rearm.assessment import Assessment
from rearm.assessment.overruling import fact_words
from rearm.board.facts.contexts import FactTyped
from rearm.board.facts.facts import fact_groups, fact_of
from rearm.board.overrule.contexts import (
    OverrulePage,
    OverrulesPage,
    OverruleVersion,
    StandingFact,
)
from rearm.board.refusals import NotThere
from rearm.board.store import overrules
from rearm.board.store.cases import assessment_of, case_of, latest_result
from rearm.board.store.tables import Case, Overrule, Result
from rearm.board.store.utc import moment_of, moment_words
from rearm.knowledge.bundle import load
from rearm.report.assessment.dated import dated
from rearm.report.assessment.overruled_words import overruled_lines
from rearm.report.words import capital

__all__ = ["overrule_page", "overrules_page"]


def overrules_page(
    session: Session, case_id: str, *, refusal: str = "", taking_back: str = "", reason: str = ""
) -> OverrulesPage:
    """The facts of a patient. `taking_back`: what was to be taken back, with the `reason` that was
    typed. Raises NotThere.
    """
    case, stored, result = _newest(session, case_id)
    return OverrulesPage(
        case=case.id,
        patient=case.patient_id,
        version=case.version,
        answer=stored.number,
        standing=tuple(_standing(result)),
        versions=tuple(_versions(session, case_id, result)),
        groups=fact_groups(result),
        not_applied=overrules.not_applied(session, case_id, result),
        refusal=refusal,
        taking_back=taking_back,
        reason=reason,
    )


def overrule_page(
    session: Session,
    case_id: str,
    fact_id: str,
    *,
    typed: FactTyped | None = None,
    reason: str = "",
    wanting: Iterable[str] = (),
    changed: bool = False,
    looking: bool = False,
) -> OverrulePage:
    """The form for one fact. Raises NotThere where the answer has no such fact."""
    case, stored, result = _newest(session, case_id)
    fact = fact_of(result, fact_id)
    of_fact = {x.id for x in result.overruled if (x.kind, x.what) == (fact.kind, fact.what)}
    stands = next((x for x in _standing(result) if x.id in of_fact), None)
    return OverrulePage(
        case=case.id,
        patient=case.patient_id,
        version=case.version,
        answer=stored.number,
        fact=fact if typed is None else structs.replace(fact, typed=typed),
        stands=stands,
        reason=reason,
        wanting=tuple(wanting),
        changed=changed,
        looking=looking,
    )


def _newest(session: Session, case_id: str) -> tuple[Case, Result, Assessment]:
    case = case_of(session, case_id)
    stored = latest_result(session, case_id)
    if stored is None:
        raise NotThere("There is no answer for this patient yet.")
    return case, stored, assessment_of(stored)


def _standing(result: Assessment) -> Iterator[StandingFact]:
    """As the answer shows them."""
    for x, line in zip(result.overruled, overruled_lines(result), strict=True):
        yield StandingFact(
            id=x.id,
            name=line.name,
            stated=line.stated,
            computed=line.computed,
            reason=line.reason,
            who=x.by,
            at=moment_words(moment_of(x.at)),
            stale=line.stale,
            notes=line.notes,
        )


def _versions(session: Session, case_id: str, result: Assessment) -> Iterator[OverruleVersion]:
    knowledge = load()
    for row in overrules.overrules_of(session, case_id):
        name, stated = fact_words(overrules.fact_of_row(row), knowledge)
        of_course = row.kind not in ("finding", "cause")
        yield OverruleVersion(
            number=row.number,
            name=capital(name),
            stated=dated(stated, result) if of_course else stated,
            was=dated(row.was, result) if of_course else row.was,
            taken_back=row.takes_back is not None,
            reason=row.reason,
            answer=_answer_of(session, row),
            who=row.who,
            at=moment_words(row.at),
        )


def _answer_of(session: Session, row: Overrule) -> int:
    return session.get_one(Result, row.result_id).number
