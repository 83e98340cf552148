"""What a reader of a response course wants first, as sentences; page and terminal begin with it."""

from __future__ import annotations

from rearm.outcome.course_words import measurable_words, result_words
from rearm.outcome.endpoints import Endpoint
from rearm.outcome.later_lines import LineOutcome
from rearm.outcome.patient_course import PatientCourse
from rearm.record import ResponseStatement
from rearm.report.words import days_words, when_words, words
from rearm.response.course import Baseline, ResponseCourse

__all__ = ["headline"]


def headline(found: PatientCourse) -> list[str]:
    """Where the course starts, what is measurable, best response, progression, MRD, new therapy,
    and what the team recorded.
    """
    stated = ", ".join(f"{s.response} ({_when(s)})" for s in found.stated)
    by_team = [f"Recorded by the team: {stated}."] if stated else []
    course = found.course
    if course is None:
        return [f"No course: {found.start_reason}.", *by_team]
    measurable = measurable_words(course)
    best = f"Best confirmed response: {course.best_confirmed}"
    if course.best_confirmed_day is not None:
        best += f" on {_visit_words(course, course.best_confirmed_day)}"
    best += _by_readings(found)
    if found.failure is not None:
        best += _shown(found.failure.best_response_text, course.best_confirmed)
    if course.clinical_relapse_day is not None:
        clinical = f" Clinical relapse on {days_words(course.clinical_relapse_day)}."
    else:
        clinical = ""
    lines = [
        f"The course is {found.start_reason}. Measurable: {measurable}."
        f" Baseline: {_baseline_words(course.baseline)}.",
        f"{best}. {_progression_words(course, found.endpoints.get('PFS'))}{clinical}",
    ]
    if course.mrd_negative_days:
        lines.append(_mrd_words(course))
    if course.new_therapy_day is not None:
        day = days_words(course.new_therapy_day)
        lines.append(f"New therapy on {day}: later visits belong to it.")
    return [*lines, *map(_line_words, found.later_lines), *by_team]


def _line_words(outcome: LineOutcome) -> str:
    """A line after the infusion: response, lowest values, and how it ended."""
    failure = outcome.failure
    what = " + ".join(outcome.agents) or "therapy"
    parts = [f"best response {failure.best_response or 'unknown'}"]
    lowest = [result_words(test, value) for test, value in outcome.nadir.items()]
    parts += [f"lowest {', '.join(lowest)}"] if lowest else []
    ended = words(failure.status)
    if failure.status in ("failed", "suspected"):
        ended += f", {failure.when} ({words(failure.certainty)})"
    parts.append(ended)
    parts += ["refractory"] if outcome.refractory else []
    return f"Line {outcome.line.number}, {what} from {outcome.line.start} on: {'; '.join(parts)}."


def _by_readings(found: PatientCourse) -> str:
    """What the best response is in each reading of the vague days, where they differ."""
    readings = () if found.failure is None else found.failure.readings
    best = dict.fromkeys(x.course.best_confirmed for x in readings if x.course is not None)
    if len(best) < 2:
        return ""
    words = " or ".join(best)
    return f" ({words}, depending on results that are not exact)"


def _shown(text: str | None, strict: str) -> str:
    """What the results give without what the strict criteria ask for, and the team's response."""
    return "" if text is None or text == strict else f" ({text})"


def _visit_words(course: ResponseCourse, day: int) -> str:
    """`day 260 (8.5 months)`; of a visit without an exact day `day 260 to 290`."""
    when = course.when_of(day)
    return f"day {when_words(when)}" if when.day is None else days_words(when.day)


def _baseline_day(baseline: Baseline, test: str) -> str:
    when = baseline.results.between.get(test)
    return str(baseline.days[test]) if when is None else when_words(when)


def _baseline_words(baseline: Baseline) -> str:
    read = [
        result_words(test, value)
        + (f" (day {_baseline_day(baseline, test)})" if test in baseline.days else "")
        for test, value in baseline.values.items()
    ]
    if baseline.lesions not in ("", "none"):
        read.append(f"plasmacytomas {baseline.lesions}")
    return ", ".join(read) or "none"


def _progression_words(course: ResponseCourse, pfs: Endpoint | None) -> str:
    if course.progression_day is not None:
        before = course.progression_interval[0] if course.progression_interval else None
        since = ""
        if before is not None:
            since = f", last seen without it on day {when_words(course.when_of(before))}"
        return (
            f"Confirmed progression on {_visit_words(course, course.progression_day)}{since}:"
            f" {course.progression_reason}."
        )
    if course.suspicion is not None:
        certainty = words(course.suspicion.certainty)
        return f"Progression on day {course.suspicion.day} {certainty}: {course.suspicion.text}."
    if course.last_assessed_day is None:
        return "The results on record do not show whether the disease progressed."
    text = f"No progression by day {course.last_assessed_day}"
    if pfs is not None and pfs.event == "PD":
        text += (
            f" by the results alone; the team recorded it, and the endpoints count day {pfs.day}"
        )
    return f"{text}."


def _mrd_words(course: ResponseCourse) -> str:
    days = ", ".join(str(day) for day in course.mrd_negative_days)
    sustained = course.sustained_mrd_negative_day
    lasting = f"; sustained for a year on day {sustained}" if sustained is not None else ""
    return f"MRD negative on day {days}{lasting}."


def _when(s: ResponseStatement) -> str:
    return (
        f"planned for day {s.nominal_day}"
        if s.day is None and s.nominal_day is not None
        else str(s.when)
    )
