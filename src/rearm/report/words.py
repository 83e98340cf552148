"""Ids as the words that a physician reads, from `words.toml` of the knowledge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rearm.knowledge.bundle import bundled

if TYPE_CHECKING:
    from rearm.assessment.result import Figure
    from rearm.knowledge import Knowledge
    from rearm.record import When

__all__ = [
    "VERDICT_ORDER",
    "days_words",
    "figure_words",
    "listed",
    "measure_words",
    "strategy_words",
    "unread_file",
    "when_words",
    "whose",
    "words",
]

VERDICT_ORDER = ("open", "needs_information", "discouraged", "excluded")
"""The verdicts of an option, the best first."""


def words(name: str | None) -> str:
    """The words for an id; empty for None. An id without words loses its underscores."""
    return "" if name is None else bundled().words.of(name)


def measure_words(measure: str) -> str:
    """The words for what an expected figure measures."""
    return bundled().words.of_measure(measure)


def figure_words(row: Figure) -> str:
    """`response 62 % (51 to 72 %)`, `median PFS 7.2 months (5.1 to 9.0)`."""
    if row.unit == "months":
        value = f"{row.estimate:.1f} months ({row.low:.1f} to {row.high:.1f})"
    else:
        low, high = 100 * row.low, 100 * row.high
        value = f"{100 * row.estimate:.0f} % ({low:.0f} to {high:.0f} %)"
    return f"{measure_words(row.measure)} {value}"


def whose(row: Figure) -> str:
    """In whom a figure was seen where that is not this option after CAR-T; to stand before it."""
    return ("class figure, " if row.of_class else "") + (
        "" if row.directness == "direct" else "not after CAR-T: "
    )


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


def days_words(days: int | None) -> str:
    """Days with months in brackets where that helps."""
    if days is None:
        return "day unknown"
    return f"day {days}" if abs(days) < 60 else f"day {days} ({days / 30.4375:.1f} months)"
