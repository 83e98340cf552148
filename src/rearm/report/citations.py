"""Citations as numbered references: a statement leads to its sentence, its strength and its source;
a study to its publication.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rearm.knowledge import Knowledge
from rearm.knowledge.rulesets import Source

__all__ = ["Reference", "References", "source_line"]

_WEAK = {"survey", "opinion", "secondary", "news", "preclinical", "case"}


@dataclass(frozen=True, slots=True)
class Reference:
    """One entry of the list: `text` is what the source says (empty for a study), `weak` marks what
    should look weak.

    `source` is the short form that boards use (authors, journal, year, identifier); `title` stands
    apart, so that the words of a title are never read as words about this patient.
    """

    number: int
    id: str
    text: str
    strength: str
    source: str
    title: str
    url: str | None
    weak: bool


def source_line(source: Source) -> str:
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
        statement = self._knowledge.statements.get(key)
        if statement is not None:
            source = self._knowledge.sources.get(statement.source)
            line = source_line(source) if source else statement.source
            weak = statement.strength in _WEAK or bool(
                source and (source.incomplete or source.read in ("secondary", "news"))
            )
            return Reference(
                number,
                key,
                statement.text,
                statement.strength,
                line,
                (source.title if source else None) or "",
                _url(source),
                weak,
            )
        study = self._studies.get(key)
        if study is not None:
            c = study.citation
            where = " ".join(str(x) for x in (c.journal, c.year) if x)
            line = ". ".join(
                x for x in (c.authors.rstrip("."), where, f"doi:{c.doi}" if c.doi else "") if x
            )
            line += f" [citation incomplete: {', '.join(c.missing)} not seen]" if c.missing else ""
            return Reference(
                number, key, "", f"study, read from {c.read_from}", line, c.title, c.url, c.weak
            )
        source = self._knowledge.sources.get(key)
        if source is not None:
            return Reference(
                number,
                key,
                "",
                source.kind or "source",
                source_line(source),
                source.title or "",
                _url(source),
                source.incomplete,
            )
        return Reference(number, key, "", "not found in the knowledge", key, "", None, True)


def _url(source: Source | None) -> str | None:
    if source is None:
        return None
    url = f"https://doi.org/{source.doi}" if source.doi else source.url
    return url if url and url.startswith(("https://", "http://")) else None
