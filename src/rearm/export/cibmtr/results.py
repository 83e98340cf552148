"""Results of a laboratory in words."""

from __future__ import annotations

from rearm.knowledge import Knowledge
from rearm.record import Lab

__all__ = ["result_words", "surely_detected"]

_SEEN = ("positive", "detected")


def result_words(lab: Lab, knowledge: Knowledge) -> str:
    """The result as the input gives it, else in the unit of the dictionary."""
    if lab.as_given:
        return lab.as_given
    if lab.word is not None or lab.quantity is None:
        return lab.word or ""
    exact = lab.quantity.exact
    number = f"{exact:g}" if exact is not None else f"{lab.quantity.low:g} to {lab.quantity.high:g}"
    unit = lab.unit or getattr(knowledge.lab_tests[lab.test], "unit", None) or ""
    return f"{number} {unit}".strip()


def surely_detected(lab: Lab) -> bool:
    """Whether the result is certainly above nothing."""
    if lab.word is not None:
        return lab.word in _SEEN
    return lab.quantity is not None and lab.quantity.low > 0
