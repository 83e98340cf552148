"""Progression as the results alone show it, or as the team alone recorded it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rearm.cohort.outcomes.question import Question

if TYPE_CHECKING:
    import polars as pl

    from rearm.cohort.outcomes.opened import OpenedStore

__all__ = ["read_by"]

_DAY = {"results": "computed_day", "team": "team_day"}


def read_by(store: OpenedStore, question: Question, agreed: pl.DataFrame) -> pl.DataFrame:
    """The rows of PFS with the progression of one source in place of the agreed one.

    As there, an event counts up to any new therapy. Who has progressed by the other source alone is
    followed on: to death, to new therapy, or to the last assessment.
    """
    import polars as pl

    days = _days(store, question)
    new, dies = pl.col("new_therapy"), pl.col("dies")
    # as of the agreed progression: bridging before a second CAR-T ends what came before it
    ended = pl.col("next_therapy") - pl.col("origin_day")
    new = pl.min_horizontal(new, pl.when(ended >= 0).then(ended))
    on = pl.col("read_on") - pl.col("origin_day")
    progressed = on.is_not_null() & (new.is_null() | (on <= new))
    died = ~progressed & dies.is_not_null() & (new.is_null() | (dies <= new))
    was_event = pl.col("cause") > 0
    seen = pl.coalesce("last_before", "last_assessed") - pl.col("origin_day")
    followed = pl.min_horizontal(seen, new).clip(lower_bound=0)
    censored = pl.when(was_event).then(followed).otherwise("exit")
    death = 2 if question.competes else 1
    found = agreed.join(days, on="patient_id", how="left").with_columns(
        progressed=progressed.fill_null(False), died=died.fill_null(False)
    )
    found = found.with_columns(
        exit=pl.when("progressed").then(on).when("died").then(dies).otherwise(censored),
        cause=pl.when("progressed").then(1).when("died").then(death).otherwise(0).cast(pl.Int64),
    )
    return found.with_columns(earliest="exit", latest="exit", cause_latest="cause").drop(
        days.columns[1:]
    )


def _days(store: OpenedStore, question: Question) -> pl.DataFrame:
    """Days on the patient's axis (`read_on`, `last_assessed`) and from the origin."""
    import polars as pl

    assert question.progression != "agreed"
    own = (
        pl.col("criteria") == store.criteria(question.criteria),
        pl.col("infusion") == question.infusion,
    )
    outcomes = store.table("outcomes").filter(
        *own, pl.col("origin") == question.origin, pl.col("status") == "event"
    )

    def event(endpoint: str, name: str) -> pl.LazyFrame:
        rows = outcomes.filter(pl.col("endpoint") == endpoint)
        return rows.select("patient_id", pl.col("days").alias(name))

    infusions = store.table("infusions").filter(*own)
    # as the agreed progression is censored: on the last assessment before new therapy
    before = (
        store.table("responses")
        .filter(*own)
        .join(infusions.select("patient_id", "next_therapy"), on="patient_id")
        .filter(pl.col("day_high") <= pl.col("next_therapy"))
        .group_by("patient_id")
        .agg(pl.col("day_high").max().alias("last_before"))
    )
    return (
        infusions.select(
            "patient_id",
            pl.col(_DAY[question.progression]).alias("read_on"),
            "last_assessed",
            "next_therapy",
        )
        .join(before, on="patient_id", how="left")
        .join(event("TTNT", "new_therapy"), on="patient_id", how="left")
        .join(event("OS", "dies"), on="patient_id", how="left")
        .collect()
    )
