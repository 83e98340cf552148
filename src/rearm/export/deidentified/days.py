"""Days of patients without what would tell a date.

A day that an input gives as a month or a year is kept as the days between which it lies. Counted
from the infusion, the ends of a month tell the day of the month of the infusion, those of a year
its date. So intervals are widened, by a number of days that is the same for a patient and differs
between patients, those of a month or year to one length; the true interval lies within. A follow-up
that ends at such an end is shortened the same way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

__all__ = ["BOUND", "MONTH", "ORIGIN", "SALT", "UNIT", "Blur", "dated_by_month", "vague_ends"]

ORIGIN, BOUND, UNIT, SALT = "__origin", "__bound", "__unit", "__salt"
_SEED = 20261130  # no secret: the salt is
MONTH, _YEAR = 31, 366
_SHORTEST_YEAR = 364  # from its first to its last day
_OWN_SHARE, _SHARED = 0.25, 0.75  # of the widening, that of the interval and that of the patient
_STEPS = 2**16
_CALENDAR = (27, 28, 29, 30, 364, 365)  # from the first to the last day of a month or year
# ends that an order of events gives, not a calendar: before, at or after the infusion
_BY_ORDER = (-1, 0, 1)


class Blur:
    """How intervals are widened. What a patient's are widened by follows from the `SALT` of the
    patient, which nobody outside knows: alike in every table, and in every export, so that several
    together tell no more than one.
    """

    def low(self, low: pl.Expr, high: pl.Expr) -> pl.Expr:
        """The earliest day; all days are counted from the origin."""
        unit = _unit(low, high)
        alone = high.is_null() & ~low.is_in(_BY_ORDER)
        return (
            pl.when(low == high)
            .then(low)
            .when(low.is_not_null() & (high.is_not_null() | alone))
            .then(low - self.shift(unit, low, high))
            .otherwise(low)
        )

    def high(self, low: pl.Expr, high: pl.Expr) -> pl.Expr:
        """The latest day."""
        unit = _unit(low, high)
        alone = low.is_null() & ~high.is_in(_BY_ORDER)
        return (
            pl.when(low == high)
            .then(high)
            .when(low.is_not_null() & high.is_not_null())
            .then(low - self.shift(unit, low, high) + _length(low, high))
            .when(alone)
            .then(high + self.shift(unit, low, high))
            .otherwise(high)
        )

    def shift(self, unit: pl.Expr, *of: pl.Expr) -> pl.Expr:
        """Days by which something is moved, fewer than `unit`."""
        patient = self._fraction(pl.col(SALT))
        parts = (x.alias(f"_{n}") for n, x in enumerate(of))
        own = self._fraction(pl.struct(pl.col(SALT), *parts))
        days = (patient * _SHARED * unit).floor() + (own * _OWN_SHARE * unit).floor()
        return days.cast(pl.Int64)

    def _fraction(self, of: pl.Expr) -> pl.Expr:
        return (of.hash(_SEED) % _STEPS) / _STEPS


def _unit(low: pl.Expr, high: pl.Expr) -> pl.Expr:
    """A month; of an interval of a year or more so many years that it fits into. An open one counts
    as a year.
    """
    wide = high - low
    years = (wide / _YEAR).ceil().cast(pl.Int64) * _YEAR
    open_end = low.is_null() | high.is_null()
    return pl.when(open_end).then(_YEAR).when(wide < _SHORTEST_YEAR).then(MONTH).otherwise(years)


def _length(low: pl.Expr, high: pl.Expr) -> pl.Expr:
    """The length after widening: one for all months, which differ, and one for all years."""
    wide, unit = high - low, _unit(low, high)
    between_visits = (wide >= MONTH) & (wide < _SHORTEST_YEAR)
    return pl.when(between_visits).then(wide + MONTH).otherwise(2 * unit)


def vague_ends(
    tables: Mapping[str, pl.DataFrame], pairs: Iterable[tuple[str, str, str]]
) -> pl.DataFrame:
    """The days, counted from the origin, at which an interval of a patient begins or ends, with
    the unit of its widening. `pairs`: table and columns of its ends.
    """
    found = [pl.DataFrame(schema={"patient_id": pl.String, BOUND: pl.Int64, UNIT: pl.Int64})]
    for table, low, high in pairs:
        own = _vague(tables[table], low, high)
        unit = _unit(pl.col(low), pl.col(high)).cast(pl.Int64).alias(UNIT)
        for end in (low, high):
            found.append(own.select("patient_id", pl.col(end).alias(BOUND), unit))
    every = pl.concat(found).drop_nulls()
    return every.group_by("patient_id", BOUND).agg(pl.col(UNIT).max())


def dated_by_month(
    tables: Mapping[str, pl.DataFrame], pairs: Iterable[tuple[str, str, str]]
) -> pl.DataFrame:
    """Patients with an interval as long as a month or a year: other events of theirs, of which a
    store keeps no interval, may be dated the same way, and follow-up may begin or end with them.
    """
    found = [pl.DataFrame(schema={"patient_id": pl.String})]
    for table, low, high in pairs:
        own = _vague(tables[table], low, high)
        long = (pl.col(high) - pl.col(low)).is_in(_CALENDAR)
        found.append(own.filter(long).select("patient_id"))
    return pl.concat(found).unique()


def _vague(frame: pl.DataFrame, low: str, high: str) -> pl.DataFrame:
    return frame.filter(~pl.col(low).eq_missing(pl.col(high)))
