"""The evidence for one option: pooled outcomes, how direct they are, and every figure that was read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from rearm.evidence.pool import MEASURES, Measure, Pooled, _Data, pool
from rearm.evidence.select import ORDER, arms_for, choose
from rearm.knowledge.studies import Arm, Directness, Months, Proportion, Study, load_studies

__all__ = ["Expected", "ListedFigure", "Outcome", "StrategyEvidence", "evidence_for"]


@dataclass(frozen=True, slots=True)
class Expected:
    """One row of an option's `expected`: a figure with its population. Proportions run from 0 to 1, PFS is in months."""

    measure: Measure
    estimate: float
    low: float
    high: float
    unit: Literal["proportion", "months"]
    population: str
    directness: Directness
    arms: int
    patients: int
    studies: tuple[str, ...]
    new_low: float
    new_high: float
    borrowed_share: float


@dataclass(frozen=True, slots=True)
class ListedFigure:
    """One arm as read, with what became of it: pooled, or in words why not. Percentages run from 0 to 100, times are in months."""

    arm: Arm
    citation: str
    url: str
    weak: bool
    directness: Directness
    population: str
    figure: str
    response: Proportion | None
    pfs: Months | None
    os: Months | None
    pooled: tuple[Measure, ...]
    not_pooled: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """One measure. `pooled` is the figure after CAR-T and exists only with a direct arm; `background` that of the nearest other setting."""

    measure: Measure
    pooled: Pooled | None
    background: Pooled | None


@dataclass(frozen=True, slots=True)
class StrategyEvidence:
    """What was read for a strategy, or for the part of it that fits an option's targets and agents.

    `directness` is that of the most direct arm with a result. `response`, `pfs`, `severe_infection`, `crs` are figures after CAR-T,
    None without a direct arm that can be pooled. `listed` holds every arm, overall survival included, which is never pooled.
    """

    strategy: str
    targets: frozenset[str] | None
    agents: frozenset[str] | None
    directness: Directness
    outcomes: dict[Measure, Outcome]
    by_setting: dict[str, Pooled]
    listed: tuple[ListedFigure, ...]
    arms_used: tuple[str, ...]
    arms_shown: tuple[str, ...]
    note: str

    @property
    def response(self) -> Pooled | None:
        return self.outcomes["response"].pooled

    @property
    def pfs(self) -> Pooled | None:
        return self.outcomes["pfs"].pooled

    @property
    def severe_infection(self) -> Pooled | None:
        return self.outcomes["severe_infection"].pooled

    @property
    def crs(self) -> Pooled | None:
        return self.outcomes["crs"].pooled

    @property
    def os(self) -> tuple[ListedFigure, ...]:
        """Arms with an overall survival, as printed."""
        return tuple(row for row in self.listed if row.os is not None)

    @property
    def expected(self) -> tuple[Expected, ...]:
        """Rows for the result object: per measure the figure after CAR-T where there is one, else the background with its own label."""
        rows = []
        for measure in MEASURES:
            outcome = self.outcomes[measure]
            if figure := outcome.pooled or outcome.background:
                rows.append(
                    Expected(
                        measure,
                        figure.estimate,
                        figure.low,
                        figure.high,
                        figure.unit,
                        figure.population,
                        figure.directness,
                        len(figure.arms),
                        figure.patients,
                        figure.studies,
                        figure.new_low,
                        figure.new_high,
                        figure.borrowed_share,
                    )  # fmt: skip
                )
        return tuple(rows)


def _tiers(rows: Sequence[_Data]) -> dict[Directness, list[_Data]]:
    tiers: dict[Directness, list[_Data]] = {"direct": [], "near": [], "indirect only": []}
    for row in rows:
        tiers[row.arm.directness].append(row)
    return tiers


def _outcome(rows: Sequence[_Data], measure: Measure) -> Outcome:
    tiers = _tiers(rows)
    pooled = pool(tiers["direct"], measure, "direct", [*tiers["near"], *tiers["indirect only"]])
    background = pool(tiers["near"], measure, "near") or pool(tiers["indirect only"], measure, "indirect only")
    return Outcome(measure, pooled, background)


