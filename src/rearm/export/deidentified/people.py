"""The patients of an export: their new ids, the day that theirs are counted from, and what others
may know of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from rearm.export.deidentified.anonymity import (
    QUASI,
    alike,
    small_classes_withheld,
    smallest_class,
)
from rearm.export.deidentified.days import ORIGIN, SALT
from rearm.export.deidentified.new_ids import NewId

__all__ = [
    "BANDS",
    "DAYS_A_YEAR",
    "NEW_ID",
    "People",
    "age_band",
    "people_of",
    "with_joined_lists",
    "withheld",
    "year_band",
]

NEW_ID = "__new_id"
_OLDEST = 90  # all over 89 are one group
_AGES, _YEARS = 10, 3
DAYS_A_YEAR = 365.25
# the column of the store and the one that leaves in its place
BANDS = {"age": "age_band", "infusion_year": "infusion_years"}


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """`frame`: one row a patient, with the id as in the store, `NEW_ID`, `ORIGIN` and for each
    quasi-identifier whether it is withheld. `alike_before`: size of the smallest group before
    values were withheld; None: there is nobody. `withheld`: patients by quasi-identifier.
    """

    frame: pl.DataFrame
    alike_before: int | None
    alone_before: int
    withheld: Mapping[str, int]


def people_of(
    patients: pl.DataFrame, infusions: pl.DataFrame, ids: Mapping[str, NewId], least: int
) -> People:
    """`patients` with texts that may leave and bands. Days are counted from the first infusion with
    a day, else from the first result; where neither has a day, no day of the patient leaves.
    """
    first = infusions.group_by("patient_id").agg(pl.col("day").min().alias("__infused"))
    origin = pl.coalesce("__infused", "first_measured").alias(ORIGIN)
    known = with_joined_lists(patients)
    after = small_classes_withheld(known, least)
    flags = [
        (known[name].is_not_null() & after[name].is_null()).alias(withheld(name)) for name in QUASI
    ]
    frame = (
        known.join(first, on="patient_id", how="left", maintain_order="left")
        .select("patient_id", origin)
        .with_columns(*flags, *_new(known["patient_id"], ids))
    )
    return People(
        frame=frame,
        alike_before=smallest_class(known),
        alone_before=int((alike(known) == 1).sum()),
        withheld={name: int(flag.sum()) for name, flag in zip(QUASI, flags, strict=True)},
    )


def _new(patients: pl.Series, ids: Mapping[str, NewId]) -> list[pl.Series]:
    found = [ids[patient] for patient in patients]
    return [
        pl.Series(NEW_ID, [one.id for one in found], pl.String),
        pl.Series(SALT, [one.salt for one in found], pl.String),
    ]


def with_joined_lists(frame: pl.DataFrame) -> pl.DataFrame:
    """Quasi-identifiers as texts, so that they can be compared."""
    return frame.with_columns(
        pl.col(name).list.join("+").alias(name)
        for name in QUASI
        if frame.schema[name] == pl.List(pl.String)
    )


def withheld(quasi: str) -> str:
    """The column that says whether a quasi-identifier of a patient is withheld."""
    return f"__no_{quasi}"


def age_band(age: pl.Expr, years_seen: pl.Expr) -> pl.Expr:
    """`60-69`; everybody over 89 is `90 or more`. Who turns 90 in the `years_seen` since then has
    no band: with the days of the follow-up it would tell an age over 89.
    """
    start = (age / _AGES).floor().cast(pl.Int64) * _AGES
    band = pl.format("{}-{}", start, start + (_AGES - 1))
    turns = (age + years_seen.fill_null(0) >= _OLDEST).fill_null(False)
    return pl.when(age >= _OLDEST).then(pl.lit(f"{_OLDEST} or more")).when(~turns).then(band)


def year_band(year: pl.Expr) -> pl.Expr:
    """`2019-2021`."""
    start = year - year % _YEARS
    return pl.format("{}-{}", start, start + (_YEARS - 1))
