"""Plain tables of the evidence, rows of simple values that `report/` draws and prints.

Proportions run from 0 to 1, times in months.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from rearm.evidence.pool import MEASURES, Estimate, Measure, Pooled, PooledArm
from rearm.evidence.strategy import ListedFigure, StrategyEvidence
from rearm.evidence.words import months_words, not_pooled_words, remarks, share_words
from rearm.knowledge.bundle import bundled
from rearm.knowledge.studies import Directness, Figure
from rearm.knowledge.words import Words

__all__ = [
    "ForestRow",
    "ListedRow",
    "OverviewRow",
    "forest_rows",
    "listed_rows",
    "overview_rows",
    "plain_row",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForestRow:
    """One row of a forest plot.

    `weight` is the arm's share of the information, `without` the pooled figure when the arm is left
    out. A summary row has no arm; the range for a new centre has no estimate.
    """

    kind: Literal["arm", "pooled", "new centre"]
    label: str
    arm: str | None = None
    study: str | None = None
    setting: str
    directness: Directness
    n: int | None
    events: int | None = None
    estimate: float | None
    low: float
    high: float
    weight: float | None = None
    without: Estimate | None = None
    weak: bool | None = None
    borrowed_share: float | None = None
    note: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRow:
    """One arm with its figures in words, whether it was pooled and, if not, why."""

    arm: str
    study: str
    citation: str
    url: str
    weak: bool
    population: str
    directness: Directness
    figure: Figure
    n: int | None
    response: str | None
    complete_response: str | None
    pfs: str | None
    dor: str | None
    os: str | None
    crs: str | None
    icans: str | None
    severe_infection: str | None
    pooled: str | None
    not_pooled: str | None
    findings: str | None
    caveats: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewRow:
    """The figure that is given for one measure of a strategy, with its label."""

    strategy: str
    measure: Measure
    name: str
    unit: Literal["proportion", "months"]
    estimate: float
    low: float
    high: float
    new_low: float
    new_high: float
    population: str
    directness: Directness
    arms: int
    patients: int
    borrowed_share: float
    unborrowed: Estimate
    studies: str
    note: str


def plain_row(row: ForestRow | ListedRow | OverviewRow) -> dict[str, Any]:
    """A row as plain data for JSON; an estimate within it becomes three values."""
    plain: dict[str, Any] = {}
    for name, value in asdict(row).items():
        if name in ("without", "unborrowed"):
            for part in Estimate._fields:
                plain[f"{name}_{part}"] = None if value is None else getattr(value, part)
        else:
            plain[name] = value
    return plain


def forest_rows(evidence: StrategyEvidence, measure: Measure = "response") -> list[ForestRow]:
    """Rows of a forest plot for one measure.

    Arms by weight, then the pooled row and the interval for a new centre. First the figure after
    CAR-T where there is one, then the background figure of the nearest other setting, each with its
    label in `directness` and `setting`. Empty where nothing was pooled. `evidence`: what
    `evidence_for` gives; `measure`: response, pfs ... Raises nothing.

    >>> from rearm.evidence import evidence_for
    >>> gprc5d = evidence_for("bispecific-gprc5d")
    >>> from rearm.evidence import forest_rows
    >>> forest_rows(gprc5d, "response")[0].kind
    'arm'
    """
    outcome = evidence.outcomes[measure]
    rows: list[ForestRow] = []
    for figure in (outcome.pooled, outcome.background):
        if figure is not None:
            by_weight = sorted(figure.arms, key=lambda row: (-row.weight, row.arm.id))
            rows += map(_arm_row, by_weight)
            rows += _summary_rows(figure, remarks(outcome, figure))
    return rows


def _arm_row(row: PooledArm) -> ForestRow:
    return ForestRow(
        kind="arm",
        label=row.arm.population,
        arm=row.arm.id,
        study=row.arm.study,
        setting=row.arm.setting_words,
        directness=row.arm.directness,
        n=row.patients,
        events=row.events,
        estimate=row.value,
        low=row.low,
        high=row.high,
        weight=row.weight,
        without=row.without,
        weak=row.arm.weak,
        note=_joined(row.note, row.arm.overlap_note),
        url=row.arm.url,
    )


def _summary_rows(figure: Pooled, note: str | None) -> tuple[ForestRow, ForestRow]:
    average = ForestRow(
        kind="pooled",
        label="Average centre",
        setting=figure.population,
        directness=figure.directness,
        n=figure.patients,
        estimate=figure.estimate,
        low=figure.low,
        high=figure.high,
        borrowed_share=figure.borrowed_share,
        note=note,
    )
    new = ForestRow(
        kind="new centre",
        label="Range for a new centre",
        setting=figure.population,
        directness=figure.directness,
        n=figure.patients,
        estimate=None,
        low=figure.new_low,
        high=figure.new_high,
        borrowed_share=figure.borrowed_share,
    )
    return average, new


def listed_rows(evidence: StrategyEvidence) -> list[ListedRow]:
    """Every arm of `evidence` that was read, most direct first; a figure that was not read is None.
    Raises nothing.

    >>> from rearm.evidence import evidence_for
    >>> gprc5d = evidence_for("bispecific-gprc5d")
    >>> from rearm.evidence import listed_rows
    >>> len(listed_rows(gprc5d)) == len(gprc5d.listed)
    True
    """
    return [_listed_row(row) for row in evidence.listed]


def _listed_row(row: ListedFigure) -> ListedRow:
    return ListedRow(
        arm=row.arm.id,
        study=row.arm.study,
        citation=row.citation,
        url=row.url,
        weak=row.weak,
        population=row.population,
        directness=row.directness,
        figure=row.figure,
        n=row.arm.n_treated,
        response=share_words(row.response),
        complete_response=share_words(row.arm.complete_response),
        pfs=months_words(row.pfs),
        dor=months_words(row.arm.dor),
        os=months_words(row.os),
        crs=share_words(row.arm.crs),
        icans=share_words(row.arm.icans),
        severe_infection=share_words(row.arm.infection_grade3),
        pooled=", ".join(row.pooled) or None,
        not_pooled=None if row.not_pooled is None else not_pooled_words(row.not_pooled),
        findings="; ".join(row.arm.findings) or None,
        caveats=_joined(*row.arm.caveats, row.arm.overlap_note),
    )


def overview_rows(evidence: StrategyEvidence, words: Words | None = None) -> list[OverviewRow]:
    """One row a measure for the overview of all strategies; no figure, no row.

    `words`: the names of the measures, by default the bundled ones. `evidence`: what `evidence_for`
    gives. A number that is unknown is None. Raises nothing.

    >>> from rearm.evidence import evidence_for
    >>> gprc5d = evidence_for("bispecific-gprc5d")
    >>> from rearm.evidence import overview_rows
    >>> overview_rows(gprc5d)[0].measure
    'response'
    """
    measures = (words or bundled().words).measures
    note = evidence.note
    rows = [
        OverviewRow(
            strategy=evidence.strategy,
            measure=figure.measure,
            name=measures[figure.measure].row,
            unit=figure.unit,
            estimate=figure.estimate,
            low=figure.low,
            high=figure.high,
            new_low=figure.new_low,
            new_high=figure.new_high,
            population=figure.population,
            directness=figure.directness,
            arms=len(figure.arms),
            patients=figure.patients,
            borrowed_share=figure.borrowed_share,
            unborrowed=figure.unborrowed,
            studies=", ".join(figure.studies),
            note=note,
        )
        for figure in evidence.expected
    ]
    return sorted(rows, key=lambda row: MEASURES.index(row.measure))


def _joined(*remarks: str | None) -> str | None:
    return "; ".join(remark.rstrip(".") for remark in remarks if remark) or None
