"""Why a strategy stands where it stands, and what would move it: its placements, the limits that
its options set, and where it would stand if one condition alone turned out the other way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from rearm.assessment.explanation import Trace, Traced
from rearm.assessment.patient import patient_at
from rearm.assessment.pipeline import Batch, assess_patients
from rearm.assessment.placing import AVOID, SITUATIONAL
from rearm.assessment.plan import TIERS, PlacePlan, Plan, StrategyPlan
from rearm.assessment.planner import plan_of
from rearm.assessment.regions import region_of, regions_of
from rearm.assessment.result import AnswerState, Assessment, Verdict
from rearm.assessment.result.options import AvailabilityStatus
from rearm.assessment.subjects import one_of
from rearm.knowledge.bundle import Knowledge, load
from rearm.knowledge.rulesets import Ground, Tier
from rearm.record import Record

__all__ = ["Limit", "Placing", "Standing", "explain_strategy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Placing:
    """One placement. `tier`: what it lifts to, or, where it `caps`, what it keeps the strategy
    down to. `traced`: None where it holds for everybody. `turned`: where the strategy would stand
    if this condition alone turned: became false where it is true, else became true.
    """

    id: str
    tier: Tier
    caps: bool
    truth: bool | None
    text: str
    ground: Ground
    traced: Traced | None
    turned: Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """The highest tier that an option allows, with what speaks against it and what of it nobody
    knows, as sentences.
    """

    option: str
    name: str
    tier: Tier
    verdict: Verdict | None
    access: AvailabilityStatus
    against: tuple[str, ...]
    waits_for: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A strategy for one patient. `tier`: where it stands; None where there is nothing to choose
    (`state` says why). `placed`: by its placements alone. `allowed`: the highest that its options
    allow. `options`: the best first.

    >>> import rearm
    >>> record = rearm.read("examples/tables").records[0]
    >>> [x.truth for x in rearm.explain_strategy(record, "bispecific-bcma").placings][:1]
    [False]
    """

    id: str  # of the strategy
    name: str  # as pages write it
    region: str | None  # whose approvals count; None: any
    state: AnswerState
    tier: Tier | None
    placed: Tier
    allowed: Tier
    placings: tuple[Placing, ...]  # every placement of the strategy, with its truth
    options: tuple[Limit, ...]


def explain_strategy(
    record: Record,
    strategy: str,
    *,
    knowledge: Knowledge | None = None,
    as_of: int | date | None = None,
    region: str | None = None,
) -> Standing:
    """Why a strategy stands where it stands for one patient, and what would move it.

    `record`: the patient; `strategy`: its id. `as_of` (a day of the axis or a date), `region` and
    `knowledge` as in `assess`. A placing whose condition is unknown has the truth None, and says in
    `turned` where the strategy would stand if it held. Raises AssessmentError with the near ones
    where there is no such strategy.

    >>> import rearm
    >>> record = rearm.read("examples/tables").records[0]
    >>> standing = rearm.explain_strategy(record, "bispecific-bcma")
    >>> standing.tier, standing.placed, standing.allowed
    ('not_possible', 'avoid', 'not_possible')
    """
    plan = plan_of(knowledge or load())
    one_of(plan.knowledge, strategy, "strategy")
    where = region_of(region, regions_of(plan.knowledge))
    patient = patient_at(record, as_of, plan)
    (result,) = assess_patients(plan, [patient], where)
    codes = Batch.of(plan, [patient], where).own.codes
    limits: list[int] = codes.limits[0].tolist()
    own = next(x for x in plan.strategies if x.strategy == strategy)
    traced = Trace(plan, patient)
    truths = [traced.basis.truth(place.number) for place in own.places]
    allowed = max(limits[position] for position in own.options)
    return Standing(
        id=strategy,
        name=plan.knowledge.words.of_strategy(strategy),
        region=where,
        state=result.answer.state,
        tier=result.answer.tier_of(strategy),
        placed=TIERS[_placed(own.places, truths)],
        allowed=TIERS[allowed],
        placings=tuple(_placings(own, traced, truths, allowed)),
        options=tuple(_limits(plan, own, result, limits)),
    )


def _placed(places: Sequence[PlacePlan], truths: Sequence[bool | None]) -> int:
    """The highest tier of which the condition is true, under the lowest cap that is."""
    if not places:
        return SITUATIONAL
    true = [place for place, truth in zip(places, truths, strict=True) if truth]
    lifted = max((place.tier for place in true if not place.caps), default=AVOID)
    return min([lifted, *(place.tier for place in true if place.caps)])


def _placings(
    strategy: StrategyPlan, traced: Trace, truths: Sequence[bool | None], allowed: int
) -> Iterator[Placing]:
    for number, place in enumerate(strategy.places):
        turned = [*truths[:number], not truths[number], *truths[number + 1 :]]
        yield Placing(
            id=place.place.id,
            tier=TIERS[place.tier],
            caps=place.caps,
            truth=truths[number],
            text=traced.basis.said(place.place.reason, place.wordings),
            ground=place.place.ground,
            traced=traced.place(place),
            turned=TIERS[min(_placed(strategy.places, turned), allowed)],
        )


def _limits(
    plan: Plan, strategy: StrategyPlan, result: Assessment, limits: Sequence[int]
) -> Iterator[Limit]:
    """By option; without an answer nothing speaks for or against any of them."""
    results = {option.id: option for option in result.options}
    positions = {plan.options[position].option.id: position for position in strategy.options}
    lines = [s for tier in result.answer.tiers for s in tier.strategies]
    ordered = next((s.options for s in lines if s.strategy == strategy.strategy), tuple(positions))
    for name in ordered:
        option = results.get(name)
        if option is not None:
            unknown = (*option.unknown, *option.checklist)
            yield Limit(
                option=option.id,
                name=option.name,
                tier=TIERS[limits[positions[name]]],
                verdict=option.verdict,
                access=option.availability.status,
                against=tuple(result.reasons[key].text for key in option.against),
                waits_for=tuple(result.reasons[key].text for key in unknown),
            )
