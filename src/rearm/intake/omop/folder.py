"""A CDM in a folder: a CSV or Parquet file a table, or a folder of Parquet files a table."""

from __future__ import annotations

import gzip
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import polars as pl

from rearm.characters import printable
from rearm.errors import InputError
from rearm.intake.issues import issue_at
from rearm.intake.omop.cdm import BATCH, Among, looks_like_cdm, name_of
from rearm.intake.omop.tables import TABLES
from rearm.intake.rows import CellProblem
from rearm.record import Issue, Source

__all__ = ["FolderCdm", "is_cdm_folder"]

_SUFFIXES = (".csv", ".tsv", ".parquet", ".csv.gz", ".tsv.gz")
_SEPARATORS = (",", "\t", ";", "|")
_LONGEST_HEADER = 65536


def is_cdm_folder(path: Path) -> bool:
    """Whether a folder holds files named like the tables of a CDM. None is opened."""
    return path.is_dir() and looks_like_cdm({name_of(file) for file in _files(path)})


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "~$")):
            continue
        if path.is_dir():
            if any(path.glob("*.parquet")):
                yield path
        elif path.name.lower().endswith(_SUFFIXES):
            yield path


class FolderCdm:
    """The tables of a folder. `named`: the files that places name, where the folder is a part of
    another input.
    """

    def __init__(self, folder: Path, named: Mapping[str, str] | None = None) -> None:
        self._folder, self._named = folder, named or {}
        self._issues: list[Issue] = []
        self._paths: dict[str, Path] = {}
        for path in _files(folder):
            name = name_of(path)
            if name in self._paths:
                raise InputError(
                    f"The table {name} appears twice, in {self._paths[name].name} and in "
                    f"{path.name}. Keep one of them."
                )
            self._paths[name] = path

    @cached_property
    def tables(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for name, path in self._paths.items():
            try:
                columns = tuple(self._columns(path))
                if name in TABLES and not set(columns).intersection(TABLES[name].read):
                    raise InputError(
                        f"{path.name} has no column of the table {name}. It may be damaged: export "
                        "it again."
                    )
                found[name] = columns
            except InputError as error:
                sentence = f"{error} The table is not read; the others are."
                problem = CellProblem("error", "file_unreadable", sentence, "refused")
                self._issues.append(issue_at(Source(path.name, ""), problem))
        return found

    @property
    def files(self) -> tuple[str, ...]:
        return tuple(self.file_of(name) for name in self.tables)

    @property
    def issues(self) -> tuple[Issue, ...]:
        _ = self.tables
        return tuple(self._issues)

    def file_of(self, table: str) -> str:
        return self._named.get(table) or self._paths[table].name

    def batches(
        self, table: str, columns: Collection[str], among: Among | None = None
    ) -> Iterator[pl.DataFrame]:
        path = self._paths[table]
        frame = self._wanted(path, columns)
        if among is not None:
            column, ids = among
            key = pl.col(column).cast(pl.String).str.replace(r"\.0+$", "")
            frame = frame.filter(key.cast(pl.Int64, strict=False).is_in(list(ids)))
        with _reading(path):
            yield from frame.collect_batches(chunk_size=BATCH, maintain_order=True)

    def filled(self, table: str, columns: Collection[str]) -> tuple[int, Mapping[str, int]]:
        path = self._paths[table]
        names = self._columns(path)
        columns = [c for c in columns if c in names]
        with _reading(path):
            counts = (
                self._scan(path)
                .rename({names[c]: c for c in columns})
                .select(
                    pl.len().alias("rows of the table"),
                    *(
                        pl.col(c)
                        .cast(pl.String, strict=False)
                        .is_in(["", "0"])
                        .not_()
                        .sum()
                        .alias(c)
                        for c in columns
                    ),
                )
                .collect(engine="streaming")
            )
        row = counts.row(0, named=True)
        return row.pop("rows of the table"), row

    def close(self) -> None:
        """Nothing is kept open."""

    def _columns(self, path: Path) -> dict[str, str]:
        """By name in lower case, each column as the file writes it."""
        with _reading(path):
            names = self._scan(path).collect_schema().names()
        found: dict[str, str] = {}
        for name in names:
            lower = name.strip().strip('"').lower()
            if lower in found:
                raise InputError(f"{path.name}: the column {lower} appears twice. Remove one.")
            found[lower] = name
        return found

    def _wanted(self, path: Path, columns: Collection[str]) -> pl.LazyFrame:
        names = self._columns(path)
        wanted = [pl.col(names[c]).alias(c) for c in columns if c in names]
        # of a table without any of them the rows still count
        return self._scan(path).select(wanted or [pl.len()])

    def _scan(self, path: Path) -> pl.LazyFrame:
        if path.is_dir():
            return pl.scan_parquet(
                sorted(path.glob("*.parquet")),
                hive_partitioning=False,
                glob=False,
                missing_columns="insert",
            )
        if name_is_parquet(path):
            return pl.scan_parquet(path, hive_partitioning=False, glob=False)
        separator = _separator(path)
        return pl.scan_csv(
            path,
            separator=separator,
            infer_schema=False,
            encoding="utf8-lossy",
            # the vocabulary is downloaded with tabs, and its names hold single quotation marks
            quote_char=None if separator == "\t" else '"',
            glob=False,
        )


def name_is_parquet(path: Path) -> bool:
    return path.name.lower().endswith(".parquet")


def _separator(path: Path) -> str:
    """The sign that parts the columns of the first line."""
    with _reading(path), path.open("rb") as plain:
        packed = path.name.lower().endswith(".gz")
        file = gzip.GzipFile(fileobj=plain) if packed else plain
        first = file.readline(_LONGEST_HEADER).decode("utf-8", "replace")
    return max(_SEPARATORS, key=first.count)


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Turns what a reader of files raises into a sentence."""
    try:
        yield
    except (InputError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # compiled readers: their panics do not derive from Exception
        reason = printable((str(error).splitlines() or [type(error).__name__])[0][:120])
        raise InputError(f"{path.name} can't be read ({reason}). Export it again.") from None
