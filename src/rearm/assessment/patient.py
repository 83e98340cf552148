"""One patient at one day: the record as it was known, what became of the infusions, the findings;
and how a condition is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from rearm.assessment.plan import Plan
from rearm.assessment.result import Basis, FindingRead, Reason
from rearm.errors import RearmError
from rearm.findings import Found, find, inputs
from rearm.findings.base import unknown
from rearm.interval import Interval
from rearm.knowledge.catalogue import Finding
from rearm.knowledge.rulesets import Indicator, Rule
from rearm.outcome.failure import Failure, failures
from rearm.record import EVENT_FIELDS, Record
from rearm.rules import unknown_findings

__all__ = ["AssessmentError", "Patient", "Shown", "patient_at"]


# A dash and no colon: the reason belongs to the same clause, so that nothing reads as stated which
# is not.
NOT_KNOWN = "Not known whether this holds –"
NOT_SO = "Not the case here –"


class AssessmentError(RearmError):
    """An assessment that can't be made as asked; `str()` is a sentence."""


@dataclass(frozen=True, slots=True)
class Patient:
    """`record` holds nothing later than `as_of`; `day` is the date of that day where it is known.
    `intervals`: findings known as bounds.
    """

    record: Record
    as_of: int | None
    day: date | None
    failures: tuple[Failure, ...]
    found: Mapping[str, Found]
    values: Mapping[str, bool | float | int | str | None]
    intervals: Mapping[str, Interval]
    inputs: Mapping[str, Any]  # the same as `derive` takes them


def patient_at(record: Record, as_of: int | date | None, plan: Plan) -> Patient:
    """The patient as known at `as_of` (a day of the axis, a date, or None: the last day with data).

    Raises AssessmentError where a date is given and day zero is not known.
    """
    last = _as_day(record, as_of)
    known = _known_at(record, last) if last is not None else record
    judged = tuple(failures(known))
    found = find(
        known, judged, plan.knowledge.catalogue, as_of=0 if last is None else last
    )  # without any day nothing can be late
    return Patient(
        record=known,
        as_of=last,
        day=(
            None
            if record.day_zero is None or last is None
            else record.day_zero + timedelta(days=last)
        ),
        failures=judged,
        found=found,
        values={name: x.value for name, x in found.items()},
        intervals={name: x.interval for name, x in found.items() if x.interval is not None},
        inputs=inputs(found),
    )


def _as_day(record: Record, as_of: int | date | None) -> int | None:
    if as_of is None:
        return record.last_day()
    if isinstance(as_of, date):
        if record.day_zero is None:
            raise AssessmentError(
                f"{record.patient_id}: {as_of.isoformat()} can't be placed, because the record has"
                " no day zero; give a day of its axis."
            )
        return (as_of - record.day_zero).days
    return as_of


def _known_at(record: Record, day: int) -> Record:
    """The record as known on `day`, without the issues of rows that came later, or that tell of
    later days.
    """
    known = record.known_at(day)
    kept = {event.source.row for name in EVENT_FIELDS for event in getattr(known, name)}
    later = {event.source.row for name in EVENT_FIELDS for event in getattr(record, name)} - kept
    issues = tuple(
        x for x in known.issues if x.source.row not in later and (x.day is None or x.day <= day)
    )
    return replace(known, issues=issues)


def _text(found: Found, entry: Finding) -> str:
    """What was seen, in words that never state what is not so: without a text of its own the
    meaning follows a yes, a no or the value.
    """
    meaning = entry.meaning.rstrip(".")
    meaning = (
        meaning if meaning[1:2].isupper() else meaning[:1].lower() + meaning[1:]
    )  # not the first letter of an abbreviation
    if not found.known:
        return f"not known: {meaning}" + (f" ({found.text})" if found.text else "")
    if found.text:
        return found.text
    if isinstance(found.value, bool):
        return f"{'yes' if found.value else 'no'}: {meaning}"
    unit = f" {entry.unit}" if entry.unit else ""
    return f"{found.value}{unit}: {meaning}" if found.value is not None else meaning


def _each_text_once(reads: Iterable[FindingRead]) -> tuple[FindingRead, ...]:
    """A derived finding and its parts were seen in the same rows: the words stand with the first of
    them only.
    """
    kept: list[FindingRead] = []
    for read in reads:
        kept.append(
            replace(read, text="") if any(read.text == other.text for other in kept) else read
        )
    return tuple(kept)


