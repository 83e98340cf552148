"""Rows of a tidy table as columns, made from frames; their cells typed, their rows by patient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from rearm.intake.build.column_runs import ColumnRun, runs_by_patient
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

    def source(self, place: int) -> Source:
        return Source(self.file, place_in(self.origin, self.keys[place]))

    def row(self, place: int) -> Row:
        return Row(
            self.table,
            {name: cells[place] for name, cells in self.cells.items()},
            self.source(place),
            self.decimal,
            stated=True,
        )

    def says_nothing(self, place: int) -> bool:
        """Each row is one of the CDM."""
        return False


def runs_of(rows: TidyRows, maker: RowMaker, files: Mapping[str, str]) -> list[ColumnRun]:
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
    return list(runs_by_patient(columns, persons))


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
