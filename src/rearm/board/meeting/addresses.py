"""The addresses of meetings."""

from __future__ import annotations

from starlette.responses import Response

from rearm.board.decision.sent import given_in
from rearm.board.meeting import contents, meetings
from rearm.board.meeting.contexts import MeetingPage, MeetingPatientPage, Meetings, Minutes
from rearm.board.refusals import SHOWN_AGAIN, Conflict
from rearm.board.store import audit
from rearm.board.web.asked import Asked
from rearm.board.web.declare import Address, Again, page, post, to

__all__ = ["ADDRESSES"]


def all_meetings(asked: Asked) -> Meetings:
    with asked.board.database.writing() as session:
        audit.append(session, asked.who, "meeting_seen")
        return contents.all_meetings(session, asked.tenant)


def meeting(asked: Asked) -> MeetingPage:
    day = meetings.day_of(asked.part("day"))
    with asked.board.database.writing() as session:
        audit.append(session, asked.who, "meeting_seen", "", {"day": day})
        return contents.meeting_page(session, asked.tenant, day)


def minutes(asked: Asked) -> Minutes:
    day = meetings.day_of(asked.part("day"))
    with asked.board.database.writing() as session:
        audit.append(session, asked.who, "meeting_seen", "", {"day": day})
        return contents.minutes(session, asked.tenant, day)


def participants(asked: Asked) -> Response | Again:
    day, form = meetings.day_of(asked.part("day")), asked.form
    typed, version = form.text("participants"), form.number("version")
    try:
        with asked.board.database.writing() as session:
            meetings.save_participants(session, asked.tenant, day, version, asked.who, typed)
    except SHOWN_AGAIN as refusal:
        with asked.board.database.reading() as session:
            shown = contents.meeting_page(session, asked.tenant, day, typed, str(refusal))
        return Again(context=shown, status=refusal.status, path=f"/meetings/{day}")
    return to(f"/meetings/{day}", "participants")


def patient(asked: Asked) -> MeetingPatientPage:
    day, case = meetings.day_of(asked.part("day")), asked.part("case")
    with asked.board.database.writing() as session:
        found = contents.patient_page(session, asked.tenant, day, case)
        audit.append(session, asked.who, "patient_seen", case, {"day": day})
        return found


def decide(asked: Asked) -> Response | Again:
    day, case, form = meetings.day_of(asked.part("day")), asked.part("case"), asked.form
    version, number = form.number("version"), form.number("answer")
    given = given_in(form)
    path = f"/meetings/{day}/patients/{case}"
    try:
        with asked.board.database.writing() as session:
            meetings.decide_in(
                session, asked.tenant, day, case, version, asked.who, number=number, given=given
            )
    except SHOWN_AGAIN as refusal:
        changed = isinstance(refusal, Conflict)
        with asked.board.database.reading() as session:
            shown = contents.patient_page(
                session,
                asked.tenant,
                day,
                case,
                number=None if changed else number,
                typed=given,
                wanting=str(refusal).split("\n"),
                changed=changed,
            )
        return Again(context=shown, status=refusal.status, path=path)
    return to(path, "decision")


ADDRESSES: tuple[Address, ...] = (
    *page("/meetings", all_meetings),
    *page("/meetings/{day}", meeting),
    *page("/meetings/{day}/minutes", minutes),
    post("/meetings/{day}/participants", participants, "decide"),
    *page("/meetings/{day}/patients/{case}", patient),
    post("/meetings/{day}/patients/{case}", decide, "decide", wide=True),  # three long texts
)
