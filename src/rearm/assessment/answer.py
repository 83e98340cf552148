"""The recommendation: the state of the decision, and the strategies in their tiers with reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import structs

from rearm.assessment.basis import Basis
from rearm.assessment.placing import ALTERNATIVE, AVOID, FIRST, NOT_POSSIBLE, SITUATIONAL
from rearm.assessment.plan import TIERS, PlacePlan, StrategyPlan
from rearm.assessment.result import (
    About,
    Alert,
    Answer,
    AnswerState,
    AnswerStrategy,
    AnswerTier,
    OptionResult,
    WouldBe,
)
from rearm.assessment.result.options import EvidenceResult
from rearm.knowledge.rulesets import Directness, Ground

__all__ = ["OPEN_AT_MOST", "answer_of", "tiers_of"]

OPEN_AT_MOST = 5  # strategies that the sheet shows in the two highest tiers
_GROUNDS: tuple[Ground, ...] = (
    "guideline",
    "consensus",
    "comparative",
    "series",
    "class_evidence",
    "survey",
    "opinion",
    "usual_practice",
)
_DIRECTNESS: tuple[Directness, ...] = ("direct", "near", "indirect only", "none read")
# What is done before anything else, and leaves the choice for after it.
_EMERGENCIES = frozenset(
    ("cord_compression", "cord_threatened", "hypercalcaemia", "renal_failure", "hyperviscosity")
)
_BESIDE = ("supportive", "enabling")  # roles of options that are shown apart and not counted


def answer_of(
    basis: Basis,
    about: About,
    alerts: Sequence[Alert],
    tiers: tuple[AnswerTier, ...],
    options: Sequence[OptionResult],
) -> Answer:
    """The state of the decision with its tiers."""
    results = {option.id: option for option in options}
    then = _then(basis, tiers, results)
    state = _state(basis, about, alerts, tiers, results, waiting=bool(then))
    if state in _WITHOUT_TIERS:
        return Answer(state=state)
    return Answer(state=state, then=then if state == "stabilise_first" else (), tiers=tiers)


def _then(
    basis: Basis, tiers: Sequence[AnswerTier], options: Mapping[str, OptionResult]
) -> tuple[str, ...]:
    """The strategies that treat the myeloma and are impossible for now, but would stand high once
    what stops them has ended; the highest first.
    """
    impossible = {
        placed.strategy
        for tier in tiers
        if tier.tier == "not_possible"
        for placed in tier.strategies
        if options[placed.option].role == "definitive"
    }
    afterwards = {
        strategy.strategy: _tier_afterwards(basis, strategy, options)
        for strategy in basis.plan.strategies
        if strategy.strategy in impossible
    }
    high = [strategy for strategy, tier in afterwards.items() if tier >= ALTERNATIVE]
    return tuple(sorted(high, key=lambda strategy: -afterwards[strategy]))


def _tier_afterwards(
    basis: Basis, strategy: StrategyPlan, options: Mapping[str, OptionResult]
) -> int:
    """The tier of the strategy once the stops that will end have ended."""
    true = [place for place in strategy.places if basis.truth(place.number)]
    placed = max((place.tier for place in true if not place.caps), default=AVOID)
    capped = min((place.tier for place in true if place.caps), default=FIRST)
    own = (options[basis.plan.options[position].option.id] for position in strategy.options)
    return min(placed, capped, max(_limit_afterwards(basis, option) for option in own))


def _limit_afterwards(basis: Basis, option: OptionResult) -> int:
    if option.afterwards in (None, "excluded"):
        return NOT_POSSIBLE
    if option.afterwards == "discouraged":
        return AVOID
    trial_open = basis.plan.trial_open is not None and basis.truth(basis.plan.trial_open)
    return SITUATIONAL if option.availability.status == "trial_only" and not trial_open else FIRST


_NOT_JUDGED = ("cannot_be_judged", "no_infusion", "infusion_unread")
_WITHOUT_TIERS = ("controlled", "died", "cannot_judge")


def _against_the_myeloma(tier: AnswerTier, options: Mapping[str, OptionResult]) -> bool:
    """Does a high tier hold what treats the myeloma itself, or lets the patient go without?"""
    return tier.tier in ("first", "alternative") and any(
        options[placed.option].role in ("definitive", "observe") for placed in tier.strategies
    )


def _state(
    basis: Basis,
    about: About,
    alerts: Sequence[Alert],
    tiers: Sequence[AnswerTier],
    options: Mapping[str, OptionResult],
    *,
    waiting: bool,
) -> AnswerState:
    """`waiting`: whether a strategy would stand high once what stops it for now has ended."""
    if basis.patient.record.deaths:
        return "died"
    relapse = basis.patient.disease.relapse
    if relapse is None:
        return "cannot_judge" if about.code in _NOT_JUDGED else "controlled"
    if basis.patient.values.get("goals_of_care") == "comfort_only":
        return "comfort"
    if any(alert.id in _EMERGENCIES and alert.status == "certain" for alert in alerts):
        return "emergency_first"
    values = basis.patient.values
    only_stated = relapse.certainty == "recorded_by_team"
    if relapse.status == "suspected" or (only_stated and values.get("team_and_laboratory_differ")):
        return "confirm_first"
    if waiting and not any(_against_the_myeloma(tier, options) for tier in tiers):
        return "stabilise_first"
    return "choose"


def tiers_of(
    basis: Basis,
    options: Sequence[OptionResult],
    evidence: Mapping[str, EvidenceResult],
    tiers: Sequence[int],
    limits: Sequence[int],
) -> tuple[AnswerTier, ...]:
    """Every strategy in its tier, the highest tier first. `tiers`: by strategy of the plan;
    `limits`: the highest tier that each option of the plan allows.
    """
    results = {option.id: option for option in options}
    of_tier: dict[int, list[tuple[tuple[int, int, str], AnswerStrategy]]] = {}
    for strategy, tier in zip(basis.plan.strategies, tiers, strict=True):
        own = [
            (limits[position], results[basis.plan.options[position].option.id])
            for position in strategy.options
        ]
        own.sort(key=lambda x: (-x[0], *_order(basis, x[1], evidence)))
        placed = _strategy(basis, strategy, tier, own)
        key = (
            _GROUNDS.index(placed.ground),
            _nearness(own[0][1], evidence),
            strategy.strategy,
        )
        of_tier.setdefault(tier, []).append((key, placed))
    for members in of_tier.values():
        members.sort(key=lambda x: x[0])
    found = [
        (tier, [placed for _, placed in of_tier[tier]]) for tier in sorted(of_tier, reverse=True)
    ]
    return _with_open(found, results)


def _order(
    basis: Basis, option: OptionResult, evidence: Mapping[str, EvidenceResult]
) -> tuple[int, int, int, str]:
    """Of options that go equally far: the one with fewer cautions that hold, with more that speaks
    for it, with the nearest figures.
    """
    cautions = sum(basis.reasons[key].truth is True for key in option.cautions)
    return cautions, -len(option.for_), _nearness(option, evidence), option.id


def _nearness(option: OptionResult, evidence: Mapping[str, EvidenceResult]) -> int:
    return _DIRECTNESS.index(evidence[option.evidence].directness)


def _with_open(
    found: Sequence[tuple[int, Sequence[AnswerStrategy]]], options: Mapping[str, OptionResult]
) -> tuple[AnswerTier, ...]:
    """With those that the sheet shows marked: the first few of the two highest tiers."""
    left = OPEN_AT_MOST
    tiers = []
    for tier, strategies in found:
        told = []
        for placed in strategies:
            shown = tier >= FIRST - 1 and left > 0 and options[placed.option].role not in _BESIDE
            left -= shown
            told.append(structs.replace(placed, open=True) if shown else placed)
        tiers.append(AnswerTier(tier=TIERS[tier], strategies=tuple(told)))
    return tuple(tiers)


def _strategy(
    basis: Basis,
    strategy: StrategyPlan,
    tier: int,
    own: Sequence[tuple[int, OptionResult]],
) -> AnswerStrategy:
    allowed, best = own[0]
    places = [place for place in strategy.places if not place.caps]
    caps = [place for place in strategy.places if place.caps]
    true = [place for place in places if basis.truth(place.number)]
    capping = [place for place in caps if basis.truth(place.number)]
    base = true[0] if true else None
    because: list[str] = []
    if base is not None and tier == min(base.tier, allowed):
        because += [basis.place_reason(place) for place in true if place.tier == base.tier]
    because += [basis.place_reason(place) for place in capping if place.tier == tier]
    if allowed == tier <= AVOID:
        because = [*best.against, *because]
    ground: Ground = base.place.ground if base is not None else "usual_practice"
    return AnswerStrategy(
        strategy=strategy.strategy,
        option=best.id,
        options=tuple(option.id for _, option in own),
        because=tuple(dict.fromkeys(because)),
        # one object a word, so that the JSON can leave out the usual one
        ground=_GROUNDS[_GROUNDS.index(ground)],
        would_be=_would_be(basis, places, capping, tier, allowed),
        waits_for=() if tier <= NOT_POSSIBLE else _waits_for(basis, best),
        figures=(best.evidence,),
        access=best.availability.status,
    )


def _would_be(
    basis: Basis,
    places: Sequence[PlacePlan],
    capping: Sequence[PlacePlan],
    tier: int,
    allowed: int,
) -> WouldBe | None:
    """The highest tier that an unknown condition would give."""
    limit = min((allowed, *(place.tier for place in capping)))
    for place in places:
        higher = min(place.tier, limit)
        if basis.truth(place.number) is None and higher > tier:
            return WouldBe(tier=TIERS[higher], if_=basis.place_reason(place))
    return None


def _waits_for(basis: Basis, option: OptionResult) -> tuple[str, ...]:
    """The reasons that would stop the option, of which nobody knows whether they hold."""
    listed = dict.fromkeys((*option.unknown, *option.checklist, *option.cautions))
    return tuple(
        name
        for name in listed
        if basis.reasons[name].truth is None
        and basis.reasons[name].effect in ("exclude", "require")
    )