def _by_setting(rows: Sequence[_Data]) -> dict[str, Pooled]:
    """Response per single setting of direct or near patients, nothing borrowed: what comparisons may use."""
    settings = sorted({row.arm.setting for row in rows if row.arm.directness in ("direct", "near")})
    return {
        setting: figure
        for setting in settings
        if (figure := pool(same := [row for row in rows if row.arm.setting == setting], "response", same[0].arm.directness))
    }


def _directness(arms: Sequence[Arm], strategy: str, agents: frozenset[str] | None, designs: dict[str, str]) -> Directness:
    """That of the most direct arm with a result. Case reports, mixtures of classes and unnamed agents do not count for an option."""
    levels = [
        arm.directness
        for arm in arms
        if arm.strategy == strategy and arm.has_outcome and designs[arm.study] != "case-report" and (arm.agents or not agents)
    ]
    return min(levels, key=ORDER.__getitem__, default="none read" if not arms else "indirect only")


def _note(directness: Directness, outcomes: dict[Measure, Outcome], listed: Sequence[ListedFigure]) -> str:
    response = outcomes["response"]
    if directness == "none read":
        return "No evidence read."
    if directness == "direct" and response.pooled is None:
        kinds = sorted({row.not_pooled for row in listed if row.directness == "direct" and row.response and row.not_pooled})
        why = f" ({'; '.join(kinds)})" if kinds else ""
        return f"Results after CAR-T were read, but none that can be pooled{why}; they are listed."
    if response.pooled is not None:
        figure = response.pooled
        borrowed = f" {figure.borrowed_share:.0%} of the information is borrowed from less direct settings." if figure.borrowed_arms else ""
        one = " One arm only: the spread between centres is assumed, not seen." if len(figure.arms) == 1 else ""
        return f"Unadjusted, from {len(figure.arms)} arms and {figure.patients} patients after CAR-T.{borrowed}{one}"
    if directness == "near":
        return "No result after CAR-T alone: the figures are from people with earlier BCMA therapy or T-cell redirection of any kind."
    return "Indirect only: no result after CAR-T was read, and no figure after CAR-T is given."


def evidence_for(
    strategy: str,
    *,
    targets: frozenset[str] | None = None,
    agents: frozenset[str] | None = None,
    studies: Sequence[Study] | None = None,
) -> StrategyEvidence:
    """Evidence for a strategy; with `targets` and `agents` only arms that fit that option (None or empty: all).

    `studies`: the bundled ones by default. The answer is cached. An unknown strategy has no arms: directness "none read".
    """
    return _evidence(strategy, targets or None, agents or None, None if studies is None else tuple(studies))


@lru_cache(maxsize=256)
def _evidence(
    strategy: str, targets: frozenset[str] | None, agents: frozenset[str] | None, studies: tuple[Study, ...] | None
) -> StrategyEvidence:
    studies = load_studies() if studies is None else studies
    by_id = {study.id: study for study in studies}
    designs: dict[str, str] = {study.id: study.design for study in studies}
    arms = arms_for(strategy, studies, targets, agents)
    outcomes: dict[Measure, Outcome] = {}
    used: dict[str, list[Measure]] = {}
    reasons: dict[str, str] = {}
    by_setting: dict[str, Pooled] = {}
    for measure in MEASURES:
        rows, why = choose(arms, strategy, measure, agents, designs)
        outcomes[measure] = outcome = _outcome(rows, measure)
        if measure == "response":
            reasons, by_setting = why, _by_setting(rows)
        for figure in (outcome.pooled, outcome.background):
            for row in figure.arms if figure else ():
                if measure not in used.setdefault(row.arm.id, []):
                    used[row.arm.id].append(measure)
    order = sorted(arms, key=lambda arm: (ORDER[arm.directness], arm.id))
    listed = tuple(
        ListedFigure(
            arm,
            str(by_id[arm.study].citation),
            arm.url,
            arm.weak,
            arm.directness,
            f"{arm.population} ({arm.setting_words})",
            arm.figure,
            arm.response,
            arm.pfs,
            arm.os,
            tuple(used.get(arm.id, ())),
            reasons.get(arm.id),
        )  # fmt: skip
        for arm in order
    )
    directness = _directness(arms, strategy, agents, designs)
    return StrategyEvidence(
        strategy, targets, agents, directness, outcomes, by_setting, listed, tuple(sorted(used)), tuple(arm.id for arm in order),
        _note(directness, outcomes, listed),
    )  # fmt: skip
