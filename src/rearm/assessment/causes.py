"""Why the CAR-T failed, as far as the evidence tells: factors with their grades, in groups, ranked
only as far as they are separated.
"""

from __future__ import annotations

from collections.abc import Sequence

from rearm.assessment.logic import GROUPS, LIKELY, NOT_APPLICABLE, POSSIBLE, grade_word
from rearm.assessment.patient import Shown
from rearm.assessment.plan import FactorPlan
from rearm.assessment.prognosis import scores_of
from rearm.assessment.result import Cause, CauseGroup, Causes, Reason, RiskFactor

__all__ = ["causes_of", "no_causes"]


def no_causes(reason: str) -> Causes:
    return Causes(undetermined=False, text=reason, groups=(), risk_factors=())


def causes_of(shown: Shown, grades: Sequence[int], group_grades: Sequence[int]) -> Causes:
    """`grades` by factor of the plan, `group_grades` by GROUPS, both of this patient."""
    groups = []
    ranked = sorted(
        {
            g
            for group, g in zip(GROUPS, group_grades, strict=True)
            if group != "safety" and g >= POSSIBLE
        },
        reverse=True,
    )
    for group, grade in zip(GROUPS, group_grades, strict=True):
        members = [
            (f, g)
            for f, g in zip(shown.plan.factors, grades, strict=True)
            if f.factor.group == group
        ]
        if not members:
            continue
        rank = None
        if group != "safety" and grade >= POSSIBLE:
            above = {better for better in ranked if better > grade}
            rank = 1 + sum(
                g in above for name, g in zip(GROUPS, group_grades, strict=True) if name != "safety"
            )
        causes = [
            (g, _cause(shown, f, g)) for f, g in members if g != NOT_APPLICABLE and _tells_after(f)
        ]
        groups.append(
            CauseGroup(
                group=group,
                grade=grade_word(grade),
                rank=rank,
                factors=tuple(cause for _, cause in sorted(causes, key=lambda x: -x[0])),
                not_applicable=tuple(f.factor.id for f, g in members if g == NOT_APPLICABLE),
            )
        )
    safety = [
        g
        for g in groups
        if g.group == "safety" and g.grade in ("possible", "likely", "established")
    ]
    rest = sorted((g for g in groups if g not in safety), key=_place)
    told = [
        g for name, g in zip(GROUPS, group_grades, strict=True) if name != "safety" and g >= LIKELY
    ]
    risks = tuple(risk for f in shown.plan.factors if (risk := _risk(shown, f)) is not None)
    return Causes(
        undetermined=not told,
        text=_text(not told, rest, risks),
        groups=(*safety, *rest),
        risk_factors=risks,
        scores=scores_of(shown),
    )


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


def _cause(shown: Shown, plan: FactorPlan, grade: int) -> Cause:
    for_: list[Reason] = []
    against: list[Reason] = []
    unknown: list[Reason] = []
    for indicator, number in plan.indicators:
        if indicator.direction == "supports" and indicator.timing == "before_infusion":
            continue
        reason = shown.indicator(indicator, number)
        if reason.truth is None:
            unknown.append(reason)
        elif reason.truth:
            (for_ if indicator.direction == "supports" else against).append(reason)
        elif (
            indicator.direction == "supports"
        ):  # known not to hold: it speaks against, though it is no indicator of its own
            against.append(reason)
    note = None
    if any(shown.answers[n] != 0 for n in plan.blocked) and any(
        shown.answers[n] == 1 for n in plan.decisive
    ):
        note = (
            "Another agent against this target was, or may have been, given between failure and"
            " sample, so nothing is established."
        )
    elif plan.explains is not None and shown.answers[plan.explains] == -1 and grade >= POSSIBLE:
        note = "Whether this factor can apply here is not known, so it is possible at most."
    return Cause(
        id=plan.factor.id,
        name=plan.factor.name,
        grade=grade_word(grade),
        evidence=plan.factor.evidence,
        for_=tuple(for_),
        against=tuple(against),
        unknown=tuple(unknown),
        note=note,
    )


def _risk(shown: Shown, plan: FactorPlan) -> RiskFactor | None:
    held: list[Reason] = [
        shown.indicator(indicator, number)
        for indicator, number in plan.indicators
        if indicator.direction == "supports"
        and indicator.timing == "before_infusion"
        and shown.answers[number] == 1
    ]
    if not held or (plan.explains is not None and shown.answers[plan.explains] == 0):
        return None
    factor = plan.factor
    return RiskFactor(
        id=factor.id,
        name=factor.name,
        group=factor.group,
        grade="possible",
        evidence=factor.evidence,
        for_=tuple(held),
    )


def _text(undetermined: bool, groups: Sequence[CauseGroup], risks: Sequence[RiskFactor]) -> str:
    if not undetermined:
        leading = [g.group for g in groups if g.rank == 1]
        if len(leading) == 1:
            return f"What was found after the infusion points to the group {leading[0]} first."
        return (
            f"What was found after the infusion points to {' and '.join(leading)}; the evidence"
            " does not separate them."
        )
    asked = dict.fromkeys(
        name
        for g in groups
        for f in g.factors
        for r in f.unknown
        if r.effect == "supports"
        for name in r.asks
    )
    told = "The cause can't be told from what is known."
    if asked:
        told += f" What would tell: {'; '.join(asked)}."
    if risks:
        told += (
            " Facts from before the infusion stand under risk factors; they explain no failure by"
            " themselves."
        )
    return told
