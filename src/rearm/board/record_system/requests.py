"""Requests of a record system: they bear a signed token, or an answer of its sign-in, and no cookie
of a session; so they come in by routes of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from rearm.board.board import Board
from rearm.board.exchange.configuration import RecordSystem
from rearm.board.refusals import NotThere, Refusal, TooLarge
from rearm.board.web.declare import BoardRoute, Needed

__all__ = ["MOST_BYTES", "Exchange", "SystemAddress", "SystemRoute"]

MOST_BYTES = 10 * 2**20
"""Of the body of one request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request: `path` and `parts` of its address, the query, headers (in small letters),
    cookies and body.
    """

    board: Board
    system: RecordSystem
    method: str
    path: str
    parts: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    cookies: Mapping[str, str]
    body: bytes


Handler = Callable[[Exchange], Response]
Refuse = Callable[[Request, RecordSystem | None, Refusal], Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemAddress:
    """An address for record systems. `refuse` says in their form why something can't be done."""

    path: str
    method: str
    handler: Handler
    refuse: Refuse


class SystemRoute(BoardRoute):
    """Such an address joined to a board. It needs no session: its handler looks at the token."""

    def __init__(self, address: SystemAddress, board: Board) -> None:
        self.needs: Needed = "nothing"
        Route.__init__(self, address.path, _endpoint(address, board), methods=[address.method])


def _endpoint(address: SystemAddress, board: Board) -> Callable[[Request], object]:
    async def endpoint(request: Request) -> Response:
        system = board.record_system
        try:
            if system is None:
                raise NotThere("There is nothing at this address.")
            exchange = Exchange(
                board=board,
                system=system,
                method=request.method,
                path=request.url.path,
                parts=request.path_params,
                query=_single(request),
                headers=_headers(request),
                cookies=request.cookies,
                body=await _body(request),
            )
            return await run_in_threadpool(address.handler, exchange)
        except Refusal as refusal:
            return address.refuse(request, system, refusal)

    return endpoint


def _single(request: Request) -> dict[str, str]:
    """The query; a name that stands twice counts as not given, since it is unclear."""
    given = request.query_params.multi_items()
    names = [name for name, _ in given]
    return {name: value for name, value in given if names.count(name) == 1}


def _headers(request: Request) -> dict[str, str]:
    """The headers; one that is sent twice counts as not sent."""
    return {k: v for k, v in request.headers.items() if len(request.headers.getlist(k)) == 1}


async def _body(request: Request) -> bytes:
    parts, size = list[bytes](), 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MOST_BYTES:
            raise TooLarge(f"The request is larger than {MOST_BYTES // 2**20} MiB.")
        parts.append(chunk)
    return b"".join(parts)
