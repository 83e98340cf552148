"""A model of survival from the first salvage, only where covariates were named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rearm.cohort.outcomes.question import Question
from rearm.cohort.outcomes.rows import outcome_rows
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
_LEAST_EVENTS = 5  # of a strategy: a ratio from fewer says nothing
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
    every, told = _rows(cohort, covariates)
    groups = _groups(told, rule)
    used = told.filter(told["group"].is_in(groups))
    title = "Hazard of death from the first salvage, adjusted"
    notes: tuple[str, ...] = (
        f"Cox's model, counted from the first day of the first salvage, adjusted for"
        f" {', '.join(COVARIATES[name] for name in covariates)}. {_left_out(every, used, rule)}",
        _CONFOUNDED,
    )
    if len(groups) < 2:
        note = "Fewer than two strategies have enough patients and deaths for a ratio."
        return Adjusted(table=_table(title, (), (note, *notes)), rows=_whose(used))
    fitted = _fitted(used, groups, covariates)
    rows = _ratio_rows(fitted, groups, covariates)
    if fitted.unknown is not None:
        notes = ("The data do not bound these ratios.", *notes)
    return Adjusted(table=_table(title, rows, notes), rows=_whose(used))


def _rows(cohort: Cohort, covariates: Sequence[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """All with a salvage that can be counted; those of whom every covariate is recorded."""
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
    every = rows.join(values, on="patient_id", how="left")
    return every, every.drop_nulls(list(covariates))


def _yes(finding: str) -> pl.Expr:
    import polars as pl

    known = pl.col(finding).is_not_null()
    return pl.when(known).then(pl.col(finding) == "true")


def _groups(told: pl.DataFrame, rule: CountRule) -> list[str]:
    """Strategies with enough patients and deaths, the most frequent first: it is the reference."""
    import polars as pl

    least = max(rule.min_cell, _LEAST_EVENTS)
    sizes = (
        told.filter(pl.col("group") != "not_known")
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


def _ratio_rows(
    fitted: Regression, groups: Sequence[str], covariates: Sequence[str]
) -> tuple[tuple[str, tuple[Cell, ...]], ...]:
    reference = (f"{given_words(groups[0])} (reference)", (Cell(text="1"), Cell(text="")))
    ratios = {ratio.covariate: ratio for ratio in fitted.ratios}
    strategies = [(given_words(name), _cells(ratios[name])) for name in groups[1:]]
    others = [(COVARIATES[name], _cells(ratios[name])) for name in covariates]
    return (reference, *strategies, ("covariates", ()), *others)


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
        columns=("hazard ratio", "95 % limits"),
        rows=rows or (("no ratio", (Cell(text=""), Cell(text=""))),),
        notes=notes,
    )


def _left_out(every: pl.DataFrame, used: pl.DataFrame, rule: CountRule) -> str:
    n, of = rule.shown(used.height), rule.shown(every.height)
    return (
        f"{shown_text(n)} of {shown_text(of)} patients are in it: those of whom a covariate is not"
        " recorded, and strategies with too few patients or deaths, are left out."
    )


def _whose(used: pl.DataFrame) -> pl.DataFrame:
    """What the model is made of, and the deaths by themselves: a longer follow-up hides none."""
    import polars as pl

    every = pl.concat_str(
        [pl.col(x).cast(pl.String).fill_null("") for x in used.columns if x != "patient_id"],
        separator="|",
    )
    own = ["group", "cause", *(x for x in used.columns if x in COVARIATES)]
    deaths = pl.concat_str([pl.col(x).cast(pl.String).fill_null("") for x in own], separator="|")
    return pl.concat(
        used.select(pl.lit(f"{ADJUSTED}{part}").alias("key"), "patient_id", row.alias("row"))
        for part, row in ((":all", every), (":deaths", deaths))
    )
