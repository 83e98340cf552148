"""What a request asks for, once it is known who asks and that they may."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rearm.board.board import Board
from rearm.board.people.sessions import SignedIn
from rearm.board.refusals import NotThere
from rearm.board.web.forms import Form

__all__ = ["Asked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request. `cookie`: the id of the session as the browser sent it; `browser`: what it keeps
    before anybody is signed in; `client`: its address; `query`: what stands behind the `?`;
    `kept`: what the page says of what was kept just before.
    """

    board: Board
    method: str
    parts: Mapping[str, str]
    signed_in: SignedIn | None = None
    cookie: str = ""
    browser: str = ""
    client: str = ""
    kept: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    form: Form = field(default_factory=Form)

    def part(self, name: str) -> str:
        """A part of the address."""
        return self.parts[name]

    def number(self, name: str) -> int:
        """A part of the address that is a whole number. Raises NotThere where it is none."""
        given = self.parts[name]
        if not (given.isascii() and given.isdigit() and len(given) < 10):
            raise NotThere("There is nothing at this address.")
        return int(given)

    @property
    def tenant(self) -> str:
        """In which the session works."""
        return "" if self.signed_in is None else self.signed_in.tenant

    @property
    def who(self) -> str:
        return "" if self.signed_in is None else self.signed_in.who
