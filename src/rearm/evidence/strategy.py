"""The evidence for one option: pooled outcomes, how direct they are, and every figure that was
read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rearm.evidence.pool import MEASURES, NOT_REACHED, ArmData, Measure, Pooled, pool
from rearm.evidence.select import ORDER, arms_for, choose, own
from rearm.knowledge.studies import Arm, Directness, Months, Proportion, Study, load_studies

__all__ = ["ListedFigure", "Outcome", "StrategyEvidence", "evidence_for", "remarks"]


@dataclass(frozen=True, slots=True)
class ListedFigure:
    """One arm as read, with what became of it. Percentages run from 0 to 100, times are in months.

    `pooled`: the measures in whose figure it stands. `not_pooled`: in words why its response does
    not, None where it does.
    """

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
    """One measure. `pooled` is the figure after CAR-T and exists only with a direct arm;
    `background` that of the nearest other setting.

    `not_reached`: arms that would stand in the figure shown, had their median been reached. They
    are the better ones, so that the median of the others leans low. Without a figure: all such
    arms.
    """

    measure: Measure
    pooled: Pooled | None
    background: Pooled | None
    not_reached: tuple[str, ...] = ()

    @property
    def shown(self) -> Pooled | None:
        """The figure that is given for the option: after CAR-T where there is one, else that of the
        nearest other setting.
        """
        return self.pooled or self.background


@dataclass(frozen=True, slots=True)
class StrategyEvidence:
    """What was read for a strategy, or for the part of it that fits an option's targets and agents.

    `directness` is that of the most direct arm with a result. `response`, `pfs`,
    `severe_infection`, `crs` are figures after CAR-T, None without a direct arm that can be pooled.
    `listed` holds every arm, overall survival included, which is never pooled.
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
    def expected(self) -> tuple[Pooled, ...]:
        """Per measure the figure that is given for the option; a measure without one is left out."""
        figures = (self.outcomes[measure].shown for measure in MEASURES)
        return tuple(figure for figure in figures if figure is not None)


def _tiers(rows: Sequence[ArmData]) -> dict[Directness, list[ArmData]]:
    tiers: dict[Directness, list[ArmData]] = {"direct": [], "near": [], "indirect only": []}
    for row in rows:
        tiers[row.arm.directness].append(row)
    return tiers


def _outcome(
    arms: Sequence[Arm], rows: Sequence[ArmData], reasons: Mapping[str, str], measure: Measure
) -> Outcome:
    tiers = _tiers(rows)
    pooled = pool(tiers["direct"], measure, "direct", [*tiers["near"], *tiers["indirect only"]])
    background = pool(tiers["near"], measure, "near") or pool(
        tiers["indirect only"], measure, "indirect only"
    )
    shown = pooled or background
    taken = {group for row in shown.arms for group in row.arm.overlap} if shown else set()
    not_reached = tuple(
        arm.id
        for arm in arms
        if reasons.get(arm.id, "").startswith(NOT_REACHED)
        and (shown is None or (arm.directness == shown.directness and not arm.overlap & taken))
    )
    return Outcome(measure, pooled, background, not_reached)


def _by_setting(rows: Sequence[ArmData]) -> dict[str, Pooled]:
    """Response per single setting of direct or near patients, nothing borrowed: what comparisons
    may use.
    """
    settings = sorted({row.arm.setting for row in rows if row.arm.directness in ("direct", "near")})
    return {
        setting: figure
        for setting in settings
        if (
            figure := pool(
                same := [row for row in rows if row.arm.setting == setting],
                "response",
                same[0].arm.directness,
            )
        )
    }


def _directness(
    arms: Sequence[Arm], strategy: str, agents: frozenset[str] | None, studies: Mapping[str, Study]
) -> Directness:
    """That of the most direct arm with a result. Case reports, mixtures of classes, unnamed and
    further agents do not count.
    """
    levels = [
        arm.directness
        for arm in arms
        if arm.strategy == strategy
        and arm.has_outcome
        and studies[arm.study].design != "case-report"
        and own(arm, agents)
    ]
    return min(levels, key=ORDER.__getitem__, default="none read")


def borrowing_words(figure: Pooled) -> str:
    """What less direct settings added to a figure, with the figure that stands without them."""
    if figure.refused:
        return "Nothing is borrowed: less direct results do not bear it out"
    scale, unit, digits = (100, "%", 0) if figure.unit == "proportion" else (1, "months", 1)
    estimate, low, high = (f"{scale * value:.{digits}f}" for value in figure.unborrowed)
    share = (
        f"{100 * figure.borrowed_share:.0f} % of the information is borrowed from"
        f" {len(figure.borrowed_arms)} less direct arms"
    )
    return f"{share}; without them {estimate} {unit} ({low} to {high})"


def _arms_words(count: int) -> str:
    return f"{count} arm{'s' if count > 1 else ''}"


def _weak_words(figure: Pooled) -> str | None:
    """How many arms of a figure were read from a weak source (meeting abstract, company, news,
    second hand); None for none.
    """
    weak, arms = sum(row.arm.weak for row in figure.arms), len(figure.arms)
    if not weak:
        return None
    if weak == arms:
        return (
            "read from a weak source only"
            if arms == 1
            else f"{'both' if arms == 2 else f'all {arms}'} arms read from weak sources"
        )
    return f"{weak} of {arms} arms read from a weak source"


def _left_out_words(outcome: Outcome) -> str | None:
    if not outcome.not_reached or outcome.shown is None:
        return None
    return (
        f"leaves out {_arms_words(len(outcome.not_reached))} in which it was not reached, and so"
        " leans low"
    )


