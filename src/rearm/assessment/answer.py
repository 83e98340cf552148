"""The recommendation: the state of the decision, and the strategies in their tiers with reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

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
from rearm.knowledge.rulesets import Directness, Ground

__all__ = ["OPEN_AT_MOST", "answer_of", "tiers_of"]

OPEN_AT_MOST = 5  # strategies that the sheet shows in the two highest tiers
_OPEN_BELOW = 3  # and below, where neither of them holds anything against the myeloma
_GROUNDS: tuple[Ground, ...] = get_args(Ground)  # the strongest first
_DIRECTNESS: tuple[Directness, ...] = get_args(Directness)  # the nearest first
# What is done before anything else, and leaves the choice for after it.
_EMERGENCIES = frozenset(
    ("cord_compression", "cord_threatened", "hypercalcaemia", "renal_failure", "hyperviscosity")
)
# roles of options: what treats the myeloma itself, or lets the patient go without
_AGAINST_THE_MYELOMA = ("definitive", "observe")
_BESIDE = ("supportive", "enabling")  # shown apart and not counted


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
    state = _state(basis, about, alerts, tiers, results)
    if state in _WITHOUT_TIERS:
        return Answer(state=state)
    later = state == "stabilise_first" or (
        state == "emergency_first"
        and not any(_against_the_myeloma(tier, results) for tier in tiers)
    )
    return Answer(state=state, then=then if later else (), tiers=tiers)


def _then(
    basis: Basis, tiers: Sequence[AnswerTier], options: Mapping[str, OptionResult]
) -> tuple[str, ...]:
    """The strategies that treat the myeloma and are impossible for now, but would stand high once
    what stops them has ended; the highest first. Where nothing at all can be given for now, those
    that would be situational.
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
    can_be_given = any(
        _treats(tier, options) for tier in tiers if TIERS.index(tier.tier) >= SITUATIONAL
    )
    if not high and not can_be_given:
        high = [strategy for strategy, tier in afterwards.items() if tier == SITUATIONAL]
    return tuple(sorted(high, key=lambda strategy: -afterwards[strategy]))


def _treats(tier: AnswerTier, options: Mapping[str, OptionResult]) -> bool:
    """Does a tier hold what treats the myeloma itself, or lets the patient go without?"""
    return any(options[x.option].role in _AGAINST_THE_MYELOMA for x in tier.strategies)


def _tier_afterwards(
    basis: Basis, strategy: StrategyPlan, options: Mapping[str, OptionResult]
) -> int:
    """The tier of the strategy once the stops that will end have ended."""
    own = (options[basis.plan.options[position].option.id] for position in strategy.options)
    allowed = max(_limit_afterwards(basis, option) for option in own)
    return min(_standing(basis, strategy).tier, allowed)


def _limit_afterwards(basis: Basis, option: OptionResult) -> int:
    if option.afterwards in (None, "excluded"):
        return NOT_POSSIBLE
    if option.afterwards == "discouraged":
        return AVOID
    trial_open = basis.plan.trial_open is not None and basis.truth(basis.plan.trial_open)
    return SITUATIONAL if option.availability.status == "trial_only" and not trial_open else FIRST


_NOT_JUDGED = ("cannot_be_judged", "no_infusion", "infusion_unread")
_WITHOUT_TIERS = ("controlled", "died", "cannot_judge")


def _held_for_now(option: OptionResult) -> bool:
    """Is it a treatment of the myeloma that only waits for something to end?"""
    return option.role == "definitive" and option.afterwards not in (None, "excluded")


def _against_the_myeloma(tier: AnswerTier, options: Mapping[str, OptionResult]) -> bool:
    """Is it one of the high tiers, and does it treat the myeloma?"""
    return tier.tier in ("first", "alternative") and _treats(tier, options)


def _state(
    basis: Basis,
    about: About,
    alerts: Sequence[Alert],
    tiers: Sequence[AnswerTier],
    options: Mapping[str, OptionResult],
) -> AnswerState:
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
    high = any(_against_the_myeloma(tier, options) for tier in tiers)
    if not high and any(_held_for_now(option) for option in options.values()):
        return "stabilise_first"
    return "choose"


