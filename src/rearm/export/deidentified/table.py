"""One table of a store as it leaves."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import polars as pl

from rearm.export.deidentified.days import BOUND, MONTH, ORIGIN, UNIT, Blur
from rearm.export.deidentified.people import BANDS, NEW_ID, withheld
from rearm.export.deidentified.texts import without
from rearm.export.deidentified.treatments import TREATMENTS, Treatment

__all__ = ["Leaving", "Left", "shifted", "treated"]

_ROW = "__row"
_ON_AXIS = ("day", "follow_up_day", "between")
_FROM_START = ("first_measured",)  # follow-up begins there; elsewhere it ends


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """What is the same for every table. `ends`: days at which an interval of a patient begins or
    ends; `by_month`: patients with an interval that is a month or a year; `products`: words that
    tell which CAR-T a patient had.
    """

    blur: Blur
    ends: pl.DataFrame
    by_month: pl.DataFrame
    products: Collection[str]
    least: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A table with `NEW_ID` and the columns that leave; `rare`: findings that few patients have."""

    frame: pl.DataFrame
    rare: list[str]


def shifted(frame: pl.DataFrame, listed: Mapping[str, Treatment]) -> pl.DataFrame:
    """The table with days counted from the origin of each patient; durations become days, too."""
    changes = [
        (pl.col(column) - pl.col(ORIGIN)).alias(column)
        for column, treatment in listed.items()
        if column in frame.columns and treatment.kind in _ON_AXIS
    ]
    frame = frame.with_columns(changes)
    # an end of an endpoint is a day of the axis as well, and is widened like it
    return frame.with_columns(
        (pl.col(column) + pl.col("origin_day")).alias(column)
        for column, treatment in listed.items()
        if treatment.kind in ("days", "days_between")
    )


def treated(name: str, frame: pl.DataFrame, leaving: Leaving) -> Left:
    """The table as it leaves."""
    if name == "findings":
        return _findings(frame, leaving)
    listed = {c: t for c, t in TREATMENTS[name].items() if c in frame.columns}
    frame = _withheld(frame, listed, leaving.products)
    frame = _days(frame, listed, leaving)
    columns = [BANDS.get(c, c) for c, t in listed.items() if t.kind not in ("new_id", "drop")]
    return Left(frame=frame.select(NEW_ID, _ROW, *columns), rare=[])


def _withheld(
    frame: pl.DataFrame, listed: Mapping[str, Treatment], products: Collection[str]
) -> pl.DataFrame:
    """Without the quasi-identifiers of patients whom too few are like."""
    changes = []
    for column, treatment in listed.items():
        leaves_as = BANDS.get(column, column)
        quasi = treatment.quasi or (leaves_as if column in BANDS else None)
        if quasi is None:
            continue
        flag = pl.col(withheld(quasi))
        if treatment.words in ("agent", "option"):
            changes.append(without(frame, column, products, flag))
        else:
            changes.append(pl.when(~flag).then(pl.col(leaves_as)).alias(leaves_as))
    return frame.with_columns(changes)


def _days(frame: pl.DataFrame, listed: Mapping[str, Treatment], leaving: Leaving) -> pl.DataFrame:
    blur = leaving.blur
    changes = []
    for column, treatment in listed.items():
        if treatment.kind == "between" and treatment.partner is not None:
            low, high = _ends(column, treatment.partner)
            end = blur.low(low, high) if column.endswith("low") else blur.high(low, high)
            changes.append(end.alias(column))
        elif treatment.kind == "follow_up_day":
            frame = _with_end(frame, column, leaving)
            moved = _moved(column, blur, later=column in _FROM_START)
            changes.append(moved.alias(column))
    if "days" in listed:
        frame = _with_end(_with_end(frame, "days", leaving), "entry", leaving)
        changes += _durations(blur)
    return frame.with_columns(changes)


def _ends(column: str, partner: str) -> tuple[pl.Expr, pl.Expr]:
    pair = (column, partner) if column.endswith("low") else (partner, column)
    return pl.col(pair[0]), pl.col(pair[1])


def _with_end(frame: pl.DataFrame, column: str, leaving: Leaving) -> pl.DataFrame:
    """With the unit by which the column is moved: where it is the end of an interval, or may be."""
    unit = _unit(column)
    ends = leaving.ends.rename({BOUND: column, UNIT: unit})
    joined = frame.join(ends, on=["patient_id", column], how="left", maintain_order="left")
    may_be = pl.col("patient_id").is_in(leaving.by_month["patient_id"].implode())
    at_least = pl.when(may_be).then(MONTH).otherwise(0)
    return joined.with_columns(pl.col(unit).fill_null(at_least))


def _unit(column: str) -> str:
    return f"{UNIT}_{column}"


def _moved(column: str, blur: Blur, *, later: bool) -> pl.Expr:
    """A day of follow-up moved inwards, where it is the end of an interval."""
    day = pl.col(column)
    shift = blur.shift(pl.col(_unit(column)), day, day)
    return day + shift if later else day - shift


def _durations(blur: Blur) -> list[pl.Expr]:
    """Days from the origin of an endpoint: an event that is not exact has only its ends, a
    follow-up is shortened where it ends with a month or year.
    """
    start, low, high = pl.col("origin_day"), pl.col("days_low"), pl.col("days_high")
    exact = low.eq_missing(high)
    censored = pl.col("status") == "censored"
    # a day that ends before it began would be none; the start itself is no calendar's
    followed = pl.max_horizontal(_moved("days", blur, later=False), start)
    day = pl.when(censored).then(followed).when(exact).then(pl.col("days"))
    blurred_low = pl.max_horizontal(blur.low(low, high), pl.min_horizontal(start, low))
    ends = {
        "days_low": pl.when(censored & exact).then(followed).otherwise(blurred_low),
        "days_high": pl.when(censored & exact).then(followed).otherwise(blur.high(low, high)),
    }
    entry = pl.min_horizontal(_moved("entry", blur, later=True), day)
    began = pl.when(pl.col("entry") > start).then(entry).otherwise(pl.col("entry"))
    every = {"days": day, **ends, "entry": began}
    return [(expression - start).alias(name) for name, expression in every.items()]


def _findings(frame: pl.DataFrame, leaving: Leaving) -> Left:
    """Without findings that few patients have."""
    own = [c for c in frame.columns if not c.startswith("__") and c != "patient_id"]
    counts = (
        frame.select(pl.col(c).sum().alias(c) for c in own if frame.schema[c] == pl.Boolean).row(
            0, named=True
        )
        if own
        else {}
    )
    rare = [c for c, n in counts.items() if 0 < n < leaving.least and "__" not in c]
    gone = {c for c in own if c.partition("__")[0] in rare}
    left = frame.select(NEW_ID, _ROW, *(c for c in own if c not in gone))
    return Left(frame=left, rare=rare)
