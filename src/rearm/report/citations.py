"""Citations as numbered references, each with its publication.

A statement leads to its sentence, its strength and its source; a study to its publication.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from rearm.assessment.citations import Citations
from rearm.assessment.result import Assessment, Citation, Publication
from rearm.knowledge import Knowledge

__all__ = ["Reference", "References", "publication_line"]

_DAGGER = "\u2020"

LookUp = Callable[[str], tuple[Citation, Publication]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One entry of the list of references.

    `text` is what the source says (empty for a study), `weak` marks what should look weak. `source`
    is the short form that boards use (authors, journal, year, identifier); `title` stands apart, so
    that the words of a title are never read as words about this patient. `brief` is `source`
    without an identifier that `url` holds, and without how it was read where that was the abstract;
    a dagger marks that something of it was not seen.
    """

    number: int
    id: str
    text: str
    strength: str
    source: str
    brief: str
    title: str
    url: str | None
    weak: bool


class References:
    """Numbers citations in the order in which a page names them."""

    def __init__(self, look_up: LookUp) -> None:
        self._look_up = look_up
        self._numbers: dict[str, Reference] = {}

    @classmethod
    def of_knowledge(cls, knowledge: Knowledge) -> References:
        """References to anything that the knowledge holds."""
        return cls(Citations(knowledge).__getitem__)

    @classmethod
    def of_result(cls, assessment: Assessment) -> References:
        """References to what a result cites."""

        def look_up(name: str) -> tuple[Citation, Publication]:
            citation = assessment.citations[name]
            return citation, assessment.publications[citation.source]

        return cls(look_up)

    def cite(self, ids: Iterable[str]) -> list[Reference]:
        """The references of these ids, numbered on first use, each once."""
        return [self._numbers.get(key) or self._make(key) for key in dict.fromkeys(ids)]

    def all(self) -> list[Reference]:
        """Every reference that was numbered, in the order of the numbers."""
        return list(self._numbers.values())

    def _make(self, key: str) -> Reference:
        citation, publication = self._look_up(key)
        strength = citation.strength
        is_study = strength == "study"
        reference = Reference(
            number=len(self._numbers) + 1,
            id=key,
            text=citation.text,
            strength=_study(publication) if is_study else strength,
            source=publication_line(publication, is_study=is_study),
            brief=_brief_line(publication),
            title=publication.title,
            url=_url(publication),
            weak=citation.weak,
        )
        self._numbers[key] = reference
        return reference


def _study(publication: Publication) -> str:
    """Abstracts are read as a rule, and the list of references says so."""
    usual = publication.read in (None, "abstract")
    return "study" if usual else f"study, read from {publication.read}"


def publication_line(publication: Publication, *, is_study: bool = False) -> str:
    """`Authors. Journal year. doi`, with what was not seen named."""
    line = _authors(publication)
    if publication.doi:
        line += f". doi:{publication.doi}"
    line += _lacking(publication)
    if publication.read and not is_study:
        line += f" [read: {publication.read}]"
    return line


def _brief_line(publication: Publication) -> str:
    line = _authors(publication)
    if publication.not_seen or publication.incomplete:
        line += f" {_DAGGER}"
    return line if publication.read in (None, "abstract") else f"{line} [read: {publication.read}]"


def _authors(publication: Publication) -> str:
    return publication.line or "authors and journal not seen"


def _lacking(publication: Publication) -> str:
    if publication.not_seen:
        return f" [citation incomplete: {', '.join(publication.not_seen)} not seen]"
    return " [citation incomplete]" if publication.incomplete else ""


def _url(publication: Publication) -> str | None:
    url = f"https://doi.org/{publication.doi}" if publication.doi else publication.url
    return url if url and url.startswith(("https://", "http://")) else None
