"""In which group a patient is, and from which day on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rearm.cohort.outcomes.question import GROUPINGS, Question

if TYPE_CHECKING:
    import polars as pl

    from rearm.cohort.outcomes.opened import OpenedStore

__all__ = ["NO_SALVAGE_YET", "grouped", "salvage_lines"]

NO_SALVAGE_YET = "no_salvage_yet"
_BAND = 10  # years


def grouped(store: OpenedStore, question: Question, found: pl.DataFrame) -> pl.DataFrame:
    """The rows with `group` (`not_known` where it is not; null without `by`) and `group_from`, the
    day from the origin on which it begins.
    """
    import polars as pl

    criteria = store.criteria(question.criteria)
    if question.by is None:
        return found.with_columns(group=pl.lit(None, pl.String), group_from=pl.lit(None, pl.Int64))
    table = GROUPINGS[question.by].table
    if table == "lines":
        found = _by_salvage(store, question, found, criteria)
    else:
        values = _values(store, question, criteria, table).collect()
        found = found.join(values, on="patient_id", how="left").with_columns(
            group_from=pl.lit(None, pl.Int64)
        )
    return found.with_columns(pl.col("group").fill_null("not_known"))


def _values(store: OpenedStore, question: Question, criteria: str, table: str) -> pl.LazyFrame:
    """The group of each patient, where it is one of him or of the index infusion."""
    import polars as pl

    of_infusion = pl.col("criteria") == criteria, pl.col("infusion") == question.infusion
    infusions = store.table("infusions").filter(*of_infusion)
    if table == "infusions":
        assert question.by is not None
        return infusions.select("patient_id", pl.col(question.by).alias("group"))
    if table == "before":
        first = pl.col("after_infusion") < question.infusion
        lines = store.table("lines").filter(pl.col("criteria") == criteria, first)
        others = pl.len().cast(pl.Int64) - question.infusion  # each infusion is a line, too
        return lines.group_by("patient_id").agg(others.cast(pl.String).alias("group"))
    patients = store.table("patients")
    if question.by == "sex":
        return patients.select("patient_id", pl.col("sex").alias("group"))
    index = infusions.select("patient_id", pl.col("day").alias("index_day"))
    years = (pl.col("infusion_day") - pl.col("index_day")) / 365.25
    start = ((pl.col("age") - years) / _BAND).floor().cast(pl.Int64) * _BAND
    band = pl.format("{} to {}", start, start + _BAND - 1)
    return patients.join(index, on="patient_id").select("patient_id", band.alias("group"))


def salvage_lines(store: OpenedStore, criteria: str, infusion: int) -> pl.LazyFrame:
    """Lines that begin after an infusion on a known day, the first of each day: `patient_id`,
    `start`, `strategy`, `option`. A later CAR-T is one of them.
    """
    import polars as pl

    return (
        store.table("lines")
        .filter(
            pl.col("criteria") == criteria,
            pl.col("after_infusion") == infusion,
            pl.col("start_low") == pl.col("start_high"),
        )
        .sort("patient_id", "line")
        .group_by("patient_id", pl.col("start_low").alias("start"), maintain_order=True)
        .agg(pl.col("strategy").first(), pl.col("option").first())
    )


def _by_salvage(
    store: OpenedStore, question: Question, found: pl.DataFrame, criteria: str
) -> pl.DataFrame:
    import polars as pl

    assert question.by is not None
    later_infusion = question.infusion > 1 and question.origin != "salvage"
    after = question.infusion - 1 if later_infusion else question.infusion
    lines = salvage_lines(store, criteria, after).select(
        "patient_id", "start", pl.col(question.by).alias("group")
    )
    started = found.lazy().select("patient_id", pl.col("origin_day").alias("start"))
    if later_infusion:
        started = store.table("infusions").filter(
            pl.col("criteria") == criteria, pl.col("infusion") == question.infusion
        ).select("patient_id", pl.col("day").alias("start"))  # fmt: skip
    elif question.origin != "salvage":
        return _by_later_salvage(store, question, found, lines)
    own = started.join(lines, on=["patient_id", "start"], how="left").select("patient_id", "group")
    return found.join(own.collect(), on="patient_id", how="left").with_columns(
        group_from=pl.lit(None, pl.Int64)
    )


def _by_later_salvage(
    store: OpenedStore, question: Question, found: pl.DataFrame, lines: pl.LazyFrame
) -> pl.DataFrame:
    """By the salvage that began by the landmark; or that begins at all, from its first day on."""
    import polars as pl

    begun_at = pl.when(pl.col("status") == "event")
    next_therapy = (
        store.table("outcomes")
        .filter(
            pl.col("criteria") == store.criteria(question.criteria),
            pl.col("infusion") == question.infusion,
            pl.col("origin") == question.origin,
            pl.col("endpoint") == "TTNT",
        )
        .select(
            "patient_id",
            pl.col("obstacle").alias("why_unknown"),
            begun_at.then(pl.col("days")).alias("group_from"),
            begun_at.then(pl.coalesce("days_low", "days")).alias("from_low"),
            begun_at.then(pl.coalesce("days_high", "days")).alias("from_high"),
            begun_at.then(pl.col("origin_day") + pl.col("days")).alias("start"),
        )
    )
    own = next_therapy.join(lines, on=["patient_id", "start"], how="left").drop("start").collect()
    found = found.join(own, on="patient_id", how="left")
    if question.landmark == "first_dose":
        none_given = pl.when(pl.col("group_from").is_null()).then(pl.lit("no_salvage"))
        return found.with_columns(left_out=pl.coalesce("left_out", "why_unknown", none_given))
    begun = pl.col("from_high") <= question.landmark
    straddles = (pl.col("from_low") <= question.landmark) & ~begun
    return found.with_columns(
        left_out=pl.coalesce(
            "left_out", "why_unknown", pl.when(straddles).then(pl.lit("new_therapy_undated"))
        ),
        group=pl.when(begun.fill_null(False))
        .then(pl.col("group").fill_null("not_known"))
        .otherwise(pl.lit(NO_SALVAGE_YET)),
    )
