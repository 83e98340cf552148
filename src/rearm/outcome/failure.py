"""Did a CAR-T infusion fail, and when: computed progression beside what the team recorded, one
answer per infusion.

The answer is made of codes; `rearm.outcome.failure_words` makes the sentences from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import inf
from typing import Literal

from rearm.interval import Interval
from rearm.outcome import failure_words
from rearm.outcome.best_response import NO_RESPONSE_KNOWN, RESPONSE_DEPTH, BestResponse
from rearm.outcome.comparison import Comparison, compared
from rearm.outcome.infusion_case import InfusionCase
from rearm.outcome.infusions import InfusedProduct, course_of, infused_products
from rearm.outcome.pattern import RelapsePattern, pattern_at
from rearm.outcome.readings import agreed, days_between, readings, tell_days, vague_days
from rearm.record import UNKNOWN_WHEN, Record, Source, When
from rearm.response.course import ResponseCourse
from rearm.response.criteria import Criteria, load_criteria
from rearm.response.signals import Signal
from rearm.response.visits import CourseFlag

__all__ = [
    "Failure",
    "FailureCertainty",
    "FailureKind",
    "FailureReason",
    "FailureStatus",
    "FailureTiming",
    "JudgedReason",
    "failures",
]

FailureStatus = Literal[
    "failed", "suspected", "not_failed", "died_without_progression", "cannot_be_judged"
]
FailureCertainty = Literal["confirmed", "recorded_by_team", "unconfirmed", "provisional", "signal"]
FailureKind = Literal[
    "primary_refractory",
    "progression_after_response",
    "progression_from_cr",
    "death_of_myeloma",
    "new_therapy_without_pd",
]
FailureTiming = Literal["early", "intermediate", "late"]
JudgedReason = Literal[
    "progression",
    "team_progression",
    "death_of_myeloma",
    "new_therapy",
    "no_response",
    "suspicion",
    "death",
    "open_signals",
    "unread_results",
    "not_evaluable",
    "no_progression",
    "vague_days",
]
FailureReason = JudgedReason | Literal["infusion_undated"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What became of one infusion. Days are on the patient's axis, `timing` counts from the
    infusion.

    `day`: of failure, or of the suspicion; None where there is neither and where it is not exactly
    known: `when` has the days that it may have been. `kind`, `timing`, `pattern` of one hold if it
    is progression; `kind` and `timing` are None where they are not known. `responded`: whether
    there was a partial response or better before it (ever, where there is no failure); None where
    nobody looked or could judge. `because`: what decided; `reason` says it in a sentence.
    `best`: the best response by results and by the team. `computed_day` and `team_day` are kept
    side by side, `difference` says where they part and the likely reason. `followed_to_day`: last
    contact or later data; `last_assessed_day`: last day on which the disease could be judged.
    `case` is what was read; None where the infusion has no day. `readings`: where results are known
    by month or order only, what the failure is with each on its first and on its last possible day.
    """

    infusion_day: int | None
    product: str | None
    targets: tuple[str, ...]
    number: int  # from 1, in the order of time
    status: FailureStatus
    because: FailureReason
    certainty: FailureCertainty | None = None
    day: int | None = None
    when: When = UNKNOWN_WHEN
    kind: FailureKind | None = None
    timing: FailureTiming | None = None
    responded: bool | None = None
    pattern: tuple[RelapsePattern, ...] = ()
    signals: tuple[Signal, ...] = ()
    followed_to_day: int | None = None
    last_assessed_day: int | None = None
    basis: tuple[Source, ...] = ()
    best: BestResponse = NO_RESPONSE_KNOWN
    computed_day: int | None = None
    team_day: int | None = None
    flags: tuple[CourseFlag, ...] = ()
    course: ResponseCourse | None = None
    case: InfusionCase | None = field(default=None, repr=False, compare=False)
    readings: tuple[Failure, ...] = field(default=(), repr=False, compare=False)

    @property
    def best_response(self) -> str | None:
        """The one that is used; None where none is known or confirmed."""
        return self.best.response

    @property
    def best_response_by(self) -> Literal["computed", "team"] | None:
        return self.best.by

    @property
    def best_response_text(self) -> str | None:
        """The response with what is missing to it, and the team's beside it; None where there is
        neither.
        """
        return failure_words.response_words(self.best)

    @property
    def reason(self) -> str:
        """Why this status was given, as sentences."""
        return failure_words.failure_reason(self)

    @property
    def comparison(self) -> Comparison | None:
        """How the team's progression stands to the computed one; None where they agree."""
        return compared(self.case) if self.case is not None else None

    @property
    def difference(self) -> str | None:
        """The same in words."""
        return failure_words.difference_words(self.case) if self.case is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Verdict:
    status: FailureStatus
    because: FailureReason
    certainty: FailureCertainty | None = None
    when: When = UNKNOWN_WHEN
    kind: FailureKind | None = None
    basis: tuple[Source, ...]


