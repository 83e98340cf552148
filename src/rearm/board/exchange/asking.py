"""What the board asks of a record system over the network, within limits.

Only origins of the configuration are asked. The name is resolved once, and the connection goes to
the address that was looked at. No redirect is followed, no proxy of the environment is used, and
nothing of a request or an answer is noted anywhere.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from threading import BoundedSemaphore
from typing import Any
from urllib.parse import urlencode

from rearm.board.exchange.origins import (
    NotAnAddress,
    Origin,
    Resolve,
    is_public,
    origin_of,
    resolved,
)
from rearm.board.refusals import Busy, NotUsable, Refusal
from rearm.errors import InputError
from rearm.strict_json import parse_json

__all__ = ["Asker", "NotAnswered"]

MOST_BYTES = 16 * 2**20
"""Of one answer."""

_CONNECT = 5.0  # seconds
_SILENCE = 10.0
_WHOLE = 30.0
_CHUNK = 64 * 1024
_AT_ONCE = BoundedSemaphore(8)  # a slow record system must not take every thread of the board


class NotAnswered(Refusal):
    """The record system did not answer, or not with what was asked for."""

    status = 502


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks one record system. `allowed`: its origins. `private_hosts`: names that may lead into an
    internal network and may be asked without TLS. `name` stands in sentences.
    """

    name: str
    allowed: frozenset[Origin]
    private_hosts: frozenset[str] = frozenset()
    resolve: Resolve = resolved

    def get(self, url: str, *, token: str = "", accept: str = "application/json") -> Any:
        """The JSON at an address. Raises NotUsable where the address may not be asked, NotAnswered
        where nothing usable comes back; neither names the address or the token.
        """
        headers = {"accept": accept}
        if token:
            headers["authorization"] = f"Bearer {token}"
        return self._json("GET", url, headers, None)

    def send_form(self, url: str, fields: Mapping[str, str]) -> Any:
        """The JSON that answers a form. Raises as `get` does."""
        headers = {
            "accept": "application/json",
            "content-type": "application/x-www-form-urlencoded",
        }
        return self._json("POST", url, headers, urlencode(fields).encode("ascii"))

    def checked(self, url: str) -> Origin:
        """The origin of an address that may be asked. Raises NotUsable."""
        try:
            origin = origin_of(url)
        except NotAnAddress:
            raise self._foreign() from None
        if origin not in self.allowed:
            raise self._foreign()
        if origin.scheme == "http" and origin.host not in self.private_hosts:
            raise NotUsable(
                f"{self.name} would be asked without TLS. Give its https:// address, or name its "
                "host under private_hosts."
            )
        return origin

    def _foreign(self) -> NotUsable:
        return NotUsable(
            f"{self.name} names an address that is not its own by the configuration. It is not "
            "asked."
        )

    def _json(self, method: str, url: str, headers: dict[str, str], body: bytes | None) -> Any:
        origin = self.checked(url)
        if not _AT_ONCE.acquire(timeout=_CONNECT):
            raise Busy("Too many questions to record systems are open. Try again in a moment.")
        try:
            status, raw = self._answer(origin, self._place(origin), method, url, headers, body)
        finally:
            _AT_ONCE.release()
        if status >= 300:
            raise NotAnswered(f"{self.name} answers with status {status}.")
        try:
            return parse_json(raw, f"The answer of {self.name}")
        except InputError as error:
            raise NotAnswered(str(error)) from None

    def _place(self, origin: Origin) -> str:
        """The address to which the connection goes; every one of the name must be allowed."""
        found = self.resolve(origin.host, origin.port)
        if not found:
            raise NotAnswered(f"{self.name} can't be found: its name leads nowhere.")
        private = origin.host in self.private_hosts
        for text in found:
            if not private and not is_public(ipaddress.ip_address(text.partition("%")[0])):
                raise NotUsable(
                    f"The name of {self.name} leads into an internal network, for which the "
                    "configuration does not list it under private_hosts. It is not asked."
                )
        return found[0]

    def _answer(
        self,
        origin: Origin,
        place: str,
        method: str,
        url: str,
        headers: dict[str, str],
        body: bytes | None,
    ) -> tuple[int, bytes]:
        path = "/" + url.split("://", 1)[1].partition("/")[2]
        connection = _Pinned(origin, place)
        try:
            connection.request(
                method, path, body=body, headers={**headers, "accept-encoding": "identity"}
            )
            answer = connection.getresponse()
            return answer.status, self._body(answer)
        except NotAnswered:
            raise
        except (OSError, http.client.HTTPException, ValueError):
            raise NotAnswered(f"{self.name} does not answer. Try again later.") from None
        finally:
            connection.close()

    def _body(self, answer: http.client.HTTPResponse) -> bytes:
        until, parts, size = time.monotonic() + _WHOLE, list[bytes](), 0
        while chunk := answer.read1(_CHUNK):
            size += len(chunk)
            if size > MOST_BYTES:
                raise NotAnswered(f"The answer of {self.name} is larger than is taken.")
            if time.monotonic() > until:
                raise NotAnswered(f"{self.name} takes too long for its answer.")
            parts.append(chunk)
        if answer.length:  # of the bytes that were announced, some never came
            raise NotAnswered(f"The answer of {self.name} ends in the middle.")
        return b"".join(parts)


class _Pinned(http.client.HTTPConnection):
    """A connection to one address, which shows the certificate of its name."""

    def __init__(self, origin: Origin, place: str) -> None:
        super().__init__(origin.host, origin.port, timeout=_SILENCE)
        self._place, self._tls = place, origin.scheme == "https"

    def connect(self) -> None:
        opened = socket.create_connection((self._place, self.port), timeout=_CONNECT)
        opened.settimeout(_SILENCE)
        self.sock = _tls().wrap_socket(opened, server_hostname=self.host) if self._tls else opened


@cache
def _tls() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
