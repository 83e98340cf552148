"""The dictionary of the tidy tables: columns with type, meaning and allowed words.

Read from `data/tables.toml`; the templates, the checks and the documentation come from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal

from rearm.knowledge._build import KnowledgeError, build

__all__ = ["Column", "ColumnType", "TidyTable", "TidyTables", "folded", "read_tidy_tables"]

ColumnType = Literal[
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
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a tidy table. `low` and `high` limit a number.

    `spellings` maps folded text to the allowed word; `open`: other words are kept as written.
    `about`: it says what happened. `denies`: `none` or `not done` there says that nothing did.
    `blank`: the word that a blank of a required column counts as.
    """

    name: str
    type: ColumnType
    meaning: str
    required: bool = False
    words: tuple[str, ...] = ()
    spellings: Mapping[str, str] = field(default_factory=dict)
    open: bool = False
    aliases: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    about: bool = False
    denies: bool = False
    blank: str = ""

    @property
    def is_day(self) -> bool:
        """Whether it holds a day, and not a text, a number or a word."""
        return self.type == "day"

    @property
    def zero_denies(self) -> bool:
        """Whether 0 says that it was looked for and there was none, where a word for none does not:
        nobody may have looked.
        """
        return self.denies and self.low == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TidyTable:
    """One tidy table. `by_header` finds a column by its name or an alias, folded.

    `day_alone`: a day on a line of a wide sheet says by itself that there was such an event.
    """

    name: str
    meaning: str
    columns: Mapping[str, Column]
    by_header: Mapping[str, Column]
    day_alone: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TidyTables:
    """All tidy tables by name, in the order of the file.

    `facts` are the closed lists of values of the table `facts`, by finding; a finding that is not
    listed takes free text, unless it is among `fact_numbers`; those of `fact_options` may name an
    option (`<option>=<number>`). `facts_unread` are kept and read by no rule.
    """

    tables: Mapping[str, TidyTable]
    facts: Mapping[str, tuple[str, ...]]
    fact_numbers: frozenset[str] = frozenset()
    fact_options: frozenset[str] = frozenset()
    facts_unread: frozenset[str] = frozenset()


def folded(text: str) -> str:
    """Text as headers and words are compared.

    Without regard to case, to runs of spaces, and to `_` against a space.
    """
    return "_".join(text.replace("_", " ").split()).casefold()


def read_tidy_tables(file: Mapping[str, Any], *, findings: Iterable[str] = ()) -> TidyTables:
    """The tables of the parsed file; `findings` may be stated as facts besides those that it lists.

    Raises KnowledgeError where it is not consistent.
    """
    lists = file.get("spellings", {})
    tables = {name: _table(name, row, lists) for name, row in file["table"].items()}
    tables["facts"] = _stating(tables["facts"], findings)
    return TidyTables(
        tables=MappingProxyType(tables),
        facts=MappingProxyType({finding: tuple(words) for finding, words in file["facts"].items()}),
        fact_numbers=frozenset(file.get("fact_numbers", {}).get("plain", ())),
        fact_options=frozenset(file.get("fact_numbers", {}).get("of_options", ())),
        facts_unread=frozenset(file.get("fact_unread", {}).get("findings", ())),
    )


def _stating(facts: TidyTable, findings: Iterable[str]) -> TidyTable:
    """The table of facts whose column `finding` takes these names too."""
    column = facts.columns["finding"]
    spellings = {folded(name): name for name in findings} | dict(column.spellings)
    wider = replace(column, spellings=MappingProxyType(spellings))
    by_header = {h: wider if c is column else c for h, c in facts.by_header.items()}
    return replace(
        facts,
        columns=MappingProxyType({**facts.columns, "finding": wider}),
        by_header=MappingProxyType(by_header),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _ColumnRow:
    """A column as the file writes it; `same` are spellings of its words, `spellings` is the list
    that holds both.
    """

    name: str
    type: ColumnType
    meaning: str
    required: bool = False
    words: tuple[str, ...] = ()
    same: Mapping[str, str] = field(default_factory=dict)
    spellings: str = ""
    open: bool = False
    aliases: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    blank: str = ""


def _table(name: str, row: Mapping[str, Any], lists: Mapping[str, Any]) -> TidyTable:
    about, denied_by = row.get("about", ()), row.get("denied_by", ())
    columns = {
        column.name: replace(column, about=column.name in about, denies=column.name in denied_by)
        for column in (_column(name, entry, lists) for entry in row["columns"])
    }
    if unknown := {*about, *denied_by} - columns.keys():
        raise KnowledgeError([f"tables.toml: {name} has no column {', '.join(sorted(unknown))}."])
    by_header: dict[str, Column] = {}
    for column in columns.values():
        for header in (column.name, *column.aliases):
            if by_header.setdefault(folded(header), column) is not column:
                raise KnowledgeError([f"tables.toml: {header} names two columns of {name}."])
    return TidyTable(
        name=name,
        meaning=row["meaning"],
        columns=MappingProxyType(columns),
        by_header=MappingProxyType(by_header),
        day_alone=row.get("day_alone", True),
    )


def _column(table: str, row: Mapping[str, Any], lists: Mapping[str, Any]) -> Column:
    where = f"tables.toml, {table}.{row.get('name', '?')}"
    entry = build(_ColumnRow, row, where)
    if entry.spellings:
        if entry.spellings not in lists:
            raise KnowledgeError([f"{where}: there is no list of spellings {entry.spellings}."])
        entry = build(_ColumnRow, {**row, **lists[entry.spellings]}, where)
    takes_words = entry.type in ("word", "words")
    if takes_words != bool(entry.words) or not set(entry.same.values()) <= set(entry.words):
        raise KnowledgeError(
            [f"tables.toml: the words of {table}.{entry.name} and its spellings do not match."]
        )
    return Column(
        name=entry.name,
        type=entry.type,
        meaning=entry.meaning,
        required=entry.required,
        words=entry.words,
        spellings=MappingProxyType(
            {folded(word): word for word in entry.words}
            | {folded(spelling): word for spelling, word in entry.same.items()}
        ),
        open=entry.open,
        aliases=entry.aliases,
        low=entry.low,
        high=entry.high,
        blank=entry.blank,
    )
