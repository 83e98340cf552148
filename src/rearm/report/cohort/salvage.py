"""What was given after the first CAR-T, what responded, and how that agrees with the tiers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rearm.evidence.pool import wilson_limits
from rearm.knowledge.bundle import bundled
from rearm.report.cohort.cohort import Cohort
from rearm.report.cohort.counts import CountRule
from rearm.report.cohort.merged import NOT_RECORDED, OTHER, counts_by, merged_columns, merged_rows
from rearm.report.cohort.table import Cell, ReportTable, cross_table, part_cells, share_words
from rearm.report.words import strategy_words, words

if TYPE_CHECKING:
    import polars as pl

__all__ = [
    "first_by_kind",
    "given_words",
    "responses",
    "sequences",
    "tiers_of_chosen",
    "with_merged_strategy",
]

_TIERS = ("first", "alternative", "situational", "avoid", "not_possible")
_NONE = "no_second_salvage"
_MOST_SEQUENCES = 25


def given_words(label: str) -> str:
    """A strategy that was given, in words."""
    if label == NOT_RECORDED:
        return "no strategy of the list"
    if label == _NONE:
        return words(label)
    if label.startswith(OTHER):
        return label
    known = bundled().words.strategies.get(label)
    return strategy_words(label) if known is None else known.title.split(",")[0]


def with_merged_strategy(salvaged: pl.DataFrame, rule: CountRule) -> pl.DataFrame:
    """The first salvage as `given`, strategies of a few patients together: the same groups in
    every table and picture.
    """
    import polars as pl

    strategy = pl.col("salvage_strategy").fill_null(NOT_RECORDED)
    frame = salvaged.with_columns(strategy.alias("given"), pl.lit("n").alias("one"))
    labels, counts = counts_by(frame, "given", "one", ("n",))
    kept, _ = merged_rows(labels, counts, rule)
    other = next((x for x in kept if x.startswith(OTHER)), OTHER)
    few = [x for x in labels if x not in kept]
    given = pl.when(pl.col("given").is_in(few)).then(pl.lit(other)).otherwise("given")
    return frame.with_columns(given.alias("given"))


def first_by_kind(cohort: Cohort, rule: CountRule) -> ReportTable:
    """The first salvage of each kind of failure."""
    import polars as pl

    given = with_merged_strategy(cohort.salvaged, rule).with_columns(
        pl.when(pl.col("first_status").is_in(["failed", "suspected"]))
        .then(pl.col("first_kind").fill_null("kind_not_known"))
        .otherwise(pl.lit("not_failed_or_not_judged"))
        .alias("kind")
    )
    labels, counts = counts_by(given, "given", "kind", kinds := _kinds(given))
    names, counts = merged_columns(kinds, counts, rule)
    columns, rows = cross_table(
        [given_words(x) for x in labels], [words(x) for x in names], counts, rule
    )
    return ReportTable(
        id="first_salvage",
        title="First salvage, by the kind of failure",
        columns=columns,
        rows=rows,
        notes=("Salvages of a known day. Shares are of the row.",),
    )


def _kinds(given: pl.DataFrame) -> list[str]:
    found = given["kind"].value_counts().iter_rows()
    return [kind for kind, n in sorted(found, key=lambda x: (-x[1], x[0]))]


def responses(cohort: Cohort, rule: CountRule) -> ReportTable:
    """Response to the first CAR-T by product and to the first salvage by strategy: of all patients
    and of those in whom somebody looked for it.
    """
    import polars as pl

    given = with_merged_strategy(cohort.salvaged, rule)
    infused = cohort.infused.with_columns(pl.lit("first CAR-T").alias("group"))
    rows: list[tuple[str, tuple[Cell, ...]]] = [("first CAR-T", ())]
    rows += _responded(infused, "first_product", "first_responded", "first_evaluable", rule)
    rows += _responded(infused, "group", "first_responded", "first_evaluable", rule, all_of=True)
    rows.append(("first salvage", ()))
    rows += _responded(given, "given", "salvage_responded", "salvage_evaluable", rule)
    return ReportTable(
        id="responses",
        title="Response (partial or better)",
        columns=(
            "responded",
            "of all treated",
            "share of all treated",
            "limits of all treated (95 %)",
            "of evaluable",
            "share of evaluable",
            "limits of evaluable (95 %)",
        ),
        rows=tuple(rows),
        notes=(
            "Of all: all infused, or all treated with the salvage; without an assessment they count"
            " as not having responded. Patients who were collected only are left out. Of"
            " evaluable: patients with a response or a progression by results or team. The groups"
            " were not chosen at random.",
            "Limits: Wilson's, from the counts shown.",
        ),
    )


def _responded(
    frame: pl.DataFrame,
    group: str,
    responded: str,
    evaluable: str,
    rule: CountRule,
    *,
    all_of: bool = False,
) -> list[tuple[str, tuple[Cell, ...]]]:
    import polars as pl

    sizes = frame.group_by(pl.col(group).fill_null(NOT_RECORDED)).agg(
        pl.len().alias("n"),
        (pl.col(responded).fill_null(False)).sum().alias("responded"),
        (pl.col(evaluable).fill_null(False) | pl.col(responded).fill_null(False))
        .sum()
        .alias("evaluable"),
    )
    ordered = sorted(sizes.iter_rows(), key=lambda x: (x[0] == NOT_RECORDED, -x[1], x[0]))
    rows: list[tuple[str, tuple[Cell, ...]]] = []
    for name, n, yes, judged in ordered:
        own = part_cells(yes, n, rule)
        seen = part_cells(yes, judged, rule)
        label = "all" if all_of else given_words(name) if group == "given" else words(name)
        rows.append((label, (*own, _limits(own), *seen[1:], _limits(seen))))
    return rows


def _limits(parts: tuple[Cell, Cell, Cell]) -> Cell:
    """Of the share of a shown count in a shown total; empty where the share is not shown."""
    part, whole, share = (cell.value for cell in parts)
    if part is None or not whole or share is None:
        return Cell(text="")
    low, high = wilson_limits(part / whole, int(whole))
    return Cell(text=f"{100 * low:.0f} to {100 * high:.0f} %")


def sequences(cohort: Cohort, rule: CountRule) -> ReportTable:
    """First salvage, then second: how many patients went each way."""
    import polars as pl

    given = with_merged_strategy(cohort.salvaged, rule)
    second = pl.col("second_salvage_strategy").fill_null(NOT_RECORDED)
    frame = given.with_columns(
        pl.when(pl.col("second_salvage_day").is_null())
        .then(pl.lit(_NONE))
        .otherwise(second)
        .alias("second")
    )
    names = [name for name, _ in sorted(_sizes(frame, "second"), key=_none_first)]
    labels, counts = counts_by(frame, "given", "second", names)
    names, counts = merged_columns(names, counts, rule)
    columns, rows = cross_table(
        [given_words(x) for x in labels], [given_words(x) for x in names], counts, rule
    )
    return ReportTable(
        id="sequences",
        title="Sequences: first salvage (rows), then second (columns)",
        columns=columns,
        rows=rows,
        notes=(
            "Second: the next unplanned therapy of a known day. Shares are of the row. Who has no"
            " second salvage may still come to one.",
        ),
    )


def _sizes(frame: pl.DataFrame, column: str) -> list[tuple[str, int]]:
    return [*frame[column].value_counts().iter_rows()]


def _none_first(of: tuple[str, int]) -> tuple[bool, bool, int, str]:
    return (of[0] != _NONE, of[0] == NOT_RECORDED, -of[1], of[0])


def tiers_of_chosen(cohort: Cohort, rule: CountRule) -> ReportTable:
    """In which tier the therapy that was chosen stood on the day before it."""
    import polars as pl

    lines = (
        cohort.store.table("lines")
        .filter(pl.col("criteria") == cohort.criteria, pl.col("salvage") == 1)
        .select("patient_id", "strategy")
    )
    before = (
        cohort.store.table("tiers")
        .filter(pl.col("criteria") == cohort.criteria, pl.col("decision") == "before_salvage")
        .select("patient_id", "strategy", "tier")
    )
    asked = before.select("patient_id").unique().with_columns(answered=pl.lit(True))
    found = (
        lines.join(before, on=["patient_id", "strategy"], how="left")
        .join(asked, on="patient_id", how="left")
        .with_columns(
            pl.when(pl.col("answered").is_null()).then(pl.lit("no_answer"))
            .when(pl.col("strategy").is_null()).then(pl.lit("no_strategy"))
            .otherwise(pl.col("tier").fill_null("not_placed")).alias("row"),
            pl.lit("n").alias("one"),
        )
        .collect()
    )  # fmt: skip
    order = (*_TIERS, "not_placed", "no_strategy", "no_answer")
    labels, counts = counts_by(found, "row", "one", ("n",), rows=order)
    counted = rule.table(counts) if counts else None
    versions = sorted(cohort.patients["knowledge"].drop_nulls().unique())
    rows = () if counted is None else tuple(
        (_tier_words(x), (Cell.count(n), Cell(text=share_words(rule.share(n, counted.total)))))
        for x, (n,) in zip(labels, counted.cells, strict=True)
    )  # fmt: skip
    if counted is not None:
        rows = (*rows, ("all", (Cell.count(counted.total), Cell(text=""))))
    return ReportTable(
        id="tiers",
        title="The chosen therapy and the tiers of the day before it",
        columns=("patients", "share"),
        rows=rows,
        notes=(
            f"First salvage after the last infusion, by knowledge {', '.join(versions)}, which may"
            " be younger than the choice.",
            "Outcomes are not shown by agreement: patients for whom the first tier could not be"
            " chosen were sicker or had fewer options, so a difference would say more of them than"
            " of the choice.",
        ),
    )


def _tier_words(label: str) -> str:
    own = {
        "first": "first tier",
        "alternative": "alternative",
        "situational": "situational",
        "avoid": "to be avoided",
        "not_possible": "not possible",
        "not_placed": "strategy not placed on that day",
        "no_strategy": "no strategy of the list",
        "no_answer": "no relapse to decide on that day, as far as the record tells",
    }
    return own[label]
