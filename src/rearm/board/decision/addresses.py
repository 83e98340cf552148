"""The addresses of the decision."""

from __future__ import annotations

from starlette.responses import Response

from rearm.board.decision import decisions
from rearm.board.decision.contents import decision_page
from rearm.board.decision.contexts import DecisionPage, DecisionTyped
from rearm.board.refusals import Conflict, NotUsable
from rearm.board.store import audit
from rearm.board.web.asked import Asked
from rearm.board.web.declare import Address, Again, page, post, to

__all__ = ["ADDRESSES"]

_NONE = "-"  # what the form sends where no strategy of the answer was chosen


def decision(asked: Asked) -> DecisionPage:
    case = asked.part("case")
    with asked.board.database.writing() as session:
        found = decision_page(session, case)
        audit.append(session, asked.who, "patient_seen", case)
        return found


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
            shown = decision_page(
                session,
                case,
                number=None if changed else number,
                typed=typed,
                wanting=str(refusal).split("\n"),
                changed=changed,
            )
        path = f"/patients/{case}/decision"
        return Again(context=shown, status=refusal.status, path=path)
    return to(f"/patients/{case}")


ADDRESSES: tuple[Address, ...] = (
    *page("/patients/{case}/decision", decision, "decide"),
    post("/patients/{case}/decision", decide, "decide"),
)
