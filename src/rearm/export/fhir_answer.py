"""An answer as FHIR R4: what was found, what to ask for, what can be chosen, and what the board
decided on it.

A `GuidanceResponse` holds how the judging ended, what was wrong in the input and what to ask for.
It points to a `CarePlan` (draft, proposal) whose `RequestGroup` has the tiers as groups, the
strategies below them and their options below these. Tiers that speak against a strategy propose
nothing: they stand in a note, since who imports a request may not read why it is one to avoid. A
decision of the board is a CarePlan of its own (active, plan), which points to the GuidanceResponse
and changes nothing of it. Ids are made from the result, so the same result gives the same bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import NAMESPACE_URL, uuid5

from rearm.assessment.result import (
    Action,
    AnswerState,
    AnswerStrategy,
    AnswerTier,
    Assessment,
    Citation,
    InputIssue,
    NextTest,
    Publication,
    Tier,
    Urgency,
)
from rearm.characters import replaced
from rearm.export.fhir import subject_of

__all__ = ["MODULE", "BoardDecision", "GuidanceStatus", "answer_bundle", "guidance_status"]

MODULE = "urn:rearm:after-car-t"
"""What judged, as `GuidanceResponse.moduleUri`."""

GuidanceStatus = Literal["success", "data-requested", "data-required"]

_NOTE = (
    "Computed by the rules of Rearm for professionals; not verified by a clinician, not a cleared "
    "medical device, not for emergencies. Silence is no all-clear."
)
_TO_CHOOSE: Mapping[Tier, str] = {
    "first": "First",
    "alternative": "Alternative",
    "situational": "In some circumstances",
}
_AGAINST: Mapping[Tier, str] = {"avoid": "Avoid", "not_possible": "Not possible now"}
_STATES: Mapping[AnswerState, str] = {
    "choose": "relapse, therapy to choose",
    "confirm_first": "suspected relapse, to confirm first",
    "stabilise_first": "relapse, to stabilise first",
    "emergency_first": "relapse, emergency to treat first",
    "comfort": "relapse, comfort care wanted",
    "controlled": "myeloma controlled",
    "died": "patient died",
    "cannot_judge": "relapse cannot be judged",
}
_PRIORITIES: Mapping[Urgency, str] = {
    "now": "asap",
    "this_week": "urgent",
    "before_engager": "routine",
}
_SEVERITIES = {"note": "information", "warning": "warning", "error": "error"}
_DONE = {"used": "used", "set_aside": "left out", "refused": "refused"}


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardDecision:
    """What the board decided on an answer. `strategy`: its id, empty where none of the answer was
    chosen, and `chosen` its name; `tier`: the tier in which it stood, in words.
    """

    number: int
    strategy: str
    chosen: str
    tier: str
    participants: str
    reason: str
    deviation: str
    at: datetime
    who: str


def guidance_status(result: Assessment) -> GuidanceStatus:
    """Whether the answer waits for a result: `data-required` where the plan can't go on without
    one, `data-requested` where one could change the answer.
    """
    if result.answer.state in ("confirm_first", "cannot_judge"):
        return "data-required"
    leading = next((x for x in result.answer.tiers if x.strategies), None)
    if leading is not None and leading.tier in _TO_CHOOSE and leading.strategies[0].waits_for:
        return "data-required"
    return "data-requested" if result.tests else "success"


def answer_bundle(
    result: Assessment,
    *,
    made: datetime | None = None,
    decisions: Sequence[BoardDecision] = (),
) -> dict[str, Any]:
    """A collection Bundle. `made`: when the result was made, where that is known; `decisions`: what
    the board decided on this result, in any order.
    """
    writer = _Writer(result, made)
    resources = [*writer.answer(), *writer.decided(decisions)]
    entries = [{"fullUrl": f"urn:uuid:{x['id']}", "resource": x} for x in resources]
    bundle: dict[str, Any] = {"resourceType": "Bundle", "id": writer.id("bundle")}
    return bundle | {"type": "collection", "entry": entries}


class _Writer:
    """The resources of one result."""

    def __init__(self, result: Assessment, made: datetime | None) -> None:
        self._result, self._made = result, made
        self._mark = hashlib.sha256(result.to_json().encode("utf-8")).hexdigest()
        self._subject = subject_of(result.patient_id)
        self._device = {"type": "Device", "display": f"Rearm {result.versions.software}"}

    def id(self, *what: str) -> str:
        return str(uuid5(NAMESPACE_URL, "|".join(("rearm", self._mark, *what))))

    def answer(self) -> Iterator[dict[str, Any]]:
        """The GuidanceResponse first, then what it points to."""
        result = self._result
        issues = (*result.issues, *result.unread)
        planned = bool(result.answer.tiers or result.actions)
        yield self._guidance(issues=bool(issues), planned=planned)
        if issues:
            yield {
                "resourceType": "OperationOutcome",
                "id": self.id("issues"),
                "issue": [_issue(x) for x in issues],
            }
        if planned:
            yield self._care_plan()
            yield self._request_group()
            yield from self._requests()
        if self._made is not None:
            yield self._provenance(self._made, planned=planned)

    def decided(self, decisions: Iterable[BoardDecision]) -> Iterator[dict[str, Any]]:
        """A CarePlan for each decision; a later one takes the place of the one before."""
        ordered = sorted(decisions, key=lambda x: x.number)
        for place, decision in enumerate(ordered):
            before = ordered[place - 1] if place else None
            yield self._decision(decision, before, last=place == len(ordered) - 1)

    def _guidance(self, *, issues: bool, planned: bool) -> dict[str, Any]:
        result = self._result
        state = result.answer.state
        reason = {
            "coding": [_coding("answer-state", state, _STATES[state])],
            **_some_text("text", result.about.reason),
        }
        return {
            "resourceType": "GuidanceResponse",
            "id": self.id("guidance"),
            "moduleUri": MODULE,
            "status": guidance_status(result),
            "subject": self._subject,
            **self._when("occurrenceDateTime"),
            "performer": self._device,
            "reasonCode": [reason],
            "note": [{"text": x} for x in self._notes()],
            **({"evaluationMessage": [self._to("issues")]} if issues else {}),
            **({"result": self._to("plan")} if planned else {}),
            **_some("dataRequirement", [_requirement(x) for x in result.next_tests]),
        }

    def _notes(self) -> list[str]:
        versions = self._result.versions
        made_by = (
            f"Rearm {versions.software}, knowledge {versions.knowledge} "
            f"({versions.knowledge_hash[:12]}), criteria {versions.criteria}."
        )
        return [_NOTE, made_by, *(_text(x.text) for x in self._result.alerts)]

    def _care_plan(self) -> dict[str, Any]:
        against = [_text(x) for x in self._against()]
        return {
            "resourceType": "CarePlan",
            "id": self.id("plan"),
            "status": "draft",
            "intent": "proposal",
            "title": "Options after CAR-T by the rules of Rearm",
            "subject": self._subject,
            **self._when("created"),
            "author": self._device,
            "supportingInfo": [self._to("guidance")],
            "activity": [{"reference": self._to("group")}],
            "note": [{"text": x} for x in (_NOTE, *against)],
        }

    def _against(self) -> Iterator[str]:
        """A sentence for each strategy that a tier speaks against."""
        for tier in self._result.answer.tiers:
            if tier.tier in _AGAINST:
                for line in tier.strategies:
                    name = self._result.titles.strategies[line.strategy]
                    yield f"{_AGAINST[tier.tier]}: {name}. {self._because(line)}".strip()

    def _request_group(self) -> dict[str, Any]:
        result = self._result
        tiers = [x for x in result.answer.tiers if x.tier in _TO_CHOOSE and x.strategies]
        groups = []
        if result.actions:
            groups.append(
                {
                    "title": "Whatever is chosen",
                    "groupingBehavior": "logical-group",
                    "selectionBehavior": "any",
                    "action": [self._to_do(x) for x in result.actions],
                }
            )
        if tiers:
            groups.append(
                {
                    "title": "Choice",
                    "groupingBehavior": "logical-group",
                    "selectionBehavior": "at-most-one",
                    "action": [self._tier(x) for x in tiers],
                }
            )
        return {
            "resourceType": "RequestGroup",
            "id": self.id("group"),
            "status": "draft",
            "intent": "proposal",
            "subject": self._subject,
            **self._when("authoredOn"),
            "author": self._device,
            "note": [{"text": _NOTE}],
            **_some("action", groups),
        }

    def _to_do(self, action: Action) -> dict[str, Any]:
        known = "" if action.status == "due" else "Find out whether it is due. "
        reason = self._result.reasons[action.reason]
        return {
            "title": _text(action.text),
            "textEquivalent": _text(f"{known}{reason.text}"),
            "priority": _PRIORITIES[action.urgency],
            "code": [{"coding": [_coding("action", action.id)]}],
            **_some("documentation", self._documents(action.sources)),
            "resource": self._to("action", action.id),
        }

    def _tier(self, tier: AnswerTier) -> dict[str, Any]:
        name = _TO_CHOOSE[tier.tier]
        return {
            "title": name,
            "code": [{"coding": [_coding("tier", tier.tier, name)]}],
            "groupingBehavior": "logical-group",
            "selectionBehavior": "at-most-one",
            "action": [self._strategy(x) for x in tier.strategies],
        }

    def _strategy(self, line: AnswerStrategy) -> dict[str, Any]:
        name = self._result.titles.strategies[line.strategy]
        cited = [c for key in line.because for c in self._result.reasons[key].citations]
        return {
            "title": _text(name),
            **_some_text("textEquivalent", f"{self._because(line)} {self._waits(line)}"),
            "code": [{"coding": [_coding("strategy", line.strategy, name)]}],
            **_some("documentation", self._documents(cited)),
            "groupingBehavior": "logical-group",
            "selectionBehavior": "at-most-one",
            "action": [self._option(x) for x in self._options(line)],
        }

    def _option(self, name: str) -> dict[str, Any]:
        option = self._result.option(name)
        verdict = "" if option.verdict is None else f"By the rules: {option.verdict}."
        until = f" Until: {option.until}." if option.until else ""
        return {
            "title": _text(option.name),
            **_some_text("textEquivalent", f"{option.summary} {verdict}{until}"),
            "code": [{"coding": [_coding("option", option.id, option.name)]}],
            "resource": self._to("option", name),
        }

    def _requests(self) -> Iterator[dict[str, Any]]:
        """What the actions name: proposals, of which nothing is ordered."""
        for action in self._result.actions:
            yield self._request("action", action.id, action.text)
        for tier in self._result.answer.tiers:
            if tier.tier in _TO_CHOOSE:
                for line in tier.strategies:
                    for name in self._options(line):
                        yield self._request("option", name, self._result.option(name).name)

    def _options(self, line: AnswerStrategy) -> Iterator[str]:
        """The options of a strategy that is not advised against; those that these rules exclude are
        no proposal.
        """
        for name in dict.fromkeys((line.option, *line.options)):
            if name == line.option or self._result.option(name).verdict != "excluded":
                yield name

    def _request(self, kind: str, name: str, text: str) -> dict[str, Any]:
        return {
            "resourceType": "ServiceRequest",
            "id": self.id(kind, name),
            "status": "draft",
            "intent": "proposal",
            "code": {"coding": [_coding(kind, name)], "text": _text(text)},
            "subject": self._subject,
            "supportingInfo": [self._to("guidance")],
        }

    def _because(self, line: AnswerStrategy) -> str:
        return " ".join(self._result.reasons[key].text for key in line.because)

    def _waits(self, line: AnswerStrategy) -> str:
        """What nobody knows and would stop the option."""
        told = " ".join(self._result.reasons[key].text for key in line.waits_for)
        return f"To be excluded before: {told}" if told else ""

    def _documents(self, ids: Iterable[str]) -> list[dict[str, Any]]:
        found = []
        for name in dict.fromkeys(ids):
            citation = self._result.citations[name]
            found.append(_document(citation, self._result.publications[citation.source]))
        return found

    def _provenance(self, made: datetime, *, planned: bool) -> dict[str, Any]:
        versions = self._result.versions
        known = {"system": "urn:rearm:knowledge", "value": versions.knowledge_hash}
        return {
            "resourceType": "Provenance",
            "id": self.id("provenance"),
            "target": [self._to(x) for x in ("guidance", *(("plan", "group") * planned))],
            "recorded": _instant(made),
            "agent": [{"who": self._device}],
            "entity": [
                {
                    "role": "source",
                    "what": {"identifier": known, "display": f"knowledge {versions.knowledge}"},
                }
            ],
        }

    def _decision(
        self, decision: BoardDecision, before: BoardDecision | None, *, last: bool
    ) -> dict[str, Any]:
        chosen = _text(decision.chosen)
        detail = {
            "kind": "ServiceRequest",
            "code": {"coding": [_coding("strategy", decision.strategy)], "text": chosen},
            "status": "not-started",
            **_some_text("description", decision.reason),
        }
        notes = [
            decision.deviation and f"Other than the highest tier, because: {decision.deviation}"
        ]
        notes.append(decision.tier and f"In the answer: {decision.tier}.")
        took_part = [x.strip() for x in decision.participants.splitlines() if x.strip()]
        replaces = {} if before is None else {"replaces": [self._to("decision", before.number)]}
        return {
            "resourceType": "CarePlan",
            "id": self.id("decision", str(decision.number)),
            **replaces,
            "status": "active" if last else "revoked",
            "intent": "plan",
            "title": "Decision of the board",
            **_some_text("description", f"{chosen}: {decision.reason}"),
            "subject": self._subject,
            "created": _instant(decision.at),
            "author": {"type": "Practitioner", "display": _text(decision.who)},
            **_some(
                "contributor", [{"type": "Practitioner", "display": _text(x)} for x in took_part]
            ),
            "supportingInfo": [self._to("guidance")],
            **({"activity": [{"detail": detail}]} if decision.strategy else {}),
            **_some("note", [{"text": _text(x)} for x in notes if x]),
        }

    def _to(self, *what: str | int) -> dict[str, Any]:
        return {"reference": f"urn:uuid:{self.id(*map(str, what))}"}

    def _when(self, name: str) -> dict[str, Any]:
        """When it was made; else the day for which it was asked; else nothing."""
        if self._made is not None:
            return {name: _instant(self._made)}
        day = self._result.as_of_date
        return {name: day} if day else {}


def _requirement(test: NextTest) -> dict[str, Any]:
    """What to ask for. No code of a work-up is known to all record systems, so each has ours."""
    alone = len(test.ids) == 1
    codes = [_coding("work-up", name, test.name if alone else "") for name in test.ids]
    return {"type": "Observation", "codeFilter": [{"path": "code", "code": codes}]}


def _issue(issue: InputIssue) -> dict[str, Any]:
    return {
        "severity": _SEVERITIES[issue.severity],
        "code": "informational" if issue.severity == "note" else "value",
        "details": {"coding": [_coding("issue", issue.code)], "text": _text(issue.message)},
        "diagnostics": _text(f"{issue.source}: {_DONE[issue.done]}"),
    }


def _document(citation: Citation, publication: Publication) -> dict[str, Any]:
    line = publication.line or publication.title
    url = f"https://doi.org/{publication.doi}" if publication.doi else publication.url
    told = f"{line} ({citation.strength})"
    return {
        "type": "citation",
        "label": _text(publication.title or line),
        "citation": _text(f"{told}: {citation.text}" if citation.text else told),
        **({"url": url} if url else {}),
    }


def _coding(kind: str, code: str, display: str = "") -> dict[str, Any]:
    shown = {"display": _text(display)} if display else {}
    return {"system": f"urn:rearm:{kind}", "code": code, **shown}


def _text(text: str) -> str:
    """A text as FHIR takes it: never empty, nothing that is no text."""
    return replaced(text).strip() or "-"


def _some(name: str, values: list[Any]) -> dict[str, Any]:
    """FHIR has no empty lists."""
    return {name: values} if values else {}


def _some_text(name: str, text: str) -> dict[str, Any]:
    return {name: _text(text)} if text.strip() else {}


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
