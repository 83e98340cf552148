"""What tests read of a store."""

from __future__ import annotations

import hashlib
import json
import zlib
from pathlib import Path

import polars as pl

from rearm.cohort.store.folder import FINDINGS, StoreFolder
from rearm.cohort.store.tables import TABLES

__all__ = ["bytes_of", "counted_as_whole", "tables_of", "without_patient"]


def bytes_of(store: Path) -> dict[str, str]:
    """A hash of every file, what one run changed aside."""
    return {
        str(file.relative_to(store)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(store.rglob("*"))
        if file.is_file() and file.parent.name != "changes"
    }


def tables_of(store: Path) -> dict[str, pl.DataFrame]:
    """Every table, by patient."""
    folder = StoreFolder(store)
    found = {name: folder.table(name).collect() for name in (*TABLES, FINDINGS)}
    return {
        name: frame.select(sorted(frame.columns)).sort("patient_id", maintain_order=True)
        for name, frame in found.items()
    }


def without_patient(folder: Path, patient: str, to: Path) -> Path:
    """The tables without one patient."""
    to.mkdir(parents=True)
    for table in folder.glob("*.csv"):
        lines = table.read_text("utf-8").splitlines(keepends=True)
        kept = [x for x in lines if not x.startswith((f"{patient},", f'"{patient}",'))]
        (to / table.name).write_text("".join(kept), "utf-8")
    return to


def counted_as_whole(store: Path) -> None:
    """Lets files that a test has written anew count: the markers get their sizes and sums."""
    for marker in (store / "buckets").glob("*.json"):
        told = json.loads(marker.read_text("utf-8"))
        told["sizes"] = {
            table: (store / table / name).stat().st_size for table, name in told["files"].items()
        }
        told["sums"] = {
            table: zlib.crc32((store / table / name).read_bytes())
            for table, name in told["files"].items()
        }
        marker.write_text(json.dumps(told), "utf-8")
