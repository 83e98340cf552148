"""The pages of the knowledge, made of the bundle that answers are made with."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy.orm import Session

from rearm.board.knowledge.contexts import (
    AnswersOf,
    EntryKind,
    EntryLink,
    EntryPage,
    KnowledgePage,
)
from rearm.board.refusals import NotThere
from rearm.board.store.cases import all_cases, latest_result
from rearm.board.store.current import is_of_today
from rearm.board.store.utc import now
from rearm.knowledge import KnowledgeError
from rearm.knowledge.bundle import bundled
from rearm.report.knowledge import entries_named, entry_tables, entry_text

__all__ = ["entry_page", "knowledge_page"]

_MOST = 200  # entries of one page
_TITLES = ("title", "name", "label", "text", "because", "reason", "changes")
_ID = re.compile(r"[\w@.-]+")


def knowledge_page(
    session: Session, tenant: str, kind: str = "", searched: str = "", today: date | None = None
) -> KnowledgePage:
    """The knowledge, with the entries of a kind or those that have all words searched for. Raises
    NotThere where there is no such kind.
    """
    known, day = bundled(), today or now().date()
    by_kind = Counter(link.kind for link, _ in _entries())
    if kind and kind not in by_kind:
        raise NotThere("The knowledge has no such kind of entry.")
    wanted = searched.casefold().split()
    found = [
        link
        for link, text in _entries()
        if (link.kind == kind if kind else wanted and all(word in text for word in wanted))
    ]
    return KnowledgePage(
        version=known.version,
        hash=known.hash,
        reviewed="" if known.reviewed is None else known.reviewed.isoformat(),
        days=None if known.reviewed is None else (day - known.reviewed).days,
        kinds=tuple(EntryKind(kind=name, entries=n) for name, n in by_kind.items()),
        answers=tuple(_answers(session, tenant)),
        kind=kind,
        searched=searched,
        shown=tuple(found[:_MOST]) if not kind else tuple(found),
        left_out=0 if kind else max(0, len(found) - _MOST),
    )


def entry_page(name: str) -> EntryPage:
    """Everything under an id. Raises NotThere where there is nothing."""
    known = bundled()
    try:
        entries = entries_named(name)
    except KnowledgeError:
        raise NotThere("The knowledge has no such entry.") from None
    text = entry_text(name)
    named = dict.fromkeys(x.strip(".") for x in _ID.findall(text))
    links = _by_id()
    return EntryPage(
        id=name,
        text=text,
        leads_to=tuple(links[x] for x in named if x in links and x != name),
        addresses=tuple(dict.fromkeys(x for _, entry in entries for x in _addresses(entry))),
        evidence=name in known.words.strategies or name in known.options,
    )


def _addresses(entry: Any) -> Iterator[str]:
    """Where a source, or the source of a statement or a study, was published."""
    sources = bundled().sources
    for one in (entry, getattr(entry, "citation", None), sources.get(getattr(entry, "source", ""))):
        if doi := getattr(one, "doi", None):
            yield f"https://doi.org/{doi}"
        url = getattr(one, "url", None)
        if url and str(url).startswith("https://"):
            yield str(url)


@cache
def _entries() -> tuple[tuple[EntryLink, str], ...]:
    """Every entry with the text in which words are searched."""
    return tuple(
        (link, f"{name} {link.title} {entry}".casefold())
        for kind, table in entry_tables(bundled()).items()
        for name, entry in table.items()
        for link in (EntryLink(id=name, kind=kind, title=_title(entry)),)
    )


@cache
def _by_id() -> dict[str, EntryLink]:
    """The first entry of each id; one page shows all of them. Words of usual English are none."""
    found: dict[str, EntryLink] = {}
    for link, _ in _entries():
        if "-" in link.id or "_" in link.id or any(sign.isdigit() for sign in link.id):
            found.setdefault(link.id, link)
    return found


def _title(entry: Any) -> str:
    found = (getattr(entry, name, None) for name in _TITLES)
    return next((str(text) for text in found if text), "")


def _answers(session: Session, tenant: str) -> Iterator[AnswersOf]:
    newest = [latest_result(session, case.id) for case in all_cases(session, tenant)]
    counted = Counter((x.knowledge, is_of_today(x)) for x in newest if x is not None)
    for (version, today), answers in sorted(counted.items(), reverse=True):
        yield AnswersOf(version=version, today=today, answers=answers)
