"""A store written row by row: what a table does not say is unknown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from rearm.cohort.store.folder import (
    FINDINGS,
    FORMAT,
    Bucket,
    Manifest,
    Settings,
    StoreFolder,
    names_of,
)
from rearm.cohort.store.tables import TABLES, schema_of

Rows = Mapping[str, Sequence[Mapping[str, Any]]]
CRITERIA = "imwg-2016"


def tiny_store(folder: Path, tables: Rows, *, bucket: int = 0, buckets: int = 1) -> StoreFolder:
    """A store with these rows; `criteria` is filled in. A second call adds another bucket."""
    store = StoreFolder(folder)
    settings = Settings(
        key="k", software="0", knowledge="2026.11", knowledge_hash="h", criteria=(CRITERIA,)
    )
    store.write_manifest(Manifest(format=FORMAT, buckets=buckets, settings=settings, finished=True))
    frames = {}
    for name, table in TABLES.items():
        schema = schema_of(table)
        rows = [_whole(row, list(schema)) for row in tables.get(name, ())]
        frames[name] = pl.DataFrame(rows, schema=schema, orient="row")
    ids = frames["patients"]["patient_id"]
    findings = {row["patient_id"]: row for row in tables.get(FINDINGS, ())}
    columns = sorted({column for row in findings.values() for column in row} - {"patient_id"})
    frames[FINDINGS] = pl.DataFrame(
        {"patient_id": ids}
        | {c: [findings.get(patient, {}).get(c) for patient in ids] for c in columns}
    )
    made = Bucket(
        key=f"{bucket:012d}",
        settings=settings,
        patients=dict.fromkeys(ids, "h"),
        nobody="",
        files=names_of(list(frames), bucket, f"{bucket:012d}"),
    )
    store.write_bucket(bucket, frames, made)
    return store


def _whole(row: Mapping[str, Any], columns: Sequence[str]) -> dict[str, Any]:
    unknown = row.keys() - set(columns)
    assert not unknown, f"no such column: {unknown}"
    filled = {"criteria": CRITERIA} if "criteria" in columns else {}
    return dict.fromkeys(columns) | filled | dict(row)


def rows_of(text: str) -> list[dict[str, Any]]:
    """A table drawn with `|`: headings, then rows. Whole numbers, `yes` and `no` are read as such,
    `-` is unknown.
    """
    head, *lines = [
        [cell.strip() for cell in line.strip().strip("|").split("|")]
        for line in text.strip().splitlines()
        if not set(line.strip()) <= {"|", "-", " "}
    ]
    return [dict(zip(head, map(_value, line), strict=True)) for line in lines]


def _value(text: str) -> Any:
    if text in ("-", ""):
        return None
    if text in ("yes", "no"):
        return text == "yes"
    try:
        return int(text)
    except ValueError:
        return text
