"""The tables of a store as one Parquet file each, with what their columns mean."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from rearm.cohort.store.folder import FINDINGS, StoreFolder
from rearm.cohort.store.tables import TABLES
from rearm.files import write_frame, write_text
from rearm.knowledge import Knowledge, load

__all__ = ["write_store_tables"]


def write_store_tables(
    store: Path, folder: Path, *, knowledge: Knowledge | None = None
) -> tuple[Path, ...]:
    """Writes each table into `folder`, rows as in the store, and `columns.csv`. Nothing is left
    out: ids, texts and places of the input stand in them.

    Raises InputError where there is no store.
    """
    source = StoreFolder(store)
    source.finished()
    folder.mkdir(parents=True, exist_ok=True)
    written = [folder / f"{name}.parquet" for name in (*TABLES, FINDINGS)]
    for file in written:
        write_frame(file, source.table(file.stem).collect(), "zstd")
    write_text(folder / "columns.csv", _columns(source, knowledge or load()))
    return (*written, folder / "columns.csv")


def _columns(source: StoreFolder, knowledge: Knowledge) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("table", "column", "kind", "meaning"))
    for table in TABLES.values():
        writer.writerows((table.name, c.name, c.kind, c.meaning) for c in table.columns)
    writer.writerows(_of_findings(source, knowledge))
    return out.getvalue()


def _of_findings(source: StoreFolder, knowledge: Knowledge) -> Iterator[tuple[str, ...]]:
    for column in source.table(FINDINGS).collect_schema().names():
        name, _, end = column.partition("__")
        finding = knowledge.catalogue.findings.get(name)
        if finding is not None:
            meaning = finding.meaning if not end else f"{finding.meaning} ({end} of its bounds)"
            yield FINDINGS, column, finding.type, meaning
