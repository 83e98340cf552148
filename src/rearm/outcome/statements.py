"""Days and sources that a judgement of failure is read from: statements of the team, rows with a
day, results behind a progression.
"""

from __future__ import annotations

from collections.abc import Iterable

from rearm.record import Record, ResponseStatement, Source
from rearm.response.score import Visit

__all__ = ["data_days", "pd_sources", "stated_day", "surely_before", "team_progression"]

_TESTS = {
    "serum": ("serum_m_protein", "iga", "igg", "igd", "igm"),
    "urine": ("urine_m_protein_24h",),
    "dflc": ("kappa_flc", "lambda_flc"),
    "marrow": ("marrow_plasma_cells",),
    "circulating": ("circulating_plasma_cells",),
}


def stated_day(statement: ResponseStatement) -> int | None:
    when = statement.when
    if when.day is not None:
        return when.day
    if statement.nominal_day is not None:
        return statement.nominal_day
    return when.last if when.last is not None else when.first


def team_progression(statements: Iterable[ResponseStatement]) -> ResponseStatement | None:
    """The team's day of progression; where only visit responses stand there, the first PD among
    them.
    """
    found = [s for s in statements if s.response == "PD" and stated_day(s) is not None]
    named = [s for s in found if "progression" in (s.basis or "").lower()]
    return min(named or found, key=lambda s: stated_day(s) or 0, default=None)


def surely_before(statement: ResponseStatement, day: int) -> bool:
    """A response at a planned visit counts only where the visit lies before `day`, by every day
    that it may have been.
    """
    days = [d for d in (statement.when.last, statement.nominal_day) if d is not None]
    return bool(days) and max(days) < day


def pd_sources(visit: Visit) -> Iterable[Source]:
    for pd in visit.pd:
        for test in _TESTS.get(pd.criterion, ()):
            if test in visit.results.labs:
                yield visit.results.labs[test].source
        if pd.criterion.startswith(("new_lesion", "lesion_growth")):
            for exam in visit.results.exams:
                yield from (row.source for row in exam.rows)


def data_days(record: Record) -> Iterable[int]:
    for events in (
        record.labs,
        record.therapies,
        record.responses,
        record.variants,
        record.imaging,
        record.toxicities,
        record.conditions,
        record.facts,
        record.set_aside,
    ):
        for event in events:
            day = event.when.first
            if day is not None and day == event.when.last:
                yield day
