"""A response course as plain data for JSON, in the form of `response.schema.json` beside it."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

from rearm.interval import Interval
from rearm.outcome.course_notes import course_notes
from rearm.outcome.endpoints import Endpoint
from rearm.outcome.failure import Failure
from rearm.outcome.later_lines import LineOutcome
from rearm.outcome.patient_course import PatientCourse
from rearm.record import ResponseStatement, When
from rearm.response.course import ResponseCourse
from rearm.response.score import Visit

__all__ = ["SCHEMA_VERSION", "response_object", "response_schema"]

SCHEMA_VERSION = 2


def response_object(found: PatientCourse) -> dict[str, Any]:
    """One object a patient. Days are on the patient's axis; unknown is null."""
    record = found.record
    return {
        "schema_version": SCHEMA_VERSION,
        "patient_id": record.patient_id,
        "day_zero": record.day_zero.isoformat() if record.day_zero is not None else None,
        "unread": [
            {"source": str(x.source), "code": x.code, "message": x.message} for x in record.unread
        ],
        "criteria": str(found.criteria),
        "start": found.start,
        "visits": [_visit(v) for v in found.visits],
        "stated": [_stated(s) for s in found.stated],
        **(_course(found.course) if found.course is not None else _NO_COURSE),
        "best_response": _best(found.failure) if found.failure is not None else None,
        "later_lines": [_line(outcome) for outcome in found.later_lines],
        "endpoints": {name: _endpoint(e) for name, e in found.endpoints.items()},
        "flags": [
            {"id": note.id, "day": note.day, "text": note.text, "open": note.open}
            for note in course_notes(found)
        ],
    }


_NO_COURSE: dict[str, Any] = {
    "measurable": [],
    "measurable_unknown": [],
    "baseline": {"values": {}, "days": {}, "between": {}, "lesions": None},
    "best_confirmed": "NE",
    "best_confirmed_day": None,
    "progression_day": None,
    "progression_between": None,
    "relapse_from_cr_day": None,
    "clinical_relapse_day": None,
    "mrd_negative_days": [],
    "sustained_mrd_negative_day": None,
}


def _course(course: ResponseCourse) -> dict[str, Any]:
    return {
        "measurable": list(course.measurable),
        "measurable_unknown": list(course.undecided),
        "baseline": {
            "values": {test: _value(x) for test, x in course.baseline.values.items()},
            "days": dict(course.baseline.days),
            "between": {
                test: [when.first, when.last]
                for test, when in course.baseline.results.between.items()
            },
            "lesions": course.baseline.lesions or None,
        },
        "best_confirmed": course.best_confirmed,
        "best_confirmed_day": course.best_confirmed_day,
        "progression_day": course.progression_day,
        "progression_between": (
            None if course.progression_when is None else _between(course.progression_when)
        ),
        "relapse_from_cr_day": course.relapse_from_cr_day,
        "clinical_relapse_day": course.clinical_relapse_day,
        "mrd_negative_days": list(course.mrd_negative_days),
        "sustained_mrd_negative_day": course.sustained_mrd_negative_day,
    }


def _line(outcome: LineOutcome) -> dict[str, Any]:
    """What became of a line after the last infusion."""
    failure, start = outcome.failure, outcome.line.start
    progressed = failure.status in ("failed", "suspected")
    return {
        "line": outcome.line.number,
        "agents": list(outcome.agents),
        "start": [start.first, start.last],
        "status": failure.status,
        "certainty": failure.certainty,
        "best_response": _best(failure),
        "nadir": {test: round(value.high, 6) for test, value in outcome.nadir.items()},
        "progression": [failure.when.first, failure.when.last] if progressed else None,
        "refractory": outcome.refractory,
    }


def _best(failure: Failure) -> dict[str, Any]:
    """The best response after an infusion as it is shown, with the team's beside it."""
    best = failure.best
    return {
        "response": best.response,
        "by": best.by,
        "computed": best.computed,
        "team": best.team,
        "at_least": best.at_least,
        "lacks": list(best.lacks),
        "text": failure.best_response_text,
    }


def _visit(v: Visit) -> dict[str, Any]:
    sources = {test: str(x.source) for test, x in v.results.labs.items()}
    if v.results.exams:
        rows = [row for exam in v.results.exams for row in exam.rows]
        sources["imaging"] = "; ".join(str(row.source) for row in rows)
    return {
        "day": v.day,
        "between": _between(v.when),
        "response": v.response,
        "confirmed": "NE" if v.confirmed == "BL" else v.confirmed,
        "rule": v.rule,
        "reason": v.reason,
        "missing": list(v.missing),
        "values": {test: _value(value) for test, value in v.values.items()},
        "lesions": v.lesions or None,
        "nadir": {test: round(value.high, 6) for test, value in v.nadir.items()},
        "carried": dict(v.carried),
        "sources": sources,
    }


def _between(when: When) -> list[int | None] | None:
    """The days that something may have been on, where its day is not exact."""
    return None if when.day is not None else [when.first, when.last]


def _stated(s: ResponseStatement) -> dict[str, Any]:
    return {
        "day": s.day,
        "nominal_day": s.nominal_day,
        "response": s.response,
        "by": s.by,
        "basis": s.basis,
        "source": str(s.source),
    }


def _value(value: Interval | str) -> float | str | dict[str, Any]:
    """A word, an exact number, or the ends of a bound, each with whether it is possible itself."""
    if isinstance(value, str):
        return value
    if value.exact is not None:
        return round(value.exact, 6)
    return {
        name: round(end, 6) if isinstance(end, float) else end
        for name, end in value.to_dict().items()
    }


def _endpoint(e: Endpoint) -> dict[str, Any]:
    return {
        "status": e.status,
        "event": e.event,
        "day": e.day,
        "days": e.days,
        "between": [e.between.first, e.between.last] if e.between is not None else None,
        "origin": e.origin,
        "origin_day": e.origin_day,
        "style": e.style,
        "competing": e.competing,
        "reason": e.reason,
    }


def response_schema() -> dict[str, Any]:
    """The published JSON Schema (2020-12) of `response_object`."""
    file = resources.files("rearm.export").joinpath("response.schema.json")
    schema: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return schema
