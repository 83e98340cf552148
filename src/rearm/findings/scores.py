"""Prognostic scores of one patient, each with the items that it rests on. They stand under risk
factors and choose nothing.

A score with unknown items is a span of points; it has a category where the whole span lies in one.
Nothing unknown counts as zero.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rearm.findings.base import NOTHING, Found, any3
from rearm.findings.chart import PatientChart
from rearm.findings.microenvironment import above_normal
from rearm.interval import Interval
from rearm.knowledge.scores import PointBand, Score, ScoreCategory, ScoreItem, Scores, load_scores
from rearm.outcome.failure import Failure
from rearm.record import Record, Source

__all__ = ["ItemResult", "ScoreResult", "scores"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemResult:
    """One item: the points that are possible, what was seen, and the rows it rests on. `known`:
    only one number of points is possible.
    """

    name: str
    points: Interval
    text: str
    sources: tuple[Source, ...]

    @property
    def known(self) -> bool:
        return self.points.exact is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreResult:
    """One score. `points` (or the value) are those that are possible; `category` None: not known,
    or more than one possible.

    `meaning`: what the category went with where the score was made; `missing` names the items that
    are not known.
    """

    score: Score
    points: Interval
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
        points = _sum([x.points for x in items])
        possible = _possible(score, points)
        only = possible[0] if len(possible) == 1 else None
        results[score.id] = ScoreResult(
            score=score,
            points=points,
            category=only.label if only else None,
            meaning=only.meaning if only else None,
            items=items,
        )
    return tuple(x for x in results.values() if any(item.sources for item in x.items))


def _sum(parts: Sequence[Interval]) -> Interval:
    return Interval(
        sum(x.low for x in parts),
        sum(x.high for x in parts),
        any(x.low_open for x in parts),
        any(x.high_open for x in parts),
    )


def _possible(score: Score, points: Interval) -> list[ScoreCategory]:
    """The categories that the points may belong to; one that they surely reach is the last."""
    possible = []
    for category in score.categories:
        within = _within(category, points)
        if within is not False:
            possible.append(category)
        if within:
            break
    return possible


def _within(category: ScoreCategory, points: Interval) -> bool | None:
    """Whether the points are under the limit of the category; the last one has none."""
    if category.up_to is not None:
        return points.at_most(category.up_to)
    return True if category.below is None else points.below(category.below)


# ---------------------------------------------------------------- items


def _item(
    item: ScoreItem,
    chart: PatientChart,
    found: Mapping[str, Found],
    earlier: Mapping[str, ScoreResult],
) -> ItemResult:
    if item.score is not None:
        stage = earlier[item.score]
        return _result(item, _stage_points(item, stage), _stage_found(stage))
    if item.any_of:
        answer = _any_of([found.get(name, NOTHING) for name in item.any_of])
        return _result(item, _yes_or_no_points(item, answer), answer)
    if item.above_reference and item.test is not None:
        answer = above_normal(chart, item.test, chart.before_infusion(item.days))
        return _result(item, _yes_or_no_points(item, answer), answer)
    value = (
        chart.number(item.test, chart.before_infusion(item.days))
        if item.test is not None
        else found.get(item.finding or "", NOTHING)
    )
    if item.as_points:
        return _result(item, value.quantity or Interval(0.0, math.inf), value)
    return _result(item, _band_points(item, value.quantity), value)


def _result(item: ScoreItem, points: Interval, found: Found) -> ItemResult:
    return ItemResult(name=item.name, points=points, text=found.text, sources=found.sources)


def _any_of(parts: Sequence[Found]) -> Found:
    """OR of several findings, with what is known of those that decide."""
    answer = any3([None if x.value is None else bool(x.value) for x in parts])
    known = [x for x in parts if x.value is not None and (answer is not True or x.value)]
    sources = tuple(s for x in known for s in x.sources)
    return Found(answer, sources, "; ".join(x.text for x in known if x.text))


def _stage_points(item: ScoreItem, stage: ScoreResult) -> Interval:
    """The points of the stages that are still possible."""
    points = item.stages or {}
    possible = [points.get(c.label, 0.0) for c in _possible(stage.score, stage.points)]
    return Interval(min(possible), max(possible))


def _stage_found(stage: ScoreResult) -> Found:
    text = f"{stage.score.name} {stage.category}" if stage.category else ""
    return Found(None, tuple(s for x in stage.items for s in x.sources), text)


def _yes_or_no_points(item: ScoreItem, answer: Found) -> Interval:
    """Between nothing and the points of the item where it is not known whether it holds."""
    return Interval(
        item.points if answer.value else 0.0, 0.0 if answer.value is False else item.points
    )


def _band_points(item: ScoreItem, quantity: Interval | None) -> Interval:
    """From the points of the bands that are surely reached to those of the ones that may be."""
    answers = [
        (band.points, None if quantity is None else _holds(band, quantity)) for band in item.bands
    ]
    surely = max((points for points, holds in answers if holds), default=0.0)
    return Interval(
        surely, max((points for points, holds in answers if holds is not False), default=0.0)
    )


def _holds(band: PointBand, quantity: Interval) -> bool | None:
    if band.from_ is not None:
        return quantity.at_least(band.from_)
    if band.above is not None:
        return quantity.above(band.above)
    return None if band.below is None else quantity.below(band.below)