def failures(record: Record, criteria: Criteria | None = None) -> tuple[Failure, ...]:
    """One `Failure` for each infusion, in the order of time; empty where nothing was infused. Never
    raises on what a record holds.
    """
    c = criteria or load_criteria()
    by_days = _failures(record, c)
    both = readings(record)
    if both is None:
        return by_days
    vague = vague_days(record)
    earliest, latest = (_failures(reading, c) for reading in both)
    for failure in (*earliest, *latest):
        if failure.course is not None:
            tell_days(failure.course, vague)
    return tuple(
        _read_twice(*three, tuple(vague.values()))
        for three in zip(by_days, earliest, latest, strict=True)
    )


def _failures(record: Record, c: Criteria) -> tuple[Failure, ...]:
    """By the results that have a day."""
    products = infused_products(record, c)
    return tuple(
        _failure(record, c, product, products[i - 1] if i else None, i + 1)
        for i, product in enumerate(products)
    )


def _failure(
    record: Record,
    c: Criteria,
    product: InfusedProduct,
    before: InfusedProduct | None,
    number: int,
) -> Failure:
    if product.day is None:
        return Failure(
            infusion_day=None,
            product=product.doses[0].product,
            targets=product.doses[0].targets,
            number=number,
            status="cannot_be_judged",
            because="infusion_undated",
            basis=tuple(dose.source for dose in product.doses),
        )
    course = course_of(record, c, product, before)
    return _judged(InfusionCase(record, c, product, course, number))


def _read_twice(
    by_days: Failure, earliest: Failure, latest: Failure, vague: Sequence[When]
) -> Failure:
    """What both readings of the `vague` days allow. Where only one of them is a failure, one is
    suspected on the vague days or those of that reading; `by_days` stands where neither is and they
    differ.
    """
    if earliest.case is None or _same_but_days(earliest, latest, by_days):
        return by_days
    both = (earliest, latest)
    if earliest.status == latest.status:
        best = _surely_reached(earliest.best, latest.best)
        return _between(earliest, both, days_between(earliest.when, latest.when), best)
    relapsed = [x for x in both if x.status in ("failed", "suspected")]
    if not relapsed:
        return replace(by_days, status="cannot_be_judged", because="vague_days", readings=both)
    when = relapsed[0].when
    for days in (relapsed[-1].when, *vague):
        own = earliest.case.part_within(days)
        when = when if own is None else days_between(when, own)
    best = _surely_reached(earliest.best, latest.best)
    found = _between(relapsed[0], both, when, best)
    return replace(found, status="suspected", because="vague_days", certainty="signal")


def _surely_reached(*best: BestResponse) -> BestResponse:
    """The shallowest of the best responses; one that is not known is shallower than any."""
    return min(best, key=lambda x: -1 if x.response is None else RESPONSE_DEPTH[x.response])


def _same_but_days(*failures: Failure) -> bool:
    """Do the vague results change nothing?"""
    first, *others = failures
    return all(
        (x.status, x.when, x.kind, x.best, x.last_assessed_day)
        == (first.status, first.when, first.kind, first.best, first.last_assessed_day)
        for x in others
    )


def _between(
    base: Failure, both: tuple[Failure, Failure], when: When, best: BestResponse
) -> Failure:
    """What both readings agree on, within the days of both."""
    assert base.case is not None
    assessed = [x.last_assessed_day for x in both]
    followed = [x.followed_to_day for x in both]
    return replace(
        base,
        day=when.day,
        when=when,
        certainty=agreed(x.certainty for x in both),
        kind=agreed(x.kind for x in both),
        timing=_timing(base.case, when),
        responded=agreed(x.responded for x in both),
        pattern=tuple(p for p in base.pattern if all(p in x.pattern for x in both)),
        best=best,
        last_assessed_day=min((d for d in assessed if d is not None), default=None),
        followed_to_day=min((d for d in followed if d is not None), default=None),
        computed_day=agreed(x.computed_day for x in both),
        flags=(*base.flags, CourseFlag("vague_days", None, failure_words.VAGUE_DAYS)),
        readings=both,
    )


