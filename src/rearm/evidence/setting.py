"""Figures by the setting in which they were seen, so that a patient's own sequence and disease can
choose among them.

A setting is what the patients of an arm had had before. Each has at most one figure a measure for
all its patients, and one for those with extramedullary disease. Several arms are pooled, after
CAR-T with what less direct settings lend. One arm is shown as counted or as printed, so that a
reader finds the paper's own number; how far centres differ stands in the pooled evidence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rearm.evidence.pool import (
    MEASURES,
    ArmData,
    Measure,
    NotPooled,
    Pooled,
    pool,
)
from rearm.evidence.select import barred, choose
from rearm.knowledge.studies import (
    Arm,
    Directness,
    Disease,
    Months,
    Nearness,
    Proportion,
    Setting,
    Study,
)

__all__ = ["SettingFigure", "nearness_of", "setting_figures"]


_OF_SETTING: Mapping[Setting, Nearness] = {
    "post-bcma-cart": "after_cart",
    "post-gprc5d-cart": "after_cart",
    "post-bispecific": "after_bispecific",
    "post-tcell-redirecting-any": "after_t_cell_redirection",
    "post-bcma-any": "after_bcma_therapy",
    "bcma-therapy-allowed": "cart_not_separated",
    "mixed": "not_after_cart",
    "triple-class-refractory": "not_after_cart",
    "penta-refractory": "not_after_cart",
    "tcell-redirecting-naive": "not_after_cart",
}

_OF_RESPONSE: tuple[Measure, ...] = ("response", "pfs")

# Reasons for which an arm may not be pooled, though it says something of this therapy by itself.
_SHOWN_ALONE = frozenset(
    (
        "no_counts",
        "median_without_weight",
        "subset",
        "per_line",
        "meta_analysis",
        "shares_patients",
    )
)
# Reasons for which an arm after CAR-T is not this therapy's own, though it is of its class.
_OF_THE_CLASS = frozenset(("agents_not_separated", "other_use"))


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingFigure:
    """One measure in one setting. Proportions run from 0 to 1, PFS is in months.

    `low` and `high`: 95 % limits, None where none is printed and none can be counted. `patients`:
    None where the number assessed was not read. `most_patients`: where it is one of several, the
    largest of them. `pooled`: the model behind it, None for a single arm as read. `of_class`: of an
    arm in which this therapy is not separated from others of its class.

    >>> from rearm.evidence import evidence_for
    >>> gprc5d = evidence_for("bispecific-gprc5d")
    >>> [figure.measure for figure in gprc5d.settings][:1]
    ['response']
    """

    measure: Measure  # response, pfs, crs ...
    nearness: Nearness  # of the setting to a patient after CAR-T
    disease: Disease | None  # of the patients, where all had it; None: any
    estimate: float  # as `measure` says
    low: float | None
    high: float | None
    patients: int | None
    most_patients: int | None
    events: int | None  # number counted; None: not printed
    arms: tuple[Arm, ...]  # that it rests on
    pooled: Pooled | None = None
    of_class: bool = False

    @property
    def directness(self) -> Directness:
        return self.arms[0].directness

    @property
    def population(self) -> str:
        return "; ".join(sorted({arm.setting_words for arm in self.arms}))

    @property
    def studies(self) -> tuple[str, ...]:
        return tuple(sorted({arm.study for arm in self.arms}))

    @property
    def after_targets(self) -> tuple[str, ...]:
        """What the earlier bispecific of all its arms was mostly against; empty where not told."""
        told = [arm.after_targets for arm in self.arms]
        return tuple(sorted(frozenset().union(*told))) if all(told) else ()

    @property
    def weak(self) -> bool:
        """Whether all of it was read from weak sources."""
        return all(arm.weak for arm in self.arms)


def nearness_of(arm: Arm) -> Nearness:
    """In which setting the figures of an arm were seen."""
    return "pivotal" if arm.figure == "pivotal" else _OF_SETTING[arm.setting]


def setting_figures(
    arms: Sequence[Arm],
    strategy: str,
    agents: frozenset[str] | None,
    studies: Mapping[str, Study],
    pooled: Mapping[Measure, Pooled | None],
) -> tuple[SettingFigure, ...]:
    """Every figure of these arms by setting, measure and disease, in a fixed order.

    `pooled`: the figures after CAR-T, with what less direct settings lend to them.
    """
    found: list[SettingFigure | None] = []
    fitting = [arm for arm in arms if barred(arm, strategy, agents, studies[arm.study]) is None]
    for measure in MEASURES:
        for nearness in dict.fromkeys(map(nearness_of, fitting)):
            group = [arm for arm in fitting if nearness_of(arm) == nearness]
            whole = [arm for arm in group if arm.disease is None or arm.figure == "patient-level"]
            part = [arm for arm in group if arm.disease == "extramedullary"]
            direct = pooled[measure] if nearness == "after_cart" else None
            found.append(
                _figure(whole, strategy, measure, agents, studies)
                if direct is None or len(direct.arms) == 1
                else _of_pool(direct, nearness)
            )
            if part != whole:
                found.append(_figure(part, strategy, measure, agents, studies))
    own = [figure for figure in found if figure is not None]
    benefits = [figure for figure in own if figure.measure in _OF_RESPONSE]
    if not benefits or any(figure.nearness != "pivotal" for figure in benefits):
        return tuple(own)
    return (*own, *_class_figures(arms, strategy, agents, studies))


def _class_figures(
    arms: Sequence[Arm],
    strategy: str,
    agents: frozenset[str] | None,
    studies: Mapping[str, Study],
) -> Iterator[SettingFigure]:
    """Response and PFS after CAR-T of arms that do not separate this therapy from others of its
    class: nearer than a trial from before CAR-T, and never pooled. An arm of several classes
    counts only with its number of patients.
    """
    if not agents:
        return
    after_cart = [
        arm
        for arm in arms
        if nearness_of(arm) == "after_cart"
        and not arm.agents
        and arm.disease is None
        and (reason := barred(arm, strategy, agents, studies[arm.study])) is not None
        and reason.code in _OF_THE_CLASS
    ]
    for measure in _OF_RESPONSE:
        read = [x for arm in after_cart if (x := _of_arm(arm, measure)) is not None]
        read = [x for x in read if x.patients is not None or x.arms[0].strategy == strategy]
        read.sort(key=_order_alone)
        yield from (replace(figure, of_class=True) for figure in read[:1])


def _order_alone(figure: SettingFigure) -> tuple[bool, int, float, str]:
    """The largest first; where no number was read the one that claims less."""
    number = figure.patients
    return number is None, -(number or 0), figure.estimate, figure.arms[0].id


def _figure(
    arms: Sequence[Arm],
    strategy: str,
    measure: Measure,
    agents: frozenset[str] | None,
    studies: Mapping[str, Study],
) -> SettingFigure | None:
    """The figure of arms of one setting; None where none of them has the measure."""
    if not arms:
        return None
    nearness = nearness_of(arms[0])
    rows, reasons = choose(arms, strategy, measure, agents, studies)
    by_a_model = len(rows) == 1 and _of_arm(rows[0].arm, measure) is None
    if len(rows) > 1 or by_a_model:  # a median that only landmarks give
        pooled = pool(rows, measure, rows[0].arm.directness)
        return None if pooled is None else _of_pool(pooled, nearness)
    readable = (
        [row.arm for row in rows]
        if rows
        else [arm for arm in arms if _may_stand_alone(arm, reasons.get(arm.id))]
    )
    alone = [figure for arm in readable if (figure := _of_arm(arm, measure)) is not None]
    if nearness == "pivotal":
        # The latest trial stands: what its patients had before is most like today's.
        alone.sort(key=lambda x: (-(studies[x.arms[0].study].citation.year or 0), x.estimate))
    else:
        alone.sort(key=_order_alone)
    return alone[0] if alone else None


def _may_stand_alone(arm: Arm, reason: NotPooled | None) -> bool:
    return arm.figure == "pivotal" or (reason is not None and reason.code in _SHOWN_ALONE)


def _of_pool(figure: Pooled, nearness: Nearness) -> SettingFigure:
    arms = tuple(row.arm for row in figure.arms)
    diseases = {arm.disease for arm in arms}
    single = figure.arms[0] if len(figure.arms) == 1 else None
    return SettingFigure(
        measure=figure.measure,
        nearness=nearness,
        disease=diseases.pop() if len(diseases) == 1 else None,
        estimate=figure.estimate,
        low=figure.low,
        high=figure.high,
        patients=figure.patients or None,
        most_patients=_most_patients(arms, figure.measure),
        events=None if single is None else single.events,
        arms=arms,
        pooled=figure,
    )


def _most_patients(arms: Sequence[Arm], measure: Measure) -> int | None:
    """The largest number of patients that may have been assessed, where the fewest are counted."""
    shares = [_share_of(arm, measure) for arm in arms]
    if not any(share and share.evaluable for share in shares):
        return None
    return sum(max(share.evaluable, default=share.n or 0) for share in shares if share)


def _share_of(arm: Arm, measure: Measure) -> Proportion | None:
    match measure:
        case "response":
            return arm.response
        case "severe_infection":
            return arm.infection_grade3
        case "crs":
            return arm.crs
        case "pfs":
            return None


def _of_arm(arm: Arm, measure: Measure) -> SettingFigure | None:
    """One arm as counted, else as printed."""
    if measure == "pfs":
        return _of_months(arm, arm.pfs)
    share = _share_of(arm, measure)
    if share is None or arm.figure == "ever":
        return None
    estimate, (low, high) = share.percent / 100, _printed(share)
    counted = share.events is not None and bool(share.n)
    if counted:
        data = ArmData(arm=arm, patients=share.n, events=share.events)
        estimate, (low, high) = data.raw, data.interval
    return SettingFigure(
        measure=measure,
        nearness=nearness_of(arm),
        disease=arm.disease,
        estimate=estimate,
        low=low,
        high=high,
        patients=share.n if _assessed(arm, share) else None,
        most_patients=_most_patients((arm,), measure),
        events=share.events,
        arms=(arm,),
    )


def _assessed(arm: Arm, share: Proportion) -> bool:
    """Whether the number of patients is that in which the share was seen."""
    return share.events is not None or arm.figure in ("pivotal", "meta-analysis")


def _printed(share: Proportion) -> tuple[float | None, float | None]:
    if share.low is None or share.high is None or share.level != 0.95:
        return None, None
    return share.low / 100, share.high / 100


def _of_months(arm: Arm, value: Months | None) -> SettingFigure | None:
    """A median as printed; a landmark alone gives none."""
    if value is None or value.median is None:
        return None
    whole = value.level == 0.95 and value.low is not None and value.high is not None
    return SettingFigure(
        measure="pfs",
        nearness=nearness_of(arm),
        disease=arm.disease,
        estimate=value.median,
        low=value.low if whole else None,
        high=value.high if whole else None,
        patients=arm.n_treated if arm.response is None else arm.n_treated or arm.response.n,
        most_patients=None,
        events=None,
        arms=(arm,),
    )
