"""How an address of the board is declared: what is done there, and what a session must be allowed.

Each room of pages lists its own addresses with these; `rearm.board.routes` joins them to a board.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from rearm.board.board import Board
from rearm.board.people.openings import is_open, may_break_glass
from rearm.board.people.sessions import Permission, SignedIn, form_token_of, signed_in
from rearm.board.refusals import NotAllowed, NotSignedIn, NotThere, Refusal
from rearm.board.store import audit
from rearm.board.store.tables import AuditHead, AuditRow
from rearm.board.store.tenants import OWNED, check_owner
from rearm.board.web.asked import Asked
from rearm.board.web.contexts import Context
from rearm.board.web.forms import Form, read_form
from rearm.board.web.kept import Kept, kept_words
from rearm.board.web.pages import JSON_ENDING, as_json, as_page, refused
from rearm.board.web.proxies import client_of
from rearm.board.words import NOT_SIGNED_IN, NOT_SIGNED_IN_HERE

__all__ = [
    "Address",
    "Again",
    "BoardRoute",
    "Leads",
    "Needed",
    "check_tenant",
    "get",
    "page",
    "post",
    "said_once",
    "to",
]

_SAID_WITHIN = 120  # seconds; a page that is opened later says nothing of it
_ID = re.compile(r"[0-9a-f]{16}")

Needed = Literal["nothing", "session", "monitoring"] | Permission
"""`nothing`: anybody; `session`: whoever is signed in, also without a role; `monitoring`: a program
that watches, from an address or with the token that the configuration names.
"""
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
    """One address and method, with what a session needs there; one without can't be made. `wide`:
    the form that is sent there has many fields.
    """

    path: str
    method: str
    handler: Handler
    needs: Needed
    wide: bool = False


def page(path: str, view: View, needs: Needed = "read") -> tuple[Address, ...]:
    """A page, and the same as JSON; the latter stands first, or the former would take it in."""

    def drawn(asked: Asked) -> Response:
        shown = view(asked)
        made = as_page(shown, asked.signed_in, path=path.format(**asked.parts), kept=asked.kept)
        return said_once(asked, made)

    return (
        get(f"{path}{JSON_ENDING}", lambda asked: as_json(view(asked)), needs),
        get(path, drawn, needs),
    )


def get(path: str, handler: Handler, needs: Needed) -> Address:
    """Anything that is looked at and is no page."""
    return Address(path=path, method="GET", handler=handler, needs=needs)


def post(path: str, action: Action, needs: Needed, *, wide: bool = False) -> Address:
    """What changes the store: it leads to a page, or shows its form again with what is wrong. Its
    form bears the token of the session, or of the browser where nobody is signed in. `wide`: it has
    many fields.
    """

    def handler(asked: Asked) -> Response:
        since = _last_entry(asked.board)
        done = action(asked)
        if isinstance(done, Leads) and done.kept:
            asked.board.set_cookie(done, asked.board.kept_cookie, done.kept, seconds=_SAID_WITHIN)
        if isinstance(done, Response):
            return done
        if done.path and "case" in asked.parts:
            _note_look(asked, since)
        return as_page(done.context, asked.signed_in, status=done.status, path=done.path)

    return Address(path=path, method="POST", handler=handler, needs=needs, wide=wide)


def _last_entry(board: Board) -> int:
    """The number of the last entry of the audit."""
    with board.database.reading() as session:
        last = session.get(AuditHead, 1)
        return 0 if last is None else last.number


def _note_look(asked: Asked, since: int) -> None:
    """A form that is shown once more shows the patient: an entry, unless the action made one."""
    case = asked.part("case")
    own = AuditRow.number > since, AuditRow.subject == case, AuditRow.who == asked.who
    with asked.board.database.writing() as session:
        if session.scalar(select(AuditRow.number).where(*own).limit(1)) is None:
            audit.append(session, asked.who, "patient_seen", case)


class Leads(RedirectResponse):
    """The way to a page, which says what was kept."""

    def __init__(self, path: str, kept: Kept | None) -> None:
        super().__init__(path, status_code=303)
        self.kept = kept


def to(path: str, kept: Kept | None = None) -> Leads:
    """Leads to a page; `kept`: what was kept or changed, so that the page can say it."""
    return Leads(path, kept)


def said_once(asked: Asked, page: Response) -> Response:
    """A page that said what was kept: the next one says nothing of it."""
    if asked.kept:
        asked.board.forget_cookie(page, asked.board.kept_cookie)
    return page


class BoardRoute(Route):
    """An address joined to a board."""

    def __init__(
        self,
        address: Address,
        board: Board,
        endpoint: Callable[[Request], Awaitable[Response]] | None = None,
    ) -> None:
        """`endpoint`: another way to the handler than by a session, with guards of its own."""
        self.needs = address.needs
        reached = endpoint or _guarded(address, board)
        super().__init__(address.path, reached, methods=[address.method])


def _guarded(address: Address, board: Board) -> Callable[[Request], Awaitable[Response]]:
    """The handler behind the session, its permission, its tenant and the token of the form."""

    async def endpoint(request: Request) -> Response:
        who: SignedIn | None = None
        cookie = request.cookies.get(board.cookie, "")
        browser = request.cookies.get(board.browser_cookie, "")
        parts = request.path_params
        form = Form()
        try:
            if address.needs != "nothing":
                who = await run_in_threadpool(_session, board, cookie)
                await run_in_threadpool(_check_may, board, who, address.needs, parts)
                if who.reach is not None:
                    who.reach.check(address.path, parts)
            if request.method == "POST":
                form = await read_form(request, wide=address.wide)
                _check_token(form, _of_browser(browser) if who is None else who.form_token)
            asked = Asked(
                board=board,
                method=request.method,
                parts=parts,
                signed_in=who,
                cookie=cookie,
                browser=browser,
                client=client_of(request.scope, board.settings.trusted_proxies),
                kept=kept_words(request.cookies.get(board.kept_cookie, "")),
                query=dict(request.query_params),
                form=form,
            )
            return await run_in_threadpool(address.handler, asked)
        except Refusal as refusal:
            return refused(request.scope, refusal, who)

    return endpoint


def _session(board: Board, cookie: str) -> SignedIn:
    limits = {"idle": board.idle, "longest": board.longest}
    found = signed_in(board.database, cookie, **limits) if cookie else None
    if found is None:
        raise NotSignedIn(NOT_SIGNED_IN_HERE if board.settings.is_public else NOT_SIGNED_IN)
    return found


def _check_may(board: Board, who: SignedIn, needs: Needed, parts: Mapping[str, str]) -> None:
    """What a session is allowed, in its tenant; a patient who was opened to it by break-glass it
    may also read of.
    """
    if needs == "read" and _is_opened(board, who, parts):
        return
    _check_permission(who, needs)
    check_tenant(board, who.tenant, who.who, parts)


def _is_opened(board: Board, who: SignedIn, parts: Mapping[str, str]) -> bool:
    if "case" not in parts or set(OWNED) & set(parts) != {"case"}:
        return False
    if not may_break_glass(who, administrators=board.settings.administrators_may_break_glass):
        return False  # the right was lost after the patient was opened
    with board.database.reading() as session:
        return is_open(session, who, parts["case"])


def _check_permission(who: SignedIn, needs: Needed) -> None:
    if needs != "session" and needs not in who.permissions:
        raise NotAllowed("This session may not do that.")


def check_tenant(board: Board, tenant: str, who: str, parts: Mapping[str, str]) -> None:
    """What an address names must be of the tenant in which who asks works. A try is noted, but
    nowhere in the history of a patient: for other tenants there is none.
    """
    owned = {part: parts[part] for part in OWNED if part in parts}
    if not owned:
        return
    try:
        with board.database.reading() as session:
            for part, row_id in owned.items():
                check_owner(session, tenant, part, row_id)
    except NotThere:
        with board.database.writing() as session:
            # the audit names no patient: what is no id of ours may be one of theirs
            details = {part: x if _ID.fullmatch(x) else "no id" for part, x in owned.items()}
            audit.append(session, who, "tried_what_is_not_there", "", details)
        raise


def _of_browser(browser: str) -> str:
    if not browser:  # else the token would be one that everybody can work out
        raise NotAllowed("Your browser kept no cookie of this board. Allow it, then begin again.")
    return form_token_of(browser)


def _check_token(form: Form, expected: str) -> None:
    given = form.text("form_token").encode("utf-8", "surrogatepass")
    if not hmac.compare_digest(given, expected.encode("ascii")):
        raise NotAllowed("The form is not of this session. Open the page again and send it anew.")
