"""The full trace of one option or factor: each rule, its clauses, what they read and from where,
true, false or unknown. (`standing` has that of a strategy.)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from msgspec.structs import replace

from rearm.assessment.basis import Basis
from rearm.assessment.figures import CHOSEN_BY, figures_for, sequel_of
from rearm.assessment.giving import practice_for
from rearm.assessment.options import declined_reason
from rearm.assessment.patient import Patient, patient_at
from rearm.assessment.plan import PlacePlan, Plan, RulePlan
from rearm.assessment.planner import plan_of
from rearm.assessment.regions import region_of, regions_of
from rearm.assessment.result import EvidenceResult, FindingResult
from rearm.assessment.subjects import one_of
from rearm.knowledge.bundle import Knowledge, load
from rearm.knowledge.practicalities import (
    OptionPractice,
    PracticalField,
    Practicality,
    practice_of,
)
from rearm.knowledge.rulesets import Availability, Option
from rearm.record import Record
from rearm.rules import Clause, RuleCondition, trace, truth
from rearm.rules.tree import BooleanFinding

__all__ = ["Explanation", "Given", "Trace", "Traced", "explain"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """One rule, indicator, approval or support line: its condition as a tree of clauses, the
    findings read, the rows they rest on. A clause with unknown findings has the truth None.

    >>> import rearm
    >>> record = rearm.read("examples/tables").records[0]
    >>> rules = {rule.id: rule for rule in rearm.explain(record, "teclistamab").rules}
    >>> rule = rules["bcma-lost@teclistamab"]
    >>> rule.effect, rule.clause.truth, [name for name, _ in rule.findings]
    ('exclude', True, ['bcma_status'])
    """

    id: str  # of the rule
    effect: str  # exclude, favour, supports ...
    text: str  # the reason, as pages write it
    clause: Clause  # the condition with the truth of each part
    findings: tuple[tuple[str, FindingResult], ...]  # those that it reads, with their rows
    sources: tuple[str, ...]  # the rows of the input
    citations: tuple[str, ...]  # what the rule cites, by id
    stage: str | None = None  # what an unknown condition does
    until: str | None = None  # what ends a temporary stop


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One thing to know of how an option is given."""

    field: PracticalField
    text: str
    citations: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Every rule of one option, or every indicator of one factor, whatever came of it.

    `evidence`: of an option what was seen of it in patients like this one, whatever its verdict;
    `chosen_by`: the findings that chose the setting, None not known. `given`: how the option is
    given; `not_read`: the fields of that of which nothing was read.

    >>> import rearm
    >>> record = rearm.read("examples/tables").records[0]
    >>> rearm.explain(record, "teclistamab").name
    'Teclistamab'
    """

    id: str  # of the option or factor
    name: str  # as pages write it
    rules: tuple[Traced, ...]  # each with what came of it
    evidence: EvidenceResult | None = None
    chosen_by: Mapping[str, bool | None] = field(default_factory=dict)
    given: tuple[Given, ...] = ()
    not_read: tuple[PracticalField, ...] = ()


class Trace:
    """One patient with every condition of the knowledge traced: its clauses and what they read."""

    def __init__(self, plan: Plan, patient: Patient) -> None:
        bounds = patient.bounds
        self.clauses = [trace(c, patient.values, bounds) for c in plan.conditions]
        answers = (*(-1 if c.truth is None else int(c.truth) for c in self.clauses), 1)
        by_last = [
            _if_last_holds(c, a, patient)
            for c, a in zip(plan.conditions, answers[:-1], strict=True)
        ]
        self.basis = Basis(plan, patient, answers, (*by_last, -1))

    def place(self, place: PlacePlan) -> Traced | None:
        """A placement; None for one that holds for everybody and reads nothing."""
        if place.place.when is None:
            return None
        read = _Read.by(self.basis, place.number)
        return Traced(
            id=place.place.id,
            effect="cap" if place.caps else "place",
            text=place.place.reason,
            clause=self.clauses[place.number],
            findings=read.findings,
            sources=read.sources,
            citations=place.place.sources,
        )


def _if_last_holds(condition: RuleCondition, answer: int, patient: Patient) -> int:
    """The answer to an unknown condition if what the last results point to still holds."""
    if answer != -1 or patient.last.keys().isdisjoint(condition.reads):
        return -1
    flags = {name: x for name, x in patient.last.items() if isinstance(x, bool)}
    numbers = {name: x for name, x in patient.last.items() if not isinstance(x, bool)}
    holds = truth(condition, {**patient.values, **flags}, {**patient.bounds, **numbers})
    return -1 if holds is None else int(holds)


def explain(
    record: Record,
    subject: str,
    *,
    knowledge: Knowledge | None = None,
    as_of: int | date | None = None,
    region: str | None = None,
) -> Explanation:
    """The trace of an option or a factor for one patient: every rule with its clauses, whatever
    came out of it, and the findings that each read.

    `record`, `knowledge` and `as_of` (a day of the axis or a date) as in `assess`; `subject`: the
    id of the option or factor. `region`: only its approvals. A clause whose findings are unknown
    has the truth None. Raises AssessmentError with the near ones where `subject` is none of them,
    and for a region without any approval.

    >>> import rearm
    >>> record = rearm.read("examples/tables").records[0]
    >>> trace = rearm.explain(record, "teclistamab")
    >>> [(rule.id, rule.effect) for rule in trace.rules if rule.clause.truth][0]
    ('bcma-lost@teclistamab', 'exclude')
    """
    plan = plan_of(knowledge or load())
    where = region_of(region, regions_of(plan.knowledge))
    options = {o.option.id: o for o in plan.options}
    factors = {f.factor.id: f for f in plan.factors}
    one_of(plan.knowledge, subject, "option", "factor")
    traced = Trace(plan, patient_at(record, as_of, plan))
    basis, clauses, patient = traced.basis, traced.clauses, traced.basis.patient
    if subject in options:
        option = options[subject]
        rules = [_of_rule(basis, clauses, rule) for rule in option.rules]
        rules += [
            _of_label(basis, clauses, row, number)
            for row, number in option.labels
            if row.when is not None and where in (None, row.region)
        ]
        if subject in patient.declined:
            rules.append(_of_declined(basis, patient.declined[subject]))
        planned, sequel = plan.evidence[option.evidence_key], sequel_of(patient.values)
        practice = practice_of(option.option, plan.knowledge.practicalities.values())
        told = practice_for(basis, option.option, where)
        return Explanation(
            id=subject,
            name=option.option.name,
            rules=tuple(rules),
            evidence=figures_for(planned.result, planned.candidates, planned.targets, sequel),
            chosen_by={
                name: value if isinstance(value := patient.values.get(name), bool) else None
                for name in CHOSEN_BY
            },
            given=tuple(_given(plan.knowledge, option.option, told, practice)),
            not_read=practice.not_read,
        )
    factor = factors[subject]
    indicators = tuple(_of_rule(basis, clauses, indicator) for indicator in factor.indicators)
    return Explanation(id=subject, name=factor.factor.name, rules=indicators)


def _given(
    knowledge: Knowledge,
    option: Option,
    told: Mapping[PracticalField, Sequence[Practicality]],
    practice: OptionPractice,
) -> Iterator[Given]:
    """What was read of how the option is given to this patient, and what stands on the option
    itself of a later T-cell therapy and of what may follow.
    """
    for part, rows in told.items():
        yield from (Given(field=part, text=row.text, citations=row.sources) for row in rows)
    later = option.later_t_cells
    if later is not None and "later_t_cells" not in practice.not_read:
        yield Given(field="later_t_cells", text=later.text, citations=later.sources)
    if option.sequence:
        titles = (knowledge.words.of_strategy(name) for name in option.sequence)
        yield Given(field="next", text=f"May be followed by {', '.join(titles)}.", citations=())


def _of_rule(basis: Basis, clauses: Sequence[Clause], rule: RulePlan) -> Traced:
    read = _Read.by(basis, rule.number)
    return Traced(
        id=rule.rule.id,
        effect=rule.effect,
        text=rule.rule.because,
        clause=clauses[rule.number],
        findings=read.findings,
        sources=read.sources,
        citations=rule.rule.sources,
        stage=rule.stage or rule.timing,
        until=rule.until,
    )


def _of_label(basis: Basis, clauses: Sequence[Clause], row: Availability, number: int) -> Traced:
    read = _Read.by(basis, number)
    return Traced(
        id=f"approval-{row.region}",
        effect="approval",
        text=f"Label population in {row.region} since {row.from_.isoformat()}.",
        clause=clauses[number],
        findings=read.findings,
        sources=read.sources,
        citations=(row.source,) if row.source else (),
    )


def _of_declined(basis: Basis, name: str) -> Traced:
    """What the patient does not want, which no rule of the knowledge says."""
    reason = declined_reason(basis, name)
    condition = RuleCondition("declined", BooleanFinding("declined"))
    finding = basis.finding("declined")
    rows = basis.rows
    return Traced(
        id="declined-by-patient",
        effect=reason.effect,
        text=reason.text,
        clause=trace(condition, basis.patient.values, basis.bounds),
        findings=(("declined", finding),),
        sources=tuple(rows[place] for place in finding.rows),
        citations=reason.citations,
        until=reason.until,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """What one condition reads: findings, those that were seen in the same rows in words once, and
    the rows.
    """

    findings: tuple[tuple[str, FindingResult], ...]
    sources: tuple[str, ...]

    @classmethod
    def by(cls, basis: Basis, number: int) -> _Read:
        findings: list[tuple[str, FindingResult]] = []
        texts: set[str] = set()
        for name in basis.read_by(number):
            finding = basis.finding(name)
            again = finding.text in texts
            texts.add(finding.text)
            findings.append((name, replace(finding, text="") if again else finding))
        places = dict.fromkeys(place for _, finding in findings for place in finding.rows)
        rows = basis.rows
        return cls(findings=tuple(findings), sources=tuple(rows[place] for place in places))
