"""The work list of `check`: causes, coverage, what is not on record, and its exit codes."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from tests.support.loops import some
from typer.testing import CliRunner

from rearm.assessment import assess, assess_all
from rearm.cli import app
from rearm.cli.check_files import worklist_of
from rearm.errors import InputError
from rearm.intake import read, read_tables
from rearm.intake.files.read import read_grids
from rearm.record import Issue, Source
from rearm.report.worklist.contents import (
    Coverage,
    Worklist,
    causes,
    may_change_an_answer,
    not_on_record,
    values_text,
)
from rearm.report.worklist.spreadsheets import write_csv_files, write_xlsx
from rearm.workbook import MOST_ROWS

EXAMPLES = Path(__file__).parents[2] / "examples" / "tables"
LABS: list[dict[str, Any]] = [
    {"patient_id": "A", "day": 1, "test": "crp", "value": 3, "unit": "mg"},
    {"patient_id": "A", "day": 2, "test": "crp", "value": 4, "unit": "mg"},
    {"patient_id": "B", "day": 2, "test": "crp", "value": 4, "unit": "pounds"},
    {"patient_id": "B", "day": None, "test": "crp", "value": 4, "unit": "mg/L"},
    {"patient_id": "B", "day": 3, "test": "platelets", "value": "viel", "unit": "10*9/L"},
]


def _reading() -> Any:
    return read_tables({"patients": [{"patient_id": "A"}, {"patient_id": "B"}], "labs": LABS})


def test_issues_of_one_cause_stand_together_with_their_values() -> None:
    found = {c.code: c for c in causes(_reading().all_issues())}
    units = found["unit_not_allowed"]
    assert (units.count, units.patients, units.column) == (3, 2, "unit")
    assert units.values == (("mg", 2), ("pounds", 1))
    assert values_text(units, most=1) == "mg (2), 1 more"
    assert units.example.source == Source("tables/labs", "row 2, unit")


@pytest.mark.parametrize(
    ("order", "codes"),
    [
        ("severity", ["b", "a", "c"]),
        ("count", ["c", "a", "b"]),
        ("patients", ["a", "b", "c"]),
        ("code", ["a", "b", "c"]),
    ],
)
def test_the_order_of_causes(order: Any, codes: Sequence[str]) -> None:
    def issue(severity: Any, code: str, patient: str | None) -> Issue:
        return Issue(severity, code, Source("labs.csv", "row 2"), "Said.", "used", patient)

    issues = [
        *[issue("warning", "a", who) for who in ("A", "B")],
        issue("error", "b", "A"),
        *[issue("note", "c", None)] * 3,
    ]
    assert [c.code for c in causes(issues, order)] == codes


@pytest.mark.parametrize(
    ("place", "cell"),
    [
        ("labs!C7", ("labs", 7, "C")),
        ("labs!7", ("labs", 7, None)),
        ("a!b!C7", ("a!b", 7, "C")),
        ("row 12, value", (None, 12, None)),
        ("row 12", (None, 12, None)),
        ("Observation/x", (None, None, None)),
        ("", (None, None, None)),
    ],
)
def test_a_place_has_sheet_row_and_column(place: str, cell: tuple[Any, ...]) -> None:
    assert Source("f", place).cell == cell


def test_an_issue_knows_its_column_and_value_wherever_it_was_read(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "labs"
    for row in (["patient_id", "day", "test", "value", "unit"], ["A", 1, "crp", "viel", "mg/L"]):
        sheet.append(row)
    book.save(tmp_path / "c.xlsx")
    (tmp_path / "labs.csv").write_text("patient_id,day,test,value,unit\nA,1,crp,viel,mg/L\n")
    for name in ("c.xlsx", "labs.csv"):
        (issue,) = read(tmp_path / name).records[0].issues
        assert (issue.column, issue.value) == ("value", "viel")


def test_coverage_counts_what_has_a_day() -> None:
    coverage = Coverage()
    for record in _reading().records:
        coverage.add(record)
    assert (coverage.patients, coverage.set_aside) == (2, 4)
    assert (coverage.read["results"], coverage.without_day["results"]) == (1, 1)
    assert coverage.no_infusion == ["A", "B"] and coverage.no_results == ["A"]


def test_what_is_not_on_record_is_what_the_assessment_asks_for() -> None:
    """No second list: the same work-ups, those that could change most first."""
    record = next(r for r in read(EXAMPLES).records if r.patient_id == "SYN-09")
    assessment = assess(record)
    rows = not_on_record(assessment)
    assert {row.workup for row in rows} == {test.name for test in assessment.next_tests}
    assert [(row.failure, row.options) for row in rows[:3]] == [(True, 3), (False, 20), (False, 20)]
    assert [row.options for row in rows[1:]] == sorted(
        (row.options for row in rows[1:]), reverse=True
    )


@pytest.mark.parametrize(
    ("tables", "code"),
    [
        ("patient_id,day,product\nA,0,ide-cel\n", 0),
        # used, and its target is unknown: no rule on the same antigen applies
        ("patient_id,day,product\nA,0,Wundermittel\n", 1),
        ("patient_id,day,product\nA,morgen,ide-cel\n", 1),
        ("patient_id,day,product\n", 2),
        ("day,product\n0,ide-cel\n", 2),
    ],
)
def test_exit_codes(tmp_path: Path, tables: str, code: int) -> None:
    """0: nothing that changes an answer; 1: something that may; 2: unusable."""
    (tmp_path / "infusions.csv").write_text(tables)
    (tmp_path / "patients.csv").write_text("patient_id\nA\n" if code < 2 else "patient_id\n")
    assert CliRunner().invoke(app, ["check", str(tmp_path)]).exit_code == code


@pytest.mark.parametrize(
    ("top", "own", "codes"),
    [
        ("", "", ["sheets_not_mapped", "columns_not_mapped", "column_without_header"]),
        ('ignore = ["Notizen"]', 'ignore = ["Wetter"]', ["column_without_header"]),
        ('ignore = ["Not*"]', 'ignore = ["Wetter", "C"]', []),
    ],
)
def test_what_is_not_mapped_may_change_an_answer(
    tmp_path: Path, top: str, own: str, codes: list[str]
) -> None:
    """Unless it is left out on purpose; a column without cells says nothing."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "p"
    for row in (["Pat", "Wetter", None, "leer"], ["A", "sonnig", 7, None]):
        sheet.append(row)
    book.create_sheet("Notizen").append(["x"])
    book.save(tmp_path / "b.xlsx")
    (tmp_path / "m.toml").write_text(
        f'name = "m"\n{top}\n[files]\nb = "b.xlsx"\n[[sheet]]\nfile = "b"\nsheet = "p"\n'
        f'id = "Pat"\n{own}\n[[sheet.row]]\ntable = "patients"\nsex = "F"\n'
    )
    issues = read(tmp_path, mapping=tmp_path / "m.toml").all_issues()
    assert [(i.code, i.done) for i in issues] == [(code, "set_aside") for code in codes]
    assert all(map(may_change_an_answer, issues))
    places = {i.code: i.source.cell for i in issues}
    assert places.get("column_without_header", ("p", 1, "C")) == ("p", 1, "C")
    if not top:
        assert places["columns_not_mapped"] == ("p", 1, "B")
        assert places["sheets_not_mapped"] == ("Notizen", None, None)


