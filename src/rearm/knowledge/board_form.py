"""The fields that a tumour board needs of one patient: one form, from `data/form.toml`.

The list knows nothing of how it is filled: the workbook is made from it, and its lines are read, in
`rearm.intake.form`. Each line becomes a row of a tidy table.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from rearm.knowledge._build import KnowledgeError, build
from rearm.knowledge.lab_tests import LabTests
from rearm.knowledge.tidy_tables import Column, TidyTable, TidyTables, folded

__all__ = ["BoardForm", "ExampleLine", "FormField", "FormGroup", "read_form"]

MOST_BESIDE = 6  # columns beside value, unit and day: what a sheet in landscape holds


@dataclass(frozen=True, slots=True, kw_only=True)
class FormGroup:
    """Fields that stand together. `value` and `day` are the headings of their columns.

    `day_for_all` is the label of a line whose day holds for each field of the group without a day
    of its own; empty where there is none.
    """

    id: str
    label: str
    value: str = "Value"
    day: str = "Day"
    day_for_all: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField:
    """One field: a line of the form that becomes a row of `table`.

    `value` and `day` are the columns that its two cells fill, `beside` further columns, each with
    the heading under which it is entered, `fixed` what the label itself says. `lines` are offered;
    more are read. `suggest`: words to offer, by column. `first`: one of those that come first where
    not all fit on one screen.
    """

    id: str
    group: str
    label: str
    table: str
    value: str
    day: str = "day"
    beside: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, str] = field(default_factory=dict)
    lines: int = 1
    suggest: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    hint: str = ""
    first: bool = False

    @property
    def test(self) -> str | None:
        """The laboratory test that the field asks for."""
        return self.fixed.get("test") if self.table == "labs" else None

    def columns(self) -> Iterator[str]:
        """Every column that the line may fill."""
        yield self.value
        if self.day:
            yield self.day
        if self.table == "labs":
            yield "unit"
        yield from self.beside
        yield from self.fixed


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleLine:
    """A filled line of the invented patient: of a field, or the day for all of a group."""

    of_field: str = field(default="", metadata={"key": "field"})
    of_group: str = field(default="", metadata={"key": "group"})
    value: str = ""
    unit: str = ""
    day: str = ""
    beside: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardForm:
    """The groups and fields by id, in the order of the form, and an invented patient."""

    groups: Mapping[str, FormGroup]
    fields: Mapping[str, FormField]
    example: tuple[ExampleLine, ...]
    tables: TidyTables
    tests: LabTests

    def of_group(self, group: FormGroup) -> list[FormField]:
        """The fields of a group."""
        return [field for field in self.fields.values() if field.group == group.id]

    def headings(self, group: FormGroup) -> list[str]:
        """What stands over the columns beside value, unit and day."""
        return list(dict.fromkeys(h for f in self.of_group(group) for h in f.beside.values()))

    def units(self, field: FormField) -> tuple[str, ...]:
        """The units that the field may be given in, of any test that it suggests; empty where it
        takes none.
        """
        named = (field.test,) if field.test is not None else field.suggest.get("test", ())
        tests = (self.tests[name] for name in named if name in self.tests)
        return tuple(dict.fromkeys(unit for test in tests for unit in test.allowed))

    def words(self, field: FormField, column: str) -> tuple[str, ...]:
        """The words to offer for a column of the field; empty where none are listed."""
        if column in field.suggest:
            return field.suggest[column]
        if column == field.value:
            if field.test is not None:
                return tuple(dict.fromkeys(self.tests[field.test].words.values()))
            if field.table == "facts":
                return self.tables.facts.get(field.fixed.get("finding", ""), ())
        entry = self.tables.tables[field.table].columns[column]
        return ("yes", "no") if entry.type == "yes_no" else entry.words


@dataclass(frozen=True, slots=True, kw_only=True)
class _FormFile:
    """`form.toml` as it is written."""

    version: int
    groups: tuple[FormGroup, ...] = field(metadata={"key": "group"})
    fields: tuple[FormField, ...] = field(metadata={"key": "field"})
    example: tuple[ExampleLine, ...] = ()


def read_form(file: Mapping[str, Any], tables: TidyTables, tests: LabTests) -> BoardForm:
    """The form of the parsed file.

    Raises KnowledgeError with a sentence for each thing that fits neither the tidy tables nor the
    dictionary of tests.
    """
    entry = build(_FormFile, file, "form.toml")
    form = BoardForm(
        groups=MappingProxyType({group.id: group for group in entry.groups}),
        fields=MappingProxyType({field.id: field for field in entry.fields}),
        example=entry.example,
        tables=tables,
        tests=tests,
    )
    problems = [*_twice(entry), *(p for f in entry.fields for p in _of_field(f, form))]
    problems += [p for line in entry.example for p in _of_example(line, form)]
    for group in entry.groups:
        if len(form.headings(group)) > MOST_BESIDE:
            problems.append(f"group {group.id}: at most {MOST_BESIDE} columns fit beside the day")
    of_patient = [f for f in entry.fields if (f.table, f.value) == ("patients", "patient_id")]
    if len(of_patient) != 1:
        problems.append("one field asks for the patient's id (table patients, value patient_id)")
    if problems:
        raise KnowledgeError([f"form.toml: {problem}." for problem in problems])
    return form


def _twice(entry: _FormFile) -> Iterator[str]:
    for what, names in (
        ("id of a group", [g.id for g in entry.groups]),
        ("id of a field", [f.id for f in entry.fields]),
        (
            "label",
            [
                *(folded(g.label) for g in entry.groups),
                *(folded(g.day_for_all) for g in entry.groups if g.day_for_all),
                *(folded(f.label) for f in entry.fields),
            ],
        ),
    ):
        for name, count in Counter(names).items():
            if count > 1:
                yield f"{name} is the {what} of two entries; each needs its own"


def _of_field(field: FormField, form: BoardForm) -> Iterator[str]:
    where = f"field {field.id}"
    table = form.tables.tables.get(field.table)
    if field.group not in form.groups:
        yield f"{where}: there is no group {field.group}"
    if table is None:
        yield f"{where}: there is no table {field.table}"
        return
    named = list(field.columns())
    for name in named:
        if name not in table.columns:
            yield f"{where}: {field.table} has no column {name}"
    for name, count in Counter(named).items():
        if count > 1:
            yield f"{where}: the column {name} is filled twice"
    if not set(named) <= table.columns.keys():
        return
    yield from (f"{where}: {problem}" for problem in _unfit(field, table, form))


def _unfit(field: FormField, table: TidyTable, form: BoardForm) -> Iterator[str]:
    """What can't be filled as the field says."""
    needed = {c.name for c in table.columns.values() if c.required} - {"patient_id"}
    if missing := sorted(needed - set(field.columns())):
        yield f"the table {table.name} needs {', '.join(missing)}"
    if field.day and table.columns[field.day].type not in ("day", "date"):
        yield f"{field.day} is not a column for a day"
    if table.name == "patients" and (field.lines > 1 or field.day or field.beside):
        yield "personal data take one line and one cell"
    if field.lines < 1:
        yield "it takes one line or more"
    if field.test is not None and field.test not in form.tests:
        yield f"there is no test {field.test}"
    for name, word in field.fixed.items():
        if not _allowed(table.columns[name], word):
            yield f"{word} is not a word of {name}"
    for name, words in field.suggest.items():
        if name not in {field.value, *field.beside}:
            yield f"words are suggested for {name}, which it does not have"
            continue
        for word in words:
            no_test = table.columns[name].type == "test" and word not in form.tests
            if no_test or not _allowed(table.columns[name], word):
                yield f"{word} is not a word of {name}"
    if field.group in form.groups:
        group = form.groups[field.group]
        if clash := {group.value, group.day, "Unit", "Hint"} & set(field.beside.values()):
            yield f"{', '.join(sorted(clash))} is a heading of the form itself"


def _allowed(column: Column, word: str) -> bool:
    return not column.words or column.open or folded(word) in column.spellings


def _of_example(line: ExampleLine, form: BoardForm) -> Iterator[str]:
    if line.of_group:
        group = form.groups.get(line.of_group)
        if group is None or not group.day_for_all or line.of_field:
            yield f"example: {line.of_group} is not a group with a day for all"
        return
    field = form.fields.get(line.of_field)
    if field is None:
        yield f"example: there is no field {line.of_field or '(none named)'}"
        return
    if unknown := sorted(line.beside.keys() - field.beside.keys()):
        yield f"example: {field.id} takes no {', '.join(unknown)}"
    if line.unit and line.unit not in form.units(field):
        yield f"example: {field.id} takes no unit {line.unit}"
    if line.day and not field.day:
        yield f"example: {field.id} takes no day"
