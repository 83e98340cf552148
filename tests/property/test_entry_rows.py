"""A typed form and its rows: whatever is typed is read back as it was typed, and a record that
nobody changed stays the rows that it is.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.loops import some
from tests.support.places import DATA, ROOT

from rearm.assessment import assess
from rearm.board.child.rows import TidyRow, kept, tidy
from rearm.board.entry.names import texts_of, typed_of
from rearm.intake import read
from rearm.intake.form.typed import (
    NOT_TESTED,
    UNKNOWN,
    TypedForm,
    TypedLine,
    choice_words,
    lines_of,
    rows_of,
)
from rearm.intake.kept_rows import KeptRow, keep, read_kept
from rearm.knowledge import load

FORM = load().form
TODAY = date(2026, 11, 30)
WORDS = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp", "Zs", "Cf", "Cn", "Co")), max_size=12
)
ENTERED = [f for f in FORM.fields.values() if f.table != "patients"]


@st.composite
def typed_forms(draw: st.DrawFn) -> TypedForm:
    """Lines of any fields with any texts, and the days of the groups."""
    lines = []
    chosen = st.sampled_from([f.id for f in ENTERED])
    for of_field in map(FORM.fields.__getitem__, draw(st.lists(chosen, max_size=8, unique=True))):
        columns = [c for c in of_field.columns() if c not in of_field.fixed]
        for number in range(draw(st.integers(1, 2))):
            cells = {c: draw(WORDS).strip() for c in columns}
            if filled := {c: text for c, text in cells.items() if text}:
                lines.append(TypedLine(table=of_field.table, field=of_field.id, number=number,
                                       cells=filled))  # fmt: skip
    days = {g: draw(WORDS).strip() for g in FORM.groups if FORM.groups[g].day_for_all}
    return TypedForm(lines=tuple(lines), days={g: day for g, day in days.items() if day})


def _kept_rows(path: str, patient: int = 0) -> list[KeptRow]:
    reading = read(ROOT / path, today=TODAY)
    return [keep(row) for row in reading.rows_of(reading.records[patient].patient_id)]


@settings(deadline=None, max_examples=60)
@given(typed_forms())
def test_what_is_typed_is_read_back_as_it_was_typed(typed: TypedForm) -> None:
    made = rows_of(typed, FORM, "P1")
    lines = {(x.field, x.number): x for x in typed.lines}
    seen = 0
    for row, line in zip(made.rows, made.lines, strict=True):
        if line is None:
            continue
        seen += 1
        of_field = FORM.fields[line.field]
        own = {c: text for c, text in row.cells.items() if c not in row.constants}
        assert own == {"patient_id": "P1", **lines[line.field, line.number].cells}
        for column, word in of_field.fixed.items():
            assert row.cells[column] == word
        if of_field.day and of_field.day not in line.cells and typed.days.get(of_field.group):
            assert row.cells[of_field.day] == typed.days[of_field.group]
        stored = msgspec.json.decode(msgspec.json.encode(tidy(row)), type=TidyRow)
        assert kept(stored) == row
    assert seen == sum(bool(x.cells.keys() - {"unit"}) for x in typed.lines)


@settings(deadline=None, max_examples=60)
@given(typed_forms())
def test_the_names_of_the_fields_lose_nothing(typed: TypedForm) -> None:
    again = typed_of(texts_of(typed), FORM)
    told = {(x.field, x.table, x.number): dict(x.cells) for x in typed.lines
            if x.cells.keys() - {"unit"}}  # fmt: skip
    assert {(x.field, x.table, x.number): dict(x.cells) for x in again.lines} == told
    assert again.days == typed.days


@settings(deadline=None, max_examples=25)
@given(typed_forms())
def test_no_text_that_is_typed_brings_the_reader_down(typed: TypedForm) -> None:
    made = rows_of(typed, FORM, "P1")
    (record,) = read_kept(made.rows, today=TODAY, notes=made.issues).records
    assert record.patient_id == "P1"


@pytest.mark.parametrize(
    "path",
    ["examples/tables", *(f"tests/data/review/patients/{n}"
                          for n in ("1-first-entry", "4-after-work-up"))],
)  # fmt: skip
def test_a_record_that_nobody_changed_stays_as_it_is(path: str) -> None:
    rows = _kept_rows(path)
    typed = typed_of(texts_of(lines_of(rows, FORM)), FORM)
    made = rows_of(typed, FORM, str(rows[0].cells["patient_id"]), rows)
    assert sorted(map(id, made.rows)) == sorted(map(id, rows)) and not made.issues


def test_a_changed_line_becomes_a_row_of_the_form_and_the_others_stay() -> None:
    rows = _kept_rows("tests/data/review/patients/1-first-entry")
    typed = lines_of(rows, FORM)
    changed = next(x for x in typed.lines if x.field == "serum_m_protein")
    lines = tuple(
        replace(x, cells={**x.cells, "value": "9.9"}) if x is changed else x for x in typed.lines
    )
    made = rows_of(TypedForm(lines=lines), FORM, "A", rows)
    new = [row for row in made.rows if row not in rows]
    assert [str(row.source) for row in new] == ["entry form: Serum M-protein, line 1"]
    assert new[0].cells["value"] == "9.9" and new[0].cells["test"] == "serum_m_protein"


def test_rows_read_again_give_the_answer_of_the_file() -> None:
    seen = 0
    files = sorted((ROOT / "examples" / "fhir").glob("*.json"))[:4]
    for path in (*files, DATA / "review" / "patients" / "4-after-work-up"):
        reading = read(path, today=TODAY)
        for record in reading.stream():
            rows = [keep(row) for row in reading.rows_of(record.patient_id)]
            stored = [kept(tidy(row)) for row in rows]
            (again,) = read_kept(stored, today=TODAY, notes=reading.issues).stream()
            first, second = assess(record), assess(again)
            assert first.answer == second.answer and first.findings == second.findings
            seen += 1
    assert seen >= 6


@pytest.mark.parametrize("word", [NOT_TESTED, UNKNOWN])
def test_not_tested_is_kept_and_says_nothing(word: str) -> None:
    choices = [f for f in FORM.fields.values() if choice_words(FORM, f)]
    assert {"pet_ct", "del_17p", "tnfrsf17_both", "hepatitis_b", "anti_hbc"} <= {
        f.id for f in choices
    }
    person = TypedLine(table="patients", field="patient_id", number=0, cells={"patient_id": "P"})
    lines = [
        TypedLine(table=f.table, field=f.id, number=0, cells={f.value: word, "day": "2026-01-02"})
        for f in choices
    ]
    made = rows_of(TypedForm(lines=(person, *lines)), FORM, "P")
    blank = rows_of(TypedForm(lines=(person,)), FORM, "P")
    assert len(made.rows) == 1 + len(choices) and not made.issues
    (told,) = read_kept(made.rows, today=TODAY).records
    (silent,) = read_kept(blank.rows, today=TODAY).records
    assert told == silent
    shown = lines_of(made.rows, FORM)
    assert {x.field: x.cells[FORM.fields[x.field].value] for x in shown.lines if x.row} == {
        f.id: word for f in choices
    }


def test_tested_negative_says_something() -> None:
    for of_field in some(f for f in FORM.fields.values() if choice_words(FORM, f)):
        words = choice_words(FORM, of_field)
        negative = "absent" if "absent" in words else "negative"
        line = TypedLine(table=of_field.table, field=of_field.id, number=0,
                         cells={of_field.value: negative, "day": "2026-01-02"})  # fmt: skip
        (row,) = (x for x in rows_of(TypedForm(lines=(line,)), FORM, "P").rows[1:])
        assert not row.unread and row.cells[of_field.value] == negative


def test_a_line_that_is_not_complete_is_told_and_kept() -> None:
    line = TypedLine(table="labs", field="hemoglobin", number=0, cells={"day": "2026-01-02"})
    made = rows_of(TypedForm(lines=(line,)), FORM, "P")
    (issue,) = made.issues
    assert issue.code == "form_line_incomplete" and "Haemoglobin: Value is blank" in issue.message
    assert made.rows[1].unread and made.rows[1].cells["day"] == "2026-01-02"
