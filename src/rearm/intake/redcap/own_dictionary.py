"""Rearm's own REDCap project: a data dictionary made from the tidy tables, one form a table, so
that a centre can create the project and its exports are read without any word of explanation.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rearm.errors import InputError
from rearm.intake.redcap.dictionary import COLUMNS
from rearm.knowledge.bundle import Knowledge, bundled
from rearm.knowledge.tidy_tables import Column, TidyTable

__all__ = [
    "ID", "OTHER", "Choice", "choices_of", "field_name", "is_checkbox", "other_name",
    "repeating_forms", "takes_other", "write_dictionary",
]  # fmt: skip

ID = "patient_id"
OTHER = "other"  # the code for a word that is not listed; the word stands in a field of its own
_BASE = "patients"  # the one form that does not repeat
_DAYS = "A date (YYYY-MM-DD), a month (YYYY-MM), a day number, or words such as before bridging"
_NOTES = {
    "day": _DAYS,
    "days": "Days or dates, joined by ;",
    "date": "YYYY-MM-DD",
    "agents": "Agents joined by ;",
    "value": "A number, <number, or a word of the test",
    "unit": "Unit of the value, such as g/L",
}
_VALIDATION = {"date": "date_ymd", "number": "number", "integer": "integer", "year": "integer"}


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice of a field: its code, what it is called, and the word of the tidy table."""

    code: str
    label: str
    word: str


def field_name(table: str, column: str) -> str:
    """The field of a column: the names of fields are those of one project."""
    return ID if column == ID else f"{table}_{column}"


def other_name(field: str) -> str:
    return f"{field}_other"


def repeating_forms(knowledge: Knowledge | None = None) -> tuple[str, ...]:
    """The forms that repeat. No data dictionary can say it: it is set in the project."""
    tables = (knowledge or bundled()).tidy_tables.tables
    return tuple(name for name in tables if name != _BASE)


def is_checkbox(column: Column) -> bool:
    """Whether several words may hold at once."""
    return column.type == "words"


def takes_other(column: Column) -> bool:
    """Whether a word that is not listed may be entered beside the choices."""
    return column.open or column.type == "test"


def choices_of(column: Column, knowledge: Knowledge | None = None) -> tuple[Choice, ...]:
    """The choices of a column: its words, or the tests of the dictionary; none of free text."""
    if column.type == "test":
        tests = (knowledge or bundled()).lab_tests.values()
        called = [test.name for test in tests]
        labels = [
            test.name if called.count(test.name) == 1 else f"{test.name} ({test.id})"
            for test in tests
        ]
        return tuple(
            Choice(test.id, _label(label), test.id)
            for test, label in zip(tests, labels, strict=True)
        )
    return tuple(Choice(_code(word), _label(word), word) for word in column.words)


def _code(word: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", word.lower()).strip("_")


def _label(word: str) -> str:
    """A label: the dictionary separates choices by a bar, and a code from its label by a comma."""
    return word.replace("|", "/").replace(",", ";")


def write_dictionary(path: Path, knowledge: Knowledge | None = None) -> Path:
    """Write the data dictionary. Raises InputError where the file is there already or can't be
    written.
    """
    if path.exists():
        raise InputError(f"{path} already exists. Nothing was written. Choose another name.")
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\r\n")
            writer.writeheader()
            writer.writerows(_rows(knowledge or bundled()))
    except OSError as error:
        raise InputError(f"{path} can't be written: {error.strerror or error}.") from error
    return path


def _rows(knowledge: Knowledge) -> Iterator[dict[str, str]]:
    tables = knowledge.tidy_tables.tables
    id_column = tables[_BASE].columns[ID]
    yield _row(ID, _BASE, "text", "Patient id", {"Field Note": id_column.meaning})
    for table in tables.values():
        for column in table.columns.values():
            if column.name != ID:
                yield from _field(table, column, knowledge)


def _field(table: TidyTable, column: Column, knowledge: Knowledge) -> Iterator[dict[str, str]]:
    name, label = field_name(table.name, column.name), column.name.replace("_", " ").capitalize()
    note = " ".join(filter(None, (column.meaning, _NOTES.get(column.type))))
    more = {"Field Note": note, "Required Field?": "y" if column.required else ""}
    choices = choices_of(column, knowledge)
    if not choices:
        kind = "yesno" if column.type == "yes_no" else "text"
        # a grade may be a bound: 2-3, >=3
        checked = "" if column.name == "grade" else _VALIDATION.get(column.type, "")
        yield _row(name, table.name, kind, label, {**more, COLUMNS[7]: checked})
        return
    listed = [f"{choice.code}, {choice.label}" for choice in choices]
    listed += [f"{OTHER}, other"] if takes_other(column) else []
    kind = "checkbox" if is_checkbox(column) else "dropdown"
    yield _row(name, table.name, kind, label, {**more, COLUMNS[5]: " | ".join(listed)})
    if takes_other(column):
        shown = f"[{name}({OTHER})] = '1'" if is_checkbox(column) else f"[{name}] = '{OTHER}'"
        yield _row(other_name(name), table.name, "text", f"{label}, other", {COLUMNS[11]: shown})


def _row(name: str, form: str, kind: str, label: str, more: Mapping[str, str]) -> dict[str, str]:
    return {COLUMNS[0]: name, COLUMNS[1]: form, COLUMNS[3]: kind, COLUMNS[4]: label, **more}
