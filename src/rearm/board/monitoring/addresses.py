"""`/healthz`: the process answers. `/readyz`: the board can do its work.

A program that watches has no session: it asks from an address that the configuration names, or
shows a token. To everybody else there is nothing at these addresses.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from rearm.board.board import Board
from rearm.board.monitoring.contents import ready
from rearm.board.monitoring.contexts import Alive
from rearm.board.refusals import NotThere
from rearm.board.web.declare import BoardRoute, Needed
from rearm.board.web.guards import ALIVE, READY
from rearm.board.web.pages import refused
from rearm.board.web.proxies import client_of, is_trusted

__all__ = ["MonitoringAddress", "MonitoringRoute", "monitoring_routes"]

_JSON = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitoringAddress:
    """An address that is watched: what it tells, and whether that is good."""

    path: str
    tells: Callable[[Board], Any]
    is_good: Callable[[Any], bool]
    at_once: bool = False  # nothing is looked up, so it is answered also when all else waits


_ADDRESSES = (
    MonitoringAddress(
        path=ALIVE, tells=lambda board: Alive(), is_good=lambda told: True, at_once=True
    ),
    MonitoringAddress(path=READY, tells=ready, is_good=lambda told: told.ready),
)


class MonitoringRoute(BoardRoute):
    """Such an address joined to a board."""

    def __init__(self, address: MonitoringAddress, board: Board) -> None:
        self.needs: Needed = "monitoring"
        Route.__init__(self, address.path, _endpoint(address, board), methods=["GET"])


def monitoring_routes(board: Board) -> list[MonitoringRoute]:
    """The addresses joined to a board."""
    return [MonitoringRoute(address, board) for address in _ADDRESSES]


def _endpoint(address: MonitoringAddress, board: Board) -> Callable[[Request], object]:
    async def endpoint(request: Request) -> Response:
        if not may_watch(request, board):
            return refused(request.scope, NotThere("There is nothing at this address."))
        at_once = address.at_once
        told = address.tells(board) if at_once else await run_in_threadpool(address.tells, board)
        status = 200 if address.is_good(told) else 503
        return Response(msgspec.json.encode(told), status_code=status, media_type=_JSON)

    return endpoint


def may_watch(request: Request, board: Board) -> bool:
    """Whether a request comes from a named address, or bears the token."""
    client = client_of(request.scope, board.settings.trusted_proxies)
    if is_trusted(client, board.settings.watched_from):
        return True
    token = board.monitoring_token
    given = request.headers.get("authorization", "")
    expected = f"Bearer {token}".encode()
    return bool(token) and hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected)
