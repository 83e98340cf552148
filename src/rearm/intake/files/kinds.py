"""Which files are tables: by their ending, packed or not, and text files by what stands there."""

from __future__ import annotations

from pathlib import Path

__all__ = ["PACKED", "TABLE_SUFFIXES", "is_table", "table_kind", "table_name"]

TABLE_SUFFIXES = (".csv", ".tsv", ".xlsx", ".xlsm", ".parquet")
PACKED = (".csv.gz", ".tsv.gz")
_HEAD = 65536  # bytes in which the first line of a table stands


def table_kind(path: Path) -> str:
    """The ending that tells how a file is read: `.csv` also of `.csv.gz`, `.tsv` of a text file
    whose first line has tabs; of any other file its own.
    """
    suffix = path.suffix.lower()
    if suffix == ".gz" and path.name.lower().endswith(PACKED):
        return Path(path.stem).suffix.lower()
    return ".tsv" if suffix == ".txt" and _has_tabs(path) else suffix


def table_name(path: Path | str) -> str:
    """The name of a file without its ending, be it packed."""
    name = Path(path)
    return Path(name.stem).stem if name.name.lower().endswith(PACKED) else name.stem


def is_table(path: Path) -> bool:
    """Whether a file can be read as a table."""
    return table_kind(path) in TABLE_SUFFIXES


def _has_tabs(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return False
    return b"\t" in next((line for line in head.splitlines() if line.strip()), b"")
