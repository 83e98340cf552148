"""Whether the disease progressed on a stretch of treatment, or within 60 days of its last dose."""

from __future__ import annotations

from functools import cached_property

from rearm.record import Therapy
from rearm.therapy.exposure_history import TreatmentHistory

__all__ = ["WITHIN_DAYS", "Progressions"]

# Progression this many days after the last dose still counts as refractory (Rajkumar et al., Blood
# 2011;117:4691-4695).
WITHIN_DAYS = 60
_PLAN = ("transplant", "consolidation", "maintenance")  # in the order in which they are given


class Progressions:
    """Progression on each row of a treatment history; each row is judged once."""

    def __init__(self, history: TreatmentHistory) -> None:
        self._history = history
        self._by_row: dict[int, bool | None] = {}

    def on(self, row: Therapy) -> bool | None:
        """False where it is stated, or where the same line went on after the row; None: unknown."""
        if id(row) not in self._by_row:
            self._by_row[id(row)] = self._judged(row)
        return self._by_row[id(row)]

    def _judged(self, row: Therapy) -> bool | None:
        if row.progression_on is True or row.best_response == "PD" or self._pd_in_time(row):
            return True
        if row.progression_on is False:
            return False
        line = next((x for x in self._history.lines if any(r is row for r in x.rows)), None)
        # A change for progression begins a new line, so a row with a later planned part of the same
        # line had none.
        went_on = line is not None and any(_planned_after(r, row) for r in line.rows)
        return False if went_on else None

    @cached_property
    def _pd_days(self) -> list[int]:
        responses = self._history.record.responses
        return [x.day for x in responses if x.response == "PD" and x.day is not None]

    def _pd_in_time(self, row: Therapy) -> bool:
        """A recorded progression on the row or within 60 days of its end, with no other treatment
        begun in between. Without an end the last dose was on the first day or later.
        """
        start = row.start.day
        if start is None:
            return False
        end = start if row.end.day is None else row.end.day
        return any(
            start < day <= end + WITHIN_DAYS and not self._other_begun(row, start, end, day)
            for day in self._pd_days
        )

    def _other_begun(self, row: Therapy, start: int, end: int, pd: int) -> bool:
        """Whether another treatment began after the row had ended, or cells were given, before this
        progression.
        """
        others = [x.start.day for x in self._history.rows if x is not row]
        infusions = [x.day for x in self._history.infusions]
        another = any(d is not None and start < d and end <= d < pd for d in others)
        return another or any(d is not None and start <= d < pd for d in infusions)


def _planned_after(later: Therapy, row: Therapy) -> bool:
    """Whether a row is a planned continuation after another of its line: by day, without days by
    the usual order.
    """
    if later.purpose not in _PLAN or later is row:
        return False
    order = later.start.before(row.start)
    rank = _PLAN.index(row.purpose) if row.purpose in _PLAN else -1
    return order is False if order is not None else _PLAN.index(later.purpose) > rank
