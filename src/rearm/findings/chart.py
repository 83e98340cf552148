"""What the functions of findings ask of one patient's record: the latest result in a window, what
is present, what was given.

Built once for each record. Days are those of the patient's axis; `as_of` is the last day that may
be read.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from rearm.findings.base import Found, measured, unknown
from rearm.interval import Interval
from rearm.knowledge.lab_tests import load_tests
from rearm.outcome.failure import Failure
from rearm.outcome.infusions import infused_products
from rearm.record import (
    Condition,
    Fact,
    Infusion,
    Lab,
    Record,
    Source,
    Therapy,
    Toxicity,
    When,
)
from rearm.response.criteria import load_criteria
from rearm.therapy.exposure import NO_PRIOR_LINES, Exposure, exposure

__all__ = [
    "FRESH_BEFORE_FAILURE",
    "LatestResult",
    "PatientChart",
    "Presence",
    "lab_text",
    "test_name",
]

# Material from up to 30 days before the failure counts as taken at failure (DESIGN 5).
FRESH_BEFORE_FAILURE = 30

# What stops or endangers a treatment: here a row that says "present" stands until another surely
# follows that says it is over.
_STOPS = frozenset({
    "active_gvhd", "active_infection", "cmv_reactivation", "cns_myeloma", "cord_compression", "cranial_nerve_palsy", "crs", "enterocolitis",
    "febrile_neutropenia", "guillain_barre", "hyperviscosity", "icans", "iec_hs", "infection", "liver_failure", "mds_aml", "parkinsonism",
    "plasma_cell_leukaemia", "pregnancy", "t_cell_lymphoma",
})  # fmt: skip


_Row = TypeVar("_Row")


@dataclass(frozen=True, slots=True)
class LatestResult:
    """The latest result in a window: `quantity` or `word`, the rows it rests on, or `why` nothing
    can be read.
    """

    quantity: Interval | None = None
    word: str | None = None
    labs: tuple[Lab, ...] = ()
    why: str = ""

    @property
    def sources(self) -> tuple[Source, ...]:
        return tuple(x.source for x in self.labs)

    @property
    def day(self) -> int | None:
        """The day of the result where it is exact."""
        return self.labs[-1].day if self.labs else None

    @property
    def text(self) -> str:
        """What was seen, or why nothing can be said."""
        return self.why or "; ".join(dict.fromkeys(lab_text(x) for x in self.labs))


@dataclass(frozen=True, slots=True)
class Presence:
    """Whether something is present at as_of, by the latest row that speaks of it; None: nobody
    says, or the rows contradict each other.
    """

    present: bool | None
    rows: tuple[Condition | Toxicity, ...] = ()
    text: str = ""

    @property
    def sources(self) -> tuple[Source, ...]:
        return tuple(x.source for x in self.rows)

    def found(self) -> Found:
        return Found(self.present, self.sources, self.text)


class PatientChart:
    """One record, its last infusion and that infusion's failure, with indexed look-ups. `record` is
    already cut at `as_of`.
    """

    def __init__(self, record: Record, failures: Sequence[Failure], as_of: int) -> None:
        self.record = record
        self.as_of = as_of
        self.failure: Failure | None = failures[-1] if failures else None
        self.infusion_day: int | None = self.failure.infusion_day if self.failure else None
        self.infusion_count = len(failures)  # a split dose is one
        self._labs: dict[str, list[Lab]] = defaultdict(list)
        self._aside: dict[str, list[Lab]] = defaultdict(list)
        for source, index in ((record.labs, self._labs), (record.set_aside, self._aside)):
            for lab in source:
                if (
                    lab.when.first is not None and lab.when.last is not None
                ):  # without a day a result has no place in a window
                    index[lab.test].append(lab)

    @cached_property
    def exposure(self) -> Exposure:
        return exposure(self.record)

    @cached_property
    def infusion_rows(self) -> tuple[Infusion, ...]:
        """The rows of the last infusion: one, or several where the dose was split."""
        groups = infused_products(self.record, load_criteria())
        return groups[-1].doses if groups else ()

    @property
    def failure_status_open(self) -> bool:
        """Whether the last infusion failed or is suspected to have failed."""
        return self.failure is not None and self.failure.status in ("failed", "suspected")

    @cached_property
    def failure_sources(self) -> tuple[Source, ...]:
        """Rows that the judgement of the last course rests on."""
        return self.failure.basis if self.failure else ()

    @property
    def infusion(self) -> Infusion | None:
        return self.infusion_rows[0] if self.infusion_rows else None

    @cached_property
    def failure_day(self) -> int | None:
        """Day of the failure, or of the first sign of a suspected one; None where it neither failed
        nor is suspected to.
        """
        return self.failure.day if self.failure is not None and self.failure_status_open else None

    @cached_property
    def at_failure(self) -> tuple[int, int] | None:
        """First and last day of material taken at failure; never before the infusion, whose antigen
        and cells are another matter.
        """
        if self.failure_day is None:
            return None
        first = self.failure_day - FRESH_BEFORE_FAILURE
        return (
            first if self.infusion_day is None else max(first, self.infusion_day + 1)
        ), self.as_of

    def before_infusion(self, days: int) -> tuple[int, int] | None:
        """The window of this many days that ends on the day of the infusion (a sample of that day
        is taken before the cells run).
        """
        return None if self.infusion_day is None else (self.infusion_day - days, self.infusion_day)

    def after_infusion(self, first: int, last: int) -> tuple[int, int] | None:
        """Day `first` to day `last` after the infusion, not beyond as_of."""
        return (
            None
            if self.infusion_day is None
            else (self.infusion_day + first, min(self.infusion_day + last, self.as_of))
        )

    def recent(self, days: int) -> tuple[int, int]:
        """The last `days` days up to as_of."""
        return self.as_of - days, self.as_of

    # -------------------------------------------------------------- results

    def results(
        self, test: str, window: tuple[int, int] | None, keep: Callable[[Lab], bool] | None = None
    ) -> list[Lab]:
        """Results that lie wholly in the window, oldest first."""
        if window is None:
            return []
        rows = [
            x
            for x in self._labs.get(test, ())
            if _first(x) >= window[0] and _last(x) <= window[1] and (keep is None or keep(x))
        ]
        return sorted(rows, key=_first)

    def aside(
        self, test: str, window: tuple[int, int] | None, keep: Callable[[Lab], bool] | None = None
    ) -> list[Lab]:
        """Results that may lie in the window and could not be used."""
        if window is None:
            return []
        rows = [
            x
            for x in self._aside.get(test, ())
            if _last(x) >= window[0] and _first(x) <= window[1] and (keep is None or keep(x))
        ]
        return sorted(rows, key=_last)

    def latest(
        self, test: str, window: tuple[int, int] | None, keep: Callable[[Lab], bool] | None = None
    ) -> LatestResult:
        """The latest usable result in the window.

        Results of one day without a time are taken together: numbers as the range they span, words
        that differ as unknown. A later result that was set aside stops an older one from being
        carried forward.
        """
        if window is None:
            return LatestResult()
        rows, aside = self.results(test, window, keep), self.aside(test, window, keep)
        if not rows:
            if aside:
                return LatestResult(
                    labs=(aside[-1],),
                    why=(
                        f"{test_name(test)} of {aside[-1].when} was set aside:"
                        f" {aside[-1].why_set_aside}"
                    ),
                )
            older = self.results(test, (-(10**6), window[0] - 1), keep)
            return LatestResult(
                why=(
                    f"the last {test_name(test)} is of {older[-1].when}, too old for this"
                    if older
                    else ""
                )
            )
        newest = _first(rows[-1])
        if aside and _last(aside[-1]) > newest:
            why = (
                f"a later {test_name(test)} ({aside[-1].when}) was set aside:"
                f" {aside[-1].why_set_aside}"
            )
            return LatestResult(labs=(aside[-1],), why=why)
        possible = [
            x
            for x in self._labs[test]
            if _last(x) >= newest and _first(x) <= window[1] and (keep is None or keep(x))
        ]
        return _together(_latest_time(possible))

    def number(
        self,
        test: str,
        window: tuple[int, int] | None,
        keep: Callable[[Lab], bool] | None = None,
        *,
        whole: bool = False,
    ) -> Found:
        """The latest result in the window as a finding."""
        reading = self.latest(test, window, keep)
        return measured(reading.quantity, reading.text, reading.sources, whole=whole)

    def positive(self, test: str, window: tuple[int, int] | None) -> Found:
        """The latest word, positive or negative, as a finding."""
        reading = self.latest(test, window)
        value = {"positive": True, "negative": False}.get(reading.word or "")
        return Found(value, reading.sources, reading.text)

    def highest(
        self, test: str, window: tuple[int, int] | None
    ) -> tuple[Interval | None, tuple[Lab, ...], str]:
        """The highest result in the window as a number, its rows, and what limits it. A result set
        aside may be higher: open upwards.
        """
        rows = self.results(test, window)
        if not rows:
            return None, (), ""
        top = _maximum([x.quantity for x in rows if x.quantity is not None])
        labs = tuple(x for x in rows if x.quantity is not None and x.quantity.high >= top.low)
        if aside := self.aside(test, window):
            why = (
                f"{test_name(test)} of {aside[-1].when} was set aside, so that the highest value is"
                " not known"
            )
            return Interval(top.low, math.inf, top.low_open), (*labs, aside[-1]), why
        return top, labs, ""

    # -------------------------------------------------------------- conditions, toxicities, facts

    def condition(self, name: str) -> Presence:
        """Whether a condition is present at as_of. The latest row decides; rows of one day that
        contradict each other decide nothing, except for what stops a treatment: there "present"
        stands until a row surely follows that says it is over. A row that could not be read, or
        says no more than a suspicion, decides nothing.
        """
        said = []
        for row in self.record.conditions:
            if row.condition == name:
                present = {"present": True, "resolved": False, "absent": False}.get(row.status)
                said.append(_ended(row, row.when, present, row.end))
        return _state(said, name)

    def toxicity(self, name: str, *, lasts: int | None = None) -> Presence:
        """Whether a toxicity is not yet over. Without an end it lasts, or, where `lasts` is given,
        is taken to last only that many days: after that a missing end is a gap in the record. Grade
        0 is a statement of absence.
        """
        said = []
        for row in self.record.toxicities:
            if row.toxicity == name:
                present, when, text = _ended(row, row.when, row.grade != 0, row.end)[1:]
                if (
                    present
                    and lasts is not None
                    and (row.when.last is None or row.when.last < self.as_of - lasts)
                ):
                    present, text = None, f"{text}, no end recorded"
                said.append((row, present, when, text))
        return _state(said, name)

    def fact(self, name: str) -> tuple[Fact | None, Found]:
        """The latest fact of that name, and what to say without one: nothing, or that facts
        contradict each other.
        """
        rows = [x for x in self.record.facts if x.finding == name]
        newest = _newest([(x, x.when, x.value.strip().casefold()) for x in rows])
        if newest is not None or not rows:
            return newest[0] if newest else None, unknown()
        said = "; ".join(f"{x.value}, {x.when}" for x in rows)
        return None, unknown(
            f"{name.replace('_', ' ')}: the record contradicts itself ({said})",
            [x.source for x in rows],
        )

    def word_fact(self, name: str, values: Iterable[str]) -> Found:
        """A fact whose value is one of these words."""
        fact, nothing = self.fact(name)
        if fact is None:
            return nothing
        value = {v.casefold(): v for v in values}.get(fact.value.strip().casefold())
        said = f"{name.replace('_', ' ')}: {fact.value} ({fact.when})"
        return Found(
            value,
            (fact.source,),
            said if value is not None else f"{said}, which is none of {', '.join(values)}",
        )

    def yes_no_fact(self, name: str) -> Found:
        """A fact that is yes or no."""
        found = self.word_fact(name, ("yes", "no"))
        return Found(
            None if found.value is None else found.value == "yes", found.sources, found.text
        )

    # -------------------------------------------------------------- therapy

    @cached_property
    def therapy_history(self) -> Found:
        """Whether silence on an agent means that it was not given, as `Exposure` judges it; an
        ambiguous regimen leaves it open.
        """
        facts = [x for x in self.record.facts if x.finding == "therapy_history_complete"]
        sources = tuple(x.source for x in facts)
        unread = [x for x in self.record.therapies if x.unread or (not x.agents and x.regimen)]
        if unread:
            return Found(
                False,
                tuple(x.source for x in unread),
                f"not read: {', '.join(str(x.unread or x.regimen) for x in unread[:3])}",
            )
        gap = self.exposure.history_open
        if gap is not None:
            return unknown(gap) if gap == NO_PRIOR_LINES else Found(False, sources, gap)
        rows = tuple(x.source for x in self.record.therapies)
        return Found(True, (*sources, *rows), f"{len(rows)} stretches of treatment, all read")

    def treated(self, agents: Iterable[str]) -> list[Therapy]:
        """Stretches of treatment that contain one of the agents."""
        wanted = set(agents)
        return [x for x in self.record.therapies if wanted.intersection(x.agents)]

    def days_since(self, therapies: Iterable[Therapy], day: int | None, *, before: str) -> Found:
        """Days from the last dose to `day`; what began after `day` is left out. A stretch without
        an end may last up to `day`.
        """
        if day is None:
            return unknown()
        low, high, rows = -math.inf, -math.inf, []
        for row in therapies:
            if row.start.first is not None and row.start.first > day:
                continue
            rows.append(row)
            first, last = _last_dose(row, day)
            low, high = max(low, first), max(high, last)
        if not rows:
            return unknown()
        text = (
            "; ".join(f"{' + '.join(x.agents)} {_stretch(x)}" for x in rows[-3:])
            + f", before {before} (day {day})"
        )
        return measured(Interval(day - high, day - low), text, [x.source for x in rows], whole=True)


def lab_text(lab: Lab) -> str:
    """`BCMA-positive plasma cells 96 %, flow cytometry, marrow, day 214`."""
    value = lab.word.replace("_", " ") if lab.word is not None else f"{lab.quantity}"
    unit = (
        f" {lab.unit}"
        if lab.quantity is not None and lab.unit not in (None, "score", "ratio")
        else ""
    )
    rest = [x.replace("_", " ") for x in (lab.method, lab.specimen, lab.sample_id) if x]
    return ", ".join([f"{test_name(lab.test)} {value}{unit}", *rest, str(lab.when)])


def _maximum(quantities: Sequence[Interval]) -> Interval:
    """The highest of the numbers, as an interval."""
    low = max(quantities, key=lambda q: (q.low, q.low_open))
    high = max(quantities, key=lambda q: (q.high, not q.high_open))
    return Interval(low.low, high.high, low.low_open, high.high_open)


def test_name(test: str) -> str:
    """The name of a test in the dictionary."""
    known = load_tests().get(test)
    return known.name if known else test.replace("_", " ")


def _first(lab: Lab) -> int:
    return lab.when.first if lab.when.first is not None else -(10**9)


def _last(lab: Lab) -> int:
    return lab.when.last if lab.when.last is not None else 10**9


def _latest_time(rows: list[Lab]) -> list[Lab]:
    """Of results of one day that all have a time, those of the last time."""
    if (
        len(rows) > 1
        and all(x.time and x.day is not None for x in rows)
        and len({x.day for x in rows}) == 1
    ):
        last = max(x.time or "" for x in rows)
        return [x for x in rows if x.time == last]
    return rows


def _together(rows: list[Lab]) -> LatestResult:
    words = {x.word for x in rows if x.word is not None}
    numbers = [x.quantity for x in rows if x.quantity is not None]
    labs = tuple(rows)
    if len(words) > 1 or (words and numbers):
        return LatestResult(labs=labs, why="contradiction: " + "; ".join(lab_text(x) for x in rows))
    return LatestResult(
        Interval.hull(numbers) if numbers else None, words.pop() if words else None, labs
    )


def _ended(
    row: Any, when: When, present: bool | None, end: When
) -> tuple[Any, bool | None, When, str]:
    """A row as (row, present at as_of, since when it says so, text). An end that is known to be
    past makes it a thing of the past.
    """
    name = getattr(row, "condition", None) or row.toxicity
    status = getattr(row, "status", "") if present is not None else row.status
    grade = f" grade {row.grade}" if row.grade is not None else ""
    text = f"{name.replace('_', ' ')}{f' {status}' if status else ''}{grade}, {when}"
    if present and end.last is not None and when.first is not None and end.last < when.first:
        return row, present, when, f"{text}, its recorded end ({end}) is before its start"
    if present and end.last is not None:  # ends after as_of were taken away when the record was cut
        return row, False, end, f"{text}, ended {end}"
    if present and end.first is not None:
        return row, None, end, f"{text}, end not known"
    return row, present, when, text


def _newest(rows: Sequence[tuple[_Row, When, Any]]) -> tuple[_Row, When, Any] | None:
    """The row that nothing different may follow; None where rows that differ can't be brought into
    order.
    """
    for row in reversed(rows):
        if all(other[2] == row[2] or other[1].before(row[1]) is True for other in rows):
            same = [x for x in rows if x[2] == row[2]]
            return max(same, key=lambda x: -math.inf if x[1].last is None else x[1].last)
    return None


def _state(said: Sequence[tuple[Any, bool | None, When, str]], name: str) -> Presence:
    if not said:
        return Presence(None)
    if name in _STOPS and (standing := _standing(said)):
        return standing
    newest = _newest([(x, x[2], x[1]) for x in said])
    if newest is None:
        return Presence(
            None,
            tuple(x[0] for x in said),
            f"{name.replace('_', ' ')}: the record contradicts itself"
            f" ({'; '.join(x[3] for x in said)})",
        )
    row, present, _, text = newest[0]
    return Presence(present, (row,), text)


def _standing(said: Sequence[tuple[Any, bool | None, When, str]]) -> Presence | None:
    """Present by a row that no row surely follows which says it is over; what speaks against it, or
    may be later, is said beside it.
    """
    over = [x for x in said if x[1] is False]
    here = [x for x in said if x[1] and not any(x[2].before(y[2]) for y in over)]
    if not here:
        return None
    against = [x for x in said if x[1] is not True and not any(x[2].before(y[2]) for y in here)]
    text = "; ".join(x[3] for x in here)
    if against:
        text += (
            "; the record contradicts itself or leaves this open"
            f" ({'; '.join(x[3] for x in against)}), so that it counts as present"
        )
    return Presence(True, tuple(x[0] for x in (*here, *against)), text)


def _last_dose(row: Therapy, day: int) -> tuple[float, float]:
    """Earliest and latest day that the last dose up to `day` can have been given."""
    first = -math.inf if row.start.first is None else float(row.start.first)
    if row.end.last is not None and row.end.last <= day:
        return max(first, float(row.end.first if row.end.first is not None else first)), float(
            row.end.last
        )
    if row.purpose in ("transplant", "lymphodepletion") and row.start.last is not None:
        return first, float(min(day, row.start.last + _COURSE_DAYS))
    return first, float(day)


# High-dose melphalan and lymphodepletion are given over a few days; a row without an end does not
# go on for months.
_COURSE_DAYS = 7


def _stretch(row: Therapy) -> str:
    end = "" if row.end.first is None and row.end.last is None else f" to {row.end}"
    return f"{row.start}{end}"
