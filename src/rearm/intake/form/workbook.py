"""The workbook of the form: a sheet for one patient, an example, help, and the tidy tables.

Every cell to fill is formatted as text: a spreadsheet program would make a day of the month
2019-04, and a date of the value 1/2.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from xlsxwriter.utility import xl_range_abs

from rearm.errors import InputError
from rearm.intake.form.layout import (
    BOARD,
    EXAMPLE,
    EXAMPLE_MARK,
    HELP,
    HINT,
    LISTS,
    TITLE,
    UNIT,
    cells_of,
)
from rearm.knowledge.board_form import BoardForm, ExampleLine, FormField, FormGroup
from rearm.knowledge.bundle import Knowledge
from rearm.knowledge.lab_tests import LabTests
from rearm.knowledge.tidy_tables import Column, TidyTable
from rearm.workbook import Workbook, Worksheet, put, write_workbook

__all__ = ["write_form"]

_ROWS_OF_A_TABLE = 1000  # that have drop-downs
_LONGEST_LIST = 255  # characters of a list that may stand in the rule of a cell
_LONGEST_MESSAGE = 255
_WIDTHS = (32, 24, 10, 12)  # label, value, unit, day
_WIDTH_BESIDE, _WIDTH_HINT = 15, 70


class _Formats(NamedTuple):
    title: Any
    note: Any
    group: Any
    label: Any
    fill: Any
    none: Any
    hint: Any
    header: Any
    text: Any
    wrapped: Any


def write_form(file: Path, knowledge: Knowledge) -> Path:
    """Writes the workbook and gives its path.

    Raises InputError where the file is no .xlsx, is there already or can't be written.
    """
    if file.suffix.lower() != ".xlsx":
        raise InputError(f"{file.name} does not end in .xlsx. Choose a name that does.")
    if file.exists():
        raise InputError(f"{file} already exists. Nothing was written. Choose another name.")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        return write_workbook(file, lambda book: _Writer(book, knowledge).write(), title=TITLE)
    except OSError as error:
        raise InputError(f"{file} can't be written: {error.strerror or error}.") from error


class _Writer:
    def __init__(self, book: Workbook, knowledge: Knowledge) -> None:
        self.book, self.form = book, knowledge.form
        self.tests: LabTests = knowledge.lab_tests
        self.tables = knowledge.tidy_tables
        self.formats = _formats(book)
        self.lists: dict[tuple[str, ...], str] = {}  # the ranges of the long ones
        self.beside = max(len(self.form.headings(g)) for g in self.form.groups.values())

    def write(self) -> None:
        board, example = self.book.add_worksheet(BOARD), self.book.add_worksheet(EXAMPLE)
        help_sheet = self.book.add_worksheet(HELP)
        tables = {name: self.book.add_worksheet(name) for name in self.tables.tables}
        self.lists_sheet = self.book.add_worksheet(LISTS)
        self.lists_sheet.hide()
        self._form(board, TITLE, ())
        self._form(example, EXAMPLE_MARK, self.form.example)
        _write_help(help_sheet, self.form, self.formats)
        for name, sheet in tables.items():
            self._table(sheet, self.tables.tables[name])
        board.activate()

    # ------------------------------------------------------------ the form

    def _form(self, sheet: Worksheet, title: str, example: Sequence[ExampleLine]) -> None:
        formats = self.formats
        hint = len(_WIDTHS) + self.beside
        for column, width in enumerate(_WIDTHS):
            sheet.set_column(column, column, width, formats.text if column else None)
        sheet.set_column(len(_WIDTHS), hint - 1, _WIDTH_BESIDE, formats.text)
        sheet.set_column(hint, hint, _WIDTH_HINT)
        put(sheet, 0, 0, title, formats.title)
        put(
            sheet,
            1,
            0,
            "Blank means unknown. Fill in what you know; a month will do for a day (2019-04). "
            "Use one copy of this sheet per patient.",
            formats.note,
        )
        row = 3
        for group in self.form.groups.values():
            row = self._group(sheet, group, row, example) + 1
        sheet.freeze_panes(2, 1)
        sheet.ignore_errors({"number_stored_as_text": f"B1:K{row}"})
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)

    def _group(
        self, sheet: Worksheet, group: FormGroup, row: int, example: Sequence[ExampleLine]
    ) -> int:
        """The lines of a group, from `row` on; gives the row after them."""
        fields = self.form.of_group(group)
        has_unit = any(self.form.units(field) for field in fields)
        has_day = any(field.day for field in fields)
        headings = [
            group.label,
            group.value,
            UNIT if has_unit else "",
            group.day if has_day else "",
            *self.form.headings(group),
        ]
        width = len(_WIDTHS) + self.beside
        for column in range(width + 1):
            text = headings[column] if column < len(headings) else ""
            put(sheet, row, column, HINT if column == width else text, self.formats.group)
        row += 1
        if group.day_for_all:
            filled = next((x.day for x in example if x.of_group == group.id), "")
            self._label(
                sheet, row, group.day_for_all, ("For each value below that has no day of its own.")
            )
            put(sheet, row, 3, filled, self.formats.fill)
            row += 1
        for field in fields:
            lines = [x for x in example if x.of_field == field.id]
            for place in range(field.lines):
                line = lines[place] if place < len(lines) else ExampleLine()
                self._label(sheet, row, field.label, field.hint if place == 0 else "")
                self._cells(sheet, row, field, headings, line)
                row += 1
        return row

    def _label(self, sheet: Worksheet, row: int, label: str, hint: str) -> None:
        put(sheet, row, 0, label, self.formats.label)
        for column in range(1, len(_WIDTHS) + self.beside):
            put(sheet, row, column, "", self.formats.none)
        put(sheet, row, len(_WIDTHS) + self.beside, hint, self.formats.hint)

    def _cells(
        self,
        sheet: Worksheet,
        row: int,
        field: FormField,
        headings: Sequence[str],
        line: ExampleLine,
    ) -> None:
        filled = {field.value: line.value, "unit": line.unit, **line.beside}
        if field.day:
            filled[field.day] = line.day
        for heading, name in cells_of(self.form, field).items():
            column = headings.index(heading)
            put(sheet, row, column, filled.get(name, ""), self.formats.fill)
            if name == "unit":
                self._offer(sheet, (row, column, row, column), self.form.units(field))
            elif words := self.form.words(field, name):
                self._offer(sheet, (row, column, row, column), words)

    # ------------------------------------------------------------ the tidy tables

    def _table(self, sheet: Worksheet, table: TidyTable) -> None:
        for index, column in enumerate(table.columns.values()):
            sheet.set_column(index, index, max(12, len(column.name) + 3), self.formats.text)
            put(sheet, 0, index, column.name, self.formats.header)
            message = column.meaning[:_LONGEST_MESSAGE]
            told = {"validate": "any", "input_title": column.name[:32], "input_message": message}
            sheet.data_validation(0, index, 0, index, told)
            if words := self._words(column):
                self._offer(sheet, (1, index, _ROWS_OF_A_TABLE, index), words)
        sheet.freeze_panes(1, 1)
        sheet.ignore_errors({"number_stored_as_text": f"A1:Z{_ROWS_OF_A_TABLE + 1}"})

    def _words(self, column: Column) -> tuple[str, ...]:
        if column.type == "test":
            return tuple(self.tests)
        if column.type == "unit":
            units = [unit for test in self.tests.values() for unit in test.allowed]
            return tuple(dict.fromkeys(units))
        return ("yes", "no") if column.type == "yes_no" else column.words

    # ------------------------------------------------------------ drop-downs

    def _offer(
        self, sheet: Worksheet, cells: tuple[int, int, int, int], words: Sequence[str]
    ) -> None:
        """A drop-down. Other words may be typed: the reader knows more spellings than the list."""
        short = sum(map(len, words)) + len(words) <= _LONGEST_LIST and "," not in "".join(words)
        source = list(words) if short else self._range(tuple(words))
        sheet.data_validation(*cells, {"validate": "list", "source": source, "show_error": False})

    def _range(self, words: tuple[str, ...]) -> str:
        """A list that is too long for a cell's rule: a column of a hidden sheet."""
        if words not in self.lists:
            column = len(self.lists)
            for row, word in enumerate(words):
                put(self.lists_sheet, row, column, word)
            place = xl_range_abs(0, column, len(words) - 1, column)
            self.lists[words] = f"={LISTS}!{place}"
        return self.lists[words]


