"""The lines of one form sheet: which field each is, and what its cells fill."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from rearm.intake.build.content import lacking
from rearm.intake.dictionary import nearest
from rearm.intake.form.layout import EXAMPLE_MARK, HINT, UNIT, cells_of
from rearm.intake.issues import issue_at
from rearm.intake.rows import CellProblem, Grid, Value
from rearm.intake.values import shown, text
from rearm.knowledge.board_form import BoardForm, FormField, FormGroup
from rearm.knowledge.tidy_tables import folded
from rearm.record import Issue, Source

__all__ = ["FormCell", "FormLine", "SheetLines", "read_lines"]

# What a column holds: one of these, or the heading of a column beside.
_VALUE, _UNIT, _DAY, _HINT = "value", "unit", "day", "hint"
_Severity = Literal["warning", "note"]


class FormCell(NamedTuple):
    """What fills a column of a tidy table, and where it stands."""

    value: Value
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class FormLine:
    """One filled line. `cells` by column of the field's table, among them the `constants`: those
    that the label fills, or the day for all of its group.
    """

    field: FormField
    cells: Mapping[str, FormCell]
    constants: frozenset[str]
    source: Source


@dataclass(slots=True, kw_only=True)
class SheetLines:
    """The filled lines of a sheet, in their order, and what could not be read of it."""

    lines: list[FormLine] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    is_example: bool = False


def read_lines(grid: Grid, label_column: int, form: BoardForm) -> SheetLines:
    """The lines of a form sheet; a line of which nothing is filled is none."""
    return _LineReader(grid, label_column, form).read()


class _LineReader:
    def __init__(self, grid: Grid, label_column: int, form: BoardForm) -> None:
        self.grid, self.label_column, self.form = grid, label_column, form
        self.found = SheetLines()
        self.groups = {folded(g.label): g for g in form.groups.values()}
        self.fields = {folded(f.label): f for f in form.fields.values()}
        self.days = {folded(g.day_for_all): g for g in form.groups.values() if g.day_for_all}
        self.day_of_group: dict[str, FormCell | None] = {}

    def read(self) -> SheetLines:
        headings: dict[int, str] | None = None  # of the group above
        lines = []
        for index, row in enumerate(self.grid.rows):
            label = folded(text(self._cell(row, self.label_column)))
            if label in self.groups:
                headings = self._headings(row, self.groups[label])
            elif label in self.fields:
                group = self.form.groups[self.fields[label].group]
                lines.append((index, self.fields[label], headings or self._usual(group)))
            elif label in self.days:
                group = self.days[label]
                self._day_for_all(index, group, headings or self._usual(group))
            elif headings is None:
                self.found.is_example |= label.startswith(folded(EXAMPLE_MARK))
            else:
                self._unknown(index, row, headings)
        for index, of_field, over in lines:  # a day for all may stand below
            self._line(index, of_field, over)
        return self.found

    def _cell(self, row: Sequence[Value], column: int) -> Value:
        return row[column] if column < len(row) else None

    def _source(self, index: int, column: int) -> Source:
        return self.grid.cell_source(index, column)

    def _headings(self, row: Sequence[Value], group: FormGroup) -> dict[int, str]:
        """What each column holds, as the line over a group says."""
        own = {folded(group.value): _VALUE, folded(UNIT): _UNIT, folded(HINT): _HINT}
        own[folded(group.day)] = _DAY
        return {
            column: own.get(folded(text(value)), text(value))
            for column, value in enumerate(row)
            if column > self.label_column and value is not None
        }

    def _usual(self, group: FormGroup) -> dict[int, str]:
        """The columns as the empty form has them, where no heading is left."""
        kinds = [_VALUE, _UNIT, _DAY, *self.form.headings(group)]
        return dict(enumerate(kinds, self.label_column + 1))

    def _day_for_all(self, index: int, group: FormGroup, headings: Mapping[int, str]) -> None:
        for column, cell in self._filled(index, headings):
            if headings.get(column) not in (_DAY, _VALUE):
                self._not_read(index, [column], group.day_for_all, headings)
                continue
            before = self.day_of_group.setdefault(group.id, cell)
            if before is None or before.value != cell.value:
                self.day_of_group[group.id] = None
                sentence = (
                    f"{group.day_for_all} is entered in two ways. Neither is used. Keep one "
                    "of them."
                )
                self._issue(cell.source, "warning", "twin_contradiction", sentence)

    def _filled(self, index: int, headings: Mapping[int, str]) -> Iterator[tuple[int, FormCell]]:
        """The filled cells of a line after its label, without the hint."""
        for column, value in enumerate(self.grid.rows[index]):
            if column <= self.label_column or headings.get(column) == _HINT:
                continue
            if value is not None and text(value):
                yield column, FormCell(value, self._source(index, column))

    def _unknown(self, index: int, row: Sequence[Value], headings: Mapping[int, str]) -> None:
        """A line whose label is none of the form; a text alone is a note of whoever filled it."""
        filled = [column for column, _ in self._filled(index, headings)]
        if not filled:
            return
        label = self._cell(row, self.label_column)
        close = nearest(str(label), [f.label for f in self.form.fields.values()])
        sentence = (
            f"{shown(label)} is not a label of the form (nearest: {close}). The line is not read."
            if label is not None
            else "The line has cells but no label. It is not read."
        )
        self._issue(self._source(index, filled[0]), "warning", "form_label_unknown", sentence)

    def _line(self, index: int, of_field: FormField, headings: Mapping[int, str]) -> None:
        cells, stray = self._cells_of(index, of_field, headings)
        if stray:
            self._not_read(index, stray, of_field.label, headings)
        told = frozenset(cells) - {"unit"}
        if not told:
            return  # nothing, or the unit alone
        label = FormCell(None, self._source(index, self.label_column))
        source = cells[of_field.value].source if of_field.value in cells else label.source
        if not self._says_something(of_field, told, source):
            return
        if of_field.day and of_field.day not in cells:
            day = self.day_of_group.get(of_field.group)
            if day is not None:
                cells[of_field.day] = day
        cells |= {c: FormCell(word, label.source) for c, word in of_field.fixed.items()}
        constants = cells.keys() - told - {"unit"}
        self.found.lines.append(
            FormLine(field=of_field, cells=cells, constants=frozenset(constants), source=source)
        )

    def _cells_of(
        self, index: int, of_field: FormField, headings: Mapping[int, str]
    ) -> tuple[dict[str, FormCell], list[int]]:
        """The cells by the column of the table that they fill, and where others stand."""
        own = {folded(heading): column for heading, column in cells_of(self.form, of_field).items()}
        own |= {_VALUE: of_field.value}
        if of_field.day:
            own[_DAY] = of_field.day
        cells: dict[str, FormCell] = {}
        stray = []
        for column, cell in self._filled(index, headings):
            name = own.get(folded(headings.get(column, "")))
            if name is None or name in cells:
                stray.append(column)
            else:
                cells[name] = cell
        return cells, stray

    def _says_something(self, of_field: FormField, told: Collection[str], source: Source) -> bool:
        """Whether a filled line makes a row: it holds what its table needs, and, where the label
        already names an event, more than a day. Else it is said.
        """
        table = self.form.tables.tables[of_field.table]
        missing = lacking(table, {*told, *of_field.fixed, "patient_id"})
        if not missing and of_field.fixed and all(table.columns[c].type == "day" for c in told):
            missing = (of_field.value,)
        if not missing:
            return True
        names = [h for h, name in cells_of(self.form, of_field).items() if name in missing]
        sentence = (
            f"{of_field.label}: {' and '.join(names)} is blank, so the line is not read. Fill "
            "it in, or clear the line."
        )
        self._issue(source, "warning", "form_line_incomplete", sentence)
        return False

    def _not_read(
        self, index: int, columns: Sequence[int], label: str, headings: Mapping[int, str]
    ) -> None:
        taken = [headings.get(column) or "no heading" for column in columns]
        sentence = f"{label} has no cell there ({', '.join(taken)}). It is not read."
        self._issue(self._source(index, columns[0]), "warning", "form_cell_not_read", sentence)

    def _issue(self, source: Source, severity: _Severity, code: str, sentence: str) -> None:
        self.found.issues.append(issue_at(source, CellProblem(severity, code, sentence)))
