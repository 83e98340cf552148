"""What failed and why, and where team and computation agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rearm.knowledge.bundle import bundled
from rearm.report.cohort.cohort import Cohort
from rearm.report.cohort.counts import CountRule
from rearm.report.cohort.merged import NOT_RECORDED, counts_by, merged_columns, merged_rows
from rearm.report.cohort.table import Cell, ReportTable, cross_table, share_words
from rearm.report.words import words

if TYPE_CHECKING:
    import polars as pl

__all__ = [
    "causes",
    "failure_kinds",
    "first_progression",
    "progression_days",
    "response_agreement",
]

_TIMING = ("early", "intermediate", "late")
_GRADES = ("established", "likely", "possible", "unlikely", "not_assessed", "not_applicable")
_RESPONSES = ("sCR", "CR", "VGPR", "PR", "MR", "SD", "PD", "NE")
_LITTLE = 14  # days: two visits of one week or the next


def failure_kinds(cohort: Cohort, rule: CountRule) -> ReportTable:
    """The kind of each failure by when it came."""
    failed = cohort.failed
    labels, counts = counts_by(failed, "first_kind", "first_timing", (*_TIMING, NOT_RECORDED))
    labels, counts = merged_rows(labels, counts, rule)
    columns, rows = cross_table(
        [_kind_words(x) for x in labels],
        [*(words(x) for x in _TIMING), "day not known well enough"],
        counts,
        rule,
    )
    return ReportTable(
        id="kinds",
        title="Kinds of failure",
        columns=columns,
        rows=rows,
        notes=("Failures of the first infusion, certain and suspected, with shares of the row.",),
    )


def _kind_words(label: str) -> str:
    return "kind not known" if label == NOT_RECORDED else words(label)


def causes(cohort: Cohort, rule: CountRule) -> ReportTable:
    """Each factor by how far it was assessed, in patients whose last infusion failed."""
    import polars as pl

    failed = cohort.infused.filter(pl.col("status").is_in(["failed", "suspected"]))
    rows_of = cohort.store.table("causes").filter(pl.col("criteria") == cohort.criteria).collect()
    own = rows_of.join(failed.select("patient_id"), on="patient_id", how="semi")
    factors = {
        name: factor
        for name, factor in bundled().factors.items()
        if any(
            x.direction == "supports" and x.timing != "before_infusion" for x in factor.indicators
        )
    }
    own = own.filter(pl.col("factor").is_in([*factors]))
    labels, counts = counts_by(own, "factor", "grade", _GRADES, rows=tuple(factors))
    columns = [words(grade) for grade in _GRADES]
    listed = []
    for label, line in zip(labels, counts, strict=True):
        name = factors[label].name if label in factors else words(label)
        own_columns, (row, _) = cross_table([name], columns, [line], rule)
        listed.append(row)
    return ReportTable(
        id="causes",
        title="Causes, by how far they were assessed",
        columns=own_columns if listed else (),
        rows=tuple(listed),
        notes=(
            "In patients whose last infusion failed for certain or by suspicion. Not assessed:"
            " nothing found since the infusion tells of it, so that it may be there or absent. What"
            " was known before the infusion makes a risk factor, not a cause: see table 1.",
        ),
    )


def response_agreement(cohort: Cohort, rule: CountRule) -> ReportTable:
    """The best response that the team recorded, by the one that the results give."""
    team, computed = "first_best_response_team", "first_best_response_computed"
    infused = cohort.infused
    across = (*_RESPONSES, NOT_RECORDED)
    labels, counts = counts_by(infused, team, computed, across, rows=_RESPONSES)
    labels, counts = merged_rows(labels, counts, rule)
    names, counts = merged_columns(list(across), counts, rule)
    columns, rows = cross_table(
        [f"team: {_not_told(x)}" for x in labels],
        [f"computed: {_not_told(x)}" for x in names],
        counts,
        rule,
    )
    return ReportTable(
        id="agreement",
        title="Best response to the first CAR-T: team and computation",
        columns=columns,
        rows=rows,
        notes=(
            "Computed: the best confirmed response by the results. None: no response is known;"
            " whoever progressed first stands there, too. Shares are of the row.",
        ),
    )


def _not_told(label: str) -> str:
    return "none" if label == NOT_RECORDED else words(label)


def progression_days(cohort: Cohort, rule: CountRule) -> ReportTable:
    """Whose progression the team recorded and whose the results show, and which came first."""
    import polars as pl

    labelled = cohort.infused.with_columns(
        first_progression().alias("row"), pl.lit("patients").alias("one")
    )
    order = (
        "both, within 14 days",
        "both, the results earlier",
        "both, the team earlier",
        "by the results only",
        "by the team only",
        "neither",
    )
    labels, counts = counts_by(labelled, "row", "one", ("patients",), rows=order)
    counted = rule.table(counts)

    rows = tuple(
        (
            label,
            (
                Cell.count(count),
                Cell(text=share_words(rule.share(count, counted.total))),
            ),
        )
        for label, (count,) in zip(labels, counted.cells, strict=True)
    )
    return ReportTable(
        id="progression_days",
        title="Progression after the first CAR-T: team and computation",
        columns=("patients", "share"),
        rows=(*rows, ("all", (Cell.count(counted.total), Cell(text="")))) if rows else (),
        notes=(
            "Where both have a day, the answer rests on the results and names the team's day beside"
            " it.",
        ),
    )


def first_progression() -> pl.Expr:
    """Whose progression the team recorded and whose the results show, and which came first."""
    import polars as pl

    team, computed = pl.col("first_team_day"), pl.col("first_computed_day")
    ahead = computed - team
    return (
        pl.when(team.is_null() & computed.is_null()).then(pl.lit("neither"))
        .when(team.is_null()).then(pl.lit("by the results only"))
        .when(computed.is_null()).then(pl.lit("by the team only"))
        .when(ahead.abs() <= _LITTLE).then(pl.lit("both, within 14 days"))
        .when(ahead < 0).then(pl.lit("both, the results earlier"))
        .otherwise(pl.lit("both, the team earlier"))
    )  # fmt: skip
