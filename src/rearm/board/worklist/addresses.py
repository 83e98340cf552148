"""The addresses of the worklist."""

from __future__ import annotations

from msgspec import structs
from starlette.responses import Response

from rearm.board.refusals import NotUsable
from rearm.board.store import audit, retention
from rearm.board.web.asked import Asked
from rearm.board.web.declare import Address, Again, get, page, post
from rearm.board.worklist import contents
from rearm.board.worklist.contexts import Worklist
from rearm.board.worklist.sheet_csv import as_csv
from rearm.characters import first_harmful

__all__ = ["ADDRESSES"]

_LONGEST = 200  # characters of a search


def worklist(asked: Asked) -> Worklist:
    return _seen(asked, contents.ALL)


def view(asked: Asked) -> Worklist:
    return _seen(asked, asked.part("view"))


def search(asked: Asked) -> Response | Again:
    """Sent as a form, since an address with a patient's id would stay in the browser."""
    text = asked.form.text("text").strip()
    view = asked.form.text("view") or contents.ALL
    if len(text) > _LONGEST or first_harmful(text) is not None:
        refusal = NotUsable(f"Search for at most {_LONGEST} characters of text.")
        shown = structs.replace(_seen(asked, view), typed=text, refusal=str(refusal))
        return Again(context=shown, status=refusal.status, path="/worklist")
    return Again(context=_seen(asked, view, text), status=200, path="/worklist")


def as_file(asked: Asked) -> Response:
    """A spreadsheet of everybody."""
    headers = {"content-disposition": 'attachment; filename="worklist.csv"'}
    shown = _seen(asked, contents.ALL)
    return Response(as_csv(shown), media_type="text/csv; charset=utf-8", headers=headers)


def _seen(asked: Asked, name: str, searched: str = "") -> Worklist:
    with asked.board.database.writing() as session:
        # every board is looked at daily, be it that it is not started anew for months
        retention.end_waiting(session, asked.board.settings.not_taken_in_days)
        audit.append(session, asked.who, "worklist_seen")
        return contents.worklist(session, asked.tenant, name, searched)


ADDRESSES: tuple[Address, ...] = (
    *page("/worklist", worklist),
    get("/worklist.csv", as_file, "read"),
    post("/worklist/search", search, "read"),
    *page("/worklist/{view}", view),
)
