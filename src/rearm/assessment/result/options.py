"""What can be given: each option with its verdict, its availability and its evidence."""

from __future__ import annotations

from typing import Literal

from rearm.assessment.result.parts import BriefPart, Part
from rearm.knowledge.rulesets import Directness

__all__ = [
    "Approval",
    "AvailabilityResult",
    "AvailabilityStatus",
    "EvidenceResult",
    "Figure",
    "LaterTCells",
    "OptionResult",
    "Verdict",
]

AvailabilityStatus = Literal[
    "available", "outside_label", "check", "off_label", "trial_only", "not_needed"
]
Verdict = Literal["excluded", "discouraged", "needs_information", "open"]


class Approval(BriefPart, frozen=True, kw_only=True):
    """One approval row; `applies` False: outside the population of the label, None: not known."""

    region: str
    from_: str
    applies: bool | None = None
    note: str | None = None
    source: str | None = None


class AvailabilityResult(BriefPart, frozen=True, kw_only=True):
    """`off_label`: no approval of this use, but its drugs are on the market; `trial_only`: no
    approval and not marketed either, `first` being the date of the first one to come. `missing`:
    findings for want of which it is not known whether a label covers this patient.
    """

    status: AvailabilityStatus
    rows: tuple[Approval, ...] = ()
    missing: tuple[str, ...] = ()
    first: str | None = None


class Figure(BriefPart, frozen=True, kw_only=True):
    """One figure with its population. Proportions run from 0 to 1, PFS is in months; `low` and
    `high` are 95 % limits.

    `of_class`: of other agents of the class too. `borrowed_share`: the part of the information (0
    to 1) that came from less direct settings, None where nothing did; `unborrowed`: estimate and
    limits from the direct arms alone, empty then.
    """

    measure: str
    estimate: float
    low: float
    high: float
    population: str
    directness: Directness
    arms: int
    patients: int
    studies: tuple[str, ...]
    unit: Literal["proportion", "months"] = "proportion"
    of_class: bool = False
    borrowed_share: float | None = None
    unborrowed: tuple[float, ...] = ()


class EvidenceResult(BriefPart, frozen=True, kw_only=True):
    """What was seen of one option or of its strategy."""

    directness: Directness
    note: str
    expected: tuple[Figure, ...] = ()


class LaterTCells(Part, frozen=True, kw_only=True):
    """What the option does to a later collection of T cells; `note` is an id of `notes`."""

    effect: str
    note: str


class OptionResult(BriefPart, frozen=True, kw_only=True):
    """One option with its verdict "by these rules"; supportive care has none.

    Reasons are ids of `reasons`, `checklist` too: what is to be settled before the start.
    `support` are ids of `support`, `disagreements` of `notes`, `evidence` is one of
    `evidence`. `permanent`: an exclusion that nothing will lift stands, beside which `until`
    may name temporary ones. `afterwards`: where only temporary ones stand, the verdict once
    they have ended. `sequence`: what may follow, without what is excluded for good here.
    """

    id: str
    name: str
    strategy: str
    summary: str
    evidence: str
    availability: AvailabilityResult
    role: str = "definitive"
    targets: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    verdict: Verdict | None = None
    if_clear: Verdict | None = None
    until: str | None = None
    permanent: bool = False
    afterwards: Verdict | None = None
    for_: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()
    checklist: tuple[str, ...] = ()
    support: tuple[str, ...] = ()
    later_t_cells: LaterTCells | None = None
    sequence: tuple[str, ...] = ()
    disagreements: tuple[str, ...] = ()
