"""Whether the evidence separates two options. It rarely does: these are unadjusted figures from different patients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rearm.evidence.pool import Pooled
from rearm.evidence.strategy import StrategyEvidence

__all__ = ["Comparison", "compare", "separated"]

MIN_ARMS = 2
MIN_PATIENTS = 30


@dataclass(frozen=True, slots=True)
class Comparison:
    """`better`: which of the two has the higher pooled response where they are separated, else None with the reason."""

    better: Literal["first", "second"] | None
    setting: str | None
    reason: str

    @property
    def words(self) -> str:
        """What the page may say."""
        return "not separated" if self.better is None else "unadjusted, different patients"


def _short(figure: Pooled) -> str | None:
    if len(figure.arms) < MIN_ARMS:
        return f"fewer than {MIN_ARMS} arms that share no patients"
    if figure.patients < MIN_PATIENTS:
        return f"fewer than {MIN_PATIENTS} patients"
    return None


def _shared(first: Pooled, second: Pooled) -> bool:
    ids = {row.arm.id for row in first.arms}
    groups = {group for row in first.arms for group in row.arm.overlap}
    return any(row.arm.id in ids or row.arm.overlap & groups for row in second.arms)


def compare(first: StrategyEvidence, second: StrategyEvidence) -> Comparison:
    """Compare the responses in one and the same setting, nothing borrowed.

    Separated only where each has two or more arms that share no patients, 30 or more patients in that setting, and the 95 % credible
    intervals of the average centre do not overlap. Settings after CAR-T are tried first.
    """
    common = [setting for setting in first.by_setting if setting in second.by_setting]
    if not common:
        return Comparison(None, None, "no pooled response in the same setting")
    common.sort(key=lambda setting: (first.by_setting[setting].directness != "direct", setting))
    reasons = []
    for setting in common:
        a, b = first.by_setting[setting], second.by_setting[setting]
        if lack := _short(a) or _short(b):
            reasons.append(f"{a.population}: {lack}")
        elif _shared(a, b):
            reasons.append(f"{a.population}: the two share patients")
        elif a.low > b.high:
            return Comparison("first", setting, f"{a.population}: intervals apart")
        elif b.low > a.high:
            return Comparison("second", setting, f"{a.population}: intervals apart")
        else:
            reasons.append(f"{a.population}: intervals overlap")
    return Comparison(None, common[0], "; ".join(reasons))


def separated(first: StrategyEvidence, second: StrategyEvidence) -> bool:
    """True where `compare` finds one of the two better."""
    return compare(first, second).better is not None
