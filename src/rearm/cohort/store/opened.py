"""A store for those who read it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rearm.cohort.store.folder import FINDINGS, Settings, StoreFolder
from rearm.cohort.store.status import StoreStatus, status_of
from rearm.cohort.store.tables import TABLES
from rearm.cohort.store.where import Matches, patients_where
from rearm.errors import InputError, meant
from rearm.knowledge.bundle import Knowledge

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Store"]


@dataclass(frozen=True, slots=True)
class Store:
    """A store that was built; `settings`: the versions and settings of its answers."""

    folder: StoreFolder
    settings: Settings

    @classmethod
    def at(cls, path: Path) -> Store:
        """Raises InputError with a sentence where there is no store, or one of another version."""
        folder = StoreFolder(path)
        return cls(folder, folder.manifest().settings)

    @property
    def tables(self) -> tuple[str, ...]:
        """The names of its tables."""
        return (*TABLES, FINDINGS)

    def table(self, name: str) -> pl.LazyFrame:
        """All rows of a table; nothing is read before `collect`. Raises InputError for a name that
        there is none of.
        """
        if name not in self.tables:
            raise InputError(f"A store has no table {name!r}.{meant(name, self.tables)}")
        return self.folder.table(name)

    def where(self, condition: str, knowledge: Knowledge | None = None) -> Matches:
        """Patients for whom a condition over findings holds: who certainly, who perhaps."""
        return patients_where(self.folder, condition, knowledge)

    def status(self) -> StoreStatus:
        """What it holds, issues by cause, and what the last run changed."""
        return status_of(self.folder)
