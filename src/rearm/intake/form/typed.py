"""The form for the board as it is typed line by line, and the rows of the tidy tables that it
becomes: the same rows as those of the filled workbook.

A line that shows a row which is kept already stays that row, with its place, until it is changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from rearm.intake.build.content import lacking
from rearm.intake.form.layout import cells_of
from rearm.intake.issues import issue_at
from rearm.intake.kept_rows import KeptRow
from rearm.intake.rows import CellProblem, Value
from rearm.intake.values import text
from rearm.knowledge.board_form import BoardForm, FormField
from rearm.knowledge.tidy_tables import TidyTable, folded
from rearm.record import Issue, Source

__all__ = [
    "NOT_TESTED",
    "PLACE",
    "UNKNOWN",
    "TypedForm",
    "TypedLine",
    "TypedRows",
    "choice_words",
    "line_words",
    "lines_of",
    "rows_of",
]

PLACE = "entry form"
"""Names the form in the places of its rows, as the name of a file does."""

NOT_TESTED, UNKNOWN = "not tested", "unknown"
"""What a choice says besides the words of its column; of either nothing is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedLine:
    """One line: the texts by the column of its table, none of them blank. `field` is that of the
    form, empty for a line of the table itself; lines of one field or table count from 0. `row`: the
    index of the kept row that the line showed before it was typed in.
    """

    table: str
    number: int
    cells: Mapping[str, str]
    field: str = ""
    row: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedForm:
    """The lines, and by group the day for each value that has no day of its own."""

    lines: tuple[TypedLine, ...]
    days: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedRows:
    """The rows of a typed form, that of the person first, each with its line (None for the person);
    and the issues of lines that are not complete.
    """

    rows: tuple[KeptRow, ...]
    lines: tuple[TypedLine | None, ...]
    issues: tuple[Issue, ...]


def choice_words(form: BoardForm, of_field: FormField) -> tuple[str, ...]:
    """The words between which a field asks to choose, where one of them says that it was looked for
    and not found; empty for any other field.
    """
    column = form.tables.tables[of_field.table].columns[of_field.value]
    if of_field.test is not None:
        test = form.tests[of_field.test]
        words = form.words(of_field, of_field.value) if test.kind == "word" else ()
    else:
        words = column.words if column.type == "word" and not column.open else ()
    return words if {"absent", "negative"} & set(words) else ()


def line_words(form: BoardForm, line: TypedLine) -> str:
    """The words for a line: the label of its field and, where there may be several, which."""
    of_field = form.fields.get(line.field)
    if of_field is None:
        return f"table {line.table}, line {line.number + 1}"
    several = of_field.lines > 1 or line.number > 0
    return f"{of_field.label}, line {line.number + 1}" if several else of_field.label


# ---------------------------------------------------------------- rows as lines


def lines_of(rows: Sequence[KeptRow], form: BoardForm) -> TypedForm:
    """Kept rows as the form shows them: each cell stands there as it was given."""
    lines: list[TypedLine] = []
    counts: dict[str, int] = {}
    for index, row in enumerate(rows):
        cells = {c: _shown(v) for c, v in row.cells.items() if c != "patient_id"}
        if row.table == "patients":
            lines += _of_person(form, row, cells, index)
            continue
        of_field = _field_of(form, row.table, cells)
        key = of_field.id if of_field is not None else row.table
        number = counts.get(key, 0)
        counts[key] = number + 1
        fixed = {} if of_field is None else of_field.fixed
        lines.append(
            TypedLine(
                table=row.table,
                number=number,
                cells={c: v for c, v in cells.items() if c not in fixed},
                field="" if of_field is None else of_field.id,
                row=index,
            )
        )
    return TypedForm(lines=tuple(lines))


def _of_person(
    form: BoardForm, row: KeptRow, cells: Mapping[str, str], index: int
) -> Iterator[TypedLine]:
    asked = {f.value: f for f in form.fields.values() if f.table == "patients"}
    own = {"patient_id": _shown(row.cells.get("patient_id")), **cells}
    for column, value in own.items():
        if column in asked and value:
            yield TypedLine(table="patients", number=0, cells={column: value},
                            field=asked[column].id, row=index)  # fmt: skip
    if others := {c: v for c, v in cells.items() if c not in asked}:
        yield TypedLine(table="patients", number=0, cells=others, row=index)


def _shown(value: Value) -> str:
    return "" if value is None else text(value)


def _field_of(form: BoardForm, table: str, cells: Mapping[str, str]) -> FormField | None:
    """The field in which a row stands: what its label says is in the row, and it shows the most of
    the rest; None where no field does.
    """
    found = [
        f
        for f in form.fields.values()
        if f.table == table
        and f.value in cells
        and all(_same(form, table, c, cells.get(c, ""), word) for c, word in f.fixed.items())
    ]
    return max(found, key=lambda f: _fits(f, cells), default=None)


def _fits(of_field: FormField, cells: Mapping[str, str]) -> tuple[int, int]:
    return len(set(of_field.columns()) & cells.keys()), len(of_field.fixed)


