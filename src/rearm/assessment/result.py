"""The one result object: what was found for one patient at one day, complete in itself.

Whatever is drawn, exported, stored or compared is a function of it and of nothing else. Each
reason, finding, citation and row of the input stands once and is referred to by its id (rows: by
its place in `rows`). Days are days of the patient's axis; a day known within bounds has two ends.
Texts are plain: no markup, no picture. The names are those of the published schema (`schema.json`,
made from these classes by `schema.py`); a field `from_` is `from` in JSON.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator
from typing import Any, Literal, TypeAlias

import msgspec

from rearm.errors import RearmError
from rearm.interval import IntervalDict
from rearm.knowledge.rulesets import Directness

__all__ = [
    "SCHEMA_VERSION",
    "About",
    "AboutCode",
    "Action",
    "AgentEffect",
    "Alert",
    "AlterationResult",
    "Answer",
    "AnswerStrategy",
    "AnswerTier",
    "Approval",
    "Assessment",
    "AvailabilityResult",
    "CaseResult",
    "Cause",
    "CauseGroup",
    "Causes",
    "Change",
    "Citation",
    "DayRange",
    "EvidenceResult",
    "FailureResult",
    "Figure",
    "FindingResult",
    "InfusionResult",
    "InfusionStatus",
    "InputIssue",
    "IssueSummary",
    "LaterTCells",
    "NextTest",
    "Note",
    "OptionResult",
    "Point",
    "Publication",
    "Reason",
    "Relapse",
    "ResultError",
    "RiskFactor",
    "RiskScore",
    "ScoreItemResult",
    "SignalResult",
    "StatedResponse",
    "SupportLine",
    "TherapyResult",
    "Titles",
    "Turn",
    "Versions",
    "VisitResult",
]

SCHEMA_VERSION: Literal["2-draft"] = "2-draft"

Plain: TypeAlias = bool | int | float | str | None
Grade = Literal["established", "likely", "possible", "unlikely", "excluded", "not_assessed"]
AvailabilityStatus = Literal[
    "available", "outside_label", "check", "off_label", "trial_only", "not_needed"
]
InfusionStatus = Literal[
    "failed", "suspected", "not_failed", "died_without_progression", "cannot_be_judged"
]
Effect = Literal["exclude", "require", "discourage", "favour", "caution", "supports", "opposes"]
Verdict = Literal["excluded", "discouraged", "needs_information", "preferred", "acceptable"]


AboutCode = InfusionStatus | Literal["no_infusion", "infusion_unread"]


# control characters (as JSON escapes them; a line break and a tab may be), those that turn the
# direction of a text, halves of pairs, and what is no character at all: intake lets none through
_ODD_CHARACTER = re.compile(
    r"(?<!\\)(?:\\\\)*\\(?:u00[01][0-9a-f]|[bfr])"
    "|[\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


class ResultError(RearmError):
    """A stored result that can't be used; `str()` is a sentence."""


class _Part(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    gc=False,  # no part refers to what holds it
    forbid_unknown_fields=True,
    rename={"for_": "for", "from_": "from"},
):
    """One part of the result."""