def _judged(case: InfusionCase) -> Failure:
    decided = _decided(case)
    failed_on = decided.when if decided is not None and decided.status == "failed" else None
    signals = _signals(case, failed_on)
    verdict = decided if decided is not None else _undecided(case, signals)
    concerned = verdict.status in ("failed", "suspected")
    when = verdict.when if concerned else UNKNOWN_WHEN
    best = case.response.best(when if concerned else None)
    return Failure(
        infusion_day=case.start,
        product=case.product.doses[0].product,
        targets=case.product.doses[0].targets,
        number=case.number,
        status=verdict.status,
        because=verdict.because,
        certainty=verdict.certainty,
        day=when.day,
        when=when,
        kind=verdict.kind,
        timing=_timing(case, when),
        responded=_responded(case, when, concerned=concerned),
        pattern=(
            pattern_at(case.record, case.course, when, case.team_progression) if concerned else ()
        ),
        signals=signals,
        followed_to_day=_followed_to(case, verdict.status),
        last_assessed_day=case.last_assessed,
        basis=_basis(case, verdict),
        best=best,
        computed_day=case.course.progression_day,
        team_day=case.team_day,
        flags=_flags(case, best),
        course=case.course,
        case=case,
    )


def _decided(case: InfusionCase) -> _Verdict | None:
    """The verdict by progression, death of myeloma, or what the criteria count as failure; None
    where none of these decides.
    """
    course, c = case.course, case.criteria
    if course.progression_day is not None:
        return _Verdict(
            status="failed",
            because="progression",
            certainty="confirmed",
            when=When.on(course.progression_day),
            kind=_kind(case, When.on(course.progression_day)),
            basis=case.progression_sources(course.progression_day),
        )
    if case.team_progression is not None:
        return _Verdict(
            status="failed",
            because="team_progression",
            certainty="recorded_by_team",
            when=case.team_when,
            kind=_kind(case, case.team_when),
            basis=(case.team_progression.source,),
        )
    if case.death is not None and case.death.of_myeloma:
        return _Verdict(
            status="failed",
            because="death_of_myeloma",
            certainty="recorded_by_team",
            when=case.death_when,
            kind="death_of_myeloma",
            basis=(case.death.source,),
        )
    if c.new_therapy_is_failure and case.new_therapy is not None:
        when, source = case.new_therapy
        return _Verdict(
            status="failed",
            because="new_therapy",
            certainty="recorded_by_team",
            when=when,
            kind="new_therapy_without_pd",
            basis=(source,),
        )
    if (
        c.no_response_is_failure
        and case.response.no_response is not None
        and case.response.no_response.open
    ):
        return _Verdict(
            status="failed",
            because="no_response",
            certainty="confirmed",
            when=When.on(case.response.no_response.day),
            kind="primary_refractory",
            basis=case.last_sources,
        )
    if course.suspicion is not None:
        return _Verdict(
            status="suspected",
            because="suspicion",
            certainty="provisional"
            if course.suspicion.certainty == "provisional"
            else "unconfirmed",
            when=When.on(course.suspicion.day),
            kind=_kind(case, When.on(course.suspicion.day)),
            basis=case.progression_sources(course.suspicion.day),
        )
    return None


def _undecided(case: InfusionCase, signals: tuple[Signal, ...]) -> _Verdict:
    """The verdict by death of another cause, signals of relapse, and what could be assessed."""
    if case.death is not None:
        return _Verdict(
            status="died_without_progression", because="death", basis=(case.death.source,)
        )
    standing = [signal for signal in signals if signal.open]
    if standing:
        when = _suspected_on(case, standing)
        return _Verdict(
            status="suspected",
            because="open_signals",
            certainty="signal",
            when=when,
            kind=None if when == UNKNOWN_WHEN else _kind(case, when),
            basis=_basis_of_signals(case, standing),
        )
    if case.unread.hides_disease:
        return _Verdict(
            status="cannot_be_judged", because="unread_results", basis=case.unread.sources
        )
    if case.last_assessed is None and not case.seen_by_order:
        return _Verdict(status="cannot_be_judged", because="not_evaluable", basis=case.dose_sources)
    return _Verdict(status="not_failed", because="no_progression", basis=case.last_sources)


