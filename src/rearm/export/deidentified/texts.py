"""Texts that may leave: words of a closed vocabulary, and of some only those that enough patients
have. Every other text is replaced by one word for all.
"""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

__all__ = ["OTHER", "WITHHELD", "common", "only_words", "replaced", "without"]

OTHER = "other"
WITHHELD = "withheld"


def common(
    frame: pl.DataFrame, column: str, words: Collection[str], joint: str | None, least: int
) -> frozenset[str]:
    """The words of the vocabulary that at least so many patients have in a column."""
    counted = (
        frame.select("patient_id", _parts(frame, column, joint).alias("word"))
        .explode("word")
        .filter(pl.col("word").is_in(list(words)))
        .group_by("word")
        .agg(pl.col("patient_id").n_unique().alias("patients"))
        .filter(pl.col("patients") >= least)
    )
    return frozenset(counted["word"])


def only_words(
    frame: pl.DataFrame, column: str, words: Collection[str], joint: str | None
) -> pl.Expr:
    """The column with every word that is not among `words` replaced."""
    allowed = pl.element().is_in(list(words))
    parts = _parts(frame, column, joint).list.eval(
        pl.when(allowed).then(pl.element()).otherwise(pl.lit(OTHER))
    )
    if _is_list(frame, column):
        return parts.alias(column)
    return parts.list.join(joint or "").alias(column)  # of no list none


def replaced(frame: pl.DataFrame, column: str, words: Collection[str], joint: str | None) -> int:
    """How many words of a column are not among `words`."""
    every = frame.select(_parts(frame, column, joint).alias("word")).explode("word")["word"]
    return int((~every.drop_nulls().is_in(pl.Series(list(words), dtype=pl.String).implode())).sum())


def without(frame: pl.DataFrame, column: str, telling: Collection[str], flag: pl.Expr) -> pl.Expr:
    """The column without words that tell something, for the patients with the flag; a word that
    stands for many may be one that tells.
    """
    told = [*telling, OTHER]
    if _is_list(frame, column):
        hidden = pl.col(column).list.eval(
            pl.when(pl.element().is_in(told)).then(pl.lit(WITHHELD)).otherwise(pl.element())
        )
        return pl.when(flag).then(hidden).otherwise(pl.col(column)).alias(column)
    return pl.when(~(flag & pl.col(column).is_in(told))).then(pl.col(column)).alias(column)


def _is_list(frame: pl.DataFrame, column: str) -> bool:
    return frame.schema[column] == pl.List(pl.String)


def _parts(frame: pl.DataFrame, column: str, joint: str | None) -> pl.Expr:
    """The words of each cell as a list; of an empty cell none."""
    if _is_list(frame, column):
        return pl.col(column)
    if joint is not None:
        return pl.col(column).str.split(joint)
    return pl.when(pl.col(column).is_not_null()).then(pl.concat_list(column))
