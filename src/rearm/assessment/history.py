"""What the case line and the timeline need of the record, so that a result can be drawn alone."""

from __future__ import annotations

from rearm.assessment.basis import Basis
from rearm.assessment.result import (
    CaseResult,
    DayRange,
    InfusionResult,
    Point,
    StatedResponse,
    TherapyResult,
    VisitResult,
)
from rearm.record import Lab, Record, Therapy, When
from rearm.therapy.anti_myeloma import treats_myeloma

__all__ = ["case_of", "series_of", "stated_responses_of", "therapies_of", "visits_of"]

_LONG_AGO = -(10**9)


def case_of(record: Record) -> CaseResult:
    """Who the patient is; infusions by day, then by the order of the input."""
    collected_only = [i for i in record.infusions if i.infused is False]
    return CaseResult(
        sex=record.sex,
        heavy_chain=record.heavy_chain,
        light_chain=record.light_chain,
        infusions=tuple(
            InfusionResult(day=_days(i.when), product=i.product, infused=i.infused)
            for i in (*record.infused(), *collected_only)
        ),
        deaths=tuple(_days(d.when) for d in record.deaths),
    )


def therapies_of(basis: Basis) -> tuple[TherapyResult, ...]:
    """Every stretch of treatment, by its first possible day, then by line."""
    rows = sorted(basis.patient.record.therapies, key=_therapy_order)
    return tuple(
        TherapyResult(
            start=_days(t.start),
            end=_days(t.end),
            row=basis.row(t.source),
            line=t.line,
            regimen=t.regimen,
            agents=t.agents,
            unread=t.unread,
            purpose=t.purpose,
            best_response=t.best_response,
            supportive=treats_myeloma(t) is False,
        )
        for t in rows
    )


def _therapy_order(therapy: Therapy) -> tuple[int, int]:
    first = therapy.start.first
    return (_LONG_AGO if first is None else first, therapy.line or 0)


def visits_of(basis: Basis) -> tuple[VisitResult, ...]:
    """The computed course after the last infusion; empty where there is none."""
    failures = basis.patient.failures
    course = failures[-1].course if failures else None
    if course is None:
        return ()
    return tuple(
        VisitResult(
            day=v.day,
            between=None if v.when.day is not None else _days(v.when),
            response=v.response,
            confirmed=v.confirmed,
            reason=v.reason,
            missing=tuple(v.missing),
        )
        for v in course.visits
    )


def stated_responses_of(record: Record) -> tuple[StatedResponse, ...]:
    """The responses that the team recorded, on their day, on a planned one, or between the days
    that are known.
    """
    stated = []
    for statement in record.responses:
        day = statement.day if statement.day is not None else statement.nominal_day
        between = _days(statement.when) if day is None else None
        stated.append(StatedResponse(day=day, between=between, response=statement.response))
    return tuple(stated)


def series_of(record: Record) -> dict[str, tuple[Point, ...]]:
    """Every usable number, by test, oldest first by the first day that it may be of; first those
    that have none.
    """
    points: dict[str, list[tuple[int, Point]]] = {}
    for lab in record.labs:
        if lab.quantity is not None:
            first = _LONG_AGO if lab.when.first is None else lab.when.first
            points.setdefault(lab.test, []).append((first, _point(lab)))
    return {
        test: tuple(point for _, point in sorted(rows, key=lambda row: row[0]))
        for test, rows in points.items()
    }


def _point(lab: Lab) -> Point:
    quantity = lab.quantity
    assert quantity is not None  # the caller looked
    exact = quantity.exact
    return Point(
        day=lab.day,
        between=_days(lab.when) if lab.day is None else None,
        value=exact,
        interval=quantity.to_dict() if exact is None else None,
        as_given=lab.as_given or None,
    )


def _days(when: When) -> DayRange:
    return DayRange(low=when.first, high=when.last)
