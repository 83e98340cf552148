"""The workbook of `rearm template --xlsx`, filled as a person fills it and read back."""

from __future__ import annotations

import json
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from tests.support.filled_form import FilledForm
from tests.support.loops import some
from typer.testing import CliRunner

import rearm
from rearm.cli import app
from rearm.intake import InputError
from rearm.intake.form.layout import BOARD, EXAMPLE, EXAMPLE_MARK, HELP, LISTS
from rearm.intake.form.workbook import write_form
from rearm.knowledge import load
from rearm.record import Record

PATIENTS = Path(__file__).parents[1] / "data" / "review" / "patients"


@pytest.fixture
def form(tmp_path: Path) -> FilledForm:
    return FilledForm(tmp_path / "form.xlsx")


def _records(form: FilledForm) -> tuple[Record, ...]:
    return rearm.read(form.save()).records


def _issues(record: Record) -> dict[str, str]:
    """Issues by code, with the place; without those that every record with dates has."""
    return {i.code: i.source.place for i in record.issues if i.code != "day_zero_chosen"}


# ---------------------------------------------------------------- the same as the tables


def _answers(record: Record) -> dict[str, Any]:
    """The result without where things stand in the input, and how a row is called."""
    result = json.loads(rearm.assess(record).to_json())
    options = ("id", "verdict", "for", "unknown", "cautions", "evidence")
    failure = ("status", "certainty", "day", "kind", "timing", "pattern", "best_response")
    causes = result["causes"]["groups"]
    findings = {
        name: {key: part for key, part in found.items() if key not in ("text", "rows", "doubtful")}
        for name, found in result["findings"].items()
    }
    return {
        "findings": findings,
        "options": [{key: option.get(key) for key in options} for option in result["options"]],
        "causes": [(f["id"], f["grade"]) for group in causes for f in group["factors"]],
        "failures": [{key: one[key] for key in failure} for one in result["failures"]],
        "alerts": [alert["id"] for alert in result["alerts"]],
        "visits": [(v["day"], v["response"], v["confirmed"]) for v in result["visits"]],
        "tests": [test["ids"] for test in result["tests"]],
    }


@pytest.mark.parametrize(
    ("patient_id", "folder", "cells"),
    [
        ("C", "1-first-entry", 106),
        ("C", "4-after-work-up", 117),
        ("A", "4-after-work-up", 157),
        ("B", "4-after-work-up", 118),
    ],
)
def test_a_patient_of_the_form_is_the_patient_of_the_tables(
    form: FilledForm, patient_id: str, folder: str, cells: int
) -> None:
    """`cells` is what whoever enters the patient types or chooses, for the ten minutes it takes."""
    left = form.enter(PATIENTS / folder, patient_id)
    (record,) = _records(form)
    (same,) = (r for r in rearm.read(PATIENTS / folder).records if r.patient_id == patient_id)
    assert _answers(record) == _answers(same)
    assert form.cells == cells
    if patient_id == "C":
        assert left == []


# ---------------------------------------------------------------- blank is unknown


def test_the_blank_form_is_a_sentence_and_no_patient(tmp_path: Path) -> None:
    file = write_form(tmp_path / "blank.xlsx", load())
    told = (
        "blank.xlsx contains no patient: the form for the board is blank, and its tables have only "
        "headers."
    )
    with pytest.raises(InputError) as raised:
        rearm.read(file)
    assert str(raised.value) == told
    for command in some(("check", "assess", "response")):
        result = CliRunner().invoke(app, [command, str(file)])
        assert (result.exit_code, result.stderr) == (2, f"rearm: {told}\n")


def test_an_id_alone_is_a_patient_of_whom_nothing_is_known(form: FilledForm) -> None:
    form.fill("patient_id", patient_id="P1")
    (record,) = _records(form)
    assert record.patient_id == "P1"
    assert (record.sex, record.birth_year, record.heavy_chain, record.last_seen_day) == (
        None,
        None,
        (),
        None,
    )
    events = ("labs", "therapies", "infusions", "imaging", "conditions", "toxicities", "facts")
    assert [getattr(record, name) for name in events] == [()] * len(events)
    assert record.issues == ()


def test_a_unit_alone_and_a_day_for_all_alone_make_no_row(form: FilledForm) -> None:
    form.fill("patient_id", patient_id="P1")
    form.fill("hemoglobin", unit="g/dL")
    form.fill_day_for_all("today", "2026-03-02")
    form.fill_day_for_all("cytogenetics", "2026-03-02")
    (record,) = _records(form)
    assert (record.labs, record.variants, record.issues) == ((), (), ())


