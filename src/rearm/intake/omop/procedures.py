"""Procedures: infusions of CAR-T cells, transplants, radiotherapy."""

from __future__ import annotations

import polars as pl

from rearm.intake.omop.drug_names import product_in
from rearm.intake.omop.intervals import with_sane_ends
from rearm.intake.omop.loss import Cause
from rearm.intake.omop.translation import Translation, by_concept, with_meanings
from rearm.knowledge.lexicon import lookup_key

__all__ = ["add_procedures", "procedures_of"]

_INFUSION = "car_t_infusion"
_POSSIBLE = "possible_infusion"
_REGIMENS = {"autologous_transplant": "ASCT", "allogeneic_transplant": "allogeneic transplant"}
_PURPOSES = {**dict.fromkeys(_REGIMENS, "transplant"), "radiotherapy": "radiotherapy"}
# ids of the lexicon's words of procedures
_BY_NAME = {
    "autologous-sct": "autologous_transplant",
    "allogeneic-sct": "allogeneic_transplant",
    "radiotherapy": "radiotherapy",
}


def procedures_of(t: Translation) -> pl.DataFrame:
    """The rows of procedures with `kind` and `product`."""
    frame = with_meanings(
        t.frames["procedure_occurrence"],
        ("concept", "source_concept", "source"),
        lambda *ids: _meaning(t, *ids),
        {"kind": pl.String(), "product": pl.String()},
    )
    return with_sane_ends(t, "procedure_occurrence", frame)


def add_procedures(t: Translation, rows: pl.DataFrame) -> None:
    """The rows of therapies; the infusions are added with those of drugs."""
    found = rows.filter(pl.col("kind").is_in(list(_PURPOSES))).select(
        "person",
        "key",
        pl.col("start").alias("start_day"),
        pl.coalesce("end", "start").alias("end_day"),
        pl.col("kind").replace_strict(_PURPOSES, default=None).alias("purpose"),
        pl.col("kind").replace_strict(_REGIMENS, default=None).alias("regimen"),
    )
    t.add("therapies", found, "procedure_occurrence")
    table, column = "procedure_occurrence", "procedure_concept_id"
    possible = rows.filter(pl.col("kind") == _POSSIBLE)
    t.losses.concepts(
        Cause(
            severity="warning",
            code="possible_infusion",
            table=table,
            sentence=(
                "{n} name CAR-T cells under a code that is not known as their infusion ({list}). "
                "They are not read as one. Map them to the infusion."
            ),
            column=column,
        ),
        by_concept(t, possible),
    )
    unread = rows.filter(pl.col("kind").is_null())
    mapped = pl.col("concept").is_not_null()
    t.losses.unknown(
        table,
        column,
        "{n} have concepts of procedures that are not read ({list}).",
        by_concept(t, unread.filter(mapped), source=None),
    )
    t.losses.unmapped(
        table,
        "procedure_source_value",
        ("{n} have no concept, and their source value is no procedure that is read ({list})."),
        by_concept(t, unread.filter(~mapped)),
    )


def _meaning(
    t: Translation, concept_id: int | None, source_concept_id: int | None, source: str | None
) -> tuple[str | None, str | None]:
    own = t.hints.procedures
    names: list[str] = [] if source is None else [source]
    kinds: list[tuple[str, str | None]] = []
    for one in (concept_id, source_concept_id):
        concept = t.vocabulary.concept(one)
        if one is None:
            continue
        code = None if concept is None else (concept.system, concept.code)
        meaning = own.get(one if code is None else code)
        if concept is not None and meaning is None and _speaks_of(concept.name):
            meaning = own.get(one)
        if meaning is not None:
            kinds.append((meaning.kind, meaning.product))
        elif code is not None and (kind := t.codes.procedures.get(code)) is not None:
            kinds.append((kind, None))
        if concept is not None:
            names.append(concept.name)
    if source is not None and not kinds:
        coded = own.get(("icd10pcs", source))
        kinds += [] if coded is None else [(coded.kind, coded.product)]
    product = next((p for n in names if (p := product_in(t.knowledge.lexicon, n))), None)
    if kinds:
        kind, named = max(kinds, key=lambda k: k[1] is not None)
        return kind, named or (product if kind == _INFUSION else None)
    by_name = next((k for n in names if (k := _kind_by_name(t, n)) is not None), None)
    if by_name is not None:
        return by_name, None
    return (_POSSIBLE, None) if product is not None or any(map(_speaks_of, names)) else (None, None)


def _kind_by_name(t: Translation, name: str) -> str | None:
    """The procedure whose listed name the whole name is."""
    words = t.knowledge.lexicon.words["procedures"]
    key = lookup_key(name)
    return next(
        (kind for word, kind in _BY_NAME.items() if key in map(lookup_key, words[word])), None
    )


def _speaks_of(name: str) -> bool:
    key = lookup_key(name)
    return "chimericantigenreceptor" in key or "cartcell" in key
