"""Codes of a result as the sentences and lines that a reader sees on the page and the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rearm.assessment.result import (
    Action,
    Alert,
    Approval,
    Assessment,
    AvailabilityResult,
    CauseGroup,
    DayRange,
    EvidenceResult,
    FailureResult,
    FindingResult,
    OptionResult,
    Reason,
    Urgency,
)
from rearm.report.words import words
from rearm.units import OF_CLONE

__all__ = [
    "URGENCY_TITLES",
    "action_text",
    "actions_by_urgency",
    "alert_title",
    "approval_note",
    "asked_as",
    "asked_for",
    "availability_brief",
    "availability_text",
    "behind_action",
    "day_range",
    "difference_text",
    "doubt_text",
    "finding_text",
    "no_figure_text",
    "reason_text",
    "seen_texts",
    "subject",
    "told_words",
    "undecided_text",
    "unread_text",
]

# A dash and no colon: the reason belongs to the same clause, so that nothing reads as stated which
# is not.
_NOT_KNOWN = "Unknown; would apply if so –"
_POINTED = "The last result points to it –"
_NOT_SO = "Not the case here –"


URGENCY_TITLES: Mapping[Urgency, str] = {
    "now": "Now",
    "this_week": "This week",
    "before_engager": "Before an engager",
}


def actions_by_urgency(assessment: Assessment) -> tuple[tuple[str, tuple[Action, ...]], ...]:
    """The titles of how soon, each with its actions; none without actions."""
    groups = (
        (title, tuple(x for x in assessment.actions if x.urgency == urgency))
        for urgency, title in URGENCY_TITLES.items()
    )
    return tuple((title, actions) for title, actions in groups if actions)


def action_text(assessment: Assessment, action: Action) -> str:
    """What to do, with the findings behind it and what is not on record, as one sentence."""
    open_ = "To be settled: " if action.status == "open" else ""
    return f"{open_}{action.text}{behind_action(assessment, action)}"


def behind_action(assessment: Assessment, action: Action) -> str:
    """How the sentence goes on: the findings behind the action, and what is not on record."""
    seen = seen_texts(assessment, action.shows)
    lacking = [asked_as(assessment, name) for name in action.lacks]
    text = f": {'; '.join(seen)}" if seen else ""
    return f"{text}; not on record: {', '.join(lacking)}." if lacking else f"{text}."


def unread_text(assessment: Assessment) -> str:
    """How many results are left out and what to correct first; empty where there are none."""
    summary = assessment.issue_summary
    number, undated = summary.results_set_aside, summary.undated
    if not number:
        return ""
    left_out, its, it = ("1 result is", "its date", "it")
    if number > 1:
        left_out, its, it = f"{number} results are", "their dates", "them"
    if undated == number:
        return f"{left_out} left out because {its} could not be read: correct {it} first."
    dates = f", {undated} of them without a readable date" if undated else ""
    could = "it could" if number == 1 else "they could"
    return f"{left_out} left out because {could} not be used{dates}: correct {it} first."


def reason_text(reason: Reason) -> str:
    """The reason, which speaks as if its condition were true, with what is known of that."""
    # a requirement gives its reason for the case that it is not met
    if reason.truth is True or (reason.effect == "require" and reason.truth is False):
        return reason.text
    unknown = _POINTED if reason.pointed else _NOT_KNOWN
    return f"{unknown if reason.truth is None else _NOT_SO} {reason.text}"


def asked_as(assessment: Assessment, finding: str) -> str:
    """What is to be found out, as a clinician names it."""
    if finding in assessment.titles.findings:
        return assessment.titles.findings[finding]
    known = assessment.findings.get(finding)
    return words(finding) if known is None else known.text


def asked_for(assessment: Assessment, reasons: Iterable[str]) -> dict[str, str]:
    """What is to be found out to know whether these reasons hold, each with the first of them."""
    asked: dict[str, str] = {}
    for key in reasons:
        reason = assessment.reasons[key]
        for name in assessment.missing(reason) or reason.findings:
            asked.setdefault(asked_as(assessment, name), key)
    return asked


def subject(key: str) -> str:
    """What a note is about, in the words of its id."""
    return key.partition("@")[0].replace("-", " ")


def finding_text(finding: FindingResult) -> str:
    """What was seen."""
    return finding.text if finding.known or finding.suspected else f"not known: {finding.text}"


def seen_texts(assessment: Assessment, findings: Iterable[str]) -> tuple[str, ...]:
    """What was seen of these findings. A derived finding and its parts were seen in the same rows:
    their words stand once.
    """
    seen = (assessment.findings[name] for name in findings)
    texts = (f"{finding_text(x)}{_doubt(assessment, x.doubtful)}" for x in seen)
    return tuple(dict.fromkeys(text for text in texts if text))


def undecided_text(assessment: Assessment, group: CauseGroup) -> str:
    """What is on record of a group and decides none of its factors."""
    seen = "; ".join(seen_texts(assessment, group.undecided))
    return f"On record, not enough to decide: {seen}." if seen else ""


def _doubt(assessment: Assessment, rows: Sequence[int]) -> str:
    return f" (may be a slip: {_places(assessment, rows)})" if rows else ""


def difference_text(failure: FailureResult) -> str:
    """How the team's progression and the computed one part; empty where they do not."""
    text = failure.difference or ""
    if failure.comparison in ("team_only", "unrepeated"):
        return f"{text[:1].upper()}{text[1:]}"
    return f"Team and laboratory differ: {text}" if text else ""


