"""Persons, observation periods, deaths and the diagnosis of myeloma to rows of `patients` and
`deaths`.
"""

from __future__ import annotations

import polars as pl

from rearm.intake.omop.conditions import diagnosis_days
from rearm.intake.omop.loss import Cause
from rearm.intake.omop.translation import Translation, by_concept, parsed_day, with_meanings

__all__ = ["add_persons"]


def add_persons(t: Translation) -> None:
    """The rows of patients and deaths."""
    deaths = _deaths(t)
    persons = _sexes(t, _births(t, t.frames["person"]))
    seen = _last_seen(t, deaths)
    frame = persons.join(seen, on="person", how="left", maintain_order="left").join(
        diagnosis_days(t), on="person", how="left", maintain_order="left"
    )
    columns = ("person", "sex", "birth_date", "birth_year", "diagnosis_day", "last_seen_day")
    t.add("patients", frame.select(columns), "person")


def _births(t: Translation, persons: pl.DataFrame) -> pl.DataFrame:
    """The date of birth where all of it is known, else the year."""
    digits = pl.format(
        "{}-{}-{}", _digits("year", 4), _digits("month", 2), _digits("day_of_month", 2)
    )
    whole = digits.str.to_date("%Y-%m-%d", strict=False)  # blank where a part is, or can't be
    stated = parsed_day("born")
    usable = whole.is_not_null()
    nothing = pl.col("year").is_null() & pl.col("month").is_null()
    frame = persons.with_columns(
        pl.when(usable)
        .then(whole.cast(pl.String))
        .when(nothing)
        .then(pl.col("born"))
        .alias("birth_date"),
        pl.col("year").fill_null(stated.dt.year()),
    )
    t.losses.rows(
        Cause(
            severity="note",
            code="birth_contradiction",
            table="person",
            sentence=(
                "In {n} birth_datetime differs from year, month and day of birth. The latter are "
                "used."
            ),
            done="used",
            column="birth_datetime",
        ),
        persons.filter(usable & (whole != stated).fill_null(False)),
        value="born",
    )
    year = pl.when(pl.col("birth_date").is_null()).then(pl.col("year"))
    return frame.with_columns(year.alias("birth_year"))


def _digits(column: str, width: int) -> pl.Expr:
    return pl.col(column).cast(pl.String).str.zfill(width)


def _sexes(t: Translation, persons: pl.DataFrame) -> pl.DataFrame:
    def sex(concept: int | None, source: str | None) -> tuple[str | None]:
        known = t.vocabulary.concept(concept)
        if known is not None and known.known:
            word = t.spelled("patients", "sex", known.code)
            return (word or t.spelled("patients", "sex", known.name),)
        if concept is not None:
            return (t.hints.gender.get(concept),)
        return (t.spelled("patients", "sex", source),)

    frame = with_meanings(persons, ("gender", "gender_source"), sex, {"sex": pl.String()})
    unknown = frame.filter(pl.col("sex").is_null())
    t.losses.rows(
        Cause(
            severity="note",
            code="sex_not_used",
            table="person",
            sentence="In {n} the gender is neither male nor female, so sex is unknown.",
            done="used",
            column="gender_concept_id",
        ),
        unknown,
        value="gender_source",
    )
    return frame


def _deaths(t: Translation) -> pl.DataFrame:
    """The rows of deaths are added; gives person and date of the last day of death."""
    deaths = t.frames["death"]

    def cause(
        concept: int | None, source_concept: int | None, source: str | None
    ) -> tuple[str | None]:
        for one in (concept, source_concept):
            known = t.vocabulary.concept(one)
            if one is None:
                continue
            if t.hints.conditions.get(one) == "myeloma" or t.vocabulary.is_below_myeloma(one):
                return ("myeloma",)
            if known is None:
                continue
            meaning = t.codes.conditions.get((known.system, known.code))
            if meaning in ("myeloma", "myeloma_later"):
                return ("myeloma",)
            if (word := t.spelled("deaths", "cause", known.name)) is not None:
                return (word,)
        return (t.spelled("deaths", "cause", source),)

    frame = with_meanings(
        deaths, ("concept", "source_concept", "source"), cause, {"cause": pl.String()}
    )
    given = pl.any_horizontal(pl.col("concept", "source_concept", "source").is_not_null())
    unread = frame.filter(pl.col("cause").is_null() & given)
    t.losses.concepts(
        Cause(
            severity="note",
            code="cause_unread",
            table="death",
            sentence=(
                "{n} have a cause that is not among those of the dictionary ({list}). The cause is "
                "unknown; the death is used."
            ),
            done="used",
            column="cause_concept_id",
        ),
        by_concept(t, unread),
    )
    # a row of `death` is a death, be neither its day nor its cause known
    stated = pl.when(pl.col("day").is_null()).then(pl.coalesce("cause", pl.lit("unknown")))
    frame = frame.with_columns(stated.fill_null(pl.col("cause")).alias("cause"))
    t.add("deaths", frame.select("person", "day", "cause"), "death")
    days = frame.select("person", parsed_day("day").alias("died")).drop_nulls()
    return days.group_by("person").agg(pl.col("died").max())


def _last_seen(t: Translation, deaths: pl.DataFrame) -> pl.DataFrame:
    """The last day of each patient's observation; none that ends after the death."""
    periods = t.frames["observation_period"].with_columns(
        parsed_day("start").alias("from"), parsed_day("end").alias("until")
    )
    turned = periods.filter(pl.col("until") < pl.col("from"))
    t.losses.rows(
        Cause(
            severity="warning",
            code="end_before_start",
            table="observation_period",
            sentence="{n} end before they start. They are not used.",
            column="observation_period_end_date",
        ),
        turned,
        value="end",
    )
    sound = periods.filter(
        pl.col("until").is_not_null() & ~(pl.col("until") < pl.col("from")).fill_null(False)
    )
    sound = sound.join(deaths, on="person", how="left", maintain_order="left")
    after = sound.filter(pl.col("until") > pl.col("died"))
    t.losses.rows(
        Cause(
            severity="warning",
            code="observed_after_death",
            table="observation_period",
            sentence=(
                "{n} end after the death of their patient. Their end is not used as last contact."
            ),
            column="observation_period_end_date",
        ),
        after,
        value="end",
    )
    kept = sound.filter(~(pl.col("until") > pl.col("died")).fill_null(False))
    return kept.group_by("person").agg(pl.col("until").max().cast(pl.String).alias("last_seen_day"))
