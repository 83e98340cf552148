"""The response course of one stretch of treatment, from raw results: `response_course` is the
public entry.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, Literal

import msgspec

from rearm.interval import Interval
from rearm.record import Record, When
from rearm.response.confirm import Confirmed, confirm, confirmed_depth
from rearm.response.criteria import Criteria, load_criteria
from rearm.response.lesions import LesionLog, histology
from rearm.response.measurable import Chain, Measurable
from rearm.response.mrd import MrdState
from rearm.response.new_therapy import begins, new_therapy
from rearm.response.organ_damage import ClinicalEvent, clinical_events
from rearm.response.progression import Criterion, MetCriterion
from rearm.response.remarks import visit_remarks
from rearm.response.score import Visit, score_visits
from rearm.response.signals import Signal
from rearm.response.signs import CourseBasis, Signs, signs_of
from rearm.response.visits import CollectedResults, CourseFlag, Stretch, VisitResults, collect

__all__ = ["Baseline", "CourseDays", "ResponseCourse", "Suspicion", "response_course"]

_FAR = 10**9
_OWN_CRITERIA = {
    "al_amyloidosis": "AL amyloidosis",
    "plasma_cell_leukaemia": "plasma-cell leukaemia",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseDays:
    """Days of a course where they are not the usual ones, on the patient's axis.

    `baseline`: last day whose values are baseline for response (default: the start; values of the
    start day were taken before the dose). `floor`: last day whose values open the nadir (default:
    `baseline`). `baseline_from`: no older value is baseline. `new_therapy`: default the first
    unplanned therapy after the start. `schedule`: planned days of assessment, shown as NE where not
    done. None: not known, or the usual day.

    >>> import rearm
    >>> record = rearm.read("examples/tables").records[0]
    >>> from rearm.response import response_course
    >>> course = response_course(record, start=0)
    >>> from rearm.response import CourseDays
    >>> response_course(record, start=0, days=CourseDays(baseline=-40)).baseline.results.day
    -48
    """

    baseline: int | None = None
    floor: int | None = None
    baseline_from: int | None = None
    new_therapy: int | None = None
    schedule: tuple[int, ...] = ()

    def settled(self, start: int, until: int | None) -> Stretch:
        """All days of the course that begins on `start`."""
        baseline = start if self.baseline is None else self.baseline
        return Stretch(
            start=start,
            end=_FAR if until is None else until,
            baseline=baseline,
            floor=baseline if self.floor is None else self.floor,
            earliest=-_FAR if self.baseline_from is None else self.baseline_from,
            schedule=frozenset(self.schedule),
        )


_USUAL_DAYS = CourseDays()


class Baseline(msgspec.Struct, frozen=True, kw_only=True):
    """Values that falls are counted from: canonical unit, or word. A test without a value is
    missing from `results`.

    >>> import rearm
    >>> record = rearm.read("examples/tables").records[0]
    >>> from rearm.response import response_course
    >>> course = response_course(record, start=0)
    >>> str(course.baseline.results.values["serum_m_protein"])
    '2.7'
    """

    results: VisitResults  # what was measured
    lesions: str  # plasmacytomas in words, where there were any

    @property
    def values(self) -> Mapping[str, Interval | str]:
        """The values, by test."""
        return self.results.values

    @property
    def days(self) -> Mapping[str, int]:
        """The day of each value."""
        return {test: self.results.day_of(test) for test in self.results.labs}


class Suspicion(msgspec.Struct, frozen=True, kw_only=True):
    """A progression that is met but not confirmed: `unconfirmed` waits for its repeat,
    `provisional` is too early after CAR-T to tell. A course without one has None.

    >>> import rearm
    >>> record = rearm.read("examples/tables").records[8]
    >>> from rearm.response import response_course
    >>> response_course(record, start=0).suspicion.certainty
    'unconfirmed'
    """

    day: int  # the first day on which it is met
    certainty: Literal["unconfirmed", "provisional"]  # why it does not count yet
    met: tuple[MetCriterion, ...]  # the criteria that are met

    @property
    def text(self) -> str:
        """The values that met them, in words."""
        return "; ".join(p.text for p in self.met)


@dataclass(frozen=True, kw_only=True)
class ResponseCourse:
    """The course from `start` on. Days are on the patient's axis; a day that is None did not happen
    or cannot be told from this record.

    `undecided`: of what it is not known whether it is measurable. `visits` begin after the start
    (the baseline stands apart). `progression_day` is the first day on which a criterion was met
    that was then confirmed; `progression_interval` is (last visit without, first with progression).
    `not_evaluable` says why none can be given. What stands beside the responses (signals, flags,
    organ damage, MRD) is worked out when it is first asked for.

    >>> import rearm
    >>> record = rearm.read("examples/tables").records[0]
    >>> from rearm.response import response_course
    >>> course = response_course(record, start=0)
    >>> [(v.day, v.response) for v in course.visits][:2]
    [(28, 'PR'), (56, 'PR')]
    """

    start: int  # the first day
    until: int | None  # the last day that is read
    criteria: Criteria  # by which it is judged
    measurable: tuple[Measurable, ...]  # serum, urine, light chains ... at the baseline
    undecided: tuple[Measurable, ...]
    involved_chain: Chain | None  # kappa | lambda; None: not known
    baseline: Baseline  # the values that falls are counted from
    visits: tuple[Visit, ...]
    best_confirmed: str  # NE: none can be given
    best_confirmed_day: int | None  # on which it was first reached
    progression_day: int | None
    progression_met: tuple[MetCriterion, ...]  # the criteria that were met on that day
    progression_interval: tuple[int | None, int] | None
    suspicion: Suspicion | None  # a progression that is not confirmed
    new_therapy_day: int | None  # on which the course ends for response
    last_assessed_day: int | None  # the last visit with a response
    not_evaluable: str | None
    serum_test: str  # which test stands for the M-protein
    lesion_days: Mapping[str, int]  # lesions that are new in this course -> day
    _evidence: CourseBasis | None = field(repr=False, compare=False)

    @cached_property
    def _signs(self) -> Signs:
        if self._evidence is None:
            raise TypeError("a course without its evidence has no signs")
        return signs_of(self._evidence)

    @cached_property
    def open_visits(self) -> Mapping[int, tuple[str, ...]]:
        """Day of a visit without progression -> the tests by which bounds leave open whether there
        was one.
        """
        return {
            v.day: tests
            for v in self.visits
            if v.markers is not None and not v.pd and (tests := v.markers.open_rises.get(v.place))
        }

    @property
    def progression_criteria(self) -> tuple[Criterion, ...]:
        """The criteria of the confirmed progression, each once."""
        return tuple(dict.fromkeys(p.criterion for p in self.progression_met))

    @property
    def progression_when(self) -> When | None:
        """The days that the progression may have been on; None where there was none."""
        return None if self.progression_day is None else self.when_of(self.progression_day)

    def when_of(self, day: int) -> When:
        """The days that the visit shown on `day` may have been on; of no visit the day itself."""
        return next((v.when for v in self.visits if v.day == day), When.on(day))

    @property
    def progression_reason(self) -> str | None:
        """The values that met them, in words."""
        return "; ".join(p.text for p in self.progression_met) or None

    @property
    def relapse_from_cr_day(self) -> int | None:
        """Day of relapse after a confirmed CR."""
        return self._signs.relapse_from_cr_day

    @property
    def clinical_relapse_day(self) -> int | None:
        """First day of organ damage due to myeloma or of a new lesion."""
        return self._signs.clinical_relapse_day

    @property
    def biochemical_relapse_day(self) -> int | None:
        """Day of a significant biochemical relapse: a reason to treat, no response category."""
        return self._signs.biochemical_relapse_day

    @property
    def clinical_events(self) -> tuple[ClinicalEvent, ...]:
        return self._signs.clinical_events

    @property
    def mrd(self) -> tuple[MrdState, ...]:
        return self._signs.mrd

    @property
    def mrd_negative_days(self) -> tuple[int, ...]:
        return tuple(x.day for x in self._signs.mrd if x.state == "negative")

    @property
    def sustained_mrd_negative_day(self) -> int | None:
        """First day on which marrow and imaging have been negative for a year."""
        return self._signs.sustained_mrd_negative_day

    @property
    def signals(self) -> tuple[Signal, ...]:
        return self._signs.signals

    @property
    def flags(self) -> tuple[CourseFlag, ...]:
        return self._signs.flags

    def best_by(self, day: int) -> str:
        """Best confirmed response credited up to `day`; `NE` where none was."""
        best = "NE"
        for visit in self.visits:
            if visit.day <= day and visit.confirmed not in ("PD", "BL"):
                best = visit.confirmed
        return best

    def depth_by(self, day: int) -> tuple[str, bool]:
        """The deepest confirmed response that began up to `day`, and whether it lacks the urine,
        without which strict IMWG calls no more than PR; `NE` where none was.
        """
        return confirmed_depth(
            self.visits, self.criteria, new_therapy_day=self.new_therapy_day, last=day
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ResponseCourse):
            return NotImplemented
        names = [f.name for f in fields(self) if f.compare]
        same = all(getattr(self, name) == getattr(other, name) for name in names)
        return same and self._signs == other._signs

    __hash__ = None  # type: ignore[assignment]

    def __getstate__(self) -> dict[str, Any]:
        """What is sent to another process: all that can be asked for, not what it was made of."""
        return {**self.__dict__, "_signs": self._signs, "_evidence": None}


def response_course(
    record: Record,
    *,
    start: int,
    until: int | None = None,
    criteria: Criteria | None = None,
    days: CourseDays | None = None,
    infusion: bool | None = None,
    through_new_therapy: bool = False,
) -> ResponseCourse:
    """The confirmed IMWG course of `record` that begins on the day `start` (of the infusion, of the
    first dose of a line, or of the baseline), up to the day `until` (None: all that is known).

    `criteria`: by default the IMWG 2016 criteria. `days`: other days that are not the usual ones.
    `infusion`: a CAR-T course, where early progression is provisional (default: a product was
    infused on `start`). `through_new_therapy` reads on past new therapy. Missing or unusable
    results give NE or a lower level with the reason. Raises nothing on what a record holds.

    >>> import rearm
    >>> record = rearm.read("examples/tables").records[0]
    >>> from rearm.response import response_course
    >>> course = response_course(record, start=0)
    >>> course.best_confirmed, course.best_confirmed_day, course.progression_day
    ('VGPR', 84, 402)
    """
    c = criteria or load_criteria()
    days = days or _USUAL_DAYS
    if infusion is None:
        infusion = any(x.day == start and x.infused is not False for x in record.infusions)
    new_therapy_day = days.new_therapy
    if through_new_therapy:
        new_therapy_day = None
    elif new_therapy_day is None:
        split = c.split_infusion_days if infusion else 0
        new_therapy_day = _new_therapy_day(record, start, until, split)
    collected = collect(record, c, days.settled(start, until))
    provisional = start + c.provisional_days if infusion else None
    provisional_lesion = start + c.provisional_lesion_days if infusion else None
    log = LesionLog(c, histology(record.facts), provisional_lesion)
    scored = score_visits(collected, c, log, record, provisional_until=provisional)
    own = _own_criteria(record, start)
    changed = own is not None or bool(c.calcium_pd)
    remarks = visit_remarks(scored, record) if changed else None
    if own is not None:
        _not_evaluable(scored.visits, own)
    elif c.calcium_pd:
        events, _ = clinical_events(record, collected, c, infusion=infusion, until=until)
        _calcium_progression(scored.visits, events, collected, c)
    confirmed = confirm(
        scored.visits,
        c,
        new_therapy_day=new_therapy_day,
        died_of_myeloma=_died_of_myeloma(record, until, new_therapy_day),
        provisional_until=provisional,
    )
    for visit, status in zip(scored.visits, confirmed.statuses, strict=True):
        visit.confirmed = status
    evidence = CourseBasis(
        record=record,
        criteria=c,
        collected=collected,
        log=log,
        scored=scored,
        confirmed=confirmed,
        infusion=infusion,
        until=until,
        new_therapy_day=new_therapy_day,
        own_criteria=own is not None,
        remarks=remarks,
    )
    return _course(evidence, own)


def _course(e: CourseBasis, own: str | None) -> ResponseCourse:
    collected, disease, confirmed = e.collected, e.scored.disease, e.confirmed
    progression = confirmed.progression
    last = next((v for v in reversed(e.counted()) if v.response != "NE"), None)
    return ResponseCourse(
        start=collected.start,
        until=e.until,
        criteria=e.criteria,
        measurable=disease.measurable,
        undecided=disease.undecided,
        involved_chain=e.scored.involved,
        baseline=Baseline(results=collected.baseline, lesions=disease.lesions),
        visits=tuple(e.visits),
        best_confirmed=confirmed.best,
        best_confirmed_day=confirmed.best_day,
        progression_day=e.progression_day,
        progression_met=() if progression is None else progression.met,
        progression_interval=_interval(e.visits, e.progression_day),
        suspicion=_suspicion(confirmed),
        new_therapy_day=e.new_therapy_day,
        last_assessed_day=None if last is None else last.day,
        not_evaluable=own,
        serum_test=collected.serum_test,
        lesion_days=e.log.new_days(),
        _evidence=e,
    )


def _new_therapy_day(record: Record, start: int, until: int | None, split: int) -> int | None:
    """The first unplanned therapy, or an infusion later than `split` days after the start."""
    days = [x.day for x in record.infused() if x.day is not None and x.day > start + split]
    therapy = new_therapy(record, start, until=until)
    if therapy is not None and (day := begins(therapy)) is not None:
        days.append(day)
    return min((d for d in days if until is None or d <= until), default=None)


def _died_of_myeloma(record: Record, until: int | None, new_therapy_day: int | None) -> bool:
    """Did the course end by death of myeloma? A death without a day comes after all with one."""
    ends = [d for d in (until, new_therapy_day) if d is not None]
    for death in record.deaths:
        last = death.when.last
        within = not ends if last is None else all(last <= end for end in ends)
        if death.of_myeloma and within:
            return True
    return False


def _own_criteria(record: Record, start: int) -> str | None:
    """Diseases with criteria of their own, where they were there before the course (a leukaemic
    relapse is a pattern of myeloma).
    """
    for condition in record.conditions:
        name = _OWN_CRITERIA.get(condition.condition)
        if name is None or condition.status != "present":
            continue
        first, last = condition.when.first, condition.when.last
        may_be_later = first is None and last is not None and last > start
        if (first is None or first <= start) and not may_be_later:
            return f"{name} has its own response criteria, so it is not evaluable by these"
    return None


def _not_evaluable(visits: Iterable[Visit], why: str) -> None:
    for v in visits:
        v.response, v.rule, v.because, v.pd = "NE", "ne-other-criteria", ("said", why), ()


def _calcium_progression(
    visits: Iterable[Visit],
    events: Sequence[ClinicalEvent],
    collected: CollectedResults,
    c: Criteria,
) -> None:
    """2006 and 2011: hypercalcaemia above the limit is progression, where it is attributed to
    myeloma (A6).
    """
    due = next((e for e in events if e.what == "hypercalcaemia" and e.attributed), None)
    if due is None:
        return
    high = {
        x.when.first: x.quantity.low
        for x in collected.crab.get("calcium_corrected", ())
        if x.quantity is not None and x.quantity.above(c.calcium_pd)
    }
    for v in visits:
        if v.day < due.day or v.day not in high:
            continue
        met = MetCriterion(
            criterion="calcium",
            day=v.day,
            repeat=True,
            provisional=False,
            because=("calcium", high[v.day]),
        )
        v.pd = (*v.pd, met)
        if v.response != "PD":
            v.response, v.rule, v.because = "PD", "pd-calcium", met.because


def _interval(
    visits: Iterable[Visit], progression_day: int | None
) -> tuple[int | None, int] | None:
    if progression_day is None:
        return None
    before = [v.day for v in visits if v.day < progression_day and v.response not in ("NE", "PD")]
    return max(before, default=None), progression_day


def _suspicion(confirmed: Confirmed) -> Suspicion | None:
    visit = confirmed.pending
    if visit is None or not visit.pd:
        return None
    return Suspicion(
        day=min(p.day for p in visit.pd),
        certainty="provisional" if confirmed.pending_provisional else "unconfirmed",
        met=visit.pd,
    )
