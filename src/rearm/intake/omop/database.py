"""A CDM in a database: a DuckDB file, opened read-only and without a way out of it, or PostgreSQL.

Of a file that somebody else made only plain tables are read: a view is a program.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import polars as pl

from rearm.characters import printable
from rearm.errors import InputError
from rearm.intake.issues import issue_at
from rearm.intake.omop.cdm import BATCH, Among, chosen_schema, looks_like_cdm
from rearm.intake.rows import CellProblem
from rearm.record import Issue, Source

__all__ = ["DuckDbCdm", "PostgresCdm", "is_duckdb_file", "is_postgres_address"]

_MAGIC = b"DUCK"  # stands at byte 8 of a DuckDB file
# What a hostile file could use: reading other files, loading code, changing these settings.
_CLOSED = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "allow_unsigned_extensions": "false",
    "lock_configuration": "true",
    "threads": "2",
    "memory_limit": "1GB",
}
_TEXT = "VARCHAR"


def is_duckdb_file(path: Path) -> bool:
    """Whether a file is a DuckDB database, by its name or its first bytes."""
    if path.suffix.lower() in (".duckdb", ".ddb"):
        return True
    if path.suffix.lower() != ".db" or not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(12)[8:] == _MAGIC


def is_postgres_address(text: str) -> bool:
    """Whether a text is the address of a PostgreSQL database."""
    return text.startswith(("postgresql://", "postgres://"))


class _SqlCdm:
    """What both databases share. `_places`: schema and table as the database writes them, by
    name; `_columns`: of each table, its columns by name.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._places: dict[str, tuple[str, str]] = {}
        self._columns: dict[str, dict[str, str]] = {}
        self._issues: list[Issue] = []

    @property
    def tables(self) -> Mapping[str, tuple[str, ...]]:
        return {table: tuple(columns) for table, columns in self._columns.items()}

    @property
    def files(self) -> tuple[str, ...]:
        return (self.name,)

    @property
    def issues(self) -> tuple[Issue, ...]:
        return tuple(self._issues)

    def file_of(self, table: str) -> str:
        return self.name

    def filled(self, table: str, columns: Collection[str]) -> tuple[int, Mapping[str, int]]:
        names = [c for c in columns if c in self._columns[table]]
        counts = (
            f"SUM(CASE WHEN CAST({self._quoted(table, c)} AS {_TEXT}) IN ('', '0') OR "
            f"{self._quoted(table, c)} IS NULL THEN 0 ELSE 1 END)"
            for c in names
        )
        row = self._one(
            f"SELECT COUNT(*){''.join(f', {c}' for c in counts)} FROM {self._at(table)}"
        )
        return int(row[0]), dict(zip(names, (int(x or 0) for x in row[1:]), strict=True))

    def _one(self, query: str) -> tuple[Any, ...]:
        raise NotImplementedError

    def _query(self, table: str, columns: Collection[str], among: Among | None, cast: str) -> str:
        names = [c for c in columns if c in self._columns[table]]
        chosen = ", ".join(
            f"CAST({self._quoted(table, c)} AS {cast}) AS {_quote(c)}"
            if cast
            else f"{self._quoted(table, c)} AS {_quote(c)}"
            for c in names
        )
        query = f"SELECT {chosen or 'NULL'} FROM {self._at(table)}"
        if among is None:
            return query
        column, ids = among
        listed = ", ".join(str(int(i)) for i in sorted(ids)) or "NULL"
        return f"{query} WHERE {self._quoted(table, column)} IN ({listed})"

    def _at(self, table: str) -> str:
        return ".".join(map(_quote, self._places[table]))

    def _quoted(self, table: str, column: str) -> str:
        return _quote(self._columns[table][column])

    def _choose(self, rows: Collection[tuple[str, str, str]], schema: str | None) -> str:
        """Keeps the tables of the CDM's schema, and the vocabulary of another one where it lacks
        it. `rows`: schema, table, and whether it is a table or a view.
        """
        plain: dict[str, dict[str, str]] = {}
        views: list[tuple[str, str]] = []
        for of_schema, table, kind in rows:
            if kind == "BASE TABLE":
                plain.setdefault(of_schema, {}).setdefault(table.lower(), table)
            else:
                views.append((of_schema, table.lower()))
        own = chosen_schema(plain, schema, self.name)
        self._places = {name: (own, written) for name, written in plain[own].items()}
        for name in ("concept", "concept_ancestor"):
            elsewhere = [s for s, tables in plain.items() if name in tables and s != own]
            if name not in self._places and len(elsewhere) == 1:
                self._places[name] = (elsewhere[0], plain[elsewhere[0]][name])
        left = sorted(t for s, t in views if s == own and t not in self._places)
        if left:
            sentence = (
                f"{printable(', '.join(left))} of the schema {printable(own)} are views, which may "
                "run code. They are not read. Save them as tables."
            )
            problem = CellProblem("warning", "table_not_read", sentence, "refused")
            self._issues.append(issue_at(Source(self.name, printable(own)), problem))
        return own


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


