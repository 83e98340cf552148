"""Drug exposures to therapies and infusions: ingredients by CONCEPT_ANCESTOR, else by code, else by
the names that the lexicon lists. What was only ordered is no exposure; it is told.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import polars as pl

from rearm.intake.omop.drug_names import agents_in, product_in
from rearm.intake.omop.intervals import with_sane_ends
from rearm.intake.omop.loss import Cause
from rearm.intake.omop.runs import ASIDE
from rearm.intake.omop.translation import Translation, by_concept, parsed_day, with_meanings
from rearm.intake.omop.vocabulary import Concept

__all__ = ["add_infusions", "add_therapies", "drugs_of"]

_LONGEST_GAP = 60  # days between two doses of one agent that still belong to one treatment period
_DOSE = 35  # days: a longer exposure is a period that the site itself has put together

DrugKind = Literal["agents", "product", "other", "unmapped", "contradiction", "type"]


class _Drug(NamedTuple):
    kind: DrugKind
    agents: str | None = None  # joined by ;
    product: str | None = None


def drugs_of(t: Translation) -> pl.DataFrame:
    """The rows of exposures with `kind`, `agents` and `product`; without those that are orders."""
    table = "drug_exposure"
    frame = with_meanings(
        t.frames[table],
        ("concept", "source_concept", "source"),
        lambda *ids: _meaning(t, *ids),
        dict.fromkeys(("kind", "agents", "product"), pl.String()),
    )
    frame = with_sane_ends(t, table, frame)
    _tell_unread(t, frame)
    ordered = pl.col("type").is_in(list(t.hints.prescriptions)).fill_null(False)
    ours = pl.col("kind").is_in(["agents", "product"])
    t.losses.rows(
        Cause(
            severity="warning",
            code="only_ordered",
            table=table,
            sentence=(
                "{n} of anti-myeloma drugs or CAR-T products are prescriptions, and it is unknown "
                "whether they were given. They do not count as exposure, unless an episode refers "
                "to them."
            ),
            column="drug_type_concept_id",
        ),
        frame.filter(ordered & ours),
        value="agents",
    )
    return frame.filter(ours).with_columns(ordered.alias("ordered"))


def add_infusions(t: Translation, drugs: pl.DataFrame, procedures: pl.DataFrame) -> None:
    """The infusions of CAR-T cells: as drugs, and the procedures of days without one."""
    given = drugs.filter((pl.col("kind") == "product") & ~pl.col("ordered"))
    bags = given.unique(["person", "start", "product"], keep="first", maintain_order=True)
    done = procedures.filter(pl.col("kind") == "car_t_infusion")
    same_day = bags.select("person", "start", pl.col("product").alias("of_drug"))
    same_day = same_day.drop_nulls("start").unique(["person", "start"], keep="first")
    both = done.join(same_day, on=["person", "start"], how="inner", maintain_order="left")
    alone = done.join(same_day, on=["person", "start"], how="anti", maintain_order="left")
    t.losses.rows(
        Cause(
            severity="note",
            code="infusion_twice",
            table="procedure_occurrence",
            sentence=(
                "{n} are infusions that are exposures of the same day too. Each is read as one "
                "infusion."
            ),
            done="used",
        ),
        both,
        value="product",
    )
    differ = both.filter(pl.col("product") != pl.col("of_drug"))
    t.losses.rows(
        Cause(
            severity="error",
            code="twin_contradiction",
            table="procedure_occurrence",
            sentence=(
                "{n} name another CAR-T product than the exposure of the same day. The product is "
                "unknown."
            ),
        ),
        differ,
        value="product",
    )
    doubted = differ.select(
        "person",
        "start",
        pl.lit("The procedure and the exposure of the day name different products.").alias(
            f"{ASIDE}product"
        ),
    )
    of_drugs = bags.join(
        doubted.unique(), on=["person", "start"], how="left", maintain_order="left"
    )
    columns = (
        "person",
        "key",
        pl.col("start").alias("day"),
        "product",
        pl.lit("yes").alias("infused"),
    )
    t.add("infusions", of_drugs.select(*columns, f"{ASIDE}product"), "drug_exposure")
    t.add("infusions", alone.select(*columns), "procedure_occurrence")


def add_therapies(t: Translation, drugs: pl.DataFrame, in_episodes: pl.Series) -> None:
    """The therapies of exposures that no stated line holds (`in_episodes`: the keys of those)."""
    alone = drugs.filter(
        (pl.col("kind") == "agents")
        & ~pl.col("ordered")
        & ~pl.col("key").is_in(in_episodes.implode())
    ).with_columns(parsed_day("start").alias("from"), parsed_day("end").alias("until"))
    dose = pl.col("from").is_not_null() & (
        (pl.col("until").fill_null(pl.col("from")) - pl.col("from")).dt.total_days() <= _DOSE
    )
    stretches = _stretches(alone.filter(dose))
    t.losses.rows(
        Cause(
            severity="note",
            code="doses_joined",
            table="drug_exposure",
            sentence=(
                f"{{n}} are the first of several doses of one agent, none more than {_LONGEST_GAP} "
                f"days "
                "after the one before. They are read as one treatment period."
            ),
            done="used",
        ),
        stretches.filter(pl.col("doses") > 1),
        value="agents",
    )
    columns = (
        "person",
        "key",
        pl.col("start").alias("start_day"),
        pl.col("end").alias("end_day"),
        "agents",
        "stop_reason",
    )
    every = pl.concat([stretches.select(columns), alone.filter(~dose).select(columns)])
    t.add("therapies", every.sort("key"), "drug_exposure")


def _stretches(doses: pl.DataFrame) -> pl.DataFrame:
    """Doses of one agent brought together to treatment periods."""
    same = ["person", "agents", "stop_reason"]
    ordered = doses.sort(*same, "from", "key").with_columns(
        pl.col("until").fill_null(pl.col("from")).alias("last")
    )
    before = pl.col("last").cum_max().shift(1).over(same)
    new = ((pl.col("from") - before).dt.total_days() > _LONGEST_GAP).fill_null(True)
    numbered = ordered.with_columns(new.cum_sum().over(same).alias("stretch"))
    return numbered.group_by(*same, "stretch", maintain_order=True).agg(
        pl.col("key").first(),
        pl.col("start").first(),
        pl.col("until").max().cast(pl.String).alias("end"),
        pl.len().alias("doses"),
    )


def _meaning(
    t: Translation, concept_id: int | None, source_concept_id: int | None, source: str | None
) -> _Drug:
    """By its concept, else by that of the source, else by the source value."""
    if t.vocabulary.is_type(concept_id):
        return _Drug("type")
    mapped = False
    for one in (concept_id, source_concept_id):
        concept = t.vocabulary.concept(one)
        if one is None:
            continue
        mapped = mapped or t.vocabulary.known(one)
        found = _of_hint(t, one) if concept is None else _of_concept(t, concept)
        if found is not None:
            return found
    if mapped or source is None:
        return _Drug("other" if mapped else "unmapped")
    lexicon = t.knowledge.lexicon
    if (agent := lexicon.by_rxnorm.get(source) or lexicon.find_agent(source)) is not None:
        return _Drug("agents", agent.id)
    return _of_name(t, source) or _Drug("unmapped")


def _of_hint(t: Translation, concept_id: int) -> _Drug | None:
    if (agent := t.hints.agents.get(concept_id)) is not None:
        return _Drug("agents", agent)
    product = t.hints.products.get(concept_id)
    return None if product is None else _Drug("product", None, product)


def _of_concept(t: Translation, concept: Concept) -> _Drug | None:
    """The agents of its ingredients, or of its own code; else those of its name."""
    lexicon = t.knowledge.lexicon
    agents: list[str] = []
    for one in dict.fromkeys((*t.vocabulary.ingredients(concept.id), concept)):
        by_code = lexicon.by_rxnorm.get(one.code) if one.system == "rxnorm" else None
        by_name = lexicon.find_agent(one.name)
        if by_code is not None and by_name is not None and by_code.id != by_name.id:
            return _Drug("contradiction")
        agent = by_code or by_name
        if agent is not None:
            agents.append(agent.id)
        elif (product := lexicon.find_product(one.name)) is not None:
            return _Drug("product", None, product.id)
    if agents:
        return _Drug("agents", ";".join(dict.fromkeys(agents)))
    return _of_name(t, concept.name)


def _of_name(t: Translation, name: str) -> _Drug | None:
    if (product := product_in(t.knowledge.lexicon, name)) is not None:
        return _Drug("product", None, product)
    agents = agents_in(t.knowledge.lexicon, name)
    return _Drug("agents", ";".join(agents)) if agents else None


def _tell_unread(t: Translation, frame: pl.DataFrame) -> None:
    table, column = "drug_exposure", "drug_concept_id"

    def of(kind: DrugKind, source: str | None = None) -> dict[str, int]:
        return by_concept(t, frame.filter(pl.col("kind") == kind), source=source)

    t.losses.unknown(
        table,
        column,
        (
            "{n} have concepts that are no agents of the lexicon ({list}). They are not read. "
            "Look whether an anti-myeloma drug is among them."
        ),
        of("other"),
    )
    t.losses.unmapped(
        table,
        "drug_source_value",
        (
            "{n} have no concept that CONCEPT knows, and their source value is no agent of the "
            "lexicon ({list}). They are not read."
        ),
        of("unmapped", "source"),
    )
    t.losses.concepts(
        Cause(
            severity="error",
            code="code_contradiction",
            table=table,
            sentence=(
                "{n} have a concept whose code and name are different agents ({list}). They are "
                "not used."
            ),
            column=column,
        ),
        of("contradiction"),
    )
    t.losses.is_type(
        table,
        column,
        (
            "{n} have a type concept in place of the drug ({list}). They are not read. Correct "
            "the mapping."
        ),
        of("type"),
    )
