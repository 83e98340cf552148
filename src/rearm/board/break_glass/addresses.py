"""The addresses at which a patient of another centre is opened by break-glass."""

from __future__ import annotations

from starlette.responses import Response

from rearm.board.break_glass.contents import break_glass_page
from rearm.board.break_glass.contexts import BreakGlassPage
from rearm.board.people import tries
from rearm.board.people.openings import break_glass, may_break_glass
from rearm.board.people.sessions import SignedIn
from rearm.board.refusals import NotAllowed, NotSignedIn, NotThere, NotUsable
from rearm.board.store import audit
from rearm.board.store.tables import Tenant
from rearm.board.web.asked import Asked
from rearm.board.web.declare import Address, Again, page, post, to
from rearm.board.words import NOT_SIGNED_IN_HERE

__all__ = ["ADDRESSES"]


def opening(asked: Asked) -> BreakGlassPage:
    _who_may(asked)
    with asked.board.database.reading() as session:
        return break_glass_page(session)


def opened(asked: Asked) -> Response | Again:
    who, database = _who_may(asked), asked.board.database
    form = asked.form
    tenant, patient, reason = form.text("tenant"), form.text("patient"), form.text("reason")
    key = who.user or who.who
    tries.count(database, opening=key)
    try:
        with database.writing() as session:
            case = break_glass(session, who, tenant, patient, reason)
            tries.take_back(session, "opening", key)  # earlier guesses still count
        return to(f"/patients/{case}", "opened")
    except (NotUsable, NotThere) as refusal:
        with database.writing() as session:
            if isinstance(refusal, NotThere):
                # what is no centre may be a name that was typed in the wrong field
                there = session.get(Tenant, tenant) is not None
                details = {"tenant": tenant if there else "no centre"}
                audit.append(session, who.who, "broke_glass_in_vain", "", details)
            shown = break_glass_page(
                session, tenant=tenant, patient=patient, reason=reason, refusal=str(refusal)
            )
        return Again(context=shown, status=422, path="/break-glass")


def _who_may(asked: Asked) -> SignedIn:
    who = asked.signed_in
    if who is None:
        raise NotSignedIn(NOT_SIGNED_IN_HERE)
    if not may_break_glass(who, administrators=asked.board.settings.administrators_may_break_glass):
        raise NotAllowed("Only who reads of patients in a centre may open one of another centre.")
    return who


ADDRESSES: tuple[Address, ...] = (
    *page("/break-glass", opening, "session"),
    post("/break-glass", opened, "session"),
)
