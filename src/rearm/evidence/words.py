"""The evidence in words: why an arm is not pooled, what was borrowed, what a figure leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rearm.evidence.pool import NotPooled, NotPooledCode, Pooled, median_not_reached
from rearm.knowledge.studies import Months, Proportion

if TYPE_CHECKING:
    from rearm.evidence.strategy import Outcome, StrategyEvidence

__all__ = [
    "borrowing_words",
    "months_words",
    "not_pooled_words",
    "note_words",
    "remarks",
    "share_words",
]

_NOT_POOLED: Mapping[NotPooledCode, str] = {
    "not_reported": "not reported",
    "no_counts": "percentage without counts",
    "no_patients": "no patients",
    "median_without_weight": "a median without interval and without number of patients",
    "landmark_without_weight": "a landmark without interval and without number of patients",
    "not_reached": "median not reached; {}",
    "median_not_printed": "median not printed; {}",
    "meta_analysis": "meta-analysis",
    "subset": "subset",
    "per_line": "rate per line",
    "ever": "counts a response in any later line",
    "pivotal": "pivotal trial",
    "case_report": "case report",
    "unlicensed_dose": "a dose that no label has",
    "steroid_differs": "with or without a steroid, which changes what this drug does",
    "other_use": "several classes together, or not this use",
    "agents_not_separated": "agents not separated",
    "in_combination": "in combination with {}",
    "not_selected": "not selected by {}",
    "shares_patients": "shares patients with {}",
    "lends": "lends strength",
    "less_direct": "less direct than the figure given",
}


def not_pooled_words(reason: NotPooled) -> str:
    """Why an arm does not stand in a figure."""
    return _NOT_POOLED[reason.code].format(reason.detail)


def share_words(value: Proportion | None) -> str | None:
    """A share as printed: `79 % (22/28), 95 % interval 60-90`, `64 % (of 22, 25 or 28)`; None where
    it was not read.
    """
    if value is None:
        return None
    counts = f" ({value.events}/{value.n})" if value.events is not None else ""
    if value.evaluable:
        *others, last = map(str, value.evaluable)
        counts = f" (of {' or '.join((', '.join(others), last)) if others else last})"
    interval = ""
    if value.low is not None or value.high is not None:
        low, high = ("?" if side is None else f"{side:g}" for side in (value.low, value.high))
        interval = f", {value.level * 100:g} % interval {low}-{high}"
    return f"{value.percent:.3g} %{counts}{interval}"


def months_words(value: Months | None) -> str | None:
    """A time to event as printed: `7.7 months (5.8-10.3); 40 % at month 12`.

    None where it was not read.
    """
    if value is None:
        return None
    parts = []
    if value.median is not None:
        unit = "month" if value.median == 1 else "months"
        parts.append(f"{value.median:g} {unit}{_interval_words(value)}")
    elif median_not_reached(value):
        parts.append("median not reached")
    parts += [f"{mark.percent:g} % at month {mark.month:g}" for mark in value.landmarks]
    return "; ".join(parts)


def _interval_words(value: Months) -> str:
    if value.low is None:
        return ""
    high = "not reached" if value.high is None else f"{value.high:g}"
    level = "" if value.level == 0.95 else f", {value.level * 100:g} % interval"
    return f" ({value.low:g}-{high}{level})"


def borrowing_words(figure: Pooled) -> str:
    """What less direct settings added to a figure, with the figure that stands without them."""
    if figure.refused:
        return "Nothing is borrowed, because indirect studies disagree with it"
    scale, unit, digits = (100, "%", 0) if figure.unit == "proportion" else (1, "months", 1)
    estimate, low, high = (f"{scale * value:.{digits}f}" for value in figure.unborrowed)
    share = (
        f"{100 * figure.borrowed_share:.0f} % of the information is borrowed from"
        f" {len(figure.borrowed_arms)} less direct arms"
    )
    return f"{share}; without them {estimate} {unit} ({low} to {high})"


def remarks(outcome: Outcome, figure: Pooled) -> str | None:
    """What must be known beside a pooled figure; None for nothing.

    What was borrowed, what it leaves out, how weak its sources are.
    """
    parts = [
        borrowing_words(figure) if figure.borrowed_arms or figure.refused else None,
        _left_out_words(outcome) if figure is outcome.figure else None,
        _weak_words(figure),
    ]
    return "; ".join(part for part in parts if part) or None


def note_words(evidence: StrategyEvidence) -> str:
    """What a page says in a few sentences beside the figures of a strategy."""
    response = evidence.outcomes["response"]
    weak = (
        _weak_words(response.background)
        if response.pooled is None and response.background
        else None
    )
    return (
        _response_note(evidence)
        + (f" Response: {weak}." if weak else "")
        + _pfs_note(evidence.outcomes["pfs"])
    )


def _arms_words(count: int) -> str:
    return f"{count} arm{'s' if count > 1 else ''}"


def _weak_words(figure: Pooled) -> str | None:
    """How many arms of a figure were read from a weak source; None for none.

    Weak are meeting abstracts, companies, news, and what was read at second hand.
    """
    weak, arms = sum(row.arm.weak for row in figure.arms), len(figure.arms)
    if not weak:
        return None
    if weak < arms:
        return f"{weak} of {arms} arms read from a weak source"
    if arms == 1:
        return "read from a weak source only"
    return f"{'both' if arms == 2 else f'all {arms}'} arms read from weak sources"


def _left_out_words(outcome: Outcome) -> str | None:
    if not outcome.not_reached or outcome.figure is None:
        return None
    return (
        f"leaves out {_arms_words(len(outcome.not_reached))} in which it was not reached, and is"
        " therefore biased low"
    )


def _pfs_note(pfs: Outcome) -> str:
    if words := _left_out_words(pfs):
        return f" The median PFS {words}."
    if not pfs.not_reached:
        return ""
    return (
        f" Median PFS was not reached in {_arms_words(len(pfs.not_reached))}; there is no"
        " figure for it."
    )


def _only_pivotal(evidence: StrategyEvidence) -> bool:
    own = [row for row in evidence.listed if row.arm.strategy == evidence.strategy]
    return bool(own) and all(row.figure == "pivotal" for row in own)


def _response_note(evidence: StrategyEvidence) -> str:
    mixtures = (
        " Combinations with it after CAR-T are listed." if _mixtures_after_cart(evidence) else ""
    )
    if _only_pivotal(evidence):
        return "Pivotal trial only."
    response = evidence.outcomes["response"]
    if response.pooled is not None and evidence.directness != "none read":
        return _pooled_note(response, response.pooled)
    match evidence.directness:
        case "none read":
            return "No figure was read for it alone." if evidence.listed else "No figure was read."
        case "direct":
            return _only_listed_note(evidence)
        case "near":
            return (
                "No result after CAR-T alone: the figures are from people with earlier BCMA"
                " therapy or T-cell redirection of any kind."
            )
        case "indirect only":
            return f"No result after CAR-T was read.{mixtures}"


def _mixtures_after_cart(evidence: StrategyEvidence) -> bool:
    """Whether arms after CAR-T that hold this strategy among others are listed."""
    return any(
        row.directness == "direct" and row.not_pooled and row.arm.strategy != evidence.strategy
        for row in evidence.listed
    )


def _pooled_note(response: Outcome, figure: Pooled) -> str:
    words = remarks(response, figure)
    remark = f" {words[:1].upper()}{words[1:]}." if words else ""
    if len(figure.arms) == 1:
        return (
            f"Unadjusted, from one arm of {figure.patients} patients after CAR-T, shown as counted."
            f" Pooled it is {100 * figure.estimate:.0f} %: the variation between centres is"
            f" assumed.{remark}"
        )
    return (
        f"Unadjusted, from {len(figure.arms)} arms and {figure.patients} patients after"
        f" CAR-T.{remark}"
    )


def _only_listed_note(evidence: StrategyEvidence) -> str:
    kinds = {
        not_pooled_words(row.not_pooled)
        for row in evidence.listed
        if row.directness == "direct"
        and row.not_pooled
        and row.response
        and row.arm.strategy == evidence.strategy
    }
    why = f" ({'; '.join(sorted(kinds))})" if kinds else ""
    return f"Results after CAR-T were read, but none that can be pooled{why}; they are listed."
