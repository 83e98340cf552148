"""Whose data a report shows, and which: what the ledger compares with the next one.

Each count is compared by itself, with exactly what it is made of: a patient in whom something else
has changed hides nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rearm.cohort.outcomes.states import state_rows
from rearm.report.cohort.cohort import (
    FINDINGS_BEFORE,
    FINDINGS_LOOKED_FOR,
    Cohort,
    is_infused,
)
from rearm.report.cohort.failures import first_progression
from rearm.report.cohort.figures import Figure
from rearm.report.cohort.histories import COURSES, history
from rearm.report.cohort.who import bands, became

if TYPE_CHECKING:
    import polars as pl

__all__ = ["STATES", "days_shown", "figures_of", "published", "table_rows", "whose_data"]

STATES = "states"
_CHARACTERISTICS = (
    "sex", "age_band", "year_band", "first_product", "chain", "lines_band", *FINDINGS_BEFORE,
)  # fmt: skip
_FAILED = ("failed", "suspected")
_FIGURE = r"^[^/:@]+"  # of a key


def whose_data(cohort: Cohort, figures: Sequence[Figure]) -> pl.DataFrame:
    """`key`, `patient_id` and what the report shows of him as `row`. Key: the table or figure,
    then : and the part of a table that is counted by itself, or / and a group.
    """
    import polars as pl

    return pl.concat(
        [
            table_rows(cohort),
            _states(cohort),
            *(figure.rows for figure in figures),
        ]
    )


def days_shown(figures: Sequence[Figure], states: Sequence[int]) -> dict[str, list[int]]:
    """The days that each curve shows, and those of the picture of states, by key."""
    found = {key: days for figure in figures for key, days in figure.days.items()}
    return found | {f"{STATES}{COURSES}": [*states]}


def _states(cohort: Cohort) -> pl.DataFrame:
    import polars as pl

    found = state_rows(cohort.store).filter(pl.col("left_out").is_null())
    course = history(
        pl.col("entry"),
        pl.col("last"),
        *map(pl.col, ("relapse", "salvage_1", "salvage_2", "death")),
    )
    return found.select(
        pl.lit(f"{STATES}{COURSES}").alias("key"), "patient_id", course.alias("row")
    )


def table_rows(cohort: Cohort) -> pl.DataFrame:
    """One row a patient for each part of each table, with all that it is counted from, and nothing
    else.
    """
    import polars as pl

    return pl.concat(
        [
            *_funnel(cohort),
            *_who(cohort),
            *_after_the_first(cohort),
            *_after_the_last(cohort),
            _block("tiers", _chosen(cohort)),
        ]
    )


def _funnel(cohort: Cohort) -> Iterator[pl.DataFrame]:
    """A part for each step, of all patients."""
    import polars as pl

    infused = pl.col("error").is_null() & is_infused()
    failed = infused & pl.col("first_status").is_in(_FAILED)
    sure = failed & (pl.col("first_status") == "failed")
    salvaged = infused & pl.col("salvage_day").is_not_null()
    steps = {
        "answer": pl.col("error").is_null(),
        "infused": infused,
        "evaluable": infused & pl.col("first_evaluable"),
        "failed": failed,
        "sure": sure,
        "dated": sure & pl.col("first_failed_low").is_not_null(),
        "salvaged": salvaged,
        "after_failure": salvaged & failed,
        "strategy": salvaged & pl.col("salvage_strategy").is_not_null(),
    }
    for name, step in steps.items():
        held = step.fill_null(False).alias("step")
        yield _block(f"funnel:{name}", cohort.patients.select("patient_id", held))


def _who(cohort: Cohort) -> Iterator[pl.DataFrame]:
    """A part for each characteristic, of all with an infusion."""
    infused = cohort.infused.with_columns(became(), *bands())
    for name in _CHARACTERISTICS:
        yield _block(f"who:{name}", infused.select("patient_id", name, "column"))


def _after_the_first(cohort: Cohort) -> Iterator[pl.DataFrame]:
    """Tables of the first infusion and the salvage after it."""
    import polars as pl

    infused, salvaged = cohort.infused, cohort.salvaged
    responded = pl.col("first_responded").fill_null(False)
    salvage_responded = pl.col("salvage_responded").fill_null(False)
    parts = (
        ("kinds", cohort.failed, ("first_kind", "first_timing")),
        ("first_salvage", salvaged, ("salvage_strategy", "first_status", "first_kind")),
        ("responses:responded", infused, ("first_product", responded)),
        (
            "responses:evaluable",
            infused,
            ("first_product", responded | pl.col("first_evaluable").fill_null(False)),
        ),
        ("responses:salvage_responded", salvaged, ("salvage_strategy", salvage_responded)),
        (
            "responses:salvage_evaluable",
            salvaged,
            ("salvage_strategy", salvage_responded | pl.col("salvage_evaluable").fill_null(False)),
        ),
        (
            "sequences",
            salvaged,
            (
                "salvage_strategy",
                "second_salvage_strategy",
                pl.col("second_salvage_day").is_not_null(),
            ),
        ),
        (
            "agreement",
            infused,
            ("first_best_response_team", "first_best_response_computed"),
        ),
        ("progression_days", infused, (first_progression().alias("progression"),)),
    )
    for key, patients, own in parts:
        yield _block(key, patients.select("patient_id", *own))


def _after_the_last(cohort: Cohort) -> Iterator[pl.DataFrame]:
    """Causes and tests, each by itself, of all whose last infusion failed."""
    import polars as pl

    failed = cohort.infused.filter(pl.col("status").is_in(_FAILED))
    for name in FINDINGS_LOOKED_FOR:
        unknown = pl.col(name).is_null()
        yield _block(f"never_done:known {name}", failed.select("patient_id", unknown))
    graded = _rows_of(cohort, "causes").select("patient_id", "factor", "grade")
    asked = (
        _rows_of(cohort, "tests")
        .select("patient_id", pl.col("test").str.split("+"))
        .explode("test")
        .select("patient_id", pl.col("test").str.strip_chars(), asked=pl.lit("asked"))
        .unique()
    )
    for table, rows, by in (("causes", graded, "factor"), ("never_done", asked, "test")):
        for (name,), own in rows.drop_nulls(by).partition_by(by, as_dict=True).items():
            value = own.drop(by).group_by("patient_id").agg(pl.all().sort())
            all_failed = failed.select("patient_id").join(value, on="patient_id", how="left")
            yield _block(f"{table}:{name}", all_failed)


def _rows_of(cohort: Cohort, table: str) -> pl.DataFrame:
    import polars as pl

    return cohort.store.table(table).filter(pl.col("criteria") == cohort.criteria).collect()


def _chosen(cohort: Cohort) -> pl.DataFrame:
    """The strategy of the first salvage after the last infusion, and its tier of the day before."""
    import polars as pl

    lines = cohort.store.table("lines").filter(
        pl.col("criteria") == cohort.criteria, pl.col("salvage") == 1
    )
    tiers = cohort.store.table("tiers").filter(
        pl.col("criteria") == cohort.criteria, pl.col("decision") == "before_salvage"
    )
    answered = tiers.select("patient_id").unique().with_columns(answered=pl.lit(True))
    own = tiers.select("patient_id", "strategy", "tier")
    return (
        lines.select("patient_id", "strategy")
        .join(own, on=["patient_id", "strategy"], how="left")
        .join(answered, on="patient_id", how="left")
        .sort("patient_id")
        .collect()
    )


def _block(key: str, frame: pl.DataFrame) -> pl.DataFrame:
    """All columns of a patient but his name as one text."""
    import polars as pl

    text = pl.struct(pl.exclude("patient_id")).struct.json_encode()
    return frame.select(pl.lit(key).alias("key"), "patient_id", text.alias("row"))


def figures_of(keys: frozenset[str]) -> frozenset[str]:
    """The tables and figures of these keys."""
    import polars as pl

    return frozenset(pl.Series(sorted(keys), dtype=pl.String).str.extract(f"({_FIGURE})"))


def published(shows: pl.DataFrame, withheld: frozenset[str]) -> pl.DataFrame:
    """The rows without those of tables and figures that are left out."""
    import polars as pl

    figure = pl.col("key").str.extract(f"({_FIGURE})")
    return shows.filter(~figure.is_in(sorted(withheld)))
