"""One patient's record as the findings ask it: the latest result in a window, what is present, what
was given.

Built once for each record. Days are those of the patient's axis; `as_of` is the last day that may
be read.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property

from rearm.findings.base import NOTHING, Found, measured, unknown
from rearm.findings.presence import Presence, condition_presence, newest, toxicity_presence
from rearm.findings.results import (
    NO_RESULT,
    HighestResult,
    Keep,
    LatestResult,
    Results,
    Window,
    may_lie_in,
    together,
)
from rearm.interval import Interval
from rearm.knowledge.bundle import bundled
from rearm.knowledge.lexicon import Lexicon
from rearm.outcome.failure import Failure
from rearm.outcome.infusions import infused_products
from rearm.outcome.relapse import DiseaseNow, present_relapse
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
from rearm.therapy.anti_myeloma import treats_myeloma
from rearm.therapy.exposure import Exposure, exposure

__all__ = ["DEEP_RESPONSES", "FRESH_BEFORE_FAILURE", "PatientChart"]

# Material from up to 30 days before the failure counts as taken at failure: a convention.
FRESH_BEFORE_FAILURE = 30
# High-dose melphalan and lymphodepletion are given over a few days; a row without an end does not
# go on for months.
_COURSE_DAYS = 7
_EVER = 10**6
# Emergencies that are over once the myeloma that made them is gone. Not the central nervous system,
# of which a response in serum tells nothing, nor the kidney, which may stay damaged.
_ENDED_BY_RESPONSE = frozenset(
    {"cord_compression", "hypercalcaemia", "hyperviscosity", "plasma_cell_leukaemia"}
)
DEEP_RESPONSES = ("VGPR", "nCR", "CR", "sCR")


class PatientChart:
    """One record, its last infusion and that infusion's failure, with indexed look-ups.

    `record` is already cut at `as_of`; agents are those of `lexicon` (None: the bundled one).
    `results` are those of the record where another chart of it has them in order.
    """

    def __init__(
        self,
        record: Record,
        failures: Sequence[Failure],
        as_of: int,
        lexicon: Lexicon | None = None,
        disease: DiseaseNow | None = None,
        results: Results | None = None,
    ) -> None:
        self.record = record
        self.as_of = as_of
        self.lexicon = bundled().lexicon if lexicon is None else lexicon
        self.failure: Failure | None = failures[-1] if failures else None
        self.infusion_day: int | None = self.failure.infusion_day if self.failure else None
        self.infusion_count = len(failures)  # a split dose is one
        self.disease = present_relapse(record, failures) if disease is None else disease
        self.until = self._until_next_line()
        self._results = Results(record.labs, record.set_aside) if results is None else results
        self._of_car_t: dict[str, PatientChart] = {}

    # ---------------------------------------------------------------- whose tumour

    @property
    def of_relapse(self) -> PatientChart:
        """The same patient with the present relapse in place of the failure of the CAR-T, and the
        first dose of its line in place of the infusion; where there is none, the last line. The
        chart itself where no line followed the CAR-T.
        """
        # itself is not kept: a circle would hold the record until the garbage is collected
        return self._of_relapse if self.disease.lines else self

    @cached_property
    def _of_relapse(self) -> PatientChart:
        relapse = self.disease.relapse
        last = self.disease.lines[-1].failure
        return self._with(last if relapse is None else relapse.failure, self.as_of)

    def of_car_t(self, antigen: str) -> PatientChart:
        """The same patient with what speaks for this antigen at the failure of the CAR-T: samples
        up to the first agent against it that was given after the failure. The chart itself where
        no line followed the CAR-T.
        """
        if not self.disease.lines or self.failure is None:
            return self
        if antigen not in self._of_car_t:
            first = self._first_agent_since(self.failure, antigen)
            self._of_car_t[antigen] = self._with(self.failure, first)
        return self._of_car_t[antigen]

    def _first_agent_since(self, failure: Failure, antigen: str) -> int:
        """The first day of an agent against the antigen after the failure; without one, today."""
        failed = failure.when.first
        begun = [
            row.start.first
            for x in self.disease.lines
            for row in x.line.rows
            if any(antigen in self._targets_of(agent) for agent in row.agents)
        ]
        since = [day for day in begun if day is not None and (failed is None or day >= failed)]
        return min([*since, self.as_of])

    def _targets_of(self, agent: str) -> Sequence[str]:
        known = self.lexicon.agents.get(agent)
        return () if known is None else known.targets

    def _with(self, failure: Failure, until: int) -> PatientChart:
        other = PatientChart(
            self.record, [failure], self.as_of, self.lexicon, self.disease, self._results
        )
        other.until = until
        other.infusion_count = self.infusion_count
        return other

    def _until_next_line(self) -> int:
        """Last day of material that speaks for the failure: the first day of the line after it."""
        if not self.disease.lines or self.failure is None:
            return self.as_of
        start, failed = self.disease.lines[0].line.start.last, self.failure.when.last
        treated_before = start is None or failed is None or start < failed
        return self.as_of if treated_before or start is None else min(start, self.as_of)

    # ---------------------------------------------------------------- infusion and failure

    @cached_property
    def infusion_rows(self) -> tuple[Infusion, ...]:
        """The rows of the last infusion: one, or several where the dose was split. None where
        nobody says whether the product was given.
        """
        products = infused_products(self.record, load_criteria())
        given = products and not all(dose.perhaps_given for dose in products[-1].doses)
        return products[-1].doses if given else ()

    @property
    def infusion(self) -> Infusion | None:
        return self.infusion_rows[0] if self.infusion_rows else None

    @cached_property
    def infused(self) -> list[Infusion]:
        """Every infusion that was given, in the order of time."""
        return self.record.infused()

    @property
    def earlier_infusions(self) -> list[Infusion]:
        """What was given besides the last infusion."""
        rows = self.infusion_rows
        return [x for x in self.infused if x not in rows] if rows else []

    @property
    def failed_or_suspected(self) -> bool:
        """Whether the last infusion failed or is suspected to have failed."""
        return self.failure is not None and self.failure.status in ("failed", "suspected")

    @cached_property
    def failure_sources(self) -> tuple[Source, ...]:
        """Rows that the judgement of the last course rests on."""
        return self.failure.basis if self.failure else ()

    @cached_property
    def failure_day(self) -> int | None:
        """Day of the failure, or of the first sign of a suspected one; None where it neither failed
        nor is suspected to.
        """
        return self.failure.day if self.failure is not None and self.failed_or_suspected else None

    @cached_property
    def failure_pattern(self) -> tuple[str, ...]:
        """The pattern of the failure; empty where it neither failed nor is suspected to."""
        if self.failure is None or not self.failed_or_suspected:
            return ()
        return self.failure.pattern

    # ---------------------------------------------------------------- windows

    @cached_property
    def at_failure(self) -> Window | None:
        """First and last day of material surely taken at failure, also where the failure is known
        by the month: then it was on the last of its days. Never before the infusion, whose antigen
        and cells are another matter.
        """
        if self.failure is None or not self.failed_or_suspected:
            return None
        last = self.failure.when.last
        return self._fresh_from(self.until if last is None else min(last, self.until))

    @cached_property
    def perhaps_at_failure(self) -> Window | None:
        """First and last day of material that may have been taken at failure."""
        if self.failure is None or not self.failed_or_suspected:
            return None
        first = self.failure.when.first
        if first is None and self.infusion_day is None:
            return -_EVER, self.until
        return self._fresh_from(-_EVER if first is None else first)

    def _fresh_from(self, failure: int) -> Window:
        first = failure - FRESH_BEFORE_FAILURE
        if self.infusion_day is not None:
            first = max(first, self.infusion_day + 1)
        return first, self.until

    def perhaps(self, window: Window) -> Window:
        """The days of what may be of the window: wider only where the failure has no exact day."""
        if window == self.at_failure and self.perhaps_at_failure is not None:
            return self.perhaps_at_failure
        return window

    def tumour_of_failure(self, when: When) -> bool:
        """Whether a sample of tumour cells is that of the failure, where the day of one of the two
        is not exact: surely taken after the infusion, and not surely before the time of the
        failure. In remission there is hardly a clone to look at.
        """
        if self.perhaps_at_failure is None or self.infusion_day is None:
            return False
        after = when.first is not None and when.first > self.infusion_day
        return after and may_lie_in(when, self.perhaps_at_failure)

    def before_infusion(self, days: int) -> Window | None:
        """The window of this many days that ends on the day of the infusion (a sample of that day
        is taken before the cells run).
        """
        return None if self.infusion_day is None else (self.infusion_day - days, self.infusion_day)

    def after_infusion(self, first: int, last: int) -> Window | None:
        """Day `first` to day `last` after the infusion, not beyond as_of."""
        if self.infusion_day is None:
            return None
        return self.infusion_day + first, min(self.infusion_day + last, self.as_of)

    def recent(self, days: int) -> Window:
        """The last `days` days up to as_of."""
        return self.as_of - days, self.as_of

    # ---------------------------------------------------------------- results

    def results(self, test: str, window: Window | None, keep: Keep | None = None) -> list[Lab]:
        """Results that lie wholly in the window, oldest first."""
        return self._results.of(test, window, keep)

    def aside(self, test: str, window: Window | None, keep: Keep | None = None) -> list[Lab]:
        """Results that may lie in the window and could not be used."""
        return self._results.aside(test, window, keep)

    def without_exact_day(self, test: str, keep: Keep | None = None) -> list[Lab]:
        """Results whose day is open on a side, known by the month, or not known at all."""
        return self._results.without_exact_day(test, keep)

    def latest_of_tumour(self, test: str, keep: Keep | None = None) -> LatestResult:
        """The latest result on tumour cells at failure; where none has a day, one that was surely
        taken after the infusion.
        """
        latest = self.latest(test, self.at_failure, keep)
        if latest.quantity is not None or latest.problem not in (None, "no_day", "outdated"):
            return latest
        dated = self._results.latest(test, self.perhaps_at_failure, keep)
        if dated.quantity is not None:
            return dated
        rows = [x for x in self.without_exact_day(test, keep) if self.tumour_of_failure(x.when)]
        return together(rows) if rows else latest

    def latest(self, test: str, window: Window | None, keep: Keep | None = None) -> LatestResult:
        """The latest usable result in the window."""
        latest = self._results.latest(test, window, keep)
        old = latest.outdated
        if window is None or old is None or not may_lie_in(old.when, self.perhaps(window)):
            return latest
        return LatestResult(labs=(old,), problem="no_day")  # the failure has no exact day

    def highest(
        self, test: str, window: Window | None, keep: Keep | None = None
    ) -> HighestResult | None:
        """The highest result in the window; None without one."""
        return self._results.highest(test, window, keep)

    def number(
        self,
        test: str,
        window: Window | None,
        keep: Keep | None = None,
        *,
        whole: bool = False,
    ) -> Found:
        """The latest result in the window as a finding."""
        latest = self.latest(test, window, keep)
        if latest is NO_RESULT:
            return NOTHING
        return measured(latest.quantity, latest.describe, latest.sources, whole=whole)

    def positive(self, test: str, window: Window | None) -> Found:
        """The latest word, positive or negative, as a finding."""
        latest = self.latest(test, window)
        if latest is NO_RESULT:
            return NOTHING
        value = {"positive": True, "negative": False}.get(latest.word or "")
        return Found(value, latest.sources, latest.describe)

    # ---------------------------------------------------------------- conditions and toxicities

    @cached_property
    def _conditions(self) -> dict[str, list[Condition]]:
        found: dict[str, list[Condition]] = {}
        for row in self.record.conditions:
            found.setdefault(row.condition, []).append(row)
        return found

    @cached_property
    def _toxicities(self) -> dict[str, list[Toxicity]]:
        found: dict[str, list[Toxicity]] = {}
        for row in self.record.toxicities:
            found.setdefault(row.toxicity, []).append(row)
        return found

    def condition(self, name: str) -> Presence:
        """Whether a condition is present at as_of."""
        rows = self._conditions.get(name, ())
        history = [x for x in rows if self._is_history(x)]
        if not history:
            return condition_presence(name, rows, as_of=self.as_of)
        now = [x for x in rows if x not in history]
        return condition_presence(name, now, history, as_of=self.as_of)

    def _is_history(self, row: Condition) -> bool:
        """An emergency of the myeloma from before the infusion that a deep response ended."""
        best = self.failure.best_response if self.failure is not None else None
        if row.condition not in _ENDED_BY_RESPONSE or best not in DEEP_RESPONSES:
            return False
        day, last = self.infusion_day, row.when.last
        return row.status == "present" and day is not None and last is not None and last <= day

    def toxicity(self, name: str) -> Presence:
        """Whether a toxicity is not yet over."""
        return toxicity_presence(name, self._toxicities.get(name, ()), as_of=self.as_of)

    def condition_rows(self, name: str) -> Sequence[Condition]:
        """The rows that speak of a condition."""
        return self._conditions.get(name, ())

    def toxicity_rows(self, *names: str) -> list[Toxicity]:
        """The rows of these toxicities, in the order of the record."""
        return [x for x in self.record.toxicities if x.toxicity in names]

    # ---------------------------------------------------------------- facts

    @cached_property
    def _facts(self) -> dict[str, list[Fact]]:
        found: dict[str, list[Fact]] = {}
        for row in self.record.facts:
            found.setdefault(row.finding, []).append(row)
        return found

    def has_fact(self, name: str) -> bool:
        """Whether anything is stated under that name."""
        return name in self._facts

    def fact(self, name: str, *, until: int | None = None) -> tuple[Fact | None, Found]:
        """The latest fact of that name, and what to say without one: nothing (`NOTHING` itself), or
        that facts contradict each other. `until`: of those surely stated by that day.
        """
        rows = self._facts.get(name, [])
        if until is not None:
            rows = [x for x in rows if x.when.last is not None and x.when.last <= until]
        latest = newest(rows, lambda x: x.when, lambda x: x.value.strip().casefold())
        if latest is not None or not rows:
            return latest, NOTHING
        said = "; ".join(f"{x.value.replace('_', ' ')}, {x.when}" for x in rows)
        text = f"{name.replace('_', ' ')}: the record contradicts itself ({said})"
        return None, unknown(text, [x.source for x in rows])

    def word_fact(self, name: str, values: Iterable[str]) -> Found:
        """A fact whose value is one of these words."""
        fact, nothing = self.fact(name)
        if fact is None:
            return nothing
        value = {v.casefold(): v for v in values}.get(fact.value.strip().casefold())
        said = fact.value if value is None else value.replace("_", " ")
        text = f"{name.replace('_', ' ')}: {said} ({fact.when})"
        if value is None:
            text += f", not one of {', '.join(values).replace('_', ' ')}"
        return Found(value, (fact.source,), text)

    def yes_no_fact(self, name: str) -> Found:
        """A fact that is yes or no."""
        found = self.word_fact(name, ("yes", "no"))
        if found is NOTHING:
            return NOTHING
        value = None if found.value is None else found.value == "yes"
        return Found(value, found.sources, found.text)

    # ---------------------------------------------------------------- therapy

    @cached_property
    def exposure(self) -> Exposure:
        """With the progressions under later lines that only results show."""
        rows = [row for x in self.disease.lines for row in x.progressed_on]
        silent = [row for row in rows if row.progression_on is None]
        if not silent:
            return exposure(self.record, lexicon=self.lexicon)
        therapies = (
            replace(row, progression_on=True) if row in silent else row
            for row in self.record.therapies
        )
        shown = replace(self.record, therapies=tuple(therapies))
        return exposure(shown, lexicon=self.lexicon)

    @cached_property
    def therapy_history(self) -> Found:
        """Whether silence on an agent means that it was not given, as `Exposure` judges it; an
        ambiguous regimen leaves it open.
        """
        therapies = self.record.therapies
        unread = [
            x
            for x in therapies
            if treats_myeloma(x, self.lexicon) is not False
            and (x.unread or (not x.agents and x.regimen))
        ]
        if unread:
            names = ", ".join(str(x.unread or x.regimen) for x in unread[:3])
            return Found(False, tuple(x.source for x in unread), f"not read: {names}")
        history = self.exposure.history
        if history.gap == "no_prior_lines":
            return unknown(history.gap_words or "")
        sources = tuple(x.source for x in self._facts.get("therapy_history_complete", ()))
        if history.open_for_any is not None:
            return Found(False, sources, history.open_for_any)
        rows = tuple(x.source for x in therapies)
        return Found(True, (*sources, *rows), f"{len(rows)} stretches of treatment, all read")

    @cached_property
    def rows_by_agent(self) -> dict[str, list[Therapy]]:
        """The rows of treatment that name each agent, whatever it was given for."""
        found: dict[str, list[Therapy]] = {}
        for row in self.record.therapies:
            for agent in dict.fromkeys(row.agents):
                found.setdefault(agent, []).append(row)
        return found

    def treated(self, agents: Iterable[str]) -> list[Therapy]:
        """Stretches of treatment that contain one of the agents."""
        wanted = self.rows_by_agent.keys() & agents
        if not wanted:
            return []
        return [x for x in self.record.therapies if not wanted.isdisjoint(x.agents)]

    def days_since(self, therapies: Iterable[Therapy], day: int | None, *, before: str) -> Found:
        """Days from the last dose to `day`; what began after `day` is left out. A stretch without
        an end may last up to `day`. Not known where no stretch surely lies before it.
        """
        if day is None:
            return NOTHING
        rows = [x for x in therapies if x.start.first is None or x.start.first <= day]
        if not rows:
            return NOTHING
        surely = [x for x in rows if day >= self.as_of or _before(x, day)]

        def text() -> str:
            last = "; ".join(f"{' + '.join(x.agents)} {_stretch(x)}" for x in rows[-3:])
            order = "before" if surely else "perhaps before"
            return f"{last}, {order} {before} (day {day})"

        if not surely:
            return unknown(text, [x.source for x in rows])
        latest = max(_last_dose(x, day).high for x in rows)
        earliest = max(_last_dose(x, day).low for x in surely)
        days = Interval(day - latest, day - earliest)
        return measured(days, text, [x.source for x in rows], whole=True)


def _before(row: Therapy, day: int) -> bool:
    """Whether a dose was surely given by that day."""
    return any(x.last is not None and x.last <= day for x in (row.start, row.end))


def _last_dose(row: Therapy, day: int) -> Interval:
    """The days up to `day` between which the last dose was given."""
    start, end = row.start, row.end
    first = -math.inf if start.first is None else float(start.first)
    if end.last is not None and end.last <= day:
        return Interval(
            first if end.first is None else max(first, float(end.first)), float(end.last)
        )
    if row.purpose in ("transplant", "lymphodepletion") and start.last is not None:
        return Interval(first, float(min(day, start.last + _COURSE_DAYS)))
    return Interval(first, float(day))


def _stretch(row: Therapy) -> str:
    end = "" if row.end.first is None and row.end.last is None else f" to {row.end}"
    return f"{row.start}{end}"
