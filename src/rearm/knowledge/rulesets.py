"""What the rule knowledge is made of: factors, options, statements, sources, work-ups.

Plain tables that mirror the TOML; a key of the TOML is a field here (`from` is `from_`). Conditions
are kept as written and read once for the whole bundle. No logic: what the tables mean is decided in
`rearm.assessment`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

__all__ = [
    "ActionRule",
    "ActionWording",
    "AlertRule",
    "AlertWording",
    "Availability",
    "BundleInfo",
    "CitedSource",
    "CurrentTest",
    "Directness",
    "Disagreement",
    "Effect",
    "EffectOnTCells",
    "EvidenceKey",
    "Factor",
    "Frequency",
    "Ground",
    "Implication",
    "Indicator",
    "Option",
    "Place",
    "ReasonWording",
    "Role",
    "Rule",
    "SharedRule",
    "SharedSupport",
    "Stage",
    "Statement",
    "Support",
    "Tier",
    "Timing",
    "Urgency",
    "Weight",
    "Workup",
]

Effect = Literal["exclude", "discourage", "caution", "favour", "require"]
Stage = Literal["choose", "caution", "before-start"]
Role = Literal["definitive", "bridge", "local", "enabling", "observe", "supportive"]
Weight = Literal["decisive", "strong", "weak"]
Timing = Literal["at_failure", "after_infusion", "before_infusion"]
Urgency = Literal["now", "this_week", "before_engager"]
"""How soon an action is due; the codes stand in this order."""
Directness = Literal["direct", "near", "indirect only", "none read"]
"""How close the patients of a study are to a person who relapsed after CAR-T."""
Tier = Literal["not_possible", "avoid", "situational", "alternative", "first"]
"""Where a strategy stands for a patient, rising."""
Ground = Literal[
    "guideline",
    "consensus",
    "comparative",
    "series",
    "class_evidence",
    "survey",
    "opinion",
    "usual_practice",
]
"""What a placement rests on, the strongest first."""
FactorGroup = Literal["antigen", "t-cell", "microenvironment", "product", "tumour", "safety"]
Row = Mapping[str, Any]  # a row of findings, as an example of a rule


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonWording:
    """What a reason says where `when` is true as well: of several things that its condition joins,
    the one that this patient has.
    """

    when: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of an option.

    `stage` says what an unknown condition does (exclude and require only); `until` marks a
    temporary stop. The first of `wordings` that holds is said in place of `because`.
    """

    id: str
    effect: Effect
    when: str
    because: str
    stage: Stage | None = None
    until: str | None = None
    sources: tuple[str, ...] = ()
    wordings: tuple[ReasonWording, ...] = field(default=(), metadata={"key": "wording"})
    example_true: Row | None = None
    example_false: Row | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedRule:
    """A rule of every option that carries one of `tags`; its id there is `<id>@<option>`."""

    tags: tuple[str, ...]
    id: str
    effect: Effect
    when: str
    because: str
    stage: Stage | None = None
    until: str | None = None
    sources: tuple[str, ...] = ()
    wordings: tuple[ReasonWording, ...] = field(default=(), metadata={"key": "wording"})
    example_true: Row | None = None
    example_false: Row | None = None

    def on(self, option: str) -> Rule:
        return Rule(
            id=f"{self.id}@{option}",
            effect=self.effect,
            when=self.when,
            because=self.because,
            stage=self.stage,
            until=self.until,
            sources=self.sources,
            wordings=self.wordings,
            example_true=self.example_true,
            example_false=self.example_false,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """An approval.

    `from_` is the first day it held, `to` the last; `when` is the population of the label.

    `off_label`: no approval of this use, but since then the drugs are on the market of the region.
    """

    region: str
    from_: date
    to: date | None = None
    when: str | None = None
    source: str | None = None
    note: str | None = None
    off_label: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """A line of supportive care that belongs to an option; without `when` it always does."""

    text: str
    when: str | None = None
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedSupport:
    tags: tuple[str, ...]
    text: str
    when: str | None = None
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """Where guidelines disagree: both positions in one text."""

    text: str
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectOnTCells:
    """What the option does to a later collection of T cells."""

    effect: Literal["none", "lowers", "unknown"]
    text: str = ""
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceKey:
    """Which pooled evidence is this option's."""

    strategy: str
    agents: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One salvage option.

    `rules` and `support` hold its own and, once the bundle is put together, the shared ones of its
    tags.
    """

    id: str
    name: str
    strategy: str
    role: Role
    summary: str
    agents: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    evidence: EvidenceKey | None = None
    later_t_cells: EffectOnTCells | None = None
    sequence: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = field(default=(), metadata={"key": "rule"})
    availability: tuple[Availability, ...] = ()
    support: tuple[Support, ...] = ()
    disagreements: tuple[Disagreement, ...] = field(default=(), metadata={"key": "disagreement"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Frequency:
    """How often a factor was seen."""

    text: str
    n: int | None = None
    of: int | None = None
    percent: float | None = None
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """A condition that supports or opposes a factor.

    It has a weight, and `timing` is the time that its findings speak of. `alone`: weak as it is, it
    puts its group among the ranked ones also where nothing else supports it.
    """

    id: str
    direction: Literal["supports", "opposes"]
    weight: Weight
    timing: Timing
    when: str
    because: str
    sources: tuple[str, ...] = ()
    alone: bool = False
    example_true: Row | None = None
    example_false: Row | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Implication:
    text: str
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """One factor that may have made the CAR-T fail.

    `explains`: where this is false the factor can't be the cause here.
    """

    id: str
    group: FactorGroup
    name: str
    description: str
    evidence: Literal["solid", "moderate", "exploratory"]
    explains: str | None = None
    frequencies: tuple[Frequency, ...] = field(default=(), metadata={"key": "frequency"})
    indicators: tuple[Indicator, ...] = field(default=(), metadata={"key": "indicator"})
    implications: tuple[Implication, ...] = field(default=(), metadata={"key": "implication"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One thing that a source says, in our words; `strength` is the kind of source."""

    id: str
    topic: str
    text: str
    strength: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CitedSource:
    """A publication, label or page.

    `read` says how much of it was read; `incomplete`: title or identifier not seen.
    """

    id: str
    title: str | None = None
    authors: str | None = None
    year: int | None = None
    journal: str | None = None
    doi: str | None = None
    pmid: str | None = None
    url: str | None = None
    kind: str | None = None
    read: str | None = None
    incomplete: bool = False
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentTest:
    """A test of which a board needs a result that is not too old; `tests` stand instead of each
    other.
    """

    name: str
    tests: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Workup:
    """A test or set of tests that a report may ask for.

    `supplies` are the findings that it is asked for: their results are tried. `tells`: of a test
    that alone tells one of them under another name, that finding. `also_tells` are findings, or
    groups of them, that it tells besides. `outcomes` are the joint results that can come out of it.
    `extreme`: findings of which nobody thinks without a sign; a result with one of them is no
    reason to ask.

    `mandatory`: where true it belongs to the minimum work-up; `settled`: where true it is not asked
    for, because what it would tell is known; `only_where`: it is asked for only where this is true
    (a biopsy needs a lesion). `confirms`: it may settle a suspicion of relapse. `max_age`: the days
    after which a result is too old for a board to decide on; `current`: the tests that need one.
    """

    id: str
    name: str
    tests: tuple[str, ...]
    supplies: tuple[str, ...]
    invasiveness: int
    turnaround: int
    tells: Mapping[str, str] = field(default_factory=dict)
    also_tells: tuple[str, ...] = ()
    extreme: tuple[str, ...] = ()
    outcomes: tuple[Row, ...] = ()
    mandatory: str | None = None
    settled: str | None = None
    only_where: str | None = None
    confirms: bool = False
    max_age: int | None = None
    age_sources: tuple[str, ...] = ()
    current: tuple[CurrentTest, ...] = ()
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertWording:
    """What an alert says where `when` is true as well."""

    when: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRule:
    """What stands above everything else where `when` is true.

    `covered_by`: the alert that, where it is raised as surely, says the same and more. `wordings`:
    the first of them that holds is said in place of `text`. `open_text` is said where `when` is not
    known and the last that is on record points to it.
    """

    id: str
    when: str
    text: str
    open_text: str | None = None
    covered_by: str | None = None
    wordings: tuple[AlertWording, ...] = field(default=(), metadata={"key": "wording"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where strategies stand for a patient of whom `when` is true (without one: for everybody).

    `tier`: they stand there at least, unless something caps them; `at_most`: no higher than this.
    One of the two is given. `needs_sign`: that it would lift is told only where something on record
    points to what it reads. `asymmetry`: why the row has no mirror image for the other target. The
    first of `wordings` that holds is said in place of `reason`.
    """

    id: str
    reason: str
    ground: Ground
    strategy: str | None = None
    strategies: tuple[str, ...] = ()
    tier: Tier | None = None
    at_most: Tier | None = None
    when: str | None = None
    sources: tuple[str, ...] = ()
    needs_sign: bool = False
    asymmetry: str | None = None
    wordings: tuple[ReasonWording, ...] = field(default=(), metadata={"key": "wording"})
    example_true: Row | None = None
    example_false: Row | None = None

    @property
    def of(self) -> tuple[str, ...]:
        """The strategies that it places."""
        return self.strategies if self.strategy is None else (self.strategy, *self.strategies)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionWording:
    """What an action tells to do where `when` is true as well."""

    when: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionRule:
    """Something to do whatever therapy is chosen.

    It is due where `when` is true, `unless` is not true, and, if it is there to find something out,
    where a finding of `finds_out` is not known. It is open, and `open_text` is said, where `when`
    is not known and the last on record, or `open_when`, points to it. `until` says what lifts it,
    `shows` which findings stand behind the text, and `before` which other actions wait for it: it
    is never less urgent than they are. `routine`: nearly every patient needs it, so that a page may
    tell it in one line with others. The first of `wordings` that holds is said in place of `text`.
    """

    id: str
    text: str
    urgency: Urgency
    when: str
    because: str
    until: str
    sources: tuple[str, ...] = ()
    unless: str | None = None
    finds_out: tuple[str, ...] = ()
    open_text: str | None = None
    open_when: str | None = None
    before: tuple[str, ...] = ()
    shows: tuple[str, ...] = ()
    routine: bool = False
    wordings: tuple[ActionWording, ...] = field(default=(), metadata={"key": "wording"})
    example_true: Row | None = None
    example_false: Row | None = None

    @property
    def conditions(self) -> Mapping[str, str]:
        """The conditions that decide whether it is due or open, by the name of their key."""
        every = {"when": self.when, "unless": self.unless, "open_when": self.open_when}
        return {key: text for key, text in every.items() if text is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleInfo:
    """What `bundle.toml` says of the knowledge as a whole."""

    version: str
    reviewed: date | None = None