class DuckDbCdm(_SqlCdm):
    """A DuckDB file. Raises InputError where it can't be opened or holds no CDM."""

    def __init__(self, path: Path) -> None:
        super().__init__(path.name)
        try:
            import duckdb
            import pyarrow  # noqa: F401  # rows travel in its form
        except ModuleNotFoundError as error:
            raise InputError(
                f"Reading {path.name} needs {error.name}: install rearm[omop]."
            ) from None
        self._error = duckdb.Error
        with self._asking():
            self._connection = duckdb.connect(str(path), read_only=True, config=dict(_CLOSED))
        with self._asking():
            rows = self._all(
                "SELECT table_schema, table_name, table_type FROM information_schema.tables "
                "WHERE table_catalog = current_database()"
            )
            self._choose([(str(a), str(b), str(c)) for a, b, c in rows], None)
            for name, (schema, table) in self._places.items():
                columns = self._all(
                    "SELECT column_name FROM information_schema.columns "
                    "WHERE table_schema = ? AND table_name = ? "
                    "AND table_catalog = current_database() ORDER BY ordinal_position",
                    [schema, table],
                )
                self._columns[name] = {str(c).lower(): str(c) for (c,) in columns}

    def batches(
        self, table: str, columns: Collection[str], among: Among | None = None
    ) -> Iterator[pl.DataFrame]:
        with self._asking():
            query = self._query(table, columns, among, "")
            for batch in self._connection.sql(query).to_arrow_reader(BATCH):
                frame = pl.from_arrow(batch)
                assert isinstance(frame, pl.DataFrame)
                yield frame

    def close(self) -> None:
        self._connection.close()

    def _all(self, query: str, values: Collection[Any] = ()) -> list[tuple[Any, ...]]:
        return list(self._connection.execute(query, list(values)).fetchall())

    def _one(self, query: str) -> tuple[Any, ...]:
        with self._asking():
            return self._all(query)[0]

    @contextmanager
    def _asking(self) -> Iterator[None]:
        try:
            yield
        except self._error as error:
            reason = printable((str(error).splitlines() or ["no reason given"])[0][:160])
            raise InputError(
                f"{self.name} can't be read as a DuckDB database ({reason}). Export it again."
            ) from None


class PostgresCdm(_SqlCdm):
    """A schema of PostgreSQL, read in one transaction that can't write. The address takes
    `?schema=NAME`. Neither the address nor its password appears in a message or a place.
    """

    def __init__(self, address: str) -> None:
        url, schema = _without_schema(address)
        super().__init__("PostgreSQL")
        try:
            import psycopg
        except ImportError:
            raise InputError("Reading PostgreSQL needs psycopg: install rearm[omop].") from None
        self._error = psycopg.Error
        with self._asking("can't be reached"):
            self._connection = psycopg.connect(url, autocommit=False, connect_timeout=15)
            self._connection.read_only = True
            self._connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            self.name = f"PostgreSQL {printable(self._connection.info.dbname)}"
        with self._asking("can't be read"):
            rows = self._all(
                "SELECT table_schema, table_name, table_type FROM information_schema.tables "
                "WHERE table_schema NOT IN ('pg_catalog', 'information_schema')"
            )
            # a view of a database that the site itself runs is one of its tables
            tables = [(str(a), str(b), "BASE TABLE") for a, b, _ in rows]
            current = str(self._all("SELECT current_schema()")[0][0])
            self._choose(tables, schema or _current_cdm(tables, current))
            for name, (of_schema, table) in self._places.items():
                columns = self._all(
                    "SELECT column_name FROM information_schema.columns "
                    "WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position",
                    (of_schema, table),
                )
                self._columns[name] = {str(c).lower(): str(c) for (c,) in columns}

    def batches(
        self, table: str, columns: Collection[str], among: Among | None = None
    ) -> Iterator[pl.DataFrame]:
        names = [c for c in columns if c in self._columns[table]]
        schema = dict.fromkeys(names or ["none"], pl.String())
        # a named cursor stays on the server: the rows come in batches
        with (
            self._asking("can't be read"),
            self._connection.cursor(name="rearm") as cursor,
        ):
            cursor.execute(self._query(table, columns, among, "text").encode())
            while rows := cursor.fetchmany(BATCH // 4):
                yield pl.DataFrame(rows, schema=schema, orient="row")

    def close(self) -> None:
        self._connection.close()

    def _all(self, query: str, values: Collection[Any] = ()) -> list[tuple[Any, ...]]:
        return list(self._connection.execute(query.encode(), tuple(values)).fetchall())

    def _one(self, query: str) -> tuple[Any, ...]:
        with self._asking("can't be read"):
            return tuple(self._connection.execute(query.encode()).fetchall()[0])

    @contextmanager
    def _asking(self, what: str) -> Iterator[None]:
        try:
            yield
        except self._error as error:
            # the reason of a failed connection may hold the address: its kind is enough
            code = getattr(error, "sqlstate", None)
            reason = type(error).__name__ + (f" {code}" if code else "")
            raise InputError(
                f"{self.name} {what} ({reason}). Check the address, the account and its rights."
            ) from None


def _current_cdm(tables: Collection[tuple[str, str, str]], current: str) -> str | None:
    """The schema that the account works in, where it holds a CDM: then others do not matter."""
    own = {table.lower() for schema, table, _ in tables if schema == current}
    return current if looks_like_cdm(own) else None


def _without_schema(address: str) -> tuple[str, str | None]:
    """The address as PostgreSQL takes it, and the schema that ours may name."""
    parts = urlsplit(address)
    values = parse_qsl(parts.query, keep_blank_values=True)
    schema = next((value for name, value in values if name == "schema"), None)
    rest = urlencode([(name, value) for name, value in values if name != "schema"])
    return urlunsplit(parts._replace(query=rest)), schema