def _formats(book: Workbook) -> _Formats:
    line = {"border": 1, "border_color": "#BFBFBF", "valign": "vcenter"}
    return _Formats(
        title=book.add_format({"bold": True, "font_size": 14}),
        note=book.add_format({"italic": True}),
        group=book.add_format({**line, "bold": True, "bg_color": "#DCE6F1"}),
        label=book.add_format(line),
        fill=book.add_format({**line, "bg_color": "#FFFBE6", "num_format": "@"}),
        none=book.add_format({**line, "bg_color": "#F2F2F2", "num_format": "@"}),
        hint=book.add_format({"font_color": "#595959", "valign": "vcenter"}),
        header=book.add_format({"bold": True, "bg_color": "#DCE6F1", "border": 1}),
        text=book.add_format({"num_format": "@"}),
        wrapped=book.add_format({"text_wrap": True, "valign": "top"}),
    )


# ---------------------------------------------------------------- help

_HELP = (
    ("How to fill it", "Enter one patient on the sheet Board. Only the patient id is needed."),
    (
        "Blank",
        "A blank cell means unknown, rather than no or normal. If something was looked for and not "
        "found, enter it: negative, absent, grade 0.",
    ),
    (
        "Several patients",
        "Copy the sheet Board for each further patient, under any name, and enter a separate id "
        "in each. The sheet Example is never read.",
    ),
    (
        "More lines",
        "Insert a row and repeat the label (Serum M-protein), or enter the results in the "
        "tables on the other sheets (labs, therapies ...) under the same patient id.",
    ),
    (
        "Days",
        "2026-03-09, or a month if only that is known: 2026-03. If dates may not be kept, count "
        "days from the infusion (day 0): -35, 210. Use one way throughout.",
    ),
    (
        "Units",
        "Choose the unit next to the value, or type it after the number: 3.1 g/dL. A number "
        "without a unit is not used.",
    ),
    (
        "Bounds",
        "<0.1 and >100 are values; so is a word from the list, such as not_detected.",
    ),
    (
        "Words",
        "The lists offer the words below; common spellings and German words are read as well. "
        "rearm check lists each word and value that could not be read.",
    ),
    ("Personal data", "Enter no name and no full date of birth. Use a code of your own as the id."),
)


def _write_help(sheet: Worksheet, form: BoardForm, formats: _Formats) -> None:
    for column, width in enumerate((28, 34, 90)):
        sheet.set_column(column, column, width)
    put(sheet, 0, 0, "How to fill this workbook", formats.title)
    row = 2
    for what, sentence in _HELP:
        put(sheet, row, 0, what, formats.wrapped)
        sheet.merge_range(row, 1, row, 2, sentence, formats.wrapped)
        sheet.set_row(row, 30)
        row += 1
    row += 1
    for column, heading in enumerate(("Group", "Field", "Accepted words")):
        put(sheet, row, column, heading, formats.header)
    for group_label, label, words in _help_on_words(form):
        row += 1
        for column, text in enumerate((group_label, label, words)):
            put(sheet, row, column, text, formats.wrapped)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)


def _help_on_words(form: BoardForm) -> Iterator[tuple[str, str, str]]:
    """Each cell of the form that takes words or units, with them."""
    for group in form.groups.values():
        for field in form.of_group(group):
            for heading, name in cells_of(form, field).items():
                words = form.units(field) if name == "unit" else form.words(field, name)
                if words:
                    of = "" if heading == group.value else f": {heading}"
                    yield group.label, f"{field.label}{of}", ", ".join(words)
