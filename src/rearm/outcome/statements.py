"""Days and sources that a judgement of failure is read from: statements of the team, rows with a
day, results behind a progression.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from rearm.record import Record, ResponseStatement, Source, When
from rearm.response.score import Visit

__all__ = [
    "MONTH",
    "assessed_day",
    "last_data_day",
    "pd_sources",
    "stated_day",
    "stated_when",
    "surely_before",
    "team_progression",
]

MONTH = 31  # days; what is known by less has no day

_TESTS = {
    "serum": ("serum_m_protein", "iga", "igg", "igd", "igm"),
    "urine": ("urine_m_protein_24h",),
    "dflc": ("kappa_flc", "lambda_flc"),
    "marrow": ("marrow_plasma_cells",),
    "circulating": ("circulating_plasma_cells",),
}


def stated_when(statement: ResponseStatement) -> When:
    """When it was made: the planned day where the visit is known by its plan, else the days that
    the input allows.
    """
    if statement.when.day is None and statement.nominal_day is not None:
        return When.on(statement.nominal_day)
    return statement.when


def stated_day(statement: ResponseStatement) -> int | None:
    """The day to order it by: exact, planned, or the last of a month. None where its bounds lie
    further apart: "after infusion" is no day, also where the last contact is known.
    """
    when = stated_when(statement)
    if when.first is None or when.last is None or when.last - when.first > MONTH:
        return None
    return when.last


def assessed_day(statement: ResponseStatement) -> int | None:
    """The day until which the disease was surely followed by it: the first of a month."""
    return None if stated_day(statement) is None else stated_when(statement).first


def team_progression(statements: Iterable[ResponseStatement]) -> ResponseStatement | None:
    """The team's day of progression; where only visit responses stand there, the first PD among
    them.
    """
    dated = [
        (day, s) for s in statements if s.response == "PD" and (day := stated_day(s)) is not None
    ]
    named = [(day, s) for day, s in dated if "progression" in (s.basis or "").lower()]
    first = min(named or dated, key=lambda x: x[0], default=None)
    return first[1] if first is not None else None


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


def last_data_day(record: Record) -> int | None:
    """The last day on which the record has anything, by exact days only."""
    tables: tuple[Sequence[_DatedRow], ...] = (
        record.labs,
        record.therapies,
        record.responses,
        record.variants,
        record.imaging,
        record.toxicities,
        record.conditions,
        record.facts,
        record.set_aside,
    )
    days = [event.when.day for table in tables for event in table]
    return max((day for day in days if day is not None), default=None)


class _DatedRow(Protocol):
    @property
    def when(self) -> When: ...
