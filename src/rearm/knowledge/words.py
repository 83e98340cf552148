"""What ids are called, from `data/words.toml`: strategies, measures, verdicts, grades, statuses.

One place for every word that a page, a table or a message shows for an id.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rearm.knowledge._build import KnowledgeError, build

__all__ = ["MeasureName", "Strategy", "Words", "read_words"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """One salvage strategy: `title` as a heading, `words` within a sentence."""

    id: str
    title: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureName:
    """What a measure is called: as a heading, within a sentence, and in a table of figures."""

    id: str
    title: str
    words: str
    row: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    strategies: tuple[Strategy, ...] = field(default=(), metadata={"key": "strategy"})
    measures: tuple[MeasureName, ...] = field(default=(), metadata={"key": "measure"})
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    abbreviations: Mapping[str, str] = field(default_factory=dict, metadata={"key": "abbreviation"})


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Words:
    """The words of one bundle. `strategies` and `measures` stand in the order of the pages.

    `groups` are the words of ids by what they are (`verdict`, `status`, `grade` ...).
    """

    strategies: Mapping[str, Strategy]
    measures: Mapping[str, MeasureName]
    groups: Mapping[str, Mapping[str, str]]
    abbreviations: Mapping[str, str]
    ids: Mapping[str, str]

    def of(self, name: str) -> str:
        """The words of an id; one that is not listed loses its underscores."""
        if (listed := self.ids.get(name)) is not None:
            return listed
        return " ".join(self.abbreviations.get(part, part) for part in name.split("_"))

    def of_strategy(self, strategy: str) -> str:
        """The words of a strategy within a sentence."""
        listed = self.strategies.get(strategy)
        return strategy.replace("-", " ") if listed is None else listed.words

    def of_measure(self, measure: str) -> str:
        """The words of a measure within a sentence."""
        listed = self.measures.get(measure)
        return measure.replace("_", " ") if listed is None else listed.words


def read_words(file: Mapping[str, Any], within: Words | None = None) -> Words:
    """The words of a parsed `words.toml`, added to those of `within`.

    Raises KnowledgeError where a row does not fit.
    """
    own = build(_File, file, "words.toml")
    strategies = {row.id: row for row in own.strategies}
    measures = {row.id: row for row in own.measures}
    groups = dict(own.words)
    abbreviations = dict(own.abbreviations)
    if within is not None:
        strategies = {**within.strategies, **strategies}
        measures = {**within.measures, **measures}
        groups = {
            group: {**within.groups.get(group, {}), **groups.get(group, {})}
            for group in {**within.groups, **groups}
        }
        abbreviations = {**within.abbreviations, **abbreviations}
    ids: dict[str, str] = {}
    for group, rows in groups.items():
        for name, words in rows.items():
            if ids.setdefault(name, words) != words:
                raise KnowledgeError(
                    [f"words.toml: {name} of {group} has different words in another group."]
                )
    return Words(
        strategies=strategies,
        measures=measures,
        groups=groups,
        abbreviations=abbreviations,
        ids=ids,
    )
