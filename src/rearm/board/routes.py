"""Every address of the board in one table, each with what a session must be allowed to do there."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Iterator
from typing import Literal

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from rearm.board import actions, views
from rearm.board.actions import Again
from rearm.board.asked import Asked
from rearm.board.board import Board
from rearm.board.contexts import Context
from rearm.board.forms import Form, read_form
from rearm.board.pages import JSON_ENDING, as_json, as_page, refused
from rearm.board.refusals import NotAllowed, NotSignedIn, Refusal
from rearm.board.sessions import Permission, SignedIn, signed_in
from rearm.board.words import NOT_SIGNED_IN

__all__ = ["BoardRoute", "Needed", "routes"]

Needed = Literal["nothing"] | Permission
Handler = Callable[[Asked], Response]
View = Callable[[Asked], Context]
Action = Callable[[Asked], Response | Again]


class BoardRoute(Route):
    """A route that declares what a session needs; one without can't be made."""

    def __init__(self, path: str, handler: Handler, board: Board, *, method: str, needs: Needed):
        self.needs = needs
        super().__init__(path, _guarded(handler, board, needs), methods=[method])


def routes(board: Board) -> list[BoardRoute]:
    """All of them; an address that ends in `.json` stands before the one that would take it in."""
    return [
        *_page(board, "/worklist", "worklist", views.worklist),
        *_page(board, "/patients/{case}/decision", "decision", views.decision, needs="decide"),
        *_page(board, "/patients/{case}", "patient", views.patient),
        *_page(board, "/upload", "upload", views.upload, needs="edit"),
        *_page(board, "/uploads/{upload}", "uploaded", views.uploaded, needs="edit"),
        _get(board, "/patients/{case}/results/{number}.json", views.report_json, "read"),
        _get(board, "/patients/{case}/results/{number}", views.report, "read"),
        _post(board, "/upload", actions.give, "edit"),
        _post(board, "/uploads/{upload}/take", actions.take_in, "edit"),
        _post(board, "/uploads/{upload}/discard", actions.discard, "edit"),
        _post(board, "/patients/{case}/state", actions.move, "edit"),
        _post(board, "/patients/{case}/decision", actions.decide, "decide"),
        _post(board, "/leave", actions.leave, "read"),
        _get(board, "/", views.first_page, "read"),
        _get(board, "/start/{token}", views.start, "nothing"),
        _get(board, "/static/{name}", views.static, "nothing"),
    ]


def _page(
    board: Board, path: str, template: str, view: View, *, needs: Permission = "read"
) -> Iterator[BoardRoute]:
    """A page, and the same as JSON."""

    def page(asked: Asked) -> Response:
        here = path.format(**asked.parts)
        return as_page(template, view(asked), asked.signed_in, path=here)

    yield _get(board, f"{path}{JSON_ENDING}", lambda asked: as_json(view(asked)), needs)
    yield _get(board, path, page, needs)


def _get(board: Board, path: str, handler: Handler, needs: Needed) -> BoardRoute:
    return BoardRoute(path, handler, board, method="GET", needs=needs)


def _post(board: Board, path: str, action: Action, needs: Permission) -> BoardRoute:
    def handler(asked: Asked) -> Response:
        done = action(asked)
        if isinstance(done, Response):
            return done
        return as_page(
            done.template, done.context, asked.signed_in, status=done.status, path=done.path
        )

    return BoardRoute(path, handler, board, method="POST", needs=needs)


def _guarded(
    handler: Handler, board: Board, needs: Needed
) -> Callable[[Request], Awaitable[Response]]:
    """The handler behind the session, its permission and the token of the form."""

    async def endpoint(request: Request) -> Response:
        who: SignedIn | None = None
        cookie = request.cookies.get(board.cookie, "")
        form = Form()
        try:
            if needs != "nothing":
                who = await run_in_threadpool(_session, board, cookie, needs)
            if who is not None and request.method == "POST":
                form = await read_form(request)
                _check_token(form, who)
            asked = Asked(
                board=board,
                method=request.method,
                parts=request.path_params,
                signed_in=who,
                cookie=cookie,
                form=form,
            )
            return await run_in_threadpool(handler, asked)
        except Refusal as refusal:
            return refused(request.scope, refusal, who)

    return endpoint


def _session(board: Board, cookie: str, needs: Permission) -> SignedIn:
    found = signed_in(board.database, cookie) if cookie else None
    if found is None:
        raise NotSignedIn(NOT_SIGNED_IN)
    if needs not in found.permissions:
        raise NotAllowed("This session may not do that.")
    return found


def _check_token(form: Form, who: SignedIn) -> None:
    given = form.text("form_token").encode("utf-8", "surrogatepass")
    if not hmac.compare_digest(given, who.form_token.encode("ascii")):
        raise NotAllowed("The form is not of this session. Open the page again and send it anew.")
