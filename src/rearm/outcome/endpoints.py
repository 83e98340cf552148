"""Time-to-event endpoints of a course and of each infusion, computed from the table of definitions.

Every endpoint is an event, censored, or not computable; the styles of censoring are never mixed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal, get_args

from rearm.outcome.endpoint_definitions import (
    CENSORING_STYLES,
    CENSORINGS,
    ENDPOINTS,
    NOT_COMPUTABLE,
    AdamSource,
    CensoringCode,
    Competing,
    EndpointDefinition,
    EndpointName,
    EventCode,
    EventDefinition,
    NotComputable,
    Origin,
    StyleName,
)
from rearm.outcome.endpoint_facts import (
    CourseFacts,
    counted_day,
    course_facts,
    next_line_day,
    next_therapy_day,
)
from rearm.outcome.failure import Failure
from rearm.outcome.infusions import InfusedProduct, course_of, infused_products
from rearm.outcome.readings import agreed
from rearm.record import Record, When, last_apheresis
from rearm.response.course import ResponseCourse, response_course
from rearm.response.criteria import Criteria

__all__ = [
    "FAILURE_VARIANTS",
    "NAMES",
    "ORIGINS",
    "STYLES",
    "Endpoint",
    "EndpointStatus",
    "course_endpoint",
    "course_endpoints",
    "endpoints",
    "not_computable",
]

EndpointStatus = Literal["event", "censored", "not_computable"]
InfusionOrigin = Literal["infusion", "apheresis", "failure", "salvage"]

FAILURE_VARIANTS: dict[EndpointName, str] = {
    name: definition.title for name, definition in ENDPOINTS.items() if name.startswith("failure-")
}
NAMES: tuple[EndpointName, ...] = tuple(n for n in ENDPOINTS if n not in FAILURE_VARIANTS)
ORIGINS: tuple[InfusionOrigin, ...] = get_args(InfusionOrigin)
STYLES: tuple[StyleName, ...] = tuple(CENSORING_STYLES)

# Why nothing can be counted where the origin has no day.
_NO_ORIGIN_DAY: dict[InfusionOrigin, NotComputable] = {
    "infusion": "infusion_undated",
    "apheresis": "apheresis_undated",
    "failure": "did_not_fail",
    "salvage": "no_salvage",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One endpoint of one course. `day` is on the patient's axis, `days` since `origin_day`.

    By `status`: `event` is what happened (`cause`: the cause as stated, of a death), `censored_by`
    why it ended without, `obstacle` why it cannot be computed. A day that is not known is None.
    `between`: the days that `day` is the middle of, where it is known by its month.

    >>> import rearm
    >>> record = rearm.read("examples/tables").records[0]
    >>> from rearm.outcome.endpoints import endpoints
    >>> from rearm.outcome.failures import failures
    >>> endpoints(record, failures(record))[1]["PFS"].event
    'PD'
    """

    name: EndpointName  # PFS, TTP, DOR, TTNT, OS, PFS2 ...
    origin: Origin  # what it is counted from
    origin_day: int | None
    style: StyleName  # of censoring
    status: EndpointStatus
    event: EventCode | None = None
    day: int | None = None
    between: When | None = None
    cause: str | None = None
    censored_by: CensoringCode | None = None
    obstacle: NotComputable | None = None

    @property
    def days(self) -> int | None:
        return None if self.day is None or self.origin_day is None else self.day - self.origin_day

    @property
    def competing(self) -> bool:
        """Censored by an event that makes this one impossible; competing-risk methods read it."""
        return self.censored_by is not None and CENSORINGS[self.censored_by].competing

    @property
    def adam(self) -> AdamSource | None:
        """Where ADaM looks for `day`; None where it cannot be computed."""
        if self.censored_by is not None:
            return CENSORINGS[self.censored_by].adam
        event = self._event
        return event.adam if event is not None else None

    @property
    def _event(self) -> EventDefinition | None:
        events = ENDPOINTS[self.name].events
        return next((event for event in events if event.code == self.event), None)

    @property
    def reason(self) -> str:
        """The sentence for the event, the censoring or the obstacle."""
        if self.obstacle is not None:
            return NOT_COMPUTABLE[self.obstacle].format(origin=self.origin)
        event = self._event
        if self.censored_by is not None:
            text = CENSORINGS[self.censored_by].reason
        else:
            text = event.reason.format(cause=self.cause) if event is not None else ""
        return text + self.middle

    @property
    def middle(self) -> str:
        """By which convention the day is counted, after a comma; empty where it is exact."""
        if self.between is None:
            return ""
        return f", on a day between {self.between.first} and {self.between.last}: the middle counts"


