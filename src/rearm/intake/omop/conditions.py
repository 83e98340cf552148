"""Conditions: the diagnosis of myeloma, and what the dictionary lists as condition or toxicity."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from rearm.intake.omop.intervals import with_sane_ends
from rearm.intake.omop.loss import Cause
from rearm.intake.omop.translation import Translation, by_concept, parsed_day, with_meanings
from rearm.intake.omop.vocabulary import Concept
from rearm.knowledge.tidy_tables import folded

__all__ = ["add_conditions", "diagnosis_days"]

_TERMINOLOGIES = ("icd10", "icd10cm", "snomed")
_MYELOMA, _LATER = "myeloma", "myeloma_later"


class _Meaning(NamedTuple):
    table: str | None = None
    word: str | None = None
    contradicts: bool = False
    is_type: bool = False


def add_conditions(t: Translation) -> None:
    """The rows of conditions and toxicities."""
    rows = with_sane_ends(t, "condition_occurrence", _with_meanings(t))
    found = rows.filter(
        pl.col("word").is_in([_MYELOMA, _LATER]).not_() & (pl.col("table").is_not_null())
    )
    days = ("person", "key", pl.col("start").alias("day"), pl.col("end").alias("end_day"))
    conditions = found.filter(pl.col("table") == "conditions").select(
        *days,
        pl.col("word").alias("condition"),
        pl.when("unclear").then(pl.lit("unclear")).otherwise(pl.lit("present")).alias("status"),
    )
    t.add("conditions", conditions, "condition_occurrence")
    confirmed = found.filter(~pl.col("unclear"))
    toxicities = confirmed.filter(pl.col("table") == "toxicities").select(
        *days, pl.col("word").alias("toxicity")
    )
    t.add("toxicities", toxicities, "condition_occurrence")
    _tell(t, rows)


def diagnosis_days(t: Translation) -> pl.DataFrame:
    """By person, the first day on which myeloma is stated: `diagnosis_day`."""
    rows = _with_meanings(t).filter((pl.col("word") == _MYELOMA) & ~pl.col("unclear"))
    dated = rows.with_columns(parsed_day("start").alias("at")).sort("at", nulls_last=True)
    return dated.group_by("person", maintain_order=True).agg(
        pl.col("start").first().alias("diagnosis_day")
    )


def _with_meanings(t: Translation) -> pl.DataFrame:
    rows = with_meanings(
        t.frames["condition_occurrence"],
        ("concept", "source_concept", "source"),
        lambda *ids: _meaning(t, *ids),
        dict.fromkeys(("table", "word"), pl.String())
        | dict.fromkeys(("contradicts", "is_type"), pl.Boolean()),
    )

    def unclear(status: int | None) -> tuple[bool]:
        concept = t.vocabulary.concept(status)
        return (concept is not None and folded(concept.name) in t.hints.unclear,)

    return with_meanings(rows, ("status",), unclear, {"unclear": pl.Boolean()})


def _meaning(
    t: Translation, concept_id: int | None, source_concept_id: int | None, source: str | None
) -> _Meaning:
    """What a condition is, by its concept, else by that of the source, else by the source value."""
    if t.vocabulary.is_type(concept_id):
        return _Meaning(is_type=True)
    found: dict[tuple[str, str], None] = {}
    for one in (concept_id, source_concept_id):
        concept = t.vocabulary.concept(one)
        if one is None:
            continue
        if concept is None and (hint := t.hints.conditions.get(one)) is not None:
            found["conditions", hint] = None
        elif concept is not None:
            found |= dict.fromkeys(_of_concept(t, concept))
    if not found and concept_id is None and source is not None:
        found |= dict.fromkeys(_of_code(t, None, source))
    if len(found) > 1:
        return _Meaning(contradicts=True)
    return _Meaning(*next(iter(found), (None, None)))


def _of_concept(t: Translation, concept: Concept) -> list[tuple[str, str]]:
    """By code; else below myeloma; else by the vocabulary's name where it is a listed word."""
    if of_code := _of_code(t, concept.system, concept.code):
        return of_code
    if t.vocabulary.is_below_myeloma(concept.id):
        return [("conditions", _MYELOMA)]
    for table, column in (("conditions", "condition"), ("toxicities", "toxicity")):
        if (word := t.spelled(table, column, concept.name)) is not None:
            return [(table, word)]
    return []


def _of_code(t: Translation, system: str | None, code: str) -> list[tuple[str, str]]:
    """`system` None: a source value, whose vocabulary is not known, so that the code must mean the
    same in each.
    """
    systems = _TERMINOLOGIES if system is None else (system,)
    words = {t.codes.conditions[s, code] for s in systems if (s, code) in t.codes.conditions}
    spelled = t.knowledge.tidy_tables.tables["conditions"].columns["condition"].spellings
    if any(s in _TERMINOLOGIES for s in systems) and folded(code) in spelled:
        words.add(spelled[folded(code)])
    return [("conditions", words.pop())] if len(words) == 1 else []


def _tell(t: Translation, rows: pl.DataFrame) -> None:
    table = "condition_occurrence"
    column = "condition_concept_id"
    t.losses.concepts(
        Cause(
            severity="error",
            code="code_contradiction",
            table=table,
            sentence="{n} have concepts of different conditions ({list}). They are not used.",
            column=column,
        ),
        by_concept(t, rows.filter("contradicts")),
    )
    unread = rows.filter(pl.col("table").is_null() & ~pl.col("contradicts"))
    t.losses.is_type(
        table,
        column,
        (
            "{n} have a type concept in place of the condition ({list}). They are not read. "
            "Correct the mapping."
        ),
        by_concept(t, unread.filter("is_type"), source=None),
    )
    others = unread.filter(~pl.col("is_type"))
    mapped = pl.col("concept").is_not_null()
    t.losses.unknown(
        table,
        column,
        ("{n} have concepts that no rule uses ({list}). They are not read."),
        by_concept(t, others.filter(mapped), source=None),
    )
    t.losses.unmapped(
        table,
        "condition_source_value",
        ("{n} have no concept, and no rule uses their source value ({list}). They are not read."),
        by_concept(t, others.filter(~mapped)),
    )
    t.losses.rows(
        Cause(
            severity="warning",
            code="unconfirmed_condition",
            table=table,
            sentence="{n} are diagnoses that are not confirmed. They are not read as present.",
            column="condition_status_concept_id",
        ),
        rows.filter(pl.col("unclear") & pl.col("table").is_not_null()),
        value="word",
    )
    later = rows.filter(pl.col("word") == _LATER)
    t.losses.rows(
        Cause(
            severity="note",
            code="myeloma_course",
            table=table,
            sentence=(
                "{n} are codes of myeloma in remission or relapse. They are not read as responses."
            ),
            column=column,
        ),
        later,
        value="source",
    )
