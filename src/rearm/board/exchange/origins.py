"""Addresses as they are compared: by their parsed origin, never by how a text begins.

What a browser, a library and a resolver make of an odd address differs, so an address that is
written oddly is refused before anything is made of it.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

__all__ = ["Address", "NotAnAddress", "Origin", "Resolve", "is_public", "origin_of", "resolved"]

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], list[str]]

_PORTS = {"https": 443, "http": 80}
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_PORT = re.compile(r"[1-9][0-9]{0,4}")
_NUMBER = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)")  # how a resolver may read the last label
_PLAIN = re.compile(r"[!#-;=?-Z_a-z~\[\]]+")  # no space, control, quote, backslash or bracket
_CARRYING = (  # IPv6 networks whose addresses carry one of IPv4 in their last 32 bits
    ipaddress.IPv6Network("64:ff9b::/96"),
    ipaddress.IPv6Network("64:ff9b:1::/48"),
    ipaddress.IPv6Network("::/96"),
)


class NotAnAddress(ValueError):
    """An address that is not asked; `str()` says why, in a sentence."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"


def origin_of(url: str) -> Origin:
    """The origin of an absolute address. Raises NotAnAddress with a sentence where it is not
    `https` or `http`, names a user, or is written in a way that programs read differently.
    """
    if not url.isascii() or not _PLAIN.fullmatch(url) or "#" in url:
        raise NotAnAddress("it contains a character that does not belong into an address.")
    scheme, mark, rest = url.partition("://")
    if not mark or scheme.lower() not in _PORTS:
        raise NotAnAddress("it does not begin with https:// or http://.")
    scheme, place = scheme.lower(), re.split(r"[/?]", rest, maxsplit=1)[0]
    if "@" in place or "%" in place:
        raise NotAnAddress("it names a user, or its host is written with %.")
    try:
        if urlsplit(url).netloc != place:
            raise NotAnAddress("it can be read in two ways.")
    except ValueError:
        raise NotAnAddress("it can't be read.") from None
    host, port = _host_and_port(place)
    return Origin(scheme, _host(host), _PORTS[scheme] if port is None else port)


def is_public(address: Address) -> bool:
    """Whether an address lies in the public network, also where it carries another inside."""
    if isinstance(address, ipaddress.IPv6Address):
        inside = address.ipv4_mapped or address.sixtofour
        if inside is not None:
            return is_public(inside)
        if address.teredo is not None or address.is_site_local:
            return False
        if any(address in network for network in _CARRYING):
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return address.is_global and not address.is_multicast and not address.is_reserved


def resolved(host: str, port: int) -> list[str]:
    """The addresses to which a name leads now; none where it leads nowhere."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return list(dict.fromkeys(str(x[4][0]) for x in found))


def _host_and_port(place: str) -> tuple[str, int | None]:
    if place.startswith("["):
        host, mark, rest = place.partition("]")
        host += mark
    else:
        host, mark, rest = place.partition(":")
        rest = mark + rest
    if not rest:
        return host, None
    if not rest.startswith(":") or not _PORT.fullmatch(rest[1:]) or int(rest[1:]) > 65535:
        raise NotAnAddress("its port is no port.")
    return host, int(rest[1:])


def _host(host: str) -> str:
    if host.startswith("["):
        try:
            return ipaddress.IPv6Address(host[1:-1]).compressed
        except ValueError:
            raise NotAnAddress("its host is no address.") from None
    host = host.lower()
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(x) for x in labels):
        raise NotAnAddress("its host is no name.")
    if _NUMBER.fullmatch(labels[-1]):
        try:
            return str(ipaddress.IPv4Address(host))
        except ValueError:
            raise NotAnAddress("its host is a number that is no address.") from None
    return host
