"""How deep the response to an infusion was, and whether there was one: results beside the team's
statements, with what is missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from rearm.outcome.best_response import (
    PARTIAL,
    RESPONSE_DEPTH,
    BestResponse,
    Lack,
    lacks_of,
    possible_by_bounds,
    stated_by_team,
    used_of,
)
from rearm.outcome.statements import stated_day, surely_before
from rearm.outcome.unread_results import TEAM_RESPONSES
from rearm.record import Record, ResponseStatement, When
from rearm.response.ceiling import deepest, denied_by
from rearm.response.score import Visit

if TYPE_CHECKING:
    from rearm.outcome.infusion_case import InfusionCase

__all__ = ["InfusionResponse", "NoResponse"]

_NO_RESPONSE = ("NE", "PD")
_FAR = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class NoResponse:
    """No partial response by `day`; `open`: none came later either."""

    day: int
    open: bool


class InfusionResponse:
    """The response to the infusion of a case."""

    def __init__(self, case: InfusionCase) -> None:
        self.case = case

    def best(self, before: When | None) -> BestResponse:
        """Best response before a progression of these days (None: ever): by the results of two
        assessments, with what is missing; by the team where there are none or only one.
        """
        judged = self._responses(before)
        team, undated = self._best_stated(before)
        if not judged:
            return stated_by_team(team, undated, self._chain_not_on_record)
        until = _last_day_before(before)
        computed, without_urine = self.case.course.depth_by(until)
        no_urine = without_urine or _urine_unusable(judged, computed)
        lacks: tuple[Lack, ...] = ("urine",) if no_urine and not self._urine_clear else ()
        marker = next(iter(self.case.course.measurable), None)
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
            possible=possible_by_bounds(judged, than=seen or computed),
            marker=marker,
            lacks=lacks,
        )
        best = used_of(best, team)
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
        missing = dict.fromkeys((*best.lacks, *lacks_of(deep)))
        missing.pop("second_assessment", None)
        if self._urine_clear:
            missing.pop("urine", None)
        return replace(best, response=team, by="team", because="not_denied", lacks=tuple(missing))

    def _standing_at(self, response: str, judged: Sequence[Visit]) -> Sequence[Visit]:
        """The assessments of the days on which the team stated this response; all, where it is
        stated without a day.
        """
        window = self.case.criteria.visit_window
        days = [
            day
            for s in self.case.stated
            if s.response == response and (day := stated_day(s)) is not None
        ]
        if not days:
            return judged
        return [v for v in judged if any(abs(v.day - day) <= window for day in days)]

    @property
    def _chain_not_on_record(self) -> tuple[Lack, ...]:
        """The light chain for lack of which nobody knows whether the other one is measurable."""
        if "flc" not in self.case.course.undecided:
            return ()
        chains: tuple[Lack, ...] = ("kappa_flc", "lambda_flc")
        return tuple(x for x in chains if x not in self.case.course.baseline.values)

    def reached(self, before: When, depth: str) -> bool | None:
        """Was there a response of at least this depth before a progression of these days? None
        where nobody looked, or what was seen could not be judged or was never repeated.
        """
        best = self.best(before)
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
        if last - self.case.start <= self.case.criteria.first_look_days:
            return True
        seen = sorted({day for day, _ in self._depths() if day < before.first})
        stops = [self.case.start, *seen, last]
        gaps = [later - day for day, later in pairwise(stops)]
        return bool(seen) and max(gaps) <= self.case.criteria.assessment_gap

    def _unread_before(self, before: When) -> bool:
        """Is there a response of the team before the progression that could not be read, or one
        that may be of this time?
        """
        words = [x for x in self.case.record.set_aside if x.test in TEAM_RESPONSES]
        unread = any(x.when.first is None or self.case.start < x.when.first for x in words)
        return unread or any(
            _is_response(s) for s in (*self.case.stated_by_order, *self.case.perhaps_stated)
        )

    def _best_stated(self, before: When | None) -> tuple[str | None, str | None]:
        """The deepest response that the team stated, and the deepest of those whose order to the
        progression is not known.
        """
        responses = [s for s in self.case.stated if _is_response(s)]
        best = self._stated_as_best()
        by_order = [s for s in self.case.stated_by_order if _is_response(s)]
        perhaps = [s for s in self.case.perhaps_stated if _is_response(s)]
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

    def _stated_as_best(self) -> list[str]:
        """The best response after the last CAR-T, where that is stated as such."""
        return _stated_best(self.case.record) if self.case.is_last else []

    @property
    def _urine_clear(self) -> bool:
        """Is it stated that the urine was never positive, or was it negative and never measurable
        whenever it was examined?
        """
        if any(
            f.finding == "urine_protein_ever_positive" and f.value == "no"
            for f in self.case.record.facts
        ):
            return True
        words = [x.word for x in self.case.record.of_test("urine_immunofixation")]
        amounts = [x.quantity for x in self.case.record.of_test("urine_m_protein_24h")]
        known = [x for x in amounts if x is not None]
        measurable = any(x.at_most(self.case.criteria.urine_measurable) is not True for x in known)
        negative = "negative" in words or any(x.exact == 0 for x in known)
        return negative and "positive" not in words and not measurable

    def unconfirmed(self, before: When | None) -> Visit | None:
        """The last assessment before a progression, where no second one confirmed its response (MR
        or better) and it is deeper than what counts.
        """
        judged = self._responses(before)
        if not judged or RESPONSE_DEPTH[judged[-1].response] < RESPONSE_DEPTH["MR"]:
            return None
        last, best = judged[-1], self.best(before).response
        counted = best is not None and RESPONSE_DEPTH[last.response] <= RESPONSE_DEPTH[best]
        return None if counted else last

    def _responses(self, before: When | None) -> list[Visit]:
        until = _last_day_before(before)
        return [
            v
            for v in self.case.course.visits
            if v.response not in _NO_RESPONSE and v.day <= until and _could_respond(v)
        ]

    def no_response(self) -> NoResponse | None:
        """No partial response by the day of the criteria, seen by an assessment shortly before.

        Where nothing is measurable, or plasmacytomas were not measured, no response could be
        called: that is no failure to respond. Nor is one that is stated without its day, or a later
        result that could not be read.
        """
        due = self.case.start + self.case.criteria.no_response_day
        until = due + self.case.criteria.visit_window
        depths = self._depths()
        by_then = [(day, depth) for day, depth in depths if day <= until]
        looked = any(day >= due - self.case.criteria.no_response_seen_days for day, _ in by_then)
        may_be = [RESPONSE_DEPTH[deepest(v)] for v in self._looked_at if v.day <= until]
        responded = any(depth >= PARTIAL for depth in (*may_be, *(depth for _, depth in by_then)))
        progressed = any(depth == RESPONSE_DEPTH["PD"] for _, depth in by_then)
        if not looked or responded or progressed or self._unread_before(When.on(due)):
            return None
        last = max(day for day, _ in by_then)
        if any(
            last < d <= until for x in self.case.disease_aside if (d := x.when.first) is not None
        ):
            return None
        later = any(day > until and depth >= PARTIAL for day, depth in depths)
        return NoResponse(day=due, open=not later)

    @property
    def _looked_at(self) -> list[Visit]:
        """The assessments by results at which a response could be called."""
        return [v for v in self.case.course.visits if v.response != "NE" and _could_respond(v)]

    def _depths(self) -> list[tuple[int, int]]:
        """(day, depth of response) of every assessment at which a response could be called."""
        seen = [(v.day, v.response) for v in self._looked_at]
        seen += [(day, s.response) for s in self.case.stated if (day := stated_day(s)) is not None]
        return [(day, RESPONSE_DEPTH[r]) for day, r in seen if r in RESPONSE_DEPTH and r != "NE"]


def _could_respond(visit: Visit) -> bool:
    """Could a response be called? Not where nothing is measurable or a lesion was not measured."""
    return visit.rule != "sd-none" and not (visit.rule == "sd-lesions" and visit.missing)


def _urine_unusable(judged: Sequence[Visit], computed: str) -> bool:
    """Is there urine that could not be used where the response that counts was seen? It may deny
    it.
    """
    if RESPONSE_DEPTH[computed] < PARTIAL:
        return False
    return any(
        "urine_m_protein_24h" in v.results.unusable
        for v in judged
        if RESPONSE_DEPTH[v.response] >= RESPONSE_DEPTH[computed]
    )


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
