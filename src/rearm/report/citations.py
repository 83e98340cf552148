"""Citations as numbered references, each with its publication.

A statement leads to its sentence, its strength and its source; a study to its publication.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rearm.knowledge import Knowledge
from rearm.knowledge.rulesets import Publication, Statement
from rearm.knowledge.studies import Citation

__all__ = ["Reference", "References", "source_line"]

_WEAK = {"survey", "opinion", "secondary", "news", "preclinical", "case"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One entry of the list of references.

    `text` is what the source says (empty for a study), `weak` marks what should look weak. `source`
    is the short form that boards use (authors, journal, year, identifier); `title` stands apart, so
    that the words of a title are never read as words about this patient.
    """

    number: int
    id: str
    text: str
    strength: str
    source: str
    title: str
    url: str | None
    weak: bool


def source_line(source: Publication) -> str:
    """`Authors. Journal year. doi`, with what was not seen named."""
    parts = [
        p
        for p in (source.authors, " ".join(str(x) for x in (source.journal, source.year) if x))
        if p
    ]
    line = ". ".join(
        p.rstrip(".") for p in parts or [f"authors and journal not seen ({source.id})"]
    )
    if source.doi:
        line += f". doi:{source.doi}"
    elif source.pmid:
        line += f". PMID {source.pmid}"
    if source.incomplete:
        line += " [citation incomplete]"
    if source.read and source.read != "full":
        line += f" [read: {source.read}]"
    return line


class References:
    """Numbers citations in the order in which a page names them."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge
        self._studies = {study.id: study for study in knowledge.studies} | {
            arm.id: study for study in knowledge.studies for arm in study.arms
        }
        self._numbers: dict[str, Reference] = {}

    def cite(self, ids: Iterable[str]) -> list[Reference]:
        """The references of these ids, numbered on first use, each once."""
        return [self._numbers.setdefault(key, self._make(key)) for key in dict.fromkeys(ids)]

    def all(self) -> list[Reference]:
        return sorted(self._numbers.values(), key=lambda r: r.number)

    def _make(self, key: str) -> Reference:
        number = len(self._numbers) + 1
        if (statement := self._knowledge.statements.get(key)) is not None:
            return _of_statement(statement, self._knowledge.sources.get(statement.source), number)
        if (study := self._studies.get(key)) is not None:
            return _of_study(key, study.citation, number)
        if (source := self._knowledge.sources.get(key)) is not None:
            return _of_source(source, number)
        return Reference(
            number=number,
            id=key,
            text="",
            strength="not found in the knowledge",
            source=key,
            title="",
            url=None,
            weak=True,
        )


def _of_statement(statement: Statement, source: Publication | None, number: int) -> Reference:
    read_in_part = source is not None and source.read in ("secondary", "news")
    incomplete = source is not None and source.incomplete
    return Reference(
        number=number,
        id=statement.id,
        text=statement.text,
        strength=statement.strength,
        source=source_line(source) if source else statement.source,
        title=(source.title if source else None) or "",
        url=_url(source),
        weak=statement.strength in _WEAK or incomplete or read_in_part,
    )


def _of_study(key: str, citation: Citation, number: int) -> Reference:
    where = " ".join(str(x) for x in (citation.journal, citation.year) if x)
    doi = f"doi:{citation.doi}" if citation.doi else ""
    line = ". ".join(x for x in (citation.authors.rstrip("."), where, doi) if x)
    if citation.missing:
        line += f" [citation incomplete: {', '.join(citation.missing)} not seen]"
    return Reference(
        number=number,
        id=key,
        text="",
        strength=f"study, read from {citation.read_from}",
        source=line,
        title=citation.title,
        url=citation.url,
        weak=citation.weak,
    )


def _of_source(source: Publication, number: int) -> Reference:
    return Reference(
        number=number,
        id=source.id,
        text="",
        strength=source.kind or "source",
        source=source_line(source),
        title=source.title or "",
        url=_url(source),
        weak=source.incomplete,
    )


def _url(source: Publication | None) -> str | None:
    if source is None:
        return None
    url = f"https://doi.org/{source.doi}" if source.doi else source.url
    return url if url and url.startswith(("https://", "http://")) else None
