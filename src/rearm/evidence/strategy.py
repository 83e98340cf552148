"""The evidence for one option: pooled outcomes, how direct they are, every figure read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rearm.evidence.pool import MEASURES, ArmData, Measure, NotPooled, Pooled, pool
from rearm.evidence.select import ORDER, arms_for, choose, own, steroid_differs
from rearm.evidence.setting import SettingFigure, setting_figures
from rearm.evidence.words import note_words
from rearm.knowledge.studies import Arm, Directness, Figure, Months, Proportion, Study
from rearm.knowledge.study_files import load_studies

__all__ = ["ListedFigure", "Outcome", "StrategyEvidence", "evidence_for"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedFigure:
    """One arm as read, with what became of it. Percentages run from 0 to 100, times are in months.

    `pooled`: the measures in whose figure it stands. `not_pooled`: why its response does not, None
    where it does.

    >>> from rearm.evidence import evidence_for
    >>> gprc5d = evidence_for("bispecific-gprc5d")
    >>> all(figure.citation for figure in gprc5d.listed)
    True
    """

    arm: Arm  # as the study file has it
    citation: str  # of the study
    url: str  # of the study
    weak: bool  # read from a source that is weak
    directness: Directness  # in whom it was seen
    population: str  # as the study names it
    figure: Figure  # what kind of number the response is
    response: Proportion | None  # None: not read
    pfs: Months | None  # median; None: not read
    os: Months | None  # median; None: not read
    pooled: tuple[Measure, ...]
    not_pooled: NotPooled | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One measure.

    `pooled` is the figure after CAR-T and exists only with a direct arm; `background` that of the
    nearest other setting.

    `not_reached`: arms that would stand in the figure shown, had their median been reached. They
    are the better ones, so that the median of the others leans low. Without a figure: all such
    arms. None where there is no such figure.

    >>> from rearm.evidence import evidence_for
    >>> gprc5d = evidence_for("bispecific-gprc5d")
    >>> outcome = gprc5d.outcomes["response"]
    >>> outcome.pooled is gprc5d.response
    True
    """

    measure: Measure  # response, pfs, crs ...
    pooled: Pooled | None
    background: Pooled | None
    not_reached: tuple[str, ...] = ()

    @property
    def figure(self) -> Pooled | None:
        """The figure that is given for the option.

        After CAR-T where there is one, else that of the nearest other setting.
        """
        return self.pooled or self.background


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyEvidence:
    """What was read for a strategy, or for the part of it that fits an option's targets and agents.

    `directness` is that of the most direct arm with a result. `response`, `pfs`,
    `severe_infection`, `crs` are figures after CAR-T, None without a direct arm that can be pooled.
    `settings`: what a patient's own sequence chooses from. `counted`: the directness of the most
    direct figure with a number of patients, pivotal trials aside. `listed` holds every arm, overall
    survival included, which is never pooled.

    >>> from rearm.evidence import evidence_for
    >>> gprc5d = evidence_for("bispecific-gprc5d")
    >>> evidence_for("no-such-strategy").directness
    'none read'
    """

    strategy: str  # its id
    targets: frozenset[str] | None  # of the option; None: all
    agents: frozenset[str] | None  # of the option; None: all
    directness: Directness
    outcomes: dict[Measure, Outcome]  # by measure
    by_setting: dict[str, Pooled]  # the figure of each setting alone
    settings: tuple[SettingFigure, ...]
    listed: tuple[ListedFigure, ...]
    arms_used: tuple[str, ...]  # ids of the pooled arms
    arms_shown: tuple[str, ...]  # ids of all arms

    @property
    def note(self) -> str:
        """What a page says beside the figures, in a few sentences."""
        return note_words(self)

    @property
    def counted(self) -> Directness:
        levels = [
            figure.directness
            for figure in self.settings
            if figure.measure in ("response", "pfs")
            and figure.patients is not None
            and figure.nearness != "pivotal"
            and not figure.of_class
        ]
        return min(levels, key=ORDER.__getitem__, default="none read")

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
        """The figure that is given for the option, one a measure where there is one."""
        figures = (self.outcomes[measure].figure for measure in MEASURES)
        return tuple(figure for figure in figures if figure is not None)


def _tiers(rows: Sequence[ArmData]) -> dict[Directness, list[ArmData]]:
    tiers: dict[Directness, list[ArmData]] = {"direct": [], "near": [], "indirect only": []}
    for row in rows:
        tiers[row.arm.directness].append(row)
    return tiers


