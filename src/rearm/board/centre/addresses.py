"""The address of the centre's list."""

from __future__ import annotations

from starlette.responses import Response

from rearm.board.centre import contents
from rearm.board.centre.contexts import CentrePage
from rearm.board.refusals import SHOWN_AGAIN, Conflict, NotUsable
from rearm.board.store.centres import save_centre
from rearm.board.web.asked import Asked
from rearm.board.web.declare import Address, Again, page, post, to

__all__ = ["ADDRESSES"]


def centre(asked: Asked) -> CentrePage:
    with asked.board.database.reading() as session:
        return contents.centre_page(session, asked.tenant)


def save(asked: Asked) -> Response | Again:
    seen, typed = asked.form.number("seen"), contents.sent(asked.form)
    try:
        if missing := contents.wanting(typed):
            raise NotUsable("\n".join(missing))
        with asked.board.database.writing() as session:
            save_centre(session, asked.tenant, seen, asked.who, typed)
    except SHOWN_AGAIN as refusal:
        told = str(refusal).split("\n")
        with asked.board.database.reading() as session:
            shown = contents.centre_page(
                session, asked.tenant, typed, told, changed=isinstance(refusal, Conflict)
            )
        return Again(context=shown, status=refusal.status, path="/centre")
    return to("/centre", "centre_list")


ADDRESSES: tuple[Address, ...] = (
    *page("/centre", centre),
    post("/centre", save, "edit", wide=True),
)
