"""Measurements, and observations of the same kind, to results: operator, unit and reference range
kept, nothing without a unit, what can't be used set aside with the reason.
"""

from __future__ import annotations

import polars as pl

from rearm.intake.omop.loss import Cause
from rearm.intake.omop.result_meaning import meaning_of
from rearm.intake.omop.result_units import with_units
from rearm.intake.omop.runs import ASIDE
from rearm.intake.omop.translation import Translation, by_concept, with_meanings

__all__ = ["add_results", "with_fates"]

_MARK = r"^\s*(<=|>=|=<|=>|<|>|≤|≥)"
_SAME = {"≤": "<=", "≥": ">=", "=<": "<=", "=>": ">="}
_WHOLE = r"\.0$"
# of a test's results in one unit, how many at the lowest value make it look like a limit
_PILED, _SHARE = 5, 0.05
_UNKNOWN_OPERATOR = "?"
_NEEDED = {
    "operator": pl.Int64(),
    "low": pl.Float64(),
    "high": pl.Float64(),
    "stated": pl.String(),
    "event": pl.Int64(),
    "event_field": pl.Int64(),
}


def with_fates(t: Translation, table: str) -> pl.DataFrame:
    """The rows of `measurement` or `observation` with what each is about (`ResultMeaning`)."""
    frame = t.frames[table]
    missing = [
        pl.lit(None, kind).alias(name)
        for name, kind in _NEEDED.items()
        if name not in frame.columns
    ]
    return with_meanings(
        frame.with_columns(missing),
        ("concept", "source_concept", "source"),
        lambda *ids: meaning_of(t, *ids),
        dict.fromkeys(("fate", "test", "test_stated", "code", "why_not"), pl.String()),
    )


def add_results(t: Translation, table: str, rows: pl.DataFrame) -> None:
    """The results among the rows of a table, and what of them is not used."""
    _tell_unread(t, table, rows)
    kept = rows.filter(pl.col("fate").is_in(["test", "unread", "contradiction"]))
    if kept.is_empty():
        return
    kept = _with_values(t, table, kept)
    kept = with_units(t, table, kept)
    _tell_lost_limits(t, table, kept)
    kept = _with_samples(t, kept)
    labs = kept.select(
        "person",
        "key",
        "day",
        pl.col("moment").str.extract(r"[T ](\d{2}:\d{2})").replace("00:00", None).alias("time"),
        pl.col("test_stated").alias("test"),
        "value",
        pl.col("unit_text").alias("unit"),
        pl.col("low").alias("ref_low"),
        pl.col("high").alias("ref_high"),
        "specimen",
        pl.col("sample").alias("sample_id"),
        pl.col("why_not").alias(f"{ASIDE}test"),
        pl.col("value_why_not").alias(f"{ASIDE}value"),
        pl.col("unit_why_not").alias(f"{ASIDE}unit"),
        "textual",
    )
    for textual, decimal in ((False, "."), (True, None)):
        part = labs.filter(pl.col("textual") == textual).drop("textual")
        t.add("labs", part, table, decimal=decimal)


def _with_values(t: Translation, table: str, rows: pl.DataFrame) -> pl.DataFrame:
    """With the value as the table `labs` writes it, and whether it is text of the source."""
    signs = with_meanings(rows, ("operator",), lambda o: (_sign(t, o),), {"sign": pl.String()})
    worded = with_meanings(
        signs,
        ("test", "answer"),
        lambda test, answer: (_word(t, test, answer),),
        {"word": pl.String()},
    )
    of_words = [test.id for test in t.knowledge.lab_tests.values() if test.kind == "word"]
    source = pl.coalesce("number_text", "stated", "value_source")
    from_source = pl.col("value_source").str.extract(_MARK).replace(_SAME)
    own = pl.col("sign").replace({"=": None, _UNKNOWN_OPERATOR: None})
    number = pl.col("number").cast(pl.String).str.replace(_WHOLE, "")
    value = (
        pl.when(pl.col("test").is_in(of_words) & (pl.col("word").is_not_null()))
        .then(pl.col("word"))
        .when(pl.col("number").is_not_null())
        .then(pl.concat_str(pl.coalesce(own, from_source, pl.lit("")), number))
        .otherwise(pl.coalesce("word", source))
    )
    textual = pl.col("number").is_null() & pl.col("word").is_null() & source.is_not_null()
    rows = worded.with_columns(
        value.alias("value"),
        textual.alias("textual"),
        from_source.alias("source_sign"),
        own.alias("own_sign"),
    )
    return _with_doubted_signs(t, table, _without_values(t, table, rows))


