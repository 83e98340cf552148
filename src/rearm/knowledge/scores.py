"""The prognostic scores that are computed, from `data/scores.toml`.

Items have points, and categories stand over their sum.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from rearm.knowledge._build import KnowledgeError, build

__all__ = [
    "NotComputed",
    "PointBand",
    "Score",
    "ScoreCategory",
    "ScoreItem",
    "Scores",
    "load_scores",
    "read_scores",
]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class PointBand:
    """Points from a limit on.

    Exactly one of `from_` (at least), `above` (more than) and `below` (less than) is set.
    """

    points: float
    from_: float | None = None
    above: float | None = None
    below: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreItem:
    """One item of a score.

    It reads a test before the infusion, a finding, findings joined by OR, or the category of an
    earlier score. `points` is for what is true or false; `bands` for numbers; `stages` for the
    category of a score; `as_points`: the finding is the value. `above_reference`: the result
    against the upper limit that the laboratory reports with it.
    """

    name: str
    test: str | None = None
    days: int = 0
    finding: str | None = None
    any_of: tuple[str, ...] = ()
    score: str | None = None
    unit: str | None = None
    points: float = 0.0
    bands: tuple[PointBand, ...] = ()
    stages: Mapping[str, float] | None = None
    above_reference: bool = False
    as_points: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreCategory:
    """A category of a sum of points.

    It holds sums up to and including `up_to`, or below `below`, that no earlier category took; the
    last category has no limit.
    """

    label: str
    up_to: float | None = None
    below: float | None = None
    meaning: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One score. `caution` is what a reader has to know before he believes the figure."""

    id: str
    name: str
    purpose: str
    population: str
    items: tuple[ScoreItem, ...] = field(metadata={"key": "item"})
    categories: tuple[ScoreCategory, ...] = field(metadata={"key": "category"})
    sources: tuple[str, ...]
    caution: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotComputed:
    """A published score that is not computed, and why."""

    id: str
    name: str
    why: str
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scores:
    computed: tuple[Score, ...]
    not_computed: tuple[NotComputed, ...]


def load_scores() -> Scores:
    """The bundled scores."""
    from rearm.knowledge.bundle import bundled

    return bundled().scores


def read_scores(table: Mapping[str, Any]) -> Scores:
    """The scores of a parsed file.

    Raises KnowledgeError with a sentence for each thing that does not fit.
    """
    problems: list[str] = []
    scores = Scores(
        tuple(_built(Score, table.get("score", ()), "score", problems)),
        tuple(_built(NotComputed, table.get("not_computed", ()), "not_computed", problems)),
    )
    seen: set[str] = set()
    for score in scores.computed:
        problems += (f"scores.toml, score {score.id}: {text}" for text in _problems(score, seen))
        seen.add(score.id)
    if problems:
        raise KnowledgeError(problems)
    return scores


def _built(cls: type[_T], rows: Iterable[Any], kind: str, problems: list[str]) -> Iterator[_T]:
    for row in rows:
        try:
            yield build(cls, row, f"scores.toml, {kind} {row.get('id', '?')}")
        except KnowledgeError as error:
            problems += error.problems


def _problems(score: Score, earlier: set[str]) -> Iterator[str]:
    if score.id in earlier:
        yield "the id is used twice."
    for item in score.items:
        yield from _item_problems(item, earlier)
    limits = [c.below if c.up_to is None else c.up_to for c in score.categories]
    numbers = [limit for limit in limits if limit is not None]
    only_the_last_is_open = bool(limits) and limits[-1] is None and len(numbers) == len(limits) - 1
    if not only_the_last_is_open:
        yield "every category except the last needs a limit; the last must have none."
    elif numbers != sorted(set(numbers)):
        yield "the limits of the categories must increase."


def _item_problems(item: ScoreItem, earlier: set[str]) -> Iterator[str]:
    readings = [x for x in (item.test, item.finding, item.any_of, item.score) if x]
    if len(readings) != 1:
        yield f"the item {item.name!r} must read exactly one of test, finding, any_of and score."
    if item.score is not None and item.score not in earlier:
        yield (
            f"the item {item.name!r} reads the score {item.score}, which is not listed before it."
        )
    for band in item.bands:
        limits = [x for x in (band.from_, band.above, band.below) if x is not None]
        if len(limits) != 1:
            yield f"a band of {item.name!r} must have exactly one of from, above and below."