def tiers_of(
    basis: Basis,
    options: Sequence[OptionResult],
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
        own.sort(key=lambda x: (-x[0], *_order(basis, x[1])))
        placed = _strategy(basis, strategy, tier, own)
        key = (
            _GROUNDS.index(placed.ground),
            _nearness(basis, own[0][1]),
            strategy.strategy,
        )
        of_tier.setdefault(tier, []).append((key, placed))
    for members in of_tier.values():
        members.sort(key=lambda x: x[0])
    found = [
        (tier, [placed for _, placed in of_tier[tier]]) for tier in sorted(of_tier, reverse=True)
    ]
    return _with_open(found, results)


def _order(basis: Basis, option: OptionResult) -> tuple[int, int, int, str]:
    """Of options that go equally far: the one with fewer cautions that hold, with more that speaks
    for it, with the nearest figures.
    """
    cautions = sum(basis.reasons[key].truth is True for key in option.cautions)
    return cautions, -len(option.for_), _nearness(basis, option), option.id


def _nearness(basis: Basis, option: OptionResult) -> int:
    """By figures that have a number of patients: others, and pivotal trials, order nothing."""
    return _DIRECTNESS.index(basis.plan.evidence[option.evidence].counted)


def _with_open(
    found: Sequence[tuple[int, Sequence[AnswerStrategy]]], options: Mapping[str, OptionResult]
) -> tuple[AnswerTier, ...]:
    """With those that the sheet shows marked: the first few of the two highest tiers. Where these
    hold nothing but what is given beside, the room still has to choose: that is shown too, and the
    first few that have a place in some circumstances.
    """
    bare = not any(
        tier >= ALTERNATIVE and options[placed.option].role not in _BESIDE
        for tier, strategies in found
        for placed in strategies
    )
    left = OPEN_AT_MOST
    tiers = []
    for tier, strategies in found:
        roles = {placed.strategy: options[placed.option].role for placed in strategies}
        if tier >= ALTERNATIVE:
            wanted = [x for x, role in roles.items() if bare or role not in _BESIDE][:left]
            left -= len(wanted)
        elif bare and tier == SITUATIONAL:
            treating = [x for x, role in roles.items() if role in _AGAINST_THE_MYELOMA]
            others = [x for x, role in roles.items() if role not in _BESIDE]
            wanted = (treating or others)[: min(left, _OPEN_BELOW)]
        else:
            wanted = []
        told = (structs.replace(x, open=True) if x.strategy in wanted else x for x in strategies)
        tiers.append(AnswerTier(tier=TIERS[tier], strategies=tuple(told)))
    return tuple(tiers)


@dataclass(frozen=True, slots=True)
class _Standing:
    """The placements of a strategy that hold: those that lift it, the highest first, and those that
    cap it, the lowest first.
    """

    lifting: tuple[PlacePlan, ...]
    capping: tuple[PlacePlan, ...]

    @property
    def cap(self) -> int:
        return self.capping[0].tier if self.capping else FIRST

    @property
    def tier(self) -> int:
        """By the placements alone."""
        return min(self.lifting[0].tier if self.lifting else AVOID, self.cap)

    @property
    def deciding(self) -> tuple[PlacePlan, ...]:
        """Those that give this tier: what lifts to it, and what caps at it."""
        lifting = tuple(x for x in self.lifting if x.tier == self.tier)
        return (*lifting, *(x for x in self.capping if x.tier == self.tier))

    @property
    def ground(self) -> Ground:
        """The strength of what decides: of the cap, where one keeps it down."""
        held = self.capping if self.capping and self.cap == self.tier else self.lifting
        ground = held[0].place.ground if held else "usual_practice"
        # one object a word, so that the JSON can leave out the usual one
        return _GROUNDS[_GROUNDS.index(ground)]


def _standing(basis: Basis, strategy: StrategyPlan) -> _Standing:
    true = [place for place in strategy.places if basis.truth(place.number)]
    return _Standing(
        lifting=tuple(place for place in true if not place.caps),
        capping=tuple(sorted((x for x in true if x.caps), key=lambda x: x.tier)),
    )


def _strategy(
    basis: Basis,
    strategy: StrategyPlan,
    tier: int,
    own: Sequence[tuple[int, OptionResult]],
) -> AnswerStrategy:
    allowed, best = own[0]
    standing = _standing(basis, strategy)
    # what its options stop is told by what speaks against them; what can be had in trials only, by
    # `access`
    stopped = tier <= AVOID and tier < standing.tier
    told = () if stopped else standing.deciding
    because = [*(best.against if allowed == tier <= AVOID else ()), *map(basis.place_reason, told)]
    return AnswerStrategy(
        strategy=strategy.strategy,
        option=best.id,
        options=tuple(option.id for _, option in own),
        because=tuple(dict.fromkeys(because)),
        ground=standing.ground,
        would_be=_would_be(basis, strategy, tier, min(allowed, standing.cap)),
        waits_for=() if tier <= NOT_POSSIBLE else _waits_for(basis, best),
        figures=(best.evidence,),
        access=best.availability.status,
    )


def _would_be(
    basis: Basis,
    strategy: StrategyPlan,
    tier: int,
    limit: int,
) -> WouldBe | None:
    """The highest tier, up to `limit`, that an unknown condition would give."""
    for place in strategy.places:
        higher = min(place.tier, limit)
        if place.caps or higher <= tier or (place.place.needs_sign and not _signs(basis, place)):
            continue
        if basis.truth(place.number) is None:
            return WouldBe(tier=TIERS[higher], if_=basis.place_reason(place))
    return None


def _signs(basis: Basis, place: PlacePlan) -> bool:
    """Whether something on record points to what the placement reads."""
    found = basis.patient.found
    reads = basis.plan.conditions[place.number].reads
    return any(name in found and found[name].suspected for name in reads)


def _waits_for(basis: Basis, option: OptionResult) -> tuple[str, ...]:
    """The reasons that would stop the option, of which nobody knows whether they hold."""
    listed = dict.fromkeys((*option.unknown, *option.checklist, *option.cautions))
    return tuple(
        name
        for name in listed
        if basis.reasons[name].truth is None
        and basis.reasons[name].effect in ("exclude", "require")
    )
