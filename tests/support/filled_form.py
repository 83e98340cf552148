"""Fills the workbook of `rearm template --xlsx` as a person does: a cell for each thing known."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

from rearm.intake.form.layout import BOARD, cells_of
from rearm.intake.form.workbook import write_form
from rearm.knowledge import load
from rearm.knowledge.board_form import FormField
from rearm.knowledge.tidy_tables import folded

__all__ = ["FilledForm", "rows_of"]

# by one of these columns a line of the form says what a row of the tables is about
_SUBJECTS = ("test", "condition", "toxicity", "finding", "purpose", "gene")


class FilledForm:
    """A new workbook in which lines are filled; `cells` counts what was typed or chosen."""

    def __init__(self, file: Path) -> None:
        self.file, self.form = file, load().form
        write_form(file, load())
        self.book = load_workbook(file)
        self.sheet: Any = self.book[BOARD]
        self.cells = 0

    def save(self) -> Path:
        self.book.save(self.file)
        return self.file

    def another_patient(self, name: str) -> None:
        """A copy of the blank form, as a new sheet; made before anything is filled."""
        self.book.copy_worksheet(self.book[BOARD]).title = name

    def turn_to(self, name: str) -> None:
        self.sheet = self.book[name]

    def row_of(self, label: str) -> int:
        """The first line with the label in which nothing is filled."""
        for row in range(1, self.sheet.max_row + 1):
            own = [self.sheet.cell(row, column).value for column in range(1, 11)]
            if own[0] == label and not any(own[1:]):
                return row
        raise AssertionError(f"no free line {label}")

    def fill(self, field_id: str, **given: str) -> int:
        """Fills a line of a field by the columns of its table; gives its row."""
        field = self.form.fields[field_id]
        row = self.row_of(field.label)
        columns = {name: heading for heading, name in cells_of(self.form, field).items()}
        for name, value in given.items():
            self.sheet.cell(row, self._column(field, columns[name])).value = value
            self.cells += 1
        return row

    def fill_day_for_all(self, group_id: str, day: str) -> None:
        self.sheet.cell(self.row_of(self.form.groups[group_id].day_for_all), 4).value = day
        self.cells += 1

    def _column(self, field: FormField, heading: str) -> int:
        group = self.form.groups[field.group]
        above = next(
            row
            for row in range(1, self.sheet.max_row + 1)
            if self.sheet.cell(row, 1).value == group.label
        )
        headings = [self.sheet.cell(above, column).value for column in range(1, 12)]
        return headings.index(heading) + 1

    def enter(self, folder: Path, patient_id: str) -> list[str]:
        """Enters a patient of tidy tables; gives the cells that the form has no place for."""
        entered = [(self._field_of(t, row), row) for t, row in _lines_of(folder, patient_id)]
        for group in self.form.groups.values():
            days = Counter(row["day"] for f, row in entered if f.group == group.id and "day" in row)
            if group.day_for_all and days:
                ((day, _),) = days.most_common(1)
                self.fill_day_for_all(group.id, day)
                for field, row in entered:
                    if field.group == group.id and row.get("day") == day:
                        del row["day"]
        left = []
        for field, row in entered:
            own = cells_of(self.form, field).values()
            self.fill(field.id, **{c: v for c, v in row.items() if c in own})
            carried = {"patient_id", *own, *field.fixed}
            left += [f"{field.table}.{c}={v}" for c, v in row.items() if c not in carried]
        return left

    def _field_of(self, table: str, row: Mapping[str, str]) -> FormField:
        """The field in which a person would enter the row."""
        fields = [f for f in self.form.fields.values() if f.table == table]
        if table == "patients":
            return next(f for f in fields if f.value in row)
        if table == "imaging":
            return self.form.fields["lesion" if "lesion" in row else "pet_ct"]
        if table == "labs":
            (test,) = load().lab_tests.find(row["test"])
            row = {**row, "test": test.id}
        for field in fields:
            subjects = [c for c in _SUBJECTS if c in field.fixed]
            if subjects and all(folded(row.get(c, "")) == field.fixed[c] for c in subjects):
                return field
        return next(f for f in fields if not any(c in f.fixed for c in _SUBJECTS))


def _lines_of(folder: Path, patient_id: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The rows of a patient by table; what is known of the person cell by cell."""
    for table, row in rows_of(folder, patient_id):
        if table != "patients":
            yield table, row
            continue
        for column, value in row.items():
            if column != "day_zero":  # the day of the infusion is day 0
                yield table, {column: value}


def rows_of(folder: Path, patient_id: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The filled cells of each row of a patient, by table."""
    for file in sorted(folder.glob("*.csv")):
        with file.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                if row["patient_id"] == patient_id:
                    yield file.stem, {column: value for column, value in row.items() if value}
