"""How a bundle is made ready for assessment: its conditions numbered, its rules, factors and
placements given their numbers, figures and ids once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, get_args

from rearm.assessment.citations import Citations
from rearm.assessment.evidence import OptionEvidence, evidence_of
from rearm.assessment.figures import figure_of
from rearm.assessment.parameters import PARAMETERS, Parameters
from rearm.assessment.result import Effect, EvidenceResult
from rearm.findings.whose import CART
from rearm.knowledge._build import KnowledgeError
from rearm.knowledge.bundle import Knowledge
from rearm.knowledge.catalogue import Catalogue
from rearm.knowledge.rulesets import (
    ActionRule,
    AlertRule,
    Factor,
    Indicator,
    Option,
    Place,
    Rule,
    Support,
    Workup,
)
from rearm.rules import Compiled, RuleCondition, conditions_of
from rearm.rules.tree import BooleanFinding, implies

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Indices = npt.NDArray[np.intp]
from rearm.assessment.plan import (
    TIERS,
    ActionPlan,
    AlertPlan,
    FactorPlan,
    OptionPlan,
    OptionRules,
    PlacePlan,
    Plan,
    PlannedEvidence,
    RulePlan,
    StrategyPlan,
    SupportPlan,
    Wordings,
    WorkupPlan,
)

__all__ = ["plan_of"]

# Where another agent against the target may have been given between failure and sample, the sample
# does not speak of the CAR-T alone, and nothing is established by it. By the finding
# that a factor's `explains` reads.
_BLOCKS_ESTABLISHED = {
    "car_target_bcma": "bcma_agent_between_failure_and_sample",
    "car_target_gprc5d": "gprc5d_agent_between_failure_and_sample",
}
_NO_APPROVAL_NEEDED = {"procedure", "watch", "supportive"}  # tags of options
_TRIAL_OPEN = "trials_open"
_NO_DRUG = {"observe", "supportive"}  # roles


# one object a code, so that the JSON can leave out the most frequent
_EFFECTS: Mapping[str, Effect] = {effect: effect for effect in get_args(Effect)}

# effects that say at least as much as this one, in the same direction
_AT_LEAST_AS_STRONG: Mapping[Effect, tuple[Effect, ...]] = {
    "discourage": ("exclude", "discourage"),
    "caution": ("exclude", "discourage", "caution"),
    "supports": ("supports",),
}


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
        self.reason_keys: dict[str, Rule | Indicator] = {}
        self.support_ids: dict[Support, str] = {}
        self.evidence_keys: dict[str, tuple[object, ...]] = {}

    def number(self, text: str) -> int:
        if text not in self.numbers:
            self.numbers[text] = len(self.conditions)
            self.conditions.append(self.read[text])
        return self.numbers[text]

    def flag(self, name: str) -> int:
        """The number of the condition that is this finding alone."""
        if name not in self.numbers:
            self.numbers[name] = len(self.conditions)
            self.conditions.append(RuleCondition(name, BooleanFinding(name)))
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
        trial_open = self.flag(_TRIAL_OPEN) if _TRIAL_OPEN in knowledge.catalogue else None
        always = len(self.conditions)
        options = tuple(self.option(o, evidence[o.id], always) for o in knowledge.options.values())
        columns = tuple(sorted({name for c in self.conditions for name in c.reads}))
        told = {n for a in knowledge.actions.values() for n in (*a.finds_out, *a.shows)}
        relevant = frozenset(
            s for n in {*columns, *told} for s in (n, *knowledge.catalogue.sources_of(n))
        )
        shown = {option.evidence_key: _shown(option) for option in options}
        return Plan(
            knowledge=knowledge,
            parameters=self.parameters,
            conditions=tuple(self.conditions),
            compiled=Compiled(self.conditions),
            always=always,
            columns=columns,
            read=frozenset(columns),
            derived=tuple(name for name in columns if knowledge.catalogue[name].from_),
            relevant=relevant,
            feeds=frozenset(part for entry in knowledge.catalogue.values() for part in entry.from_),
            limits=self.limits(),
            options=options,
            option_rules=OptionRules.of(options),
            strategies=self.strategies(options, always),
            trial_open=trial_open,
            factors=tuple(self.factor(f, blocks) for f in knowledge.factors.values()),
            workups=tuple(self.workup(w) for w in knowledge.workups.values()),
            alerts=tuple(self.alert(a) for a in knowledge.alerts.values()),
            actions=tuple(self.action(a) for a in knowledge.actions.values()),
            practice={
                row.id: self.number(row.when)
                for row in knowledge.practicalities.values()
                if row.when is not None
            },
            reviews={
                rule.id: self.number(rule.when)
                for rule in knowledge.reviews.values()
                if rule.when is not None
            },
            free_outcomes={},
            evidence=shown,
            evidence_studies=tuple(
                s for e in shown.values() for f in e.candidates for s in f.studies
            ),
            citations=Citations(knowledge),
            read_catalogue=Catalogue(
                {name: f for name, f in knowledge.catalogue.items() if name in relevant},
                knowledge.catalogue.groups,
            ),
            note_ids=_note_ids(knowledge),
            meanings={name: _as_ending(f.meaning) for name, f in knowledge.catalogue.items()},
            labels={name: f.asked_as for name, f in knowledge.catalogue.items()},
        )

    def strategies(self, options: Sequence[OptionPlan], always: int) -> tuple[StrategyPlan, ...]:
        placed: dict[str, list[PlacePlan]] = {}
        for place in self.knowledge.places.values():
            tier = place.tier or place.at_most
            if tier is None:
                raise KnowledgeError([f"place {place.id}: give it a tier or at_most."])
            plan = PlacePlan(
                place=place,
                number=always if place.when is None else self.number(place.when),
                tier=TIERS.index(tier),
                caps=place.tier is None,
                key=f"place-{place.id}",
                wordings=self.wordings(place),
            )
            for strategy in place.of:
                placed.setdefault(strategy, []).append(plan)
        of_strategy: dict[str, list[int]] = {}
        for position, option in enumerate(options):
            of_strategy.setdefault(option.option.strategy, []).append(position)
        return tuple(
            StrategyPlan(
                strategy=strategy,
                options=tuple(positions),
                places=tuple(sorted(placed.get(strategy, ()), key=lambda x: (x.caps, -x.tier))),
            )
            for strategy, positions in of_strategy.items()
        )

    def alert(self, alert: AlertRule) -> AlertPlan:
        return AlertPlan(
            alert=alert,
            number=self.number(alert.when),
            wordings=tuple((w, self.number(w.when)) for w in alert.wordings),
        )

    def action(self, action: ActionRule) -> ActionPlan:
        unless, open_when = (
            None if text is None else self.number(text)
            for text in (action.unless, action.open_when)
        )
        return ActionPlan(
            action=action,
            number=self.number(action.when),
            unless=unless,
            open_when=open_when,
            wordings=tuple((w, self.number(w.when)) for w in action.wordings),
        )

    def limits(self) -> dict[str, tuple[float, ...]]:
        found: dict[str, set[float]] = {}
        for condition in self.conditions:
            for name, limit in condition.limits:
                found.setdefault(name, set()).add(limit)
        for name, of in CART.items():  # a result gives the finding of now, and this with it
            if name in found:
                found.setdefault(of.now, set()).update(found[name])
        return {name: tuple(sorted(values)) for name, values in sorted(found.items())}

    def rule(self, rule: Rule, option: str) -> RulePlan:
        base = rule.id.partition("@")[0]
        return RulePlan(
            rule=rule,
            number=self.number(rule.when),
            key=self.reason_key(rule, base, option),
            base=base,
            effect=_EFFECTS[rule.effect],
            counts_if=0 if rule.effect == "require" else 1,
            stage=rule.stage,
            until=rule.until,
            wordings=self.wordings(rule),
        )

    def wordings(self, of: Rule | Place) -> Wordings:
        return tuple((wording, self.number(wording.when)) for wording in of.wordings)

    def indicator(self, indicator: Indicator, factor: str) -> RulePlan:
        return RulePlan(
            rule=indicator,
            number=self.number(indicator.when),
            key=self.reason_key(indicator, indicator.id, factor),
            base=indicator.id,
            effect=_EFFECTS[indicator.direction],
            counts_if=1,
            weight=indicator.weight,
            timing=indicator.timing,
        )

    def outdone(self, rules: Sequence[RulePlan]) -> tuple[RulePlan, ...]:
        """The rules of one owner, each with those that say the same more exactly."""

        def stronger(than: RulePlan) -> Iterator[int]:
            weaker = self.conditions[than.number].node
            for rule in rules:
                as_strong = rule.effect in _AT_LEAST_AS_STRONG.get(than.effect, ())
                if as_strong and implies(self.conditions[rule.number].node, weaker):
                    yield rule.number

        return tuple(replace(rule, outdone_by=tuple(stronger(rule))) for rule in rules)

    def reason_key(self, rule: Rule | Indicator, base: str, owner: str) -> str:
        """The id of the rule, with its owner where another rule of that id says something else."""
        for key in (base, f"{base}@{owner}"):
            other = self.reason_keys.setdefault(key, rule)
            if _says(other) == _says(rule):
                return key
        raise KnowledgeError([f"{owner}: several rules have the id {base}. Give each its own."])

    def support(self, line: Support) -> SupportPlan:
        number = None if line.when is None else self.number(line.when)
        name = self.support_ids.setdefault(line, f"s{len(self.support_ids) + 1}")
        return SupportPlan(id=name, line=line, number=number)

    def evidence_key(self, option: Option, evidence: OptionEvidence) -> str:
        """The strategy where its options share their figures, else the option."""
        figures = _figures(option, evidence)
        for key in (option.strategy, option.id):
            if self.evidence_keys.setdefault(key, figures) == figures:
                return key
        raise KnowledgeError(
            [f"The option {option.id} has the name of a strategy. Give it another id."]
        )

    def option(self, option: Option, evidence: OptionEvidence, always: int) -> OptionPlan:
        rules = self.outdone([self.rule(rule, option.id) for rule in option.rules])

        def of(effect: str, stage: str | None = None, *, lasting: bool = False) -> Indices:
            return _indices(
                rule.number
                for rule in rules
                if rule.effect == effect
                and stage in (None, rule.stage)
                and not (lasting and rule.until)
            )

        upper = evidence.response_upper
        return OptionPlan(
            option=option,
            evidence=evidence,
            poor=upper is not None and upper < self.parameters.poor_response_upper,
            evidence_key=self.evidence_key(option, evidence),
            rules=rules,
            support=tuple(self.support(line) for line in option.support),
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
        indicators = self.outdone([self.indicator(i, factor.id) for i in factor.indicators])

        def of(
            direction: str, weights: Collection[str | None], timings: Collection[str | None]
        ) -> Indices:
            return _indices(
                i.number
                for i in indicators
                if i.effect == direction and i.weight in weights and i.timing in timings
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
        reads = () if mandatory is None else self.conditions[mandatory].reads
        about_itself = bool(set(reads) & set(workup.supplies))
        return WorkupPlan(
            workup=workup,
            mandatory=mandatory,
            settled=settled,
            only_where=only_where,
            settles=frozenset(reads) if about_itself else frozenset(),
        )


def _says(rule: Rule | Indicator) -> tuple[object, ...]:
    """What makes two rules one: all that a reason shows of them."""
    if isinstance(rule, Rule):
        return (
            rule.effect, rule.when, rule.because, rule.stage, rule.until, rule.sources,
            rule.wordings,
        )  # fmt: skip
    return (rule.direction, rule.when, rule.because, rule.weight, rule.timing, rule.sources)


def _figures(option: Option, evidence: OptionEvidence) -> tuple[object, ...]:
    return (evidence.directness, evidence.note, evidence.settings, frozenset(option.targets))


def _shown(option: OptionPlan) -> PlannedEvidence:
    evidence = option.evidence
    return PlannedEvidence(
        result=EvidenceResult(directness=evidence.directness, note=evidence.note),
        candidates=tuple(figure_of(row, of_class=evidence.of_class) for row in evidence.settings),
        targets=frozenset(option.option.targets),
        counted=evidence.counted,
    )


def _note_ids(knowledge: Knowledge) -> dict[tuple[str, tuple[str, ...]], str]:
    """Ids of the remarks that stand with options; the same remark of several has one."""
    remarks: dict[tuple[str, tuple[str, ...]], None] = {}
    for option in knowledge.options.values():
        later = option.later_t_cells
        remarks |= dict.fromkeys((d.text, d.sources) for d in option.disagreements)
        remarks |= {(later.text, later.sources): None} if later is not None else {}
    return {remark: f"note-{number}" for number, remark in enumerate(remarks, 1)}


def _as_ending(meaning: str) -> str:
    """The meaning as the end of a sentence: without its stop, and small unless an abbreviation."""
    text = meaning.rstrip(".")
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def _indices(numbers: Iterable[int]) -> Indices:
    import numpy as np

    return np.array(sorted(set(numbers)), dtype=np.intp)