def _suspected_on(case: InfusionCase, standing: Sequence[Signal]) -> When:
    """The first day that a signal has; else the days that a stated relapse may have been on."""
    days = [signal.day for signal in standing if signal.day is not None]
    if days:
        return When.on(min(days))
    return case.relapse_when if case.relapse_stated is not None else UNKNOWN_WHEN


def _basis_of_signals(case: InfusionCase, standing: Sequence[Signal]) -> tuple[Source, ...]:
    stated = case.relapse_stated
    if stated is None or all(signal.id != "relapse_stated" for signal in standing):
        return case.last_sources
    return tuple(dict.fromkeys((stated.fact.source, *case.last_sources)))


def _kind(case: InfusionCase, when: When) -> FailureKind | None:
    """By the deepest response before it. Primary refractory only where it is known that there was
    none, and not where the progression was late: None.
    """
    responded = case.response.reached(when, case.criteria.response_depth)
    if responded is None:
        return None
    if not responded:
        return None if _timing(case, when) == "late" else "primary_refractory"
    complete = case.response.best(when).response in ("CR", "sCR")
    return "progression_from_cr" if complete else "progression_after_response"


def _responded(case: InfusionCase, when: When, *, concerned: bool) -> bool | None:
    if concerned:
        return case.response.reached(when, "PR")
    best = case.response.best(None).response
    reached = best is not None and RESPONSE_DEPTH[best] >= RESPONSE_DEPTH["PR"]
    return True if reached else None  # one may still come


def _timing(case: InfusionCase, when: When) -> FailureTiming | None:
    """Where the days that it may have been all lie in one stretch of time."""
    if when.first is None:
        return None
    since = Interval(when.first - case.start, inf if when.last is None else when.last - case.start)
    c = case.criteria
    if since.at_most(c.early_until):
        return "early"
    if since.above(c.intermediate_until):
        return "late"
    if since.above(c.early_until) and since.at_most(c.intermediate_until):
        return "intermediate"
    return None


def _signals(case: InfusionCase, failed_on: When | None) -> tuple[Signal, ...]:
    """Signs of relapse of the course, and those that precede a failure on `failed_on`."""
    signals = list(case.course.signals)
    late = case.response.no_response
    if late is not None and (failed_on is None or _before(late.day, failed_on)):
        text = failure_words.no_response_words(late)
        signals.append(Signal(id="no_response_by_day_90", day=late.day, open=late.open, text=text))
    relapse = case.relapse_stated
    if relapse is not None and failed_on is None:
        day = relapse.fact.day
        signals.append(Signal(id="relapse_stated", day=day, open=relapse.open, text=relapse.text))
    if case.new_therapy is not None:
        when = case.new_therapy[0]
        if failed_on is None or (when.day is not None and _before(when.day, failed_on)):
            text = failure_words.new_therapy_words(when)
            signals.append(Signal(id="new_therapy_without_pd", day=when.day, open=True, text=text))
    return tuple(sorted(signals, key=lambda s: (10**9 if s.day is None else s.day, s.id)))


def _before(day: int, failed_on: When) -> bool:
    """Does the day surely lie before the failure?"""
    return failed_on.first is not None and day < failed_on.first


def _basis(case: InfusionCase, verdict: _Verdict) -> tuple[Source, ...]:
    if case.death is None:
        return verdict.basis
    return tuple(dict.fromkeys((*verdict.basis, case.death.source)))


def _followed_to(case: InfusionCase, status: FailureStatus) -> int | None:
    """Day followed to; where what came after the last assessment could not be read, that
    assessment.
    """
    unread = case.unread
    later_unread = unread.unknown or unread.disease or unread.imaging or unread.bounds
    open_status = status in ("not_failed", "cannot_be_judged")
    if case.last_assessed is not None and open_status and later_unread:
        return case.last_assessed
    return case.followed_to


def _flags(case: InfusionCase, best: BestResponse) -> tuple[CourseFlag, ...]:
    flags = list(case.course.flags)
    later = case.data_after_last_contact
    if later is not None:
        text = failure_words.data_after_contact_words(case.record.last_seen_day, later)
        flags.append(CourseFlag("data_after_last_contact", later, text))
    if best.differs is not None or (best.at_least is not None and best.team is not None):
        text = failure_words.response_differs_words(best)
        flags.append(CourseFlag("response_differs", None, text))
    if case.death is not None and case.death.when.day is None:
        text = failure_words.death_day_unknown_words(case.death_when)
        flags.append(CourseFlag("death_day_unknown", None, text))
    return tuple(dict.fromkeys(flags))
