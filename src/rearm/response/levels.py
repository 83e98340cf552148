"""The level that each parameter allows at one visit; the response is the lowest of them.

Falls are counted from the highest value that a result allows against the lowest baseline.
"""

from __future__ import annotations

import math

import msgspec

from rearm.interval import TOLERANCE, Interval, Undetected
from rearm.response.criteria import Criteria
from rearm.response.lesions import LesionLog
from rearm.response.limits import at_least, fallen, over
from rearm.response.measurable import DISEASE_TESTS, BaselineDisease
from rearm.response.sentences import Because
from rearm.response.visits import VisitResults

__all__ = ["CR", "MR", "NE", "PD", "PR", "SCR", "SD", "VGPR", "Level", "Levels"]

NE, PD, SD, MR, PR, VGPR, CR, SCR = range(8)
# depth, parameter (no two of one visit are the same), why, what would have been needed
Level = tuple[int, str, Because, tuple[Because, ...]]
_SERUM = ("serum_m_protein", "iga", "igg", "igd", "igm")
_URINE = ("urine_m_protein_24h",)
_MARROW = ("marrow_plasma_cells",)
_CHAINS = ("kappa_flc", "lambda_flc")


class _Falls(msgspec.Struct, frozen=True):
    """From which fall on a level holds, in the unit of the marker; `mr` infinite where there is no
    MR by it.
    """

    vgpr: float
    pr: float
    mr: float

    @classmethod
    def of(cls, base: Interval | None, c: Criteria, *, mr: bool) -> _Falls:
        """Those from the lowest baseline; a fall that differs by the tolerance is enough."""
        low = 0.0 if base is None else base.low
        return cls(
            c.vgpr_fall * low - TOLERANCE,
            c.pr_fall * low - TOLERANCE,
            c.mr_fall * low - TOLERANCE if mr else math.inf,
        )


