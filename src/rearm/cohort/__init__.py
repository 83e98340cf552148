"""Many patients: several processes, a hash of what a result depends on, runs that resume; a store
of their answers, and outcomes over time.

    import rearm.cohort

    rearm.cohort.build("registry/", "store/", jobs=2)
    store = rearm.cohort.open("store/")
    store.table("infusions").collect()
    store.where("relapse_pattern_extraosseous").certain
    rearm.cohort.outcomes(store, endpoint="PFS", origin="salvage", by="strategy")
"""

from __future__ import annotations

from datetime import date
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING

from rearm.cohort.outcomes import outcomes

if TYPE_CHECKING:
    import polars as pl

    from rearm.cohort.store.build import BuildSummary
    from rearm.cohort.store.opened import Store

__all__ = ["build", "open", "outcomes", "table"]


def build(
    data: str | PathLike[str],
    store: str | PathLike[str],
    *,
    mapping: str | PathLike[str] | None = None,
    redcap: str | PathLike[str] | None = None,
    as_of: int | date | None = None,
    region: str | None = None,
    criteria: tuple[str, ...] = (),
    jobs: int = 1,
) -> BuildSummary:
    """Assesses every patient of `data` (whatever `rearm.read` reads) and keeps the answers as
    tables in the folder `store`, or brings it up to date: only patients whose data changed are
    assessed, those no longer in `data` leave.

    `mapping` and `redcap` as in `rearm.read`, `as_of` and `region` as in `rearm.assess`;
    `criteria`: versions of the response criteria whose courses are kept beside the default; `jobs`:
    processes. A patient who can't be assessed has a row with the reason. Raises InputError with a
    sentence where `data` can't be read or `store` is something else. What is not known of a patient
    is null in the tables.

    >>> import tempfile
    >>> import rearm.cohort
    >>> folder = tempfile.mkdtemp() + "/store"
    >>> built = rearm.cohort.build("examples/tables", folder)
    >>> built.assessed
    11
    """
    from rearm.cohort.store.build import Wanted
    from rearm.cohort.store.build import build as build_store

    wanted = Wanted(
        mapping=None if mapping is None else fspath(mapping),
        redcap=None if redcap is None else Path(redcap),
        as_of=as_of,
        region=region,
        criteria=tuple(criteria),
        jobs=jobs,
        today=date.today(),
    )
    return build_store(fspath(data), Path(store), wanted)


def open(store: str | PathLike[str]) -> Store:
    """The store in the folder `store`, as `build` made it; its tables are read when they are asked
    for, and what is not known in them is null. Raises InputError with a sentence where there is
    none.

    >>> import tempfile
    >>> import rearm.cohort
    >>> folder = tempfile.mkdtemp() + "/store"
    >>> built = rearm.cohort.build("examples/tables", folder)
    >>> store = rearm.cohort.open(folder)
    >>> store.where("bcma_status = 'lost'").certain
    ('SYN-01',)
    """
    from rearm.cohort.store.opened import Store

    return Store.at(Path(store))


def table(store: str | PathLike[str], name: str) -> pl.DataFrame:
    """The table `name` of the store in the folder `store`, whole: `open(store).table(name)` as a
    frame; null is not known. Raises InputError where there is no store, or no such table.

    >>> import tempfile
    >>> import rearm.cohort
    >>> folder = tempfile.mkdtemp() + "/store"
    >>> built = rearm.cohort.build("examples/tables", folder)
    >>> rearm.cohort.table(folder, "patients").height
    11
    """
    return open(store).table(name).collect()
