"""What the pages of the knowledge hold."""

from __future__ import annotations

from typing import ClassVar

from rearm.board.web.contexts import Context, Part

__all__ = ["AnswersOf", "EntryKind", "EntryLink", "EntryPage", "KnowledgePage"]


class EntryLink(Part, frozen=True, kw_only=True):
    """An entry of the knowledge with what it is called."""

    id: str
    kind: str
    title: str


class EntryKind(Part, frozen=True, kw_only=True):
    """A kind of entry with their number."""

    kind: str
    entries: int


class AnswersOf(Part, frozen=True, kw_only=True):
    """How many of the newest answers on the board are of a version of the knowledge."""

    version: str
    today: bool
    answers: int


class KnowledgePage(Context, frozen=True, kw_only=True):
    """The knowledge as a whole. `reviewed`: the day of its last review, `days` ago, as far as that
    is known. `shown`: the entries of the chosen kind, or that have the words searched for;
    `left_out` more have them. `typed`: words that can't be searched for, and `refusal` why.
    """

    template: ClassVar[str] = "knowledge"
    window: ClassVar[str] = "Knowledge"

    version: str
    hash: str
    reviewed: str
    days: int | None
    kinds: tuple[EntryKind, ...]
    answers: tuple[AnswersOf, ...]
    kind: str = ""
    searched: str = ""
    shown: tuple[EntryLink, ...] = ()
    left_out: int = 0
    typed: str = ""
    refusal: str = ""


class EntryPage(Context, frozen=True, kw_only=True):
    """Everything that stands under an id. `leads_to`: the entries that it names; `addresses`: where
    its source was published. `evidence`: whether there is a page of its figures.
    """

    template: ClassVar[str] = "knowledge_entry"
    window: ClassVar[str] = "Knowledge: entry"

    id: str
    text: str
    leads_to: tuple[EntryLink, ...]
    addresses: tuple[str, ...]
    evidence: bool
