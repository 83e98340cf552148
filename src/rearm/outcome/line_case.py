"""A line of therapy after the CAR-T, judged as the CAR-T is: its own baseline, response, nadir and
progression, counted from its first dose.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from rearm.outcome.best_response import RESPONSE_DEPTH
from rearm.outcome.infusion_case import InfusionCase
from rearm.outcome.infusion_response import InfusionResponse
from rearm.outcome.infusions import InfusedProduct
from rearm.outcome.statements import stated_day, stated_when
from rearm.record import Record, ResponseStatement, Source, Therapy, When
from rearm.response.course import CourseDays, ResponseCourse, response_course
from rearm.response.criteria import Criteria
from rearm.therapy.anti_myeloma import stop_reason
from rearm.therapy.lines import Line

__all__ = ["LineCase", "LineStretch", "stated_progressions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineStretch:
    """The time of one line after the CAR-T: from its first dose to the next line or infusion.

    `agents` are those that treat the myeloma by themselves. `ends`: first day of what follows it,
    None where that has no day or nothing follows; `is_last` tells the two apart.
    """

    line: Line
    agents: tuple[str, ...]
    ends: int | None
    is_last: bool


def stated_progressions(line: Line) -> tuple[Therapy, ...]:
    """The rows of which somebody states that the disease progressed on them."""
    return tuple(
        row
        for row in line.rows
        if row.progression_on is True
        or row.best_response == "PD"
        or stop_reason(row) == "progression"
    )


class LineCase(InfusionCase):
    """What is known of one line that began on `start`.

    What is stated of an infusion, and facts about the CAR-T, are not of a later line.
    """

    def __init__(
        self, record: Record, criteria: Criteria, stretch: LineStretch, start: int, number: int
    ) -> None:
        course = _course(record, criteria, stretch, start)
        product = InfusedProduct(day=start, doses=(), numbers=(), ends=stretch.ends, next=None)
        super().__init__(record, criteria, product, course, number)
        self.stretch = stretch

    @property
    def is_last(self) -> bool:
        return self.stretch.is_last

    @property
    def name(self) -> str | None:
        return " + ".join(self.stretch.agents) or None

    @property
    def targets(self) -> tuple[str, ...]:
        return ()

    @property
    def dose_sources(self) -> tuple[Source, ...]:
        return self.stretch.line.sources

    @property
    def new_therapy(self) -> tuple[When, Source] | None:
        """None: one line is left for another for many reasons, which `stop_reason` tells."""
        return None

    @cached_property
    def stated(self) -> list[ResponseStatement]:
        """By the team, on a day that is surely of this line."""
        return [s for s in self._in_time if self._surely_after(s)]

    @cached_property
    def stated_by_order(self) -> list[ResponseStatement]:
        """Of a day that is not known: the progressions that are stated of the line itself too."""
        rows = stated_progressions(self.stretch.line)
        return [*super().stated_by_order, *(self._said(row, "PD") for row in rows)]

    @cached_property
    def perhaps_stated(self) -> list[ResponseStatement]:
        """A statement of a month in which the line began, or a progression recorded in its first
        days, may be of the line before it.
        """
        at_the_start = [s for s in self._in_time if not self._surely_after(s)]
        return [*super().perhaps_stated, *at_the_start]

    @property
    def seen_by_order(self) -> list[ResponseStatement]:
        return [*super().seen_by_order, *self.stated_of_line]

    @cached_property
    def stated_of_line(self) -> list[ResponseStatement]:
        """The best response that is stated of the line, which was before it progressed."""
        return [
            self._said(row, row.best_response)
            for row in self.stretch.line.rows
            if row.best_response in RESPONSE_DEPTH and row.best_response not in ("PD", "NE")
        ]

    @property
    def response(self) -> InfusionResponse:
        return _LineResponse(self)

    @property
    def _in_time(self) -> list[ResponseStatement]:
        return [s for s in self.record.responses if self.within(stated_day(s))]

    def _surely_after(self, statement: ResponseStatement) -> bool:
        first, shown = stated_when(statement).first, statement.response == "PD"
        late = self.criteria.visit_window if shown else 0
        return first is not None and first > self.start + late

    def _said(self, row: Therapy, response: str) -> ResponseStatement:
        when = When(self.start + 1, self.ends)
        return ResponseStatement(response=response, when=when, source=row.source, by="team")


class _LineResponse(InfusionResponse):
    """No response by day 90 is a sign of a failing CAR-T; a later line is judged by progression."""

    def __init__(self, case: LineCase) -> None:
        super().__init__(case)
        self._line = case

    def no_response(self) -> None:
        return None

    def _stated_as_best(self) -> list[str]:
        responses = [s.response for s in self._line.stated_of_line]
        return [x for x in responses if RESPONSE_DEPTH[x] >= RESPONSE_DEPTH["SD"]]


def _course(record: Record, c: Criteria, stretch: LineStretch, start: int) -> ResponseCourse:
    return response_course(
        record,
        start=start,
        until=stretch.ends,
        criteria=c,
        days=CourseDays(new_therapy=stretch.ends),
        infusion=False,
        through_new_therapy=stretch.ends is None,
    )
