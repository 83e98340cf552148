"""Rows of a tidy table as columns, made from frames; their cells typed, their rows by patient."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import polars as pl

from rearm.intake.cells import RowMaker
from rearm.intake.omop.loss import place_in
from rearm.intake.rows import BLANK, Cell, DecimalMark, Row
from rearm.record import Source

__all__ = ["ASIDE", "TidyRows", "runs_of"]

ASIDE = "why_not_"  # before the name of a column: why its cell must not be used


@dataclass(frozen=True, slots=True, kw_only=True)
class TidyRows:
    """Rows that become those of a tidy table. `frame` holds the columns of that table, `person`,
    and `key`: the id in the table `origin` of the CDM, or `origin` in a column of its own.
    `decimal`: the decimal mark of its numbers, where it is certain.
    """

    table: str
    frame: pl.DataFrame
    origin: str
    decimal: DecimalMark | None = "."


@dataclass(slots=True, kw_only=True)
class _Columns:
    table: str
    file: str
    origin: str
    keys: list[object]
    cells: dict[str, list[Cell]]
    decimal: DecimalMark | None

    def source(self, index: int) -> Source:
        return Source(self.file, place_in(self.origin, self.keys[index]))


@dataclass(slots=True)
class _Run:
    """Rows that follow each other and are of one patient."""

    columns: _Columns
    patient_id: str
    start: int
    stop: int

    @property
    def table(self) -> str:
        return self.columns.table

    @property
    def names(self) -> Collection[str]:
        return self.columns.cells.keys()

    def column(self, name: str) -> Sequence[Cell]:
        cells = self.columns.cells.get(name)
        if cells is None:
            return (BLANK,) * (self.stop - self.start)
        return cells[self.start : self.stop]

    @property
    def decimal(self) -> DecimalMark | None:
        return self.columns.decimal

    def source_of(self, index: int) -> Source:
        return self.columns.source(self.start + index)

    def row(self, index: int) -> Row:
        place = self.start + index
        return Row(
            self.columns.table,
            {name: cells[place] for name, cells in self.columns.cells.items()},
            self.columns.source(place),
            self.columns.decimal,
            stated=True,
        )

    def rows(self) -> Iterator[Row]:
        for index in range(self.stop - self.start):
            yield self.row(index)


def runs_of(rows: TidyRows, maker: RowMaker, files: Mapping[str, str]) -> list[_Run]:
    """The rows by patient; patients themselves in the order of the input."""
    if rows.frame.is_empty():
        return []
    frame = rows.frame
    if rows.table != "patients":
        frame = frame.sort("person", maintain_order=True)
    persons = frame["person"].fill_null("").to_list()
    cells = {"patient_id": maker.column(rows.table, "patient_id").all(persons)}
    for name in frame.columns:
        if name in ("person", "key") or name.startswith(ASIDE):
            continue
        cells[name] = maker.column(rows.table, name).all(frame[name].to_list())
    for name in (c for c in frame.columns if c.startswith(ASIDE)):
        column = name.removeprefix(ASIDE)
        plain = cells.get(column) or [BLANK] * frame.height
        cells[column] = _set_aside(plain, frame[name].to_list())
    columns = _Columns(
        table=rows.table,
        file=files.get(rows.origin, rows.origin),
        origin=rows.origin,
        keys=(frame["key"] if "key" in frame.columns else frame["person"]).to_list(),
        cells=cells,
        decimal=rows.decimal,
    )
    return list(_runs(columns, persons))


def _runs(columns: _Columns, persons: Sequence[str]) -> Iterator[_Run]:
    start = 0
    for person, same in groupby(persons):
        stop = start + sum(1 for _ in same)
        yield _Run(columns, person, start, stop)
        start = stop


def _set_aside(cells: list[Cell], reasons: Sequence[str | None]) -> list[Cell]:
    """The cells, those with a reason against them without their value; equal ones are shared."""
    made: dict[tuple[int, str], Cell] = {}
    found: list[Cell] = []
    for cell, reason in zip(cells, reasons, strict=True):
        if reason is None:
            found.append(cell)
            continue
        key = (id(cell), reason)
        if key not in made:
            made[key] = Cell(
                given=cell.given,
                text=cell.text,
                why_not=reason,
                not_done=cell.not_done,
                denies=cell.denies,
                speaks=cell.given is not None and not cell.not_done,
            )
        found.append(made[key])
    return found
