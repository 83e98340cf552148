"""The entry form, made of the dictionary's form and of what was typed into it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta

import msgspec
from sqlalchemy.orm import Session

from rearm.board.child.reading import ReadIssue, ReadPatient
from rearm.board.child.rows import kept
from rearm.board.entry import drafts
from rearm.board.entry.contexts import (
    Draft,
    EntryCell,
    EntryFound,
    EntryGroup,
    EntryLine,
    EntryPage,
    EntryStart,
    EntryTable,
    Finding,
    Other,
    Word,
)
from rearm.board.entry.dates import AMBIGUOUS, dates_read
from rearm.board.entry.drafts import Entered
from rearm.board.entry.names import day_name, key_of, name_of
from rearm.board.store.tables import Case
from rearm.board.store.utc import moment_words
from rearm.intake.form.layout import UNIT, cells_of
from rearm.intake.form.typed import (
    NOT_TESTED,
    PLACE,
    UNKNOWN,
    TypedLine,
    choice_words,
    line_words,
    lines_of,
)
from rearm.knowledge.board_form import BoardForm, FormField, FormGroup
from rearm.knowledge.tidy_tables import Column

__all__ = ["entry_page", "found_in", "more_name", "start_page"]

_OFFERED = 4  # lines of a field that are offered at first
_CHOICE_WORDS: Mapping[str, str] = {
    "absent": "tested, absent",
    "negative": "tested negative",
    "unclear": "suspected",
}
_SIZES: Mapping[str, int] = {"regimen": 13, "product": 12, "line": 3, "copies": 4, "grade": 3,
                             "value": 8, "condition": 16, "toxicity": 14, "lesion": 8,
                             "site": 14, "clonal_fraction": 5, "length_mm": 5,
                             "width_mm": 5}  # fmt: skip
_DAY_SIZE, _WORD_SIZE = 9, 9


def more_name(key: str) -> str:
    """The name under which it is kept how many more lines of a field are shown."""
    return f"-more.{key}"


def start_page(session: Session, tenant: str, who: str, days: int) -> EntryStart:
    """What the user began. `days`: for how long it is kept."""
    found = []
    for draft in drafts.drafts_of(session, tenant, who):
        given = drafts.entered(session, draft)
        case = None if draft.case_id is None else session.get_one(Case, draft.case_id)
        found.append(
            Draft(
                path=f"/entry/{draft.id}" if case is None else f"/patients/{case.id}/entry",
                patient=given.patient_id or "no id yet",
                at=moment_words(draft.changed_at),
                fields=_filled(given),
                until=f"{draft.changed_at + timedelta(days=days):%Y-%m-%d}",
            )
        )
    return EntryStart(drafts=tuple(found), days=days)


def entry_page(
    session: Session,
    given: Entered,
    found: EntryFound,
    days: int,
    *,
    refusal: Sequence[str] = (),
    changed: bool = False,
) -> EntryPage:
    """The form as it was typed. `changed`: the record was changed since the form showed it."""
    form = drafts.form()
    lines = {(key_of(x), x.number): x for x in given.typed.lines}
    page = _Page(form, given.texts, lines)
    theirs, mine = _differences(session, given, form) if changed else ((), ())
    return EntryPage(
        path=path_of(given),
        case=given.case_id,
        patient=given.patient_id,
        version=given.record_id,
        groups=tuple(page.group(group) for group in form.groups.values()),
        others=tuple(page.others()),
        offers=page.offers,
        found=found,
        days=days,
        refusal=tuple(refusal),
        changed=changed,
        theirs=theirs,
        mine=mine,
    )


def path_of(given: Entered) -> str:
    """The address of the form."""
    return f"/patients/{given.case_id}/entry" if given.case_id else f"/entry/{given.draft_id}"


# ---------------------------------------------------------------- what was read


def found_in(given: Entered, read: ReadPatient, lines: Sequence[TypedLine | None]) -> EntryFound:
    """What is told of a form that was read."""
    form = drafts.form()
    serious = [x for x in read.issues if x.severity != "note"]
    told = read.summary
    return EntryFound(
        refusal=(read.refused,) if read.refused else (),
        not_used=tuple(_finding(x, lines, form) for x in serious if x.done != "used"),
        doubted=tuple(_finding(x, lines, form) for x in serious if x.done == "used"),
        first="" if told is None else told.first,
        missing=() if told is None else told.missing,
        further=0 if told is None else told.further,
        fields=_filled(given),
        dates=dates_read(given.typed, form),
    )


def _finding(issue: ReadIssue, lines: Sequence[TypedLine | None], form: BoardForm) -> Finding:
    line = lines[issue.row] if issue.row is not None and issue.row < len(lines) else None
    if line is None:
        of_person = issue.row == 0 and issue.column is not None
        words = _person_words(form, issue.column or "") if of_person else ""
        place = "" if issue.place.startswith(f"{PLACE}: ") else issue.place
        return Finding(line="", words=words or place, message=_message(issue),
                       value=issue.value or "")  # fmt: skip
    words = line_words(form, line)
    if issue.column is not None:
        words = f"{words}: {_heading(form, line, issue.column)}"
    if not issue.place.startswith(f"{PLACE}: "):
        words = f"{words} ({issue.place})"
    return Finding(line=_line_id(line), words=words, message=_message(issue),
                   value=issue.value or "")  # fmt: skip


def _message(issue: ReadIssue) -> str:
    """What to do about it here, where no mapping can be given."""
    return AMBIGUOUS if issue.code == "date_ambiguous" else issue.message


def _person_words(form: BoardForm, column: str) -> str:
    asked = (f for f in form.fields.values() if f.table == "patients" and f.value == column)
    return next((f.label for f in asked), "")


def _heading(form: BoardForm, line: TypedLine, column: str) -> str:
    of_field = form.fields.get(line.field)
    if of_field is None:
        return column
    return {c: heading for heading, c in cells_of(form, of_field).items()}.get(column, column)


def _line_id(line: TypedLine) -> str:
    return f"l-{key_of(line)}-{line.number}"


def _filled(given: Entered) -> int:
    """How many fields say something."""
    return sum(len(line.cells) for line in given.typed.lines) + len(given.typed.days)


# ---------------------------------------------------------------- two texts


def _differences(
    session: Session, given: Entered, form: BoardForm
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The lines that only the newest record has, and those that only the form has."""
    newest = drafts.record_of(drafts.newest_record(session, given.case_id))
    theirs = [_told(x, form) for x in lines_of([kept(row) for row in newest], form).lines]
    mine = [_told(x, form) for x in given.typed.lines if x.cells.keys() - {"unit"}]
    return (
        tuple(dict.fromkeys(x for x in theirs if x not in mine)),
        tuple(dict.fromkeys(x for x in mine if x not in theirs)),
    )


