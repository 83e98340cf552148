"""Rows of the tidy tables from one sheet, as its mapping says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rearm.intake.build.content import content_of, lacking
from rearm.intake.cells import RowMaker
from rearm.intake.issues import issue_at
from rearm.intake.mapping.blank_rows import (
    BesideDay,
    LeftOut,
    block_left_out,
    left_out,
    only_unknown,
)
from rearm.intake.mapping.cell_values import CellValues, RowTarget
from rearm.intake.mapping.conditions import BlockConditions
from rearm.intake.mapping.header_names import spaced
from rearm.intake.mapping.left_unread import FoundWithin, RowsOfNoBlock, values_of
from rearm.intake.mapping.model import Mapping as SheetMapping
from rearm.intake.mapping.model import RowSpec, Spec, ValueSpec
from rearm.intake.mapping.named import Named
from rearm.intake.mapping.sheets import MappedSheet, MappedSheets
from rearm.intake.rows import Moment, Row, Value
from rearm.knowledge.tidy_tables import TidyTable, TidyTables
from rearm.record import Issue, Source

__all__ = ["SheetRows"]

# The cells that an event is about, the first that is filled.
_EVENT_COLUMNS = ("value", "regimen", "agents", "response", "result", "status")
_Match = tuple[int | None, re.Match[str] | None]


class _CellPlaces(dict[str, Source]):
    """Where the cells of one row stand."""

    def at(self, index: int, column: str) -> Source | None:
        return self.get(column)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    """A block of the mapping while its rows are made. `left_out`: rows that are not made, by
    whether a condition holds by what stands there, as somebody may mean it.
    """

    spec: RowSpec
    table: TidyTable
    constants: frozenset[str]
    stated: bool
    beside: BesideDay
    left_out: Mapping[bool, LeftOut]


class SheetRows:
    """Makes the rows of one sheet."""

    def __init__(
        self,
        sheet: MappedSheet,
        sheets: MappedSheets,
        mapping: SheetMapping,
        tables: TidyTables,
        named: Named,
    ) -> None:
        self.sheet, self.tables, self.named = sheet, tables, named
        self._maker = RowMaker(tables, sheet.grid.decimal)
        self._values = CellValues(sheet, sheets, mapping, named)
        self._unread = RowsOfNoBlock(sheet)
        self._within = FoundWithin(sheet)

    def rows(self, issues: list[Issue]) -> Iterator[Row]:
        """The rows, by block of the mapping, matched column and line; `issues` grows."""
        self._values.issues = issues
        for spec in self.sheet.spec.row:
            if spec.optional and (lacks := self._lacks(spec)):
                issues.append(block_left_out(self.sheet, spec, lacks))
            else:
                yield from self._rows_of(spec, issues)
        issues.extend(self._values.unlisted.issues())
        issues.extend(self._unread.issues())
        issues.extend(self._within.issues())

    def _rows_of(self, spec: RowSpec, issues: list[Issue]) -> Iterator[Row]:
        asked = f"{spec.table} of {self.sheet.spec.name}"
        self.sheet.used |= self._named_columns(spec)
        columns: list[_Match] = [(None, None)]
        if spec.each is not None:
            columns = [*self.sheet.matching(spec.each, asked_by=asked)]
        conditions = BlockConditions(spec, self.sheet, self.named)
        self._unread.block(spec, conditions)
        self._within.block(conditions)
        block = self._block(spec)
        lines = conditions.read(self.sheet.lines)
        for column, match in columns:
            for line in lines:
                target = RowTarget(
                    line=line, asked=asked, table=spec.table, column=column, match=match
                )
                row = self._row(block, target, block.left_out[conditions.stated(line)])
                if row is not None:
                    yield row
        issues.extend(block.beside.issues)
        for stated, left in block.left_out.items():
            if left.places:
                problem = left_out(spec, len(left.places), stated=stated)
                issues.append(issue_at(left.places[0].source, problem, places=left.places))

    def _block(self, spec: RowSpec) -> _Block:
        own = spec.own
        return _Block(
            spec=spec,
            table=self.tables.tables[spec.table],
            constants=frozenset(spec.columns.keys() - own),
            stated=spec.even_blank or not own,
            beside=BesideDay(spec, self._own_days(spec)),
            left_out={True: LeftOut(), False: LeftOut()},
        )

    def _named_columns(self, spec: RowSpec) -> set[int]:
        """The columns that a block names, be it that no row of the sheet is one that it reads."""
        names = (value.column for value in values_of(spec) if value.column is not None)
        return {self.sheet.headers[h] for h in map(spaced, names) if h in self.sheet.headers}

    def _lacks(self, spec: RowSpec) -> list[str]:
        """The columns that a block needs and the sheet does not have: those of its conditions, of
        its values, or any that `each` would match.
        """
        named = [condition.column for condition in spec.when]
        named += [
            value.column
            for value in values_of(spec)
            if value.column and not value.optional and "{" not in value.column
        ]
        lacks = [name for name in dict.fromkeys(named) if not self.sheet.has(name)]
        if spec.each is not None and not any(
            re.fullmatch(spec.each, header) for header in self.sheet.headers
        ):
            lacks.append(spec.each)
        return lacks

    def _own_days(self, spec: RowSpec) -> dict[str, str]:
        """The headers of the days that belong to this block alone, by the columns of the table: a
        day there is of its event, and one that several blocks read is that of the visit.
        """
        if spec.each is not None or spec.table in ("patients", "labs"):
            return {}
        read = [
            (block, name, value.column)
            for block in self.sheet.spec.row
            for name, value in block.columns.items()
            if self.tables.tables[block.table].columns[name].is_day
            and isinstance(value, ValueSpec)
            and value.column is not None
        ]
        others = {header for block, _, header in read if block is not spec}
        return {n: header for block, n, header in read if block is spec and header not in others}

    def _row(self, block: _Block, target: RowTarget, left: LeftOut) -> Row | None:
        spec, table = block.spec, block.table
        values: dict[str, Value] = {"patient_id": target.line.patient}
        moments: dict[str, Moment] = {}
        labels: dict[str, str] = {}
        places = _CellPlaces()
        set_aside: dict[str, str] = {}
        for name, value_spec in spec.columns.items():
            mapped = self._values.value(value_spec, table.columns[name], target)
            if name == "nominal_day" and mapped is not None:
                of_visit = _same_place(value_spec, spec.columns.get("day"))
                mapped = self._values.planned(mapped, of_visit=of_visit)
            if mapped is None or mapped.value is None:
                continue
            if mapped.source is not None:
                places[name] = mapped.source
            if mapped.flag is not None:
                if table.columns[name].type == "day" and mapped.flag.span is not None:
                    moments[name] = Moment(*mapped.flag.span)
                else:
                    set_aside[name] = mapped.flag.reason
            if isinstance(mapped.value, Moment):
                moments.setdefault(name, mapped.value)
                labels[name] = mapped.label
            else:
                values[name] = mapped.value
        if missing := lacking(table, values.keys() | moments.keys()):
            block.beside.blank(missing, values, places, target.line.patient)
            return None
        source = self._source(target, places)
        id_column = self.sheet.column(self.sheet.spec.id, asked_by=target.asked)
        places["patient_id"] = self.sheet.source(target.line, id_column)
        row = self._maker.row(
            spec.table,
            values,
            source,
            places=places,
            labels=labels,
            set_aside=set_aside,
            moments=moments,
            constants=block.constants,
            stated=block.stated,
        )
        if spec.table in ("patients", "labs"):
            return row
        block.beside.denied(row, table)
        if content_of(row, table).kind != "blank" and not only_unknown(row, table):
            return row
        left.add(row)
        return None

    def _source(self, target: RowTarget, places: Mapping[str, Source]) -> Source:
        """The cell that the event is about: the value, else the matched column, else the first cell
        read.
        """
        for name in _EVENT_COLUMNS:
            if name in places:
                return places[name]
        if target.column is not None:
            return self.sheet.source(target.line, target.column)
        return next(iter(places.values()), self.sheet.source(target.line, None))


def _same_place(one: Spec, other: Spec | None) -> bool:
    """Whether two values come from the same cell or header."""
    if not (isinstance(one, ValueSpec) and isinstance(other, ValueSpec)):
        return False
    return (one.column, one.cell, one.group) == (other.column, other.cell, other.group)
