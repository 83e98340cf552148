"""What the endpoints of one course are read from: days of progression, death, new therapy,
response, assessment and last contact.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rearm.outcome.failure import Failure
from rearm.outcome.statements import (
    MONTH,
    assessed_day,
    last_data_day,
    stated_day,
    stated_when,
    surely_before,
    team_progression,
)
from rearm.record import UNKNOWN_WHEN, Death, Record, ResponseStatement, Therapy, When
from rearm.response.course import ResponseCourse, response_course
from rearm.response.new_therapy import begins, may_follow, new_therapy, undated_therapies
from rearm.therapy.lines import bridges_to_infusion

__all__ = ["CourseFacts", "counted_day", "course_facts", "next_line_day", "next_therapy_day"]

_COMPLETE_RESPONSE = ("CR", "sCR")
_RESPONSE = ("PR", "VGPR", "CR", "sCR")


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseFacts:
    """Days on the patient's axis; None: did not happen, or the day is not known.

    `progression_when`, `death_when`: the days that the event may have been on; None: did not
    happen. What is known by a month is counted at its middle, what is known by less has no day.

    `new_therapy` ends the course: the first unplanned therapy, bridging included. `next_line` is
    the first day of the next line of treatment: of a further CAR-T that of the infusion, to which
    its bridging belongs. `undated_therapy`, `undated_line`: the days on which one may have begun
    that may be the first, where its day is not known; None: there is none. `assessed`: days on
    which the disease could be judged; `last_assessed` the last of them up to the progression
    (the start where there is none). `next_progression`, `next_last_assessed`: on the next therapy.
    """

    start: int
    progression_when: When | None
    death: Death | None
    new_therapy: int | None
    undated_therapy: When | None
    next_line: int | None
    undated_line: When | None
    last_assessed: int
    assessed: tuple[int, ...]
    last_contact: int
    response: int | None
    complete_response: int | None
    relapse_from_cr: int | None
    mrd_lost: int | None
    next_progression: int | None
    next_last_assessed: int

    @property
    def progression(self) -> int | None:
        return counted_day(self.progression_when)

    @property
    def death_when(self) -> When | None:
        """Never before the patient was last seen alive."""
        if self.death is None:
            return None
        when, seen = self.death.when, self.last_contact
        if when.day is not None or (when.last is not None and when.last < seen):
            return when
        return When(seen if when.first is None else max(when.first, seen), when.last)

    @property
    def death_day(self) -> int | None:
        return counted_day(self.death_when)

    @property
    def death_cause(self) -> str:
        return self.death.cause if self.death is not None else "unknown"

    @property
    def myeloma_death_day(self) -> int | None:
        return self.death_day if self._died_of_myeloma else None

    @property
    def myeloma_death_when(self) -> When | None:
        return self.death_when if self._died_of_myeloma else None

    @property
    def _died_of_myeloma(self) -> bool | None:
        return None if self.death is None else self.death.of_myeloma


def counted_day(when: When | None) -> int | None:
    """The day by which an event is counted: its own, or the middle of a month (of what is left of
    it). None where it did not happen or is known by less than a month.
    """
    if when is None or when.first is None or when.last is None:
        return None
    return (when.first + when.last) // 2 if when.last - when.first <= MONTH else None


def course_facts(record: Record, course: ResponseCourse, failure: Failure | None) -> CourseFacts:
    """The facts of a course; `failure` where it is the course of an infusion, whose day of
    progression may then be the team's.
    """
    stated = _stated_in(record, course)
    progressed = _progression(record, course, failure, stated)
    progression = counted_day(progressed)
    contact = _last_contact(record, course.start)
    assessed = _assessed(course, stated, contact)
    until = [day for day in assessed if progression is None or day <= progression]
    next_therapy, next_line = next_therapy_day(record, course), next_line_day(record, course)
    undated = _undated(record, course, failure)
    undated_lines = [t for t in undated if not bridges_to_infusion(record, t)]
    next_progression, next_assessed = _on_next_therapy(record, course, next_line)
    return CourseFacts(
        start=course.start,
        progression_when=progressed,
        death=record.death_since(course.start),
        new_therapy=next_therapy,
        undated_therapy=_perhaps_first(record, undated, next_therapy),
        next_line=next_line,
        undated_line=_perhaps_first(record, undated_lines, next_line),
        last_assessed=max(until, default=course.start),
        assessed=tuple(assessed),
        last_contact=contact,
        response=_first_response(course, stated, _RESPONSE, progression),
        complete_response=_first_response(course, stated, _COMPLETE_RESPONSE, progression),
        relapse_from_cr=course.relapse_from_cr_day,
        mrd_lost=next((s.day for s in course.signals if s.id == "mrd_conversion"), None),
        next_progression=next_progression,
        # the first progression ends nothing here, so assessments after it count
        next_last_assessed=max([course.start, *assessed, *next_assessed]),
    )


def _stated_in(record: Record, course: ResponseCourse) -> list[ResponseStatement]:
    """What the team stated for this course, by a day or a planned day."""
    dated = [(day, s) for s in record.responses if (day := stated_day(s)) is not None]
    until = course.until
    return [s for day, s in dated if day > course.start and (until is None or day <= until)]


def _assessed(
    course: ResponseCourse, stated: Iterable[ResponseStatement], contact: int
) -> list[int]:
    """Days on which the disease was judged; a bound that leaves progression open judges nothing. A
    visit known by its plan took place by the last contact.
    """
    by_team = [assessed_day(s) for s in stated if s.response != "NE"]
    return sorted(
        {
            *(
                v.day
                for v in course.visits
                if v.response != "NE" and v.day not in course.open_visits
            ),
            *(min(day, contact) for day in by_team if day is not None),
        }
    )


def _first_response(
    course: ResponseCourse,
    stated: Iterable[ResponseStatement],
    responses: tuple[str, ...],
    progression: int | None,
) -> int | None:
    """First day of a confirmed response; as the team stated it where no visit can be judged."""
    if any(v.response != "NE" for v in course.visits):
        return next((v.day for v in course.visits if v.confirmed in responses), None)
    # nCR is a response, but no complete one
    words = (*responses, "nCR") if responses == _RESPONSE else responses
    return _first_stated(stated, words, progression)


def _progression(
    record: Record,
    course: ResponseCourse,
    failure: Failure | None,
    stated: Iterable[ResponseStatement],
) -> When | None:
    """As computed, else as the team recorded it; None where nobody did."""
    if course.progression_day is not None:
        return When.on(course.progression_day)
    if failure is not None and failure.case is not None:
        case = failure.case
        if case.team_progression_ever is not None:
            return case.days_of(case.team_progression_ever)
        if case.relapse_stated is not None and case.relapse_stated.open:
            return case.relapse_when
        return _perhaps(case.perhaps_stated)
    recorded = team_progression(stated)
    if recorded is not None:
        return stated_when(recorded)
    return _perhaps(s for s in record.responses if stated_day(s) is None)


def _perhaps(statements: Iterable[ResponseStatement]) -> When | None:
    """A progression that may be of this course: it is not known that there was none."""
    return UNKNOWN_WHEN if any(s.response == "PD" for s in statements) else None


def _last_contact(record: Record, start: int) -> int:
    """Last day on which the patient was surely seen: as stated, or a later day of data. The far end
    of an interval is no contact.
    """
    days = [
        start,
        last_data_day(record),
        record.last_seen_day,
        *(infusion.day for infusion in record.infused()),
        *(therapy.end.day for therapy in record.therapies),
    ]
    return max(day for day in days if day is not None)


def _first_stated(
    stated: Iterable[ResponseStatement], responses: Iterable[str], progression: int | None
) -> int | None:
    """First day of one of `responses` as the team stated it, by the planned day where no other is
    known; never one that may follow the progression.
    """
    wanted = set(responses)
    days = [
        day
        for s in stated
        if s.response in wanted
        and (progression is None or surely_before(s, progression))
        and (day := stated_day(s)) is not None
    ]
    return min(days, default=None)


def next_therapy_day(
    record: Record, course: ResponseCourse, *, since: int | None = None
) -> int | None:
    """First unplanned therapy or infusion after the start, also where the course itself was read on
    through it; from the day `since` on where it is given. Bridging counts as therapy.
    """
    days = _days_of_next(record, course, since, bridging=True)
    if course.new_therapy_day is not None:
        days.append(course.new_therapy_day)
    return min((day for day in days if since is None or day >= since), default=None)


def next_line_day(
    record: Record, course: ResponseCourse, *, since: int | None = None
) -> int | None:
    """First day of the next line of treatment: as `next_therapy_day`, but of a further CAR-T with
    bridging the day of the infusion. Bridging that no infusion follows is a treatment of its own.
    """
    days = _days_of_next(record, course, since, bridging=False)
    ended = course.new_therapy_day
    begun = [t for t in record.therapies if ended is not None and begins(t) == ended]
    if ended is not None and not any(bridges_to_infusion(record, t) for t in begun):
        days.append(ended)
    return min((day for day in days if since is None or day >= since), default=None)


def _days_of_next(
    record: Record, course: ResponseCourse, since: int | None, *, bridging: bool
) -> list[int]:
    """First days of unplanned therapy and of further infusions."""
    after = course.start if since is None else since - 1
    therapy = new_therapy(record, after, bridging=bridging)
    begun = begins(therapy) if therapy is not None else None
    split_until = course.start + course.criteria.split_infusion_days
    infused = [x.day for x in record.infused() if x.day is not None]
    days = [day for day in infused if day > split_until or day == course.until]
    return days if begun is None else [begun, *days]


def _undated(
    record: Record, course: ResponseCourse, failure: Failure | None
) -> tuple[Therapy, ...]:
    """New therapy after the start of which the day is not known."""
    case = failure.case if failure is not None else None
    numbers = case.product.numbers if case is not None else ()
    undated = undated_therapies(record, course.start, numbers=numbers, until=course.until)
    return undated + tuple(t for t in record.therapies if may_follow(t, course.start))


def _perhaps_first(
    record: Record, undated: Iterable[Therapy], next_therapy: int | None
) -> When | None:
    """When an undated therapy may have begun that may have come before the dated one."""
    lines = [t.line for t in record.therapies if t.line and begins(t) == next_therapy]
    for therapy in undated:
        if next_therapy is None:
            return therapy.start
        later_line = any(therapy.line is not None and therapy.line > line for line in lines)
        later_day = therapy.start.first is not None and therapy.start.first >= next_therapy
        if not later_line and not later_day:
            return therapy.start
    return None


def _on_next_therapy(
    record: Record, course: ResponseCourse, next_therapy: int | None
) -> tuple[int | None, tuple[int, ...]]:
    """Day of progression on the next therapy, and days until which it was followed."""
    if next_therapy is None:
        return None, ()
    following = response_course(record, start=next_therapy, criteria=course.criteria)
    recorded = team_progression(
        s for s in record.responses if (day := stated_day(s)) is not None and day > next_therapy
    )
    days = (following.progression_day, stated_day(recorded) if recorded is not None else None)
    assessed = following.last_assessed_day
    return (
        min((day for day in days if day is not None), default=None),
        (next_therapy,) if assessed is None else (next_therapy, assessed),
    )
