"""What statements rest on, each once: findings, reasons, remarks, citations, publications."""

from __future__ import annotations

from typing import Literal

from rearm.assessment.result.overruled import ComputedFinding
from rearm.assessment.result.parts import BriefPart, Part, Plain
from rearm.interval import IntervalDict

__all__ = [
    "Citation",
    "Effect",
    "FindingResult",
    "Note",
    "Publication",
    "Reason",
    "SupportLine",
    "Titles",
]

Effect = Literal[
    "exclude",
    "require",
    "discourage",
    "favour",
    "caution",
    "supports",
    "opposes",
    "place",
    "cap",
    "act",
]


class FindingResult(BriefPart, frozen=True, kw_only=True):
    """What is known of one finding.

    `value` is exact; `interval` holds bounds, `possible` the values that are left, where no more is
    known; all three absent: not known. `stated_by`: who said so, where nothing was measured.
    `suspected`: not known, but the last that is on record points to it. `last`: of a number that is
    not known, its last result, which is too old to count; `day`: the day of the result, or of the
    last one. `text`: what was seen, or
    of what is not known what it means; `rows`: places in `rows`, and `doubtful` those of them with
    a value that may be a slip. `computed`: what the record tells, where the team states it
    otherwise or it is assumed.
    """

    value: Plain = None
    interval: IntervalDict | None = None
    last: IntervalDict | None = None
    day: int | None = None
    possible: tuple[str, ...] | None = None
    stated_by: str | None = None
    suspected: bool = False
    text: str = ""
    rows: tuple[int, ...] = ()
    doubtful: tuple[int, ...] = ()
    computed: ComputedFinding | None = None

    @property
    def known(self) -> bool:
        """Whether anything is known of it."""
        return self.value is not None or self.interval is not None or self.possible is not None


class Reason(BriefPart, frozen=True, kw_only=True):
    """A rule or indicator with what it found; shared by every option, factor or action that names
    its id.

    `truth` None (left out): unknown for want of the findings `missing`, which are left out where
    they are all that it reads and does not know (`Assessment.missing`); `asks`: the work-ups that
    would tell; `pointed`: the last result points to it, which is too old to count or contradicted.
    `text` speaks as if the condition were true. `harm`: a caution for what the patient has, who may
    come to harm, and not for what the treatment can do. `rule`: the id of the rule in the knowledge
    where it is another than that of the reason.
    """

    text: str
    effect: Effect = "caution"
    rule: str | None = None
    truth: bool | None = None
    pointed: bool = False
    findings: tuple[str, ...] = ()
    citations: tuple[str, ...] = ()
    stage: str | None = None
    weight: str | None = None
    timing: str | None = None
    until: str | None = None
    harm: bool = False
    missing: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()

    @property
    def speaks(self) -> bool:
        """Whether it holds, or the last result points to it."""
        return self.truth is True or self.pointed


class Note(Part, frozen=True, kw_only=True):
    """A remark of several options: sources that disagree, or what an option does to a later
    collection of T cells.
    """

    text: str
    citations: tuple[str, ...]


class SupportLine(BriefPart, frozen=True, kw_only=True):
    """Supportive care; `truth` None (left out): applies if what is missing turns out so."""

    text: str
    truth: bool | None = None
    missing: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    citations: tuple[str, ...] = ()


class Publication(BriefPart, frozen=True, kw_only=True):
    """Where a citation was published: `line` holds authors, journal and year as far as they were
    seen. `read`: how it was read, None: in full; `not_seen`: what of it was not seen;
    `incomplete`: something, nobody wrote down what. `url` only where there is no `doi`.
    """

    line: str = ""
    title: str = ""
    doi: str | None = None
    url: str | None = None
    read: str | None = "abstract"  # the most frequent
    incomplete: bool = False
    not_seen: tuple[str, ...] = ()


class Citation(BriefPart, frozen=True, kw_only=True):
    """A statement of the literature, or a study (no `text`), with the id of its publication.
    `weak`: it should look weak.
    """

    source: str
    strength: str = "cohort"  # the most frequent
    text: str = ""
    weak: bool = False


class Titles(Part, frozen=True, kw_only=True):
    """Names that the knowledge gives to the ids of this result, so that it can be drawn alone.
    `findings`: what is to be found out, as noun phrases, of those for want of which a reason or the
    reach of a label is not known, and of those that a test would tell.
    `units`: the units of the values that a test would tell, of those that are measured in one.
    """

    strategies: dict[str, str]
    factors: dict[str, str]
    workups: dict[str, str]
    findings: dict[str, str]
    units: dict[str, str]
