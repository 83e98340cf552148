"""One infusion with all that is read to judge it: response course, the team's statements, death,
follow-up, further therapy, and what could not be read.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from rearm.outcome.infusions import InfusedProduct
from rearm.outcome.statements import (
    last_data_day,
    pd_sources,
    stated_day,
    surely_before,
    team_progression,
)
from rearm.outcome.unread_results import UnreadResults, unread_after
from rearm.record import Death, Record, ResponseStatement, Source, When
from rearm.response.course import ResponseCourse
from rearm.response.criteria import RESPONSES, Criteria
from rearm.response.new_therapy import new_therapy, planned
from rearm.response.score import Visit

__all__ = ["RESPONSE_DEPTH", "BestResponse", "InfusionCase", "NoResponse"]

RESPONSE_DEPTH = {name: depth for depth, name in enumerate(RESPONSES)}
RESPONSE_DEPTH["nCR"] = RESPONSE_DEPTH["VGPR"]  # nCR is kept as stated and counts as VGPR

_PARTIAL = RESPONSE_DEPTH["PR"]
_NO_RESPONSE = ("NE", "PD")


@dataclass(frozen=True, slots=True, kw_only=True)
class BestResponse:
    """The best response of an infusion. `differs`: what the team stated where it is another."""

    response: str | None = None
    by: Literal["computed", "team"] | None = None
    differs: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoResponse:
    """No partial response by `day`; `open`: none came later either."""

    day: int
    open: bool


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

    def within(self, day: int | None) -> bool:
        """Whether the day lies after this infusion and not after the next."""
        return day is not None and day > self.start and (self.ends is None or day <= self.ends)

    # ---- what was stated ----------------

    @cached_property
    def stated(self) -> list[ResponseStatement]:
        return [s for s in self.record.responses if self.within(stated_day(s))]

    @cached_property
    def team_progression(self) -> ResponseStatement | None:
        return team_progression(self.stated)

    @property
    def team_day(self) -> int | None:
        """Day of the progression that the team recorded."""
        return stated_day(self.team_progression) if self.team_progression is not None else None

    @cached_property
    def death(self) -> Death | None:
        """The death that ended the follow-up of this infusion."""
        for death in self.record.deaths:
            day = death.when.day
            if day is None or day == self.start or self.within(day):
                lived_to_the_next_infusion = day is None and self.ends is not None
                return None if lived_to_the_next_infusion else death
        return None

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
        if self.death is not None and self.death.when.day is not None:
            return self.death.when.day
        if self.ends is not None:
            return self.ends
        days = (self.record.last_seen_day, self._last_data_day)
        return max((day for day in days if day is not None and day >= self.start), default=None)

    @cached_property
    def last_assessed(self) -> int | None:
        """Last day on which the disease could be judged. A planned visit known by its interval may
        have a nominal day after the last contact; the visit itself was before it.
        """
        days = [
            day for s in self.stated if s.response != "NE" and (day := stated_day(s)) is not None
        ]
        days += [
            v.day
            for v in self.course.visits
            if v.response != "NE" or (v.rule == "ne-no-baseline" and v.assessed)
        ]
        last, contact = max(days, default=None), self.followed_to
        return contact if last is not None and contact is not None and contact < last else last

    @cached_property
    def unread(self) -> UnreadResults:
        """What was set aside after the last assessment."""
        return unread_after(
            self.record,
            self.last_assessed,
            self.within,
            self.course.serum_test,
            self.course.visits,
            newest=self.product.next is None,
        )

    # ---- response ----------------

    def best_response(self, before: int | None) -> BestResponse:
        """Best response before a day (None: ever), computed and confirmed. The team's statement
        speaks where the course cannot, or for a response that it left unpaired.
        """
        computed = self.course.best_by(before - 1 if before is not None else 10**9)
        judged = self._responses(before)
        stated = [
            s.response
            for s in self.stated
            if s.response in RESPONSE_DEPTH
            and s.response not in _NO_RESPONSE
            and (before is None or surely_before(s, before))
        ]
        team = max(stated, key=RESPONSE_DEPTH.__getitem__, default=None)
        if not judged:
            return _stated_by_team(team)
        if team is None:
            return BestResponse(response=computed, by="computed")
        left_unpaired = RESPONSE_DEPTH[computed] < _PARTIAL <= RESPONSE_DEPTH[team] and judged[
            -1
        ].response in ("PR", "VGPR", "CR", "sCR")
        if left_unpaired:
            return _stated_by_team(team)
        differs = team if RESPONSE_DEPTH[team] != RESPONSE_DEPTH[computed] else None
        return BestResponse(response=computed, by="computed", differs=differs)

    def unconfirmed_response(self, before: int | None) -> Visit | None:
        """The last assessment before a day, where no second one confirmed its response (MR or
        better) and it is deeper than what counts.
        """
        judged = self._responses(before)
        if not judged or RESPONSE_DEPTH[judged[-1].response] < RESPONSE_DEPTH["MR"]:
            return None
        last, best = judged[-1], self.best_response(before).response
        counted = best is not None and RESPONSE_DEPTH[last.response] <= RESPONSE_DEPTH[best]
        return None if counted else last

    def _responses(self, before: int | None) -> list[Visit]:
        return [
            v
            for v in self.course.visits
            if v.response not in _NO_RESPONSE and (before is None or v.day < before)
        ]

    @cached_property
    def no_response(self) -> NoResponse | None:
        """No partial response by the day of the criteria, seen by an assessment shortly before.

        Where nothing is measurable, or plasmacytomas were not measured, no response could be
        called: that is no failure to respond.
        """
        due = self.start + self.criteria.no_response_day
        until = due + self.criteria.visit_window
        depths = self._depths()
        by_then = [(day, depth) for day, depth in depths if day <= until]
        looked = any(day >= due - self.criteria.no_response_seen_days for day, _ in by_then)
        responded = any(depth >= _PARTIAL for _, depth in by_then)
        progressed = any(depth == RESPONSE_DEPTH["PD"] for _, depth in by_then)
        if not looked or responded or progressed:
            return None
        later = any(day > until and depth >= _PARTIAL for day, depth in depths)
        return NoResponse(day=due, open=not later)

    def _depths(self) -> list[tuple[int, int]]:
        """(day, depth of response) of every assessment at which a response could be called."""
        seen = [
            (v.day, v.response)
            for v in self.course.visits
            if v.rule != "sd-none" and not (v.rule == "sd-lesions" and v.missing)
        ]
        seen += [(day, s.response) for s in self.stated if (day := stated_day(s)) is not None]
        return [(day, RESPONSE_DEPTH[r]) for day, r in seen if r in RESPONSE_DEPTH and r != "NE"]

    # ---- further therapy ----------------

    @cached_property
    def new_therapy(self) -> tuple[When, Source] | None:
        """Next unplanned therapy or infusion: by its day, else one known by order alone to follow
        this infusion and no later one.
        """
        dated = new_therapy(self.record, self.start, until=self.ends)
        if dated is not None:
            return dated.start, dated.source
        if self.product.next is not None and self.ends is not None:
            return When.on(self.ends), self.product.next.source
        for therapy in self.record.therapies:
            by_order = therapy.start.day is None and therapy.after_infusion in self.product.numbers
            if by_order and not planned(therapy):
                return therapy.start, therapy.source
        return None

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
            return self.dose_sources
        _, last = max(judged, key=lambda dated: dated[0])
        return (last.source,)


def _stated_by_team(response: str | None) -> BestResponse:
    return BestResponse() if response is None else BestResponse(response=response, by="team")
