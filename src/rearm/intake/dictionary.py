"""The dictionary of the tidy tables: columns with type, meaning and allowed words, from
`knowledge/data/tables.toml`.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

__all__ = ["Column", "Table", "fact_values", "folded", "load_tables", "near", "nearest"]

_SLIP = 0.75  # likeness (difflib) from which a name is offered: a letter or two of a word differ
_SHORT_LIST = 20

COLUMN_TYPES = frozenset(
    {
        "id",
        "text",
        "day",
        "days",
        "date",
        "year",
        "integer",
        "number",
        "yes_no",
        "value",
        "unit",
        "test",
        "word",
        "words",
        "agents",
        "regimen",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a tidy table. `spellings` maps folded text to the allowed word; `open`: other
    words are kept as written.
    """

    name: str
    type: str
    meaning: str
    required: bool = False
    words: tuple[str, ...] = ()
    spellings: Mapping[str, str] = field(default_factory=dict)
    open: bool = False
    aliases: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """One tidy table. `by_header` finds a column by its name or an alias, folded."""

    name: str
    meaning: str
    columns: Mapping[str, Column]
    by_header: Mapping[str, Column]


@cache
def load_tables() -> Mapping[str, Table]:
    """All tidy tables by name, in the order of the file. Raises ValueError where the file is not
    consistent.
    """
    return MappingProxyType({name: _table(name, entry) for name, entry in _data()["table"].items()})


@cache
def fact_values() -> Mapping[str, tuple[str, ...]]:
    """The closed lists of values of `facts`, by finding. A finding that is not listed takes free
    text.
    """
    return MappingProxyType({finding: tuple(words) for finding, words in _data()["facts"].items()})


def folded(text: str) -> str:
    """Text as headers and words are compared: without regard to case, runs of spaces and `_`
    against a space.
    """
    return "_".join(text.replace("_", " ").split()).casefold()


def near(name: str, among: Iterable[str], *, n: int = 3) -> str:
    """The names that differ from `name` by a slip of the pen, joined for a sentence; empty where
    none does.
    """
    by_folded = {folded(a): a for a in among if a}
    return ", ".join(
        by_folded[c] for c in difflib.get_close_matches(folded(name), by_folded, n=n, cutoff=_SLIP)
    )


def nearest(name: str, among: Iterable[str]) -> str:
    """The names most like `name`, joined for a sentence; where none is like it, all of a short list
    or the count of a long one.
    """
    names = [a for a in among if a]
    if close := near(name, names):
        return close
    return ", ".join(names) if len(names) <= _SHORT_LIST else f"none of the {len(names)} known"


def _data() -> dict[str, Any]:
    return tomllib.loads((files("rearm.knowledge") / "data" / "tables.toml").read_text("utf-8"))


def _table(name: str, entry: Mapping[str, Any]) -> Table:
    columns = {c["name"]: _column(name, c) for c in entry["columns"]}
    by_header: dict[str, Column] = {}
    for column in columns.values():
        for header in (column.name, *column.aliases):
            if by_header.setdefault(folded(header), column) is not column:
                raise ValueError(f"tables.toml: {header} names two columns of {name}.")
    return Table(name, entry["meaning"], MappingProxyType(columns), MappingProxyType(by_header))


def _column(table: str, entry: Mapping[str, Any]) -> Column:
    kind = entry["type"]
    words = tuple(entry.get("words", ()))
    same: Mapping[str, str] = entry.get("same", {})
    if kind not in COLUMN_TYPES:
        raise ValueError(
            f"tables.toml: {table}.{entry['name']} has the type {kind}, which there is none."
        )
    if (kind in ("word", "words")) != bool(words) or not set(same.values()) <= set(words):
        raise ValueError(
            f"tables.toml: the words of {table}.{entry['name']} and its spellings do not fit"
            " together."
        )
    return Column(
        name=entry["name"],
        type=kind,
        meaning=entry["meaning"],
        required=entry.get("required", False),
        words=words,
        spellings=MappingProxyType(
            {folded(s): w for s, w in [*((w, w) for w in words), *same.items()]}
        ),
        open=entry.get("open", False),
        aliases=tuple(entry.get("aliases", ())),
        low=entry.get("low"),
        high=entry.get("high"),
    )
