"""The recommendation in sentences: the state of the decision, and a line for each strategy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rearm.assessment.result import (
    AnswerState,
    AnswerStrategy,
    Assessment,
    Ground,
    Here,
    OptionResult,
    Tier,
)
from rearm.assessment.result.options import AvailabilityStatus
from rearm.report.assessment.disease import has_not_responded, treatment_since
from rearm.report.figures import figure_line, is_pivotal
from rearm.report.words import words

__all__ = [
    "TIER_WORDS",
    "AnswerLine",
    "access_words",
    "answer_lines",
    "folded_lines",
    "ground_words",
    "here_words",
    "state_words",
    "tier_words",
]

_STATES: Mapping[AnswerState, str] = {
    "choose": "The patient has relapsed and can be treated now.",
    "confirm_first": "Confirm the relapse first; what follows holds if it is progression.",
    "stabilise_first": "No systemic therapy of the myeloma is possible now; stabilise the patient.",
    "emergency_first": "Treat the emergency first: the first lines do so, the others follow.",
    "comfort": "The patient wants comfort care only.",
    "controlled": "The myeloma is controlled; no choice is due.",
    "died": "The patient died.",
    "cannot_judge": "The record does not show whether there is a relapse to decide on.",
}
_GROUNDS: Mapping[Ground, str] = {
    "guideline": "guideline",
    "consensus": "consensus of experts",
    "comparative": "comparative study",
    "series": "series without comparison",
    "class_evidence": "evidence of the class",
    "survey": "survey of habits",
    "opinion": "expert opinion",
    "usual_practice": "usual practice",
}
TIER_WORDS: Mapping[Tier, str] = {
    "first": "first",
    "alternative": "alternative",
    "situational": "in some circumstances",
    "avoid": "avoid",
    "not_possible": "not possible now",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerLine:
    """One strategy as a line of the sheet.

    `figure`: what was seen in patients like this one; `pivotal`: only a trial from before CAR-T was
    read, which stands in grey. `why`: the reasons that it stands in its tier. `must_be_true`: what
    is to be known first. `would_be`: the tier in which it would stand, with the condition; empty
    without one.
    """

    tier: Tier
    tier_words: str
    strategy_id: str
    strategy: str
    option_id: str
    option: str
    why: tuple[str, ...]
    because: tuple[str, ...]
    ground: str
    figure: str
    pivotal: bool
    access: str
    must_be_true: tuple[str, ...]
    would_be: str


def tier_words(tier: str) -> str:
    """The words for a tier; a code that is none keeps its words."""
    return {str(key): text for key, text in TIER_WORDS.items()}.get(tier, words(tier))


def state_words(result: Assessment) -> str:
    """The state of the decision in a sentence."""
    if _may_be_two(result):
        return "Settle whose data these are before choosing anything."
    if result.answer.state == "controlled" and has_not_responded(result):
        return "Neither response nor progression is on record; repeat the markers."
    text = _STATES[result.answer.state]
    if result.answer.state == "choose" and (treated := treatment_since(result)):
        text = f"{treated} Judge the response first; what follows holds if it fails."
    if _nothing_high(result):
        text += (
            " Every strategy has a reason against it; those with the strongest support are shown."
        )
    if result.answer.then:
        names = [result.titles.strategies[name] for name in result.answer.then]
        text += f" After that: {', '.join(names)}."
    return text


def _may_be_two(result: Assessment) -> bool:
    """Can nothing be judged because the rows may be of two patients?"""
    told = any(alert.id == "may_be_two_patients" for alert in result.alerts)
    return told and result.answer.state == "cannot_judge"


def ground_words(ground: Ground) -> str:
    """The strength of a ground, as it stands in brackets."""
    return _GROUNDS[ground]


def access_words(access: AvailabilityStatus) -> str:
    """How an option can be had; empty where that is no question."""
    return _ACCESS[access]


_HERE: Mapping[Here, str] = {
    "available": "",  # the usual, which nobody asks about
    "on_request": "here on request",
    "not_here": "not here",
}


def here_words(option: OptionResult) -> str:
    """Whether the centre has the option, with its remark; empty where it has, or nobody said."""
    told = "" if option.here is None else _HERE[option.here]
    return f"{told} ({option.here_note})" if told and option.here_note else told or option.here_note


def _with_here(option: OptionResult, access: str) -> str:
    return "; ".join(filter(None, (access, here_words(option))))


def _where_approved(result: Assessment, option: OptionResult, access: str) -> str:
    """Where no region was asked for, `approved` says in which it is."""
    regions = sorted({row.region for row in option.availability.rows})
    if result.region is not None or not regions:
        return access
    return access.replace("approved", f"approved in {' and '.join(regions)}", 1)


def _nothing_high(result: Assessment) -> bool:
    """Are the lines of the sheet from below the two highest tiers?"""
    shown = [tier.tier for tier in result.answer.tiers for x in tier.strategies if x.open]
    return bool(shown) and not {"first", "alternative"}.intersection(shown)


def answer_lines(result: Assessment) -> tuple[AnswerLine, ...]:
    """The strategies that the sheet shows, the best first."""
    return tuple(_lines(result, shown=True))


def folded_lines(result: Assessment) -> tuple[AnswerLine, ...]:
    """All other strategies, each in its tier."""
    return tuple(_lines(result, shown=False))


def _lines(result: Assessment, *, shown: bool) -> list[AnswerLine]:
    tiers = result.answer.tiers
    return [
        _line(result, tier.tier, placed)
        for tier in tiers
        for placed in tier.strategies
        if placed.open == shown
    ]


def _line(result: Assessment, tier: Tier, placed: AnswerStrategy) -> AnswerLine:
    option = result.option(placed.option)
    would = placed.would_be
    return AnswerLine(
        tier=tier,
        tier_words=TIER_WORDS[tier],
        strategy_id=placed.strategy,
        strategy=result.titles.strategies[placed.strategy],
        option_id=option.id,
        option=option.name,
        why=tuple(result.reasons[key].text for key in placed.because),
        because=placed.because,
        ground=_GROUNDS[placed.ground],
        figure=_figure(result, placed),
        pivotal=_is_pivotal(result, placed),
        access=_with_here(option, _where_approved(result, option, _ACCESS[placed.access])),
        must_be_true=placed.waits_for,
        would_be=(
            ""
            if would is None
            else f"{TIER_WORDS[would.tier]} if: {result.reasons[would.if_].text}"
        ),
    )


_ACCESS: Mapping[AvailabilityStatus, str] = {
    "available": "approved",
    "outside_label": "approved, outside the label for this patient",
    "check": "approved; check the label",
    "off_label": "off label",
    "trial_only": "in a trial only",
    "not_needed": "",
}


def _figure(result: Assessment, placed: AnswerStrategy) -> str:
    return "; ".join(dict.fromkeys(figure_line(result.evidence[key]) for key in placed.figures))


def _is_pivotal(result: Assessment, placed: AnswerStrategy) -> bool:
    """Whether all that is shown is from before CAR-T, by a pivotal trial."""
    shown = [figure for key in placed.figures for figure in result.evidence[key].expected]
    told = [figure for figure in shown if figure.measure in ("response", "pfs")]
    return bool(told) and all(map(is_pivotal, told))