def _with_doubted_signs(t: Translation, table: str, rows: pl.DataFrame) -> pl.DataFrame:
    """With the reason against values whose operator is not known, or is contradicted."""
    numeric = pl.col("number").is_not_null()
    is_unknown = numeric & (pl.col("sign") == _UNKNOWN_OPERATOR).fill_null(False)
    differs = numeric & (pl.col("own_sign").str.head(1) != pl.col("source_sign").str.head(1))
    taken = numeric & pl.col("own_sign").is_null() & pl.col("source_sign").is_not_null()
    _tell_signs(
        t,
        table,
        unknown=rows.filter(is_unknown),
        differing=rows.filter(differs),
        taken=rows.filter(taken & ~is_unknown),
    )
    unread = "The operator is a concept that is none of <, <=, =, >= and >: the value is unknown."
    differ = "The operator and the source value have different signs."
    reason = pl.when(is_unknown).then(pl.lit(unread)).when(differs).then(pl.lit(differ))
    return rows.with_columns(reason.alias("value_why_not"))


def _tell_signs(
    t: Translation,
    table: str,
    *,
    unknown: pl.DataFrame,
    differing: pl.DataFrame,
    taken: pl.DataFrame,
) -> None:
    t.losses.concepts(
        Cause(
            severity="error",
            code="operator_unknown",
            table=table,
            sentence=(
                "{n} of results have an operator that is not read ({list}). They are not used."
            ),
            column="operator_concept_id",
        ),
        by_concept(t, unknown, "operator", None),
    )
    t.losses.rows(
        Cause(
            severity="error",
            code="operator_contradiction",
            table=table,
            sentence=(
                "In {n} the operator and the source value point in different directions. The "
                "results are not used."
            ),
            column="value_source_value",
        ),
        differing,
        value="value_source",
    )
    t.losses.rows(
        Cause(
            severity="note",
            code="operator_from_source",
            table=table,
            sentence=(
                "In {n} no operator is given, but the source value has one (such as <). It is used."
            ),
            done="used",
            column="value_source_value",
        ),
        taken,
        value="value_source",
    )


