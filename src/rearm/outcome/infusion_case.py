"""One infusion with all that is read to judge it: response course, the team's statements, death,
follow-up, further therapy, and what could not be read.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from rearm.outcome.infusion_response import InfusionResponse, NoResponse
from rearm.outcome.infusions import InfusedProduct
from rearm.outcome.stated_relapse import StatedRelapse, stated_relapse
from rearm.outcome.statements import (
    assessed_day,
    last_data_day,
    pd_sources,
    stated_day,
    stated_when,
    team_progression,
)
from rearm.outcome.unread_results import DISEASE_TESTS, UnreadResults, unread_after
from rearm.record import Death, Fact, Lab, Record, ResponseStatement, Source, When
from rearm.response.course import ResponseCourse
from rearm.response.criteria import Criteria
from rearm.response.new_therapy import new_therapy, undated_therapies

__all__ = ["InfusionCase"]


class InfusionCase:
    """What is known of one infusion that has a day. Everything is read on first use.

    Days are on the patient's axis. The infusion counts until the next one, if any.
    """

    def __init__(
        self,
        record: Record,
        criteria: Criteria,
        product: InfusedProduct,
        course: ResponseCourse,
        number: int,
    ) -> None:
        self.record, self.criteria, self.product = record, criteria, product
        self.course, self.number = course, number
        self.start, self.ends = course.start, product.ends

    @property
    def is_last(self) -> bool:
        """Whether nothing follows that would end it."""
        return self.product.next is None

    @property
    def name(self) -> str | None:
        """What was given: the product."""
        return self.product.doses[0].product

    @property
    def targets(self) -> tuple[str, ...]:
        return self.product.doses[0].targets

    def within(self, day: int | None) -> bool:
        """Whether the day lies after this infusion and not after the next."""
        return day is not None and day > self.start and (self.ends is None or day <= self.ends)

    def part_within(self, when: When) -> When | None:
        """Those of the days that lie after this infusion and not after what ended it; None where no
        day does.
        """
        first = self.start + 1 if when.first is None else max(when.first, self.start + 1)
        lasts = [d for d in (when.last, self._followed_at_most_to) if d is not None]
        last = min(lasts, default=None)
        return When(first, last) if last is None or first <= last else None

    # ---- what was stated ----------------

    @cached_property
    def stated(self) -> list[ResponseStatement]:
        """By the team or a committee, on a day of this infusion's time."""
        return [s for s in self.record.responses if self.within(stated_day(s))]

    @cached_property
    def stated_by_order(self) -> list[ResponseStatement]:
        """Known to follow this infusion and no later one, on a day that is not known."""
        return [
            s for s in self.record.responses if stated_day(s) is None and self._by_order(s) is True
        ]

    @cached_property
    def perhaps_stated(self) -> list[ResponseStatement]:
        """May belong to this infusion: neither day nor order says."""
        return [
            s for s in self.record.responses if stated_day(s) is None and self._by_order(s) is None
        ]

    def _by_order(self, statement: ResponseStatement) -> bool | None:
        """Does a statement without a day follow this infusion and no later one? None: not known."""
        if statement.after_infusion is not None:
            return statement.after_infusion in self.product.numbers
        when = statement.when
        if when.last is not None and when.last <= self.start:
            return False
        if self.ends is not None and when.first is not None and when.first > self.ends:
            return False
        after = when.first is not None and when.first > self.start
        return True if after and self.is_last else None

    @cached_property
    def team_progression(self) -> ResponseStatement | None:
        """The progression that the team recorded: with a day, else one known by order. One that is
        recorded well after the next therapy began is of that therapy.
        """
        return self._recorded(s for s in self.stated if not self._of_next_therapy(s))

    @cached_property
    def team_progression_ever(self) -> ResponseStatement | None:
        """The same, whatever therapy it was under: what is followed past new therapy."""
        return self._recorded(self.stated)

    def _recorded(self, stated: Iterable[ResponseStatement]) -> ResponseStatement | None:
        dated = team_progression(stated)
        by_order = (s for s in self.stated_by_order if s.response == "PD")
        return dated if dated is not None else next(by_order, None)

    def _of_next_therapy(self, statement: ResponseStatement) -> bool:
        if self.new_therapy is None:
            return False
        begun, day = self.new_therapy[0].last, stated_when(statement).first
        late = self.criteria.visit_window
        return begun is not None and day is not None and day > begun + late

    @cached_property
    def relapse_stated(self) -> StatedRelapse | None:
        """A relapse after this infusion as a fact that somebody states."""
        return stated_relapse(self.record.facts, self._concerned_by)

    def _concerned_by(self, fact: Fact) -> bool:
        """Is a fact of the time after the infusion? Without a day it is of the last one."""
        when = fact.when
        if when.last is not None:
            return self.within(when.last)
        return self.is_last

    @property
    def relapse_when(self) -> When:
        """The days that a stated relapse may have been on: by the day of the statement, which may
        be later than any data where it is not known.
        """
        if self.relapse_stated is None:
            return When()
        return When(self.start + 1, self.relapse_stated.fact.when.last)

    @property
    def team_day(self) -> int | None:
        """Day of the progression that the team recorded, where it is exact or planned."""
        return None if self.team_progression is None else stated_when(self.team_progression).day

    @property
    def team_when(self) -> When:
        """The days that this progression may have been on."""
        return When() if self.team_progression is None else self.days_of(self.team_progression)

    def days_of(self, statement: ResponseStatement) -> When:
        """The days that a statement may be of: after the infusion, and not after the patient was
        last seen.
        """
        when = stated_when(statement)
        if when.day is not None:
            return when
        own = self.part_within(when) or When(self.start + 1, None)
        until = self.followed_to
        if own.last is None and own.first is not None and until is not None and own.first <= until:
            # the last contact may be the first day of a month: it bounds only what has no end
            return When(own.first, until)
        return own

    @cached_property
    def death(self) -> Death | None:
        """The death that ended the follow-up of this infusion."""
        for death in self.record.deaths:
            day = death.when.day
            if day is None or day == self.start or self.within(day):
                lived_to_the_next_infusion = day is None and self.ends is not None
                return None if lived_to_the_next_infusion else death
        return None

    @property
    def death_when(self) -> When:
        """The days that the death may have been on: not before the patient was last seen."""
        if self.death is None:
            return When()
        when, seen = self.death.when, self._last_seen
        if when.day is not None or seen is None:
            return when
        possible = when.last is None or seen <= when.last
        later = max(seen, when.first) if when.first is not None else seen
        return When(later, when.last) if possible else when

    @property
    def _last_seen(self) -> int | None:
        days = (self.record.last_seen_day, self._last_data_day)
        return max((day for day in days if day is not None and day >= self.start), default=None)

    # ---- follow-up ----------------

    @cached_property
    def _last_data_day(self) -> int | None:
        day = last_data_day(self.record)
        return day if day is not None and day >= self.start else None

    @property
    def data_after_last_contact(self) -> int | None:
        """Day of data later than the last contact that is stated, where the follow-up ends so."""
        if self.ends is not None or (self.death is not None and self.death.when.day is not None):
            return None
        seen, later = self.record.last_seen_day, self._last_data_day
        contradicted = seen is not None and later is not None and later > seen >= self.start
        return later if contradicted else None

    @property
    def followed_to(self) -> int | None:
        """Day of death, of the next infusion, or the last on which the patient was seen."""
        end = self._followed_at_most_to
        return end if end is not None else self._last_seen

    @property
    def _followed_at_most_to(self) -> int | None:
        """Day of death or of the next infusion; None where neither ended the follow-up."""
        if self.death is not None and self.death.when.day is not None:
            return self.death.when.day
        return self.ends

    @cached_property
    def last_assessed(self) -> int | None:
        """Last day on which the disease could be judged. A planned visit known by its interval may
        have a nominal day after the last contact; the visit itself was before it.
        """
        days = [
            day for s in self.stated if s.response != "NE" and (day := assessed_day(s)) is not None
        ]
        days += [
            v.day
            for v in self.course.visits
            if v.day not in self.course.open_visits
            and (v.response != "NE" or (v.rule == "ne-no-baseline" and v.assessed))
        ]
        last, contact = max(days, default=None), self.followed_to
        return contact if last is not None and contact is not None and contact < last else last

    @property
    def seen_by_order(self) -> list[ResponseStatement]:
        """Assessments after the infusion of which the day is not known."""
        return [s for s in self.stated_by_order if s.response != "NE"]

    @cached_property
    def unread(self) -> UnreadResults:
        """What was set aside after the last assessment."""
        return unread_after(
            self.record,
            self.last_assessed,
            self.within,
            self.course.serum_test,
            self.course.visits,
            newest=self.is_last,
            perhaps_stated=self.perhaps_stated,
            open_tests=self.course.open_visits,
        )

    @property
    def disease_aside(self) -> list[Lab]:
        """Results of the disease that are there and could not be used."""
        tests = DISEASE_TESTS | {self.course.serum_test}
        return [x for x in self.record.set_aside if x.test in tests]

    # ---- response and further therapy ----------------

    @property
    def response(self) -> InfusionResponse:
        """How deep the response was, and whether there was one. Not kept: a circle with the case
        would hold the record until the garbage is collected.
        """
        return InfusionResponse(self)

    @cached_property
    def no_response(self) -> NoResponse | None:
        """That there was no partial response in time (`InfusionResponse.no_response`)."""
        return self.response.no_response()

    @cached_property
    def new_therapy(self) -> tuple[When, Source] | None:
        """Next unplanned therapy or infusion: by its day, else one that surely follows this
        infusion on a day that is not known.
        """
        dated = new_therapy(self.record, self.start, until=self.ends)
        if dated is not None:
            return dated.start, dated.source
        if self.product.next is not None and self.ends is not None:
            return When.on(self.ends), self.product.next.source
        undated = undated_therapies(
            self.record, self.start, numbers=self.product.numbers, until=self.ends
        )
        return (undated[0].start, undated[0].source) if undated else None

    # ---- sources ----------------

    @property
    def dose_sources(self) -> tuple[Source, ...]:
        return tuple(dose.source for dose in self.product.doses)

    def visit_of(self, day: int) -> int:
        """Place of the visit that met a criterion of progression on `day`, the day of the
        progression or of the suspicion of the course.
        """
        visits = enumerate(self.course.visits)
        return next(i for i, v in visits if any(p.day == day for p in v.pd))

    def progression_sources(self, day: int) -> tuple[Source, ...]:
        """Rows behind the progression of `day` and the assessment after it."""
        at = self.visit_of(day)
        visits = self.course.visits[at : at + 2]
        return tuple(dict.fromkeys(source for v in visits for source in pd_sources(v)))

    @property
    def last_sources(self) -> tuple[Source, ...]:
        """Rows of the last assessment that could be judged; else the infusion itself."""
        for visit in reversed(self.course.visits):
            if visit.response != "NE":
                return tuple(dict.fromkeys(lab.source for lab in visit.results.labs.values()))
        judged = [
            (day, s)
            for s in self.stated
            if s.response != "NE" and (day := stated_day(s)) is not None
        ]
        if not judged:
            return tuple(s.source for s in self.seen_by_order) or self.dose_sources
        _, last = max(judged, key=lambda dated: dated[0])
        return (last.source,)
