"""Rows of the tidy tables from one sheet, as its mapping says."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from rearm.errors import InputError
from rearm.intake.build.content import content_of, lacking
from rearm.intake.cells import RowMaker
from rearm.intake.issues import issue_at, place_at
from rearm.intake.mapping.conditions import BlockConditions
from rearm.intake.mapping.header_names import spaced
from rearm.intake.mapping.left_unread import RowsOfNoBlock, UnlistedCodes, values_of
from rearm.intake.mapping.model import DayLabel, RowSpec, Scalar, Spec, ValueSpec
from rearm.intake.mapping.model import Mapping as SheetMapping
from rearm.intake.mapping.named import Named
from rearm.intake.mapping.sheets import CellFlag, MappedSheet, MappedSheets, SheetLine
from rearm.intake.rows import CellProblem, Moment, Row, Value
from rearm.intake.values import Refused, not_done, number, says_none, shown, text
from rearm.knowledge.tidy_tables import Column, TidyTable, TidyTables, folded
from rearm.record import Issue, IssuePlace, Source

__all__ = ["SheetRows"]

# The cells that an event is about, the first that is filled.
_EVENT_COLUMNS = ("value", "regimen", "agents", "response", "result", "status")


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedValue:
    """A value with the cell it came from."""

    value: Value | Moment
    column: int | None = None
    source: Source | None = None
    flag: CellFlag | None = None
    label: str = ""  # what stands in the cell, where the mapping says what it means

    @property
    def text(self) -> str:
        return "" if isinstance(self.value, Moment) else text(self.value)


class _CellPlaces(dict[str, Source]):
    """Where the cells of one row stand."""

    def at(self, index: int, column: str) -> Source | None:
        return self.get(column)


@dataclass(frozen=True, slots=True, kw_only=True)
class _RowTarget:
    """One row to make: the line, and the column that `each` matched, with its groups."""

    line: SheetLine
    asked: str  # what the mapping asks for, for sentences
    column: int | None = None
    match: re.Match[str] | None = None

    @property
    def groups(self) -> dict[str, str | None]:
        return {} if self.match is None else self.match.groupdict()

    def cell(self, column: int) -> Value:
        return self.line.cells[column] if column < len(self.line.cells) else None


@dataclass(slots=True)
class _LeftOut:
    """Rows of which nothing but constants would stand there, by block of the mapping."""

    places: list[IssuePlace] = field(default_factory=list)

    def add(self, row: Row) -> None:
        self.places.append(place_at(row.source, row.patient_id))


class _BesideDay:
    """Days of which no event is made: nothing stands beside them, or that there was none."""

    def __init__(self, spec: RowSpec, days: Mapping[str, str]) -> None:
        self._table, self._days = spec.table, days
        self.issues: list[Issue] = []

    def blank(
        self, missing: Collection[str], values: Mapping[str, Value], places: _CellPlaces, who: str
    ) -> None:
        """A line in which the day stands and not what happened."""
        for name in self._days:
            if name in places and values.get(name) is not None and not not_done(values[name]):
                what = f"with nothing as {' or '.join(missing)}"
                problem = self._problem("day_without_event", name, values[name], what)
                issue = issue_at(places[name], problem, who, column=name, value=values[name])
                self.issues.append(issue)
                return

    def denied(self, row: Row, table: TidyTable) -> None:
        """A row that says of a day that there was no such event."""
        content = content_of(row, table)
        for name in self._days:
            if content.kind == "not_done" and row.cell(name).speaks:
                denying = next((n for n in content.columns if says_none(row.given(n))), None)
                if denying is not None:
                    given = row.given(denying)
                    what = f"with {shown(given)} as {denying}"
                    problem = self._problem("day_of_none", name, row.cell(name).text, what)
                    issue = issue_at(
                        row.at(denying), problem, row.patient_id, column=denying, value=given
                    )
                    self.issues.append(issue)
                return

    def _problem(self, code: str, name: str, day: Value, what: str) -> CellProblem:
        sentence = (
            f"{self._days[name]} has the day {shown(day)}, {what}. No event of {self._table} is "
            "made, and it is unknown whether there was one. Enter what happened, or remove the "
            "day."
        )
        return CellProblem("warning", code, sentence)


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
        self.sheet, self.sheets, self.tables, self.named = sheet, sheets, tables, named
        self.labels: Mapping[str, DayLabel] = {
            folded(label): day for label, day in mapping.day_labels.items()
        }
        self.issues: list[Issue] = []
        self._maker = RowMaker(tables, sheet.grid.decimal)
        self._unlisted = UnlistedCodes(sheet)
        self._unread = RowsOfNoBlock(sheet)
        self._words: dict[int, Mapping[str, Scalar]] = {}  # of values, by their identity

    def rows(self, issues: list[Issue]) -> Iterator[Row]:
        """The rows, by block of the mapping, matched column and line; `issues` grows."""
        self.issues = issues
        for spec in self.sheet.spec.row:
            asked = f"{spec.table} of {self.sheet.spec.name}"
            if spec.optional and (lacks := self._lacks(spec)):
                self.issues.append(_block_left_out(self.sheet, spec, lacks))
                continue
            self.sheet.used |= self._named_columns(spec)
            columns: list[tuple[int | None, re.Match[str] | None]] = [(None, None)]
            if spec.each is not None:
                columns = [*self.sheet.matching(spec.each, asked_by=asked)]
            conditions = BlockConditions(spec, self.sheet, self.named)
            read = conditions.read(self.sheet.lines)
            self._unread.block(spec, conditions)
            beside = _BesideDay(spec, self._own_days(spec))
            # by whether a condition holds by what stands there: somebody may mean it
            left_out = {True: _LeftOut(), False: _LeftOut()}
            for column, match in columns:
                for line in read:
                    target = _RowTarget(line=line, asked=asked, column=column, match=match)
                    left = left_out[conditions.stated(line)]
                    row = self._row(spec, target, left, beside)
                    if row is not None:
                        yield row
            self.issues.extend(beside.issues)
            for stated, left in left_out.items():
                if left.places:
                    problem = _left_out(spec, len(left.places), stated=stated)
                    first = left.places[0].source
                    self.issues.append(issue_at(first, problem, places=left.places))
        self.issues.extend(self._unlisted.issues())
        self.issues.extend(self._unread.issues())

    def _named_columns(self, spec: RowSpec) -> set[int]:
        """The columns that a block names, be it that no row of the sheet is one that it reads."""
        names = (value.column for value in values_of(spec) if value.column is not None)
        return {self.sheet.headers[h] for h in map(spaced, names) if h in self.sheet.headers}

    def _lacks(self, spec: RowSpec) -> list[str]:
        """The columns that a block needs and the sheet does not have: those of its conditions, of
        its values, or any that `each` would match.
        """
        named = [c.column for c in spec.when]
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

    def _row(
        self, spec: RowSpec, target: _RowTarget, left_out: _LeftOut, beside: _BesideDay
    ) -> Row | None:
        columns = self.tables.tables[spec.table].columns
        values: dict[str, Value] = {"patient_id": target.line.patient}
        moments: dict[str, Moment] = {}
        labels: dict[str, str] = {}
        places = _CellPlaces()
        set_aside: dict[str, str] = {}
        for name, value_spec in spec.columns.items():
            mapped = self._value(value_spec, columns[name], target)
            if name == "nominal_day" and mapped is not None:
                of_visit = _same_place(value_spec, spec.columns.get("day"))
                mapped = self._planned(mapped, of_visit=of_visit)
            if mapped is None or mapped.value is None:
                continue
            if mapped.source is not None:
                places[name] = mapped.source
            if mapped.flag is not None:
                if columns[name].type == "day" and mapped.flag.span is not None:
                    moments[name] = Moment(*mapped.flag.span)
                else:
                    set_aside[name] = mapped.flag.reason
            if isinstance(mapped.value, Moment):
                moments.setdefault(name, mapped.value)
                labels[name] = mapped.label
            else:
                values[name] = mapped.value
        table = self.tables.tables[spec.table]
        if missing := lacking(table, values.keys() | moments.keys()):
            beside.blank(missing, values, places, target.line.patient)
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
            constants=spec.columns.keys() - spec.own,
            stated=spec.even_blank or not spec.own,
        )
        if spec.table in ("patients", "labs"):
            return row
        beside.denied(row, table)
        if content_of(row, table).kind != "blank" and not _only_unknown(row, table):
            return row
        left_out.add(row)
        return None

    def _source(self, target: _RowTarget, places: Mapping[str, Source]) -> Source:
        """The cell that the event is about: the value, else the matched column, else the first cell
        read.
        """
        for name in _EVENT_COLUMNS:
            if name in places:
                return places[name]
        if target.column is not None:
            return self.sheet.source(target.line, target.column)
        return next(iter(places.values()), self.sheet.source(target.line, None))

    def _value(self, spec: Spec, column: Column, target: _RowTarget) -> MappedValue | None:
        if isinstance(spec, tuple):
            return self._joined(spec, column, target)
        if not isinstance(spec, ValueSpec):
            return MappedValue(value=spec)
        mapped = self._origin(spec, target)
        if mapped is not None and mapped.value is not None:
            mapped = self._changed(spec, mapped, target)
        if spec.more:
            mapped = self._with_more(spec, mapped, target)
        if mapped is None or mapped.value is None or isinstance(mapped.value, Moment):
            return mapped
        return self._labelled(mapped) if column.type == "day" else mapped

    def _joined(
        self, specs: tuple[ValueSpec, ...], column: Column, target: _RowTarget
    ) -> MappedValue | None:
        """Several values joined by `;`."""
        values = [self._value(spec, column, target) for spec in specs]
        present = [v for v in values if v is not None and isinstance(v.value, str | int | float)]
        if not present:
            return None
        return MappedValue(
            value=";".join(v.text for v in present),
            column=present[0].column,
            source=present[0].source,
            flag=next((v.flag for v in present if v.flag), None),
        )

    def _origin(self, spec: ValueSpec, target: _RowTarget) -> MappedValue | None:
        """What stands where the mapping says that the value comes from."""
        if spec.group is not None:
            return MappedValue(
                value=target.groups.get(spec.group),
                column=target.column,
                source=self.sheet.source(target.line, target.column),
            )
        if spec.template is not None:
            names = re.findall(r"\{(\w+)\}", spec.template)
            if any(target.groups.get(name) is None for name in names):
                return None
            return MappedValue(value=_filled(spec.template, target.groups))
        if spec.last_column is not None:
            lines = [
                _line_number(match["line"], target.asked)
                for index, match in self.sheet.matching(spec.last_column, asked_by=target.asked)
                if target.cell(index) is not None
            ]
            return MappedValue(value=max(lines) + spec.plus) if lines else None
        index = target.column
        if spec.column is not None:
            index = self._companion(spec.column, target, optional=spec.optional)
        if index is None or (value := target.cell(index)) is None:
            return None
        return MappedValue(
            value=value,
            column=index,
            source=self.sheet.source(target.line, index),
            flag=self.sheet.flags.get((target.line.index, index)),
        )

    def _companion(self, column: str, target: _RowTarget, *, optional: bool) -> int | None:
        """The index of a named column. A name with groups need not be there for every matched
        column.
        """
        name = _filled(column, target.groups) if "{" in column else column
        may_lack = optional or (bool(target.groups) and "{" in column)
        if may_lack and " ".join(name.split()) not in self.sheet.headers:
            return None
        return self.sheet.column(name, asked_by=target.asked)

    def _changed(
        self, spec: ValueSpec, mapped: MappedValue, target: _RowTarget
    ) -> MappedValue | None:
        """The value in the mapping's words, and in its unit."""
        value = self._worded(spec, mapped, target)
        if value is None or value == "":
            return None
        if spec.decimal is not None:
            value = _with_point(value, spec.decimal)
        if not spec.negate and spec.scale is None:
            return replace(mapped, value=value)
        try:
            plain = None if isinstance(value, Moment) else value
            size = number(plain, decimal=self.sheet.grid.decimal)
        except Refused as refusal:
            self._problem(mapped, target, refusal.code, f"{refusal} It is not used.")
            return None
        scale = 1 if spec.scale is None else spec.scale
        return replace(mapped, value=size * (-1 if spec.negate else 1) * scale)

    def _worded(self, spec: ValueSpec, mapped: MappedValue, target: _RowTarget) -> Value | Moment:
        """What the mapping extracts, in its words; None, with an issue, where a text holds
        nothing of it.
        """
        words = self._words_of(spec)
        if spec.only_words and folded(mapped.text) not in words:
            plain = None if isinstance(mapped.value, Moment) else mapped.value
            self._unlisted.add(target.line, mapped.column, plain)
            return None
        if spec.names is not None:
            return ";".join(self.named.names(spec.names, mapped.text)) or mapped.value
        if spec.extract is None:
            return words.get(folded(mapped.text), mapped.value) if words else mapped.value
        parts = [
            m if isinstance(m, str) else next((g for g in m if g), "")
            for m in re.findall(spec.extract, mapped.text)
        ]
        if parts:
            return ";".join(dict.fromkeys(text(words.get(folded(p), p)) for p in parts))
        sentence = (
            f"{shown(mapped.text)} contains nothing that the mapping looks for. It is not read."
        )
        self._problem(mapped, target, "text_not_recognised", sentence)
        return None

    def _words_of(self, spec: ValueSpec) -> Mapping[str, Scalar]:
        """The words of a value, as they are compared."""
        words = self._words.get(id(spec))
        if words is None:
            words = {folded(key): word for key, word in spec.words.items()}
            self._words[id(spec)] = words
        return words

    def _with_more(
        self, spec: ValueSpec, mapped: MappedValue | None, target: _RowTarget
    ) -> MappedValue | None:
        """The value joined with those that other sheets state for the same patient; repetitions are
        left out.
        """
        mapped = MappedValue(value=None) if mapped is None else mapped
        parts = [] if mapped.value is None else [mapped.text]
        flag, source = mapped.flag, mapped.source
        for place in spec.more:
            for day in self.sheets.day_cells(place).get(target.line.patient, ()):
                parts.append(str(day.day))
                flag = flag or day.sheet.flags.get((day.line.index, day.column))
                source = source or day.source
        if not parts:
            return None
        joined = ";".join(dict.fromkeys(parts))
        return MappedValue(value=joined, column=mapped.column, source=source, flag=flag)

    def _planned(self, mapped: MappedValue, *, of_visit: bool) -> MappedValue | None:
        """A planned day: a whole number, or a label that means one. Anything else is left to the
        day of the visit where that is read from the same place, else told as a cell of its own.
        """
        meaning = self.labels.get(folded(mapped.text))
        if meaning is not None:
            return replace(mapped, value=meaning, flag=None) if isinstance(meaning, int) else None
        is_day = re.fullmatch(r"[+-]?[0-9]+", mapped.text) is not None
        return mapped if is_day or not of_visit else None

    def _labelled(self, mapped: MappedValue) -> MappedValue:
        """A day, by the mapping's labels."""
        meaning = self.labels.get(folded(mapped.text))
        return mapped if meaning is None else replace(mapped, value=meaning, label=mapped.text)

    def _problem(self, mapped: MappedValue, target: _RowTarget, code: str, sentence: str) -> None:
        where = mapped.source or self.sheet.source(target.line, None)
        problem = CellProblem("warning", code, sentence)
        self.issues.append(issue_at(where, problem, target.line.patient))


