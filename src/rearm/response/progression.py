"""Progression by laboratory values: the criteria of section 4, each against the nadir so far.

A result that is a bound counts only where every value it allows meets the criterion.
"""

from __future__ import annotations

from dataclasses import dataclass

from rearm.response.criteria import Criteria
from rearm.response.limits import at_least, over
from rearm.response.visits import Span

__all__ = [
    "Nadir",
    "Nadirs",
    "circulating_rise",
    "dflc_rise",
    "marrow_rise",
    "rose",
    "serum_rise",
    "urine_rise",
]


@dataclass(slots=True)
class Nadir:
    """Lowest value so far; under A1 `confirmed` the lowest that two consecutive values reached.

    `value` is what the nadir is at most, `lowest` what it is at least (they differ where a result
    is a bound).
    """

    confirmed_only: bool
    value: float | None = None
    lowest: float = float("inf")
    previous: float = 0.0

    def see(self, value: Span | None) -> None:
        if value is None:
            return
        low, high = value
        self.lowest = min(self.lowest, low)
        counted = max(high, self.previous) if self.confirmed_only else high
        # the first value is all there is to compare with, confirmed or not
        self.value = high if self.value is None else min(self.value, counted)
        self.previous = high


class Nadirs:
    """Nadirs of every parameter of one course."""

    __slots__ = ("circulating", "dflc", "marrow", "serum", "urine")

    def __init__(self, criteria: Criteria) -> None:
        only = criteria.A1 == "confirmed"
        self.serum = Nadir(only)
        self.urine = Nadir(only)
        self.dflc = Nadir(only)
        self.marrow = Nadir(only)
        self.circulating = Nadir(only)

    def shown(self) -> dict[str, float]:
        return {
            name: value
            for name in ("serum", "urine", "dflc", "marrow", "circulating")
            if (value := getattr(self, name).value) is not None
        }


def rose(
    value: Span, nadir: float, relative: float, absolute: float, *, strict: bool = False
) -> bool:
    """Did it certainly rise by both the relative and the absolute amount (`strict`: by more than
    the absolute)?
    """
    rise = value[0] - nadir
    enough = over if strict else at_least
    return enough(rise, absolute) and at_least(rise, relative * nadir)


def serum_rise(value: Span, nadir: float, lowest: float, c: Criteria, name: str) -> str | None:
    """Sentence where the serum M-protein (g/dL) is progressive, else None; likewise the functions
    below.

    `lowest`: what the nadir is at least, for the rule that holds from a high nadir. `name`: what
    stands for the serum M-protein.
    """
    if rose(value, nadir, c.pd_rise, c.serum_pd_rise, strict=c.A19 == "over"):
        return f"{name} {nadir:g} to {value[0]:g} g/dL ({_rise(value[0], nadir)})"
    if at_least(lowest, c.serum_high_nadir) and at_least(value[0] - nadir, c.serum_high_pd_rise):
        return (
            f"{name} {nadir:g} to {value[0]:g} g/dL, the nadir being at least"
            f" {c.serum_high_nadir:g}"
        )
    return None


def urine_rise(value: Span, nadir: float, c: Criteria) -> str | None:
    if rose(value, nadir, c.pd_rise, c.urine_pd_rise):
        return f"urine M-protein {nadir:g} to {value[0]:g} mg/24h ({_rise(value[0], nadir)})"
    return None


def dflc_rise(value: Span, nadir: float, c: Criteria) -> str | None:
    if rose(value, nadir, c.pd_rise, c.dflc_pd_rise, strict=True):
        return f"dFLC {nadir:g} to {value[0]:g} mg/dL ({_rise(value[0], nadir)})"
    return None


def marrow_rise(value: Span, nadir: float, c: Criteria) -> str | None:
    """2016: a rise of ten points; 2006 and 2011: a level of ten percent after a relative rise."""
    rise = value[0] - nadir
    absolute = rise if c.marrow_pd_counts == "rise" else value[0]
    if at_least(absolute, c.marrow_pd_rise) and at_least(rise, c.pd_rise * nadir):
        return f"marrow plasma cells {nadir:g} to {value[0]:g} %"
    return None


def circulating_rise(value: Span, nadir: float, c: Criteria) -> str | None:
    """Only where blood is the one measure of disease; A18: the minimum holds for the level and for
    the rise.
    """
    rise = value[0] - nadir
    # the rise is never more than the level, so a rise of the minimum has reached it too
    counted = rise if c.A18 == "both" else value[0]
    if at_least(counted, c.circulating_pd_minimum) and at_least(
        rise, c.circulating_pd_rise * nadir
    ):
        return f"circulating plasma cells {nadir:g} to {value[0]:g} per uL"
    return None


def _rise(value: float, nadir: float) -> str:
    if nadir <= 0:
        return f"+{value:g} from nothing"
    return f"+{round(value - nadir, 9):g}, +{100 * (value - nadir) / nadir:.0f} %"
