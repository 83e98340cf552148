"""Who the patients are, and how many are left at each step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rearm.report.cohort.cohort import FINDINGS_BEFORE, Cohort
from rearm.report.cohort.counts import CountRule
from rearm.report.cohort.merged import counts_by, merged_rows
from rearm.report.cohort.table import Cell, ReportTable, part_cells
from rearm.report.words import finding_words, words

if TYPE_CHECKING:
    import polars as pl

__all__ = ["bands", "became", "funnel", "who_they_are"]

_ORDER = {
    "age_band": ("under 50", "50 to 59", "60 to 69", "70 to 79", "80 and over"),
    "lines_band": ("up to 2", "3 or 4", "5 and more"),
    **dict.fromkeys(FINDINGS_BEFORE, ("true", "false")),
}
# by the first infusion; whoever else is infused can't be judged
_COLUMNS = ("failed", "suspected", "not_failed", "died_without_progression")
_HEADINGS = ("failed", "suspected", "not failed", "died without progression", "not judged")


def funnel(cohort: Cohort, rule: CountRule) -> ReportTable:
    """How many patients are left at each step, and how many of the step before that are."""
    import polars as pl

    failed, salvaged = cohort.failed, cohort.salvaged
    sure = failed.filter(pl.col("first_status") == "failed")
    dated = sure.filter(pl.col("first_failed_low").is_not_null())
    after = salvaged.filter(pl.col("first_status").is_in(["failed", "suspected"]))
    steps = (
        ("patients in the store", cohort.patients.height, None),
        (
            "with an answer",
            cohort.patients.filter(pl.col("error").is_null()).height,
            "patients in the store",
        ),
        ("with a CAR-T infusion", cohort.infused.height, "with an answer"),
        (
            "response can be judged",
            cohort.infused.filter(pl.col("first_evaluable")).height,
            "with a CAR-T infusion",
        ),
        ("failed or suspected to have failed", failed.height, "with a CAR-T infusion"),
        ("failed for certain", sure.height, "failed or suspected to have failed"),
        ("failed within known days", dated.height, "failed for certain"),
        ("salvage of a known day", salvaged.height, "with a CAR-T infusion"),
        ("salvage after a failure, certain or suspected", after.height, "salvage of a known day"),
        (
            "salvage is a strategy of the list",
            salvaged.filter(pl.col("salvage_strategy").is_not_null()).height,
            "salvage of a known day",
        ),
    )
    size = {label: count for label, count, _ in steps}
    return ReportTable(
        id="funnel",
        title="From the store to the salvage",
        columns=("patients", "of", "share", "among"),
        rows=tuple(
            (
                label,
                (*part_cells(count, size[of], rule), Cell(text=of))
                if of is not None
                else (Cell.count(rule.shown(count)), *(Cell(text=""),) * 3),
            )
            for label, count, of in steps
        ),
        notes=(
            "All that follows is about the first CAR-T infusion of each patient. A later one is a"
            " salvage.",
            "Without an answer are patients with another disease, ids under which two persons may"
            " stand, and records that could not be made: `rearm cohort status` names each.",
        ),
    )


def who_they_are(cohort: Cohort, rule: CountRule) -> ReportTable:
    """Table 1: each characteristic with those of whom it is not recorded, by what became of the
    first infusion.
    """
    infused = cohort.infused.with_columns(became(), *bands())
    rows: list[tuple[str, tuple[Cell, ...]]] = []
    order = (*_COLUMNS, "other")
    for title, column in _characteristics():
        labels, counts = counts_by(infused, column, "column", order, rows=_ORDER.get(column))
        if column not in FINDINGS_BEFORE:
            labels, counts = merged_rows(labels, counts, rule)
        counted = rule.table(counts)
        rows.append((title, ()))
        for label, cells, total in zip(labels, counted.cells, counted.row_totals, strict=True):
            values = [*zip(cells, counted.column_totals, strict=True), (total, counted.total)]
            rows.append((_value_words(label), tuple(_share_cell(n, of, rule) for n, of in values)))
    _, sizes = counts_by(infused.with_columns(_all_one()), "one", "column", order)
    counted = rule.table(sizes)
    head = tuple(Cell.count(n) for n in (*counted.column_totals, counted.total))
    every = (("patients", head), *rows) if infused.height else ()
    return ReportTable(
        id="who",
        title="Who they are",
        columns=(*_HEADINGS, "all"),
        rows=every,
        notes=(
            "Failed: by progression, or by death of myeloma without one (see kinds of failure),"
            " which the figure of progression counts as competing.",
            "Shares are of the patients of the column, those not recorded among them. Findings are"
            " as of the day before the last infusion, age and earlier lines as of the first. In"
            " patients with a later CAR-T these findings lie after the first infusion, often after"
            " the first salvage.",
        ),
    )


def _share_cell(count: int | None, of: int | None, rule: CountRule) -> Cell:
    cell = Cell.count(count)
    share = rule.share(count, of)
    return Cell(text=f"{cell.text} ({100 * share:.0f} %)", value=count) if share else cell


def _characteristics() -> Sequence[tuple[str, str]]:
    return (
        ("sex", "sex"),
        ("age in years", "age_band"),
        ("year of the last infusion", "year_band"),
        ("product", "first_product"),
        ("M-protein", "chain"),
        ("earlier lines of therapy", "lines_band"),
        *((finding_words(name), name) for name in FINDINGS_BEFORE),
    )


def became() -> pl.Expr:
    """What became of the first infusion, as the column of table 1."""
    import polars as pl

    known = pl.col("first_status").is_in(list(_COLUMNS))
    return pl.when(known).then(pl.col("first_status")).otherwise(pl.lit("other")).alias("column")


def _all_one() -> pl.Expr:
    import polars as pl

    return pl.lit("1").alias("one")


def bands() -> Sequence[pl.Expr]:
    """Age, year, earlier lines and M-protein as table 1 shows them."""
    import polars as pl

    age, lines, year = pl.col("first_age"), pl.col("lines_before"), pl.col("infusion_year")
    start = year - year % 2
    heavy = pl.col("heavy_chain").list.sort().list.join(" + ")
    light = pl.col("light_chain")
    return (
        pl.when(age < 50).then(pl.lit("under 50")).when(age < 60).then(pl.lit("50 to 59"))
        .when(age < 70).then(pl.lit("60 to 69")).when(age < 80).then(pl.lit("70 to 79"))
        .when(age.is_not_null()).then(pl.lit("80 and over")).alias("age_band"),
        pl.when(year.is_not_null()).then(pl.format("{} and {}", start, start + 1))
        .alias("year_band"),
        pl.when(lines <= 2).then(pl.lit("up to 2")).when(lines <= 4).then(pl.lit("3 or 4"))
        .when(lines.is_not_null()).then(pl.lit("5 and more")).alias("lines_band"),
        pl.when(pl.col("heavy_chain").list.len() > 0).then(heavy)
        .when(light.is_not_null()).then(pl.format("{} only or not told", light)).alias("chain"),
    )  # fmt: skip


def _value_words(label: str) -> str:
    """A value as a reader writes it."""
    plain = {"true": "yes", "false": "no", "F": "female", "M": "male"}
    return plain.get(label, words(label))