@pytest.mark.parametrize(
    ("field", "heading"),
    [
        ("serum_m_protein", "Value"),
        ("pet_ct", "Value"),
        ("active_infection", "Value"),
        ("del_17p", "Value"),
        ("crs", "Value"),
        ("goals_of_care", "Value"),
        ("lesion", "Value"),
    ],
)
def test_a_day_beside_a_blank_value_is_said_and_makes_no_event(
    form: FilledForm, field: str, heading: str
) -> None:
    form.fill("patient_id", patient_id="P1")
    row = form.fill(field, day="2026-03-02")
    (record,) = _records(form)
    label = form.form.fields[field].label
    assert [(i.code, i.source.place, i.done) for i in record.issues or _file_issues(form)] == [
        ("form_line_incomplete", f"Board!A{row}", "set_aside")
    ]
    (issue,) = record.issues or _file_issues(form)
    assert issue.message.startswith(f"{label}: {heading} is blank, so the line is not read.")
    assert record.set_aside == ()
    assert not (record.labs or record.imaging or record.conditions or record.variants)
    assert not (record.toxicities or record.facts)


def _file_issues(form: FilledForm) -> Any:
    return rearm.read(form.file).issues


def test_an_infusion_and_a_treatment_of_which_only_the_day_is_known_are_kept(
    form: FilledForm,
) -> None:
    form.fill("patient_id", patient_id="P1")
    form.fill("car_t", day="2025-02-17")
    (record,) = _records(form)
    assert [(i.day, i.product) for i in record.infusions] == [(0, None)]


# ---------------------------------------------------------------- how cells are read


def test_places_are_cells_of_the_sheet(form: FilledForm) -> None:
    form.fill("patient_id", patient_id="P1")
    row = form.fill("serum_m_protein", value="2.8", unit="g/dL", day="2024-03-04")
    wrong = form.fill("platelets", value="74", unit="10*9/M", day="2024-03-04")
    (record,) = _records(form)
    (lab,) = record.labs
    assert (lab.test, lab.source.place) == ("serum_m_protein", f"Board!B{row}")
    assert f"Board!C{wrong}" in {i.source.place for i in record.issues if "unit" in i.code}


def test_a_month_stays_a_month_also_after_a_spreadsheet_program(form: FilledForm) -> None:
    """Every cell to fill is text, so that 2019-04 does not become the first of April."""
    row = form.row_of("Treatment")
    assert {form.sheet.cell(row, column).number_format for column in range(2, 11)} == {"@"}
    form.fill("patient_id", patient_id="P1")
    form.fill("line", regimen="VRd", start_day="2019-04", end_day="2019-08", line="1")
    form.fill("car_t", product="ide-cel", day="2024-03-11")
    (record,) = _records(form)
    (therapy,) = record.therapies
    assert (therapy.start.first, therapy.start.last) == (-1806, -1777)


def test_the_day_for_all_holds_where_a_line_has_none_of_its_own(form: FilledForm) -> None:
    form.fill("patient_id", patient_id="P1")
    form.fill("car_t", product="ide-cel", day="2024-03-11")
    form.fill_day_for_all("today", "2024-09-02")
    form.fill("hemoglobin", value="9.1", unit="g/dL")
    form.fill("marrow_plasma_cells", value="40", unit="%", day="2024-09-09")
    form.fill("serum_m_protein", value="1.5", unit="g/dL")
    (record,) = _records(form)
    assert {lab.test: lab.when.day for lab in record.labs} == {
        "hemoglobin": 175,
        "marrow_plasma_cells": 182,
        "serum_m_protein": None,  # of another group
    }


def test_days_may_be_counted_from_the_infusion(form: FilledForm) -> None:
    form.fill("patient_id", patient_id="P1")
    form.fill("car_t", product="ide-cel", day="0")
    for value, day in (("2.8", "-7"), ("0.3", "91")):
        form.fill("serum_m_protein", value=value, unit="g/dL", day=day)
    (record,) = _records(form)
    assert [(lab.as_given, lab.when.day) for lab in record.labs] == [
        ("2.8 g/dL", -7),
        ("0.3 g/dL", 91),
    ]
    assert record.day_zero is None and record.issues == ()


