"""Which tests are asked for, and what was never known of patients whose CAR-T failed."""

from __future__ import annotations

from rearm.knowledge.bundle import bundled
from rearm.report.cohort.cohort import FINDINGS_LOOKED_FOR, Cohort
from rearm.report.cohort.counts import CountRule
from rearm.report.cohort.table import Cell, ReportTable, part_cells
from rearm.report.words import finding_words, words

__all__ = ["never_done"]


def never_done(cohort: Cohort, rule: CountRule) -> ReportTable:
    """Tests asked for on the last day with data, and findings that nobody knows, in patients whose
    last infusion failed.
    """
    import polars as pl

    failed = cohort.infused.filter(pl.col("status").is_in(["failed", "suspected"]))
    n = failed.height
    asked = (
        cohort.store.table("tests")
        .filter(pl.col("criteria") == cohort.criteria)
        .select("patient_id", pl.col("test").str.split("+").alias("test"), "mandatory")
        .explode("test")
        .with_columns(pl.col("test").str.strip_chars())
        .collect()
        .join(failed.select("patient_id"), on="patient_id", how="semi")
        .group_by("test")
        .agg(
            pl.col("patient_id").n_unique().alias("asked"),
            pl.col("patient_id").filter(pl.col("mandatory")).n_unique().alias("mandatory"),
        )
        .sort(["asked", "test"], descending=[True, False])
    )
    names = {workup.id: workup.name for workup in bundled().workups.values()}
    rows: list[tuple[str, tuple[Cell, ...]]] = [("asked for, since it may change the answer", ())]
    rows += [
        (names.get(test, words(test)), part_cells(count, n, rule))
        for test, count, _ in asked.iter_rows()
    ]
    rows.append(("never known, or too old to be read", ()))
    unknown = {name: int(failed[name].null_count()) for name in FINDINGS_LOOKED_FOR}
    rows += [
        (finding_words(name), part_cells(count, n, rule))
        for name, count in sorted(unknown.items(), key=lambda x: (-x[1], x[0]))
    ]
    return ReportTable(
        id="never_done",
        title="What is asked for, and what nobody knows",
        columns=("patients", "of", "share"),
        rows=tuple(rows) if n else (),
        notes=("In patients whose last infusion failed for certain or by suspicion.",),
    )
