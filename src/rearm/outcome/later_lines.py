"""What became of each line of therapy that followed the last CAR-T: `later_lines` is the entry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from rearm.interval import Interval
from rearm.knowledge.bundle import bundled
from rearm.outcome.every_reading import Judge, in_every_reading
from rearm.outcome.failure import Failure
from rearm.outcome.infusion_failure import judged
from rearm.outcome.line_case import LineCase, LineStretch, stated_progressions
from rearm.outcome.statements import MONTH, last_data_day
from rearm.record import Record, Therapy, When
from rearm.response.criteria import Criteria, load_criteria
from rearm.response.measurable import DISEASE_TESTS
from rearm.response.new_therapy import planned
from rearm.therapy.exposure import WITHIN_DAYS
from rearm.therapy.lines import Line, lines

__all__ = ["LineOutcome", "later_lines"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineOutcome:
    """One line and what became of it: response, nadir and progression of its own.

    `failure.product` are the agents. Its `course` is None where the first day of the line is known
    less well than by its month: then only what is stated of the line tells.
    """

    stretch: LineStretch
    failure: Failure

    @property
    def line(self) -> Line:
        return self.stretch.line

    @property
    def agents(self) -> tuple[str, ...]:
        return self.stretch.agents

    @property
    def nadir(self) -> Mapping[str, Interval]:
        """The lowest value of each marker under the line, its baseline included."""
        course = self.failure.course
        return {} if course is None or not course.visits else course.visits[-1].nadir

    @property
    def refractory(self) -> bool | None:
        """Whether the disease progressed on the line, or within 60 days of its last dose; None: not
        known, or only suspected. False where it has not progressed so far.
        """
        if self.failure.status == "not_failed":
            return False
        return True if self.progressed_on else None

    @property
    def progressed_on(self) -> tuple[Therapy, ...]:
        """The rows of the line on which the disease progressed, or within 60 days of their end; of
        a row without an end the last dose may have been later.
        """
        latest = self.failure.when.last
        if self.failure.status != "failed":
            return ()
        stated = stated_progressions(self.line)
        return tuple(
            row
            for row in self.line.rows
            if row in stated or row.end == When() or _within(latest, row.end.first)
        )


def later_lines(record: Record, criteria: Criteria | None = None) -> tuple[LineOutcome, ...]:
    """The lines after the last infusion, in the order of time; empty without an infusion. What is
    planned with the cells, or does not treat the myeloma, is no line.
    """
    every = lines(record)
    last_infusion = max((i for i, x in enumerate(every) if x.infusion is not None), default=None)
    if last_infusion is None:
        return ()
    found = [x for x in every[last_infusion + 1 :] if not all(planned(row) for row in x.rows)]
    c = criteria or load_criteria()
    outcomes = []
    for place, line in enumerate(found):
        rest = found[place + 1 :]
        stretch = LineStretch(
            line=line,
            agents=_telling_agents(line),
            ends=rest[0].start.first if rest else None,
            is_last=not rest,
        )
        outcomes.append(LineOutcome(stretch=stretch, failure=_judged(record, c, stretch)))
    return tuple(outcomes)


def _within(progressed: int | None, ended: int | None) -> bool:
    return progressed is not None and ended is not None and progressed <= ended + WITHIN_DAYS


def _telling_agents(line: Line) -> tuple[str, ...]:
    """The agents without the steroids that go along with them."""
    lexicon = bundled().lexicon
    others = tuple(a for a in line.agents if "steroid" not in lexicon.agent_class(a))
    return others or line.agents


def _judged(record: Record, c: Criteria, stretch: LineStretch) -> Failure:
    days = _first_days(record, stretch)
    if not days:
        return _by_statement(record, stretch)
    (failure,) = in_every_reading(record, [_judge(c, stretch, day) for day in days])
    return failure


def _judge(c: Criteria, stretch: LineStretch, start: int) -> Judge:
    return lambda record: (judged(LineCase(record, c, stretch, start, stretch.line.number)),)


def _first_days(record: Record, stretch: LineStretch) -> Sequence[int]:
    """The days that the line may have begun on, as far as they change what is read under it: of a
    month the first, the last, and those around each result in between. None where less is known.
    """
    first, last = stretch.line.start.first, stretch.line.start.last
    if first is None or last is None or last - first > MONTH:
        return ()
    if stretch.ends is not None:
        last = max(first, min(last, stretch.ends - 1))
    seen = {x.day for x in record.labs if x.test in DISEASE_TESTS}
    seen |= {x.when.day for x in record.imaging}
    between = {near for day in seen if day is not None for near in (day - 1, day)}
    return sorted({first, last, *(day for day in between if first < day < last)})


_Status = Literal["failed", "not_failed", "cannot_be_judged"]


def _by_statement(record: Record, stretch: LineStretch) -> Failure:
    """The judgement of a line without a first day: by what is stated of it."""
    rows = stated_progressions(stretch.line)
    start, sources = stretch.line.start, stretch.line.sources
    status: _Status = "failed" if rows else "cannot_be_judged"
    seen = [d for d in (record.last_seen_day, last_data_day(record)) if d is not None]
    until = stretch.ends if stretch.ends is not None else max(seen, default=None)
    first = None if start.first is None else start.first + 1
    bounded = first is None or until is None or first <= until
    return Failure(
        infusion_day=None,
        product=" + ".join(stretch.agents) or None,
        targets=(),
        number=stretch.line.number,
        status=status,
        because="team_progression" if rows else "infusion_undated",
        certainty="recorded_by_team" if rows else None,
        when=When(first, until if bounded else None) if rows else When(),
        basis=tuple(row.source for row in rows) or sources,
    )