def not_computable(
    name: EndpointName,
    obstacle: NotComputable,
    *,
    origin: Origin,
    style: StyleName,
    origin_day: int | None = None,
) -> Endpoint:
    """The endpoint `name` of a record that does not allow it, with `obstacle` as the reason:
    `origin` is what it counts from, `origin_day` its day (None: unknown), `style` that of the
    censoring. Raises nothing.

    >>> from rearm.outcome.endpoints import not_computable
    >>> not_computable("PFS", "did_not_fail", origin="failure", style="default").status
    'not_computable'
    """
    return Endpoint(
        name=name,
        origin=origin,
        origin_day=origin_day,
        style=style,
        status="not_computable",
        obstacle=obstacle,
    )


def course_endpoints(
    record: Record,
    course: ResponseCourse,
    *,
    style: StyleName = "default",
    schedule: Sequence[int] = (),
) -> dict[EndpointName, Endpoint]:
    """All endpoints of any `course` of `record`, counted in days from its start. No CAR-T is
    needed. `style` of censoring: default, fda or ema; `schedule`: the planned days of assessment,
    which fda needs. What is not known makes an endpoint not computable, with the reason. Raises
    nothing.

    >>> import rearm
    >>> record = rearm.read("examples/tables").records[0]
    >>> from rearm.response import response_course
    >>> course = response_course(record, start=0)
    >>> from rearm.outcome.endpoints import course_endpoints
    >>> course_endpoints(record, course)["TTP"].days
    402
    """
    counting = _Counting(
        origin="start", origin_day=course.start, style=style, schedule=tuple(schedule)
    )
    facts = course_facts(record, course, None)
    return {name: counting.endpoint(name, facts) for name in ENDPOINTS}


def course_endpoint(
    record: Record,
    course: ResponseCourse,
    name: EndpointName,
    *,
    style: StyleName = "default",
    schedule: Sequence[int] = (),
) -> Endpoint:
    """The endpoint `name` of `course_endpoints`, of this `record` and `course`, with `style` and
    `schedule` (days) as there; not computable where what it needs is unknown. Raises ValueError for
    another name.

    >>> import rearm
    >>> record = rearm.read("examples/tables").records[0]
    >>> from rearm.response import response_course
    >>> course = response_course(record, start=0)
    >>> from rearm.outcome.endpoints import course_endpoint
    >>> course_endpoint(record, course, "PFS").status
    'event'
    """
    if name not in ENDPOINTS:
        raise ValueError(f"There is no endpoint {name!r}. Use one of {', '.join(ENDPOINTS)}.")
    return course_endpoints(record, course, style=style, schedule=schedule)[name]


def endpoints(
    record: Record,
    failed: Iterable[Failure],
    *,
    origin: InfusionOrigin = "infusion",
    style: StyleName = "default",
    schedule: Sequence[int] = (),
) -> dict[int, dict[EndpointName, Endpoint]]:
    """All endpoints of every infusion: {number of the infusion: {name: Endpoint}}, by the criteria
    of its course.

    `origin`: infusion, apheresis, failure (day of failure) or salvage (first day of the next line
    after the infusion, of a further CAR-T with bridging the day of its infusion; the response
    course is then that of the salvage). `schedule`: planned days of assessment, needed by `fda`.
    What cannot be computed says why. Raises ValueError for another origin or style. `record`: the
    patient; `failed`: what `failures` gives of it; `style` of censoring: default, fda, ema. A day
    that is unknown makes an endpoint not computable.

    >>> import rearm
    >>> record = rearm.read("examples/tables").records[0]
    >>> from rearm.outcome.endpoints import endpoints
    >>> from rearm.outcome.failures import failures
    >>> by_infusion = endpoints(record, failures(record))
    >>> [(x.days, x.status) for x in (by_infusion[1]["PFS"], by_infusion[1]["OS"])]
    [(402, 'event'), (428, 'censored')]
    """
    if origin not in ORIGINS or style not in STYLES:
        raise ValueError(
            f"origin must be one of {', '.join(ORIGINS)} and style one of {', '.join(STYLES)}, "
            f"not {origin!r} and {style!r}"
        )
    return {
        failure.number: _of_readings(record, failure, origin, style, tuple(schedule))
        for failure in failed
    }