def test_numbers_and_dates_that_a_program_stores_as_such_are_read(form: FilledForm) -> None:
    form.fill("patient_id", patient_id="P1")
    form.fill("car_t", product="ide-cel", day="2024-03-11")
    row = form.fill("hemoglobin", value="", unit="g/dL", day="")
    value, day = form.sheet.cell(row, 2), form.sheet.cell(row, 4)
    value.number_format, day.number_format = "General", "yyyy-mm-dd"
    value.value, day.value = 9.1, datetime(2024, 9, 2)
    (record,) = _records(form)
    assert [(lab.as_given, lab.when.day) for lab in record.labs] == [("9.1 g/dL", 175)]


def test_usual_spellings_and_a_unit_behind_the_number_are_read(form: FilledForm) -> None:
    form.fill("patient_id", patient_id="007")
    form.fill("sex", sex="weiblich")
    form.fill("light_chain", light_chain="κ")
    form.fill("hemoglobin", value="9,1 g/dL", day="2024-03-04")
    form.fill("active_infection", status="nein", day="2024-03-04")
    (record,) = _records(form)
    assert (record.patient_id, record.sex, record.light_chain) == ("007", "F", "kappa")
    assert [(lab.test, lab.as_given) for lab in record.labs] == [("hemoglobin", "9,1 g/dL")]
    assert [(c.condition, c.status) for c in record.conditions] == [("active_infection", "absent")]


def test_lines_and_columns_may_be_moved_and_lines_added(form: FilledForm) -> None:
    form.fill("patient_id", patient_id="P1")
    first = form.fill("serum_m_protein", value="2.8", unit="g/dL", day="2024-03-04")
    form.sheet.insert_rows(first + 1)
    for column, value in enumerate(("Serum M-protein", "0.3", "g/dL", "2024-06-10"), 1):
        form.sheet.cell(first + 1, column).value = value
    form.sheet.insert_cols(2)
    form.sheet.cell(first, 2).value = None
    (record,) = _records(form)
    assert [(lab.as_given, lab.source.place) for lab in record.labs] == [
        ("2.8 g/dL", f"Board!C{first}"),
        ("0.3 g/dL", f"Board!C{first + 1}"),
    ]


def test_what_the_form_does_not_ask_for_is_said(form: FilledForm) -> None:
    form.fill("patient_id", patient_id="P1")
    row = form.row_of("Sex")
    form.sheet.cell(row, 2).value, form.sheet.cell(row, 4).value = "F", "2024-03-04"
    label = form.row_of("LDH")
    form.sheet.cell(label, 1).value, form.sheet.cell(label, 2).value = "LDHH", "300"
    reading = rearm.read(form.save())
    assert reading.records[0].sex == "F"
    assert {(i.code, i.source.place, i.severity) for i in reading.all_issues()} == {
        ("form_cell_not_read", f"Board!D{row}", "warning"),
        ("form_label_unknown", f"Board!B{label}", "warning"),
    }
    (unknown,) = (i for i in reading.all_issues() if i.code == "form_label_unknown")
    assert "nearest: LDH" in unknown.message


def test_a_field_of_the_person_that_stands_twice_is_not_used(form: FilledForm) -> None:
    form.fill("patient_id", patient_id="P1")
    row = form.fill("sex", sex="F")
    form.sheet.cell(row + 40, 1).value, form.sheet.cell(row + 40, 2).value = "Sex", "M"
    reading = rearm.read(form.save())
    assert reading.records[0].sex is None
    assert [i.code for i in reading.all_issues()] == ["twin_contradiction"]


# ---------------------------------------------------------------- whose form it is


def test_each_copy_of_the_sheet_is_a_patient(form: FilledForm) -> None:
    form.another_patient("Meier")
    form.fill("patient_id", patient_id="P1")
    form.fill("sex", sex="F")
    form.turn_to("Meier")
    form.fill("patient_id", patient_id="P2")
    form.fill("sex", sex="M")
    assert [(r.patient_id, r.sex, r.source.place) for r in _records(form)] == [
        ("P1", "F", "Board!B5"),
        ("P2", "M", "Meier!B5"),
    ]


