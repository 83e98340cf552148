"""From which day on the course of a patient in two reports differs.

A curve on a day is made of what was observed up to it. So a longer follow-up changes nothing that
is shown of earlier days, and hides nobody of whom more has changed there.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import polars as pl

__all__ = ["COURSES", "END", "fewest_that_differ", "history"]

COURSES = "@courses"  # ends the name of a figure in a key whose rows are courses
END = 10**6  # days: later than anything that is observed
_SEPARATOR = "|"


def history(entry: pl.Expr, last: pl.Expr, *events: pl.Expr) -> pl.Expr:
    """A course as the ledger keeps it: first day at risk, day of each kind of event (null: did not
    come while observed), first day no longer at risk.
    """
    import polars as pl

    days = [(entry + 1), *events, (last + 1)]
    text = [day.cast(pl.Int64).cast(pl.String).fill_null("") for day in days]
    return pl.concat_str(text, separator=_SEPARATOR)


def fewest_that_differ(courses: pl.DataFrame, alone: int, days: Collection[int]) -> int | None:
    """In how many patients what is shown on one of these days, or of the whole course, differs:
    the fewest on any day on which it does; None where it never does.

    `courses`: `row` and `row_before` of patients in both reports; `alone`: patients in one only.
    """
    first = np.sort(_first_difference(courses))
    shown = np.array(sorted({*days, END}))
    differ = alone + np.searchsorted(first, shown, side="right")
    differ = differ[differ > 0]
    return int(differ.min()) if len(differ) else None


def _first_difference(courses: pl.DataFrame) -> np.ndarray:
    """By patient: the first day on which his course is another; none for whom it is the same."""
    import polars as pl

    other = courses.filter(pl.col("row") != pl.col("row_before"))
    if not other.height:
        return np.zeros(0, dtype=np.int64)
    now, before = (
        other[name].str.split(_SEPARATOR).list.eval(pl.element().cast(pl.Int64, strict=False))
        for name in ("row", "row_before")
    )
    both = pl.DataFrame({"now": now, "before": before}).with_row_index("patient")
    apart = both.explode("now", "before").filter(~pl.col("now").eq_missing(pl.col("before")))
    day = pl.min_horizontal("now", "before")
    return apart.group_by("patient").agg(day.min().alias("day"))["day"].to_numpy()
