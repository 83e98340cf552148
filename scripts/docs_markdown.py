"""Markdown of the generated pages: tables, cells, links to where an id stands in the dictionary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rearm.knowledge import Knowledge

Lines = Iterator[str]


class Citations:
    """Ids as links to where they stand in the dictionary."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._studies = {s.id: s.id for s in knowledge.studies} | {
            a.id: s.id for s in knowledge.studies for a in s.arms
        }

    def __call__(self, ids: Iterable[str]) -> str:
        return ", ".join(
            (
                f"[{i}](studies.md#{self._studies[i]})"
                if i in self._studies
                else f"[{i}](sources.md#{i})"
            )
            for i in ids
        )


def cell(value: object) -> str:
    """A value as the text of a table cell: nothing in it is markup."""
    text = "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|").replace("\n", " ")


def code(text: str) -> str:
    return f"`{text}`".replace("|", "\\|").replace("\n", " ")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Lines:
    """A Markdown table; nothing where there are no rows."""
    body = [f"| {' | '.join(row)} |" for row in rows]
    if body:
        yield from ("", f"| {' | '.join(head)} |", "|" + "---|" * len(head), *body, "")
