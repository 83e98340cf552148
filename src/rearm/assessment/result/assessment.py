"""Everything that was found for one patient at one day, put together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from rearm.assessment.result.agreement import contradiction
from rearm.assessment.result.answer import Action, Alert, Answer, NextTest
from rearm.assessment.result.basis import (
    Citation,
    FindingResult,
    Note,
    Publication,
    Reason,
    SupportLine,
    Titles,
)
from rearm.assessment.result.case import (
    CaseResult,
    Point,
    StatedResponse,
    TherapyResult,
    VisitResult,
)
from rearm.assessment.result.causes import AlterationResult, Causes
from rearm.assessment.result.failure import About, FailureResult, Relapse, Watched
from rearm.assessment.result.header import InputIssue, IssueSummary, Versions
from rearm.assessment.result.options import EvidenceResult, OptionResult
from rearm.assessment.result.overruled import Overruled
from rearm.assessment.result.parts import Part
from rearm.assessment.result.practicalities import Practicalities
from rearm.assessment.result.references import dangling
from rearm.assessment.result.stored import SCHEMA_VERSION, ResultError, check_schema, read_strictly

__all__ = ["Assessment"]

_ENCODER = msgspec.json.Encoder()


class Assessment(Part, frozen=True, kw_only=True):
    """Everything that was found for one patient at one day.

    `relapse` is null where there is none to decide on: `watched` then says what is watched, where
    that is known. `findings` holds
    those that the rules read, as far as they are known or a reason lacks them, and what else is
    known and not denied; `findings_unknown` counts the others that the rules read.
    `unread`: files of the input of which nothing could be read; what they hold of this patient is
    not known. `overruled`: facts that the team states over the computed ones; `lost_alerts`: alerts
    that the computed facts would raise and these take away. `hypothetical`: `overruled` holds what
    is assumed and nobody states; such a result is no answer and is never stored.
    """

    schema: Literal["2-draft"] = SCHEMA_VERSION  # of this layout
    patient_id: str  # as in the input
    as_of: int | None  # the day of the decision
    as_of_date: str | None  # its date, where day 0 has one
    region: str | None  # whose approvals count; null: any
    hypothetical: bool = False
    overruled: tuple[Overruled, ...] = ()
    lost_alerts: tuple[Alert, ...] = ()
    versions: Versions  # of program, knowledge and criteria
    issues: tuple[InputIssue, ...]  # what was wrong with the input
    unread: tuple[InputIssue, ...] = ()
    issue_summary: IssueSummary  # how many issues there are, by what was done
    case: CaseResult  # what is known of the patient now
    therapies: tuple[TherapyResult, ...]  # all treatments, oldest first
    visits: tuple[VisitResult, ...]  # the response course of the last CAR-T
    stated_responses: tuple[StatedResponse, ...]  # what the team recorded
    series: dict[str, tuple[Point, ...]]  # values over the days, by test
    failures: tuple[FailureResult, ...]  # one for each infusion, in their order
    relapse: Relapse | None
    watched: Watched | None = None
    about: About  # which infusion and line the answer is about
    causes: Causes  # why the CAR-T failed
    alterations: tuple[AlterationResult, ...]  # changes of the antigens, with what they mean
    alerts: tuple[Alert, ...]  # what can't wait
    actions: tuple[Action, ...]  # what to do, whatever is chosen
    tests: tuple[NextTest, ...]  # the work-ups to ask for first
    further_tests: tuple[NextTest, ...]  # the others
    answer: Answer  # the state of the decision and the tiers
    options: tuple[OptionResult, ...]  # each with its verdict
    practicalities: Practicalities = Practicalities()  # how the options are given
    reasons: dict[str, Reason]  # by id
    support: dict[str, SupportLine]  # lines of supportive care by id
    notes: dict[str, Note]  # remarks by id
    evidence: dict[str, EvidenceResult]  # figures by id
    findings: dict[str, FindingResult]
    findings_unknown: int
    citations: dict[str, Citation]  # by id
    publications: dict[str, Publication]  # by id
    titles: Titles  # of groups, strategies and tests
    rows: tuple[str, ...]  # the rows of the input that are named, each once

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

    def must_be_known_first(self, option: OptionResult) -> tuple[str, ...]:
        """The ids of the reasons that would stop the option or discourage it, of whatever stage,
        and of which nobody knows whether they hold: stops first. What is missing of the record
        stands on the line of each option that it would make worse.
        """
        listed = dict.fromkeys((*option.unknown, *option.checklist, *option.cautions))
        unknown = [name for name in listed if self.reasons[name].truth is None]
        stops = [name for name in unknown if self.reasons[name].effect in ("exclude", "require")]
        return (*stops, *(name for name in unknown if self.reasons[name].effect == "discourage"))

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts, lists, numbers and texts, as in the JSON."""
        plain: dict[str, Any] = msgspec.json.decode(_ENCODER.encode(self))
        return plain

    def to_json(self) -> str:
        """The result as one line of JSON."""
        return _ENCODER.encode(self).decode("utf-8")

    @classmethod
    def from_json(cls, text: str | bytes) -> Assessment:
        """The result that `to_json` wrote. Raises ResultError with a sentence where it is none.

        >>> import rearm
        >>> assessment = rearm.assess(rearm.read("examples/tables").records[0])
        >>> assessment.answer.state, [group.group for group in assessment.causes.groups][:2]
        ('choose', ['antigen', 'safety'])
        >>> rearm.Assessment.from_json(assessment.to_json()) == assessment
        True
        """
        return cls.from_dict(read_strictly(text))

    @classmethod
    def from_dict(cls, plain: Any) -> Assessment:
        """The result that `to_dict` gave. Raises ResultError with a sentence where it is none."""
        check_schema(plain)
        try:
            result = msgspec.convert(plain, cls)
        except msgspec.ValidationError as error:
            raise ResultError(f"The result does not match its schema: {error}.") from None
        missing = dangling(result)
        if missing:
            raise ResultError(f"The result refers to {missing}, which is not in it.")
        wrong = contradiction(result)
        if wrong:
            raise ResultError(f"The result contradicts itself: {wrong}.")
        return result
