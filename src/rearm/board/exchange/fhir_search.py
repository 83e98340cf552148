"""FHIR R4 as a record system gives it: one resource, or a search page after page, within limits."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urljoin

from rearm.board.exchange.asking import Asker, NotAnswered
from rearm.board.exchange.origins import NotAnAddress, origin_of

__all__ = ["FhirServer", "Found", "next_link"]

MOST_PAGES = 40
MOST_BYTES_OF_ALL = 24 * 2**20
LONGEST = 60.0  # seconds for everything that is read of one patient
_FHIR = "application/fhir+json"


@dataclass(slots=True)
class Found:
    """Entries of a search, and why some may be missing; empty where all were read."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    incomplete: str = ""


class FhirServer:
    """One server, read with the token of one user for one patient. `seconds`: how long all of the
    reading may take.
    """

    def __init__(self, asker: Asker, base: str, token: str, *, seconds: float = LONGEST) -> None:
        self._asker, self._base, self._token = asker, base.rstrip("/") + "/", token
        self._until, self._bytes = time.monotonic() + seconds, 0

    def read(self, path: str) -> dict[str, Any]:
        """One resource. Raises NotAnswered."""
        return self._resource(f"{self._base}{quote(path, safe='/')}")

    def search(self, query: str) -> Found:
        """All pages of a search (`Condition?patient=1`), as far as the limits go."""
        return self.further(self._resource(f"{self._base}{query}"))

    def further(self, page: dict[str, Any]) -> Found:
        """The entries of a page that is at hand, and of all that follow it."""
        found, seen = Found(), set[str]()
        while True:
            found.entries += entries_of(page)
            link = next_link(page)
            if link is None:
                return found
            link = urljoin(self._base, link)
            if link in seen or len(seen) >= MOST_PAGES or self._is_over():
                found.incomplete = "the record system gave more pages than are read"
                return found
            if not self._is_own(link):
                found.incomplete = "a further page lies at another address"
                return found
            seen.add(link)
            try:
                page = self._resource(link)
            except NotAnswered:
                found.incomplete = "a further page could not be read"
                return found

    def _is_over(self) -> bool:
        return time.monotonic() > self._until or self._bytes > MOST_BYTES_OF_ALL

    def _is_own(self, link: str) -> bool:
        try:
            return origin_of(link) == origin_of(self._base)
        except NotAnAddress:
            return False

    def _resource(self, url: str) -> dict[str, Any]:
        if self._is_over():
            raise NotAnswered(f"{self._asker.name} takes too long, or has more than is read.")
        found = self._asker.get(url, token=self._token, accept=_FHIR)
        if not isinstance(found, dict) or not isinstance(found.get("resourceType"), str):
            raise NotAnswered(f"{self._asker.name} does not answer with a FHIR resource.")
        self._bytes += len(json.dumps(found))
        return found


def entries_of(page: dict[str, Any]) -> list[dict[str, Any]]:
    """The entries of a Bundle that hold a resource."""
    entries = page.get("entry", [])
    listed = entries if isinstance(entries, list) else []
    return [x for x in listed if isinstance(x, dict) and isinstance(x.get("resource"), dict)]


def next_link(page: dict[str, Any]) -> str | None:
    """The address of the next page; None where this is the last."""
    links = page.get("link", [])
    for link in links if isinstance(links, list) else []:
        if isinstance(link, dict) and link.get("relation") == "next":
            address = link.get("url")
            return address if isinstance(address, str) else ""
    return None