def remarks(outcome: Outcome, figure: Pooled) -> str | None:
    """What must be known beside a pooled figure: what was borrowed, what it leaves out, how weak
    its sources are. None for nothing.
    """
    parts = [
        borrowing_words(figure) if figure.borrowed_arms or figure.refused else None,
        _left_out_words(outcome) if figure is outcome.shown else None,
        _weak_words(figure),
    ]
    return "; ".join(part for part in parts if part) or None


def _note(
    strategy: str,
    directness: Directness,
    outcomes: Mapping[Measure, Outcome],
    listed: Sequence[ListedFigure],
) -> str:
    """What the page says in a few sentences beside the figures."""
    response, pfs = outcomes["response"], outcomes["pfs"]
    weak = (
        _weak_words(response.background)
        if response.pooled is None and response.background
        else None
    )
    return (
        _response_note(strategy, directness, response, listed)
        + (f" Response: {weak}." if weak else "")
        + _pfs_note(pfs)
    )


def _pfs_note(pfs: Outcome) -> str:
    if words := _left_out_words(pfs):
        return f" The median PFS {words}."
    return (
        f" Median PFS was not reached in {_arms_words(len(pfs.not_reached))}; no figure is given"
        " for it."
        if pfs.not_reached
        else ""
    )


def _response_note(
    strategy: str, directness: Directness, response: Outcome, listed: Sequence[ListedFigure]
) -> str:
    direct = [row for row in listed if row.directness == "direct" and row.not_pooled]
    own = [row for row in direct if row.arm.strategy == strategy]
    mixtures = (
        " Figures after CAR-T for mixtures that include it are listed."
        if len(direct) > len(own)
        else ""
    )
    if directness == "none read":
        return "No evidence read for it by itself." + mixtures if listed else "No evidence read."
    if (figure := response.pooled) is not None:
        words = remarks(response, figure)
        remark = f" {words[:1].upper()}{words[1:]}." if words else ""
        if len(figure.arms) == 1:
            spread = "how far centres differ is assumed, not seen"
            return (
                f"Unadjusted, from one arm of {figure.patients} patients after CAR-T:"
                f" {spread}.{remark}"
            )
        return (
            f"Unadjusted, from {len(figure.arms)} arms and {figure.patients} patients after"
            f" CAR-T.{remark}"
        )
    if directness == "direct":
        kinds = sorted({row.not_pooled for row in own if row.response and row.not_pooled})
        why = f" ({'; '.join(kinds)})" if kinds else ""
        return f"Results after CAR-T were read, but none that can be pooled{why}; they are listed."
    if directness == "near":
        return (
            "No result after CAR-T alone: the figures are from people with earlier BCMA therapy or"
            " T-cell redirection of any kind."
        )
    return (
        "Indirect only: no result after CAR-T was read, and no figure after CAR-T is given."
        + mixtures
    )


def evidence_for(
    strategy: str,
    *,
    targets: frozenset[str] | None = None,
    agents: frozenset[str] | None = None,
    studies: Sequence[Study] | None = None,
) -> StrategyEvidence:
    """Evidence for a strategy; with `targets` and `agents` what belongs to that option (None or
    empty: all).

    Pooled are arms of exactly these agents, steroids aside; arms with further ones are listed as
    "in combination".

    `studies`: the bundled ones by default. The answer is cached. An unknown strategy has no arms:
    directness "none read".
    """
    return _evidence(
        strategy, targets or None, agents or None, None if studies is None else tuple(studies)
    )


@lru_cache(maxsize=256)
def _evidence(
    strategy: str,
    targets: frozenset[str] | None,
    agents: frozenset[str] | None,
    studies: tuple[Study, ...] | None,
) -> StrategyEvidence:
    studies = load_studies() if studies is None else studies
    by_id = {study.id: study for study in studies}
    arms = arms_for(strategy, studies, targets, agents)
    outcomes: dict[Measure, Outcome] = {}
    used: dict[str, list[Measure]] = {}
    reasons: dict[str, str] = {}
    by_setting: dict[str, Pooled] = {}
    for measure in MEASURES:
        rows, why = choose(arms, strategy, measure, agents, by_id)
        outcomes[measure] = outcome = _outcome(arms, rows, why, measure)
        if measure == "response":
            by_setting = _by_setting(rows)
            lent = outcome.pooled.borrowed_arms if outcome.pooled else ()
            reasons = {
                row.arm.id: (
                    "lends strength" if row.arm.id in lent else "less direct than the figure given"
                )
                for row in rows
            } | why
        for figure in (outcome.pooled, outcome.background):
            for row in figure.arms if figure else ():
                if measure not in used.setdefault(row.arm.id, []):
                    used[row.arm.id].append(measure)
    order = sorted(arms, key=lambda arm: (ORDER[arm.directness], arm.id))
    listed = tuple(
        ListedFigure(
            arm=arm,
            citation=str(by_id[arm.study].citation),
            url=arm.url,
            weak=arm.weak,
            directness=arm.directness,
            population=f"{arm.population} ({arm.setting_words})",
            figure=arm.figure,
            response=arm.response,
            pfs=arm.pfs,
            os=arm.os,
            pooled=tuple(used.get(arm.id, ())),
            not_pooled=None if "response" in used.get(arm.id, ()) else reasons.get(arm.id),
        )
        for arm in order
    )
    directness = _directness(arms, strategy, agents, by_id)
    return StrategyEvidence(
        strategy=strategy,
        targets=targets,
        agents=agents,
        directness=directness,
        outcomes=outcomes,
        by_setting=by_setting,
        listed=listed,
        arms_used=tuple(sorted(used)),
        arms_shown=tuple(arm.id for arm in order),
        note=_note(strategy, directness, outcomes, listed),
    )
