"""The strategies in their tiers as parts of the page: those that are open in full, the others
folded, each with one sentence and its options behind it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rearm.assessment.result import Assessment, OptionResult, Tier
from rearm.report.assessment.answer_words import (
    TIER_WORDS,
    AnswerLine,
    answer_lines,
    folded_lines,
)

__all__ = [
    "FoldedTier",
    "StrategyPart",
    "folded_tiers",
    "not_known",
    "numbered_reasons",
    "open_strategies",
    "said_reasons",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyPart:
    """One strategy with its options, the best first.

    `open`: whether it stands in the table of the sheet. `sentence`: why it stands where it stands,
    in one sentence.
    """

    line: AnswerLine
    open: bool
    sentence: str
    options: tuple[OptionResult, ...]

    def leads(self, option: OptionResult) -> bool:
        """Whether this is the option that the table of the sheet names."""
        return self.open and option.id == self.options[0].id

    @property
    def to_avoid(self) -> bool:
        """Whether it is advised against or not possible."""
        return self.line.tier in ("avoid", "not_possible")


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldedTier:
    """The strategies of one tier that are not open."""

    tier: Tier
    words: str
    parts: tuple[StrategyPart, ...]


def open_strategies(result: Assessment) -> tuple[StrategyPart, ...]:
    """The strategies of the table, the best first."""
    return tuple(_part(result, line, open_=True) for line in answer_lines(result))


def folded_tiers(result: Assessment) -> tuple[FoldedTier, ...]:
    """All others by tier, the highest first."""
    parts: dict[Tier, list[StrategyPart]] = {}
    for line in folded_lines(result):
        parts.setdefault(line.tier, []).append(_part(result, line, open_=False))
    return tuple(
        FoldedTier(tier=tier, words=TIER_WORDS[tier], parts=tuple(found))
        for tier, found in parts.items()
    )


def not_known(result: Assessment, option: OptionResult) -> tuple[str, ...]:
    """The ids of the reasons against the option, and cautions, of which nobody knows whether they
    hold, each once.
    """
    listed = dict.fromkeys((*option.unknown, *option.checklist, *option.cautions))
    return tuple(key for key in listed if result.reasons[key].truth is None)


def said_reasons(result: Assessment, part: StrategyPart, option: OptionResult) -> tuple[str, ...]:
    """The ids of the reasons that stand in words with an option: with the first option of a
    strategy that is open all that hold, with others those against it that its strategy has not just
    said.
    """
    if part.leads(option):
        cautions = (key for key in option.cautions if result.reasons[key].speaks)
        return (*option.against, *option.for_, *cautions)
    return tuple(key for key in option.against if result.reasons[key].text != part.sentence)


def numbered_reasons(
    result: Assessment, part: StrategyPart, option: OptionResult
) -> tuple[str, ...]:
    """The ids of the reasons that an option names by their numbers alone, or by what is missing. Of
    a strategy to avoid neither what is not known nor a caution would change anything: left out.
    """
    if part.leads(option):
        return not_known(result, option)
    told = tuple(key for key in option.against if result.reasons[key].text == part.sentence)
    if part.to_avoid:
        return told
    cautions = (key for key in option.cautions if result.reasons[key].speaks)
    decided = option.unknown if option.verdict == "needs_information" else ()
    first = result.must_be_known_first(option)
    return (*told, *option.for_, *cautions, *decided, *first)


def _part(result: Assessment, line: AnswerLine, *, open_: bool) -> StrategyPart:
    return StrategyPart(
        line=line,
        open=open_,
        sentence=line.why[0] if line.why else "",
        options=tuple(result.option(name) for name in _options_of(result, line)),
    )


def _options_of(result: Assessment, line: AnswerLine) -> Iterable[str]:
    for tier in result.answer.tiers:
        for placed in tier.strategies:
            if placed.strategy == line.strategy_id:
                return dict.fromkeys((placed.option, *placed.options))
    return (line.option_id,)
