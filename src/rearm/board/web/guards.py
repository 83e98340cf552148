"""What every request passes before anything is done: the address it was sent to, the page it comes
from; and the headers that every answer bears.

Other programs and other users of the machine reach the loopback address too, and a page of another
site can be made to (rebinding); so the guards look at what the browser says of the request.
"""

from __future__ import annotations

import secrets
import sys
import traceback

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rearm.board.refusals import Busy, NotAllowed, NotThere, NotUsable, Refusal
from rearm.board.web.pages import API, refused

__all__ = [
    "ALIVE",
    "CSP",
    "LONGEST_PART",
    "LONGEST_QUERY",
    "MOST_AT_ONCE",
    "READY",
    "CrowdGuard",
    "FaultGuard",
    "HeaderGuard",
    "HostGuard",
    "LengthGuard",
    "OriginGuard",
]

CSP = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; "
    "img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Of our own pages: no script, no style but from our files, none that a page or a text brings, and
nothing from elsewhere.
"""

_HEADERS = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # not `no-referrer`: with it a browser sends no Origin that a form could be known by
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
}
_HSTS = {"strict-transport-security": "max-age=31536000"}
_SAFE = ("GET", "HEAD")
ALIVE, READY = "/healthz", "/readyz"
"""Where a program that watches the board asks."""
_BY_TOKEN = "/cds-services"  # a record system, not a browser: no cookie counts there


LONGEST_PART = 100
"""Characters between two slashes of an address."""

LONGEST_QUERY = 8192
"""Bytes behind the `?`: a provider sends a user back with a code of a few thousand."""

_MOST_PARTS = 10

MOST_AT_ONCE = 40
"""Requests that are worked on together; who comes beyond is told when to come again."""


class CrowdGuard:
    """Refuses at once what could not be answered soon, so that nobody waits without knowing. That
    the process is alive is told also then, or it would be ended for having much to do.
    """

    def __init__(self, app: ASGIApp, *, most: int = MOST_AT_ONCE) -> None:
        self.app, self.most = app, most
        self._inside = 0  # counted on the one thread of the event loop

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._inside >= self.most and scope["type"] == "http" and scope["path"] != ALIVE:
            refusal = Busy("Too many requests at once. Try again in a few seconds.")
            await refused(scope, refusal)(scope, receive, send)
            return
        self._inside += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self._inside -= 1


class WrongHost(Refusal):
    """The request was sent to a name that is not ours."""

    status = 421


class HostGuard:
    """Only requests to our own address: a foreign name that leads here is refused."""

    def __init__(self, app: ASGIApp, *, host: str, origin: str) -> None:
        self.app, self.host, self.origin = app, host, origin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and Headers(scope=scope).getlist("host") != [self.host]:
            refusal = WrongHost(f"This board answers at {self.origin} only.")
            await refused(scope, refusal)(scope, receive, send)
            return
        await self.app(scope, receive, send)


class OriginGuard:
    """What changes something must come from a page of this board."""

    def __init__(self, app: ASGIApp, *, origin: str) -> None:
        self.app, self.origin = app, origin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in _SAFE and not _by_token(scope):
            headers = Headers(scope=scope)
            if headers.getlist("origin") != [self.origin]:
                refusal = NotAllowed("This request does not come from a page of this board.")
                await refused(scope, refusal)(scope, receive, send)
                return
        await self.app(scope, receive, send)


def _by_token(scope: Scope) -> bool:
    """Whether a program or a record system asks: they show a token, and no browser sends one by
    itself.
    """
    path: str = scope["path"]
    return path.startswith((API, f"{_BY_TOKEN}/")) or path == _BY_TOKEN


class LengthGuard:
    """No address of ours has a longer part, and none that is asked for a longer query: what is
    longer reaches neither a page nor the store, and is not repeated.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            parts = scope["path"].split("/")
            refusal: Refusal | None = None
            if len(parts) > _MOST_PARTS or any(len(x) > LONGEST_PART for x in parts):
                refusal = NotThere("There is nothing at this address.")
            elif len(scope["query_string"]) > LONGEST_QUERY:
                refusal = NotUsable("What stands behind the ? of the address is too long.")
            if refusal is not None:
                await refused(scope, refusal)(scope, receive, send)
                return
        await self.app(scope, receive, send)


class HeaderGuard:
    """The headers of every answer; one that an answer brings itself stays. `secure`: browsers keep
    to TLS from now on. `frame_ancestors`: the origins that may show our pages in a frame; without
    them none may.
    """

    def __init__(
        self, app: ASGIApp, *, secure: bool, frame_ancestors: tuple[str, ...] = ()
    ) -> None:
        self.app, self.frame_ancestors = app, frame_ancestors
        self.headers = _HEADERS | (_HSTS if secure else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
                if self.frame_ancestors:
                    self._let_frame(headers)
            await send(message)

        await self.app(scope, receive, with_headers)

    def _let_frame(self, headers: MutableHeaders) -> None:
        """The record systems of the configuration may show the page in a frame."""
        policy, name = headers["content-security-policy"], "frame-ancestors"
        listed = f"{name} {' '.join(self.frame_ancestors)}"
        headers["content-security-policy"] = policy.replace(f"{name} 'none'", listed)
        del headers["x-frame-options"]  # it can't name another site


class FaultGuard:
    """A fault of the program: the user gets a number, the terminal the place in the code. Neither
    gets a word of a patient, so the message of the fault stays untold.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception as error:
            number = secrets.token_hex(4)
            _tell(number, error)
            if not begun:
                await refused(scope, _Fault(number))(scope, receive, send)


class _Fault(Busy):
    """What the user is told of a fault."""

    status = 500

    def __init__(self, number: str) -> None:
        super().__init__(
            f"Something went wrong in the program (fault {number}). Nothing was half written. "
            "Please report it with what stands in the terminal."
        )


def _tell(number: str, error: Exception) -> None:
    places = traceback.extract_tb(error.__traceback__)
    where = " < ".join(f"{x.filename}:{x.lineno}" for x in reversed(places[-3:]))
    print(f"rearm: fault {number}: {type(error).__name__} at {where}", file=sys.stderr)
