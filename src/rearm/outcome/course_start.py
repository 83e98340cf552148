"""The day that a patient's response course is counted from, where none is asked for.

The last infusion with a day; else day 0 of the record, a line of therapy, or the first dated result
of the disease, whichever first has a baseline and a later result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rearm.outcome.failure import Failure
from rearm.record import Record
from rearm.response.criteria import Criteria
from rearm.response.measurable import DISEASE_TESTS
from rearm.therapy.lines import lines

__all__ = ["CourseStart", "StartReason", "chosen_start"]

StartReason = Literal["asked", "infusion", "day_zero", "line", "first_result", "nothing_dated"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseStart:
    """The day, and why that one. `line`: the line of therapy that starts there; `product` and
    `infusions`: of the infusion, and how many have a day.
    """

    day: int | None
    because: StartReason
    line: int | None = None
    product: str | None = None
    infusions: int = 0


def chosen_start(record: Record, criteria: Criteria, judged: Sequence[Failure]) -> CourseStart:
    """Where the course starts; `judged` are the infusions that have a day."""
    if judged:
        return CourseStart(
            day=judged[-1].infusion_day,
            because="infusion",
            product=judged[-1].product,
            infusions=len(judged),
        )
    days = _result_days(record)
    if not days:
        return CourseStart(day=None, because="nothing_dated")

    def has_baseline_and_results(day: int) -> bool:
        baseline = any(day - criteria.baseline_window <= d <= day for d in days)
        return baseline and days[-1] > day

    begun = sorted(_line_starts(record))
    if has_baseline_and_results(0):
        line = next((number for day, number in begun if day == 0), None)
        return CourseStart(day=0, because="day_zero", line=line)
    for day, number in begun:
        if has_baseline_and_results(day):
            return CourseStart(day=day, because="line", line=number)
    return CourseStart(day=days[0], because="first_result")


def _result_days(record: Record) -> list[int]:
    """Days of results and imaging by which the disease is followed."""
    labs = {x.day for x in record.labs if x.test in DISEASE_TESTS}
    imaging = {x.day for x in record.imaging}
    return sorted(day for day in labs | imaging if day is not None)


def _line_starts(record: Record) -> list[tuple[int, int]]:
    """(day, number) of the lines of therapy other than CAR-T whose start has a day."""
    return [
        (day, line.number)
        for line in lines(record)
        if line.infusion is None and (day := line.start.day) is not None
    ]
