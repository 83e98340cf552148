"""One line for each patient of a folder of pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from rearm.assessment import Assessment
from rearm.assessment.result import AnswerState
from rearm.report.assessment.answer_words import answer_lines
from rearm.report.assessment.disease import has_not_responded
from rearm.report.assessment.sentences import alert_title, day_range
from rearm.report.words import listed, words

__all__ = ["IndexRow", "index_row"]

_CHOICES = ("definitive", "observe")  # roles: enabling, local and supportive measures are none
_TESTS = 2
_STATES: Mapping[AnswerState, str] = {
    "choose": "",
    "confirm_first": "confirm first: ",
    "stabilise_first": "stabilise first: ",
    "emergency_first": "emergency first: ",
    "comfort": "comfort care",
    "controlled": "controlled",
    "died": "died",
    "cannot_judge": "cannot be judged",
}
_NO_CHOICE = ("comfort", "controlled", "died", "cannot_judge")


class IndexRow(NamedTuple):
    """What the table of patients shows of one; small, because a cohort has many."""

    file: str
    patient: str
    product: str
    lines: str
    car_t: str
    relapse: str
    cause: str
    first: str
    missing: str
    alerts: str


def index_row(file: str, a: Assessment) -> IndexRow:
    """The line of this result; `file` is the name of its page."""
    lines = a.findings.get("prior_lines")
    tests = [test.name for test in a.next_tests]
    more = f"; {len(tests) - _TESTS} more" if len(tests) > _TESTS else ""
    return IndexRow(
        file=file,
        patient=a.patient_id,
        product=" then ".join(failure.product or "CAR-T" for failure in a.failures),
        lines="" if lines is None or lines.value is None else f"{lines.value}",
        car_t=_car_t(a),
        relapse=_relapse(a),
        cause=_cause(a),
        first=_first(a),
        missing=f"{'; '.join(tests[:_TESTS])}{more}",
        alerts=", ".join(alert_title(x) for x in a.alerts),
    )


def _car_t(a: Assessment) -> str:
    """What became of the last CAR-T, and its best response."""
    if not a.failures:
        return a.about.reason
    last = a.failures[-1]
    day = f", day {last.day}" if last.day is not None else ""
    best = f"{last.best_response}; " if last.best_response else ""
    return f"{best}{words(last.status)}{day}"


def _relapse(a: Assessment) -> str:
    """After which line, when, in which pattern, how fast."""
    if a.relapse is None:
        watched = a.watched
        if watched is None:
            return ""
        missing = ", no response yet" if watched.response and has_not_responded(a) else ""
        return f"none; {watched.response or 'no progression'} after {watched.after}{missing}"
    now = a.relapse
    parts = [f"after {now.after}, {day_range(now.day)}"]
    parts += [words(now.status)] if now.status != "failed" else []
    parts += [listed(now.pattern)] if now.pattern else []
    parts += [now.tempo] if now.tempo else []
    return "; ".join(parts)


def _cause(a: Assessment) -> str:
    leading = [f"{words(g.group)} {words(g.grade)}" for g in a.causes.groups if g.rank == 1]
    return ", ".join(leading) or ("unknown" if a.causes.groups else "")


def _first(a: Assessment) -> str:
    """The strategies of the highest tier that the sheet shows, of those that treat the myeloma;
    before them what treats an emergency, and a therapy that is not judged yet.
    """
    state = _STATES[a.answer.state]
    treated = None if a.relapse is None else a.relapse.treated_by
    if a.answer.state == "choose" and treated is not None and not treated.ended:
        state = f"judge {treated.agents} first; if it fails: "
    if a.answer.state == "controlled" and has_not_responded(a):
        return "repeat markers"
    if a.answer.state in _NO_CHOICE:
        return state
    shown = answer_lines(a)
    lines = [line for line in shown if a.option(line.option_id).role in _CHOICES]
    if a.answer.state == "emergency_first" and shown and shown[0] not in lines:
        at_once = [x.strategy for x in shown if x.tier == shown[0].tier and x not in lines]
        state = f"{state}{', '.join(at_once)}"
        if not lines and not a.answer.then:
            return state
        state += "; then "
    then = [a.titles.strategies[name] for name in a.answer.then]
    if not lines:
        return f"{state}{', '.join(then) or 'none'}"
    highest = lines[0].tier
    named = ", ".join(line.strategy for line in lines if line.tier == highest)
    return f"{state}{named}" if highest == "first" else f"{state}{lines[0].tier_words}: {named}"
