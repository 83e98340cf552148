"""The addresses of overruled facts: what stands, the form for one fact, taking back."""

from __future__ import annotations

from dataclasses import replace

from msgspec import structs
from starlette.responses import Response

from rearm.assessment.overruling import StatedFact
from rearm.board.child.answering import answer, state
from rearm.board.facts.contexts import FactTyped
from rearm.board.facts.facts import fact_of, read_typed, stated
from rearm.board.facts.supposed import made_by_of, supposed
from rearm.board.overrule.contents import overrule_page, overrules_page
from rearm.board.overrule.contexts import OverrulePage, OverrulesPage
from rearm.board.refusals import SHOWN_AGAIN, Conflict, NotUsable, Refusal
from rearm.board.store import audit, overrules
from rearm.board.store.cases import as_seen, assessment_of, result_of
from rearm.board.store.tables import new_id
from rearm.board.store.utc import now, utc_text
from rearm.board.web.asked import Asked
from rearm.board.web.declare import Address, Again, page, post, to
from rearm.board.web.forms import Form

__all__ = ["ADDRESSES"]

_ALL = "/patients/{case}/overrule"
_ONE = "/patients/{case}/overrule/{fact}"


def overruled(asked: Asked) -> OverrulesPage:
    case = asked.part("case")
    with asked.board.database.writing() as session:
        found = overrules_page(session, case)
        audit.append(session, asked.who, "patient_seen", case)
        return found


def form(asked: Asked) -> OverrulePage:
    case = asked.part("case")
    with asked.board.database.writing() as session:
        found = overrule_page(session, case, asked.part("fact"))
        audit.append(session, asked.who, "patient_seen", case)
        return found


def overrule(asked: Asked) -> Response | Again:
    """States a fact. The answer with it is made in the child process, outside of the transaction;
    it is kept only if nobody changed the patient meanwhile. Where it is only looked at, what would
    move stands under the form, and nothing is kept but that somebody looked.
    """
    case, fact_id, sent, database = (
        asked.part("case"),
        asked.part("fact"),
        asked.form,
        asked.board.database,
    )
    version, reason, looking = sent.number("version"), sent.text("reason"), _looks(sent)
    path = _ONE.format(case=case, fact=fact_id)
    typed = FactTyped()
    try:
        with database.reading() as session:
            as_seen(session, case, version)
            shown = overrule_page(session, case, fact_id)
        typed = read_typed(sent, shown.fact)
        fact = stated(shown.fact, typed)
        if looking:
            shown = structs.replace(
                shown, fact=structs.replace(shown.fact, typed=typed), reason=reason
            )
            return Again(context=_looked(asked, shown, fact), status=200, path=path)
        _record(asked, version, fact, reason)
    except SHOWN_AGAIN as refusal:
        with database.reading() as session:
            if isinstance(refusal, Conflict):
                result = assessment_of(result_of(session, case, sent.number("answer")))
                typed = read_typed(sent, fact_of(result, fact_id))
            again = overrule_page(
                session,
                case,
                fact_id,
                typed=typed,
                reason=reason,
                wanting=str(refusal).split("\n"),
                changed=isinstance(refusal, Conflict),
                looking=looking,
            )
        return Again(context=again, status=refusal.status, path=path)
    return to(f"/patients/{case}", "overruled")


def _looks(sent: Form) -> bool:
    """Whether the form asks only to see what would move."""
    return sent.text("do") == "look"


def _looked(asked: Asked, shown: OverrulePage, fact: StatedFact) -> OverrulePage:
    """The page with what the fact would move."""
    with asked.board.database.reading() as session:
        kept = overrules.kept_of(session, shown.case, new=(fact,))
        made_by = made_by_of(result_of(session, shown.case, shown.answer))
    moved = supposed(asked.board.drawer, kept, made_by)
    details = {"version": shown.answer, "facts": [shown.fact.id]}
    with asked.board.database.writing() as session:
        audit.append(session, asked.who, "what_if_seen", shown.case, details)
    return structs.replace(shown, moved=moved)


def _record(asked: Asked, version: int, fact: StatedFact, reason: str) -> None:
    if wrong := overrules.reason_wanting(reason):
        raise NotUsable(wrong)
    case, database = asked.part("case"), asked.board.database
    new = replace(fact, id=new_id(), by=asked.who, at=utc_text(now()), reason=reason.strip())
    with database.reading() as session:
        kept = overrules.kept_of(session, case, new=(new,))
    made = asked.board.drawer.do(state, kept)
    with database.writing() as session:
        overrules.overrule(session, case, version, asked.who, given=made)


def take_back(asked: Asked) -> Response | Again:
    case, sent, database = asked.part("case"), asked.form, asked.board.database
    version, reason, of = sent.number("version"), sent.text("reason"), sent.text("of")
    try:
        with database.reading() as session:
            as_seen(session, case, version)
            overrules.standing_fact(session, case, of)
            if wrong := overrules.reason_wanting(reason):
                raise NotUsable(wrong)
            kept = overrules.kept_of(session, case, without=of)
        made = asked.board.drawer.do(answer, kept)
        with database.writing() as session:
            overrules.take_back(session, case, version, asked.who, of=of, reason=reason, given=made)
    except SHOWN_AGAIN as refusal:
        return _all_again(asked, refusal, taking_back=of, reason=reason)
    return to(f"/patients/{case}", "overrule_taken_back")


def apply_again(asked: Asked) -> Response | Again:
    """Makes the answer with the facts that stand, where one was made without them."""
    case, database = asked.part("case"), asked.board.database
    version = asked.form.number("version")
    try:
        with database.reading() as session:
            as_seen(session, case, version)
            kept = overrules.kept_of(session, case)
        made = asked.board.drawer.do(answer, kept)
        with database.writing() as session:
            overrules.apply_again(session, case, version, asked.who, given=made)
    except SHOWN_AGAIN as refusal:
        return _all_again(asked, refusal)
    return to(f"/patients/{case}", "facts_applied")


def _all_again(asked: Asked, refusal: Refusal, *, taking_back: str = "", reason: str = "") -> Again:
    case = asked.part("case")
    with asked.board.database.reading() as session:
        shown = overrules_page(
            session, case, refusal=str(refusal), taking_back=taking_back, reason=reason
        )
    return Again(context=shown, status=refusal.status, path=_ALL.format(case=case))


ADDRESSES: tuple[Address, ...] = (
    *page(_ALL, overruled, "decide"),
    post(f"{_ALL}/take-back", take_back, "decide"),
    post(f"{_ALL}/apply", apply_again, "decide"),
    *page(_ONE, form, "decide"),
    post(_ONE, overrule, "decide"),
)
