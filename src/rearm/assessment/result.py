"""The one result object: what was found for one patient, each element with the findings, rows,
rules and citations that it rests on.

The names are those of the published schema (`schema.json`, made from these classes by `schema.py`);
a field `from_` is `from` in JSON. Numbers are as in the findings; days are days of the patient's
axis.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import Any, Literal, TypeAlias, cast

from rearm.assessment.evidence import ExpectedRow
from rearm.knowledge.studies import Directness

__all__ = [
    "SCHEMA_VERSION",
    "About",
    "AgentEffect",
    "Alert",
    "AlterationResult",
    "Approval",
    "Assessment",
    "AvailabilityResult",
    "Basis",
    "Cause",
    "CauseGroup",
    "Causes",
    "Change",
    "ChecklistLine",
    "DisagreementNote",
    "EvidenceLabel",
    "FailureResult",
    "FindingRead",
    "InputIssue",
    "LaterTCellsNote",
    "NextTest",
    "OptionResult",
    "Reason",
    "RiskFactor",
    "RiskScore",
    "ScoreItemResult",
    "SignalResult",
    "SupportLine",
    "Versions",
]

SCHEMA_VERSION = 1

Plain: TypeAlias = bool | float | int | str | None
Grade = Literal["established", "likely", "possible", "unlikely", "excluded", "not_assessed"]
Verdict = Literal["excluded", "discouraged", "needs_information", "preferred", "acceptable"]


class _Table:
    """Adds `to_dict` to the classes below."""

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts, lists, numbers and texts, ready for JSON."""
        plain: dict[str, Any] = _plain(self)
        return plain


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingRead(_Table):
    """A finding as it was read: `value` None where it is not known; `low` and `high` where it is
    known only within bounds.
    """

    name: str
    value: Plain
    text: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis(_Table):
    """What an element rests on: findings, rows of the input, ids of rules, ids of statements,
    studies or sources.
    """

    findings: tuple[FindingRead, ...] = ()
    sources: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    citations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason(_Table):
    """One rule or indicator with what it found. `truth` None: unknown; then `missing` names the
    findings and `asks` the work-ups.
    """

    rule: str
    effect: str
    text: str
    when: str
    truth: bool | None
    basis: Basis
    stage: str | None = None
    weight: str | None = None
    timing: str | None = None
    until: str | None = None
    missing: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions(_Table):
    software: str
    knowledge: str
    criteria: str
    knowledge_hash: str
    schema: int = SCHEMA_VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class InputIssue(_Table):
    """Something wrong in the input and what was done about it."""

    severity: str
    code: str
    source: str
    message: str
    done: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert(_Table):
    id: str
    text: str
    basis: Basis


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalResult(_Table):
    """A sign of relapse that is not progression by itself; `open`: nothing later took it back."""

    id: str
    day: int | None
    open: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureResult(_Table):
    """What became of one infusion."""

    infusion_day: int | None
    product: str | None
    targets: tuple[str, ...]
    status: str
    certainty: str | None
    day: int | None
    kind: str | None
    timing: str | None
    pattern: tuple[str, ...]
    signals: tuple[SignalResult, ...]
    followed_to_day: int | None
    best_response: str | None
    best_response_by: str | None
    computed_day: int | None
    team_day: int | None
    difference: str | None
    reason: str
    basis: Basis


