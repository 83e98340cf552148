"""The addresses of the decision."""

from __future__ import annotations

from starlette.responses import Response

from rearm.board.decision import decisions
from rearm.board.decision.contents import decision_page
from rearm.board.decision.contexts import DecisionPage
from rearm.board.decision.sent import given_in
from rearm.board.refusals import SHOWN_AGAIN, Conflict
from rearm.board.store import audit
from rearm.board.web.asked import Asked
from rearm.board.web.declare import Address, Again, page, post, to

__all__ = ["ADDRESSES"]


def decision(asked: Asked) -> DecisionPage:
    case = asked.part("case")
    with asked.board.database.writing() as session:
        found = decision_page(session, case)
        audit.append(session, asked.who, "patient_seen", case)
        return found


def decide(asked: Asked) -> Response | Again:
    case, form = asked.part("case"), asked.form
    version, number = form.number("version"), form.number("answer")
    given = given_in(form)
    try:
        with asked.board.database.writing() as session:
            decisions.decide(session, case, version, asked.who, number=number, given=given)
    except SHOWN_AGAIN as refusal:
        changed = isinstance(refusal, Conflict)
        with asked.board.database.reading() as session:
            shown = decision_page(
                session,
                case,
                number=None if changed else number,
                typed=given,
                wanting=str(refusal).split("\n"),
                changed=changed,
            )
        path = f"/patients/{case}/decision"
        return Again(context=shown, status=refusal.status, path=path)
    return to(f"/patients/{case}", "decision")


ADDRESSES: tuple[Address, ...] = (
    *page("/patients/{case}/decision", decision, "decide"),
    post("/patients/{case}/decision", decide, "decide", wide=True),  # three long texts
)