def _same_place(one: Spec, other: Spec | None) -> bool:
    """Whether two values come from the same cell or header."""
    if not (isinstance(one, ValueSpec) and isinstance(other, ValueSpec)):
        return False
    return (one.column, one.cell, one.group) == (other.column, other.cell, other.group)


def _only_unknown(row: Row, table: TidyTable) -> bool:
    """A sheet has a line for everybody: where the day and what happened are words for not known, be
    they listed ones (the cause of a death), there is no event.
    """
    telling = {name for name, column in table.columns.items() if column.about or column.is_day}
    own = [name for name in row.cells if name in telling and name not in row.constants]
    unknown = all(not_done(row.cell(name).given) for name in own)
    return bool(own) and unknown and not row.stated


def _left_out(spec: RowSpec, count: int, *, stated: bool) -> CellProblem:
    """Rows that are not made: nothing is told by a blank cell. Where a condition holds for them by
    what stands there, somebody may have meant it as the statement.
    """
    cells = ", ".join(sorted(spec.own))
    rows = f"1 row of {spec.table}" if count == 1 else f"{count} rows of {spec.table}"
    sentence = (
        f"{rows} would contain only constants of the mapping, because the cells for {cells} are "
        "blank. No event is made; this is the first."
    )
    asking = next((c.column for c in spec.when if not c.part), None)
    if asking is None or not stated:
        return CellProblem("note", "row_blank", sentence)
    sentence += f" If {asking} alone means that there was one, write even_blank = true in the row."
    return CellProblem("warning", "row_blank", sentence)