def _outcome(
    arms: Sequence[Arm], rows: Sequence[ArmData], reasons: Mapping[str, NotPooled], measure: Measure
) -> Outcome:
    tiers = _tiers(rows)
    pooled = pool(tiers["direct"], measure, "direct", [*tiers["near"], *tiers["indirect only"]])
    background = pool(tiers["near"], measure, "near") or pool(
        tiers["indirect only"], measure, "indirect only"
    )
    figure = pooled or background
    taken = {group for row in figure.arms for group in row.arm.overlap} if figure else set()
    not_reached = tuple(
        arm.id
        for arm in arms
        if arm.id in reasons
        and reasons[arm.id].code == "not_reached"
        and (figure is None or (arm.directness == figure.directness and not arm.overlap & taken))
    )
    return Outcome(measure=measure, pooled=pooled, background=background, not_reached=not_reached)


def _by_setting(rows: Sequence[ArmData]) -> dict[str, Pooled]:
    """Response per single setting of direct or near patients, nothing borrowed.

    It is what comparisons may use.
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
    """The directness of the most direct arm with a result.

    Case reports, mixtures of classes, unnamed and further agents do not count.
    """
    levels = [
        arm.directness
        for arm in arms
        if arm.strategy == strategy
        and arm.has_outcome
        and studies[arm.study].design != "case-report"
        and own(arm, agents)
        and not steroid_differs(agents or frozenset(), arm)
    ]
    return min(levels, key=ORDER.__getitem__, default="none read")


def evidence_for(
    strategy: str,
    *,
    targets: frozenset[str] | None = None,
    agents: frozenset[str] | None = None,
    studies: Sequence[Study] | None = None,
) -> StrategyEvidence:
    """The evidence for a strategy, or for the part of it that an option takes.

    `targets` and `agents` are the option's (None or empty: all). Pooled are arms of exactly these
    agents, steroids aside; arms with further ones are listed as "in combination". `studies`: the
    bundled ones by default. The answer is cached. An unknown strategy has no arms: directness "none
    read". `strategy`: its id. What was not read is None. Raises nothing.

    >>> from rearm.evidence import evidence_for
    >>> gprc5d = evidence_for("bispecific-gprc5d")
    >>> gprc5d.directness, 0 < gprc5d.response.low < gprc5d.response.estimate < 1
    ('direct', True)
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
    chosen = {measure: choose(arms, strategy, measure, agents, by_id) for measure in MEASURES}
    outcomes = {
        measure: _outcome(arms, rows, reasons, measure)
        for measure, (rows, reasons) in chosen.items()
    }
    rows, reasons = chosen["response"]
    used = _used(outcomes)
    order = sorted(arms, key=lambda arm: (ORDER[arm.directness], arm.id))
    why = _beside(rows, outcomes["response"]) | reasons
    return StrategyEvidence(
        strategy=strategy,
        targets=targets,
        agents=agents,
        directness=_directness(arms, strategy, agents, by_id),
        outcomes=outcomes,
        by_setting=_by_setting(rows),
        settings=setting_figures(
            arms,
            strategy,
            agents,
            by_id,
            {measure: outcome.pooled for measure, outcome in outcomes.items()},
        ),
        listed=tuple(
            _listed(arm, by_id[arm.study], used.get(arm.id, ()), why.get(arm.id)) for arm in order
        ),
        arms_used=tuple(sorted(used)),
        arms_shown=tuple(arm.id for arm in order),
    )


def _used(outcomes: Mapping[Measure, Outcome]) -> dict[str, tuple[Measure, ...]]:
    """The measures in whose figures each arm stands."""
    used: dict[str, tuple[Measure, ...]] = {}
    for measure, outcome in outcomes.items():
        for figure in (outcome.pooled, outcome.background):
            for row in figure.arms if figure else ():
                earlier = used.get(row.arm.id, ())
                if measure not in earlier:
                    used[row.arm.id] = (*earlier, measure)
    return used


def _beside(rows: Sequence[ArmData], response: Outcome) -> dict[str, NotPooled]:
    """What arms that could be pooled do where they do not stand in the figure of the response."""
    lent = response.pooled.borrowed_arms if response.pooled else ()
    return {row.arm.id: NotPooled("lends" if row.arm.id in lent else "less_direct") for row in rows}


def _listed(
    arm: Arm, study: Study, pooled: tuple[Measure, ...], why: NotPooled | None
) -> ListedFigure:
    return ListedFigure(
        arm=arm,
        citation=str(study.citation),
        url=arm.url,
        weak=arm.weak,
        directness=arm.directness,
        population=f"{arm.population} ({arm.setting_words})",
        figure=arm.figure,
        response=arm.response,
        pfs=arm.pfs,
        os=arm.os,
        pooled=pooled,
        not_pooled=None if "response" in pooled else why,
    )
