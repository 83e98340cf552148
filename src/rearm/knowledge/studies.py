"""Study arms as published: who was treated, after which earlier therapy, with which outcome.

A figure that was not read is left out: absent means unknown. Everything downstream (pooling,
tables, the dictionary) follows from these; `study_files` reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from rearm.knowledge.rulesets import Directness

__all__ = [
    "NEARNESS",
    "SETTINGS",
    "Arm",
    "Design",
    "Directness",
    "Disease",
    "Figure",
    "Landmark",
    "Months",
    "Nearness",
    "Proportion",
    "ReadFrom",
    "Setting",
    "Study",
    "StudyCitation",
]

Figure = Literal[
    "patient-level", "per-line", "ever", "subset", "meta-analysis", "percent-only", "pivotal"
]
Disease = Literal["extramedullary"]
Nearness = Literal[
    "after_cart",
    "after_bispecific",
    "after_t_cell_redirection",
    "after_bcma_therapy",
    "cart_not_separated",
    "not_after_cart",
    "pivotal",
]
Design = Literal[
    "phase-1",
    "phase-1-2",
    "phase-2",
    "phase-3",
    "registry",
    "retrospective",
    "meta-analysis",
    "case-report",
]
ReadFrom = Literal[
    "full text",
    "abstract",
    "conference abstract",
    "table",
    "company information",
    "news",
    "secondary",
]

Setting = Literal[
    "post-bcma-cart",
    "post-gprc5d-cart",
    "post-bcma-any",
    "post-tcell-redirecting-any",
    "post-bispecific",
    "bcma-therapy-allowed",
    "mixed",
    "triple-class-refractory",
    "penta-refractory",
    "tcell-redirecting-naive",
]

SETTINGS: Mapping[Setting, tuple[Directness, str]] = {
    "post-bcma-cart": ("direct", "after BCMA CAR-T"),
    "post-gprc5d-cart": ("direct", "after GPRC5D CAR-T"),
    "post-bcma-any": ("near", "after earlier BCMA therapy of any kind"),
    "post-tcell-redirecting-any": ("near", "after earlier T-cell redirection of any kind"),
    "post-bispecific": ("near", "after a bispecific, with or without CAR-T"),
    "bcma-therapy-allowed": (
        "indirect only",
        "BCMA therapy before allowed, those after CAR-T not separated",
    ),
    "mixed": ("indirect only", "mixed earlier therapy, mostly no CAR-T"),
    "triple-class-refractory": ("indirect only", "triple-class refractory, no CAR-T"),
    "penta-refractory": ("indirect only", "penta-refractory, no CAR-T"),
    "tcell-redirecting-naive": ("indirect only", "no earlier T-cell redirection"),
}
"""Each setting with its directness for a person who relapsed after CAR-T, and its name in words."""

NEARNESS: Mapping[Nearness, Directness] = {
    "after_cart": "direct",
    "after_bispecific": "near",
    "after_t_cell_redirection": "near",
    "after_bcma_therapy": "near",
    "cart_not_separated": "indirect only",
    "not_after_cart": "indirect only",
    "pivotal": "indirect only",
}
"""Each group of settings with its directness."""

WEAK: frozenset[str] = frozenset(
    {"conference abstract", "company information", "news", "secondary"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyCitation:
    """Where a study is published.

    `missing` names what could not be found; `read_from` says what was read of it, `url` where.
    """

    authors: str
    title: str
    journal: str | None
    year: int | None
    doi: str | None
    pmid: str | None
    url: str
    read_from: ReadFrom
    missing: tuple[str, ...]

    @property
    def incomplete(self) -> bool:
        return bool(self.missing)

    @property
    def weak(self) -> bool:
        """Read from a meeting abstract, company pages, news or at second hand only."""
        return self.read_from in WEAK

    def __str__(self) -> str:
        where = " ".join(str(part) for part in (self.journal, self.year) if part)
        return (
            f"{self.authors} {self.title}. {where}".rstrip(". ")
            + "."
            + (f" doi:{self.doi}" if self.doi else "")
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Proportion:
    """A share of patients.

    `events` of `n` where counts are known; `percent` as printed; the interval in percent at
    `level`. `evaluable`: where the number assessed was not printed, the numbers that the percentage
    fits; `n` is then the smallest of them, so that the figure weighs no more than it may.
    """

    percent: float
    n: int | None = None
    events: int | None = None
    computed: bool = False
    low: float | None = None
    high: float | None = None
    level: float = 0.95
    evaluable: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Landmark:
    """Share still free of the event at `month`, in percent.

    Its interval is at the level of its `Months`.
    """

    month: float
    percent: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Months:
    """A time to event in months: median with its interval, and landmarks.

    `high` None: not reached or not read. All intervals are at `level`.
    """

    median: float | None = None
    low: float | None = None
    high: float | None = None
    landmarks: tuple[Landmark, ...] = ()
    level: float = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One group of patients with one therapy in one setting.

    `figure` says what kind of number the response is; only `patient-level` counts are pooled. A
    stratum by earlier therapy is an arm of its own; `subset` is a part of an arm chosen by disease
    (extramedullary, a translocation) or by a later event; `pivotal` the trial by which a regimen is
    known, before CAR-T: it is shown where nothing nearer was read. `subset`, `per-line`, `pivotal`
    and `meta-analysis` hold for every figure of the arm; `ever` and `percent-only` for its response
    alone. `disease`: all of its patients had this. `after_targets`: what the earlier bispecific was
    against, in most of them; empty where it was not told. `unlicensed_dose`: a dose that no label
    has. `steroid_in_some`: the drug was given with and without a steroid.
    `shown_under` lists strategies under which an arm of mixed classes is shown without ever being
    pooled. `overlap` names groups of arms that share patients: at most one arm of a group is
    pooled.
    """

    id: str
    study: str
    strategy: str
    shown_under: tuple[str, ...]
    agents: frozenset[str]
    targets: frozenset[str]
    setting: Setting
    population: str
    biomarker: str | None
    disease: Disease | None
    after_targets: frozenset[str]
    unlicensed_dose: bool
    steroid_in_some: bool
    figure: Figure
    overlap: frozenset[str]
    overlap_note: str | None
    n_treated: int | None
    n_prior_cart: int | None
    response: Proportion | None
    complete_response: Proportion | None
    vgpr_or_better: Proportion | None
    pfs: Months | None
    dor: Months | None
    os: Months | None
    crs: Proportion | None
    crs_grade3: Proportion | None
    icans: Proportion | None
    infection_grade3: Proportion | None
    follow_up_months: float | None
    findings: tuple[str, ...]
    caveats: tuple[str, ...]
    url: str
    read_from: ReadFrom

    @property
    def directness(self) -> Directness:
        return SETTINGS[self.setting][0]

    @property
    def setting_words(self) -> str:
        return SETTINGS[self.setting][1]

    @property
    def weak(self) -> bool:
        return self.read_from in WEAK

    @property
    def has_outcome(self) -> bool:
        return any(x is not None for x in (self.response, self.pfs, self.dor, self.os)) or bool(
            self.findings
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    id: str
    citation: StudyCitation
    design: Design
    note: str | None
    arms: tuple[Arm, ...]
