"""The addresses of a comparison."""

from __future__ import annotations

from starlette.responses import Response

from rearm.board.compare.contents import compare_page
from rearm.board.compare.contexts import ComparePage
from rearm.board.refusals import NotUsable
from rearm.board.store import audit
from rearm.board.web.asked import Asked
from rearm.board.web.declare import Address, Again, page, post, to

__all__ = ["ADDRESSES"]

_FORM = "/patients/{case}/compare"
_TWO = "/patients/{case}/compare/{a}/{b}"


def choose(asked: Asked) -> ComparePage:
    case = asked.part("case")
    with asked.board.database.writing() as session:
        found = compare_page(session, case)
        audit.append(session, asked.who, "patient_seen", case)
        return found


def compared(asked: Asked) -> ComparePage:
    case = asked.part("case")
    with asked.board.database.writing() as session:
        found = compare_page(session, case, asked.part("a"), asked.part("b"))
        details = {"version": found.answer, "a": asked.part("a"), "b": asked.part("b")}
        audit.append(session, asked.who, "comparison_seen", case, details)
        return found


def chosen(asked: Asked) -> Response | Again:
    """Leads to the page of what was chosen; the form again where something is missing."""
    case, a, b = asked.part("case"), asked.form.text("a"), asked.form.text("b")
    with asked.board.database.reading() as session:
        shown = compare_page(session, case)
        there = {x.id for topic in shown.choices for x in topic.members}
        if {a, b} <= there and a != b:
            return to(_TWO.format(case=case, a=a, b=b))
        refusal = NotUsable("Choose two different strategies or options.")
        again = compare_page(session, case, refusal=str(refusal), typed=(a, b))
    return Again(context=again, status=refusal.status, path=_FORM.format(case=case))


ADDRESSES: tuple[Address, ...] = (
    *page(_FORM, choose),
    post(_FORM, chosen, "read"),
    *page(_TWO, compared),
)
