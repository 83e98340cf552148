"""The application: the routes behind the guards."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from rearm.board.board import Board
from rearm.board.refusals import NotThere, Refusal
from rearm.board.routes import routes
from rearm.board.web.guards import (
    ALIVE,
    READY,
    CrowdGuard,
    FaultGuard,
    HeaderGuard,
    HostGuard,
    LengthGuard,
    OriginGuard,
)
from rearm.board.web.pages import refused
from rearm.board.web.proxies import TransportGuard

__all__ = ["make_app"]


class _NoSuchWay(Refusal):
    """The address is there, but not for this."""

    status = 405


def make_app(board: Board) -> Starlette:
    """The application of one board."""
    return Starlette(
        routes=routes(board),
        middleware=[
            Middleware(
                HeaderGuard,
                secure=board.settings.is_public,
                frame_ancestors=_frame_ancestors(board),
            ),
            Middleware(CrowdGuard),
            Middleware(FaultGuard),
            *_transport(board),
            Middleware(HostGuard, host=board.host, origin=board.origin),
            Middleware(OriginGuard, origin=board.origin),
            Middleware(LengthGuard),
        ],
        exception_handlers={HTTPException: _refuse},
    )


def _frame_ancestors(board: Board) -> tuple[str, ...]:
    return () if board.record_system is None else board.record_system.frame_ancestors


def _transport(board: Board) -> list[Middleware]:
    if not board.settings.is_public:
        return []
    trusted = board.settings.trusted_proxies
    return [Middleware(TransportGuard, trusted=trusted, plain=(ALIVE, READY))]


def _refuse(request: Request, error: Exception) -> Response:
    """What the router itself refuses, in our words."""
    refusal: Refusal = NotThere("There is nothing at this address.")
    if not (isinstance(error, HTTPException) and error.status_code == 405):
        return refused(request.scope, refusal)
    answer = refused(request.scope, _NoSuchWay("This address can't be used that way."))
    answer.headers["allow"] = ", ".join(_ways(request))
    return answer


def _ways(request: Request) -> list[str]:
    """What can be done at an address: several routes may share it."""
    found = {
        method
        for route in request.app.routes
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE
        for method in route.methods or ()
    }
    return sorted(found)
