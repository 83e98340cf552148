"""Episodes to lines of therapy as stated. A line that an algorithm has derived is no statement: its
exposures are read as they are charted, without its number.
"""

from __future__ import annotations

import polars as pl

from rearm.intake.omop.intervals import with_sane_ends
from rearm.intake.omop.loss import Cause
from rearm.intake.omop.translation import Translation, by_concept, parsed_day, with_meanings

__all__ = ["add_lines"]

_EXPOSURE = "drug_exposure.drug_exposure_id"


def add_lines(t: Translation, drugs: pl.DataFrame) -> pl.Series:
    """The rows of therapies that are stated lines; gives the keys of the exposures in them."""
    lines = _lines(t)
    events = _events(t, drugs)
    computed = lines.filter("computed")
    _tell_computed(t, computed)
    stated = lines.filter(~pl.col("computed"))
    linked = events.join(stated.select("key"), on="key", how="semi")
    free = drugs.join(events.select(pl.col("exposure").alias("key")), on="key", how="anti")
    within = _within(stated.join(linked, on="key", how="anti"), free)
    contents = pl.concat([linked, within]).sort("key", "exposure")
    of_lines = contents.group_by("key", maintain_order=True).agg(
        pl.col("agents").str.split(";").explode().unique(maintain_order=True).str.join(";"),
        pl.col("stop_reason").drop_nulls().first(),
    )
    # nothing is charted of a computed line but itself: that there was a treatment is kept
    bare = computed.join(events.select("key"), on="key", how="anti")
    bare = bare.join(_within(bare, free).select("key"), on="key", how="anti")
    rows = pl.concat([stated, bare.with_columns(pl.lit(None, pl.Int64()).alias("line"))])
    rows = rows.join(of_lines, on="key", how="left", maintain_order="left")
    t.add(
        "therapies",
        rows.select(
            "person",
            "key",
            pl.col("start").alias("start_day"),
            pl.col("end").alias("end_day"),
            "line",
            "regimen",
            "agents",
            "stop_reason",
        ),
        "episode",
    )
    return contents["exposure"].unique()


def _lines(t: Translation) -> pl.DataFrame:
    """The episodes that are lines: regimens, with the number of the treatment that they belong to,
    and treatments without regimens.
    """
    hints = t.hints
    episodes = with_sane_ends(t, "episode", t.frames["episode"])
    regimen = pl.col("concept") == hints.regimen_episode
    treatment = pl.col("concept") == hints.treatment_episode
    t.losses.unknown(
        "episode",
        "episode_concept_id",
        (
            "{n} are episodes of another kind than regimens and treatments ({list}). They are "
            "not read."
        ),
        by_concept(t, episodes.filter(~(regimen | treatment).fill_null(False))),
    )
    treatments = episodes.filter(treatment)
    regimens = episodes.filter(regimen).join(
        treatments.select(pl.col("key").alias("parent"), pl.col("number").alias("of_parent")),
        on="parent",
        how="left",
        maintain_order="left",
    )
    alone = treatments.join(
        regimens.select(pl.col("parent").alias("key")).drop_nulls(), on="key", how="anti"
    ).with_columns(pl.lit(None, pl.Int64()).alias("of_parent"))
    both = pl.concat([regimens, alone.select(regimens.columns)])
    named = with_meanings(
        both,
        ("object", "source", "concept"),
        lambda *said: (_regimen(t, *said),),
        {"regimen": pl.String()},
    )
    return named.with_columns(
        pl.coalesce("of_parent", "number").alias("line"),
        (pl.col("type") == hints.algorithm).fill_null(False).alias("computed"),
    ).select("person", "key", "start", "end", "line", "regimen", "computed")


def _regimen(t: Translation, concept_id: int | None, source: str | None, kind: int) -> str | None:
    """The regimen as it is written: the object of the episode, else its source value. The object of
    a whole treatment is the disease.
    """
    if kind != t.hints.regimen_episode or concept_id is None:
        return source
    concept = t.vocabulary.concept(concept_id)
    if concept is not None and concept.name:
        return concept.name
    return t.hints.regimens.get(concept_id) or source


def _events(t: Translation, drugs: pl.DataFrame) -> pl.DataFrame:
    """The exposures that episodes refer to: `key` of the episode, `exposure`, its agents."""
    events = t.frames["episode_event"]
    fields = [
        i
        for i in events["field"].unique().drop_nulls().to_list()
        if ((concept := t.vocabulary.concept(i)) is not None and concept.name == _EXPOSURE)
        or (concept is None and t.hints.fields.get(i) == _EXPOSURE)
    ]
    of_drugs = pl.col("field").is_in(fields).fill_null(False)
    others = events.filter(~of_drugs)
    if others.height:
        counts = by_concept(t, others, "field", None)
        t.losses.concepts(
            Cause(
                severity="note",
                code="event_not_read",
                table="episode_event",
                sentence=(
                    "{n} refer to other tables than exposures of drugs ({list}). They are not read."
                ),
                column="episode_event_field_concept_id",
            ),
            counts,
        )
    exposures = drugs.filter(pl.col("kind") == "agents").select(
        pl.col("key").alias("event"), pl.col("key").alias("exposure"), "agents", "stop_reason"
    )
    return (
        events.filter(of_drugs)
        .join(exposures, on="event", how="inner")
        .select("key", "exposure", "agents", "stop_reason")
    )


def _within(lines: pl.DataFrame, drugs: pl.DataFrame) -> pl.DataFrame:
    """The exposures that lie within lines which refer to none."""
    exposures = drugs.filter((pl.col("kind") == "agents") & ~pl.col("ordered")).select(
        "person",
        pl.col("key").alias("exposure"),
        "agents",
        "stop_reason",
        parsed_day("start").alias("from"),
        pl.coalesce(parsed_day("end"), parsed_day("start")).alias("until"),
    )
    spans = lines.select(
        "person", "key", parsed_day("start").alias("begins"), parsed_day("end").alias("ends")
    ).drop_nulls()
    inside = (pl.col("from") >= pl.col("begins")) & (pl.col("until") <= pl.col("ends"))
    return (
        spans.join(exposures, on="person", how="inner")
        .filter(inside)
        .unique("exposure", keep="first", maintain_order=True)
        .select("key", "exposure", "agents", "stop_reason")
    )


def _tell_computed(t: Translation, computed: pl.DataFrame) -> None:
    t.losses.rows(
        Cause(
            severity="warning",
            code="line_computed",
            table="episode",
            sentence=(
                "{n} are lines that an algorithm has derived (episode_type_concept_id). They are "
                "computed, not charted: their number is not used, and what is read are the "
                "exposures."
            ),
            column="episode_type_concept_id",
        ),
        computed,
        value="regimen",
    )