class _Brief(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """A part of which there are hundreds: what is empty is left out of the JSON."""


class DayRange(_Part, frozen=True, kw_only=True):
    """A day known within bounds, both ends included; None: no bound on that side."""

    low: int | None
    high: int | None


class Versions(_Part, frozen=True, kw_only=True):
    """What made the result. `knowledge_hash` tells one state of the knowledge from another."""

    software: str
    knowledge: str
    criteria: str
    knowledge_hash: str


class InputIssue(_Part, frozen=True, kw_only=True):
    """Something wrong in the input and what was done about it."""

    severity: Literal["note", "warning", "error"]
    code: str
    source: str
    message: str
    done: Literal["used", "set_aside", "refused"]


class IssueSummary(_Part, frozen=True, kw_only=True):
    """Numbers of issues by severity."""

    error: int
    warning: int
    note: int


# ---------------------------------------------------------------- the patient


class InfusionResult(_Brief, frozen=True, kw_only=True):
    """A CAR-T product on record. `infused` None: nobody says."""

    day: DayRange
    product: str | None = None
    infused: bool | None = None


class CaseResult(_Part, frozen=True, kw_only=True):
    """Who the patient is. `deaths`: the days of death on record, one as a rule."""

    sex: str | None
    heavy_chain: tuple[str, ...]
    light_chain: str | None
    infusions: tuple[InfusionResult, ...]
    deaths: tuple[DayRange, ...]


class TherapyResult(_Brief, frozen=True, kw_only=True):
    """One stretch of treatment; `unread` are words of it that name no agent."""

    start: DayRange
    end: DayRange
    row: int
    line: int | None = None
    regimen: str | None = None
    agents: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    purpose: str | None = None
    best_response: str | None = None


class VisitResult(_Brief, frozen=True, kw_only=True):
    """The response computed for one visit after the last infusion, and what it lacks."""

    day: int
    response: str
    confirmed: str
    reason: str
    missing: tuple[str, ...] = ()


class StatedResponse(_Part, frozen=True, kw_only=True):
    """A response that the team recorded."""

    day: int
    response: str


class Point(_Brief, frozen=True, kw_only=True):
    """One laboratory value with an exact day: a number, or the interval that is known."""

    day: int
    value: float | None = None
    interval: IntervalDict | None = None
    as_given: str | None = None


# ---------------------------------------------------------------- basis


class FindingResult(_Brief, frozen=True, kw_only=True):
    """What is known of one finding.

    `value` is exact; `interval` holds bounds, `possible` the values that are left, where no more is
    known; all three absent: not known. `stated_by`: who said so, where nothing was measured.
    `text`: what was seen, or of what is not known what it means; `rows`: places in `rows`.
    """

    value: Plain = None
    interval: IntervalDict | None = None
    possible: tuple[str, ...] | None = None
    stated_by: str | None = None
    text: str = ""
    rows: tuple[int, ...] = ()

    @property
    def known(self) -> bool:
        """Whether anything is known of it."""
        return self.value is not None or self.interval is not None or self.possible is not None


class Reason(_Brief, frozen=True, kw_only=True):
    """A rule or indicator with what it found; shared by every option or factor that names its id.

    `truth` None (left out): unknown for want of the findings `missing`, which are left out where
    they are all that it reads and does not know (`Assessment.missing`); `asks`: the work-ups that
    would tell. `text` speaks as if the condition were true. `rule`: the id of the rule in the
    knowledge where it is another than that of the reason.
    """

    text: str
    effect: Effect = "caution"
    rule: str | None = None
    truth: bool | None = None
    findings: tuple[str, ...] = ()
    citations: tuple[str, ...] = ()
    stage: str | None = None
    weight: str | None = None
    timing: str | None = None
    until: str | None = None
    missing: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()


class Publication(_Brief, frozen=True, kw_only=True):
    """Where a citation was published: `line` holds authors, journal and year as far as they were
    seen. `read`: how it was read where not in full; `incomplete`: something of it was not seen,
    `not_seen` what. `url` only where there is no `doi`.
    """

    line: str = ""
    title: str = ""
    doi: str | None = None
    url: str | None = None
    read: str | None = None
    incomplete: bool = False
    not_seen: tuple[str, ...] = ()


class Citation(_Brief, frozen=True, kw_only=True):
    """A statement of the literature, or a study (no `text`), with the id of its publication.
    `weak`: it should look weak.
    """

    strength: str
    source: str
    text: str = ""
    weak: bool = False


class Titles(_Part, frozen=True, kw_only=True):
    """Names that the knowledge gives to the ids of this result, so that it can be drawn alone.
    `findings`: the meanings of those for want of which it is not known whether a label covers this
    patient.
    """

    strategies: dict[str, str]
    factors: dict[str, str]
    workups: dict[str, str]
    findings: dict[str, str]


# ---------------------------------------------------------------- failure and relapse


class SignalResult(_Part, frozen=True, kw_only=True):
    """A sign of relapse that is not progression by itself; `open`: nothing later took it back."""

    id: str
    day: int | None
    open: bool
    text: str


class FailureResult(_Part, frozen=True, kw_only=True):
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
    rows: tuple[int, ...]


class Relapse(_Part, frozen=True, kw_only=True):
    """The relapse to decide on; its rules come with the answer. `since`: the first sign of it."""

    after: str
    line: int | None
    status: str
    certainty: str | None
    day: DayRange
    pattern: tuple[str, ...]
    tempo: Literal["rapid", "intermediate", "slow"] | None
    since: int | None


class About(_Part, frozen=True, kw_only=True):
    """The infusion that causes, options and tests speak of, or the reason why there are none."""

    code: AboutCode
    infusion_day: int | None
    if_progression: bool
    reason: str


# ---------------------------------------------------------------- causes


class Cause(_Brief, frozen=True, kw_only=True):
    """One factor with its grade and the ids of the reasons for it, against it and unknown."""

    id: str
    name: str
    grade: Grade
    evidence: str
    for_: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    note: str | None = None


class CauseGroup(_Brief, frozen=True, kw_only=True):
    """A group of factors. `rank` is None for the safety group and where nothing is at least
    possible; equal ranks are not separated.
    """

    group: str
    grade: Grade
    rank: int | None = None
    factors: tuple[Cause, ...]
    not_applicable: tuple[str, ...] = ()


class RiskFactor(_Part, frozen=True, kw_only=True):
    """A fact from before the infusion: it raises the risk of failure and explains none."""

    id: str
    name: str
    group: str
    grade: Grade
    evidence: str
    for_: tuple[str, ...]


class ScoreItemResult(_Brief, frozen=True, kw_only=True):
    """One item of a score: the points that are possible, and what was seen."""

    name: str
    points: IntervalDict
    known: bool = False
    text: str = ""
    rows: tuple[int, ...] = ()


class RiskScore(_Brief, frozen=True, kw_only=True):
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


class Causes(_Part, frozen=True, kw_only=True):
    """`undetermined`: nothing found after the infusion points to a cause; `text` says what would
    tell. `scores` stand beside the risk factors and explain no failure by themselves.
    """

    undetermined: bool
    text: str
    groups: tuple[CauseGroup, ...]
    risk_factors: tuple[RiskFactor, ...]
    scores: tuple[RiskScore, ...] = ()


class AgentEffect(_Part, frozen=True, kw_only=True):
    """What an alteration of the target does to one agent or product; unknown is not safe."""

    agent: str
    effect: Literal["abolished", "reduced", "preserved", "unknown"]


class AlterationResult(_Part, frozen=True, kw_only=True):
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


# ---------------------------------------------------------------- options


class Approval(_Brief, frozen=True, kw_only=True):
    """One approval row; `applies` False: outside the population of the label, None: not known."""

    region: str
    from_: str
    applies: bool | None = None
    note: str | None = None
    source: str | None = None


class AvailabilityResult(_Brief, frozen=True, kw_only=True):
    """`off_label`: no approval of this use, but its drugs are on the market; `trial_only`: no
    approval and not marketed either, `first` being the date of the first one to come. `missing`:
    findings for want of which it is not known whether a label covers this patient.
    """

    status: AvailabilityStatus
    rows: tuple[Approval, ...] = ()
    missing: tuple[str, ...] = ()
    first: str | None = None


class Figure(_Brief, frozen=True, kw_only=True):
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


class EvidenceResult(_Brief, frozen=True, kw_only=True):
    """What was seen of one option or of its strategy."""

    directness: Directness
    note: str
    expected: tuple[Figure, ...] = ()


class SupportLine(_Brief, frozen=True, kw_only=True):
    """Supportive care; `truth` None (left out): applies if what is missing turns out so."""

    text: str
    truth: bool | None = None
    missing: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    citations: tuple[str, ...] = ()


class Note(_Part, frozen=True, kw_only=True):
    """A remark of several options: sources that disagree, or what an option does to a later
    collection of T cells.
    """

    text: str
    citations: tuple[str, ...]


class LaterTCells(_Part, frozen=True, kw_only=True):
    """What the option does to a later collection of T cells; `note` is an id of `notes`."""

    effect: str
    note: str


class OptionResult(_Brief, frozen=True, kw_only=True):
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
    role: str
    summary: str
    evidence: str
    availability: AvailabilityResult
    targets: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    verdict: Verdict | None = None
    if_clear: Verdict | None = None
    until: str | None = None
    permanent: bool = False
    afterwards: Verdict | None = None
    rank: int | None = None
    for_: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()
    checklist: tuple[str, ...] = ()
    support: tuple[str, ...] = ()
    later_t_cells: LaterTCells | None = None
    sequence: tuple[str, ...] = ()
    disagreements: tuple[str, ...] = ()


# ---------------------------------------------------------------- tests, actions, answer


class Turn(_Part, frozen=True, kw_only=True):
    """Options, factors, groups of causes or the failure, by their ids, that turn alike."""

    kind: Literal["option", "factor", "group", "failure"]
    from_: str
    to: str
    what: tuple[str, ...]


class Change(_Part, frozen=True, kw_only=True):
    """What one result of a test would change."""

    values: dict[str, Plain]
    turns: tuple[Turn, ...]


class NextTest(_Part, frozen=True, kw_only=True):
    """A work-up to ask for. `ids` has one entry, or two where only both together would change
    something. `turnaround` is in days.
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


class Alert(_Part, frozen=True, kw_only=True):
    """An emergency, or what must not be taken for relapse, with the findings it rests on."""

    id: str
    text: str
    findings: tuple[str, ...]


class Action(_Part, frozen=True, kw_only=True):
    """Something to do whatever is chosen; `reason` is an id of `reasons`."""

    id: str
    reason: str
    sources: tuple[str, ...]


class AnswerStrategy(_Part, frozen=True, kw_only=True):
    """A strategy in its tier; the rules of placement come with the answer."""

    strategy: str
    option: str
    options: tuple[str, ...]
    because: tuple[str, ...]
    ground: str
    would_be: dict[str, str] | None
    waits_for: tuple[str, ...]
    figures: tuple[str, ...]
    access: str


class AnswerTier(_Part, frozen=True, kw_only=True):
    """One tier of the answer."""

    tier: Literal["first", "alternative", "situational", "avoid", "not_possible"]
    strategies: tuple[AnswerStrategy, ...]


class Answer(_Part, frozen=True, kw_only=True):
    """The recommendation: what state the decision is in, and the strategies in their tiers."""

    state: Literal[
        "choose",
        "confirm_first",
        "stabilise_first",
        "emergency_first",
        "comfort",
        "controlled",
        "died",
        "cannot_judge",
    ]
    then: str | None
    next_review: str | None
    tiers: tuple[AnswerTier, ...]
    not_now: tuple[AnswerStrategy, ...]


class Assessment(_Part, frozen=True, kw_only=True):
    """Everything that was found for one patient at one day.

    `relapse`, `answer` and `actions` are empty in this version of the schema. `findings` holds
    those that the rules read, as far as they are known or a reason lacks them, and what else is
    known and not denied; `findings_unknown` counts the others that the rules read.
    `separated`: pairs of options (better, worse) that the evidence separates.
    """

    schema: Literal["2-draft"] = SCHEMA_VERSION
    patient_id: str
    as_of: int | None
    as_of_date: str | None
    region: str | None
    versions: Versions
    issues: tuple[InputIssue, ...]
    issue_summary: IssueSummary
    case: CaseResult
    therapies: tuple[TherapyResult, ...]
    visits: tuple[VisitResult, ...]
    stated_responses: tuple[StatedResponse, ...]
    series: dict[str, tuple[Point, ...]]
    failures: tuple[FailureResult, ...]
    relapse: Relapse | None
    about: About
    causes: Causes
    alterations: tuple[AlterationResult, ...]
    alerts: tuple[Alert, ...]
    actions: tuple[Action, ...]
    tests: tuple[NextTest, ...]
    further_tests: tuple[NextTest, ...]
    answer: Answer | None
    options: tuple[OptionResult, ...]
    separated: tuple[tuple[str, str], ...]
    reasons: dict[str, Reason]
    support: dict[str, SupportLine]
    notes: dict[str, Note]
    evidence: dict[str, EvidenceResult]
    findings: dict[str, FindingResult]
    findings_unknown: int
    citations: dict[str, Citation]
    publications: dict[str, Publication]
    titles: Titles
    rows: tuple[str, ...]

    @property
    def next_tests(self) -> tuple[NextTest, ...]:
        """Every work-up to ask for, in its order."""
        return self.tests + self.further_tests

    def reasons_of(self, ids: Iterable[str]) -> tuple[Reason, ...]:
        """The reasons of these ids."""
        return tuple(self.reasons[i] for i in ids)

    def missing(self, reason: Reason) -> tuple[str, ...]:
        """The findings for want of which the reason is unknown; empty where it is not."""
        if reason.truth is not None or reason.missing:
            return reason.missing
        return tuple(name for name in reason.findings if not self.findings[name].known)

    def rows_of(self, findings: Iterable[str]) -> tuple[str, ...]:
        """The rows of the input that these findings rest on, each once."""
        places = dict.fromkeys(
            place
            for name in findings
            if name in self.findings
            for place in self.findings[name].rows
        )
        return tuple(self.rows[place] for place in places)

    def option(self, name: str) -> OptionResult:
        """The option of this id. Raises KeyError where there is none."""
        for option in self.options:
            if option.id == name:
                return option
        raise KeyError(name)

    def tied_with(self, option: OptionResult) -> tuple[str, ...]:
        """Options of the same role and verdict that the evidence does not set apart from it."""
        if option.rank is None:
            return ()
        apart = {pair for pair in self.separated if option.id in pair}
        return tuple(
            other.id
            for other in self.options
            if other.id != option.id
            and (other.role, other.verdict, other.if_clear)
            == (option.role, option.verdict, option.if_clear)
            and (option.id, other.id) not in apart
            and (other.id, option.id) not in apart
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts, lists, numbers and texts, as in the JSON."""
        plain: dict[str, Any] = msgspec.json.decode(_ENCODER.encode(self))
        return plain

    def to_json(self) -> str:
        """The result as one line of JSON."""
        return _ENCODER.encode(self).decode("utf-8")

    @classmethod
    def from_json(cls, text: str | bytes) -> Assessment:
        """The result that `to_json` wrote. Raises ResultError with a sentence where it is none."""
        try:
            plain = json.loads(
                text,
                object_pairs_hook=_each_key_once,
                parse_constant=_no_constant,
                parse_int=_whole_number,
                parse_float=_finite_number,
            )
        except RecursionError:
            raise ResultError("This is no result: its parts are nested too deeply.") from None
        except ValueError as error:
            raise ResultError(f"This is no JSON that can be read ({error}).") from None
        odd = _ODD_CHARACTER.search(json.dumps(plain, ensure_ascii=False))
        if odd is not None:
            raise ResultError(
                f"The result holds a character that Rearm never writes: {odd.group(0)!a}."
            )
        return cls.from_dict(plain)

    @classmethod
    def from_dict(cls, plain: Any) -> Assessment:
        """The result that `to_dict` gave. Raises ResultError with a sentence where it is none."""
        schema = _schema_of(plain)
        if schema == 1:
            raise ResultError(
                "This result has schema 1, of Rearm 0.1.0, which can't be drawn alone. Assess the"
                " patient again with this version."
            )
        if schema != SCHEMA_VERSION:
            raise ResultError(
                f"This is no result of schema {SCHEMA_VERSION}, which this version of Rearm reads."
            )
        try:
            result = msgspec.convert(plain, cls)
        except msgspec.ValidationError as error:
            raise ResultError(f"The result does not hold to its schema: {error}.") from None
        missing = _dangling(result)
        if missing:
            raise ResultError(f"The result refers to {missing}, which is not in it.")
        return result


_ENCODER = msgspec.json.Encoder()
_DIGITS = 18  # of a whole number; what is larger is no day, no count and no place


def _schema_of(plain: Any) -> Any:
    if not isinstance(plain, dict):
        return None
    versions = plain.get("versions")
    return plain.get("schema", versions.get("schema") if isinstance(versions, dict) else None)


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = next(name for name, n in Counter(name for name, _ in pairs).items() if n > 1)
        raise ValueError(f"the key {twice!r} stands twice in one object")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _whole_number(text: str) -> int:
    if len(text) > _DIGITS:
        raise ValueError(f"{text[:_DIGITS]}... is too large a number")
    return int(text)


def _finite_number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:_DIGITS]} is too large a number")
    return number


