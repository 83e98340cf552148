"""Prognostic scores of one patient, each with the items that it rests on. They stand under risk
factors and choose nothing.

A score with unknown items is a span of points; it has a category where the whole span lies in one.
Nothing unknown counts as zero.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rearm.findings.base import Found, any3, unknown
from rearm.findings.chart import PatientChart
from rearm.findings.microenvironment import above_normal
from rearm.interval import Interval
from rearm.knowledge.scores import Band, Score, ScoreCategory, ScoreItem, Scores, load_scores
from rearm.outcome.failure import Failure
from rearm.record import Record, Source

__all__ = ["ItemResult", "ScoreResult", "scores"]


@dataclass(frozen=True, slots=True)
class ItemResult:
    """One item: its least and its greatest number of points, what was seen, and the rows it rests
    on. `known`: the two are the same.
    """

    name: str
    low: float
    high: float
    text: str
    sources: tuple[Source, ...]

    @property
    def known(self) -> bool:
        return self.low == self.high


@dataclass(frozen=True, slots=True)
class ScoreResult:
    """One score. `low` and `high` are the points (or the value) that are possible; `category` None:
    not known, or more than one possible.

    `meaning`: what the category went with where the score was made; `missing` names the items that
    are not known.
    """

    score: Score
    low: float
    high: float
    category: str | None
    meaning: str | None
    items: tuple[ItemResult, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(x.name for x in self.items if not x.known)


def scores(
    record: Record,
    failures: Sequence[Failure],
    found: Mapping[str, Found],
    *,
    as_of: int,
    catalogue: Scores | None = None,
) -> tuple[ScoreResult, ...]:
    """Every score of `scores.toml` of which some item was found in the record, in the order of the
    file.

    `record` is cut at `as_of`; `found` are its findings. Results of tests are the latest before the
    last infusion.
    """
    chart = PatientChart(record, failures, as_of)
    results: dict[str, ScoreResult] = {}
    for score in (catalogue or load_scores()).computed:
        items = tuple(_item(item, chart, found, results) for item in score.items)
        low, high = sum(x.low for x in items), sum(x.high for x in items)
        category = _category(score, low, high)
        label, meaning = (category.label, category.meaning) if category else (None, None)
        results[score.id] = ScoreResult(score, low, high, label, meaning, items)
    return tuple(x for x in results.values() if any(item.sources for item in x.items))


def _category(score: Score, low: float, high: float) -> ScoreCategory | None:
    """The category of both ends. They rise, so that what lies between belongs to it too."""
    first, last = _reached(score, low), _reached(score, high)
    return first if first is last else None


def _reached(score: Score, value: float) -> ScoreCategory:
    return next(c for c in score.categories if _within(c, value))


def _within(category: ScoreCategory, value: float) -> bool:
    if category.up_to is not None:
        return value <= category.up_to + 1e-9
    return category.below is None or value < category.below


# ---------------------------------------------------------------- items


def _item(
    item: ScoreItem,
    chart: PatientChart,
    found: Mapping[str, Found],
    earlier: Mapping[str, ScoreResult],
) -> ItemResult:
    if item.score is not None:
        return _from_score(item, earlier[item.score])
    if item.any_of:
        parts = [found.get(name, unknown()) for name in item.any_of]
        answer = any3([None if x.value is None else bool(x.value) for x in parts])
        told = [x for x in parts if x.value is not None and (answer is not True or x.value)]
        return _true_or_false(
            item,
            Found(
                answer,
                tuple(s for x in told for s in x.sources),
                "; ".join(x.text for x in told if x.text),
            ),
        )
    if item.above_reference and item.test is not None:
        return _true_or_false(
            item, above_normal(chart, item.test, chart.before_infusion(item.days))
        )
    value = (
        chart.number(item.test, chart.before_infusion(item.days))
        if item.test is not None
        else found.get(item.finding or "", unknown())
    )
    if item.as_points:
        low, high = _ends(value.quantity)
        return ItemResult(item.name, low, high, value.text, value.sources)
    return ItemResult(item.name, *_points(item, value.quantity), value.text, value.sources)


def _from_score(item: ScoreItem, stage: ScoreResult) -> ItemResult:
    """The points of the stages that are still possible."""
    categories = stage.score.categories
    first, last = (categories.index(_reached(stage.score, x)) for x in (stage.low, stage.high))
    possible = [(item.stages or {}).get(c.label, 0.0) for c in categories[first : last + 1]]
    text = f"{stage.score.name} {stage.category}" if stage.category else ""
    return ItemResult(
        item.name,
        min(possible),
        max(possible),
        text,
        tuple(s for x in stage.items for s in x.sources),
    )


def _true_or_false(item: ScoreItem, answer: Found) -> ItemResult:
    """Between nothing and the points of the item where it is not known whether it holds."""
    low = item.points if answer.value else 0.0
    high = 0.0 if answer.value is False else item.points
    return ItemResult(item.name, low, high, answer.text, answer.sources)


def _points(item: ScoreItem, quantity: Interval | None) -> tuple[float, float]:
    """The points of the bands that are surely reached, and of those that may be."""
    answers = [
        (band.points, None if quantity is None else _holds(band, quantity)) for band in item.bands
    ]
    surely = max((points for points, holds in answers if holds), default=0.0)
    return surely, max((points for points, holds in answers if holds is not False), default=0.0)


def _holds(band: Band, quantity: Interval) -> bool | None:
    if band.from_ is not None:
        return quantity.at_least(band.from_)
    return (
        quantity.above(band.above) if band.above is not None else quantity.below(band.below or 0.0)
    )


def _ends(quantity: Interval | None) -> tuple[float, float]:
    """The least and the greatest value that is possible; everything where nothing is known."""
    if quantity is None:
        return 0.0, math.inf
    low = math.nextafter(quantity.low, math.inf) if quantity.low_open else quantity.low
    return low, (
        math.nextafter(quantity.high, -math.inf)
        if quantity.high_open and math.isfinite(quantity.high)
        else quantity.high
    )
