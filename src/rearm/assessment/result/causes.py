"""Why the CAR-T failed: graded factors in ranked groups, risks, scores, altered antigens."""

from __future__ import annotations

from typing import Literal

from rearm.assessment.result.parts import BriefPart, Part
from rearm.interval import IntervalDict

__all__ = [
    "AgentEffect",
    "AlterationResult",
    "Cause",
    "CauseGroup",
    "Causes",
    "Grade",
    "RiskFactor",
    "RiskScore",
    "ScoreItemResult",
]

Grade = Literal["established", "likely", "possible", "unlikely", "excluded", "not_assessed"]


class Cause(BriefPart, frozen=True, kw_only=True):
    """One factor with its grade and the ids of the reasons for it, against it and unknown.

    Of a factor that was not assessed nothing is known: `asks` are the work-ups that would tell.
    `stated`: the grade is that of the team.
    """

    id: str
    name: str
    grade: Grade
    evidence: str
    for_: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    note: str | None = None
    stated: bool = False


class CauseGroup(BriefPart, frozen=True, kw_only=True):
    """A group of factors. `rank` is None for the safety group, where nothing is at least possible,
    and where one weak datum is all there is; equal ranks are not separated. `undecided`: findings
    of the group that are on record and decide none of its factors. `not_assessable`: names of
    factors that nothing in a record can tell of.
    """

    group: str
    grade: Grade
    rank: int | None = None
    factors: tuple[Cause, ...]
    not_applicable: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    not_assessable: tuple[str, ...] = ()


class RiskFactor(Part, frozen=True, kw_only=True):
    """A fact from before the infusion: it raises the risk of failure and explains none."""

    id: str
    name: str
    group: str
    grade: Grade
    evidence: str
    for_: tuple[str, ...]


class ScoreItemResult(BriefPart, frozen=True, kw_only=True):
    """One item of a score: the points that are possible, and what was seen."""

    name: str
    points: IntervalDict
    known: bool = False
    text: str = ""
    rows: tuple[int, ...] = ()


class RiskScore(BriefPart, frozen=True, kw_only=True):
    """A prognostic score from before the infusion; it chooses no salvage.

    `points`: the points (or the value) that are possible; `category` None: not known, or more than
    one is possible; `missing` names the items that are not known. `second_hand`: its source was not
    read itself or not in full.
    """

    id: str
    name: str
    purpose: str
    population: str
    points: IntervalDict
    category: str | None = None
    meaning: str | None = None
    items: tuple[ScoreItemResult, ...]
    missing: tuple[str, ...] = ()
    caution: str | None = None
    second_hand: bool = False
    citations: tuple[str, ...]


class Causes(Part, frozen=True, kw_only=True):
    """`undetermined`: nothing found after the infusion points to a cause; `text` says what would
    tell. `scores` stand beside the risk factors and explain no failure by themselves.
    """

    undetermined: bool
    text: str
    groups: tuple[CauseGroup, ...]
    risk_factors: tuple[RiskFactor, ...]
    scores: tuple[RiskScore, ...] = ()


class AgentEffect(Part, frozen=True, kw_only=True):
    """What an alteration of the target does to one agent or product; unknown is not safe."""

    agent: str
    effect: Literal["abolished", "reduced", "preserved", "unknown"]


class AlterationResult(Part, frozen=True, kw_only=True):
    """A reported alteration of an antigen that this patient's tumour shows; nothing is decided by
    it, the rules read the findings.

    `effects`: of every agent of the lexicon against the antigen; `class_effects`: as the source
    words a class; `inferred`: from the missing protein, not measured.
    """

    id: str
    gene: str
    antigen: str
    name: str
    description: str
    text: str
    effects: tuple[AgentEffect, ...]
    class_effects: dict[str, str]
    inferred: bool
    reports: tuple[str, ...]
    rows: tuple[int, ...]
    citations: tuple[str, ...]
