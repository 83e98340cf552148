"""What changes the store: an action leads to a page, or shows its form again with what is wrong."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import RedirectResponse, Response

from rearm.board import cases, contents, decisions, sessions, uploads
from rearm.board.asked import Asked
from rearm.board.contexts import Context, DecisionTyped
from rearm.board.refusals import Conflict, NotUsable
from rearm.board.views import upload_form

__all__ = ["Again", "decide", "discard", "give", "leave", "move", "take_in"]

_NONE = "-"  # what the form sends where no strategy of the answer was chosen


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """A form that is shown once more, with the address at which it stands."""

    template: str
    context: Context
    status: int
    path: str


def give(asked: Asked) -> Response | Again:
    board, form = asked.board, asked.form
    try:
        made = uploads.give(
            board.database, board.folder, board.reader, asked.who, form.file_name, form.file
        )
    except NotUsable as refusal:
        shown = upload_form(str(refusal))
        return Again(template="upload", context=shown, status=refusal.status, path="/upload")
    return _to(f"/uploads/{made}")


def take_in(asked: Asked) -> Response | Again:
    with asked.board.database.writing() as session:
        made = uploads.take_in(session, asked.part("upload"), asked.who, asked.form.text("seen"))
    return _to(f"/patients/{made[0]}" if len(made) == 1 else "/worklist")


def discard(asked: Asked) -> Response | Again:
    with asked.board.database.writing() as session:
        uploads.discard(session, asked.part("upload"), asked.who)
    return _to("/upload")


def move(asked: Asked) -> Response | Again:
    case, form = asked.part("case"), asked.form
    version = form.number("version")
    try:
        with asked.board.database.writing() as session:
            cases.move(
                session,
                case,
                version,
                asked.who,
                state=form.text("state"),
                meeting_day=form.text("meeting_day"),
            )
    except (NotUsable, Conflict) as refusal:
        with asked.board.database.reading() as session:
            shown = contents.patient_page(session, case, str(refusal))
        path = f"/patients/{case}"
        return Again(template="patient", context=shown, status=refusal.status, path=path)
    return _to(f"/patients/{case}")


def decide(asked: Asked) -> Response | Again:
    case, form = asked.part("case"), asked.form
    version, number = form.number("version"), form.number("answer")
    chosen = form.text("strategy")
    typed = DecisionTyped(
        strategy=None if not chosen else "" if chosen == _NONE else chosen,
        participants=form.text("participants"),
        reason=form.text("reason"),
        deviation=form.text("deviation"),
    )
    given = decisions.Given(
        strategy=typed.strategy,
        participants=typed.participants,
        reason=typed.reason,
        deviation=typed.deviation,
    )
    try:
        with asked.board.database.writing() as session:
            decisions.decide(session, case, version, asked.who, number=number, given=given)
    except (NotUsable, Conflict) as refusal:
        changed = isinstance(refusal, Conflict)
        with asked.board.database.reading() as session:
            shown = contents.decision_page(
                session,
                case,
                number=None if changed else number,
                typed=typed,
                wanting=str(refusal).split("\n"),
                changed=changed,
            )
        path = f"/patients/{case}/decision"
        return Again(template="decision", context=shown, status=refusal.status, path=path)
    return _to(f"/patients/{case}")


def leave(asked: Asked) -> Response | Again:
    sessions.leave(asked.board.database, asked.cookie)
    answer = _to("/worklist")
    answer.delete_cookie(asked.board.cookie, path="/")
    return answer


def _to(path: str) -> RedirectResponse:
    return RedirectResponse(path, status_code=303)
