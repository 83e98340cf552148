"""The addresses of the history, and of answers made anew."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from rearm.assessment import Assessment
from rearm.board.child.reading import ReadPatient, read_given
from rearm.board.history import contents
from rearm.board.history.contexts import HistoryPage
from rearm.board.refusals import SHOWN_AGAIN, NotThere
from rearm.board.store import audit
from rearm.board.store.current import is_of_today
from rearm.board.store.recompute import recompute, recompute_all
from rearm.board.web.asked import Asked
from rearm.board.web.contexts import Message
from rearm.board.web.declare import Address, Again, page, post, to

__all__ = ["ADDRESSES"]


def history(asked: Asked) -> HistoryPage:
    return _history(asked)


def between(asked: Asked) -> HistoryPage:
    return _history(asked, _number(asked.part("before")), _number(asked.part("after")))


def anew(asked: Asked) -> Response | Again:
    case, version = asked.part("case"), asked.form.number("version")
    try:
        recompute(asked.board.database, asked.board.reader, case, version, asked.who)
    except SHOWN_AGAIN as refusal:
        shown = _history(asked, refusal=str(refusal))
        return Again(context=shown, status=refusal.status, path=f"/patients/{case}/history")
    return to(f"/patients/{case}/history", "answer_anew")


def all_anew(asked: Asked) -> Response | Again:
    done, left = recompute_all(asked.board.database, asked.board.reader, asked.tenant, asked.who)
    if not left:
        return to("/worklist", "answers_anew")
    told = f"{done} answers were made anew. These stay as they were:"
    message = Message(status=200, title="Answers made anew", sentences=(told, *left))
    return Again(context=message, status=200, path="/worklist")


def _history(asked: Asked, before: int = 0, after: int = 0, refusal: str = "") -> HistoryPage:
    case = asked.part("case")
    with asked.board.database.writing() as session:
        found = contents.compared(session, case, before, after)
        audit.append(session, asked.who, "history_seen", case)
        apart = found is not None and contents.to_be_told_apart(found) and is_of_today(found.after)
        again = found.again if found is not None and apart else None
    middle: Assessment | None = None
    if again is not None:
        read = asked.board.reader.do(read_given, again)
        patient = msgspec.json.decode(read, type=ReadPatient)
        middle = Assessment.from_json(patient.result) if patient.result else None
    with asked.board.database.reading() as session:
        found = contents.compared(session, case, before, after)
        return contents.history_page(session, case, found, middle, refusal)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 10 and int(text)):
        raise NotThere("There is no such version of the answer.")
    return int(text)


ADDRESSES: tuple[Address, ...] = (
    *page("/patients/{case}/history", history),
    *page("/patients/{case}/history/{before}/{after}", between),
    post("/patients/{case}/recompute", anew, "edit"),
    post("/worklist/recompute", all_anew, "edit"),
)