def doubt_text(assessment: Assessment, failure: FailureResult) -> str:
    """A sentence where the judgement rests on values that may be slips, else nothing."""
    if not failure.doubtful:
        return ""
    what = "a value" if len(failure.doubtful) == 1 else "values"
    return (
        f"This rests on {what} that may be a slip ({_places(assessment, failure.doubtful)}): check"
        " before deciding."
    )


def _places(assessment: Assessment, rows: Sequence[int]) -> str:
    return "; ".join(assessment.rows[row] for row in rows)


def alert_title(alert: Alert) -> str:
    """`hypercalcaemia`, `hypercalcaemia (open)`: whether it is certain or to be settled."""
    return words(alert.id) if alert.status == "certain" else f"{words(alert.id)} (open)"


def told_words(assessment: Assessment, finding: str, value: object) -> str:
    """What a test may tell of a finding, as a reader says it: `yes`, `360 mg/dL`."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    unit = assessment.titles.units.get(finding, "")
    if unit == OF_CLONE and isinstance(value, float):
        return f"{100 * value:g} % of the clone"
    amount = f"{value:g}" if isinstance(value, float) else words(str(value))
    return f"{amount} {unit}".strip()


def day_range(days: DayRange) -> str:
    """`day 5`, `day unknown`, `between day 3 and day 9`."""
    if days.low is None and days.high is None:
        return "day unknown"
    if days.low == days.high:
        return f"day {days.low}"
    low, high = ("?" if day is None else day for day in (days.low, days.high))
    return f"between day {low} and day {high}"


def availability_text(assessment: Assessment, option: OptionResult) -> str:
    """Whether the option can be had in the region asked, on the day asked."""
    availability = option.availability
    if availability.status == "not_needed":
        return "Needs no drug approval."
    if availability.status == "off_label":
        return _off_label(assessment.region, single=len(option.agents) == 1)
    if availability.status == "trial_only":
        return _trial_only(assessment, availability)
    rows = ", ".join(f"{row.region} since {row.from_}" for row in availability.rows)
    approved = f"Approved ({rows})"
    if availability.status == "available":
        return f"{approved}, and the label covers this patient."
    if availability.status == "outside_label":
        return f"{approved}, but this patient is outside the label."
    if not availability.missing:
        return f"{approved}; the calendar date is unknown: check."
    missing = ", ".join(asked_as(assessment, name) for name in availability.missing)
    return f"{approved}; it is unknown whether the label covers this patient; missing: {missing}."


def availability_brief(option: OptionResult) -> str:
    """The same in a few words: `Approved in EU and US, outside the label for this patient.`"""
    status = option.availability.status
    regions = " and ".join(sorted({row.region for row in option.availability.rows}))
    return {
        "not_needed": "Needs no approval.",
        "off_label": "Off label: check.",
        "trial_only": "In a trial only.",
        "available": f"Approved in {regions}.",
        "outside_label": f"Approved in {regions}, outside the label for this patient.",
        "check": f"Approved in {regions}: check the label.",
    }[status]


def no_figure_text(evidence: EvidenceResult) -> str:
    """What was read of an option of which there is no figure, in a few words."""
    if evidence.directness == "none read":
        return "no result was read."
    if evidence.directness == "direct":
        return "results after CAR-T are listed, not pooled."
    return f"no pooled result ({evidence.directness})."


def _off_label(region: str | None, *, single: bool) -> str:
    use, drugs = (
        ("for this use", "the drug is") if single else ("of this combination", "its drugs are")
    )
    place = f" in {region}" if region is not None else ""
    return (
        f"No approval {use} is recorded{place}; {drugs} marketed, so this is off-label use: check."
    )


def _trial_only(assessment: Assessment, availability: AvailabilityResult) -> str:
    by = f" by {assessment.as_of_date}" if assessment.as_of_date is not None else ""
    first = f"; the first one is of {availability.first}" if availability.first else ""
    place = assessment.region or "any region"
    return f"No approval for this use is recorded in {place}{by}{first}: in a trial only."


def approval_note(assessment: Assessment, row: Approval) -> str:
    """What else is to be said of one approval."""
    parts = [row.note] if row.note else []
    if assessment.as_of_date is None:
        parts.append("it is unknown whether it was in force on the day")
    return "; ".join(parts)
