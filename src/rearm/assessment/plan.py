"""A bundle made ready for assessment: every condition numbered once, and for each option and factor
the numbers of its conditions.

Rules of many options share a condition; it is evaluated once. Verdicts and grades are then
arithmetic on the array of answers, for one row or for all scenarios of all patients alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, TypeAlias, get_args

from rearm.assessment.citations import Citations
from rearm.assessment.evidence import OptionEvidence
from rearm.assessment.parameters import Parameters
from rearm.assessment.result import Effect, EvidenceResult, Figure
from rearm.knowledge.bundle import Knowledge
from rearm.knowledge.catalogue import Catalogue
from rearm.knowledge.rulesets import (
    ActionRule,
    ActionWording,
    AlertRule,
    AlertWording,
    Availability,
    Directness,
    Factor,
    Indicator,
    Option,
    Place,
    ReasonWording,
    Rule,
    Support,
    Tier,
    Workup,
)
from rearm.rules import Compiled, RuleCondition

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Indices = npt.NDArray[np.intp]

__all__ = [
    "TIERS",
    "ActionPlan",
    "AlertPlan",
    "FactorPlan",
    "OptionPlan",
    "PlacePlan",
    "Plan",
    "PlannedEvidence",
    "RulePlan",
    "StrategyPlan",
    "SupportPlan",
    "Wordings",
    "WorkupPlan",
    "in_effect",
]

# Rising; a tier's code is its place.
TIERS: tuple[Tier, ...] = get_args(Tier)


# what a reason says instead, with the number of the condition
Wordings: TypeAlias = tuple[tuple[ReasonWording, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RulePlan:
    """A rule of an option or an indicator of a factor.

    `number` is that of its condition. `key` is the id of its reason: rules that say the same of
    several options share it. `base` is the id of the rule as it stands in its file. `counts_if`:
    the answer with which it acts (a requirement acts where it is not met). `outdone_by`: conditions
    of rules beside it that say the same more exactly and at least as strongly; where one of them
    holds, this one adds nothing. `wordings`: with the numbers of their conditions.
    """

    rule: Rule | Indicator
    number: int
    key: str
    base: str
    effect: Effect
    counts_if: int
    stage: str | None = None
    weight: str | None = None
    timing: str | None = None
    until: str | None = None
    outdone_by: tuple[int, ...] = ()
    wordings: Wordings = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportPlan:
    """A line of supportive care with its id; lines that say the same share it."""

    id: str
    line: Support
    number: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionPlan:
    """One option; the arrays hold numbers of conditions."""

    option: Option
    evidence: OptionEvidence
    poor: bool
    evidence_key: str
    rules: tuple[RulePlan, ...]
    support: tuple[SupportPlan, ...]
    labels: tuple[tuple[Availability, int], ...]  # approvals with the condition of their population
    off_label: tuple[Availability, ...]  # where the drugs are marketed without a label for the use
    approval_needed: bool
    exclude: Indices
    require: Indices
    lasting_exclude: Indices  # those without `until`
    lasting_require: Indices
    choose_exclude: Indices
    choose_require: Indices
    discourage: Indices
    favour: Indices


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedEvidence:
    """The evidence of options that share it. `candidates`: the figures among which a patient's own
    sequence chooses; `targets`: of the options; `counted`: the directness of the most direct figure
    with a number of patients, which alone orders strategies.
    """

    result: EvidenceResult
    candidates: tuple[Figure, ...]
    targets: frozenset[str]
    counted: Directness


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacePlan:
    """A placement with the numbers of its conditions and the code of its tier; `caps`: no
    higher.
    """

    place: Place
    number: int
    tier: int
    caps: bool
    key: str
    wordings: Wordings


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyPlan:
    """A strategy with the positions of its options and its placements, the highest tier first."""

    strategy: str
    options: tuple[int, ...]
    places: tuple[PlacePlan, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorPlan:
    """One factor; supporting indicators from before the infusion stand apart, because they explain
    nothing.
    """

    factor: Factor
    indicators: tuple[RulePlan, ...]
    explains: int | None
    blocked: Indices  # conditions that bar "established" unless they are false
    decisive: Indices
    strong: Indices
    supports: Indices
    against_decisive: Indices
    against_strong: Indices
    against: Indices
    before: Indices


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertPlan:
    """An alert with the numbers of its condition and of those of its wordings."""

    alert: AlertRule
    number: int
    wordings: tuple[tuple[AlertWording, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionPlan:
    """An action with the numbers of its conditions and of those of its wordings."""

    action: ActionRule
    number: int
    unless: int | None
    open_when: int | None
    wordings: tuple[tuple[ActionWording, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkupPlan:
    workup: Workup
    mandatory: int | None
    settled: int | None
    only_where: int | None
    # what its mandatory condition reads, where it reads what the work-up supplies: then the work-up
    # confirms or settles something that is there
    settles: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionRules:
    """The rules of all options in one row: the option of each by its position, its condition, and
    the answer with which it acts.
    """

    rules: tuple[RulePlan, ...]
    options: tuple[int, ...]
    numbers: Indices
    counts_if: npt.NDArray[np.int8]

    @classmethod
    def of(cls, options: Sequence[OptionPlan]) -> OptionRules:
        import numpy as np

        rules = [(place, rule) for place, o in enumerate(options) for rule in o.rules]
        return cls(
            rules=tuple(rule for _, rule in rules),
            options=tuple(place for place, _ in rules),
            numbers=np.array([rule.number for _, rule in rules], dtype=np.intp),
            counts_if=np.array([rule.counts_if for _, rule in rules], dtype=np.int8),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that depends on the knowledge and not on a patient."""

    knowledge: Knowledge
    parameters: Parameters
    conditions: tuple[RuleCondition, ...]
    compiled: Compiled
    always: int  # number of the column that is true on every row
    columns: tuple[str, ...]  # findings that some condition reads
    read: frozenset[str]  # the same
    derived: tuple[str, ...]  # derived findings that some condition reads
    relevant: frozenset[str]  # findings that some condition rests on, directly or by derivation
    feeds: frozenset[str]  # findings that a derived one is computed from
    limits: Mapping[str, tuple[float, ...]]  # numbers that a finding is compared with, rising
    options: tuple[OptionPlan, ...]
    option_rules: OptionRules
    strategies: tuple[StrategyPlan, ...]
    trial_open: int | None  # number of the condition that a trial is named as open
    factors: tuple[FactorPlan, ...]
    workups: tuple[WorkupPlan, ...]
    alerts: tuple[AlertPlan, ...]
    actions: tuple[ActionPlan, ...]
    practice: Mapping[str, int]  # condition of a row of practicalities by the id of the row
    reviews: Mapping[str, int]  # condition of a rule of the next review by its id
    # results to try of a work-up's findings of which nothing is known, filled as they are needed
    free_outcomes: dict[tuple[str, tuple[str, ...]], list[Mapping[str, bool | float | int | str]]]
    evidence: Mapping[str, PlannedEvidence]  # by `OptionPlan.evidence_key`
    evidence_studies: tuple[str, ...]
    citations: Citations
    read_catalogue: Catalogue  # the findings that some condition rests on
    meanings: Mapping[str, str]  # of each finding, as the end of a sentence
    labels: Mapping[str, str]  # what is to be found out, as a noun phrase
    note_ids: Mapping[tuple[str, tuple[str, ...]], str]  # of remarks, by text and sources


def in_effect(row: Availability, region: str | None, day: date | None) -> bool:
    """Whether an approval counts: of the region (any, if None) and, where the date is known, in
    force on it.
    """
    return (region is None or row.region == region) and (
        day is None or (row.from_ <= day and (row.to is None or day <= row.to))
    )
