"""The addresses of a hypothetical answer. What is assumed goes by the form, so that no address
holds it, and nothing is kept but that somebody looked.
"""

from __future__ import annotations

from msgspec import structs
from starlette.responses import Response

from rearm.board.facts.supposed import made_by_of
from rearm.board.refusals import Busy, NotUsable
from rearm.board.store import audit
from rearm.board.store.cases import result_of
from rearm.board.store.overrules import kept_of
from rearm.board.web.asked import Asked
from rearm.board.web.declare import Address, Again, page, post
from rearm.board.web.pages import JSON_ENDING, as_json
from rearm.board.what_if.contents import chosen_of, first_page, supposed_page
from rearm.board.what_if.contexts import WhatIf

__all__ = ["ADDRESSES"]

_PATH = "/patients/{case}/what-if"


def what_if(asked: Asked) -> WhatIf:
    with asked.board.database.writing() as session:
        found = first_page(session, asked.part("case"))
        audit.append(session, asked.who, "patient_seen", found.case)
        return found


def _supposed(asked: Asked) -> tuple[WhatIf, int]:
    """The page with what would move, and the status of the answer."""
    case, board = asked.part("case"), asked.board
    with board.database.reading() as session:
        first = first_page(session, case)
        kept = kept_of(session, case)
        made_by = made_by_of(result_of(session, case, first.answer))
    chosen = chosen_of(first, asked.form)
    try:
        found = supposed_page(first, kept, board.drawer, chosen, made_by)
    except (NotUsable, Busy) as refusal:
        shown = structs.replace(first, chosen=chosen, refusal=str(refusal))
        return shown, refusal.status
    if found.assumed:
        details = {"version": found.answer, "facts": sorted(x.id for x in chosen)}
        with board.database.writing() as session:
            audit.append(session, asked.who, "what_if_seen", case, details)
    return found, 200


def suppose(asked: Asked) -> Response | Again:
    found, status = _supposed(asked)
    return Again(context=found, status=status, path=_PATH.format(case=found.case))


def suppose_json(asked: Asked) -> Response | Again:
    found, status = _supposed(asked)
    return as_json(found, status=status)


ADDRESSES: tuple[Address, ...] = (
    *page(_PATH, what_if, "edit"),
    post(f"{_PATH}{JSON_ENDING}", suppose_json, "edit"),
    post(_PATH, suppose, "edit"),
)