def test_two_sheets_with_one_id_are_not_mixed(form: FilledForm) -> None:
    for name in ("Two", "Three"):
        form.another_patient(name)
    form.fill("patient_id", patient_id="P1")
    form.turn_to("Two")
    form.fill("patient_id", patient_id="P1")
    form.turn_to("Three")
    form.fill("patient_id", patient_id="P3")
    reading = rearm.read(form.save())
    assert [record.patient_id for record in reading.records] == ["P3"]
    assert [(i.code, i.source.place, i.done) for i in reading.all_issues()] == [
        ("form_id_twice", "Two!B5", "refused")
    ]


def test_a_form_without_an_id_is_said_and_the_others_are_read(form: FilledForm) -> None:
    form.another_patient("Two")
    form.fill("sex", sex="F")
    form.turn_to("Two")
    form.fill("patient_id", patient_id="P2")
    reading = rearm.read(form.save())
    assert [record.patient_id for record in reading.records] == ["P2"]
    assert [(i.code, i.severity) for i in reading.all_issues()] == [("patient_id_missing", "error")]


def test_the_example_is_never_a_patient(form: FilledForm) -> None:
    form.fill("patient_id", patient_id="P1")
    reading = rearm.read(form.save())
    assert [record.patient_id for record in reading.records] == ["P1"]
    assert reading.all_issues() == ()
    form.turn_to(EXAMPLE)
    form.sheet["B5"].value = "P9"  # somebody fills the example itself
    reading = rearm.read(form.save())
    assert [record.patient_id for record in reading.records] == ["P1"]
    assert [i.code for i in reading.all_issues()] == ["form_is_example"]
    form.sheet["A1"].value = None  # and takes its mark away: it is a form like any other
    assert [record.patient_id for record in _records(form)] == ["P1", "P9"]


def test_the_example_is_read_without_a_complaint_where_somebody_copies_it(form: FilledForm) -> None:
    form.turn_to(EXAMPLE)
    assert form.sheet["A1"].value == EXAMPLE_MARK
    form.sheet["A1"].value, form.sheet["B5"].value = None, "P1"
    (record,) = _records(form)
    assert [(i.severity, i.code) for i in record.issues if i.severity != "note"] == []
    (failure,) = rearm.assess(record).failures
    assert (failure.status, failure.pattern, len(record.therapies)) == (
        "failed",
        ("biochemical", "marrow"),
        7,
    )


def test_the_tables_behind_the_form_are_read_too(form: FilledForm) -> None:
    form.fill("patient_id", patient_id="P1")
    row = form.fill("serum_m_protein", value="2.8", unit="g/dL", day="2024-03-04")
    form.book["patients"].append(["P2", "M"])
    form.book["labs"].append(["P1", "2024-05-06", None, "M-spike", "0.4", "g/dL"])
    form.book["labs"].append(["P2", "2024-05-06", None, "Hb", "9.1", "g/dL"])
    records = {record.patient_id: record for record in _records(form)}
    assert {lab.as_given: lab.source.place for lab in records["P1"].labs} == {
        "2.8 g/dL": f"Board!B{row}",
        "0.4 g/dL": "labs!E2",
    }
    assert records["P2"].sex == "M" and [lab.test for lab in records["P2"].labs] == ["hemoglobin"]


def test_a_folder_of_forms_is_a_cohort(tmp_path: Path) -> None:
    for name in ("one", "two"):
        form = FilledForm(tmp_path / f"{name}.xlsx")
        form.fill("patient_id", patient_id=name)
        form.save()
    reading = rearm.read(tmp_path)
    assert [record.patient_id for record in reading.records] == ["one", "two"]
    assert reading.all_issues() == ()


def test_the_tables_behind_two_forms_are_both_read(tmp_path: Path) -> None:
    for name in ("one", "two"):
        form = FilledForm(tmp_path / f"{name}.xlsx")
        form.fill("patient_id", patient_id=name)
        form.book["labs"].append([name, "2024-05-06", None, "Hb", "9.1", "g/dL"])
        form.save()
    (tmp_path / "labs.csv").write_text(
        "patient_id,day,test,value,unit\none,2024-06-06,Hb,10.1,g/dL\n", "utf-8"
    )
    reading = rearm.read(tmp_path)
    given = {r.patient_id: [lab.as_given for lab in r.labs] for r in reading.records}
    assert given == {"one": ["10.1 g/dL", "9.1 g/dL"], "two": ["9.1 g/dL"]}
    assert [i for i in reading.all_issues() if i.severity == "error"] == []


# ---------------------------------------------------------------- the workbook itself


