"""What can be given: each option with its verdict, its availability and its evidence."""

from __future__ import annotations

from typing import Literal

from rearm.assessment.result.parts import BriefPart, Part
from rearm.knowledge.rulesets import Directness
from rearm.knowledge.studies import NEARNESS, Disease, Nearness

__all__ = [
    "Approval",
    "AvailabilityResult",
    "AvailabilityStatus",
    "EvidenceResult",
    "Figure",
    "Here",
    "LaterTCells",
    "OptionResult",
    "Verdict",
]

AvailabilityStatus = Literal[
    "available", "outside_label", "check", "off_label", "trial_only", "not_needed"
]
Verdict = Literal["excluded", "discouraged", "needs_information", "open"]
# Whether the centre that asked has an option.
Here = Literal["available", "on_request", "not_here"]


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
    `high` are 95 % limits, None where none was printed and none can be counted.

    `nearness`: what its patients had had before. `disease`: all of them had this. `arms`: one is
    shown as counted or as printed, several are pooled. `patients`: None where the number assessed
    was not read; `most_patients`: the largest that it may be, where `patients` is the smallest.
    `events`: responders of one arm.
    `after_targets`: what their earlier bispecific was mostly against; `other_target`: this patient
    had one against the target of the option, they had not. `of_class`: of other agents of the class
    too. `borrowed_share`: the part of the information (0 to 1) that came from less direct settings,
    None where nothing did; `unborrowed`: estimate and limits from the direct arms alone, empty
    then.
    """

    measure: str
    estimate: float
    low: float | None = None
    high: float | None = None
    nearness: Nearness = "not_after_cart"
    arms: int = 1
    patients: int | None = None
    studies: tuple[str, ...]
    disease: Disease | None = None
    events: int | None = None
    most_patients: int | None = None
    after_targets: tuple[str, ...] = ()
    other_target: bool = False
    of_class: bool = False
    borrowed_share: float | None = None
    unborrowed: tuple[float, ...] = ()

    @property
    def directness(self) -> Directness:
        """How near its patients are to somebody who relapsed after CAR-T."""
        return NEARNESS[self.nearness]

    @property
    def unit(self) -> Literal["proportion", "months"]:
        return "months" if self.measure == "pfs" else "proportion"


class EvidenceResult(BriefPart, frozen=True, kw_only=True):
    """What was seen of one option or of its strategy.

    `directness`: of the most direct arm that was read, whoever the patient is. `expected`: the
    figures that are nearest to this patient, one a measure. `others`: responses that are read
    beside the one expected: in extramedullary disease where it is not known whether this relapse is
    that, and after CAR-T where another setting is nearer. `told` False: figures were left out,
    because what they belong to is excluded or discouraged.
    """

    directness: Directness
    note: str
    expected: tuple[Figure, ...] = ()
    others: tuple[Figure, ...] = ()
    told: bool = True


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
    `here`: whether the centre that asked has it, with its remark `here_note`; null where nobody
    said.
    """

    id: str
    name: str
    strategy: str
    evidence: str
    availability: AvailabilityResult
    summary: str = ""
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
    here: Here | None = None
    here_note: str = ""
