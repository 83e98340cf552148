"""Whether the evidence separates two options.

It rarely does: these are unadjusted figures from different patients.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rearm.evidence.pool import Pooled
from rearm.evidence.strategy import StrategyEvidence

__all__ = ["Separation", "compare", "separated"]

MIN_ARMS = 2
MIN_PATIENTS = 30


@dataclass(frozen=True, slots=True)
class Separation:
    """Which of two options has the higher pooled response.

    `better` is None where they are not separated; `reason` says why.

    >>> from rearm.evidence import evidence_for
    >>> gprc5d = evidence_for("bispecific-gprc5d")
    >>> second = evidence_for("second-cart-new-target")
    >>> from rearm.evidence import compare
    >>> compare(gprc5d, second).better is None
    True
    """

    better: Literal["first", "second"] | None  # the higher response
    setting: str | None  # that decided; None: none did
    reason: str

    @property
    def words(self) -> str:
        """What the page may say."""
        return "not separated" if self.better is None else "unadjusted, different patients"


def _short(figure: Pooled) -> str | None:
    arms = [row for row in figure.arms if row.arm.figure == "patient-level"]
    if len(arms) < MIN_ARMS:
        return f"fewer than {MIN_ARMS} arms that share no patients"
    if sum(row.patients or 0 for row in arms) < MIN_PATIENTS:
        return f"fewer than {MIN_PATIENTS} patients"
    return None


def _shared(first: Pooled, second: Pooled) -> bool:
    ids = {row.arm.id for row in first.arms}
    groups = {group for row in first.arms for group in row.arm.overlap}
    return any(row.arm.id in ids or row.arm.overlap & groups for row in second.arms)


def _higher(first: Pooled, second: Pooled) -> Literal["first", "second"] | None:
    """Which of the two intervals lies wholly above the other."""
    return "first" if first.low > second.high else "second" if second.low > first.high else None


def compare(first: StrategyEvidence, second: StrategyEvidence) -> Separation:
    """Compare the responses in one and the same setting, nothing borrowed.

    Settings after CAR-T come first, and the first setting with enough data decides: two or more
    patient-level arms that share no patients and 30 or more patients in them, for each. Separated
    only where there the 95 % credible intervals of the average centre do not overlap. A nearer
    setting is never passed over: too small for a verdict, it still forbids one that it does not
    point to. `first` and `second`: what `evidence_for` gives. `better` is None where the data do
    not tell. Raises nothing.

    >>> from rearm.evidence import evidence_for
    >>> gprc5d = evidence_for("bispecific-gprc5d")
    >>> second = evidence_for("second-cart-new-target")
    >>> from rearm.evidence import compare
    >>> compare(gprc5d, second).words
    'not separated'
    """
    common = [setting for setting in first.by_setting if setting in second.by_setting]
    if not common:
        return Separation(None, None, "no pooled response in the same setting")
    common.sort(key=lambda setting: (first.by_setting[setting].directness != "direct", setting))
    reasons = []
    # Where settings after CAR-T point that are too small to decide.
    direct: list[Literal["first", "second"] | None] = []
    for setting in common:
        a, b = first.by_setting[setting], second.by_setting[setting]
        higher = _higher(a, b)
        if lack := _short(a) or _short(b):
            reasons.append(f"{a.population}: {lack}")
            if a.directness == "direct":
                direct.append(higher)
            continue
        if _shared(a, b):
            reasons.append(f"{a.population}: the two share patients")
        elif higher is None:
            reasons.append(f"{a.population}: intervals overlap")
        elif any(way != higher for way in direct):
            reasons.append(f"{a.population}: intervals apart, but not after CAR-T")
        else:
            return Separation(higher, setting, f"{a.population}: intervals apart")
        return Separation(None, setting, "; ".join(reasons))
    return Separation(None, common[0], "; ".join(reasons))


def separated(first: StrategyEvidence, second: StrategyEvidence) -> bool:
    """Whether `compare` finds one of `first` and `second` better; False where that is not known.
    Raises nothing.

    >>> from rearm.evidence import evidence_for
    >>> gprc5d = evidence_for("bispecific-gprc5d")
    >>> second = evidence_for("second-cart-new-target")
    >>> from rearm.evidence import separated
    >>> separated(gprc5d, second)
    False
    """
    return compare(first, second).better is not None