def _without_values(t: Translation, table: str, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows that have a value; the others are told."""
    blank = rows.filter(pl.col("value").is_null())
    coded = blank.filter(pl.col("answer").is_not_null())
    t.losses.concepts(
        Cause(
            severity="warning",
            code="unknown_value_code",
            table=table,
            sentence=(
                "{n} of tests have a result that is a concept without meaning here ({list}). They "
                "are not read."
            ),
            column="value_as_concept_id",
        ),
        by_concept(t, coded, "answer", None),
    )
    t.losses.concepts(
        Cause(
            severity="note",
            code="value_blank",
            table=table,
            sentence="{n} of tests have no value ({list}). They are not read.",
        ),
        by_concept(t, blank.filter(pl.col("answer").is_null())),
    )
    unread = rows.filter(pl.col("number_text").is_not_null())
    t.losses.rows(
        Cause(
            severity="warning",
            code="number_unreadable",
            table=table,
            sentence=(
                "In {n} value_as_number is no number with a decimal point. It is read as text, "
                "with the doubts that belong to it."
            ),
            done="used",
            column="value_as_number",
        ),
        unread,
        value="number_text",
    )
    return rows.filter(pl.col("value").is_not_null())


def _sign(t: Translation, operator: int | None) -> str | None:
    if operator is None:
        return None
    return t.vocabulary.operator(operator) or _UNKNOWN_OPERATOR


def _word(t: Translation, test_id: str | None, answer: int | None) -> str | None:
    """The word of a test that a concept as its result stands for: by its code, else by its name
    where that is one of the test's words; of something that is not known, the name.
    """
    if answer is None:
        return None
    concept = t.vocabulary.concept(answer)
    coded = t.hints.words.get(answer) if concept is None else t.word_of(concept)
    test = None if test_id is None else t.knowledge.lab_tests.get(test_id)
    if coded is not None or concept is None:
        return coded
    if test is None:
        return concept.name or None
    known = test.word(concept.name) is not None or test.bound_word(concept.name) is not None
    return concept.name if known else None


def _tell_unread(t: Translation, table: str, rows: pl.DataFrame) -> None:
    """What is no result of the dictionary, by concept."""

    def told(fate: str) -> pl.DataFrame:
        return rows.filter(pl.col("fate") == fate)

    t.losses.is_type(
        table,
        f"{table}_concept_id",
        (
            "{n} have a type concept in place of what was asked ({list}): it says where a row "
            "comes from. They are not read. Correct the mapping."
        ),
        by_concept(t, told("type"), source=None),
    )
    t.losses.unknown(
        table,
        f"{table}_concept_id",
        ("{n} have concepts outside the dictionary of tests ({list}). They are not read."),
        by_concept(t, told("unknown"), source=None),
    )
    t.losses.unmapped(
        table,
        f"{table}_source_value",
        (
            "{n} have no concept that CONCEPT knows, and their source value is neither a LOINC "
            "code nor a name of a test ({list}). They are not read."
        ),
        by_concept(t, told("unmapped")),
    )
    for fate, code in (
        ("unread", "unknown_code"),
        ("unread", "loinc_check_digit"),
        ("contradiction", "code_contradiction"),
        ("contradiction", "loinc_check_digit"),
    ):
        of_code = told(fate).filter(pl.col("code") == code)
        for (why_not,), part in of_code.group_by("why_not", maintain_order=True):
            t.losses.rows(
                Cause(
                    severity="error",
                    code=code,
                    table=table,
                    sentence=f"{why_not} {{n}} of results under it are not used. Correct the code.",
                    column=f"{table}_source_value",
                ),
                part,
                value="source",
            )


def _tell_lost_limits(t: Translation, table: str, rows: pl.DataFrame) -> None:
    """Numbers without operator and source value that look like the limit of the method: below it,
    or at it?
    """
    plain = rows.filter(
        pl.col("number").is_not_null()
        & pl.col("own_sign").is_null()
        & pl.col("operator").is_null()
        & pl.col("value_source").is_null()
        & (pl.col("fate") == "test")
    )
    if plain.is_empty():
        return
    of_test = pl.struct("test", "unit_text")
    least = pl.col("number").min().over("test", "unit_text")
    at_least = pl.col("number") == least
    piled = at_least.sum().over("test", "unit_text")
    share = piled / pl.len().over("test", "unit_text")
    several = pl.col("number").n_unique().over("test", "unit_text") > 1
    limit = (
        (at_least & several & (least > 0) & (piled >= _PILED) & (share >= _SHARE))
        | (pl.col("number") == pl.col("low"))
        | (pl.col("number") == pl.col("high"))
    )
    doubted = plain.filter(limit.fill_null(False)).sort(of_test)
    for (test,), part in doubted.group_by("test", maintain_order=True):
        name = t.knowledge.lab_tests[str(test)].name
        t.losses.rows(
            Cause(
                severity="warning",
                code="limit_may_be_lost",
                table=table,
                sentence=(
                    f"{name}: {{n}} are exactly at a limit, without an operator or a source value. "
                    f"They "
                    "may have been reported as < or >. They are used as numbers. Export "
                    "value_source_value."
                ),
                done="used",
                column="value_as_number",
            ),
            part,
            value="value",
        )


def _with_samples(t: Translation, rows: pl.DataFrame) -> pl.DataFrame:
    """With the sample that a row refers to, where it refers to one of `specimen`."""
    specimens = t.frames["specimen"]
    fields = [
        i
        for i in rows["event_field"].unique().drop_nulls().to_list()
        if (c := t.vocabulary.concept(i)) is not None and c.name == "specimen.specimen_id"
    ]
    words = (
        with_meanings(
            specimens,
            ("concept",),
            lambda i: (t.word_of(t.vocabulary.concept(i)),),
            {"specimen": pl.String()},
        )
        .select(
            pl.col("key").alias("event"),
            pl.coalesce("specimen", "source").alias("specimen"),
            "sample",
        )
        .unique("event")
    )
    refers = pl.when(pl.col("event_field").is_in(fields)).then(pl.col("event"))
    return rows.with_columns(refers.alias("event")).join(
        words, on="event", how="left", maintain_order="left"
    )
