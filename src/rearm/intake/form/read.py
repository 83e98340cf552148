"""Sheets that hold the form for the board: each is one patient, and each filled line a row of a
tidy table.

A sheet is known by the labels in its first columns, so that copies may have any name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rearm.intake.cells import RowMaker
from rearm.intake.form.layout import HELP, LISTS, patient_id_field
from rearm.intake.form.lines import FormCell, SheetLines, read_lines
from rearm.intake.issues import issue_at
from rearm.intake.rows import CellProblem, Grid, Row
from rearm.intake.values import shown, text
from rearm.knowledge.board_form import BoardForm
from rearm.knowledge.bundle import Knowledge
from rearm.knowledge.tidy_tables import TidyTables, folded
from rearm.record import Issue, Source

__all__ = ["FormRows", "read_forms"]

_LABELS_OF_A_FORM = 5  # a sheet with so many of them is a form
_LABEL_COLUMNS = 2  # in one of the first the labels stand


@dataclass(slots=True, kw_only=True)
class FormRows:
    """What the form sheets among some grids hold.

    `rows` by table; `sheets` counts the form sheets, blank ones and the example among them; `files`
    are those that hold them; `other` are the grids that do not belong to the form.
    """

    rows: dict[str, list[Row]] = field(default_factory=dict)
    sheets: int = 0
    files: set[str] = field(default_factory=set)
    other: list[Grid] = field(default_factory=list)


def read_forms(grids: Iterable[Grid], knowledge: Knowledge, issues: list[Issue]) -> FormRows:
    """The rows of all forms among the grids; `issues` grows.

    A blank form gives nothing. A form without an id, with the id of another form or with that of
    the example is not read, with an issue.
    """
    form = knowledge.form
    found = FormRows()
    sheets: list[_FormSheet] = []
    for grid in grids:
        column = _label_column(grid, form)
        if column is None:
            found.other.append(grid)
            continue
        found.files.add(grid.file)
        sheets.append(_FormSheet(grid, read_lines(grid, column, form), form))
    found.sheets = len(sheets)
    found.other = [g for g in found.other if not (g.file in found.files and _goes_with_a_form(g))]
    for sheet in _of_patients(sheets, form, issues):
        issues.extend(sheet.issues)
        for row in sheet.rows(knowledge.tidy_tables):
            found.rows.setdefault(row.table, []).append(row)
    return found


def _goes_with_a_form(grid: Grid) -> bool:
    """Whether it is a sheet of the workbook that explains or lists words."""
    return folded(grid.sheet or "") in (folded(HELP), folded(LISTS))


def _label_column(grid: Grid, form: BoardForm) -> int | None:
    """The column in which the labels of the form stand; None where the grid is no form."""
    if grid.sheet is None or _goes_with_a_form(grid):
        return None
    labels = {folded(f.label) for f in form.fields.values()}
    for column in range(_LABEL_COLUMNS):
        there = {folded(text(row[column])) for row in grid.rows if len(row) > column}
        if len(labels & there) >= _LABELS_OF_A_FORM:
            return column
    return None


class _FormSheet:
    """One form sheet: the person of its lines, and the other lines."""

    def __init__(self, grid: Grid, read: SheetLines, form: BoardForm) -> None:
        self.grid, self.is_example, self.issues = grid, read.is_example, read.issues
        self.lines = [line for line in read.lines if line.field.table != "patients"]
        self.person: dict[str, FormCell] = {}
        contradicted: set[str] = set()
        for line in read.lines:
            if line.field.table != "patients":
                continue
            for column, cell in line.cells.items():
                before = self.person.setdefault(column, cell)
                if text(before.value) != text(cell.value):
                    contradicted.add(column)
                    sentence = (
                        f"{line.field.label} is entered twice, as {shown(before.value)} and as "
                        f"{shown(cell.value)}. Neither is used."
                    )
                    problem = CellProblem("error", "twin_contradiction", sentence)
                    self.issues.append(issue_at(cell.source, problem))
        for column in contradicted:
            del self.person[column]
        own_id = self.person.get("patient_id")
        self.patient_id = text(own_id.value) if own_id is not None else ""
        self.is_blank = not self.lines and not self.person and not self.issues

    @property
    def name(self) -> str:
        return self.grid.sheet or self.grid.file

    def refused(self, code: str, sentence: str) -> Issue:
        """An issue of the whole sheet."""
        own_id = self.person.get("patient_id")
        where = own_id.source if own_id is not None else Source(self.grid.file, self.name)
        return issue_at(where, CellProblem("error", code, sentence, "refused"))

    def rows(self, tables: TidyTables) -> Iterator[Row]:
        """The rows of the tidy tables, that of the person first."""
        maker = RowMaker(tables, self.grid.decimal)
        own_id = self.person["patient_id"]
        yield _row(maker, "patients", self.person, own_id.source)
        for line in self.lines:
            cells = {"patient_id": own_id, **line.cells}
            yield _row(maker, line.field.table, cells, line.source, line.constants)


class _CellPlaces(dict[str, Source]):
    """Where the cells of one row stand."""

    def at(self, index: int, column: str) -> Source | None:
        return self.get(column)


def _row(
    maker: RowMaker,
    table: str,
    cells: Mapping[str, FormCell],
    source: Source,
    constants: frozenset[str] = frozenset(),
) -> Row:
    known = maker.tables.tables[table].columns  # of a bundle that may have its own tables
    return maker.row(
        table,
        {name: cell.value for name, cell in cells.items() if name in known},
        source,
        places=_CellPlaces({name: cell.source for name, cell in cells.items()}),
        constants=constants,
    )


def _of_patients(
    sheets: Sequence[_FormSheet], form: BoardForm, issues: list[Issue]
) -> Iterator[_FormSheet]:
    """The sheets that are read: each has an id that no other sheet has. The others are said."""
    asked = patient_id_field(form)
    example_id = next((x.value for x in form.example if x.of_field == asked.id), None)
    by_id: dict[str, list[_FormSheet]] = defaultdict(list)
    for sheet in sheets:
        of_example = sheet.patient_id == example_id
        if sheet.is_blank or (sheet.is_example and of_example):
            continue
        if sheet.is_example or of_example:
            sentence = (
                f"The sheet {sheet.name} is marked as the example, so it is not read. Enter the "
                "patient in a copy of the sheet Board, with a separate id."
            )
            issues.append(sheet.refused("form_is_example", sentence))
        elif not sheet.patient_id:
            sentence = (
                f"The sheet {sheet.name} has no patient id, so it is not read. Fill in "
                f"{asked.label}."
            )
            issues.append(sheet.refused("patient_id_missing", sentence))
        else:
            by_id[sheet.patient_id].append(sheet)
    for patient_id, same in by_id.items():
        if len(same) == 1:
            yield same[0]
            continue
        names = " and ".join(f"{sheet.name} of {sheet.grid.file}" for sheet in same)
        sentence = (
            f"The id {shown(patient_id)} is on the sheets {names}, which may be different "
            "people. None of them is read. Use one sheet per patient, each with a separate id."
        )
        issues.append(same[1].refused("form_id_twice", sentence))
