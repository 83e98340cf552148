"""How many patients are alike in what others may know of them, and what goes so that enough are.

k-anonymity: the size of the smallest group of patients who are alike in every quasi-identifier.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

__all__ = ["QUASI", "alike", "small_classes_withheld", "smallest_class"]

# what others may know of a patient, what is given up first stands last
QUASI = ("age_band", "product", "infusion_years", "sex", "heavy_chain", "light_chain")
_SIZE = "__size"


def smallest_class(frame: pl.DataFrame, columns: Sequence[str] = QUASI) -> int | None:
    """The k of k-anonymity: unknown is a value like any other; None: there is nobody."""
    size = alike(frame, columns).min()
    return size if isinstance(size, int) else None


def alike(frame: pl.DataFrame, columns: Sequence[str] = QUASI) -> pl.Series:
    """For each row, how many rows are like it in these columns, itself included."""
    return frame.select(pl.len().over(*columns).cast(pl.Int64).alias(_SIZE))[_SIZE]


def small_classes_withheld(
    frame: pl.DataFrame, least: int, columns: Sequence[str] = QUASI
) -> pl.DataFrame:
    """The frame with values made empty until each row is like `least` rows: the last column first,
    and only in rows that are like too few. Fewer rows than `least` lose all of them.
    """
    for column in reversed(columns):
        small = alike(frame, columns) < least
        emptied = pl.when(~small).then(pl.col(column)).alias(column)
        frame = frame.with_columns(emptied)
    # the rows that lost everything may be too few among themselves
    while frame.select(columns).n_unique() > 1 and (smallest_class(frame, columns) or 0) < least:
        frame = _one_class_less(frame, columns)
    return frame


def _one_class_less(frame: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """The rows without any value are too few: the smallest class among the others joins them."""
    valued = pl.any_horizontal(pl.col(c).is_not_null() for c in columns)
    classes = frame.filter(valued).group_by(columns).len().sort("len", *columns)
    row = classes.row(0, named=True)
    of_it = pl.all_horizontal(pl.col(c).eq_missing(pl.lit(row[c])) for c in columns)
    return frame.with_columns(pl.when(~of_it).then(pl.col(c)).alias(c) for c in columns)
