"""The page of a patient, made of what the store keeps."""

from __future__ import annotations

import msgspec
from sqlalchemy.orm import Session

from rearm.board.child.reading import Summary
from rearm.board.decision.contents import decision_shown
from rearm.board.patient.contexts import AnswerVersion, OpeningShown, PatientPage, PlaceTyped
from rearm.board.patient.origins import origin_of_answer
from rearm.board.patient.readiness import ready_for
from rearm.board.people.openings import openings_of
from rearm.board.refusals import NotThere
from rearm.board.store import audit, overrules
from rearm.board.store.cases import assessment_of, case_of, decisions_of, results_of
from rearm.board.store.tables import Result
from rearm.board.store.utc import moment_words, now

__all__ = ["patient_page"]


def patient_page(
    session: Session, case_id: str, refusal: str = "", typed: PlaceTyped | None = None
) -> PatientPage:
    """The newest answer of a patient. `typed`: the place on the worklist that was refused. Raises
    NotThere where there is no such patient.
    """
    case = case_of(session, case_id)
    answers = results_of(session, case_id)
    if not answers:
        raise NotThere("There is no answer for this patient yet.")
    decided = decisions_of(session, case_id)
    decisions = tuple(decision_shown(session, x) for x in decided)
    result = assessment_of(answers[0])
    told = msgspec.json.decode(answers[0].summary, type=Summary)
    new_data = bool(decided) and (
        session.get_one(Result, decided[0].result_id).record_id != answers[0].record_id
    )
    return PatientPage(
        case=case.id,
        patient=case.patient_id,
        invented=case.invented,
        state=case.state,
        meeting_day=case.meeting_day or "",
        version=case.version,
        typed=typed or PlaceTyped(state=case.state, meeting_day=case.meeting_day or ""),
        ready=ready_for(case, told.last_tests, now().date()),
        answers=tuple(_answer(session, x) for x in answers),
        decisions=decisions,
        new_answer=bool(decisions) and decisions[0].answer < answers[0].number,
        new_data=new_data,
        not_applied=overrules.not_applied(session, case_id, result),
        at=moment_words(now()),
        head=audit.head(session),
        result=result,
        openings=tuple(
            OpeningShown(
                who=x.who, at=moment_words(x.at), until=moment_words(x.until), reason=x.reason
            )
            for x in openings_of(session, case_id)
        ),
        refusal=refusal,
    )


def _answer(session: Session, result: Result) -> AnswerVersion:
    return AnswerVersion(
        number=result.number,
        at=moment_words(result.at),
        file=origin_of_answer(session, result),
        software=result.software,
        knowledge=result.knowledge,
        overruled=msgspec.json.decode(result.summary, type=Summary).overruled,
    )