def _same(form: BoardForm, table: str, column: str, given: str, word: str) -> bool:
    """Whether a cell says what the label does, in any spelling that is read."""
    if not given:
        return False
    entry = form.tables.tables[table].columns[column]
    if entry.type == "test":
        return [test.id for test in form.tests.find(given)] == [word]
    known = entry.spellings
    return known.get(folded(given), folded(given)) == known.get(folded(word), folded(word))


# ---------------------------------------------------------------- lines as rows


def rows_of(
    typed: TypedForm, form: BoardForm, patient_id: str, kept: Sequence[KeptRow] = ()
) -> TypedRows:
    """The rows of a typed form. `kept`: the rows that it showed before it was typed in."""
    before = {(x.field, x.table, x.row): x.cells for x in lines_of(kept, form).lines}
    made: list[tuple[KeptRow, TypedLine | None]]
    made = [(_person(typed, form, patient_id, kept), None)]
    issues: list[Issue] = []
    for line in typed.lines:
        if line.table == "patients":
            continue
        if _unchanged(line, kept, before):
            made.append((kept[line.row or 0], line))
            continue
        row = _row(line, typed.days, form, patient_id)
        if row is None:
            continue
        if line.row is not None and line.row < len(kept):
            row = replace(row, regimens=kept[line.row].regimens)
        missing = () if row.unread else _missing(line, row, form)
        if missing:
            row = replace(row, unread=True)
            issues.append(_incomplete(line, missing, form))
        made.append((row, line))
    return TypedRows(
        rows=tuple(row for row, _ in made),
        lines=tuple(line for _, line in made),
        issues=tuple(issues),
    )


def _unchanged(
    line: TypedLine,
    kept: Sequence[KeptRow],
    before: Mapping[tuple[str, str, int | None], Mapping[str, str]],
) -> bool:
    """Whether a line is still the kept row that it showed; one that was not read is looked at
    anew.
    """
    if line.row is None or line.row >= len(kept) or kept[line.row].unread:
        return False
    return before.get((line.field, line.table, line.row)) == line.cells


def _person(typed: TypedForm, form: BoardForm, patient_id: str, kept: Sequence[KeptRow]) -> KeptRow:
    cells: dict[str, Value] = {"patient_id": patient_id}
    for line in typed.lines:
        if line.table == "patients":
            cells |= {c: v for c, v in line.cells.items() if c != "patient_id"}
    before = next((row for row in kept if row.table == "patients"), None)
    if before is not None and {c: _shown(v) for c, v in before.cells.items()} == cells:
        return before
    return KeptRow(table="patients", source=Source(PLACE, "patient"), cells=cells)


def _row(
    line: TypedLine, days: Mapping[str, str], form: BoardForm, patient_id: str
) -> KeptRow | None:
    """The row of a line; None where nothing but a unit is filled."""
    if not line.cells.keys() - {"unit"}:
        return None
    of_field = form.fields.get(line.field)
    cells: dict[str, Value] = {"patient_id": patient_id, **line.cells}
    constants: set[str] = set()
    unread = False
    if of_field is not None:
        unread = bool(choice_words(form, of_field)) and line.cells.get(of_field.value) in (
            NOT_TESTED,
            UNKNOWN,
        )
        for_all = days.get(of_field.group, "")
        if of_field.day and of_field.day not in line.cells and for_all:
            cells[of_field.day] = for_all
        cells |= of_field.fixed
        constants = cells.keys() - line.cells.keys() - {"patient_id"}
    return KeptRow(
        table=line.table,
        source=Source(PLACE, line_words(form, line)),
        cells=cells,
        constants=frozenset(constants),
        unread=unread,
    )


def _missing(line: TypedLine, row: KeptRow, form: BoardForm) -> tuple[str, ...]:
    """The columns without which the line makes no row, as in the workbook."""
    table = form.tables.tables[line.table]
    of_field = form.fields.get(line.field)
    told = line.cells.keys() - {"unit"}
    fixed = () if of_field is None else of_field.fixed.keys()
    missing = lacking(table, {*told, *fixed, "patient_id"})
    only_days = _only_days(table, told)
    if not missing and of_field is not None and of_field.fixed and only_days:
        missing = (of_field.value,)
    return missing


def _only_days(table: TidyTable, columns: Iterable[str]) -> bool:
    return all(table.columns[c].type == "day" for c in columns)


def _incomplete(line: TypedLine, missing: Sequence[str], form: BoardForm) -> Issue:
    of_field = form.fields.get(line.field)
    headings = {} if of_field is None else {c: h for h, c in cells_of(form, of_field).items()}
    words = line_words(form, line)
    names = " and ".join(headings.get(c, c) for c in missing)
    sentence = f"{words}: {names} is blank, so the line is not read. Fill it in, or clear the line."
    problem = CellProblem("warning", "form_line_incomplete", sentence)
    return issue_at(Source(PLACE, words), problem, column=missing[0])
