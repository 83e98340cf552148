"""The response course of a patient as one object: where it starts, visit by visit with the reasons,
endpoints, flags.

Works with and without CAR-T. Where no start is given: the last infusion with a day; else day 0 of
the record, a line of therapy, or the first dated result of the disease, whichever first has a
baseline and a later result. The choice stands among the flags.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from rearm.interval import Interval
from rearm.outcome.endpoint_definitions import EndpointName, StyleName
from rearm.outcome.endpoints import (
    NAMES,
    Endpoint,
    InfusionOrigin,
    course_endpoints,
    endpoints,
    not_computable,
)
from rearm.outcome.failure import Failure, failures
from rearm.record import Record, ResponseStatement
from rearm.response.course import ResponseCourse
from rearm.response.course import response_course as course_from
from rearm.response.criteria import Criteria, load_criteria
from rearm.response.measurable import DISEASE_TESTS
from rearm.response.score import Visit
from rearm.response.visits import CourseFlag
from rearm.therapy.lines import lines

__all__ = [
    "SCHEMA_VERSION",
    "PatientCourse",
    "course_object",
    "flags_of",
    "patient_course",
    "response_object",
    "response_schema",
    "stated_in",
]

SCHEMA_VERSION = 2
_DISEASE = frozenset(DISEASE_TESTS)
_REASONS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientCourse:
    """One patient's course. `course` None: nothing in the record has a day to count from;
    `start_reason` says so.

    `failure` is set where the course is that of an infusion. `endpoints` by name, counted from
    `start`.
    """

    record: Record
    criteria: Criteria
    start: int | None
    start_reason: str
    course: ResponseCourse | None
    failure: Failure | None
    endpoints: dict[EndpointName, Endpoint]

    @property
    def visits(self) -> tuple[Visit, ...]:
        return self.course.visits if self.course is not None else ()

    @property
    def last_day(self) -> int | None:
        """Where the follow-up of this course ends: death, the next infusion, or the last day with
        any data.
        """
        if self.course is None:
            return None
        death = self.record.death_since(self.course.start)
        days = [d for d in (self.record.last_day(), self.record.last_seen_day) if d is not None]
        end = (
            max(days, default=self.course.start)
            if death is None or death.day is None
            else death.day
        )
        return end if self.course.until is None else min(end, self.course.until)


def patient_course(
    record: Record,
    *,
    start: int | None = None,
    criteria: Criteria | None = None,
    origin: InfusionOrigin = "infusion",
    style: StyleName = "default",
    schedule: Sequence[int] = (),
) -> PatientCourse:
    """The course from `start` (a day of the patient's axis; None: chosen as the module says) under
    `criteria` (None: the default).

    A start on the day of an infusion is read as that infusion's course, with the baseline before
    bridging. `origin` and `style` are those of `rearm.outcome.endpoints`, `schedule` the planned
    days of assessment counted from `start`. Never raises on what a record holds.
    """
    c = criteria or load_criteria()
    judged = [f for f in failures(record, c) if f.course is not None]
    if start is None:
        start, reason = _chosen_start(record, c, judged)
    else:
        reason = f"counted from day {start}, as asked"
    if start is None:
        return PatientCourse(
            record=record,
            criteria=c,
            start=None,
            start_reason=reason,
            course=None,
            failure=None,
            endpoints={},
        )
    planned = [start + day for day in schedule]
    failure = next((f for f in judged if f.infusion_day == start), None)
    if failure is not None:
        found = endpoints(record, [failure], origin=origin, style=style, schedule=planned)[
            failure.number
        ]
        return PatientCourse(
            record=record,
            criteria=c,
            start=start,
            start_reason=reason,
            course=failure.course,
            failure=failure,
            endpoints=found,
        )
    course = course_from(record, start=start, criteria=c)
    if origin == "infusion":
        every = course_endpoints(record, course, style=style, schedule=planned)
        found = {name: every[name] for name in NAMES}
    else:
        found = {
            name: not_computable(name, "no_infusion", origin=origin, style=style) for name in NAMES
        }
    return PatientCourse(
        record=record,
        criteria=c,
        start=start,
        start_reason=reason,
        course=course,
        failure=None,
        endpoints=found,
    )


def _chosen_start(record: Record, c: Criteria, judged: list[Failure]) -> tuple[int | None, str]:
    if judged:
        day = judged[-1].infusion_day
        others = f", the last of {len(judged)} infusions" if len(judged) > 1 else ""
        return (
            day,
            f"counted from day {day}, the infusion of {judged[-1].product or 'CAR-T'}{others}",
        )
    days = sorted(
        {
            x.when.first
            for x in record.labs
            if x.test in _DISEASE and x.day is not None and x.when.first is not None
        }
        | {x.day for x in record.imaging if x.day is not None}
    )
    if not days:
        return None, _nothing_to_count(record)

    def framed(day: int) -> bool:
        return any(day - c.baseline_window <= d <= day for d in days) and days[-1] > day

    begun = [
        (d, line)
        for line in lines(record)
        if line.infusion is None and (d := line.start.day) is not None
    ]
    if framed(0):
        at_zero = next((line for d, line in begun if d == 0), None)
        return 0, "counted from day 0" + (
            f", the start of line {at_zero.number}" if at_zero is not None else " of the record"
        )
    for day, line in sorted(begun, key=lambda x: x[0]):
        if framed(day):
            return (
                day,
                (
                    f"counted from day {day}, the start of line {line.number}, the first with a"
                    " baseline and later results"
                ),
            )
    return (
        days[0],
        (
            f"counted from day {days[0]}, the first dated result of the disease, which is taken as"
            " the baseline"
        ),
    )


def _nothing_to_count(record: Record) -> str:
    """Results that were set aside are not results that were never taken: the first reasons are
    given.
    """
    reasons = list(dict.fromkeys(x.why_set_aside for x in record.set_aside if x.why_set_aside))
    if not reasons:
        return "no result of the disease has a day, so there is nothing to count from"
    why = "; ".join(r.rstrip(".") for r in reasons[:_REASONS]) + (
        "; ..." if len(reasons) > _REASONS else ""
    )
    many = "1 result was" if len(record.set_aside) == 1 else f"{len(record.set_aside)} results were"
    return (
        f"no result of the disease could be used, so there is nothing to count from; {many} set"
        f" aside: {why}"
    )


# ---- one object a patient ----------------


def response_object(
    record: Record, *, start: int | None = None, criteria: Criteria | None = None
) -> dict[str, Any]:
    """The course as plain data for JSON, in the form of `response_schema()`. Days are on the
    patient's axis; unknown is null.
    """
    return course_object(patient_course(record, start=start, criteria=criteria))


def course_object(found: PatientCourse) -> dict[str, Any]:
    """`response_object` of a course that was already computed."""
    course, record = found.course, found.record
    head: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "patient_id": record.patient_id,
        "day_zero": record.day_zero.isoformat() if record.day_zero is not None else None,
        "criteria": str(found.criteria),
        "start": found.start,
        "measurable": list(course.measurable) if course is not None else [],
        "baseline": _baseline(course),
        "visits": [_visit(v) for v in found.visits],
        "stated": [_stated(s) for s in stated_in(found)],
        "best_confirmed": course.best_confirmed if course is not None else "NE",
    }
    for name in (
        "best_confirmed_day",
        "progression_day",
        "relapse_from_cr_day",
        "clinical_relapse_day",
    ):
        head[name] = getattr(course, name) if course is not None else None
    head["mrd_negative_days"] = list(course.mrd_negative_days) if course is not None else []
    head["sustained_mrd_negative_day"] = (
        course.sustained_mrd_negative_day if course is not None else None
    )
    head["endpoints"] = {name: _endpoint(e) for name, e in found.endpoints.items()}
    head["flags"] = [
        {"id": i, "day": day, "text": text, "open": still}
        for i, day, text, still in flags_of(found)
    ]
    return head


def flags_of(found: PatientCourse) -> list[tuple[str, int | None, str, bool | None]]:
    """(id, day, sentence, open) of all that a reader must know; `open` is None except for a signal
    that something may still settle.
    """
    course, failure, record = found.course, found.failure, found.record
    flags: list[tuple[str, int | None, str, bool | None]] = [
        ("start", found.start, found.start_reason, None)
    ]
    undated = sum(x.day is None for x in record.infused())
    if undated:
        flags.append(
            (
                "infusion_without_day",
                None,
                f"infusions without a day, which have no course: {undated}",
                None,
            )
        )
    if record.set_aside:
        flags.append(
            (
                "set_aside",
                None,
                (
                    f"results of the input that could not be used: {len(record.set_aside)} (`rearm"
                    " check` lists them)"
                ),
                None,
            )
        )
    if course is None:
        return flags
    if course.not_evaluable:
        flags.append(("not_evaluable", None, course.not_evaluable, None))
    if course.suspicion is not None:
        s = course.suspicion
        flags.append((f"progression_{s.certainty}", s.day, s.text, True))
    flags += [
        (s.id, s.day, s.text, s.open)
        for s in (failure.signals if failure is not None else course.signals)
    ]
    flags += _relapses(course)
    told = {
        (name, day) for name, day, _, _ in flags
    }  # a signal says the same and whether it is open
    own: Iterable[CourseFlag] = failure.flags if failure is not None else course.flags
    flags += [(f.id, f.day, f.text, None) for f in dict.fromkeys(own) if (f.id, f.day) not in told]
    if failure is not None and failure.difference:
        flags.append(("team_and_laboratory_differ", failure.team_day, failure.difference, None))
    return flags


def _relapses(course: ResponseCourse) -> list[tuple[str, int | None, str, bool | None]]:
    """Clinical relapse with what it rests on, and significant biochemical relapse: reasons to treat
    that no response category shows.
    """
    found: list[tuple[str, int | None, str, bool | None]] = []
    day = course.clinical_relapse_day
    if day is not None:
        due = [
            e.text if e.stated else f"{e.text}, stated as due to myeloma"
            for e in course.clinical_events
            if e.attributed
        ]
        new = [
            p.text
            for v in course.visits
            for p in v.pd
            if p.criterion == "new_lesion" and p.day == day
        ]
        found.append(
            (
                "clinical_relapse",
                day,
                "; ".join(dict.fromkeys([*due, *new])) or "a lesion grew (A21)",
                None,
            )
        )
    if course.biochemical_relapse_day is not None:
        text = (
            "the M-protein doubled or rose by the limits of a significant biochemical relapse,"
            " twice within two months"
        )
        found.append(
            ("significant_biochemical_relapse", course.biochemical_relapse_day, text, None)
        )
    return found


def stated_in(found: PatientCourse) -> list[ResponseStatement]:
    """What the team or a committee recorded for this course, kept beside what was computed; all of
    it where no course was computed.
    """
    start, until = found.start, found.course.until if found.course is not None else None
    dated = [
        (10**9 if (day := _day_of(s)) is None else day, s) for s in found.record.responses
    ]  # without any day: last
    end = 10**9 if until is None else until
    inside = [(day, s) for day, s in dated if start is None or day == 10**9 or start < day <= end]
    return [s for _, s in sorted(inside, key=lambda x: x[0])]


def _day_of(s: ResponseStatement) -> int | None:
    return next(
        (d for d in (s.day, s.nominal_day, s.when.last, s.when.first) if d is not None), None
    )


def _stated(s: ResponseStatement) -> dict[str, Any]:
    return {
        "day": s.day,
        "nominal_day": s.nominal_day,
        "response": s.response,
        "by": s.by,
        "basis": s.basis,
        "source": str(s.source),
    }


def _visit(v: Visit) -> dict[str, Any]:
    sources = {test: str(x.source) for test, x in v.results.labs.items()}
    if v.results.exams:
        sources["imaging"] = "; ".join(
            str(row.source) for exam in v.results.exams for row in exam.rows
        )
    return {
        "day": v.day,
        "response": v.response,
        "confirmed": "NE" if v.confirmed == "BL" else v.confirmed,
        "rule": v.rule,
        "reason": v.reason,
        "missing": list(v.missing),
        "values": {test: plain(value) for test, value in v.values.items()},
        "lesions": v.lesions or None,
        "nadir": {test: round(value, 6) for test, value in v.nadir.items()},
        "carried": dict(v.carried),
        "sources": sources,
    }


def _baseline(course: ResponseCourse | None) -> dict[str, Any]:
    if course is None:
        return {"values": {}, "days": {}, "lesions": None}
    values = {t: plain(x) for t, x in course.baseline.values.items()}
    return {
        "values": values,
        "days": dict(course.baseline.days),
        "lesions": course.baseline.lesions or None,
    }


def plain(value: Interval | str) -> float | str | dict[str, Any]:
    """A word, an exact number, or the ends of a bound, each with whether it is possible itself."""
    if isinstance(value, str):
        return value
    if value.exact is not None:
        return round(value.exact, 6)
    return {
        name: round(end, 6) if isinstance(end, float) else end
        for name, end in value.to_dict().items()
    }


def counting_words(found: PatientCourse) -> str:
    """How the endpoints are counted where it is not the usual way, in brackets with a space before;
    else empty.
    """
    one = next(iter(found.endpoints.values()), None)
    if one is None:
        return ""
    parts = [f"from {one.origin}"] if one.origin in ("apheresis", "failure", "salvage") else []
    parts += [f"{one.style.upper()} censoring"] if one.style != "default" else []
    return f" ({', '.join(parts)})" if parts else ""


def _endpoint(e: Endpoint) -> dict[str, Any]:
    return {
        "status": e.status,
        "event": e.event,
        "day": e.day,
        "days": e.days,
        "origin": e.origin,
        "origin_day": e.origin_day,
        "style": e.style,
        "competing": e.competing,
        "reason": e.reason,
    }


def response_schema() -> dict[str, Any]:
    """The published JSON Schema (2020-12) of `response_object`."""
    text = (
        resources.files("rearm.export").joinpath("response.schema.json").read_text(encoding="utf-8")
    )
    schema: dict[str, Any] = json.loads(text)
    return schema
