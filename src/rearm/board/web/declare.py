"""How an address of the board is declared: what is done there, and what a session must be allowed.

Each room of pages lists its own addresses with these; `rearm.board.routes` joins them to a board.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from rearm.board.board import Board
from rearm.board.people.sessions import Permission, SignedIn, signed_in
from rearm.board.refusals import NotAllowed, NotSignedIn, NotThere, Refusal
from rearm.board.store import audit
from rearm.board.store.tenants import OWNED, check_owner
from rearm.board.web.asked import Asked
from rearm.board.web.contexts import Context
from rearm.board.web.forms import Form, read_form
from rearm.board.web.pages import JSON_ENDING, as_json, as_page, refused
from rearm.board.words import NOT_SIGNED_IN

__all__ = ["Address", "Again", "BoardRoute", "Needed", "get", "page", "post", "to"]

_LONGEST_ID = 16  # characters of an id, as the audit notes one

Needed = Literal["nothing"] | Permission
Handler = Callable[[Asked], Response]
View = Callable[[Asked], Context]


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """A form that is shown once more, with the address at which it stands."""

    context: Context
    status: int
    path: str


Action = Callable[[Asked], Response | Again]


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One address and method, with what a session needs there; one without can't be made."""

    path: str
    method: str
    handler: Handler
    needs: Needed


def page(path: str, view: View, needs: Permission = "read") -> tuple[Address, ...]:
    """A page, and the same as JSON; the latter stands first, or the former would take it in."""

    def drawn(asked: Asked) -> Response:
        return as_page(view(asked), asked.signed_in, path=path.format(**asked.parts))

    return (
        get(f"{path}{JSON_ENDING}", lambda asked: as_json(view(asked)), needs),
        get(path, drawn, needs),
    )


def get(path: str, handler: Handler, needs: Needed) -> Address:
    """Anything that is looked at and is no page."""
    return Address(path=path, method="GET", handler=handler, needs=needs)


def post(path: str, action: Action, needs: Permission) -> Address:
    """What changes the store: it leads to a page, or shows its form again with what is wrong."""

    def handler(asked: Asked) -> Response:
        done = action(asked)
        if isinstance(done, Response):
            return done
        return as_page(done.context, asked.signed_in, status=done.status, path=done.path)

    return Address(path=path, method="POST", handler=handler, needs=needs)


def to(path: str) -> RedirectResponse:
    """Leads to a page after something was changed."""
    return RedirectResponse(path, status_code=303)


class BoardRoute(Route):
    """An address joined to a board."""

    def __init__(self, address: Address, board: Board) -> None:
        self.needs = address.needs
        super().__init__(address.path, _guarded(address, board), methods=[address.method])


def _guarded(address: Address, board: Board) -> Callable[[Request], Awaitable[Response]]:
    """The handler behind the session, its permission, its tenant and the token of the form."""

    async def endpoint(request: Request) -> Response:
        who: SignedIn | None = None
        cookie = request.cookies.get(board.cookie, "")
        form = Form()
        try:
            if address.needs != "nothing":
                who = await run_in_threadpool(_session, board, cookie, address.needs)
            if who is not None:
                await run_in_threadpool(_check_tenant, board, who, request.path_params)
            if who is not None and who.reach is not None:
                who.reach.check(address.path, request.path_params)
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
            return await run_in_threadpool(address.handler, asked)
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


def _check_tenant(board: Board, who: SignedIn, parts: Mapping[str, str]) -> None:
    """What an address names must be of the tenant in which the session works. A try is noted, but
    nowhere in the history of a patient: for other tenants there is none.
    """
    owned = {part: parts[part] for part in OWNED if part in parts}
    if not owned:
        return
    try:
        with board.database.reading() as session:
            for part, row_id in owned.items():
                check_owner(session, who.tenant, part, row_id)
    except NotThere:
        with board.database.writing() as session:
            details = {part: row_id[:_LONGEST_ID] for part, row_id in owned.items()}
            audit.append(session, who.who, "tried_what_is_not_there", "", details)
        raise


def _check_token(form: Form, who: SignedIn) -> None:
    given = form.text("form_token").encode("utf-8", "surrogatepass")
    if not hmac.compare_digest(given, who.form_token.encode("ascii")):
        raise NotAllowed("The form is not of this session. Open the page again and send it anew.")
