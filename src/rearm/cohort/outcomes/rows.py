"""The rows of a store that an estimate is made from: one a patient, with the reason where a patient
can't be counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rearm.cohort.outcomes.groups import grouped
from rearm.cohort.outcomes.question import GROUPINGS, Question
from rearm.cohort.outcomes.readings import read_by

if TYPE_CHECKING:
    import polars as pl

    from rearm.cohort.outcomes.opened import OpenedStore

__all__ = ["DEATH_AS_FAILURE", "FAILURE_IS_DEATH", "NOT_KNOWN", "outcome_rows"]

NOT_KNOWN = "not_known"
DEATH_AS_FAILURE = "death_of_myeloma"  # the kind of failure
FAILURE_IS_DEATH = "failure_is_death"  # why nothing is counted from it
_UNDATED = ("death_undated", "progression_undated")


def outcome_rows(store: OpenedStore, question: Question) -> pl.DataFrame:
    """One row a patient with the index infusion, by patient:

    - `group`; `not_known` where it is not
    - `entry`, `exit`: days from the origin; 0 where observed from the origin on
    - `cause`: 0 censored, 1 the event, 2 a competing one
    - `earliest`, `latest`: bounds of `exit`; `cause_latest` is 0 where the latest day of an event
      is not known, and the patient is taken to have been free of it until last seen
    - `on_origin`: an event on the day of the origin, counted on day 1
    - `has_origin`: whether the day that is counted from is known, or was reached at all
    - `left_out`: why the patient is not in the estimate; null where he is. Where an event has
      bounds and no day, it is in the earliest and the latest curve alone
    """
    import polars as pl

    found = _of_endpoint(store, question)
    if question.origin == "failure" and question.endpoint == "OS":
        found = _from_progression(store, question, found)
    by_salvage = question.by is not None and GROUPINGS[question.by].table == "lines"
    if question.origin == "failure" and (question.endpoint == "TTNT" or by_salvage):
        found = _not_yet_treated(store, question, found)
    found = _with_bounds(store, question, found)
    if question.progression != "agreed":
        found = read_by(store, question, found)
    found = grouped(store, question, found)
    if not question.entry:
        found = found.with_columns(entry=pl.lit(0, pl.Int64))
    found = _from_collection(store, question, found)
    if question.landmark == "first_dose":
        found = found.with_columns(entry=pl.max_horizontal("entry", "group_from"))
    found = _first_day(found)
    if isinstance(question.landmark, int):
        found = _from_landmark(found, question.landmark)
    return (
        _checked(found)
        .select(
            "patient_id",
            "group",
            "entry",
            "exit",
            "cause",
            "earliest",
            "latest",
            "cause_latest",
            "on_origin",
            "left_out",
            pl.col("origin_day").is_not_null().alias("has_origin"),
        )
        .sort("patient_id")
    )


def _of_endpoint(store: OpenedStore, question: Question) -> pl.DataFrame:
    """The rows of the endpoint with causes for codes; `progression` reads PFS."""
    import polars as pl

    own = question.endpoint == "progression"
    event = pl.col("status") == "event"
    competing = pl.col("competing") if not own else event & (pl.col("event") == "death")
    return (
        store.table("outcomes")
        .filter(
            pl.col("criteria") == store.criteria(question.criteria),
            pl.col("infusion") == question.infusion,
            pl.col("origin") == question.origin,
            pl.col("endpoint") == ("PFS" if own else question.endpoint),
        )
        .select(
            "patient_id",
            "origin_day",
            "obstacle",
            pl.col("entry").fill_null(0),
            pl.col("days").alias("exit"),
            pl.coalesce("days_low", "days").alias("earliest"),
            pl.coalesce("days_high", "days").alias("latest"),
            pl.when(competing.fill_null(False)).then(2).when(event).then(1).otherwise(0)
            .cast(pl.Int64).alias("cause"),
            pl.when(pl.col("status") == "not_computable")
            .then(pl.coalesce("obstacle", pl.lit("vague_days")))
            .alias("left_out"),
        )
        .collect()
    )  # fmt: skip


def _from_progression(store: OpenedStore, question: Question, found: pl.DataFrame) -> pl.DataFrame:
    """Survival after a failure counts from a progression. Where the failure is the death itself,
    nobody is left to be followed: a group of such patients would be defined by its outcome.
    """
    import polars as pl

    infusions = _index_infusions(store, question).select("patient_id", "kind")
    nothing = pl.lit(None, pl.Int64)
    itself = pl.col("kind") == DEATH_AS_FAILURE
    without = {
        name: pl.when(itself).then(nothing).otherwise(name)
        for name in ("origin_day", "exit", "earliest", "latest")
    }
    return (
        found.join(infusions.collect(), on="patient_id", how="left")
        .with_columns(
            **without,
            cause=pl.when(itself).then(0).otherwise("cause").cast(pl.Int64),
            left_out=pl.when(itself).then(pl.lit(FAILURE_IS_DEATH)).otherwise("left_out"),
        )
        .drop("kind")
    )


def _not_yet_treated(store: OpenedStore, question: Question, found: pl.DataFrame) -> pl.DataFrame:
    """From the failure to the next therapy: whoever had begun one before is not at risk of it, and
    is in no group of what began since. One that began in a month that reaches beyond the failure is
    not known to be earlier.
    """
    import polars as pl

    begun = store.table("outcomes").filter(
        pl.col("criteria") == store.criteria(question.criteria),
        pl.col("infusion") == question.infusion,
        pl.col("origin") == "infusion",
        pl.col("endpoint") == "TTNT",
        pl.col("status") == "event",
    ).select(
        "patient_id",
        (pl.col("origin_day") + pl.coalesce("days_high", "days")).alias("begun_by"),
    )  # fmt: skip
    earlier = pl.col("begun_by") < pl.col("origin_day")
    reason = pl.when(earlier).then(pl.lit("new_therapy_before_failure"))
    return (
        found.join(begun.collect(), on="patient_id", how="left")
        .with_columns(left_out=pl.coalesce("left_out", reason))
        .drop("begun_by")
    )


def _index_infusions(store: OpenedStore, question: Question) -> pl.LazyFrame:
    import polars as pl

    return store.table("infusions").filter(
        pl.col("criteria") == store.criteria(question.criteria),
        pl.col("infusion") == question.infusion,
    )


def _with_bounds(store: OpenedStore, question: Question, found: pl.DataFrame) -> pl.DataFrame:
    """Bounds of events without a day, which have happened all the same: a death after the patient
    was last seen, a progression after the origin and before follow-up ended.
    """
    import polars as pl

    deaths = store.table("patients").select("patient_id", "death_low", "death_high", "last_seen")
    failed = _index_infusions(store, question).select(
        "patient_id", "failed_low", "failed_high", "followed_to"
    )
    of_salvage = question.origin == "salvage"  # its progression is not that of the infusion
    bound = pl.lit(None, pl.Int64) if of_salvage else pl.col("failed_low")
    high = pl.lit(None, pl.Int64) if of_salvage else pl.col("failed_high")
    died = pl.col("obstacle") == "death_undated"
    seen = pl.col("last_seen")
    low = pl.when(died).then(pl.max_horizontal("death_low", seen)).otherwise(bound)
    latest = (
        pl.when(died).then(pl.col("death_high")).otherwise(pl.coalesce(high, "followed_to", seen))
    )
    undated = pl.col("obstacle").is_in(_UNDATED) & pl.col("origin_day").is_not_null()
    day = pl.col("origin_day")
    open_end = undated & died & pl.col("death_high").is_null()
    competes = 2 if question.competes else 1
    cause = pl.when(undated).then(pl.when(died).then(competes).otherwise(1)).otherwise("cause")
    earliest = (pl.coalesce(low, day + 1) - day).clip(lower_bound=1)
    return (
        found.join(deaths.collect(), on="patient_id", how="left")
        .join(failed.collect(), on="patient_id", how="left")
        .with_columns(
            cause=cause.cast(pl.Int64),
            cause_latest=pl.when(open_end).then(0).otherwise(cause).cast(pl.Int64),
            earliest=pl.when(undated).then(earliest).otherwise("earliest"),
            latest=pl.when(undated)
            .then(pl.max_horizontal(pl.coalesce(latest, seen) - day, earliest))
            .otherwise("latest"),
        )
    )


def _from_collection(store: OpenedStore, question: Question, found: pl.DataFrame) -> pl.DataFrame:
    """Whoever was collected and infused has lived until the infusion: he enters on that day."""
    import polars as pl

    if question.origin != "apheresis":
        return found
    infused = (
        _index_infusions(store, question)
        .select("patient_id", pl.col("day").alias("infused_on"))
        .collect()
    )
    since = pl.col("infused_on") - pl.col("origin_day")
    return found.join(infused, on="patient_id", how="left").with_columns(
        entry=pl.max_horizontal("entry", since)
    )


def _first_day(found: pl.DataFrame) -> pl.DataFrame:
    """Curves count whole days from 1: an event on the day of the origin counts on day 1, which
    leaves every share from then on as it is.
    """
    import polars as pl

    here = (pl.col("cause") > 0) & (pl.col("entry") == 0)
    on_origin = (pl.col("exit") == 0) & here
    moved = {
        name: pl.when((pl.col(name) == 0) & here).then(1).otherwise(name)
        for name in ("exit", "earliest", "latest")
    }
    return found.with_columns(on_origin=on_origin.fill_null(False), **moved)


def _from_landmark(found: pl.DataFrame, day: int) -> pl.DataFrame:
    """Patients who are under observation without the event on the landmark, counted from it."""
    import polars as pl

    late = pl.col("entry") > day
    over = pl.col("exit") <= day
    return found.with_columns(
        left_out=pl.coalesce(
            "left_out",
            pl.when(late).then(pl.lit("not_seen_at_landmark")),
            pl.when(over & (pl.col("cause") > 0)).then(pl.lit("event_before_landmark")),
            pl.when(over).then(pl.lit("not_followed_to_landmark")),
        ),
        entry=pl.lit(0, pl.Int64),
        exit=pl.col("exit") - day,
        earliest=pl.col("earliest") - day,
        latest=pl.col("latest") - day,
    )


def _checked(found: pl.DataFrame) -> pl.DataFrame:
    """Rows in which no day is under observation, with the reason."""
    import polars as pl

    before = pl.col("exit") <= pl.col("entry")
    return found.with_columns(
        left_out=pl.coalesce(
            "left_out",
            pl.when(pl.col("exit").is_null()).then(pl.lit("vague_days")),
            pl.when(before & (pl.col("entry") > 0)).then(pl.lit("ended_before_entry")),
            pl.when(before & (pl.col("exit") < 0)).then(pl.lit("ended_before_origin")),
            pl.when(before).then(pl.lit("no_follow_up")),
        )
    )
