"""Words that page and terminal share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rearm.mechanism.result import MechanismResult

__all__ = [
    "CHANNEL",
    "SETTLED_TEXT",
    "TEST",
    "answer",
    "basis",
    "is_settled",
    "names",
    "with_interval",
]

SETTLED = 0.05  # bits of uncertainty below which no measurement is named
SETTLED_TEXT = (
    "The model leaves hardly any uncertainty: no measurement is likely to change this answer."
)
CHANNEL = {
    "m_protein": "serum M-protein",
    "flc": "involved light chain",
    "sbcma": "soluble BCMA",
    "car": "CAR copies",
}
TEST = {
    **CHANNEL,
    "bcma_on_cells": "BCMA on tumour cells (marrow or lesion)",
    "imaging": "whole-body imaging for a lesion",
}


def is_settled(result: MechanismResult) -> bool:
    """Whether no measurement is worth naming."""
    return result.entropy_bits < SETTLED and result.status != "withheld"


def names(result: MechanismResult, members: Sequence[str]) -> str:
    """Mechanisms of one class, as they are called."""
    return " or ".join(result.titles[m] for m in members)


def answer(result: MechanismResult) -> str:
    """The answer in one sentence or two; an expectation where no progression is known."""
    lead = result.leading
    if result.status in ("refused", "prior_only", "withheld") or lead is None:
        return result.reason
    ahead = "" if result.progression is not None else _expectation(result)
    best = f"{names(result, lead.members)}: {lead.probability:.0%}"
    before = f"before the data {lead.prior:.0%}, Monte-Carlo error {lead.error:.1%}"
    if result.status == "cannot_tell":
        sentences = (f"{ahead})." if ahead else "", result.reason)
        return " ".join(x for x in (*sentences, f"The first is {best} ({before}).") if x)
    if not ahead:
        title = names(result, lead.members).capitalize()
        return f"{title} fits this course best: {lead.probability:.0%} ({before})."
    if lead.members == ("no_failure",):
        return f"{ahead}, {before})."
    return f"{ahead}), most often by {best} ({before})."


def _expectation(result: MechanismResult) -> str:
    """What the model expects, up to its probability; the bracket stays open."""
    known = (
        f"No progression is known by day {result.followed_to:.0f}."
        if result.followed_to > 0
        else "No progression is confirmed."
    )
    none = result.probabilities["no_failure"]
    what, probability = ("none", none) if none >= 0.5 else ("one", 1.0 - none)
    return f"{known} The model expects {what} before day {result.horizon:.0f} ({probability:.0%}"


def basis(result: MechanismResult) -> list[str]:
    """What the answer rests on, a sentence each; nothing where nothing was fitted."""
    if result.status == "withheld" and not result.bands:
        return []
    return [
        (
            f"{result.draws:,} virtual patients in {result.stages} stages,"
            f" {result.effective_draws:.0f} effective; seed {result.seed}."
        ),
        f"Failure means progression within {result.horizon:.0f} days of the infusion.",
        (
            "Mechanisms are shifts of a mechanistic model calibrated to trials; their shares before"
            " the data are partly assumptions."
        ),
    ]


def with_interval(v: tuple[float, float, float], unit: str = "") -> str:
    """A figure with its interval; infinite is "not reached"."""
    return f"{_number(v[0])}{unit} ({_number(v[1])} to {_number(v[2])})"


def _number(v: float) -> str:
    return "not reached" if math.isinf(v) else f"{v:.1f}"