class Levels:
    """What each parameter that is measurable at baseline allows at a visit."""

    def __init__(self, criteria: Criteria, disease: BaselineDisease, serum_name: str) -> None:
        self.criteria, self.disease, self.serum_name = criteria, disease, serum_name
        self.measurable = disease.measurable
        by_analogy = criteria.A11 == "by_analogy"  # the text defines MR by M-protein only
        self.serum_falls = _Falls.of(disease.serum, criteria, mr=True)
        self.flc_falls = _Falls.of(disease.dflc, criteria, mr=by_analogy)
        self.marrow_falls = _Falls.of(disease.marrow, criteria, mr=by_analogy)

    def serum(self, results: VisitResults, value: Interval | None, ife: str | None) -> Level:
        base, name = self.disease.serum, self.serum_name
        if value is None or base is None:
            if ife == "negative":
                # immunofixation sees less than electrophoresis does, so a negative one speaks for
                # the quantity too
                return VGPR, "serum", ("serum-by-immunofixation", name), ()
            why = ("serum-absent", name, _unusable(results, _SERUM))
            return NE, "serum", why, (("serum", name),)
        level = self._by_fall(value, base, self.serum_falls)
        gaps = () if value.low == value.high else _inexact(name, value)
        return level, "serum", ("serum", name, value, base), gaps

    def urine(self, results: VisitResults, value: Interval | None, ife: str | None) -> Level:
        base, c = self.disease.urine, self.criteria
        if value is None or base is None:
            if ife == "negative":
                return VGPR, "urine", ("urine-by-immunofixation",), ()
            return NE, "urine", ("urine-absent", _unusable(results, _URINE)), (("urine",),)
        fall = base.low - value.high
        fell = at_least(fall, c.urine_pr_fall * base.low)
        if value.below(c.urine_vgpr_below) and (fell or c.A14 == "below_100"):
            level = VGPR
        elif fell or value.below(c.urine_pr_below):
            level = PR
        else:
            level = MR if at_least(fall, c.urine_mr_fall * base.low) else SD
        gaps = () if value.low == value.high else _inexact("urine M-protein", value)
        return level, "urine", ("urine", value, base), gaps

    def urine_cap(self, results: VisitResults, value: Interval | None) -> Level | None:
        """Urine that was not measurable at baseline limits the response but does not lower it
        further.
        """
        c = self.criteria
        if value is None:
            if c.A15 == "ignore":
                return None
            why = ("urine-cap-absent", _unusable(results, _URINE))
            return PR, "urine-cap", why, (("urine-cap",),)
        if value.below(c.urine_vgpr_below):
            return VGPR, "urine-cap", ("urine-cap", value), ()
        if value.below(c.urine_pr_below):
            return PR, "urine-cap", ("urine-cap-not-below", value, c.urine_vgpr_below), ()
        return MR, "urine-cap", ("urine-cap-not-below", value, c.urine_pr_below), ()

    def flc(self, results: VisitResults, value: Interval | None) -> Level:
        base, c = self.disease.dflc, self.criteria
        if value is None or base is None:
            return NE, "flc", ("flc-absent", _unusable(results, _CHAINS)), (("flc",),)
        level = self._by_fall(value, base, self.flc_falls, over_90=c.A10 == "over_90")
        return level, "flc", ("flc", value, base), ()

    def marrow(self, results: VisitResults, last: tuple[int, Interval] | None) -> Level:
        """`last`: day and value of the last marrow."""
        base = self.disease.marrow
        if last is None or base is None:
            why = ("marrow-absent", _unusable(results, _MARROW))
            return NE, "marrow", why, (("marrow",),)
        day, value = last
        level = self._by_fall(value, base, self.marrow_falls)
        # VGPR is not defined by marrow, MR only by analogy (A11)
        return min(level, PR), "marrow", ("marrow", day, value, base), ()

    def lesions(self, log: LesionLog, *, imaged: bool, unread: str) -> Level:
        """`unread`: the last examination, in words, where its result could not be read."""
        if unread and (log.soft() or not imaged):
            # a newer result is there, so the older one is no longer the last
            return SD, "lesions", ("lesions-unread", unread), (("lesions-unread", unread),)
        if not imaged:
            return SD, "lesions", ("lesions-not-imaged",), (("lesions",),)
        if not log.soft():
            return SCR, "lesions", ("lesions-gone",), ()
        now, base = log.spd(), log.baseline_spd
        if now is None or not base:
            return SD, "lesions", ("lesions-unmeasured",), (("lesions-size",),)
        return self._by_size(base - now, base), "lesions", ("lesions", now, base), ()

    def _by_size(self, fall: float, base: float) -> int:
        c = self.criteria
        halved = at_least(fall, c.pr_fall * base)
        if over(fall, c.vgpr_fall * base) or (c.A8 == "half" and halved):
            return VGPR
        if halved:
            return PR
        return MR if c.A7 == "quarter" and at_least(fall, c.mr_fall * base) else SD

    def nothing(self, results: VisitResults) -> Level:
        """Nothing, or nothing but plasmacytomas, is measurable at baseline."""
        lesions = bool(self.measurable)
        if lesions and self.criteria.A12 == "lesions":
            return SCR, "none", ("none-only-lesions",), ()
        if not results.exams and not any(t in results.values for t in DISEASE_TESTS):
            why = "none-unusable" if results.unusable else "none-measured"
            return NE, "none", (why,), (("anything",),)
        return SD, "none", ("none-no-pr-by-lesions" if lesions else "none-measurable",), ()

    def _by_fall(
        self, value: Interval, base: Interval, falls: _Falls, *, over_90: bool = False
    ) -> int:
        """Level by relative fall; exactly 90 % counts unless `over_90`."""
        fall, c = base.low - value.high, self.criteria
        if fall >= falls.vgpr and (not over_90 or fallen(base, value, c.vgpr_fall * base.low)):
            return VGPR
        if fall >= falls.pr:
            return PR
        if not fall >= falls.mr:
            return SD
        # A9: the text leaves the gap between 49 and 50 % open
        in_gap = c.A9 != "below_50" and fallen(base, value, c.mr_fall_strict * base.low)
        return SD if in_gap else MR


def _inexact(name: str, value: Interval) -> tuple[Because, ...]:
    return () if isinstance(value, Undetected) else (("exact", name, value),)


def _unusable(results: VisitResults, tests: tuple[str, ...]) -> bool:
    """Is a result there that was set aside?"""
    return any(t in results.unusable for t in tests)
