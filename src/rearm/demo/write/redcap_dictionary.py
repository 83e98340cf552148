"""The data dictionary of a REDCap project with one form a tidy table: fields, choices, and what a
cell of a tidy table is called in raw data.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rearm.knowledge.bundle import Knowledge, bundled
from rearm.knowledge.tidy_tables import Column, TidyTable

__all__ = [
    "ID",
    "OTHER",
    "Choice",
    "choices_of",
    "field_name",
    "is_checkbox",
    "other_name",
    "takes_other",
    "write_dictionary",
]

ID = "patient_id"
OTHER = "other"  # the code for a word that is not listed; the word stands in a field of its own
_BASE = "patients"  # the one form that does not repeat
_VALIDATION = {"date": "date_ymd", "number": "number", "integer": "integer", "year": "integer"}
_COLUMNS = (
    "Variable / Field Name",
    "Form Name",
    "Section Header",
    "Field Type",
    "Field Label",
    "Choices, Calculations, OR Slider Labels",
    "Field Note",
    "Text Validation Type OR Show Slider Number",
    "Text Validation Min",
    "Text Validation Max",
    "Identifier?",
    "Branching Logic (Show field only if...)",
    "Required Field?",
    "Custom Alignment",
    "Question Number (surveys only)",
    "Matrix Group Name",
    "Matrix Ranking?",
    "Field Annotation",
)


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
        return tuple(
            Choice(
                test.id,
                _label(test.name if called.count(test.name) == 1 else f"{test.name} ({test.id})"),
                test.id,
            )
            for test in tests
        )
    return tuple(Choice(_code(word), _label(word), word) for word in column.words)


def _code(word: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", word.lower()).strip("_")


def _label(word: str) -> str:
    """A label: the dictionary separates choices by a bar, and a code from its label by a comma."""
    return word.replace("|", "/").replace(",", ";")


def write_dictionary(path: Path, knowledge: Knowledge | None = None) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, _COLUMNS, restval="", lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(_rows(knowledge or bundled()))
    return path


def _rows(knowledge: Knowledge) -> Iterator[dict[str, str]]:
    tables = knowledge.tidy_tables.tables
    id_column = tables[_BASE].columns[ID]
    yield _row(ID, _BASE, "text", "Patient id", {"Field Note": id_column.meaning})
    for table in tables.values():
        for column in table.columns.values():
            if column.name != ID:
                yield from _fields(table, column, knowledge)


def _fields(table: TidyTable, column: Column, knowledge: Knowledge) -> Iterator[dict[str, str]]:
    name, label = field_name(table.name, column.name), column.name.replace("_", " ").capitalize()
    more = {"Field Note": column.meaning, "Required Field?": "y" if column.required else ""}
    choices = choices_of(column, knowledge)
    if not choices:
        kind = "yesno" if column.type == "yes_no" else "text"
        # a grade may be a bound: 2-3, >=3
        checked = "" if column.name == "grade" else _VALIDATION.get(column.type, "")
        yield _row(name, table.name, kind, label, {**more, _COLUMNS[7]: checked})
        return
    listed = [f"{choice.code}, {choice.label}" for choice in choices]
    listed += [f"{OTHER}, other"] if takes_other(column) else []
    kind = "checkbox" if is_checkbox(column) else "dropdown"
    yield _row(name, table.name, kind, label, {**more, _COLUMNS[5]: " | ".join(listed)})
    if takes_other(column):
        shown = f"[{name}({OTHER})] = '1'" if is_checkbox(column) else f"[{name}] = '{OTHER}'"
        yield _row(other_name(name), table.name, "text", f"{label}, other", {_COLUMNS[11]: shown})


def _row(name: str, form: str, kind: str, label: str, more: Mapping[str, str]) -> dict[str, str]:
    return {_COLUMNS[0]: name, _COLUMNS[1]: form, _COLUMNS[3]: kind, _COLUMNS[4]: label, **more}
