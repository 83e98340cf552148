"""A CDM as tables that are read in batches, wherever it lies. Nothing is interpreted here."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Protocol

import polars as pl

from rearm.errors import InputError
from rearm.record import Issue

__all__ = ["BATCH", "Among", "Cdm", "chosen_schema", "looks_like_cdm", "some_tables"]

BATCH = 200_000  # rows that are in memory at a time

Among = tuple[str, Collection[int]]  # a column, and the ids that are wanted

_OF_ANY_CDM = frozenset({"person", "concept"})  # one of them is there, or it is something else
# Of these a CDM with patients holds at least one, besides person.
_OF_EVENTS = frozenset(
    {
        "measurement",
        "drug_exposure",
        "condition_occurrence",
        "procedure_occurrence",
        "observation",
        "observation_period",
    }
)


class Cdm(Protocol):
    """An open CDM. Names of tables and columns are in lower case here."""

    @property
    def tables(self) -> Mapping[str, tuple[str, ...]]:
        """The columns of each table."""

    @property
    def files(self) -> tuple[str, ...]:
        """The files, or the database, for `Reading.files`."""

    @property
    def issues(self) -> tuple[Issue, ...]:
        """What of the source can't be opened."""

    def file_of(self, table: str) -> str:
        """The file that places in the table name."""

    def batches(
        self, table: str, columns: Collection[str], among: Among | None = None
    ) -> Iterator[pl.DataFrame]:
        """The columns of a table, some rows at a time. Raises InputError with a sentence."""

    def filled(self, table: str, columns: Collection[str]) -> tuple[int, Mapping[str, int]]:
        """The number of rows, and in how many of them each column is filled (0 and blank texts are
        not).
        """

    def close(self) -> None:
        """Ends what is open."""


def looks_like_cdm(names: Collection[str]) -> bool:
    """Whether the tables with these names (lower case) may be a CDM with patients."""
    return not _OF_ANY_CDM.isdisjoint(names) and not _OF_EVENTS.isdisjoint(names)


def some_tables(
    cdm: Cdm, table: str, columns: Collection[str], among: Among | None = None
) -> pl.DataFrame:
    """All rows of some columns of a table."""
    found = list(cdm.batches(table, columns, among))
    return pl.concat(found, how="diagonal_relaxed") if found else pl.DataFrame()


def chosen_schema(schemas: Mapping[str, Collection[str]], wanted: str | None, where: str) -> str:
    """The schema of a database that holds the CDM. `schemas`: their tables. Raises InputError
    where none does, or several do.
    """
    found = sorted(name for name, tables in schemas.items() if looks_like_cdm(set(tables)))
    if wanted is not None:
        found = [name for name in found if name.casefold() == wanted.casefold()]
        if not found:
            raise InputError(
                f"{where} has no schema {wanted} with the tables of OMOP CDM. Check the name."
            )
    if not found:
        raise InputError(
            f"{where} holds no OMOP CDM: the table person, with measurement, drug_exposure or "
            "another table of events beside it, is missing."
        )
    if len(found) > 1:
        raise InputError(
            f"{where} holds the tables of OMOP CDM in several schemas ({', '.join(found)}). "
            "Name one: add ?schema=NAME to the address, or export one schema."
        )
    return found[0]


def name_of(path: Path) -> str:
    """The name of a table that a file or folder is named after, in lower case."""
    name = path.name.lower()
    for suffix in (".csv.gz", ".tsv.gz", ".csv", ".tsv", ".parquet"):
        if name.endswith(suffix):
            return name.removesuffix(suffix)
    return name
