"""What a citation of the knowledge says and where it was published, as a result holds it."""

from __future__ import annotations

from sys import intern

from rearm.assessment.result import Citation, Publication
from rearm.knowledge import rulesets
from rearm.knowledge.bundle import Knowledge
from rearm.knowledge.rulesets import Statement
from rearm.knowledge.studies import Study

__all__ = ["Citations"]

_WEAK = {"survey", "opinion", "secondary", "news", "preclinical", "case"}
_NOT_READ_ITSELF = ("secondary", "news")


class Citations:
    """The citations of one knowledge bundle, each made once."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._statements, self._sources = knowledge.statements, knowledge.sources
        self._studies = {study.id: study for study in knowledge.studies} | {
            arm.id: study for study in knowledge.studies for arm in study.arms
        }
        self._made: dict[str, tuple[Citation, Publication]] = {}

    def __getitem__(self, name: str) -> tuple[Citation, Publication]:
        """The statement, study or source of this id with its publication."""
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def _make(self, name: str) -> tuple[Citation, Publication]:
        if name in self._statements:
            return self._of_statement(self._statements[name])
        if name in self._studies:
            return _of_study(name, self._studies[name])
        if name in self._sources:
            source = self._sources[name]
            citation = Citation(
                strength=source.kind or "source", source=name, weak=source.incomplete
            )
            return citation, _publication(source)
        citation = Citation(strength="not found in the knowledge", source=name, weak=True)
        return citation, Publication(line=name)

    def _of_statement(self, statement: Statement) -> tuple[Citation, Publication]:
        source = self._sources.get(statement.source)
        weak_source = source is None or source.incomplete or source.read in _NOT_READ_ITSELF
        citation = Citation(
            text=statement.text,
            strength=intern(  # one object a word, so that the JSON can leave out the default
                statement.strength
            ),
            source=statement.source,
            weak=statement.strength in _WEAK or weak_source,
        )
        if source is None:
            return citation, Publication(line=statement.source)
        return citation, _publication(source)


def _publication(source: rulesets.CitedSource) -> Publication:
    journal = " ".join(str(x) for x in (source.journal, source.year) if x)
    parts = [p for p in (source.authors, journal) if p]
    if parts and source.pmid and not source.doi:
        parts.append(f"PMID {source.pmid}")
    known = bool(parts or source.title or source.doi or source.url)
    return Publication(
        line=". ".join(p.rstrip(".") for p in parts) if known else source.id,
        title=source.title or "",
        doi=source.doi,
        url=None if source.doi else _safe(source.url),
        read=None if source.read in (None, "full") else intern(source.read),
        incomplete=source.incomplete,
    )


def _safe(url: str | None) -> str | None:
    return url if url and url.startswith(("https://", "http://")) else None


def _of_study(name: str, study: Study) -> tuple[Citation, Publication]:
    c = study.citation
    where = " ".join(str(x) for x in (c.journal, c.year) if x)
    # arms of one study share the publication
    citation = Citation(strength="study", source=f"study:{study.id}", weak=c.weak)
    publication = Publication(
        line=". ".join(x for x in (c.authors.rstrip("."), where) if x),
        title=c.title,
        doi=c.doi or None,
        url=None if c.doi else _safe(c.url),
        read=c.read_from and intern(c.read_from),
        not_seen=tuple(c.missing),
    )
    return citation, publication