def _dangling(result: Assessment) -> str | None:
    """The first id that is referred to and does not exist."""
    for kind, used, there in _references(result):
        for name in used:
            if name not in there:
                return f"the {kind} {name}"
    return None


_References: TypeAlias = tuple[str, Iterable[str | int], Container[object]]


def _references(result: Assessment) -> Iterator[_References]:
    """What the parts of the result refer to: the kind, the ids, those that there are."""
    yield "reason", _used_reasons(result), result.reasons
    yield "evidence", (o.evidence for o in result.options), result.evidence
    yield "support", (name for o in result.options for name in o.support), result.support
    yield "note", _used_notes(result), result.notes
    yield "finding", _used_findings(result), result.findings
    yield "citation", _used_citations(result), result.citations
    yield "publication", (c.source for c in result.citations.values()), result.publications
    yield "row", _used_rows(result), range(len(result.rows))
    yield from _used_titles(result)


def _used_reasons(result: Assessment) -> Iterator[str]:
    for group in result.causes.groups:
        for cause in group.factors:
            yield from (*cause.for_, *cause.against, *cause.unknown)
    for risk in result.causes.risk_factors:
        yield from risk.for_
    for option in result.options:
        yield from (*option.for_, *option.against, *option.unknown, *option.cautions)
        yield from option.checklist
    yield from (action.reason for action in result.actions)


