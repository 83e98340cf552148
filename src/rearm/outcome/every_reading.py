"""What is judged of a course in every reading of a record.

Where results are known by month, year, order or bound only, or a lesion has no name, a course is
judged in every reading of the record, and what the readings agree on holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import msgspec

from rearm.outcome import failure_words
from rearm.outcome.agreed_course import agreed_course
from rearm.outcome.best_response import RESPONSE_DEPTH, BestResponse
from rearm.outcome.failure import Failure, FailureReason
from rearm.outcome.infusion_failure import timing
from rearm.outcome.readings import (
    agreed,
    bound_readings,
    days_between,
    days_gone,
    lesion_readings,
    readings,
    vague_days,
)
from rearm.record import UNKNOWN_WHEN, Record, Source, When
from rearm.response.course import ResponseCourse
from rearm.response.signals import Signal
from rearm.response.visits import CourseFlag

__all__ = ["Judge", "in_every_reading"]

_RELAPSED = ("failed", "suspected")

Judge = Callable[[Record], tuple[Failure, ...]]


def in_every_reading(record: Record, ways: Sequence[Judge]) -> tuple[Failure, ...]:
    """What all readings of the record agree on, for each of the courses that a judge judges.

    `ways`: one judge; several where the first day of a course is vague, one for each day that it
    may have begun on.
    """
    by_days = ways[0](record)
    vague = vague_days(record)
    seen = any(_progression_met(x) for x in by_days)
    if seen:  # what may deny or confirm a relapse; by itself it is none
        vague |= days_gone(record)
    alternatives = [
        other
        for base in lesion_readings(record, unread=seen)
        for other in bound_readings(base, _open_bounds(by_days) if seen else ())
    ]
    if not vague and len(alternatives) == 1 and len(ways) == 1:
        return by_days
    read = [
        judge(reading)
        for judge in ways
        for base in alternatives
        for reading in readings(base, vague)
    ]
    because: FailureReason = "vague_days" if vague or len(ways) > 1 else "vague_results"
    return tuple(
        _by_readings(failure, own, tuple(vague.values()), because)
        for failure, *own in zip(by_days, *read, strict=True)
    )


def _progression_met(failure: Failure) -> bool:
    """A relapse, or a criterion of progression that was met once."""
    visits = () if failure.course is None else failure.course.visits
    return failure.status in _RELAPSED or any(visit.pd for visit in visits)


def _open_bounds(by_days: Iterable[Failure]) -> frozenset[Source]:
    """The rows of results of which a bound leaves open whether the disease progressed."""
    return frozenset(
        lab.source
        for failure in by_days
        if failure.course is not None
        for visit in failure.course.visits
        for test in failure.course.open_visits.get(visit.day, ())
        if (lab := visit.results.labs.get(test)) is not None
    )


def _by_readings(
    by_days: Failure, read: Sequence[Failure], vague: Sequence[When], because: FailureReason
) -> Failure:
    """What all readings of the `vague` days and results allow; the first is the one of the earliest
    days. Where only some of them are a failure, one is suspected on the vague days or those of
    these readings; where none is and they differ, it cannot be judged, `because` of what is vague.
    """
    earliest = read[0]
    if earliest.case is None or _same((by_days, *read)):
        return by_days
    if len({x.status for x in read}) == 1:
        found = _agreed_on(earliest, read, days_between(x.when for x in read))
        vague_flag = CourseFlag("vague_days", None, failure_words.VAGUE_DAYS)
        return replace(found, flags=(*found.flags, vague_flag)) if vague else found
    relapsed = [x for x in read if x.status in _RELAPSED]
    if not relapsed:
        return replace(
            by_days,
            status="cannot_be_judged",
            because=because,
            course=_course(by_days, read),
            readings=tuple(read),
        )
    own = (earliest.case.part_within(days) for days in vague if days != UNKNOWN_WHEN)
    possible = (*(x.when for x in relapsed), *(days for days in own if days is not None))
    found = _agreed_on(relapsed[0], read, days_between(possible))
    return replace(found, status="suspected", because=because, certainty="signal")


def _same(read: Sequence[Failure]) -> bool:
    """Do the vague results change nothing?"""
    answers = ((x.status, x.when, x.kind, x.best, x.last_assessed_day) for x in read)
    return agreed(answers) is not None


def _agreed_on(base: Failure, read: Sequence[Failure], when: When) -> Failure:
    """`base` with what all readings agree on, on the days `when`."""
    assert base.case is not None
    assessed = [x.last_assessed_day for x in read]
    followed = [x.followed_to_day for x in read]
    return replace(
        base,
        signals=tuple(_of_all_its_days(signal, base.course) for signal in base.signals),
        day=when.day,
        when=when,
        certainty=agreed(x.certainty for x in read),
        kind=agreed(x.kind for x in read),
        timing=timing(base.case, when),
        responded=agreed(x.responded for x in read),
        pattern=tuple(p for p in base.pattern if all(p in x.pattern for x in read)),
        best=min((x.best for x in read), key=_depth),
        last_assessed_day=min((d for d in assessed if d is not None), default=None),
        followed_to_day=min((d for d in followed if d is not None), default=None),
        computed_day=agreed(x.computed_day for x in read),
        course=_course(base, read),
        readings=tuple(read),
    )


def _of_all_its_days(signal: Signal, course: ResponseCourse | None) -> Signal:
    """A sign of a visit without an exact day has none either."""
    if course is None or signal.day is None or (when := course.when_of(signal.day)).day is not None:
        return signal
    return msgspec.structs.replace(signal, day=None, text=f"{signal.text} ({when})")


def _course(base: Failure, read: Sequence[Failure]) -> ResponseCourse | None:
    courses = [x.course for x in read if x.course is not None]
    return base.course if base.course is None else agreed_course(base.course, courses)


def _depth(best: BestResponse) -> int:
    """A response that is not known is shallower than any."""
    return -1 if best.response is None else RESPONSE_DEPTH[best.response]