@dataclass(frozen=True, slots=True, kw_only=True)
class About(_Table):
    """The infusion that causes, options and next tests speak of, or the reason why there are none."""

    infusion_day: int | None
    if_progression: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause(_Table):
    """One factor with its grade and the indicators for it, against it and unknown."""

    id: str
    name: str
    grade: Grade
    evidence: str
    for_: tuple[Reason, ...]
    against: tuple[Reason, ...]
    unknown: tuple[Reason, ...]
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseGroup(_Table):
    """A group of factors. `rank` is None for the safety group and where nothing is at least
    possible; equal ranks are not separated.
    """

    group: str
    grade: Grade
    rank: int | None
    factors: tuple[Cause, ...]
    not_applicable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskFactor(_Table):
    """A fact from before the infusion: it raises the risk of failure and explains none, so it is
    `possible` at most.
    """

    id: str
    name: str
    group: str
    grade: Grade
    evidence: str
    for_: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreItemResult(_Table):
    """One item of a score: the fewest and the most points that are possible (`high` None: no upper
    end), and what was seen.
    """

    name: str
    low: float
    high: float | None
    known: bool
    text: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskScore(_Table):
    """A prognostic score from before the infusion; it chooses no salvage.

    `low` and `high` are the points (or the value) that are possible, `high` None without an upper
    end; `category` None: not known, or more than one is possible; `missing` names the items that
    are not known. `second_hand`: its source was not read itself or not in full.
    """

    id: str
    name: str
    purpose: str
    population: str
    low: float
    high: float | None
    category: str | None
    meaning: str | None
    items: tuple[ScoreItemResult, ...]
    missing: tuple[str, ...]
    caution: str | None
    second_hand: bool
    citations: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentEffect(_Table):
    """What an alteration of the target does to one agent or product; unknown where nothing was read
    of it, which is not safe.
    """

    agent: str
    effect: Literal["abolished", "reduced", "preserved", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlterationResult(_Table):
    """A reported alteration of an antigen that this patient's tumour shows. Nothing is decided by
    it; the rules read the findings.

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
    class_effects: Mapping[str, str]
    inferred: bool
    reports: tuple[str, ...]
    sources: tuple[str, ...]
    citations: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Causes(_Table):
    """`undetermined`: nothing found after the infusion points to a cause; `text` says so and what
    would tell.

    `scores` stand beside the risk factors: facts from before the infusion, which explain no failure
    by themselves.
    """

    undetermined: bool
    text: str
    groups: tuple[CauseGroup, ...]
    risk_factors: tuple[RiskFactor, ...]
    scores: tuple[RiskScore, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval(_Table):
    """One approval row; `applies` False: outside the population of the label, None: not known."""

    region: str
    from_: str
    applies: bool | None
    text: str
    source: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AvailabilityResult(_Table):
    """`off_label`: no approval of this use, but its drugs are on the market; `trial_only`: no
    approval and not marketed either.
    """

    status: Literal["available", "outside_label", "check", "off_label", "trial_only", "not_needed"]
    text: str
    rows: tuple[Approval, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceLabel(_Table):
    directness: Directness
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecklistLine(_Table):
    """To be settled before the start: what is not known yet and would stop the option if it were
    true.
    """

    text: str
    rule: str
    missing: tuple[str, ...]
    asks: tuple[str, ...]
    citations: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportLine(_Table):
    """Supportive care that belongs to an option; `truth` None: applies if what is missing turns out
    so.
    """

    text: str
    truth: bool | None
    missing: tuple[str, ...]
    asks: tuple[str, ...]
    citations: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DisagreementNote(_Table):
    text: str
    citations: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LaterTCellsNote(_Table):
    effect: str
    text: str
    citations: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionResult(_Table):
    """One option with its verdict "by these rules"; supportive care has none.

    `permanent`: an exclusion that nothing will lift stands, beside which `until` may name temporary
    ones. `afterwards`: where only temporary ones stand, the verdict once they have ended.
    `sequence`: what may follow, without what is excluded for good here.
    """

    id: str
    name: str
    strategy: str
    role: str
    targets: tuple[str, ...]
    agents: tuple[str, ...]
    summary: str
    verdict: Verdict | None
    if_clear: Verdict | None
    until: str | None
    permanent: bool
    afterwards: Verdict | None
    rank: int | None
    tied_with: tuple[str, ...]
    for_: tuple[Reason, ...]
    against: tuple[Reason, ...]
    unknown: tuple[Reason, ...]
    cautions: tuple[Reason, ...]
    checklist: tuple[ChecklistLine, ...]
    expected: tuple[ExpectedRow, ...]
    evidence: EvidenceLabel
    availability: AvailabilityResult
    support: tuple[SupportLine, ...]
    later_t_cells: LaterTCellsNote | None
    sequence: tuple[str, ...]
    disagreements: tuple[DisagreementNote, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(_Table):
    """What one result would change: `what` is an option, a factor, a group of causes or the
    failure, by its id.
    """

    values: Mapping[str, Plain]
    kind: Literal["option", "factor", "group", "failure"]
    what: str
    name: str
    from_: str
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NextTest(_Table):
    """A work-up to ask for. `ids` has one entry, or two where only both together would change
    something.
    """

    ids: tuple[str, ...]
    name: str
    tests: tuple[str, ...]
    findings: tuple[str, ...]
    mandatory: bool
    changes: tuple[Change, ...]
    why: str
    invasiveness: int
    turnaround: int
    citations: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment(_Table):
    """Everything that was found for one patient at one day."""

    patient_id: str
    as_of: int | None
    as_of_date: str | None
    region: str | None
    versions: Versions
    issues: tuple[InputIssue, ...]
    alerts: tuple[Alert, ...]
    failures: tuple[FailureResult, ...]
    about: About
    causes: Causes
    alterations: tuple[AlterationResult, ...]
    options: tuple[OptionResult, ...]
    next_tests: tuple[NextTest, ...]
    findings: tuple[FindingRead, ...]


@cache
def _keys(cls: Any) -> tuple[tuple[str, str], ...]:
    return tuple((f.name, f.name.rstrip("_")) for f in fields(cls))


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, tuple | list):
        return [_plain(x) for x in value]
    if isinstance(value, Mapping):
        return {key: _plain(x) for key, x in value.items()}
    if is_dataclass(value):
        return {
            key: _plain(getattr(value, name)) for name, key in _keys(cast(Hashable, type(value)))
        }
    raise TypeError(f"{value!r} has no place in a result")
