"""The response course of a patient as one object: where it starts, visit by visit with the reasons,
endpoints. Works with and without CAR-T.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rearm.outcome.course_start import CourseStart, chosen_start
from rearm.outcome.course_words import start_words
from rearm.outcome.endpoint_definitions import EndpointName, StyleName
from rearm.outcome.endpoints import (
    NAMES,
    Endpoint,
    InfusionOrigin,
    course_endpoints,
    endpoints,
    not_computable,
)
from rearm.outcome.failure import Failure
from rearm.outcome.failures import failures
from rearm.outcome.later_lines import LineOutcome, later_lines
from rearm.record import Record, ResponseStatement
from rearm.response.course import ResponseCourse, response_course
from rearm.response.criteria import Criteria, load_criteria
from rearm.response.score import Visit

__all__ = ["PatientCourse", "patient_course"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientCourse:
    """One patient's course. `course` None: nothing in the record has a day to count from;
    `start_reason` says so.

    `failure` is set where the course is that of an infusion. `endpoints` by name, counted from
    `start` unless another origin was asked for. `later_lines`: what became of each line after the
    last infusion, by a course of its own.
    """

    record: Record
    criteria: Criteria
    counted_from: CourseStart
    course: ResponseCourse | None = None
    failure: Failure | None = None
    endpoints: dict[EndpointName, Endpoint] = field(default_factory=dict)
    later_lines: tuple[LineOutcome, ...] = ()

    @property
    def start(self) -> int | None:
        return self.counted_from.day

    @property
    def start_reason(self) -> str:
        """Where the course starts and why, in words."""
        return start_words(self.counted_from, self.record)

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
        if death is not None and death.day is not None:
            end = death.day
        else:
            days = (self.record.last_day(), self.record.last_seen_day)
            end = max((day for day in days if day is not None), default=self.course.start)
        return end if self.course.until is None else min(end, self.course.until)

    @property
    def stated(self) -> list[ResponseStatement]:
        """What the team or a committee recorded for this course, kept beside what was computed; all
        of it where no course was computed. Statements without any day come last.
        """
        until = self.course.until if self.course is not None else None
        dated = [
            (day, s)
            for s in self.record.responses
            if (day := _any_day(s)) is not None
            and (self.start is None or day > self.start)
            and (self.start is None or until is None or day <= until)
        ]
        undated = [s for s in self.record.responses if _any_day(s) is None]
        return [s for _, s in sorted(dated, key=lambda x: x[0])] + undated


def patient_course(
    record: Record,
    *,
    start: int | None = None,
    criteria: Criteria | None = None,
    origin: InfusionOrigin = "infusion",
    style: StyleName = "default",
    schedule: Sequence[int] = (),
) -> PatientCourse:
    """The course from `start` (a day of the patient's axis; None: chosen, see `course_start`) under
    `criteria` (None: the default).

    A start on the day of an infusion is read as that infusion's course, with the baseline before
    bridging. `origin` and `style` are those of `rearm.outcome.endpoints`, `schedule` the planned
    days of assessment counted from `start`. Never raises on what a record holds.
    """
    c = criteria or load_criteria()
    judged = [f for f in failures(record, c) if f.course is not None]
    if start is None:
        counted_from = chosen_start(record, c, judged)
    else:
        counted_from = CourseStart(day=start, because="asked")
    day = counted_from.day
    if day is None:
        return PatientCourse(record=record, criteria=c, counted_from=counted_from)
    planned = [day + planned_day for planned_day in schedule]
    failure = next((f for f in judged if f.infusion_day == day), None)
    if failure is not None:
        by_infusion = endpoints(record, [failure], origin=origin, style=style, schedule=planned)
        return PatientCourse(
            record=record,
            criteria=c,
            counted_from=counted_from,
            course=failure.course,
            failure=failure,
            endpoints=by_infusion[failure.number],
            later_lines=later_lines(record, c),
        )
    course = response_course(record, start=day, criteria=c)
    if origin == "infusion":
        every = course_endpoints(record, course, style=style, schedule=planned)
        counted = {name: every[name] for name in NAMES}
    else:
        counted = {
            name: not_computable(name, "no_infusion", origin=origin, style=style) for name in NAMES
        }
    return PatientCourse(
        record=record, criteria=c, counted_from=counted_from, course=course, endpoints=counted
    )


def _any_day(s: ResponseStatement) -> int | None:
    days = (s.day, s.nominal_day, s.when.last, s.when.first)
    return next((day for day in days if day is not None), None)
