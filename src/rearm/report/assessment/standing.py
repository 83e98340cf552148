"""Why a strategy stands where it stands, and what would move it, as text or as plain data."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any, get_args

from rearm.assessment.result import Tier
from rearm.assessment.standing import Limit, Placing, Standing
from rearm.report.assessment.answer_words import TIER_WORDS, access_words, ground_words
from rearm.report.assessment.trace import hidden_words, rule_lines, rule_object

__all__ = ["standing_object", "standing_text"]

_TRUTH = {True: "TRUE", False: "FALSE", None: "UNKNOWN"}
_VERDICTS = {
    "excluded": "excluded",
    "discouraged": "discouraged",
    "needs_information": "needs information",
    "open": "open",
    None: "no verdict",
}
_RISING = get_args(Tier)


def standing_text(standing: Standing, *, every: bool = False) -> str:
    """Where it stands; the placements that hold; what would move it, the highest first; its
    options; and, with `every`, all other placements.
    """
    holding = [x for x in standing.placings if x.truth]
    moving = sorted((x for x in standing.placings if _moves(standing, x)), key=_by_reach)
    rest = [x for x in standing.placings if not x.truth and x not in moving]
    lines = [f"{standing.name} ({standing.id})", *_where(standing)]
    lines += _section("What holds", [_placing(x) for x in holding])
    lines += _section("What would move it", [_move(x) for x in moving])
    lines += _section("Its options", _options(standing.options))
    if every:
        return "\n".join(lines + _section("What does not hold", [_placing(x) for x in rest]))
    return "\n".join(lines + hidden_words("placement", len(rest)))


def _where(standing: Standing) -> list[str]:
    allowed, placed = TIER_WORDS[standing.allowed], TIER_WORDS[standing.placed]
    if standing.tier is None:
        return [f"It has no tier, as there is nothing to choose ({standing.state})."]
    limited = _RISING.index(standing.allowed) < _RISING.index(standing.placed)
    why = (
        f"Its placements say: {placed}; its options allow no more than: {allowed}."
        if limited
        else f"Its placements say so; its options allow: {allowed}."
    )
    return [f"Its tier: {TIER_WORDS[standing.tier]}. {why}"]


def _moves(standing: Standing, placing: Placing) -> bool:
    """Would it move the strategy? What is known to be false, only where it would lift it."""
    if standing.tier is None or placing.turned == standing.tier:
        return False
    lifts = _RISING.index(placing.turned) > _RISING.index(standing.tier)
    return lifts or placing.truth is not False


def _by_reach(placing: Placing) -> tuple[int, bool]:
    """What lifts it highest first; of these what nobody knows."""
    return -_RISING.index(placing.turned), placing.truth is not None


def _section(title: str, blocks: Sequence[Sequence[str]]) -> list[str]:
    if not blocks:
        return []
    return ["", f"-- {title}", *(line for block in blocks for line in ("", *block))]


def _placing(placing: Placing) -> list[str]:
    says = f"no higher than {_tier(placing)}" if placing.caps else f"stands {_tier(placing)}"
    return _block(placing, f"{says} ({ground_words(placing.ground)})")


def _move(placing: Placing) -> list[str]:
    """Clauses and findings only where they are not told above, and not all unknown."""
    if placing.truth is False:
        return _block(placing, f"{TIER_WORDS[placing.turned]} if this held")
    turned = "no longer held" if placing.truth else "holds"
    lines = [
        f"{_TRUTH[placing.truth]:8} {TIER_WORDS[placing.turned]} if this {turned}: {placing.id}",
        f"         {placing.text}",
    ]
    if placing.truth is None and placing.traced is not None:
        unknown = [f.text or name for name, f in placing.traced.findings if not f.known]
        lines.append(f"         unknown: {'; '.join(unknown)}")
    return lines


def _block(placing: Placing, heading: str) -> list[str]:
    if placing.traced is not None:
        return rule_lines(placing.traced, heading)
    return [f"{_TRUTH[placing.truth]:8} {heading}: {placing.id}", f"         {placing.text}"]


def _tier(placing: Placing) -> str:
    return TIER_WORDS[placing.tier]


def _options(options: Sequence[Limit]) -> list[list[str]]:
    """The best first; what is to be known first is told once."""
    told: set[str] = set()
    blocks = []
    for option in options:
        blocks.append(_option(option, told))
        told |= set(option.waits_for)
    return blocks


def _option(option: Limit, told: Collection[str]) -> list[str]:
    access = access_words(option.access)
    lines = [
        f"{option.name} ({option.option}): {_VERDICTS[option.verdict]}{access and f', {access}'};"
        f" allows {TIER_WORDS[option.tier]}"
    ]
    lines += [f"         against: {text}" for text in option.against]
    new = [text for text in option.waits_for if text not in told]
    lines += [f"         clarify first: {text}" for text in new]
    if len(new) < len(option.waits_for):
        lines.append("         clarify first: what is told above")
    return lines


def standing_object(standing: Standing) -> dict[str, Any]:
    """All of it as plain data for JSON."""
    return {
        "id": standing.id,
        "name": standing.name,
        "region": standing.region,
        "state": standing.state,
        "tier": standing.tier,
        "placed": standing.placed,
        "allowed": standing.allowed,
        "placements": [
            {
                "id": x.id,
                "tier": x.tier,
                "caps": x.caps,
                "truth": x.truth,
                "text": x.text,
                "ground": x.ground,
                "turned": x.turned,
                "rule": None if x.traced is None else rule_object(x.traced),
            }
            for x in standing.placings
        ],
        "options": [asdict(x) for x in standing.options],
    }
