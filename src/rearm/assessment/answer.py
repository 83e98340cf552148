"""The recommendation: the state of the decision, and the strategies in their tiers with reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from msgspec import structs

from rearm.assessment.basis import Basis
from rearm.assessment.placing import ALTERNATIVE, AVOID, FIRST, NOT_POSSIBLE
from rearm.assessment.plan import TIERS, PlacePlan, StrategyPlan
from rearm.assessment.result import (
    About,
    Alert,
    Answer,
    AnswerStrategy,
    AnswerTier,
    OptionResult,
    WouldBe,
)
from rearm.assessment.result.options import EvidenceResult
from rearm.assessment.state import PlacedStrategies, state_of
from rearm.knowledge.rulesets import Directness, Ground

__all__ = ["OPEN_AT_MOST", "answer_of", "tiers_of"]

OPEN_AT_MOST = 5  # strategies that the sheet shows in the two highest tiers
_OPEN_BELOW = 3  # and below, where neither of them holds anything against the myeloma
_GROUNDS: tuple[Ground, ...] = get_args(Ground)  # the strongest first
_DIRECTNESS: tuple[Directness, ...] = get_args(Directness)  # the nearest first
_BESIDE = ("supportive", "enabling")  # roles of options that are shown apart and not counted


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
    if placed is not None and found.state != "stabilise_first":
        tiers = _with_the_best_of_the_rest(basis, placed, tiers)
    return Answer(state=found.state, then=found.then, tiers=tiers)


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


def _with_the_best_of_the_rest(
    basis: Basis, placed: PlacedStrategies, tiers: tuple[AnswerTier, ...]
) -> tuple[AnswerTier, ...]:
    """Where the high tiers hold nothing against the myeloma, the room still has to choose: the
    first few that are situational are shown, with what speaks for and against them. What is first
    for one place of the myeloma (the central nervous system, the spine) is a choice too.
    """
    if placed.treats_from(ALTERNATIVE) or placed.treats_from(FIRST, ("local",)):
        return tiers
    roles = {option.option.id: option.option.role for option in basis.plan.options}
    return tuple(
        structs.replace(tier, strategies=_opened(tier.strategies, roles))
        if tier.tier == "situational"
        else tier
        for tier in tiers
    )


def _opened(
    strategies: Sequence[AnswerStrategy], roles: Mapping[str, str]
) -> tuple[AnswerStrategy, ...]:
    treating = [x.strategy for x in strategies if roles[x.option] == "definitive"]
    shown = frozenset(treating[:_OPEN_BELOW])
    return tuple(structs.replace(x, open=x.open or x.strategy in shown) for x in strategies)


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
        if not place.caps and basis.truth(place.number) is None and higher > tier:
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
