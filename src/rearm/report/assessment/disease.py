"""The relapse to decide on, or what is watched, as one sentence."""

from __future__ import annotations

from rearm.assessment.result import Assessment, ComputedCourse, Relapse, Watched
from rearm.report.assessment.dated import date_or_day
from rearm.report.assessment.sentences import day_range
from rearm.report.words import days_words, listed, words

__all__ = [
    "computed_course_words",
    "disease_sentence",
    "has_not_responded",
    "later_disease_sentence",
    "treatment_since",
]

_CAR_T = "CAR-T"
# in fewer words than with the failure, where the reason stands beside it
_CERTAINTY = {
    "confirmed": "confirmed",
    "recorded_by_team": "recorded by the team",
    "unconfirmed": "not yet confirmed",
    "provisional": "not yet confirmed",
    "signal": "a signal only",
}


def disease_sentence(assessment: Assessment) -> str:
    """The state of the disease now; empty where nothing can be said."""
    if assessment.relapse is not None:
        return _relapse(assessment.relapse)
    return "" if assessment.watched is None else _watched(assessment.watched)


def later_disease_sentence(assessment: Assessment) -> str:
    """The same where a later line and not the CAR-T was the last to be judged; else empty."""
    now = assessment.relapse or assessment.watched
    return "" if now is None or now.after == _CAR_T else disease_sentence(assessment)


def _relapse(relapse: Relapse) -> str:
    exact = relapse.day.low is not None and relapse.day.low == relapse.day.high
    day = days_words(relapse.day.low) if exact else day_range(relapse.day)
    certainty = (
        f", {_CERTAINTY.get(relapse.certainty, words(relapse.certainty))}"
        if relapse.certainty
        else ""
    )
    parts = [f"after {_line(relapse.after, relapse.line)}, {day}{certainty}"]
    parts += [f"pattern {listed(relapse.pattern)}"] if relapse.pattern else []
    parts.append(f"tempo {relapse.tempo or 'unknown'}")
    if (treated := relapse.treated_by) is not None:
        parts.append(f"{_line(treated.agents, treated.line)} since, {day_range(treated.start)}")
    if relapse.since is not None and relapse.since != relapse.day.low:
        parts.append(f"first sign on day {relapse.since}")
    if relapse.computed is not None:
        parts.append(f"as the team states it; computed: {computed_course_words(relapse.computed)}")
    event = "Suspected relapse" if relapse.status == "suspected" else "Relapse"
    return f"{event} to decide on: {'; '.join(parts)}."


def computed_course_words(computed: ComputedCourse) -> str:
    """`failed, day 84, confirmed`."""
    day = () if computed.status not in ("failed", "suspected") else (day_range(computed.day),)
    certainty = () if computed.certainty is None else (_CERTAINTY.get(computed.certainty, ""),)
    return ", ".join((words(computed.status), *day, *certainty))


def treatment_since(assessment: Assessment) -> str:
    """`Talquetamab was begun on day 934, and the record does not tell whether it works.`; empty
    where no line was begun since the relapse.
    """
    treated = None if assessment.relapse is None else assessment.relapse.treated_by
    if treated is None:
        return ""
    start = treated.start
    on = day_range(start)
    if start.low is not None and start.low == start.high:
        on = f"on {date_or_day(start.low, assessment)}"
    works = "worked" if treated.ended else "works"
    named = f"{treated.agents[:1].upper()}{treated.agents[1:]}"
    return f"{named} was begun {on}, and the record does not tell whether it {works}."


def has_not_responded(assessment: Assessment) -> bool:
    """Is there neither a relapse nor a response: disease that has only not progressed?"""
    watched = assessment.watched
    return watched is not None and watched.code == "no_progression"


def _watched(watched: Watched) -> str:
    line = _line(watched.after, watched.line)
    judged = watched.last_assessed_day
    until = "" if judged is None else f", last judged on day {judged}"
    if watched.code == "response":
        seen = f"{watched.response} after" if watched.response else "response to"
        return f"No myeloma relapse now: {seen} {line}{until}. Markers are watched."
    seen = f"{watched.response} after" if watched.response else "no progression since"
    missing = "No response yet" if watched.response else "No response on record"
    return f"{missing}: {seen} {line}{until}. Repeat the markers: they decide."


def _line(after: str, number: int | None) -> str:
    """`the CAR-T`, `teclistamab (line 6)`."""
    if after == _CAR_T:
        return "the CAR-T"
    return after if number is None else f"{after} (line {number})"