def _used_notes(result: Assessment) -> Iterator[str]:
    for option in result.options:
        yield from option.disagreements
        if option.later_t_cells is not None:
            yield option.later_t_cells.note


def _used_findings(result: Assessment) -> Iterator[str]:
    for reason in result.reasons.values():
        yield from (*reason.findings, *reason.missing)
    for alert in result.alerts:
        yield from alert.findings


def _used_citations(result: Assessment) -> Iterator[str]:
    citing: tuple[Iterable[Reason | SupportLine | Note | RiskScore | AlterationResult], ...] = (
        result.reasons.values(),
        result.support.values(),
        result.notes.values(),
        result.causes.scores,
        result.alterations,
    )
    for parts in citing:
        for part in parts:
            yield from part.citations
    for test in result.next_tests:
        yield from test.citations
    for evidence in result.evidence.values():
        for figure in evidence.expected:
            yield from figure.studies
    for option in result.options:
        yield from (row.source for row in option.availability.rows if row.source)


def _used_rows(result: Assessment) -> Iterator[int]:
    items = (item for score in result.causes.scores for item in score.items)
    resting: tuple[
        Iterable[FindingResult | FailureResult | AlterationResult | ScoreItemResult], ...
    ]
    resting = (result.findings.values(), result.failures, result.alterations, items)
    for parts in resting:
        for part in parts:
            yield from part.rows
    yield from (therapy.row for therapy in result.therapies)


def _used_titles(result: Assessment) -> Iterator[_References]:
    strategies = [o.strategy for o in result.options]
    strategies += [name for o in result.options for name in o.sequence]
    yield "strategy", strategies, result.titles.strategies
    turns = [t for test in result.next_tests for change in test.changes for t in change.turns]
    factors = [name for turn in turns if turn.kind == "factor" for name in turn.what]
    yield "factor", factors, result.titles.factors
    ids = {option.id for option in result.options}
    yield "option", (n for t in turns if t.kind == "option" for n in t.what), ids
    yield "option", (name for pair in result.separated for name in pair), ids
    asks = [name for reason in result.reasons.values() for name in reason.asks]
    asks += [name for line in result.support.values() for name in line.asks]
    yield "work-up", asks, result.titles.workups
    missing = [name for option in result.options for name in option.availability.missing]
    yield "finding", missing, result.titles.findings