def test_notes_alone_change_no_answer() -> None:
    note = Issue("note", "row_blank", Source("l.csv", "row 2"), "Blank.", "set_aside")
    assert not may_change_an_answer(note)


def test_the_tables_can_be_opened_and_nothing_in_them_is_computed(tmp_path: Path) -> None:
    issue = Issue(
        "error", "x", Source("=1.csv", "row 2"), "=HYPERLINK(1)", "used", "A", value="=1+1\x01"
    )
    worklist = Worklist(issues=[issue], coverage=Coverage(), missing=[])
    folder, path = tmp_path / "csv", tmp_path / "list.xlsx"
    written = write_csv_files(folder, worklist.tables())
    assert [p.name for p in written] == [
        "issues.csv",
        "causes.csv",
        "not_on_record.csv",
        "coverage.csv",
    ]
    with (folder / "issues.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["file"], row["what"], row["row"]) == ("'=1.csv", "'=HYPERLINK(1)", "2")
    write_xlsx(path, worklist.tables())
    cells = openpyxl.load_workbook(path)["issues"]
    what = cells["J2"]
    assert (what.value, what.data_type, what.quotePrefix) == ("=HYPERLINK(1)", "s", True)
    assert [cells.cell(2, i).value for i in (6, 9)] == [2, "=1+1\ufffd"]
    assert read_grids(path)[0][0].rows[0][:3] == ["severity", "code", "patient"]
    again = write_xlsx(tmp_path / "again.xlsx", worklist.tables())
    assert again.read_bytes() == path.read_bytes()


def test_a_table_longer_than_a_sheet_is_refused_and_not_cut(tmp_path: Path) -> None:
    rows = [["what"]] + [["x"]] * MOST_ROWS
    with pytest.raises(InputError, match="1,048,577 rows"):
        write_xlsx(tmp_path / "list.xlsx", {"issues": rows})
    assert [*tmp_path.iterdir()] == []


def test_a_patient_who_cannot_be_assessed_costs_the_others_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from rearm.cli import check_files

    whole = assess_all

    def failing(records: Any, **settings: Any) -> Any:
        if any(record.patient_id == "A" for record in records):
            raise RuntimeError("no")
        return whole(records, **settings)

    monkeypatch.setattr(check_files, "assess_all", failing)
    worklist = worklist_of(_reading())
    assert worklist.coverage.patients == 2
    (sentence,) = worklist.unassessed
    assert sentence.startswith("A could not be assessed")
    assert {row.patient_id for row in worklist.missing} | set(worklist.complete) == {"B"}


def test_every_row_of_a_table_is_as_wide_as_its_header() -> None:
    worklist = worklist_of(read(EXAMPLES))
    for rows in some(worklist.tables().values()):
        assert len({len(row) for row in rows}) == 1