def _told(line: TypedLine, form: BoardForm) -> str:
    of_field = form.fields.get(line.field)
    label = f"table {line.table}" if of_field is None else of_field.label
    cells = ", ".join(f"{_heading(form, line, c)} {text}" for c, text in sorted(line.cells.items()))
    return f"{label}: {cells}"


# ---------------------------------------------------------------- the form


class _Page:
    """Fields with what was typed in them. `offers` grows: the words that text fields offer."""

    def __init__(
        self,
        form: BoardForm,
        texts: Mapping[str, str],
        lines: Mapping[tuple[str, int], TypedLine],
    ) -> None:
        self.form, self.texts, self.lines = form, texts, lines
        self.offers: dict[str, tuple[str, ...]] = {}
        self._ids: dict[tuple[str, ...], str] = {}

    def group(self, group: FormGroup) -> EntryGroup:
        fields = self.form.of_group(group)
        rest = [f for f in fields if not f.first]
        day = None
        if group.day_for_all:
            day = EntryCell(
                name=day_name(group.id), kind="text", heading=group.day,
                of=group.day_for_all, value=self.texts.get(day_name(group.id), ""),
                size=_DAY_SIZE,
            )  # fmt: skip
        return EntryGroup(
            id=group.id,
            label=group.label,
            day=day,
            first=self._table(group, [f for f in fields if f.first]),
            rest=self._table(group, rest),
            open=any((f.id, n) in self.lines for f in rest for n in self._numbers(f.id)),
        )

    def others(self) -> Iterator[Other]:
        """The tables as such, for what no field asks for."""
        asked = {f.value for f in self.form.fields.values() if f.table == "patients"}
        for table in self.form.tables.tables.values():
            key = f"t-{table.name}"
            of_person = table.name == "patients"
            columns = [c for c in table.columns.values() if c.name != "patient_id"]
            if of_person:
                columns = [c for c in columns if c.name not in asked]
            there = self._numbers(key)
            blank = () if of_person and there else (max(there, default=-1) + 1,)
            yield Other(
                table=table.name,
                meaning=table.meaning,
                open=bool(there),
                lines=tuple(self._other(key, table.name, n, columns) for n in (*there, *blank)),
            )

    def _other(self, key: str, table: str, number: int, columns: Iterable[Column]) -> EntryLine:
        words = f"table {table}, line {number + 1}"
        cells = tuple(self._cell(key, number, None, c, c.name, words) for c in columns)
        return EntryLine(
            id=f"l-{key}-{number}", label=f"Line {number + 1}", words=words, cells=(),
            more=cells, **self._row(key, number),
        )  # fmt: skip

    def _numbers(self, key: str) -> list[int]:
        return sorted(number for of, number in self.lines if of == key)

    def _table(self, group: FormGroup, fields: Sequence[FormField]) -> EntryTable:
        headings = [group.value]
        headings += [UNIT] if any(self.form.units(f) for f in fields) else []
        headings += [group.day] if any(f.day for f in fields) else []
        headings += dict.fromkeys(h for f in fields for h in f.beside.values())
        lines = [line for f in fields for line in self._lines(f, headings)]
        return EntryTable(headings=tuple(headings), lines=tuple(lines))

    def _lines(self, of_field: FormField, headings: Sequence[str]) -> Iterator[EntryLine]:
        there = self._numbers(of_field.id)
        count = max(there, default=-1) + 1
        if of_field.lines > 1:
            more = self.texts.get(more_name(of_field.id), "")
            offered = min(of_field.lines, _OFFERED)
            count = max(count, offered + (int(more) if more.isdigit() and len(more) < 4 else 0))
        for number in range(max(count, 1)):
            last = number == max(count, 1) - 1 and of_field.lines > 1
            yield self._line(of_field, number, headings, last=last)

    def _line(
        self, of_field: FormField, number: int, headings: Sequence[str], *, last: bool
    ) -> EntryLine:
        table = self.form.tables.tables[of_field.table]
        line = TypedLine(table=table.name, number=number, cells={}, field=of_field.id)
        words = line_words(self.form, line)
        columns = cells_of(self.form, of_field)
        cells: list[EntryCell | None] = []
        for heading in headings:
            name = columns.get(heading)
            column = None if name is None else table.columns[name]
            cells.append(
                None
                if column is None
                else self._cell(of_field.id, number, of_field, column, heading, words)
            )
        typed = self.lines.get((of_field.id, number))
        filled = () if typed is None else typed.cells.keys()
        beyond = [c for c in filled if c not in columns.values()]
        more = (self._cell(of_field.id, number, None, table.columns[c], c, words) for c in beyond)
        return EntryLine(
            id=_line_id(line),
            label=of_field.label if number == 0 else "",
            words=words,
            cells=tuple(cells),
            more=tuple(more),
            hint=of_field.hint if number == 0 else "",
            last_of=of_field.id if last else "",
            more_name=more_name(of_field.id),
            more_shown=self.texts.get(more_name(of_field.id), "") if last else "",
            **self._row(of_field.id, number),
        )

    def _row(self, key: str, number: int) -> dict[str, str]:
        name = name_of(key, number, "-row")
        return {"row_name": name, "row": self.texts.get(name, "")}

    def _cell(
        self,
        key: str,
        number: int,
        of_field: FormField | None,
        column: Column,
        heading: str,
        of: str,
    ) -> EntryCell:
        name = name_of(key, number, column.name)
        value = self.texts.get(name, "")
        size = _DAY_SIZE if column.type in ("day", "date", "days") else _WORD_SIZE
        cell = EntryCell(
            name=name,
            kind="text",
            heading=heading,
            of=f"{of}: {heading}",
            value=value,
            size=_SIZES.get(column.name, size),
        )
        made = msgspec.structs.replace
        is_value = of_field is not None and column.name == of_field.value
        choices = choice_words(self.form, of_field) if of_field is not None and is_value else ()
        if choices:
            return made(cell, kind="choice", words=_choices(choices, value))
        words = self._words(of_field, column)
        if not words:
            return cell
        if column.name == "unit" and len(words) == 1 and value in ("", *words):
            return made(cell, kind="fixed", words=_listed(words, ""))
        closed = column.type == "word" and not column.open
        if column.type == "yes_no" or closed or (column.name == "unit" and of_field is not None):
            return made(cell, kind="select", words=_listed(words, value))
        return made(cell, offers=self._offer(words))

    def _words(self, of_field: FormField | None, column: Column) -> tuple[str, ...]:
        """The words to offer; of a closed column, the only ones."""
        if of_field is not None and column.name == "unit":
            return self.form.units(of_field)
        asked = of_field is not None and column.name in of_field.columns()
        words = self.form.words(of_field, column.name) if of_field is not None and asked else ()
        if words or column.type != "test":
            return words or (("yes", "no") if column.type == "yes_no" else column.words)
        return tuple(self.form.tests)

    def _offer(self, words: tuple[str, ...]) -> str:
        if not words:
            return ""
        if words not in self._ids:
            self._ids[words] = f"o{len(self._ids)}"
            self.offers[self._ids[words]] = words
        return self._ids[words]


def _choices(words: Sequence[str], value: str) -> tuple[Word, ...]:
    every = [*words, NOT_TESTED, UNKNOWN]
    if value and value not in every:
        every.append(value)
    return tuple(Word(word=word, label=_CHOICE_WORDS.get(word, word)) for word in every)


def _listed(words: Sequence[str], value: str) -> tuple[Word, ...]:
    """The words of a list; what was typed in another spelling stands there too."""
    every = [*words, value] if value and value not in words else [*words]
    return tuple(Word(word=word, label=word.replace("_", " ")) for word in every)
