"""Who really asks, where a proxy stands before the board, and whether by TLS.

What a request says of that counts only if it comes from a proxy that was configured: everybody can
write such headers.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address, ip_network

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from rearm.board.refusals import NotAllowed
from rearm.board.web.pages import refused

__all__ = ["TransportGuard", "client_of", "is_trusted"]


def is_trusted(address: str, trusted: Iterable[str]) -> bool:
    """Whether this is a configured proxy; what is no address is none."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return any(found in ip_network(network) for network in trusted)


def client_of(scope: Scope, trusted: tuple[str, ...]) -> str:
    """The address of the browser. Proxies add at the right: the first from there that is no proxy
    of ours is the client, whatever was claimed left of it.
    """
    peer: str = scope["client"][0] if scope.get("client") else ""
    if not is_trusted(peer, trusted):
        return peer
    told = ",".join(Headers(scope=scope).getlist("x-forwarded-for"))
    for address in reversed([x.strip() for x in told.split(",")]):
        if not is_trusted(address, trusted):
            return _plain(address) or peer
    return peer


class TransportGuard:
    """A board for others is asked by TLS only: by a configured proxy that says so. At the
    addresses of `plain`, which tell nothing of patients, a program of the same network may ask.
    """

    def __init__(
        self, app: ASGIApp, *, trusted: tuple[str, ...], plain: tuple[str, ...] = ()
    ) -> None:
        self.app, self.trusted, self.plain = app, trusted, plain

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in self.plain:
            peer: str = scope["client"][0] if scope.get("client") else ""
            spoken = Headers(scope=scope).getlist("x-forwarded-proto")
            if not is_trusted(peer, self.trusted) or spoken != ["https"]:
                refusal = NotAllowed("This board is reached by https through its proxy only.")
                await refused(scope, refusal)(scope, receive, send)
                return
        await self.app(scope, receive, send)


def _plain(address: str) -> str:
    """The address if it is one; empty where somebody wrote something else there."""
    try:
        return str(ip_address(address))
    except ValueError:
        return ""
