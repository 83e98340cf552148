"""A day on which the board meets: its patients, who takes part, and what it decides."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from rearm.board.decision.decisions import LONGEST, Given, decide
from rearm.board.refusals import Conflict, NotThere, NotUsable
from rearm.board.store import audit
from rearm.board.store.cases import all_cases, decisions_of
from rearm.board.store.meeting_tables import Meeting, MeetingDecision
from rearm.board.store.tables import Case, Decision, new_id
from rearm.board.store.utc import now, utc_text
from rearm.characters import first_harmful

__all__ = [
    "day_of",
    "decide_in",
    "decisions_on",
    "meeting_of",
    "patients_on",
    "save_participants",
    "scheduled",
]


def day_of(text: str) -> str:
    """The day of a meeting as an address names it. Raises NotThere where it is none."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise NotThere("A meeting is at a day: year-month-day (2026-12-07).") from None
    if day.isoformat() != text:
        raise NotThere("A meeting is at a day: year-month-day (2026-12-07).")
    return text


def meeting_of(session: Session, tenant: str, day: str) -> Meeting | None:
    """What was noted of a day; None where nothing was yet."""
    return session.get(Meeting, (tenant, day))


def scheduled(session: Session, tenant: str) -> dict[str, list[Case]]:
    """Every day that has patients, with them."""
    found: dict[str, list[Case]] = {}
    for case in all_cases(session, tenant):
        if case.meeting_day is not None:
            found.setdefault(case.meeting_day, []).append(case)
    return dict(sorted(found.items()))


def patients_on(session: Session, tenant: str, day: str) -> list[Case]:
    """The patients of a day, by the id that the centre gave; those who were decided on that day and
    moved to another since are not among them.
    """
    return [case for case in all_cases(session, tenant) if case.meeting_day == day]


def decisions_on(
    session: Session, tenant: str, day: str, cases: Sequence[Case]
) -> list[tuple[Case, Decision]]:
    """The last decision of a meeting for each patient: those that were recorded in its view, and
    those of its patients that were recorded on the day or later.
    """
    known = {case.id: case for case in all_cases(session, tenant)}
    last: dict[str, Decision] = {}
    rows = session.scalars(select(MeetingDecision).where(MeetingDecision.day == day))
    for row in sorted(rows, key=lambda row: (row.case_id, row.number)):
        if row.case_id in known:
            last[row.case_id] = session.get_one(Decision, row.decision_id)
    for case in cases:
        newest = next(iter(decisions_of(session, case.id)), None)
        if case.id not in last and newest is not None and utc_text(newest.at)[:10] >= day:
            last[case.id] = newest
    order = sorted(last, key=lambda case_id: known[case_id].patient_id)
    return [(known[case_id], last[case_id]) for case_id in order]


def save_participants(
    session: Session, tenant: str, day: str, version: int, who: str, participants: str
) -> None:
    """Notes who takes part. `version`: of the meeting as it was shown, 0 where nothing was noted.
    Raises NotUsable and Conflict with a sentence.
    """
    text = participants.strip()
    if len(text) > LONGEST:
        raise NotUsable(f"A text is longer than {LONGEST} characters. Shorten it.")
    if first_harmful(text) is not None:
        raise NotUsable("A text contains a character that is no text. Type it again.")
    meeting = meeting_of(session, tenant, day)
    if (0 if meeting is None else meeting.version) != version:
        by = "Somebody" if meeting is None else meeting.changed_by
        raise Conflict(f"{by} changed who takes part after you opened the page.")
    _note(session, tenant, meeting, day, who, text)


def decide_in(
    session: Session,
    tenant: str,
    day: str,
    case_id: str,
    version: int,
    who: str,
    *,
    number: int,
    given: Given,
) -> None:
    """Records a decision in a meeting. Who took part is kept for its next patients. Raises as
    `decide` does, and NotThere where the patient is none of this meeting.
    """
    if case_id not in {case.id for case in patients_on(session, tenant, day)}:
        raise NotThere("This patient is not scheduled for this meeting.")
    decide(session, case_id, version, who, number=number, given=given)
    decision = decisions_of(session, case_id)[0]
    row = MeetingDecision(
        id=new_id(),
        case_id=case_id,
        number=decision.number,
        decision_id=decision.id,
        day=day,
        at=now(),
        who=who,
    )
    session.add(row)
    session.flush()
    details = {"day": day, "decision": decision.number, "sealed": audit.seal(row)}
    audit.append(session, who, "meeting_changed", case_id, details)
    meeting = meeting_of(session, tenant, day)
    if meeting is None or meeting.participants != decision.participants:
        _note(session, tenant, meeting, day, who, decision.participants)


def _note(
    session: Session, tenant: str, meeting: Meeting | None, day: str, who: str, text: str
) -> None:
    if meeting is None:
        meeting = Meeting(
            tenant_id=tenant, day=day, participants=text, changed_at=now(), changed_by=who
        )
        session.add(meeting)
    else:
        meeting.participants = text
        meeting.changed_at, meeting.changed_by = now(), who
    session.flush()
    audit.append(session, who, "meeting_changed", "", {"day": day})