def _of_readings(
    record: Record,
    failure: Failure,
    origin: InfusionOrigin,
    style: StyleName,
    schedule: tuple[int, ...],
) -> dict[EndpointName, Endpoint]:
    """Where results are known by month or order only, what all readings of their days allow."""
    if not failure.readings:
        return _of_infusion(record, failure, origin, style, schedule)
    read = [
        _of_infusion(reading.case.record, reading, origin, style, schedule)
        for reading in failure.readings
        if reading.case is not None
    ]
    return {name: _agreed_on([ends[name] for ends in read]) for name in ENDPOINTS}


def _agreed_on(read: Sequence[Endpoint]) -> Endpoint:
    """An event between the days of all readings, by the middle of a month at most; censored on the
    earliest day. What the readings disagree on cannot be computed.
    """
    first = read[0]
    if all(x == first for x in read):
        return first
    what = agreed((x.status, x.event, x.censored_by, x.obstacle) for x in read)
    origin_day = _middle([x.origin_day for x in read])
    days = [x.day for x in read if x.day is not None]
    if what is not None and not days:
        return replace(first, origin_day=origin_day)
    if what is not None and origin_day is not None:
        if first.status == "censored":
            return replace(first, origin_day=origin_day, day=max(origin_day, min(days)))
        day = _middle(days)
        if day is not None:
            when = When(min(days), max(days))
            between = None if when.day is not None else when
            return replace(first, origin_day=origin_day, day=day, between=between)
    return not_computable(
        first.name, "vague_days", origin=first.origin, style=first.style, origin_day=origin_day
    )


def _middle(days: Sequence[int | None]) -> int | None:
    """The day by which an interval no longer than a month is counted; None where one is missing."""
    known = [day for day in days if day is not None]
    return counted_day(When(min(known), max(known))) if len(known) == len(days) else None


def _of_infusion(
    record: Record,
    failure: Failure,
    origin: InfusionOrigin,
    style: StyleName,
    schedule: tuple[int, ...],
) -> dict[EndpointName, Endpoint]:
    if failure.course is None:
        return _none_computable("infusion_undated", origin, style)
    products = infused_products(record, failure.course.criteria)
    course = _styled_course(record, failure.course, products, failure.number, style)
    origin_day = _origin_day(record, failure, course, products, origin)
    if origin_day is None:
        return _none_computable(_NO_ORIGIN_DAY[origin], origin, style)
    facts = _facts_from(record, failure, course, origin, origin_day)
    counting = _Counting(origin=origin, origin_day=origin_day, style=style, schedule=schedule)
    return {name: counting.endpoint(name, facts) for name in ENDPOINTS}


def _none_computable(
    obstacle: NotComputable, origin: InfusionOrigin, style: StyleName
) -> dict[EndpointName, Endpoint]:
    return {name: not_computable(name, obstacle, origin=origin, style=style) for name in ENDPOINTS}


def _styled_course(
    record: Record,
    course: ResponseCourse,
    products: Sequence[InfusedProduct],
    number: int,
    style: StyleName,
) -> ResponseCourse:
    """The course as the style reads it: up to new therapy, or on through it and the next infusion
    where the style does not censor at new therapy.
    """
    if CENSORING_STYLES[style].before_new_therapy:
        return course
    product = replace(products[number - 1], ends=None)
    before = products[number - 2] if number > 1 else None
    return course_of(record, course.criteria, product, before, through_new_therapy=True)


