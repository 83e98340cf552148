"""What was there and is not used, or used with a doubt: one issue a cause, with its count and the
first of its places.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from rearm.intake.issues import issue_at, place_at
from rearm.intake.omop.tables import TABLES
from rearm.intake.rows import CellProblem
from rearm.record import Done, Issue, IssuePlace, Severity, Source

__all__ = ["PLACES", "Cause", "Losses", "place_in"]

PLACES = 100  # of a cause that are named; the count is that of all
_LISTED = 8  # concepts in a sentence
_OF_ONE = {
    "have": "has",
    "are": "is",
    "end": "ends",
    "name": "names",
    "state": "states",
    "refer": "refers",
    "they start": "it starts",
    "they were": "it was",
    "They are": "It is",
    "They do": "It does",
    "They may": "It may",
    "Their": "Its",
    "their": "its",
}
# the verb of what is counted, and what stands for it later
_COUNTED = re.compile(
    r"(?<=\{n\} )(?P<verb>have|are|end|name|state|refer)\b"
    r"|(?<=\{concepts\} )(?P<other>have|are)\b"
    r"|(?P<of>\{n\} of (?:[\w-]+ )*?)(?P<third>have|are|name)\b"
    r"|\b(?P<later>they start|they were|They are|They do|They may|Their|their)\b"
)


def place_in(table: str, key: object) -> str:
    """The place of a row: its table and its id there."""
    name = TABLES[table].key if table in TABLES else f"{table}_id"
    return f"{table}, {name} {key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why rows of a table are not used, or are used with a doubt: the issue without its places."""

    severity: Severity
    code: str
    table: str
    sentence: str
    done: Done = "set_aside"
    column: str | None = None


@dataclass(slots=True)
class Losses:
    """The issues of one CDM as they are found. `files`: the file of each table."""

    files: Mapping[str, str]
    issues: list[Issue] = field(default_factory=list)

    def source(self, table: str, key: object = None) -> Source:
        place = table if key is None else place_in(table, key)
        return Source(self.files.get(table, table), place)

    def add(self, cause: Cause, places: Iterable[IssuePlace] = ()) -> None:
        """One cause, at its first place."""
        every = tuple(places)
        where = every[0].source if every else self.source(cause.table)
        problem = CellProblem(cause.severity, cause.code, cause.sentence, cause.done)
        self.issues.append(issue_at(where, problem, column=cause.column, places=every))

    def rows(self, cause: Cause, rows: pl.DataFrame, value: str | None = None) -> None:
        """The rows of one cause; nothing where there are none. `{n}` in the sentence becomes their
        number. `value`: the column of the frame that holds what stands there.
        """
        if rows.is_empty():
            return
        keys = "key" if "key" in rows.columns else "person"
        first = rows.head(PLACES)
        given = first[value].to_list() if value else [None] * first.height
        places = [
            place_at(self.source(cause.table, key), person, cause.column, text)
            for key, person, text in zip(
                first[keys].to_list(), first["person"].to_list(), given, strict=True
            )
        ]
        said = _numbered(cause.sentence, rows.height)
        self.add(replace(cause, sentence=said.replace("{n}", counted(rows.height))), places)

    def concepts(self, cause: Cause, counts: Mapping[str, int]) -> None:
        """The concepts of one cause with the number of rows of each. `{n}` in the sentence becomes
        the number of rows, `{list}` that of concepts with the most frequent.
        """
        if not counts:
            return
        ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        listed = "; ".join(f"{name}: {count}" for name, count in ordered[:_LISTED])
        more = len(ordered) - _LISTED
        rows, concepts = sum(counts.values()), concepts_counted(len(ordered))
        every = f"{concepts}: {listed}{f'; {more} more' if more > 0 else ''}"
        said = _numbered(cause.sentence, rows).replace("{n}", counted(rows))
        said = said.replace("{list}", every)
        places = [
            place_at(self.source(cause.table), None, cause.column, f"{name}: {count}")
            for name, count in ordered[:PLACES]
        ]
        self.add(replace(cause, sentence=said), places)

    def unknown(self, table: str, column: str, sentence: str, counts: Mapping[str, int]) -> None:
        """Concepts that nothing here is made of."""
        self.concepts(_of_column("note", "unknown_code", table, column, sentence), counts)

    def unmapped(self, table: str, column: str, sentence: str, counts: Mapping[str, int]) -> None:
        """Source values without a concept that say nothing here."""
        self.concepts(_of_column("warning", "concept_unmapped", table, column, sentence), counts)

    def is_type(self, table: str, column: str, sentence: str, counts: Mapping[str, int]) -> None:
        """Concepts that tell where a row comes from, in place of what it is about."""
        cause = _of_column("error", "type_concept_as_question", table, column, sentence)
        self.concepts(cause, counts)

    def without_strays(self, table: str, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows that name their patient; the others are told."""
        strays = rows.filter(pl.col("person").is_null())
        cause = Cause(
            severity="error",
            code="patient_id_missing",
            table=table,
            sentence="{n} have no person_id. They are not read.",
            done="refused",
            column="person_id",
        )
        self.rows(cause, strays)
        return rows.filter(pl.col("person").is_not_null()) if strays.height else rows

    def names(self, cause: Cause, concepts: Sequence[str]) -> None:
        """Concepts of one cause where rows do not matter: `{concepts}` in the sentence becomes
        their number, `{list}` the first of them.
        """
        if not concepts:
            return
        more = len(concepts) - _LISTED
        listed = "; ".join(concepts[:_LISTED]) + (f"; {more} more" if more > 0 else "")
        said = _numbered(cause.sentence, len(concepts)).replace("{list}", listed)
        said = said.replace("{concepts}", concepts_counted(len(concepts)))
        source = self.source(cause.table)
        places = [place_at(source, None, cause.column, name) for name in concepts[:PLACES]]
        self.add(replace(cause, sentence=said), places)


def _of_column(severity: Severity, code: str, table: str, column: str, sentence: str) -> Cause:
    return Cause(severity=severity, code=code, table=table, sentence=sentence, column=column)


def _numbered(sentence: str, count: int) -> str:
    """The sentence as one row has it, where there is but one."""
    return _COUNTED.sub(_of_one, sentence) if count == 1 else sentence


def _of_one(found: re.Match[str]) -> str:
    word = found["verb"] or found["other"] or found["third"] or found["later"]
    return (found["of"] or "") + _OF_ONE[word]


def counted(rows: int) -> str:
    return "1 row" if rows == 1 else f"{rows} rows"


def concepts_counted(concepts: int) -> str:
    return "1 concept" if concepts == 1 else f"{concepts} concepts"