@dataclass(slots=True)
class Shown:
    """Conditions of one patient as they are shown: each is looked up once, because many rules share
    it.
    """

    plan: Plan
    patient: Patient
    answers: tuple[int, ...]  # of this patient, by number of condition
    _parts: dict[
        int, tuple[tuple[FindingRead, ...], tuple[str, ...], tuple[str, ...], tuple[str, ...]]
    ] = field(default_factory=dict)
    _reads: dict[str, FindingRead] = field(default_factory=dict)
    _bases: dict[tuple[int, str, tuple[str, ...]], Basis] = field(default_factory=dict)
    _sentences: dict[tuple[str, int], str] = field(default_factory=dict)

    def truth(self, number: int) -> bool | None:
        answer = self.answers[number]
        return None if answer == -1 else answer == 1

    def finding(self, name: str) -> FindingRead:
        if name not in self._reads:
            found = self.patient.found.get(name, unknown())
            text = _text(found, self.plan.knowledge.catalogue[name])
            low, high = (None, None)
            if found.interval is not None:
                ends = found.interval.to_dict()
                low, high = ends["low"], ends["high"]
            self._reads[name] = FindingRead(
                name=name, value=found.value, text=text, low=low, high=high
            )
        return self._reads[name]

    def parts(
        self, number: int
    ) -> tuple[tuple[FindingRead, ...], tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """The findings that the condition reads, the rows they rest on, what is missing, and the
        work-ups that would supply it.
        """
        if number not in self._parts:
            condition = self.plan.conditions[number]
            reads = _each_text_once(self.finding(name) for name in condition.reads)
            rows = dict.fromkeys(
                str(s)
                for name in condition.reads
                if (f := self.patient.found.get(name))
                for s in f.sources
            )
            missing: tuple[str, ...] = ()
            if self.answers[number] == -1:
                missing = unknown_findings(condition, self.patient.values, self.patient.intervals)
            self._parts[number] = (reads, tuple(rows), missing, self.asks(missing))
        return self._parts[number]

    def asks(self, missing: Iterable[str]) -> tuple[str, ...]:
        """Names of the work-ups that would supply these findings, by themselves or by what they are
        derived from.
        """
        catalogue, workups = self.plan.knowledge.catalogue, self.plan.knowledge.workups
        ids: dict[str, None] = {}
        for name in missing:
            own = catalogue[name].asks
            asked = own or tuple(
                a
                for part in catalogue.sources_of(name)
                if self.patient.values.get(part) is None
                for a in catalogue[part].asks
            )
            ids.update(dict.fromkeys(asked))
        return tuple(workups[i].name for i in ids if i in workups)

    def basis(self, number: int, rule: str, citations: tuple[str, ...] = ()) -> Basis:
        """`rule` is the rule as it stands in its file: options that share it share the basis."""
        key = (number, rule, citations)
        if key not in self._bases:
            findings, rows, _, _ = self.parts(number)
            self._bases[key] = Basis(
                findings=findings, sources=rows, rules=(rule,), citations=citations
            )
        return self._bases[key]

    def sentence(self, because: str, number: int) -> str:
        """The reason, which speaks as if the condition were true, with what is known of that."""
        answer = self.answers[number]
        if answer == 1:
            return because
        key = (because, answer)
        if key not in self._sentences:
            self._sentences[key] = f"{NOT_KNOWN if answer == -1 else NOT_SO} {because}"
        return self._sentences[key]

    def rule(self, rule: Rule, number: int) -> Reason:
        _, _, missing, asks = self.parts(number)
        return Reason(
            rule=rule.id,
            effect=rule.effect,
            # a requirement gives its reason for the case that it is not met
            text=(
                rule.because
                if rule.effect == "require" and self.answers[number] == 0
                else self.sentence(rule.because, number)
            ),
            when=rule.when,
            truth=self.truth(number),
            basis=self.basis(number, rule.id.partition("@")[0], rule.sources),
            stage=rule.stage,
            until=rule.until,
            missing=missing,
            asks=asks,
        )

    def indicator(self, indicator: Indicator, number: int) -> Reason:
        _, _, missing, asks = self.parts(number)
        return Reason(
            rule=indicator.id,
            effect=indicator.direction,
            text=self.sentence(indicator.because, number),
            when=indicator.when,
            truth=self.truth(number),
            basis=self.basis(number, indicator.id, indicator.sources),
            weight=indicator.weight,
            timing=indicator.timing,
            missing=missing,
            asks=asks,
        )