def _facts_from(
    record: Record,
    failure: Failure,
    course: ResponseCourse,
    origin: InfusionOrigin,
    origin_day: int,
) -> CourseFacts:
    """What the endpoints read: of the course of the infusion, or of that of the salvage."""
    if origin != "salvage":
        facts = course_facts(record, course, failure)
        if origin == "failure":  # a therapy begun before the failure does not follow it
            facts = replace(
                facts,
                new_therapy=next_therapy_day(record, course, since=origin_day),
                next_line=next_line_day(record, course, since=origin_day),
            )
        return facts
    return course_facts(record, _salvage_course(record, course.criteria, origin_day), None)


def _salvage_course(record: Record, criteria: Criteria, day: int) -> ResponseCourse:
    """The course of what began on the day: a further CAR-T is read as every CAR-T, from before its
    bridging.
    """
    products = infused_products(record, criteria)
    for before, product in pairwise((None, *products)):
        if product is not None and product.day == day:
            return course_of(record, criteria, product, before)
    return response_course(record, start=day, criteria=criteria, infusion=False)


def _origin_day(
    record: Record,
    failure: Failure,
    course: ResponseCourse,
    products: Sequence[InfusedProduct],
    origin: InfusionOrigin,
) -> int | None:
    if origin == "infusion":
        return course.start
    if origin == "apheresis":
        collected = last_apheresis(products[failure.number - 1].doses[:1], course.start)
        return None if collected is None else collected.day
    if origin == "failure":
        return failure.day if failure.status == "failed" else None
    return next_line_day(record, course)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counting:
    """From which day, by which style and schedule the endpoints of a course are counted."""

    origin: Origin
    origin_day: int
    style: StyleName
    schedule: tuple[int, ...]

    def endpoint(self, name: EndpointName, facts: CourseFacts) -> Endpoint:
        definition = ENDPOINTS[name]
        start, obstacle = self._start(definition, facts)
        if obstacle is not None:
            return not_computable(
                name, obstacle, origin=self.origin, style=self.style, origin_day=start
            )
        event = _first_event(definition, facts)
        begin = facts.start if start is None else start
        limit = self._limit(facts, event, begin) if definition.styled else None
        obstacle = _undated(definition, facts, event, limit)
        if obstacle is not None:
            return not_computable(
                name, obstacle, origin=self.origin, style=self.style, origin_day=start
            )
        if event is not None and (limit is None or event[0] <= limit[0]):
            day, happened = event
            return Endpoint(
                name=name,
                origin=self.origin,
                origin_day=start,
                style=self.style,
                status="event",
                event=happened.code,
                day=day,
                between=happened.between(facts),
                cause=facts.death_cause if happened.code == "death" else None,
            )
        day, because = _censored(definition, facts, limit, begin)
        died = CENSORINGS[because].competing and facts.death_when is not None
        return Endpoint(
            name=name,
            origin=self.origin,
            origin_day=start,
            style=self.style,
            status="censored",
            day=day,
            between=facts.death_when if died and not _exact(facts.death_when) else None,
            censored_by=because,
        )

    def _start(
        self, definition: EndpointDefinition, facts: CourseFacts
    ) -> tuple[int | None, NotComputable | None]:
        """Day from which the endpoint counts, and what stands in its way."""
        if self.origin == "failure" and definition.ends_at_failure:
            return self.origin_day, "ends_at_failure"
        start: int | None = self.origin_day
        if definition.counted_from == "first_response":
            start = facts.response
            if start is None:
                return None, "no_response"
        elif definition.counted_from == "first_complete_response":
            start = facts.complete_response
            if start is None:
                return None, "no_complete_response"
        if definition.styled and self._misses_schedule:
            return start, "no_schedule"
        if definition.needs_therapy_day and facts.undated_line is not None:
            return start, "new_therapy_undated"
        return start, None

    @property
    def _misses_schedule(self) -> bool:
        return CENSORING_STYLES[self.style].before_missed_assessments and not self.schedule

    def _limit(
        self, facts: CourseFacts, event: tuple[int, EventDefinition] | None, start: int
    ) -> tuple[int, CensoringCode] | None:
        """Last day on which an event counts, and why; None where nothing limits it. `start` is the
        day from which the endpoint counts: what was missed before it limits nothing.
        """
        style = CENSORING_STYLES[self.style]
        limits: list[tuple[int, CensoringCode]] = []
        if style.before_new_therapy and facts.new_therapy is not None:
            limits.append((facts.new_therapy, "new_therapy"))
        if style.before_missed_assessments:
            end = event[0] if event is not None else facts.last_assessed
            gap = _missed(self.schedule, facts.assessed, start, end)
            if gap is not None:
                limits.append((gap, "missed_assessments"))
        return min(limits, default=None, key=lambda limit: limit[0])


