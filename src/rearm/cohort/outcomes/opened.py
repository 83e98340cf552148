"""A store opened to be read many times: which files it has is looked up once, and the rows that
every outcome starts from are kept.
"""

from __future__ import annotations

from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from rearm.cohort.store.folder import Manifest, StoreFolder
from rearm.cohort.store.opened import Store

if TYPE_CHECKING:
    import polars as pl

__all__ = ["AnyStore", "OpenedStore", "opened"]

# read for every curve; the other tables are scanned when they are needed
_KEPT = ("outcomes", "infusions")


class OpenedStore:
    """A store as it is now. What is written to it later is not seen."""

    def __init__(self, folder: StoreFolder) -> None:
        self.folder = folder
        self._tables: dict[str, pl.LazyFrame] = {}

    @property
    def path(self) -> Path:
        return self.folder.path

    @cached_property
    def manifest(self) -> Manifest:
        """Raises InputError with a sentence where this is no store, or one of another version."""
        return self.folder.finished()

    def criteria(self, wanted: str | None = None) -> str:
        """The version of the response criteria that is read: by default that of the answers."""
        return wanted or self.manifest.settings.criteria[0]

    def table(self, name: str) -> pl.LazyFrame:
        """All rows of a table."""
        if name not in self._tables:
            self.manifest  # noqa: B018  that a folder is no store is said before anything else
            found = self.folder.table(name)
            self._tables[name] = found.collect().lazy() if name in _KEPT else found
        return self._tables[name]


AnyStore: TypeAlias = OpenedStore | Store | StoreFolder | PathLike[str] | str


def opened(store: AnyStore) -> OpenedStore:
    """A store by its folder, or one that `rearm.cohort.open` gave."""
    if isinstance(store, OpenedStore):
        return store
    if isinstance(store, Store):
        return OpenedStore(store.folder)
    return OpenedStore(store if isinstance(store, StoreFolder) else StoreFolder(Path(store)))
