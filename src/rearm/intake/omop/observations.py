"""Observations and measurements that are no results: stated responses, facts, genomic variants."""

from __future__ import annotations

import polars as pl

from rearm.intake.fhir.variant import kind_of_expression
from rearm.intake.omop.loss import Cause
from rearm.intake.omop.translation import Translation, by_concept, with_meanings

__all__ = ["add_facts", "add_responses", "add_variants"]


def add_responses(t: Translation, table: str, rows: pl.DataFrame) -> None:
    """Responses as the team states them."""
    found = _with_statement(t, rows.filter(pl.col("fate") == "response"))
    found = with_meanings(
        found,
        ("said",),
        lambda said: (t.spelled("assessments", "response", said),),
        {"response": pl.String()},
    )
    t.losses.rows(
        Cause(
            severity="warning",
            code="response_unread",
            table=table,
            sentence="{n} state a response that is no word of the dictionary. They are not read.",
            column="value_as_concept_id",
        ),
        found.filter(pl.col("response").is_null()),
        value="said",
    )
    read = found.filter(pl.col("response").is_not_null())
    t.add(
        "assessments",
        read.select("person", "key", "day", "response", pl.lit("team").alias("by")),
        table,
    )


def add_facts(t: Translation, table: str, rows: pl.DataFrame) -> None:
    """Statements whose source value is the name of a finding."""
    found = _with_statement(t, rows.filter(pl.col("fate") == "fact"))
    blank = found.filter(pl.col("said").is_null())
    t.losses.concepts(
        Cause(
            severity="note",
            code="value_blank",
            table=table,
            sentence="{n} of facts have no value ({list}). They are not read.",
        ),
        by_concept(t, blank),
    )
    read = found.filter(pl.col("said").is_not_null())
    t.add(
        "facts",
        read.select(
            "person", "key", "day", pl.col("source").alias("finding"), pl.col("said").alias("value")
        ),
        table,
    )


def add_variants(t: Translation, table: str, rows: pl.DataFrame) -> None:
    """Genomic variants: gene or locus and change from the source value, found or not found from
    the result.
    """
    found = _with_statement(t, rows.filter(pl.col("fate") == "variant"))

    def parted(source: str | None, said: str | None) -> tuple[str | None, ...]:
        gene, _, rest = (source or "").partition(" ")
        result = t.spelled("variants", "result", said)
        change = rest.strip() or None
        if (kind := t.spelled("variants", "kind", change)) is not None:
            return gene or None, None, kind, result
        return gene or None, change, kind_of_expression(change or ""), result

    found = with_meanings(
        found,
        ("source", "said"),
        parted,
        dict.fromkeys(("gene", "change", "variant_kind", "result"), pl.String()),
    )
    usable = pl.col("gene").is_not_null() & pl.col("result").is_not_null()
    t.losses.rows(
        Cause(
            severity="warning",
            code="variant_undecided",
            table=table,
            sentence=(
                "{n} of genomic variants name no gene in the source value, or are neither found "
                "nor not found. They are not read."
            ),
            column=f"{table}_source_value",
        ),
        found.filter(~usable),
        value="source",
    )
    t.add(
        "variants",
        found.filter(usable).select(
            "person",
            "key",
            "day",
            "gene",
            "change",
            pl.col("variant_kind").alias("kind"),
            "result",
        ),
        table,
    )


def _with_statement(t: Translation, rows: pl.DataFrame) -> pl.DataFrame:
    """With `said`: the word or the name of the concept that is the value, else the text, else the
    number.
    """

    def word(answer: int | None) -> tuple[str | None]:
        concept = t.vocabulary.concept(answer)
        if answer is not None and concept is None:
            return (t.hints.words.get(answer),)
        return (t.word_of(concept) or (None if concept is None else concept.name or None),)

    named = with_meanings(rows, ("answer",), word, {"word": pl.String()})
    number = pl.col("number").cast(pl.String).str.replace(r"\.0$", "")
    return named.with_columns(
        pl.coalesce("stated", "word", "value_source", number, "number_text").alias("said")
    )
