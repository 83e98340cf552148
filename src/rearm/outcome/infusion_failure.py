"""Did one CAR-T infusion fail, and when: computed progression beside what the team recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from rearm.interval import Interval
from rearm.outcome import failure_words
from rearm.outcome.best_response import RESPONSE_DEPTH, BestResponse
from rearm.outcome.failure import (
    Failure,
    FailureCertainty,
    FailureKind,
    FailureReason,
    FailureStatus,
    FailureTiming,
)
from rearm.outcome.infusion_case import InfusionCase
from rearm.outcome.pattern import pattern_at
from rearm.record import UNKNOWN_WHEN, Source, When
from rearm.response.signals import Signal
from rearm.response.visits import CourseFlag

__all__ = ["judged", "timing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Verdict:
    status: FailureStatus
    because: FailureReason
    certainty: FailureCertainty | None = None
    when: When = UNKNOWN_WHEN
    kind: FailureKind | None = None
    basis: tuple[Source, ...]


def judged(case: InfusionCase) -> Failure:
    decided = _decided(case)
    failed_on = decided.when if decided is not None and decided.status == "failed" else None
    signals = _signals(case, failed_on)
    verdict = decided if decided is not None else _undecided(case, signals)
    concerned = verdict.status in ("failed", "suspected")
    when = verdict.when if concerned else UNKNOWN_WHEN
    best = case.response.best(when if concerned else None)
    return Failure(
        infusion_day=case.start,
        product=case.name,
        targets=case.targets,
        number=case.number,
        status=verdict.status,
        because=verdict.because,
        certainty=verdict.certainty,
        day=when.day,
        when=when,
        kind=verdict.kind,
        timing=timing(
            case, _suspected_between(signals, when) if verdict.because == "open_signals" else when
        ),
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
    if c.no_response_is_failure and case.no_response is not None and case.no_response.open:
        return _Verdict(
            status="failed",
            because="no_response",
            certainty="confirmed",
            when=When.on(case.no_response.day),
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
    """The verdict by death of another cause, signals of relapse, and what could be assessed. A
    lesion that nobody measured may have been the progression, whatever the cause of death.
    """
    standing = [signal for signal in signals if signal.open]
    lesions = [signal for signal in standing if signal.id == "new_uptake"]
    if case.death is not None and not lesions:
        return _Verdict(
            status="died_without_progression", because="death", basis=(case.death.source,)
        )
    if standing:
        when = _suspected_on(case, standing if case.death is None else lesions)
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


def _suspected_between(signals: Sequence[Signal], when: When) -> When:
    """From the first open signal to the last: each of them may be the relapse."""
    days = [s.day for s in signals if s.open and s.day is not None]
    return When(min(days), max(days)) if days else when


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
        return None if timing(case, when) == "late" else "primary_refractory"
    complete = case.response.best(when).response in ("CR", "sCR")
    return "progression_from_cr" if complete else "progression_after_response"


def _responded(case: InfusionCase, when: When, *, concerned: bool) -> bool | None:
    if concerned:
        return case.response.reached(when, "PR")
    best = case.response.best(None).response
    reached = best is not None and RESPONSE_DEPTH[best] >= RESPONSE_DEPTH["PR"]
    return True if reached else None  # one may still come


def timing(case: InfusionCase, when: When) -> FailureTiming | None:
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
    late = case.no_response
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
