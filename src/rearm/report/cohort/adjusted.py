"""A model of survival from the first salvage, only where covariates were named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rearm.cohort.outcomes.question import Question
from rearm.cohort.outcomes.rows import NOT_KNOWN, outcome_rows
from rearm.cohort.survival import FollowUp, HazardRatio, Regression, cause_specific_cox
from rearm.errors import InputError, meant
from rearm.report.cohort.cohort import Cohort
from rearm.report.cohort.counts import CountRule, shown_text
from rearm.report.cohort.salvage import given_words
from rearm.report.cohort.table import Cell, ReportTable

if TYPE_CHECKING:
    import polars as pl

__all__ = ["ADJUSTED", "COVARIATES", "Adjusted", "adjusted_model"]

ADJUSTED = "adjusted"
# what can be adjusted for: known on the first day of the salvage, as a number
COVARIATES = {
    "age": "age, per 10 years",
    "female": "female sex",
    "lines-before": "earlier lines, each",
    "months-to-salvage": "time from infusion to salvage, per 6 months",
    "primary-refractory": "primary refractory to the CAR-T",
    "high-risk": "high-risk cytogenetics before the infusion",
    "extraosseous": "extraosseous disease before the infusion",
}
_OF_LAST_INFUSION = ("high-risk", "extraosseous")  # the store has these findings of no other
_LEAST_EVENTS = 5  # of a strategy: a ratio from fewer says nothing
# why a patient with a salvage is not in the model, in words that follow a count
_WHY = {
    "later_infusion": "whose findings are as of a later CAR-T, after the first salvage",
    "not_recorded": "of whom a covariate is not recorded",
    "no_strategy": "without a strategy of the list",
    "few": "of strategies with too few deaths",
}
_METHOD = (
    "Hazards are taken to be proportional: each ratio the same on every day, which is not tested"
    " here. Ties by Efron. A strategy is in the model from five deaths on, which is few: its ratio"
    " moves with every single death, and more so the more covariates are named."
)
_CONFOUNDED = (
    "Therapies were chosen for reasons that are only partly among these covariates (performance,"
    " organ function, tempo, what was at hand), so a ratio may be that of the reasons. It is a"
    " description and no effect of the therapy."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjusted:
    """The table of the model, and whose data it was made of (`key`, `patient_id`, `row`)."""

    table: ReportTable
    rows: pl.DataFrame


def adjusted_model(cohort: Cohort, covariates: Sequence[str], rule: CountRule) -> Adjusted:
    """Cox's model of death from the first day of the first salvage: each strategy against the most
    frequent one, with these covariates. Patients of whom one is not recorded are left out.

    Raises InputError for a covariate that is none, RearmError where lifelines is not installed.
    """
    for name in covariates:
        if name not in COVARIATES:
            near = meant(name, COVARIATES, likeness=0.5)
            raise InputError(f"{name} is no covariate.{near} There are {', '.join(COVARIATES)}.")
    every = _rows(cohort, covariates)
    groups = _groups(every.filter(every["why"].is_null()), rule)
    every = _of_groups(every, groups)
    used = every.filter(every["why"].is_null())
    title = "Hazard of death from the first salvage, adjusted"
    notes: tuple[str, ...] = (
        f"Cox's model, counted from the first day of the first salvage, adjusted for"
        f" {', '.join(COVARIATES[name] for name in covariates)}. {_left_out(every, rule)}",
        _METHOD,
        _CONFOUNDED,
    )
    if len(groups) < 2:
        note = "Fewer than two strategies have enough patients and deaths for a ratio."
        return Adjusted(table=_table(title, (), (note, *notes)), rows=_whose(every))
    fitted = _fitted(used, groups, covariates)
    rows = _ratio_rows(fitted, _sizes(used, groups, rule), covariates)
    if fitted.unknown is not None:
        notes = ("The data do not bound these ratios.", *notes)
    return Adjusted(table=_table(title, rows, notes), rows=_whose(every))


def _rows(cohort: Cohort, covariates: Sequence[str]) -> pl.DataFrame:
    """All with a salvage that can be counted, with the covariates; `why`: the reason where one of
    them is not known.
    """
    import polars as pl

    question = Question(endpoint="OS", origin="salvage", by="strategy")
    rows = outcome_rows(cohort.store, question).filter(pl.col("left_out").is_null())
    known = {
        "age": pl.col("first_age") / 10,
        "female": pl.when(pl.col("sex").is_not_null()).then(pl.col("sex") == "F"),
        "lines-before": pl.col("lines_before"),
        "months-to-salvage": (pl.col("salvage_day") - pl.col("first_day")) / 182.625,
        "primary-refractory": pl.col("first_kind") == "primary_refractory",
        "high-risk": _yes("high_risk_cytogenetics_before_infusion"),
        "extraosseous": _yes("emd_before_infusion"),
    }
    values = cohort.patients.select(
        "patient_id", *(known[name].cast(pl.Float64).alias(name) for name in covariates)
    )
    later = (
        cohort.store.table("infusions")
        .filter(pl.col("criteria") == cohort.criteria, pl.col("infusion") > 1)
        .select("patient_id", later=pl.lit(True))
        .unique()
        .collect()
    )
    of_last = any(name in _OF_LAST_INFUSION for name in covariates)
    after_salvage = pl.col("later").fill_null(False) & of_last
    missing = pl.any_horizontal(pl.col(name).is_null() for name in covariates)
    return (
        rows.join(values, on="patient_id", how="left")
        .join(later, on="patient_id", how="left")
        .with_columns(
            why=pl.when(after_salvage)
            .then(pl.lit("later_infusion"))
            .when(missing)
            .then(pl.lit("not_recorded"))
        )
        .drop("later")
    )


def _of_groups(every: pl.DataFrame, groups: Sequence[str]) -> pl.DataFrame:
    """With the reason for those whose strategy is not in the model."""
    import polars as pl

    unknown = pl.when(pl.col("group") == NOT_KNOWN).then(pl.lit("no_strategy"))
    few = pl.when(~pl.col("group").is_in(list(groups))).then(pl.lit("few"))
    return every.with_columns(why=pl.coalesce("why", unknown, few))


def _yes(finding: str) -> pl.Expr:
    import polars as pl

    known = pl.col(finding).is_not_null()
    return pl.when(known).then(pl.col(finding) == "true")


def _groups(told: pl.DataFrame, rule: CountRule) -> list[str]:
    """Strategies with enough patients and deaths, the most frequent first: it is the reference."""
    import polars as pl

    least = max(rule.min_cell, _LEAST_EVENTS)
    sizes = (
        told.filter(pl.col("group") != NOT_KNOWN)
        .group_by("group")
        .agg(pl.len().alias("n"), (pl.col("cause") == 1).sum().alias("events"))
        .filter(pl.col("events") >= least)
        .sort(["n", "group"], descending=[True, False])
    )
    return sizes["group"].to_list()


def _fitted(used: pl.DataFrame, groups: Sequence[str], covariates: Sequence[str]) -> Regression:
    follow_up = FollowUp.of(entry=used["entry"], exit=used["exit"], cause=used["cause"])
    values = {name: (used["group"] == name).cast(int).to_list() for name in groups[1:]}
    values |= {name: used[name].to_list() for name in covariates}
    return cause_specific_cox(follow_up, values, cause=1)


def _sizes(
    used: pl.DataFrame, groups: Sequence[str], rule: CountRule
) -> dict[str, tuple[Cell, Cell]]:
    """By strategy, the reference first: patients and deaths in the model, as they are shown."""
    counts = []
    for name in groups:
        own = used.filter(used["group"] == name)
        deaths = int((own["cause"] == 1).sum())
        counts.append([deaths, own.height - deaths])
    counted = rule.table(counts)
    return {
        name: (Cell.count(n), Cell.count(cells[0]))
        for name, cells, n in zip(groups, counted.cells, counted.row_totals, strict=True)
    }


def _ratio_rows(
    fitted: Regression, sizes: Mapping[str, tuple[Cell, Cell]], covariates: Sequence[str]
) -> tuple[tuple[str, tuple[Cell, ...]], ...]:
    ratios = {ratio.covariate: ratio for ratio in fitted.ratios}
    reference, *others = sizes
    empty = Cell(text="")
    first = (*sizes[reference], Cell(text="1"), empty)
    return (
        (f"{given_words(reference)} (reference)", first),
        *((given_words(name), (*sizes[name], *_cells(ratios[name]))) for name in others),
        ("covariates", ()),
        *((COVARIATES[name], (empty, empty, *_cells(ratios[name]))) for name in covariates),
    )


def _cells(ratio: HazardRatio) -> tuple[Cell, Cell]:
    if ratio.ratio is None or ratio.low is None or ratio.high is None:
        return Cell(text="not known"), Cell(text="")
    return Cell(text=f"{ratio.ratio:.2f}"), Cell(text=f"{ratio.low:.2f} to {ratio.high:.2f}")


def _table(
    title: str, rows: tuple[tuple[str, tuple[Cell, ...]], ...], notes: tuple[str, ...]
) -> ReportTable:
    return ReportTable(
        id=ADJUSTED,
        title=title,
        columns=("patients", "deaths", "hazard ratio", "95 % limits"),
        rows=rows or (("no ratio", (Cell(text=""),) * 4),),
        notes=notes,
    )


def _left_out(every: pl.DataFrame, rule: CountRule) -> str:
    """How many are in the model, and why the others are not."""
    sizes = dict(every["why"].value_counts().iter_rows())
    reasons = [why for why in _WHY if why in sizes]
    (used, *others), of = rule.parts([sizes.get(None, 0), *(sizes[why] for why in reasons)])
    said = f"{shown_text(used)} of {shown_text(of)} patients are in it."
    if not reasons:
        return said
    told = (f"{shown_text(n)} {_WHY[why]}" for n, why in zip(others, reasons, strict=True))
    return f"{said} Left out: {'; '.join(told)}."


def _whose(every: pl.DataFrame) -> pl.DataFrame:
    """Whose data the ratios and the counts are made of, and the deaths by themselves: a longer
    follow-up hides none.
    """
    import polars as pl

    within = pl.col("why").is_null()
    whole = _text_of([x for x in every.columns if x not in ("patient_id", "why")])
    part = pl.when(within).then(pl.format("strategy {}", "group")).otherwise(pl.lit("left_out"))
    shown = every.select(
        pl.format("{}:{}", pl.lit(ADJUSTED), part).alias("key"),
        "patient_id",
        pl.when(within).then(whole).otherwise("why").alias("row"),
    )
    used = every.filter(within)
    deaths = _text_of(["group", "cause", *(x for x in every.columns if x in COVARIATES)])
    own = [
        used.select(pl.lit(f"{ADJUSTED}{name}").alias("key"), "patient_id", row.alias("row"))
        for name, row in ((":all", whole), (":deaths", deaths))
    ]
    return pl.concat([shown, *own])


def _text_of(columns: Sequence[str]) -> pl.Expr:
    import polars as pl

    return pl.concat_str([pl.col(x).cast(pl.String).fill_null("") for x in columns], separator="|")
