"""Why the CAR-T failed, as far as the evidence tells: factors with their grades, in groups, ranked
only as far as they are separated.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rearm.assessment.basis import Basis
from rearm.assessment.logic import GROUPS, LIKELY, NOT_APPLICABLE, POSSIBLE, grade_word
from rearm.assessment.plan import FactorPlan, RulePlan
from rearm.assessment.prognosis import scores_of
from rearm.assessment.result import Cause, CauseGroup, Causes, RiskFactor
from rearm.knowledge.rulesets import Indicator, Rule
from rearm.record import Source

__all__ = ["causes_of", "no_causes"]

_SAFETY = "safety"  # what is no relapse at all: shown first, never ranked against the causes


def no_causes(reason: str) -> Causes:
    """Nothing is said of causes, and why."""
    return Causes(undetermined=False, text=reason, groups=(), risk_factors=())


def causes_of(basis: Basis, grades: Sequence[int], group_grades: Sequence[int]) -> Causes:
    """`grades` by factor of the plan, `group_grades` by GROUPS, both of this patient."""
    members: dict[str, list[tuple[FactorPlan, int]]] = {group: [] for group in GROUPS}
    for factor, grade in zip(basis.plan.factors, grades, strict=True):
        members[factor.factor.group].append((factor, grade))
    grade_of = dict(zip(GROUPS, group_grades, strict=True))
    groups = [
        _group(basis, group, grade_of, factors) for group, factors in members.items() if factors
    ]
    safety = [g for g in groups if g.group == _SAFETY and grade_of[_SAFETY] >= POSSIBLE]
    rest = sorted((g for g in groups if g not in safety), key=_place)
    risks = tuple(
        risk for factor in basis.plan.factors if (risk := _risk(basis, factor)) is not None
    )
    undetermined = all(grade < LIKELY for group, grade in grade_of.items() if group != _SAFETY)
    return Causes(
        undetermined=undetermined,
        text=_undetermined_text(basis, rest, risks) if undetermined else _leading_text(rest),
        groups=(*safety, *rest),
        risk_factors=risks,
        scores=scores_of(basis),
    )


def _group(
    basis: Basis, group: str, grade_of: dict[str, int], members: list[tuple[FactorPlan, int]]
) -> CauseGroup:
    grade = grade_of[group]
    applicable = [(f, g) for f, g in members if g != NOT_APPLICABLE and _tells_after(f)]
    applicable.sort(key=lambda member: -member[1])
    factors = tuple(_cause(basis, f, g) for f, g in applicable)
    rank = None
    signs = _signs(members, factors)
    if group != _SAFETY and grade >= POSSIBLE and not _one_weak_sign(basis, signs):
        rank = 1 + sum(other > grade for name, other in grade_of.items() if name != _SAFETY)
    return CauseGroup(
        group=group,
        grade=grade_word(grade),
        rank=rank,
        factors=factors,
        not_applicable=tuple(f.factor.id for f, g in members if g == NOT_APPLICABLE),
        undecided=_undecided(basis, group, factors, [f for f, _ in applicable]),
        not_assessable=tuple(
            f.factor.name for f, g in members if g != NOT_APPLICABLE and _beyond_records(f)
        ),
    )


def _undecided(
    basis: Basis, group: str, factors: Sequence[Cause], plans: Iterable[FactorPlan]
) -> tuple[str, ...]:
    """Findings of the group that stand in the record, as a bound, less specific or of an open day,
    and that no graded factor of it rests on. They are named: nothing that was looked for and seen
    is passed over.
    """
    decided = {
        finding
        for factor in factors
        if factor.grade != "not_assessed"
        for name in (*factor.for_, *factor.against)
        for finding in basis.reasons[name].findings
    }
    asked = [
        finding
        for plan in plans
        for indicator in _told_of(plan)
        if basis.answers[indicator.number] != 1 or indicator.effect != "supports"
        for finding in basis.read_by(indicator.number)
    ]
    catalogue, own = basis.plan.knowledge.catalogue, group.replace("-", "_")
    return tuple(
        name
        for name in dict.fromkeys(asked)
        if name not in decided
        and catalogue[name].group == own
        and basis.findings[name].rows
        and not isinstance(basis.findings[name].value, bool)
    )


def _signs(members: Sequence[tuple[FactorPlan, int]], factors: Iterable[Cause]) -> list[RulePlan]:
    """The indicators that support the group, each once."""
    held = {
        name
        for factor in factors
        if factor.grade in ("possible", "likely", "established")
        for name in factor.for_
    }
    plans = {x.key: x for factor, _ in members for x in factor.indicators}
    return [plans[name] for name in held]


def _one_weak_sign(basis: Basis, signs: Sequence[RulePlan]) -> bool:
    """Whether one weak datum is all: it is named and not ranked, unless it tells by itself. Signs
    that rest on the same rows are one datum, however many factors they speak for.
    """
    if any(sign.weight != "weak" or _tells_alone(sign.rule) for sign in signs):
        return False
    return len({_data_of(basis, sign) for sign in signs}) == 1


def _tells_alone(rule: Rule | Indicator) -> bool:
    return isinstance(rule, Indicator) and rule.alone


def _data_of(basis: Basis, sign: RulePlan) -> frozenset[Source] | frozenset[str]:
    """The rows that the sign rests on; the findings that it reads where they have none."""
    reads = basis.plan.conditions[sign.number].reads
    found = [x for name in reads if (x := basis.patient.found.get(name)) is not None and x.known]
    return frozenset(row for x in found for row in x.sources) or frozenset(reads)


def _place(group: CauseGroup) -> tuple[int, int, int]:
    """Ranked groups first; then those not assessed, which a test may still raise, before those that
    were looked at and found wanting.
    """
    order = {"not_assessed": 0, "unlikely": 1, "excluded": 2}.get(group.grade, 0)
    return (group.rank is None, group.rank or 0, order)


def _tells_after(factor: FactorPlan) -> bool:
    """Whether anything found after the infusion could tell of it; a factor that only earlier facts
    speak of is a risk factor at most.
    """
    return bool(len(factor.supports) or len(factor.against))


def _beyond_records(factor: FactorPlan) -> bool:
    """Whether nothing that a record can hold, of whatever time, speaks for it."""
    return not len(factor.supports) and not len(factor.before)


def _cause(basis: Basis, plan: FactorPlan, grade: int) -> Cause:
    for_: list[str] = []
    against: list[str] = []
    unknown: list[RulePlan] = []
    for indicator in _told_of(plan):
        supports = indicator.effect == "supports"
        answer = basis.answers[indicator.number]
        if answer == -1:
            unknown.append(indicator)
        elif answer == 1:
            if any(basis.answers[number] == 1 for number in indicator.outdone_by):
                continue  # the strongest statement that holds is the one that is used
            (for_ if supports else against).append(basis.reason(indicator))
        elif supports:
            # known not to hold: it speaks against, though it is no indicator of its own
            against.append(basis.reason(indicator))
    return Cause(
        id=plan.factor.id,
        name=plan.factor.name,
        grade=grade_word(grade),
        evidence=plan.factor.evidence,
        for_=tuple(for_),
        against=tuple(against),
        unknown=() if grade < 0 else tuple(basis.reason(indicator) for indicator in unknown),
        asks=_asks(basis, unknown) if grade < 0 else (),
        note=_note(basis, plan, grade),
        stated=plan.factor.id in basis.patient.causes,
    )


def _told_of(plan: FactorPlan) -> Iterator[RulePlan]:
    """The indicators that tell of the failure; what was known before makes a risk factor."""
    for indicator in plan.indicators:
        if indicator.effect != "supports" or indicator.timing != "before_infusion":
            yield indicator


def _asks(basis: Basis, indicators: Iterable[RulePlan]) -> tuple[str, ...]:
    """The work-ups that would tell whether something supports the factor."""
    supporting = (x for x in indicators if x.effect == "supports")
    return tuple(dict.fromkeys(w for x in supporting for w in basis.asks(basis.missing(x.number))))


def _note(basis: Basis, plan: FactorPlan, grade: int) -> str | None:
    may_be_of_another_agent = any(basis.answers[n] != 0 for n in plan.blocked)
    if may_be_of_another_agent and any(basis.answers[n] == 1 for n in plan.decisive):
        return (
            "Another agent against this target was, or may have been, given between failure and"
            " sample, so nothing is established."
        )
    if plan.explains is not None and basis.answers[plan.explains] == -1 and grade >= POSSIBLE:
        return "It is unknown whether this factor can apply here, so it is possible at most."
    return None


def _risk(basis: Basis, plan: FactorPlan) -> RiskFactor | None:
    held = tuple(
        indicator
        for indicator in plan.indicators
        if indicator.effect == "supports"
        and indicator.timing == "before_infusion"
        and basis.answers[indicator.number] == 1
    )
    if not held or (plan.explains is not None and basis.answers[plan.explains] == 0):
        return None
    factor = plan.factor
    return RiskFactor(
        id=factor.id,
        name=factor.name,
        group=factor.group,
        grade="possible",
        evidence=factor.evidence,
        for_=tuple(basis.reason(indicator) for indicator in held),
    )


def _leading_text(groups: Iterable[CauseGroup]) -> str:
    leading = [g.group for g in groups if g.rank == 1]
    if len(leading) == 1:
        return f"The findings after the infusion point to the group {leading[0]} first."
    return (
        f"The findings after the infusion point to {' and '.join(leading)}; the evidence does"
        " not separate them."
    )


def _undetermined_text(
    basis: Basis, groups: Iterable[CauseGroup], risks: Sequence[RiskFactor]
) -> str:
    factors = [factor for group in groups for factor in group.factors]
    unknown = [basis.reasons[name] for factor in factors for name in factor.unknown]
    told = [w for reason in unknown if reason.effect == "supports" for w in reason.asks]
    asked = dict.fromkeys([*told, *(w for factor in factors for w in factor.asks)])
    text = "The record does not show the cause."
    if asked:
        text += (
            f" These tests could show it: {'; '.join(basis.workups[workup] for workup in asked)}."
        )
    if risks:
        text += (
            " Facts from before the infusion are listed under risk factors; alone they do not"
            " explain a failure."
        )
    return text
