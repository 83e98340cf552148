"""The addresses of the follow-up."""

from __future__ import annotations

from starlette.responses import Response

from rearm.board.follow_up import contents
from rearm.board.follow_up.contexts import FollowUpForm, FollowUps
from rearm.board.refusals import SHOWN_AGAIN, Conflict
from rearm.board.store import audit
from rearm.board.store.answers import add_answer, kept_rows, read_kept
from rearm.board.store.follow_ups import (
    Followed,
    check_followed,
    follow_up,
    follow_ups_of,
    rows_of,
    standing,
)
from rearm.board.web.asked import Asked
from rearm.board.web.declare import Address, Again, page, post, to

__all__ = ["ADDRESSES"]


def form(asked: Asked) -> FollowUpForm:
    case = asked.part("case")
    with asked.board.database.writing() as session:
        found = contents.follow_up_form(session, case)
        audit.append(session, asked.who, "patient_seen", case)
        return found


def everybody(asked: Asked) -> FollowUps:
    with asked.board.database.writing() as session:
        audit.append(session, asked.who, "worklist_seen", "", {"of": "follow-up"})
        return contents.follow_ups(session, asked.tenant)


def save(asked: Asked) -> Response | Again:
    case, sent = asked.part("case"), asked.form
    version = sent.number("version")
    given = Followed(**{name: sent.text(name).strip() for name in Followed.__struct_fields__})
    try:
        _save(asked, case, version, given)
    except SHOWN_AGAIN as refusal:
        with asked.board.database.reading() as session:
            shown = contents.follow_up_form(
                session,
                case,
                typed=given,
                wanting=str(refusal).split("\n"),
                changed=isinstance(refusal, Conflict),
            )
        return Again(context=shown, status=refusal.status, path=f"/patients/{case}/follow-up")
    return to(f"/patients/{case}/follow-up", "follow_up")


def _save(asked: Asked, case: str, version: int, given: Followed) -> None:
    """The kept record is read once more with what was given, in the child process, before anything
    is written: what can't be read is not kept either.
    """
    board = asked.board
    with board.database.reading() as session:
        decision, _ = check_followed(session, case, version, given)
        others = [x for x in standing(follow_ups_of(session, case)) if x.decision_id != decision.id]
        kept = kept_rows(session, case)
    patient = read_kept(board.reader, kept, rows_of([*others, given], kept.patient_id))
    with board.database.writing() as session:
        follow_up(session, case, version, asked.who, given)
        add_answer(session, case, asked.who, patient, cause="follow_up")


ADDRESSES: tuple[Address, ...] = (
    *page("/follow-ups", everybody),
    *page("/patients/{case}/follow-up", form),
    post("/patients/{case}/follow-up", save, "edit", wide=True),  # three long texts
)