def test_the_workbook_has_the_form_first_and_a_list_for_each_cell_of_words(tmp_path: Path) -> None:
    file = write_form(tmp_path / "form.xlsx", load())
    book = load_workbook(file)
    assert book.sheetnames[:4] == [BOARD, EXAMPLE, HELP, "patients"]
    assert book[LISTS].sheet_state == "hidden" and book.active.title == BOARD
    board = book[BOARD]
    rows = {board.cell(row, 1).value: row for row in range(board.max_row, 0, -1)}
    lists = {
        str(cells): rule.formula1
        for rule in board.data_validations.dataValidation
        for cells in rule.sqref.ranges
    }
    assert lists[f"B{rows['Sex']}"] == '"F,M"'
    assert lists[f"C{rows['Haemoglobin']}"] == '"g/dL,g/L,mmol/L"'
    assert lists[f"B{rows['Goal of treatment']}"] == '"comfort_only,disease_control,no_hospital"'
    other = lists[f"B{rows['Other condition, present']}"]
    assert other.removeprefix("=").startswith("Lists!$")
    assert all(len(rule) <= 257 for rule in some(lists.values()))
    labs = {str(r.sqref): r.formula1 for r in book["labs"].data_validations.dataValidation}
    assert "Lists!$" in labs["D2:D1001"]
    # the form holds nothing but labels, headings and hints
    filled = {
        board.cell(row, column).value
        for row in range(5, board.max_row + 1)
        for column in range(2, 11)
        if board.cell(row, 1).value in {f.label for f in load().form.fields.values()}
    }
    assert filled == {None}


def test_the_workbook_has_the_same_bytes_each_time(tmp_path: Path) -> None:
    one = write_form(tmp_path / "one.xlsx", load())
    two = write_form(tmp_path / "two.xlsx", load())
    assert one.read_bytes() == two.read_bytes()
    with zipfile.ZipFile(one) as archive:
        assert "xl/vbaProject.bin" not in archive.namelist()


def test_the_command_writes_the_workbook_and_overwrites_nothing(tmp_path: Path) -> None:
    runner = CliRunner()
    file = tmp_path / "new" / "board.xlsx"
    assert runner.invoke(app, ["template", "--xlsx", str(file)]).exit_code == 0
    assert file.stat().st_size > 10_000
    again = runner.invoke(app, ["template", "--xlsx", str(file)])
    assert (again.exit_code, "already exists" in again.stderr) == (2, True)
    other = runner.invoke(app, ["template", "--xlsx", str(tmp_path / "board.csv")])
    assert (other.exit_code, "does not end in .xlsx" in other.stderr) == (2, True)
    nothing = runner.invoke(app, ["template"])
    assert (nothing.exit_code, "Name what to write" in nothing.stderr) == (2, True)


# ---------------------------------------------------------------- results of any test


def test_results_of_the_first_sheet(form: FilledForm) -> None:
    """Immunofixation, MRD, the marrow after the CAR-T and the histology of a lesion."""
    form.fill("patient_id", patient_id="X")
    form.fill("car_t", product="cilta-cel", day="2025-02-17")
    for test, value, more in (
        ("serum_immunofixation", "negative", {}),
        ("urine_immunofixation", "negative", {}),
        ("mrd", "negative", {"method": "NGF", "specimen": "marrow", "sensitivity": "0.00001"}),
        ("egfr", "52", {"unit": "mL/min/1.73m2"}),
    ):
        form.fill("other_result", value=value, day="2025-08-17", test=test, **more)
    form.fill("marrow_plasma_cells", value="1", unit="%", day="2025-08-17")
    form.fill("marrow_plasma_cells", value="30", unit="%", day="2026-02-17")
    form.fill("lesion", lesion="L1", day="2026-02-17", kind="extramedullary")
    form.fill("lesion_histology", value="L1=plasma_cells", day="2026-02-20")
    (record,) = _records(form)
    assert [(x.test, x.word or str(x.quantity)) for x in record.labs if x.test != "egfr"] == [
        ("marrow_plasma_cells", "1"),
        ("marrow_plasma_cells", "30"),
        ("serum_immunofixation", "negative"),
        ("urine_immunofixation", "negative"),
        ("mrd", "negative"),
    ]
    assert [x.sensitivity for x in record.labs if x.test == "mrd"] == [1e-5]
    assert [(x.finding, x.value, x.by) for x in record.facts] == [
        ("lesion_histology", "L1=plasma_cells", "pathology")
    ]
    assert _issues(record) == {}