def _block_left_out(sheet: MappedSheet, spec: RowSpec, lacks: Sequence[str]) -> Issue:
    """A block that the sheet has no columns for. Where a condition can't be looked at, rows may be
    there that somebody needs.
    """
    asked = {condition.column for condition in spec.when}
    rows = f"rows of {spec.table}"
    if asked & set(lacks):
        sentence = (
            f"{sheet.place} has no column {', '.join(lacks)}, so nobody can tell which of its rows "
            f"are {rows}. None is read. Add the column to the export."
        )
        problem = CellProblem("warning", "block_left_out", sentence)
    else:
        sentence = f"{sheet.place} has no column {', '.join(lacks)}, so it holds no {rows}."
        problem = CellProblem("note", "block_left_out", sentence, "used")
    where = sheet.grid.row_source(sheet.header_row)
    return issue_at(where, problem, column=", ".join(lacks))


def _with_point(value: Value | Moment, decimal: str) -> Value | Moment:
    """The number that a text states with the decimal mark of its column; anything else as it is."""
    mark = re.escape(decimal)
    if not isinstance(value, str) or not re.fullmatch(rf"\s*[+-]?\d+({mark}\d+)?\s*", value):
        return value
    return float(value.strip().replace(decimal, "."))


def _filled(template: str, groups: Mapping[str, str | None]) -> str:
    """Names of groups in braces replaced by what they hold; other braces stay."""
    return re.sub(
        r"\{(\w+)\}", lambda m: (groups[m[1]] or "") if m[1] in groups else m[0], template
    )


def _line_number(text: str | None, asked_by: str) -> int:
    """The number that the group `line` of a header matched. Raises InputError where it is none."""
    if text is None or not re.fullmatch(r"[0-9]{1,3}", text):
        raise InputError(
            f"The mapping ({asked_by}) takes the number of a line from {text!r}, which is not a "
            "number. Write the group as (?P<line>[0-9]+)."
        )
    return int(text)
