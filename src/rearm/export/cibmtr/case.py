"""One reporting period of a patient with what its answers read: only what was known by its end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

from rearm.export.cibmtr.periods import Period
from rearm.findings import Found
from rearm.knowledge import Knowledge
from rearm.outcome.failure import Failure
from rearm.outcome.failures import failures
from rearm.record import Infusion, Lab, Record, Toxicity, When
from rearm.response.course import CourseDays, ResponseCourse, response_course
from rearm.response.criteria import Criteria

__all__ = ["PeriodCase"]


class PeriodCase:
    """Everything is read on first use."""

    def __init__(
        self,
        record: Record,
        period: Period,
        criteria: Criteria,
        knowledge: Knowledge,
        before: PeriodCase | None = None,
    ) -> None:
        self.whole, self.period, self.before = record, period, before
        self.criteria, self.knowledge = criteria, knowledge
        self.antigens: Mapping[str, Found] | None = None  # made when it is first asked for

    @cached_property
    def record(self) -> Record:
        """What was known by the end of the period."""
        return self.whole.known_at(self.period.cut)

    def within(self, when: When, *, with_infusion: bool = False) -> bool | None:
        """Whether something happened in the period; None where its day leaves that open.
        `with_infusion`: the day of the infusion belongs to its first period.
        """
        first, last = self.period.first, self.period.cut
        if with_infusion and first == self.period.infused + 1:
            first = self.period.infused
        if when.first is not None and when.last is not None:
            if first <= when.first and when.last <= last:
                return True
            return False if when.last < first or when.first > last else None
        if when.last is not None and when.last < first:
            return False
        return False if when.first is not None and when.first > last else None

    @cached_property
    def course(self) -> ResponseCourse:
        """The course against the status right before lymphodepletion, as the registry asks: values
        of before the last bridging began are no baseline.
        """
        c, day = self.criteria, self.period.infused
        floor = min(self._begun("lymphodepletion", c.lymphodepletion_days), default=day)
        since = [x for x in self._begun("bridging", c.bridging_days) if x <= floor]
        if self.period.before is not None and self.period.before.day is not None:
            since.append(self.period.before.day)
        return response_course(
            self.record,
            start=day,
            until=self.period.product.ends,
            criteria=c,
            days=CourseDays(baseline=floor, floor=floor, baseline_from=max(since, default=None)),
            infusion=True,
        )

    @property
    def best_was_reported(self) -> bool:
        """Whether the best response is that of the period before, of the same day."""
        if self.before is None:
            return False
        ours, theirs = self.course, self.before.course
        return (ours.best_confirmed, ours.best_confirmed_day) == (
            theirs.best_confirmed,
            theirs.best_confirmed_day,
        )

    def _begun(self, purpose: str, within: int) -> list[int]:
        day = self.period.infused
        days = [t.start.day for t in self.record.therapies if t.purpose == purpose]
        return [x for x in days if x is not None and day - within < x <= day]

    @cached_property
    def failure(self) -> Failure | None:
        """What became of the infusion by the end of the period."""
        judged = failures(self.record, self.criteria)
        same = (f for f in judged if f.infusion_day == self.period.infused)
        return next(same, None)

    def labs_in(self, *tests: str) -> list[Lab]:
        """Results of the period, oldest first."""
        return [x for x in self.record.of_test(*tests) if self.within(x.when) is True]

    def maybe_in(self, *tests: str) -> list[Lab]:
        """Results of which it is open whether they are of the period, or that can't be read."""
        aside = [x for x in self.record.set_aside if x.test in tests]
        vague = [x for x in self.record.labs if x.test in tests and x.day is None]
        return [x for x in (*aside, *vague) if self.within(x.when) is not False]

    def toxicities(self, name: str) -> list[Toxicity]:
        return [t for t in self.record.toxicities if t.toxicity == name]

    @property
    def next_infusion(self) -> Infusion | None:
        return self.period.product.next

    def first_day(self, days: Iterable[int | None]) -> int | None:
        return min((day for day in days if day is not None), default=None)
