"""In which state the patients of a store are on each day after the index infusion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rearm.cohort.outcomes.estimate import reasons_of
from rearm.cohort.outcomes.opened import AnyStore, OpenedStore, opened
from rearm.cohort.survival import Limits, Occupation, Stays, state_occupation, stays_of

if TYPE_CHECKING:
    import polars as pl

__all__ = ["StateOutcome", "occupation_of", "state_rows"]

_DAYS = ("relapse", "salvage_1", "salvage_2", "death")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StateOutcome:
    """State occupation, and who is not in it: how many by reason."""

    occupation: Occupation
    left_out: dict[str, int]


def occupation_of(
    store: AnyStore,
    *,
    entry: bool = True,
    infusion: int = 1,
    limits: Limits = "log-log",
    criteria: str | None = None,
) -> StateOutcome:
    """Share in remission (no relapse yet), relapse, first and second salvage, and dead.

    A relapse is a failure with a day, by its middle where the month is known, as endpoints count
    it. A salvage that begins before a relapse ends the first state by itself. Who died, or
    relapsed, on a day that is not known is left out, with the reason.
    """
    folder = opened(store)
    rows = state_rows(folder, infusion=infusion, criteria=criteria)
    counted = rows.filter(rows["left_out"].is_null())
    stays = []
    for patient, first, last, *days in counted.select(
        "patient_id", "entry", "last", *_DAYS
    ).iter_rows():
        reached = {state: day for state, day in zip(_DAYS, days, strict=True) if day is not None}
        stays += stays_of(patient, reached, last=last, entry=first if entry else 0)
    return StateOutcome(
        occupation=state_occupation(Stays.of(stays), limits=limits),
        left_out=reasons_of(rows),
    )


def state_rows(
    store: OpenedStore, *, infusion: int = 1, criteria: str | None = None
) -> pl.DataFrame:
    """One row a patient: the day from the infusion on which each state began (null: it did not),
    `entry`, `last`, and `left_out`.
    """
    import polars as pl

    version = store.criteria(criteria)
    every = store.table("outcomes").filter(
        pl.col("criteria") == version, pl.col("infusion") == infusion
    )

    def of(origin: str, endpoint: str) -> pl.LazyFrame:
        return every.filter(pl.col("origin") == origin, pl.col("endpoint") == endpoint)

    alive = of("infusion", "OS").select(
        "patient_id",
        pl.col("origin_day").alias("zero"),
        pl.col("entry").fill_null(0),
        pl.col("days").alias("last"),
        pl.when(pl.col("status") == "event").then(pl.col("days")).alias("death"),
        pl.when(pl.col("status") == "not_computable").then(pl.col("obstacle")).alias("left_out"),
    )
    relapse = of("failure", "OS").select("patient_id", pl.col("origin_day").alias("relapse"))
    failed = (
        store.table("infusions")
        .filter(pl.col("criteria") == version, pl.col("infusion") == infusion)
        .select("patient_id", "status")
    )
    salvage = of("salvage", "TTNT").select(
        "patient_id",
        pl.col("origin_day").alias("salvage_1"),
        pl.when(pl.col("status") == "event")
        .then(pl.col("origin_day") + pl.col("days"))
        .alias("salvage_2"),
    )
    found = (
        alive.join(relapse, on="patient_id", how="left")
        .join(salvage, on="patient_id", how="left")
        .join(failed, on="patient_id", how="left")
        .with_columns(
            pl.col(name) - pl.col("zero") for name in ("relapse", "salvage_1", "salvage_2")
        )
    )
    return _in_order(found).sort("patient_id").collect()


def _in_order(found: pl.LazyFrame) -> pl.LazyFrame:
    """States only go on: what begins after a later state, or after death, is none of them."""
    import polars as pl

    undated = (pl.col("status") == "failed") & pl.col("relapse").is_null()
    nothing_observed = pl.col("last") <= pl.col("entry")
    found = found.with_columns(
        left_out=pl.coalesce(
            "left_out",
            pl.when(pl.col("last").is_null()).then(pl.lit("vague_days")),
            pl.when(undated).then(pl.lit("progression_undated")),
            pl.when(nothing_observed & (pl.col("entry") > 0)).then(pl.lit("ended_before_entry")),
            pl.when(nothing_observed).then(pl.lit("no_follow_up")),
        ),
        last=pl.max_horizontal("last", "salvage_2", "salvage_1", "relapse"),
    )
    found = found.with_columns(last=pl.coalesce("death", "last"))
    for name, later in (
        ("salvage_2", ("last",)),
        ("salvage_1", ("salvage_2", "last")),
        ("relapse", ("salvage_1", "salvage_2", "last")),
    ):
        before_all = pl.col(name) <= pl.min_horizontal(*later)
        found = found.with_columns(pl.when(before_all).then(pl.col(name)).alias(name))
    return found
