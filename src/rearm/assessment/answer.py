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
    AnswerStrategy,
    AnswerTier,
    OptionResult,
    Reason,
    WouldBe,
)
from rearm.assessment.state import PlacedStrategies, state_of
from rearm.knowledge.rulesets import Directness, Ground

__all__ = ["OPEN_AT_MOST", "answer_of", "tiers_of"]

# drugs that can be had, but of which the label does not cover this patient or this use
_UNLABELLED = ("outside_label", "off_label")
OPEN_AT_MOST = 5  # strategies that the sheet shows in the two highest tiers
_OPEN_BELOW = 3  # and below, where neither of them holds anything against the myeloma
_GROUNDS: tuple[Ground, ...] = get_args(Ground)  # the strongest first
_DIRECTNESS: tuple[Directness, ...] = get_args(Directness)  # the nearest first
# roles of options: what treats the myeloma itself, or lets the patient go without
_AGAINST_THE_MYELOMA = ("definitive", "observe")
_BESIDE = ("supportive", "enabling")  # shown apart and not counted


def answer_of(
    basis: Basis,
    about: About,
    alerts: Sequence[Alert],
    tiers: tuple[AnswerTier, ...],
    placed: PlacedStrategies | None,
) -> Answer:
    """The state of the decision with its tiers. `placed`: None where there are none."""
    certain = {alert.id for alert in alerts if alert.status == "certain"}
    found = state_of(basis.patient, about.code, certain, placed)
    if not found.has_tiers:
        return Answer(state=found.state)
    return Answer(state=found.state, then=found.then, tiers=tiers)


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


def _order(basis: Basis, option: OptionResult) -> tuple[bool, int, int, int, int, int, str]:
    """Of options that go equally far: one that the centre has; the one with fewer stops, so that
    what stops all of them is told and not what stops one product; the one that no label keeps from
    this patient, with fewer cautions that hold, with more that speaks for it, with the nearest
    figures.
    """
    unlabelled = option.availability.status in _UNLABELLED
    cautions = sum(basis.reasons[key].truth is True for key in option.cautions)
    nearness = _nearness(basis, option)
    return (
        option.here == "not_here",
        len(option.against),
        unlabelled,
        cautions,
        -len(option.for_),
        nearness,
        option.id,
    )


def _nearness(basis: Basis, option: OptionResult) -> int:
    """By figures that have a number of patients: others, and pivotal trials, order nothing."""
    return _DIRECTNESS.index(basis.plan.evidence[option.evidence].counted)


def _with_open(
    found: Sequence[tuple[int, Sequence[AnswerStrategy]]], options: Mapping[str, OptionResult]
) -> tuple[AnswerTier, ...]:
    """With those that the sheet shows marked: the first few of the two highest tiers, with what is
    given beside where nothing there is against the myeloma. Where these hold nothing else, the room
    still has to choose: the first few are shown that have a place in some circumstances.
    """
    high = {
        options[placed.option].role
        for tier, strategies in found
        if tier >= ALTERNATIVE
        for placed in strategies
    }
    untreated = high.isdisjoint(_AGAINST_THE_MYELOMA)
    bare = high <= set(_BESIDE)
    left = OPEN_AT_MOST
    tiers = []
    for tier, strategies in found:
        roles = {placed.strategy: options[placed.option].role for placed in strategies}
        if tier >= ALTERNATIVE:
            wanted = [x for x, role in roles.items() if untreated or role not in _BESIDE][:left]
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
    """The reasons that would stop the option, of which nobody knows whether they hold: those that
    rule it out, and those against it that the record points to and contradicts.
    """
    listed = dict.fromkeys((*option.unknown, *option.checklist, *option.cautions))
    found = basis.patient.found

    def pointed_to(reason: Reason) -> bool:
        return any(name in found and found[name].suspected for name in reason.findings)

    return tuple(
        name
        for name in listed
        if (reason := basis.reasons[name]).truth is None
        and (
            reason.effect in ("exclude", "require")
            or (reason.effect == "discourage" and pointed_to(reason))
        )
    )
