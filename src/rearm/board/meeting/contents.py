"""The pages of meetings, made of what the store keeps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

import msgspec
from sqlalchemy.orm import Session

from rearm.board.child.reading import Summary
from rearm.board.decision.contents import decision_page, decision_shown
from rearm.board.decision.decisions import Given
from rearm.board.meeting import meetings
from rearm.board.meeting.contexts import (
    MeetingDay,
    MeetingPage,
    MeetingPatient,
    MeetingPatientPage,
    Meetings,
    Minute,
    Minutes,
)
from rearm.board.refusals import NotThere
from rearm.board.store import audit
from rearm.board.store.cases import assessment_of, decisions_of, latest_result, result_of
from rearm.board.store.tables import Case, Result
from rearm.board.store.utc import now

__all__ = ["all_meetings", "meeting_page", "minutes", "patient_page"]


def all_meetings(session: Session, tenant: str, today: date | None = None) -> Meetings:
    """Every day with patients, the next first."""
    last = (today or now().date()).isoformat()
    days = [
        MeetingDay(day=day, passed=day < last, patients=_patients(session, cases))
        for day, cases in meetings.scheduled(session, tenant).items()
    ]
    coming = [day for day in days if not day.passed]
    over = [day for day in days if day.passed]
    return Meetings(days=(*coming, *reversed(over)))


def meeting_page(
    session: Session, tenant: str, day: str, typed: str | None = None, refusal: str = ""
) -> MeetingPage:
    """One meeting with its patients."""
    noted = meetings.meeting_of(session, tenant, day)
    return MeetingPage(
        day=day,
        participants="" if noted is None else noted.participants,
        version=0 if noted is None else noted.version,
        patients=_patients(session, meetings.patients_on(session, tenant, day)),
        typed=typed,
        refusal=refusal,
    )


def patient_page(
    session: Session,
    tenant: str,
    day: str,
    case_id: str,
    *,
    number: int | None = None,
    typed: Given | None = None,
    wanting: Iterable[str] = (),
    changed: bool = False,
) -> MeetingPatientPage:
    """One patient of a meeting. Raises NotThere where the patient is none of it."""
    cases = [x for x in meetings.patients_on(session, tenant, day) if latest_result(session, x.id)]
    places = [case.id for case in cases]
    if case_id not in places:
        raise NotThere("This patient is not scheduled for this meeting.")
    place = places.index(case_id)
    form = decision_page(session, case_id, number=number, typed=typed, changed=changed)
    noted = meetings.meeting_of(session, tenant, day)
    last = next(iter(decisions_of(session, case_id)), None)
    return MeetingPatientPage(
        day=day,
        place=place + 1,
        patients=len(places),
        previous=places[place - 1] if place else "",
        following=places[place + 1] if place + 1 < len(places) else "",
        case=case_id,
        patient=cases[place].patient_id,
        invented=cases[place].invented,
        version=form.version,
        answer=form.answer,
        groups=form.groups,
        highest=form.highest,
        typed=form.typed,
        participants=_participants(typed, "" if noted is None else noted.participants),
        decided=None if last is None else decision_shown(session, last),
        changed=changed,
        wanting=tuple(wanting),
        head=audit.head(session),
        result=assessment_of(result_of(session, case_id, form.answer)),
    )


def minutes(session: Session, tenant: str, day: str) -> Minutes:
    """What a meeting decided, and for whom it decided nothing."""
    cases = meetings.patients_on(session, tenant, day)
    decided = {
        case.id: (case, decision_shown(session, decision), decision.result_id)
        for case, decision in meetings.decisions_on(session, tenant, day, cases)
    }
    everybody = {case.id: case for case in cases} | {x: row[0] for x, row in decided.items()}
    noted = meetings.meeting_of(session, tenant, day)
    return Minutes(
        day=day,
        participants="" if noted is None else noted.participants,
        minutes=tuple(
            Minute(
                case=case.id,
                patient=case.patient_id,
                # as the board saw it, whatever came since
                relapse=(
                    _told(session.get_one(Result, decided[case.id][2]))
                    if case.id in decided
                    else _summary(session, case)
                ).relapse,
                decision=decided[case.id][1] if case.id in decided else None,
            )
            for case in sorted(everybody.values(), key=lambda case: case.patient_id)
        ),
        head=audit.head(session),
    )


def _participants(typed: Given | None, noted: str) -> str:
    """What was typed stays; else who took part so far."""
    return noted if typed is None else typed.participants


def _patients(session: Session, cases: Sequence[Case]) -> tuple[MeetingPatient, ...]:
    return tuple(_patient(session, case) for case in cases if latest_result(session, case.id))


def _patient(session: Session, case: Case) -> MeetingPatient:
    told = _summary(session, case)
    last = next(iter(decisions_of(session, case.id)), None)
    return MeetingPatient(
        case=case.id,
        patient=case.patient_id,
        invented=case.invented,
        state=case.state,
        relapse=told.relapse,
        first=told.first,
        decided="" if last is None else decision_shown(session, last).chosen,
    )


def _summary(session: Session, case: Case) -> Summary:
    newest = latest_result(session, case.id)
    assert newest is not None  # a case is made with its first answer
    return _told(newest)


def _told(result: Result) -> Summary:
    return msgspec.json.decode(result.summary, type=Summary)