def _undated(
    definition: EndpointDefinition,
    facts: CourseFacts,
    event: tuple[int, EventDefinition] | None,
    limit: tuple[int, CensoringCode] | None,
) -> NotComputable | None:
    """An event whose day is not known is one: it stands in the way unless something that ends the
    endpoint surely came before it. Death comes after all that has a day; new therapy of a vague
    day is taken to follow the progression that has one.
    """
    known = [end[0] for end in (event, limit) if end is not None]
    progressed = event is not None and event[1].code == "PD"
    for other in definition.events:
        between = other.between(facts)
        if between is None or other.day(facts) is not None:
            continue
        if progressed and other.follows_progression:
            continue
        if other.comes_last:
            if not known:
                return "death_undated"
        elif not any(between.first is not None and day < between.first for day in known):
            return other.undated
    competes = definition.competing is not None and facts.death_when is not None
    return "death_undated" if competes and not known and facts.death_day is None else None


def _exact(when: When | None) -> bool:
    return when is not None and when.day is not None


def _first_event(
    definition: EndpointDefinition, facts: CourseFacts
) -> tuple[int, EventDefinition] | None:
    dated = [(day, event) for event in definition.events if (day := event.day(facts)) is not None]
    return min(dated, default=None, key=lambda dated_event: dated_event[0])


def _censored(
    definition: EndpointDefinition,
    facts: CourseFacts,
    limit: tuple[int, CensoringCode] | None,
    start: int,
) -> tuple[int, CensoringCode]:
    """Day of censoring and why, for an endpoint without an event that counts; `start` is the day
    from which it counts, and the first on which it can be censored.
    """
    if limit is not None:
        last_day, because = limit
        assessed = (day for day in facts.assessed if start <= day <= last_day)
        return max(assessed, default=start), because
    if definition.competing is not None and facts.death_day is not None:
        return facts.death_day, _competing_death(definition.competing, facts)
    if definition.follow_up == "last_contact":
        return facts.last_contact, "last_contact"
    if definition.follow_up == "last_assessment":
        return max(start, facts.last_assessed), _assessment_or_none(facts.last_assessed > start)
    return max(start, facts.next_last_assessed), _assessment_or_none(
        facts.next_last_assessed > start
    )


def _assessment_or_none(assessed: bool) -> CensoringCode:
    return "last_assessment" if assessed else "no_assessment"


def _competing_death(competing: Competing, facts: CourseFacts) -> CensoringCode:
    # an unknown cause is not another cause
    cause_unknown = facts.death is not None and facts.death.of_myeloma is None
    if competing == "death_of_another_cause" and cause_unknown:
        return "death_of_unknown_cause"
    return competing


def _missed(
    schedule: tuple[int, ...], assessed: tuple[int, ...], start: int, end: int
) -> int | None:
    """Last assessment before the first two planned assessments in a row that were missed before
    `end`, `start` where there was none since; None where there was no such gap.

    A planned day counts as done where an assessment lies nearer to it than to the planned days
    beside it.
    """
    if not schedule:
        return None
    done = {min(schedule, key=lambda plan: (abs(plan - day), plan)) for day in assessed}
    planned = sorted(day for day in schedule if start < day <= end)
    for missed, following in pairwise(planned):
        if missed not in done and following not in done:
            return max((day for day in assessed if start <= day < missed), default=start)
    return None
