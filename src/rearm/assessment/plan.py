"""A bundle made ready for assessment: every condition numbered once, and for each option and factor
the numbers of its conditions.

Rules of many options share a condition; it is evaluated once. Verdicts and grades are then
arithmetic on the array of answers, for one row or for all scenarios of all patients alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from rearm.assessment.evidence import OptionEvidence, evidence_of
from rearm.assessment.parameters import PARAMETERS, Parameters
from rearm.knowledge.bundle import Knowledge
from rearm.knowledge.rulesets import (
    AlertRule,
    Availability,
    Factor,
    Indicator,
    Option,
    Rule,
    Support,
    Workup,
)
from rearm.rules import Compiled, RuleCondition, conditions_of
from rearm.rules.tree import BooleanFinding

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Indices = npt.NDArray[np.intp]

__all__ = ["FactorPlan", "OptionPlan", "Plan", "WorkupPlan", "in_effect", "plan_of"]

# Where another agent against the target may have been given between failure and sample, the sample
# does not speak of the CAR-T alone, and nothing is established by it (DESIGN 5). By the finding
# that a factor's `explains` reads.
_BLOCKS_ESTABLISHED = {
    "car_target_bcma": "bcma_agent_between_failure_and_sample",
    "car_target_gprc5d": "gprc5d_agent_between_failure_and_sample",
}
_NO_APPROVAL_NEEDED = {"procedure", "watch", "supportive"}  # tags of options
_NO_DRUG = {"observe", "supportive"}  # roles


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionPlan:
    """One option; the arrays hold numbers of conditions."""

    option: Option
    evidence: OptionEvidence
    poor: bool
    rules: tuple[tuple[Rule, int], ...]
    support: tuple[tuple[Support, int | None], ...]
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
class FactorPlan:
    """One factor; supporting indicators from before the infusion stand apart, because they explain
    nothing.
    """

    factor: Factor
    indicators: tuple[tuple[Indicator, int], ...]
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
class WorkupPlan:
    workup: Workup
    mandatory: int | None
    settled: int | None
    only_where: int | None
    # its mandatory condition reads what it supplies: it confirms or settles something that is there
    about_itself: bool


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
    factors: tuple[FactorPlan, ...]
    workups: tuple[WorkupPlan, ...]
    alerts: tuple[tuple[AlertRule, int], ...]
    regions: tuple[str, ...]


_PLANS: dict[tuple[str, Parameters], Plan] = {}


def plan_of(knowledge: Knowledge, parameters: Parameters = PARAMETERS) -> Plan:
    """The plan of a bundle, made once for its hash."""
    key = (knowledge.hash, parameters)
    if key not in _PLANS:
        _PLANS[key] = _Planner(knowledge, parameters).plan()
    return _PLANS[key]


class _Planner:
    def __init__(self, knowledge: Knowledge, parameters: Parameters) -> None:
        self.knowledge, self.parameters = knowledge, parameters
        self.read = conditions_of(knowledge)
        self.numbers: dict[str, int] = {}
        self.conditions: list[RuleCondition] = []

    def number(self, text: str) -> int:
        if text not in self.numbers:
            self.numbers[text] = len(self.conditions)
            self.conditions.append(self.read[text])
        return self.numbers[text]

    def flag(self, name: str) -> int:
        """The number of the condition that is this finding alone."""
        if name not in self.numbers:
            self.numbers[name] = len(self.conditions)
            self.conditions.append(self.read.get(name) or RuleCondition(name, BooleanFinding(name)))
        return self.numbers[name]

    def plan(self) -> Plan:
        knowledge = self.knowledge
        evidence = evidence_of(knowledge)
        for _, text in knowledge.condition_texts():
            self.number(text)
        blocks = {
            target: self.flag(name)
            for target, name in _BLOCKS_ESTABLISHED.items()
            if name in knowledge.catalogue
        }
        always = len(self.conditions)
        options = tuple(self.option(o, evidence[o.id], always) for o in knowledge.options.values())
        columns = tuple(sorted({name for c in self.conditions for name in c.reads}))
        return Plan(
            knowledge=knowledge,
            parameters=self.parameters,
            conditions=tuple(self.conditions),
            compiled=Compiled(self.conditions),
            always=always,
            columns=columns,
            read=frozenset(columns),
            derived=tuple(name for name in columns if knowledge.catalogue[name].from_),
            relevant=frozenset(
                s for name in columns for s in (name, *knowledge.catalogue.sources_of(name))
            ),
            feeds=frozenset(part for entry in knowledge.catalogue.values() for part in entry.from_),
            limits=self.limits(),
            options=options,
            factors=tuple(self.factor(f, blocks) for f in knowledge.factors.values()),
            workups=tuple(self.workup(w) for w in knowledge.workups.values()),
            alerts=tuple((a, self.number(a.when)) for a in knowledge.alerts.values()),
            regions=tuple(
                sorted({a.region for o in knowledge.options.values() for a in o.availability})
            ),
        )

    def limits(self) -> dict[str, tuple[float, ...]]:
        found: dict[str, set[float]] = {}
        for condition in self.conditions:
            for name, limit in condition.limits:
                found.setdefault(name, set()).add(limit)
        return {name: tuple(sorted(values)) for name, values in sorted(found.items())}

    def option(self, option: Option, evidence: OptionEvidence, always: int) -> OptionPlan:
        rules = tuple((rule, self.number(rule.when)) for rule in option.rules)

        def of(effect: str, stage: str | None = None, *, lasting: bool = False) -> Indices:
            return _indices(
                n
                for rule, n in rules
                if rule.effect == effect
                and stage in (None, rule.stage)
                and not (lasting and rule.until)
            )

        upper = evidence.response_upper
        return OptionPlan(
            option=option,
            evidence=evidence,
            poor=upper is not None and upper < self.parameters.poor_response_upper,
            rules=rules,
            support=tuple(
                (line, None if line.when is None else self.number(line.when))
                for line in option.support
            ),
            labels=tuple(
                (row, always if row.when is None else self.number(row.when))
                for row in option.availability
                if not row.off_label
            ),
            off_label=tuple(row for row in option.availability if row.off_label),
            approval_needed=option.role not in _NO_DRUG
            and not _NO_APPROVAL_NEEDED.intersection(option.tags),
            exclude=of("exclude"),
            require=of("require"),
            lasting_exclude=of("exclude", lasting=True),
            lasting_require=of("require", lasting=True),
            choose_exclude=of("exclude", "choose"),
            choose_require=of("require", "choose"),
            discourage=of("discourage"),
            favour=of("favour"),
        )

    def factor(self, factor: Factor, blocks: Mapping[str, int]) -> FactorPlan:
        indicators = tuple((i, self.number(i.when)) for i in factor.indicators)

        def of(direction: str, weights: Iterable[str], timings: Iterable[str]) -> Indices:
            return _indices(
                n
                for i, n in indicators
                if i.direction == direction and i.weight in weights and i.timing in timings
            )

        every, after = ("decisive", "strong", "weak"), ("at_failure", "after_infusion")
        always_timed = (*after, "before_infusion")
        explains = None if factor.explains is None else self.number(factor.explains)
        targets = () if factor.explains is None else self.read[factor.explains].reads
        return FactorPlan(
            factor=factor,
            indicators=indicators,
            explains=explains,
            blocked=_indices(
                number
                for target, number in blocks.items()
                if factor.group == "antigen" and target in targets
            ),
            decisive=of("supports", ["decisive"], ["at_failure"]),
            strong=of("supports", ["decisive", "strong"], after),
            supports=of("supports", every, after),
            against_decisive=of("opposes", ["decisive"], always_timed),
            against_strong=of("opposes", ["decisive", "strong"], always_timed),
            against=of("opposes", every, always_timed),
            before=of("supports", every, ["before_infusion"]),
        )

    def workup(self, workup: Workup) -> WorkupPlan:
        mandatory, settled, only_where = (
            None if text is None else self.number(text)
            for text in (workup.mandatory, workup.settled, workup.only_where)
        )
        about_itself = mandatory is not None and bool(
            set(self.conditions[mandatory].reads) & set(workup.supplies)
        )
        return WorkupPlan(
            workup=workup,
            mandatory=mandatory,
            settled=settled,
            only_where=only_where,
            about_itself=about_itself,
        )


def in_effect(row: Availability, region: str | None, day: date | None) -> bool:
    """Whether an approval counts: of the region (any, if None) and, where the date is known, in
    force on it.
    """
    return (region is None or row.region == region) and (
        day is None or (row.from_ <= day and (row.to is None or day <= row.to))
    )


def _indices(numbers: Iterable[int]) -> Indices:
    import numpy as np

    return np.array(sorted(set(numbers)), dtype=np.intp)
