"""Coming in and going out, and the files that every page reads."""

from __future__ import annotations

from starlette.responses import RedirectResponse, Response

from rearm.board.people import sessions
from rearm.board.refusals import NotSignedIn, NotThere
from rearm.board.web.asked import Asked
from rearm.board.web.declare import Address, get, post, to
from rearm.board.web.pages import static_file
from rearm.board.words import NOT_SIGNED_IN

__all__ = ["ADDRESSES"]


def first_page(asked: Asked) -> Response:
    return to("/worklist")


def start(asked: Asked) -> Response:
    """A printed link: it becomes a session, once. A look at its headers alone does not use it."""
    if asked.method == "HEAD":
        return Response()
    raw = sessions.enter(asked.board.database, asked.part("token"))
    if raw is None:
        raise NotSignedIn(NOT_SIGNED_IN)
    answer = to("/worklist")
    answer.set_cookie(asked.board.cookie, raw, httponly=True, samesite="lax", path="/")
    return answer


def leave(asked: Asked) -> RedirectResponse:
    sessions.leave(asked.board.database, asked.cookie)
    answer = to("/worklist")
    answer.delete_cookie(asked.board.cookie, path="/")
    return answer


def static(asked: Asked) -> Response:
    found = static_file(asked.part("name"))
    if found is None:
        raise NotThere("There is no such file.")
    data, kind = found
    return Response(data, headers={"content-type": kind, "cache-control": "max-age=300"})


ADDRESSES: tuple[Address, ...] = (
    get("/", first_page, "read"),
    get("/start/{token}", start, "nothing"),
    post("/leave", leave, "read"),
    get("/static/{name}", static, "nothing"),
)
