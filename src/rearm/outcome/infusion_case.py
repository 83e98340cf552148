"""One infusion with all that is read to judge it: response course, the team's statements, death,
follow-up, further therapy, and what could not be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Literal

from rearm.outcome.infusions import InfusedProduct
from rearm.outcome.stated_relapse import StatedRelapse, stated_relapse
from rearm.outcome.statements import (
    assessed_day,
    last_data_day,
    pd_sources,
    stated_day,
    stated_when,
    surely_before,
    team_progression,
)
from rearm.outcome.unread_results import (
    DISEASE_TESTS,
    TEAM_RESPONSES,
    UnreadResults,
    unread_after,
)
from rearm.record import Death, Fact, Lab, Record, ResponseStatement, Source, When
from rearm.response.ceiling import deepest, deepest_by_bounds, denied_by
from rearm.response.course import ResponseCourse
from rearm.response.criteria import RESPONSES, Criteria
from rearm.response.measurable import Measurable
from rearm.response.new_therapy import new_therapy, undated_therapies
from rearm.response.score import Visit
from rearm.response.sentences import Because, CrCondition

__all__ = [
    "NO_RESPONSE_KNOWN",
    "RESPONSE_DEPTH",
    "BestResponse",
    "InfusionCase",
    "Lack",
    "NoResponse",
    "UsedBecause",
]

RESPONSE_DEPTH = {name: depth for depth, name in enumerate(RESPONSES)}
RESPONSE_DEPTH["nCR"] = RESPONSE_DEPTH["VGPR"]  # nCR is kept as stated and counts as VGPR

_PARTIAL = RESPONSE_DEPTH["PR"]
_NO_RESPONSE = ("NE", "PD")
_FAR = 10**9


# What a response lacks: `urine` was never collected, so that strict IMWG calls at most PR;
# `second_assessment` to confirm it; `day`: it is not known on which one it was; other results by
# which a deeper one could have been called.
Lack = Literal[
    "urine",
    "second_assessment",
    "day",
    "immunofixation",
    "marrow",
    "imaging",
    "flc_ratio",
    "kappa_flc",
    "lambda_flc",
]
# Why the one of laboratory and team is used: the only one there, both agree, computed from results
# of two assessments; or the team's where the results are of one assessment only, where one that was
# not repeated bears it out, or where they call less only because something is missing.
UsedBecause = Literal[
    "only_one", "agree", "two_assessments", "one_assessment", "borne_out", "not_denied"
]
_LACKS: dict[CrCondition, Lack] = {
    "serum_ife": "immunofixation",
    "urine_ife": "urine",
    "marrow": "marrow",
    "lesions": "imaging",
    "flc_ratio": "flc_ratio",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BestResponse:
    """The best response of an infusion as it is shown.

    `response`: what is used, of `computed` (from results; `lacks` says what is missing to it) and
    `team`; None where none is known or confirmed. `at_least`: a deeper one that a single assessment
    showed and no second one confirmed. `possible`: a deeper one that the bounds of the values
    allow. `marker`: the first that is followed. `because` says why the one of the two is used;
    `denied`: the day on which results deny the team's, and what they show.
    """

    response: str | None = None
    by: Literal["computed", "team"] | None = None
    because: UsedBecause | None = None
    computed: str | None = None
    team: str | None = None
    at_least: str | None = None
    possible: str | None = None
    denied: tuple[int, Because] | None = None
    marker: Measurable | None = None
    lacks: tuple[Lack, ...] = ()

    @property
    def differs(self) -> str | None:
        """What the team stated where results give another response."""
        if self.computed is None or self.team is None:
            return None
        same = RESPONSE_DEPTH[self.team] == RESPONSE_DEPTH[self.computed]
        return None if same else self.team


NO_RESPONSE_KNOWN = BestResponse()


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

    def part_within(self, when: When) -> When | None:
        """Those of the days that lie after this infusion and not after the next; None where no day
        does.
        """
        first = self.start + 1 if when.first is None else max(when.first, self.start + 1)
        lasts = [d for d in (when.last, self.ends) if d is not None]
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
        return True if after and self.product.next is None else None

    @cached_property
    def team_progression(self) -> ResponseStatement | None:
        """The progression that the team recorded: with a day, else one known by order."""
        dated = team_progression(self.stated)
        by_order = (s for s in self.stated_by_order if s.response == "PD")
        return dated if dated is not None else next(by_order, None)

    @cached_property
    def relapse_stated(self) -> StatedRelapse | None:
        """A relapse after this infusion as a fact that somebody states."""
        return stated_relapse(self.record.facts, self._concerned_by)

    def _concerned_by(self, fact: Fact) -> bool:
        """Is a fact of the time after the infusion? Without a day it is of the last one."""
        when = fact.when
        if when.last is not None:
            return self.within(when.last)
        return self.product.next is None

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
        """The days that this progression may have been on: after the infusion, and not after the
        patient was last seen.
        """
        if self.team_progression is None:
            return When()
        when = stated_when(self.team_progression)
        if when.day is not None:
            return when
        # the last contact may be the first day of a month: it bounds only what has no end at all
        until = self.followed_to if when.last is None else self._followed_at_most_to
        first = self.start + 1 if when.first is None else max(when.first, self.start + 1)
        lasts = [d for d in (when.last, until) if d is not None and d >= first]
        return When(first, min(lasts, default=None))

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
            newest=self.product.next is None,
            perhaps_stated=self.perhaps_stated,
            open_tests=self.course.open_visits,
        )

    # ---- response ----------------

    def best_response(self, before: When | None) -> BestResponse:
        """Best response before a progression of these days (None: ever): by the results of two
        assessments, with what is missing; by the team where there are none or only one.
        """
        judged = self._responses(before)
        team, undated = self._best_stated(before)
        if not judged:
            return _stated_by_team(team, undated, self._chain_not_on_record)
        until = _last_day_before(before)
        computed, without_urine = self.course.depth_by(until)
        lacks: tuple[Lack, ...] = ("urine",) if without_urine and not self._urine_clear else ()
        marker = next(iter(self.course.measurable), None)
        single = judged[-1]
        seen = single.without_urine or single.response
        if RESPONSE_DEPTH[seen] <= RESPONSE_DEPTH[computed]:
            seen = ""
        elif single.without_urine and not self._urine_clear:
            lacks = ("urine",)
        if seen:
            lacks = (*lacks, "second_assessment")
        best = BestResponse(
            computed=computed,
            team=team or undated,
            at_least=seen or None,
            possible=_possible(judged, than=seen or computed),
            marker=marker,
            lacks=lacks,
        )
        best = _used(best, team)
        if team is None or best.because != "two_assessments" or best.differs is None:
            return best
        return self._with_team(best, team, judged)

    def _with_team(self, best: BestResponse, team: str, judged: Sequence[Visit]) -> BestResponse:
        """Where the team states more than two assessments call: results that lack something do not
        deny it.
        """
        asked = self._standing_at(team, judged)
        if not asked or RESPONSE_DEPTH[team] <= RESPONSE_DEPTH[best.computed or "NE"]:
            return best
        deep = max(asked, key=lambda v: RESPONSE_DEPTH[deepest(v)])
        if RESPONSE_DEPTH[deepest(deep)] < RESPONSE_DEPTH[team]:
            return replace(best, denied=(deep.day, denied_by(deep)))
        missing = dict.fromkeys((*best.lacks, *_lacks(deep)))
        missing.pop("second_assessment", None)
        if self._urine_clear:
            missing.pop("urine", None)
        return replace(best, response=team, by="team", because="not_denied", lacks=tuple(missing))

    def _standing_at(self, response: str, judged: Sequence[Visit]) -> Sequence[Visit]:
        """The assessments of the days on which the team stated this response; all, where it is
        stated without a day.
        """
        window = self.criteria.visit_window
        days = [day for s in self.stated if s.response == response and (day := stated_day(s))]
        if not days:
            return judged
        return [v for v in judged if any(abs(v.day - day) <= window for day in days)]

    @property
    def _chain_not_on_record(self) -> tuple[Lack, ...]:
        """The light chain for lack of which nobody knows whether the other one is measurable."""
        if "flc" not in self.course.undecided:
            return ()
        chains: tuple[Lack, ...] = ("kappa_flc", "lambda_flc")
        return tuple(x for x in chains if x not in self.course.baseline.values)

    def responded(self, before: When, depth: str) -> bool | None:
        """Was there a response of at least this depth before a progression of these days? None
        where nobody looked, or what was seen could not be judged or was never repeated.
        """
        best = self.best_response(before)
        limit = RESPONSE_DEPTH[depth]
        if best.response is not None and RESPONSE_DEPTH[best.response] >= limit:
            return True
        team, undated = self._best_stated(before)
        perhaps = (best.at_least, best.possible, team, undated)
        if any(x is not None and RESPONSE_DEPTH[x] >= limit for x in perhaps):
            return None
        return False if self._looked(before) and not self._unread_before(before) else None

    def _looked(self, before: When) -> bool:
        """Was the disease judged often enough to see a response, or was the progression so early
        that there was no room for one?
        """
        last = before.last
        if last is None or before.first is None:
            return False
        if last - self.start <= self.criteria.first_look_days:
            return True
        seen = sorted({day for day, _ in self._depths() if day < before.first})
        stops = [self.start, *seen, last]
        gaps = [later - day for day, later in pairwise(stops)]
        return bool(seen) and max(gaps) <= self.criteria.assessment_gap

    def _unread_before(self, before: When) -> bool:
        """Is there a response of the team before the progression that could not be read, or one
        that may be of this time?
        """
        words = [x for x in self.record.set_aside if x.test in TEAM_RESPONSES]
        unread = any(x.when.first is None or self.start < x.when.first for x in words)
        return unread or any(_is_response(s) for s in (*self.stated_by_order, *self.perhaps_stated))

    def _best_stated(self, before: When | None) -> tuple[str | None, str | None]:
        """The deepest response that the team stated, and the deepest of those whose order to the
        progression is not known.
        """
        responses = [s for s in self.stated if _is_response(s)]
        best = [] if self.product.next is not None else _stated_best(self.record)
        by_order = [s for s in self.stated_by_order if _is_response(s)]
        perhaps = [s for s in self.perhaps_stated if _is_response(s)]
        if before is None:
            responses += by_order
        else:
            day = before.first
            every = [*responses, *by_order]
            responses = [s for s in every if day is not None and surely_before(s, day)]
            perhaps += [s for s in every if s in by_order or _may_be_before(s, before)]
        return (
            max([*_words(responses), *best], key=RESPONSE_DEPTH.__getitem__, default=None),
            max(_words(perhaps), key=RESPONSE_DEPTH.__getitem__, default=None),
        )

    @property
    def _urine_clear(self) -> bool:
        """Is it stated that the urine was never positive, or was it negative and never measurable
        whenever it was examined?
        """
        if any(
            f.finding == "urine_protein_ever_positive" and f.value == "no"
            for f in self.record.facts
        ):
            return True
        words = [x.word for x in self.record.of_test("urine_immunofixation")]
        amounts = [x.quantity for x in self.record.of_test("urine_m_protein_24h")]
        known = [x for x in amounts if x is not None]
        measurable = any(x.at_most(self.criteria.urine_measurable) is not True for x in known)
        negative = "negative" in words or any(x.exact == 0 for x in known)
        return negative and "positive" not in words and not measurable

    def unconfirmed_response(self, before: When | None) -> Visit | None:
        """The last assessment before a progression, where no second one confirmed its response (MR
        or better) and it is deeper than what counts.
        """
        judged = self._responses(before)
        if not judged or RESPONSE_DEPTH[judged[-1].response] < RESPONSE_DEPTH["MR"]:
            return None
        last, best = judged[-1], self.best_response(before).response
        counted = best is not None and RESPONSE_DEPTH[last.response] <= RESPONSE_DEPTH[best]
        return None if counted else last

    def _responses(self, before: When | None) -> list[Visit]:
        until = _last_day_before(before)
        return [
            v
            for v in self.course.visits
            if v.response not in _NO_RESPONSE and v.day <= until and _could_respond(v)
        ]

    @cached_property
    def no_response(self) -> NoResponse | None:
        """No partial response by the day of the criteria, seen by an assessment shortly before.

        Where nothing is measurable, or plasmacytomas were not measured, no response could be
        called: that is no failure to respond. Nor is one that is stated without its day, or a later
        result that could not be read.
        """
        due = self.start + self.criteria.no_response_day
        until = due + self.criteria.visit_window
        depths = self._depths()
        by_then = [(day, depth) for day, depth in depths if day <= until]
        looked = any(day >= due - self.criteria.no_response_seen_days for day, _ in by_then)
        may_be = [RESPONSE_DEPTH[deepest(v)] for v in self._looked_at if v.day <= until]
        responded = any(depth >= _PARTIAL for depth in (*may_be, *(depth for _, depth in by_then)))
        progressed = any(depth == RESPONSE_DEPTH["PD"] for _, depth in by_then)
        if not looked or responded or progressed or self._unread_before(When.on(due)):
            return None
        last = max(day for day, _ in by_then)
        if any(last < d <= until for x in self.disease_aside if (d := x.when.first) is not None):
            return None
        later = any(day > until and depth >= _PARTIAL for day, depth in depths)
        return NoResponse(day=due, open=not later)

    @property
    def disease_aside(self) -> list[Lab]:
        """Results of the disease that are there and could not be used."""
        tests = DISEASE_TESTS | {self.course.serum_test}
        return [x for x in self.record.set_aside if x.test in tests]

    @property
    def _looked_at(self) -> list[Visit]:
        """The assessments by results at which a response could be called."""
        return [v for v in self.course.visits if v.response != "NE" and _could_respond(v)]

    def _depths(self) -> list[tuple[int, int]]:
        """(day, depth of response) of every assessment at which a response could be called."""
        seen = [(v.day, v.response) for v in self._looked_at]
        seen += [(day, s.response) for s in self.stated if (day := stated_day(s)) is not None]
        return [(day, RESPONSE_DEPTH[r]) for day, r in seen if r in RESPONSE_DEPTH and r != "NE"]

    # ---- further therapy ----------------

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


def _used(best: BestResponse, team: str | None) -> BestResponse:
    """With the one that is used. `team`: what was stated of the time before the progression."""
    computed = RESPONSE_DEPTH[best.computed or "NE"]
    seen = RESPONSE_DEPTH[best.at_least or "NE"]
    stated = RESPONSE_DEPTH[team or "NE"]
    if computed < _PARTIAL <= seen:  # one assessment is neither a response nor none
        best = replace(best, computed=None)
        if stated < _PARTIAL:
            return best
        return replace(best, response=team, by="team", because="one_assessment")
    if computed < stated <= seen:
        return replace(best, response=team, by="team", because="borne_out")
    best = replace(best, response=best.computed, by="computed")
    if best.team is None:
        return replace(best, because="only_one")
    return replace(best, because="agree" if best.differs is None else "two_assessments")


def _stated_by_team(team: str | None, undated: str | None, lacks: tuple[Lack, ...]) -> BestResponse:
    if team is None:
        return BestResponse(team=undated, lacks=("day",)) if undated else NO_RESPONSE_KNOWN
    return BestResponse(response=team, by="team", because="only_one", team=team, lacks=lacks)


def _possible(judged: Iterable[Visit], *, than: str) -> str | None:
    """The deepest response that the bounds allow, where it is deeper."""
    found = max(map(deepest_by_bounds, judged), key=RESPONSE_DEPTH.__getitem__)
    return found if RESPONSE_DEPTH[found] > RESPONSE_DEPTH[than] else None


def _lacks(visit: Visit) -> Iterator[Lack]:
    """What is missing to a deeper response of this visit."""
    if visit.urine is None and visit.urine_ife is None:
        yield "urine"
    if visit.because[0] == "cr-incomplete":
        yield from (_LACKS[x] for x in visit.because[1])


def _could_respond(visit: Visit) -> bool:
    """Could a response be called? Not where nothing is measurable or a lesion was not measured."""
    return visit.rule != "sd-none" and not (visit.rule == "sd-lesions" and visit.missing)


def _is_response(statement: ResponseStatement) -> bool:
    return statement.response in RESPONSE_DEPTH and statement.response not in _NO_RESPONSE


def _may_be_before(statement: ResponseStatement, before: When) -> bool:
    """Not surely before the progression, and not surely after it."""
    if before.first is not None and surely_before(statement, before.first):
        return False
    first, last = statement.when.first, before.last
    return first is None or last is None or first < last


def _words(statements: Iterable[ResponseStatement]) -> list[str]:
    return [s.response for s in statements]


def _stated_best(record: Record) -> list[str]:
    """The best response after the last CAR-T, where that is stated as such."""
    return [
        f.value
        for f in record.facts
        if f.finding == "best_response_after_car_t"
        and RESPONSE_DEPTH.get(f.value, 0) >= RESPONSE_DEPTH["SD"]
    ]


def _last_day_before(before: When | None) -> int:
    """Last day of what counts before a progression. What is credited to an infusion came before a
    progression whose day is not known: that ends it.
    """
    if before is None or before.last is None:
        return _FAR
    return before.last - 1
