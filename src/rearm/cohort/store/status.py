"""What a store holds and what the last build changed, as plain values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from rearm.cohort.store.changes import Change
from rearm.cohort.store.folder import Settings, StoreFolder

__all__ = ["Cause", "StoreStatus", "status_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Issues of one cause. `patients` counts whom they are of; `example` is the first message."""

    severity: str
    code: str
    column: str | None
    count: int
    patients: int
    where: str
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreStatus:
    """What is in a store. `counts` by name; `coverage`: of how many patients something is known;
    `missing`: tests asked for, with the number of living patients; `by_status`: what became of the
    last infusion.
    """

    settings: Settings
    finished: bool
    patients: int
    errors: dict[str, str]
    counts: dict[str, int]
    by_status: dict[str, int]
    by_state: dict[str, int]
    coverage: dict[str, int]
    causes: tuple[Cause, ...]
    missing: tuple[tuple[str, int], ...]
    changes: tuple[Change, ...]

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        import msgspec

        found: dict[str, Any] = msgspec.to_builtins(self)
        return found

    def issues_changed(self) -> tuple[dict[str, int], dict[str, int]]:
        """Issues that came and that went with the last build, by code."""
        came: Counter[str] = Counter()
        went: Counter[str] = Counter()
        for change in self.changes:
            came.update(change.came)
            went.update(change.went)
        return dict(came.most_common()), dict(went.most_common())


# what a registry asks of each patient: (name, columns of `patients` of which one has a value)
_COVERED = {
    "sex": ("sex",),
    "age at infusion": ("age",),
    "day of infusion": ("infusion_day",),
    "product": ("product",),
    "best response": ("best_response",),
    "computed response": ("best_response_computed",),
    "response by the team": ("best_response_team",),
    "status of the CAR-T": ("status",),
    "day of a result": ("first_measured",),
    "last contact": ("last_seen",),
}
_NO_ANSWER = "cannot_be_judged"


def status_of(store: StoreFolder) -> StoreStatus:
    """The status of a store. Raises InputError where it is none."""
    import polars as pl

    manifest = store.manifest()
    if damage := store.damage():
        raise damage
    patients = store.table("patients").collect()
    judged = patients.filter(pl.col("error").is_null())
    errors = patients.filter(pl.col("error").is_not_null())
    tables = ("infusions", "lines", "relapses", "responses")
    counts = {name: store.table(name).select(pl.len()).collect().item() for name in tables}
    coverage = {
        name: int(
            judged.select(pl.any_horizontal(_has_value(c, judged) for c in columns).sum()).item()
        )
        for name, columns in _COVERED.items()
    }
    return StoreStatus(
        settings=manifest.settings,
        finished=manifest.finished,
        patients=patients.height,
        errors=dict(errors.select("patient_id", "error").iter_rows()),
        counts=counts,
        by_status=_counted(judged, "status"),
        by_state=_counted(judged, "answer_state"),
        coverage=coverage,
        causes=tuple(_causes(store, manifest.issues)),
        missing=_missing(store),
        changes=store.changes(),
    )


def _has_value(column: str, frame: Any) -> Any:
    import polars as pl

    known = pl.col(column).is_not_null()
    return known & (pl.col(column) != _NO_ANSWER) if column == "status" else known


def _counted(frame: Any, column: str) -> dict[str, int]:
    """How many patients have each word; unknown under an empty name."""
    import polars as pl

    found = frame.group_by(pl.col(column).fill_null("")).len().sort("len", column, descending=True)
    return dict(found.iter_rows())


def _missing(store: StoreFolder) -> tuple[tuple[str, int], ...]:
    import polars as pl

    living = store.table("patients").filter(pl.col("died").is_null()).select("patient_id")
    asked = (
        store.table("tests")
        .join(living, on="patient_id", how="semi")
        .group_by("test")
        .agg(pl.col("patient_id").n_unique().alias("patients"))
        .sort("patients", "test", descending=[True, False])
        .collect()
    )
    return tuple(asked.iter_rows())


def _causes(store: StoreFolder, of_nobody: Iterable[dict[str, Any]]) -> Iterable[Cause]:
    """Issues of patients and of the input by cause: errors first, then by number."""
    import polars as pl

    rows = [*of_nobody, *(issue for _, bucket in store.buckets() for issue in bucket.issues)]
    distinct = {(i["code"], i["file"], i["place"], i["message"]): i for i in rows}
    schema = store.table("issues").collect_schema()
    others = pl.LazyFrame(
        [{"patient_id": None, "value": None, **issue} for issue in distinct.values()],
        schema=schema,
    )
    order = {"error": 0, "warning": 1, "note": 2}
    found = (
        pl.concat([others, store.table("issues")])
        .group_by("severity", "code", "column", maintain_order=True)
        .agg(
            pl.col("count").sum(),
            pl.col("patient_id").n_unique().alias("patients"),
            pl.col("patient_id").null_count().alias("of_nobody"),
            pl.col("file").first(),
            pl.col("place").first(),
            pl.col("message").first(),
        )
        .with_columns(pl.col("severity").replace_strict(order, default=3).alias("order"))
        .sort("order", "count", "code", "column", descending=[False, True, False, False])
        .collect()
    )
    for row in found.iter_rows(named=True):
        yield Cause(
            severity=row["severity"],
            code=row["code"],
            column=row["column"],
            count=row["count"],
            patients=row["patients"] - (row["of_nobody"] > 0),
            where=f"{row['file']}: {row['place']}" if row["place"] else row["file"],
            example=row["message"],
        )
