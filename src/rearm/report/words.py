"""Ids as the words that a physician reads, from `words.toml` of the knowledge."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rearm.knowledge.bundle import bundled

if TYPE_CHECKING:
    from rearm.knowledge import Knowledge
    from rearm.record import When

__all__ = [
    "VERDICT_ORDER",
    "capital",
    "days_words",
    "finding_words",
    "listed",
    "measure_words",
    "strategy_words",
    "unread_file",
    "when_words",
    "words",
]

VERDICT_ORDER = ("open", "needs_information", "discouraged", "excluded")
"""The verdicts of an option, the best first."""

_SMALL_FIRST = re.compile(r"t\(|[a-z][A-Z]")


def words(name: str | None) -> str:
    """The words for an id; empty for None. An id without words loses its underscores."""
    return "" if name is None else bundled().words.of(name)


def finding_words(name: str) -> str:
    """The noun for a finding; the words of its id where the bundled knowledge has none."""
    known = bundled().catalogue
    return known[name].label if name in known and known[name].label else words(name)


def measure_words(measure: str) -> str:
    """The words for what an expected figure measures."""
    return bundled().words.of_measure(measure)


def strategy_words(strategy: str, knowledge: Knowledge | None = None) -> str:
    """The words for a strategy tag, by default those of the bundled knowledge."""
    return (knowledge or bundled()).words.of_strategy(strategy)


def listed(items: tuple[str, ...] | list[str]) -> str:
    """`a, b and c`."""
    texts = [words(i) for i in items]
    return (
        texts[0]
        if len(texts) == 1
        else ", ".join(texts[:-1]) + " and " + texts[-1]
        if texts
        else ""
    )


def unread_file(place: str, why: str, *, of: str = "this patient") -> str:
    """That nothing of a file (or sheet, or folder) is read, and so what it holds is not known."""
    return f"{place} was not read, so what it says about {of} is missing here. {why}"


def when_words(when: When) -> str:
    """`214`, `260 to 290`, `from 1 on`, `up to -3`: the days that it may have been."""
    if when.first is None or when.last is None:
        if when.first is not None:
            return f"from {when.first} on"
        return "unknown" if when.last is None else f"up to {when.last}"
    return f"{when.first}" if when.first == when.last else f"{when.first} to {when.last}"


def capital(text: str) -> str:
    """The text with a capital at its beginning, else as it is: `IMiD` stays so. A name that has a
    small letter of its own keeps it: `t(11;14)`, `eGFR`.
    """
    if _SMALL_FIRST.match(text):
        return text
    return f"{text[:1].upper()}{text[1:]}"


def days_words(days: int | None) -> str:
    """Days with months in brackets where that helps."""
    if days is None:
        return "day unknown"
    return f"day {days}" if abs(days) < 60 else f"day {days} ({days / 30.4375:.1f} months)"
