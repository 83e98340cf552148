"""Whose data a report shows, and which: what the ledger compares with the next one.

Exactly what is shown counts: a patient in whom something else has changed hides nobody.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rearm.cohort.outcomes.states import state_rows
from rearm.report.cohort.cohort import FINDINGS_BEFORE, FINDINGS_LOOKED_FOR, Cohort
from rearm.report.cohort.failures import first_progression
from rearm.report.cohort.figures import Figure
from rearm.report.cohort.ledger import COHORT
from rearm.report.cohort.who import bands, became

if TYPE_CHECKING:
    import polars as pl

__all__ = ["STATES", "published", "table_rows", "whose_data"]

STATES = "states"
# as the tables read them: values, or whether there is one
_VALUES = (
    "sex", "age_band", "year_band", "chain", "lines_band", "column", "progression",
    "first_product", "first_kind", "first_timing", "first_evaluable", "first_responded",
    "first_best_response_team", "first_best_response_computed",
    "salvage_strategy", "salvage_evaluable", "salvage_responded", "second_salvage_strategy",
    *FINDINGS_BEFORE,
)  # fmt: skip
_WHETHER = (
    "error", "first_status", "first_failed_low", "salvage_day", "second_salvage_day",
    *FINDINGS_LOOKED_FOR,
)  # fmt: skip


def whose_data(cohort: Cohort, figures: Sequence[Figure]) -> pl.DataFrame:
    """`key`, `patient_id` and what the report shows of him as `row` (a hash, or the days)."""
    import polars as pl

    return pl.concat(
        [
            _hashed(COHORT, table_rows(cohort)),
            _hashed(STATES, state_rows(cohort.store)),
            *(figure.rows for figure in figures),
        ]
    )


def table_rows(cohort: Cohort) -> pl.DataFrame:
    """One row a patient with all that the tables are counted from, and nothing else."""
    import polars as pl

    last_failed = pl.col("status").is_in(["failed", "suspected"]).fill_null(False)
    own = cohort.patients.with_columns(
        became(), *bands(), first_progression().alias("progression"), last_failed.alias("failed")
    ).select(
        "patient_id",
        "failed",
        *_VALUES,
        *(pl.col(name).is_not_null().alias(f"has_{name}") for name in _WHETHER),
    )
    failed = own.lazy().filter(pl.col("failed")).select("patient_id")
    found = own.lazy()
    for more in (
        _joined(cohort, failed, "causes", "factor", "grade"),
        _joined(cohort, failed, "tests", "test"),
    ):
        found = found.join(more, on="patient_id", how="left")
    return found.join(_chosen(cohort), on="patient_id", how="left").sort("patient_id").collect()


def _joined(cohort: Cohort, patients: pl.LazyFrame, table: str, *columns: str) -> pl.LazyFrame:
    """The rows of each of these patients as one text, in the order of the store."""
    import polars as pl

    text = pl.concat_str([pl.col(x).fill_null("") for x in columns], separator="=")
    rows = (
        cohort.store.table(table)
        .filter(pl.col("criteria") == cohort.criteria)
        .join(patients, on="patient_id", how="semi", maintain_order="left")
        .select("patient_id", text.alias(table))
    )
    return rows.group_by("patient_id").agg(pl.col(table).str.join(";"))


def _chosen(cohort: Cohort) -> pl.LazyFrame:
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
        .select("patient_id", pl.col("strategy").alias("chosen"), "tier", "answered")
        .with_columns(has_choice=pl.lit(True))
    )


def _hashed(key: str, frame: pl.DataFrame) -> pl.DataFrame:
    """All columns of a patient as one hash."""
    import polars as pl

    text = frame.select(pl.struct(pl.all()).struct.json_encode().alias("row"))["row"]
    rows = [hashlib.blake2b(x.encode(), digest_size=12).hexdigest() for x in text]
    return pl.DataFrame({"patient_id": frame["patient_id"], "row": rows}).select(
        pl.lit(key).alias("key"), "patient_id", "row"
    )


def published(shows: pl.DataFrame, withheld: frozenset[str]) -> pl.DataFrame:
    """The rows without those of figures that are left out."""
    import polars as pl

    figure = pl.col("key").str.split("/").list.first()
    return shows.filter(~figure.is_in(sorted(withheld)))
