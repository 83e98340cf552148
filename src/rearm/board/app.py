"""The application: the routes behind the guards."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from rearm.board.board import Board
from rearm.board.refusals import NotThere, Refusal
from rearm.board.routes import routes
from rearm.board.web.guards import CrowdGuard, FaultGuard, HeaderGuard, HostGuard, OriginGuard
from rearm.board.web.pages import refused

__all__ = ["make_app"]


class _NoSuchWay(Refusal):
    """The address is there, but not for this."""

    status = 405


def make_app(board: Board) -> Starlette:
    """The application of one board."""
    return Starlette(
        routes=routes(board),
        middleware=[
            Middleware(HeaderGuard, frame_ancestors=_frame_ancestors(board)),
            Middleware(CrowdGuard),
            Middleware(FaultGuard),
            Middleware(HostGuard, host=board.host),
            Middleware(OriginGuard, origin=board.origin),
        ],
        exception_handlers={HTTPException: _refuse},
    )


def _frame_ancestors(board: Board) -> tuple[str, ...]:
    return () if board.record_system is None else board.record_system.frame_ancestors


def _refuse(request: Request, error: Exception) -> Response:
    """What the router itself refuses, in our words."""
    refusal: Refusal = NotThere("There is nothing at this address.")
    if isinstance(error, HTTPException) and error.status_code == 405:
        refusal = _NoSuchWay("This address can't be used that way.")
    return refused(request.scope, refusal)
