"""Names of columns and words that were nearly meant; the bundled tables, for callers that are not
yet handed a `Knowledge`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from rearm.knowledge.bundle import bundled
from rearm.knowledge.tidy_tables import Column, TidyTable, folded

__all__ = ["Column", "TidyTable", "fact_values", "folded", "load_tables", "near", "nearest"]

_SLIP = 0.75  # likeness (difflib) from which a name is offered: a letter or two of a word differ
_SHORT_LIST = 20


def load_tables() -> Mapping[str, TidyTable]:
    """All tidy tables by name, in the order of the file."""
    return bundled().tidy_tables.tables


def fact_values() -> Mapping[str, tuple[str, ...]]:
    """The closed lists of values of `facts`, by finding."""
    return bundled().tidy_tables.facts


def near(name: str, among: Iterable[str], *, n: int = 3) -> str:
    """The names that differ from `name` by a slip of the pen, joined for a sentence; empty where
    none does.
    """
    by_folded = {folded(a): a for a in among if a}
    return ", ".join(
        by_folded[c] for c in difflib.get_close_matches(folded(name), by_folded, n=n, cutoff=_SLIP)
    )


def nearest(name: str, among: Iterable[str]) -> str:
    """The names most like `name`, joined for a sentence; where none is like it, all of a short
    list, and of a long one that none is.
    """
    names = [a for a in among if a]
    if close := near(name, names):
        return close
    return ", ".join(names) if len(names) <= _SHORT_LIST else "none like it"
