"""Counts by two columns, with the few brought together: a line of a few would be hidden whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rearm.report.cohort.counts import CountRule

if TYPE_CHECKING:
    import polars as pl

__all__ = ["NOT_RECORDED", "OTHER", "counts_by", "merged_columns", "merged_rows"]

NOT_RECORDED = "not_recorded"
OTHER = "others"
Counts = list[list[int]]


def counts_by(
    frame: pl.DataFrame,
    row: str,
    column: str,
    columns: Sequence[str] | None = None,
    *,
    rows: Sequence[str] | None = None,
) -> tuple[list[str], Counts]:
    """The values of `row`, those not recorded last, and how many patients each has in each of
    `columns` (values of the other column). `rows`: their order; by default the most frequent first.
    """
    import polars as pl

    own = frame.select(
        pl.col(row).cast(pl.String).fill_null(NOT_RECORDED).alias("row"),
        pl.col(column).cast(pl.String).fill_null(NOT_RECORDED).alias("column"),
    )
    seen = own.group_by("row", "column").len()
    count = {(a, b): n for a, b, n in seen.iter_rows()}
    total: dict[str, int] = {}
    for (a, _), n in count.items():
        total[a] = total.get(a, 0) + n
    listed = list(rows) if rows is not None else []
    rest = [a for a in total if a not in listed]
    labels = [a for a in listed if a in total]
    labels += sorted(rest, key=lambda a: (a == NOT_RECORDED, -total[a], a))
    across = list(columns) if columns is not None else columns_of(own)
    return labels, [[count.get((a, b), 0) for b in across] for a in labels]


def columns_of(own: pl.DataFrame) -> list[str]:
    """The values of the column, the most frequent first, those not recorded last."""
    found = own["column"].value_counts().iter_rows()
    return [b for b, n in sorted(found, key=lambda x: (x[0] == NOT_RECORDED, -x[1], x[0]))]


def merged_rows(
    labels: Sequence[str], counts: Sequence[Sequence[int]], rule: CountRule
) -> tuple[list[str], Counts]:
    """Rows of fewer patients than the minimum as one row, with the next smallest where that is
    still too small. Those not recorded stay apart, unless they are needed for it.
    """
    left = [(label, list(line)) for label, line in zip(labels, counts, strict=True)]
    few = [x for x in left if 0 < sum(x[1]) < rule.min_cell]
    if not few or len(left) == 1:
        return [label for label, _ in left], [line for _, line in left]
    kept = [x for x in left if x not in few]
    together = _sum_of(few)
    while kept and (sum(together) < rule.min_cell or len(few) == 1):
        smallest = min(kept, key=lambda x: (x[0] == NOT_RECORDED, sum(x[1])))
        kept.remove(smallest)
        few.append(smallest)
        together = _sum_of(few)
    last = [x for x in kept if x[0] == NOT_RECORDED]
    first = [x for x in kept if x[0] != NOT_RECORDED]
    merged = [*first, (f"{OTHER} ({len(few)})", together), *last]
    return [label for label, _ in merged], [line for _, line in merged]


def merged_columns(
    labels: Sequence[str], counts: Sequence[Sequence[int]], rule: CountRule
) -> tuple[list[str], Counts]:
    """The same for columns."""
    if not counts:
        return list(labels), []
    names, turned = merged_rows(labels, _turned(counts), rule)
    return names, _turned(turned)


def _sum_of(rows: Sequence[tuple[str, list[int]]]) -> list[int]:
    return [sum(column) for column in zip(*(line for _, line in rows), strict=True)]


def _turned(counts: Sequence[Sequence[int]]) -> Counts:
    return [list(column) for column in zip(*counts, strict=True)]
