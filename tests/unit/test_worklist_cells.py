"""Whoever keeps the data finds each cell by the work list: sheet, row, column, header, value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from rearm.cli.check_files import worklist_of
from rearm.intake import read

MAPPING = """
name = "m"
[files]
b = "b.xlsx"
[[sheet]]
file = "b"
sheet = "p"
id = "Pat"
[[sheet.row]]
table = "patients"
sex = { column = "Geschlecht" }
[[sheet.row]]
table = "infusions"
day = { column = "Infusion" }
product = { column = "Produkt" }
[[sheet.row]]
table = "deaths"
day = { column = "Tod" }
[[sheet]]
file = "b"
sheet = "l"
id = "Pat"
[[sheet.row]]
table = "labs"
day = { column = "Datum" }
test = "ldh"
value = { column = "LDH" }
unit = "U/L"
"""
PEOPLE = ["Pat", "Geschlecht", "Infusion", "Produkt", "Tod"]
Row = Mapping[str, Any]


def _rows(
    folder: Path, p: Sequence[Sequence[Any]], labs: Sequence[Sequence[Any]]
) -> dict[str, list[Row]]:
    """The rows of the work list by code."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in (("p", [PEOPLE, *p]), ("l", [["Datum", "LDH", "Pat"], *labs])):
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    book.save(folder / "b.xlsx")
    (folder / "m.toml").write_text(MAPPING, "utf-8")
    found = worklist_of(read(folder / "b.xlsx", folder / "m.toml")).plain()["issues"]
    by_code: dict[str, list[Row]] = {}
    for row in found:
        assert row["file"] == "b.xlsx"
        by_code.setdefault(row["code"], []).append(row)
    return by_code


def _cells(rows: Sequence[Row]) -> list[tuple[Any, ...]]:
    names = ("patient", "sheet", "row", "column", "header", "value")
    return [tuple(row[name] for name in names) for row in rows]


A = ["A", "w", "2022-01-10", "Carvykti", None]


def test_an_id_is_found_in_the_column_of_ids(tmp_path: Path) -> None:
    rows = _rows(
        tmp_path, [A, ["a", "m", "2022-01-11", "Abecma", None]], [["2022-01-05", 200, "C"]]
    )
    assert _cells(rows["ids_alike"]) == [
        ("A", "p", 2, "A", "Pat", "A"),
        ("a", "p", 3, "A", "Pat", "a"),
    ]
    assert _cells(rows["no_patient_row"]) == [("C", "l", 2, "C", "Pat", "C")]


def test_a_day_is_found_in_the_column_of_days(tmp_path: Path) -> None:
    labs = [["2022-01-05", 200, "A"], ["2032-01-05", 210, "A"], ["2024-01-05", 220, "A"]]
    rows = _rows(tmp_path, [A], labs)
    assert _cells(rows["date_in_future"]) == [("A", "l", 3, "A", "Datum", "2032-01-05")]
    assert _cells(rows["lonely_last_day"]) == [("A", "l", 4, "A", "Datum", "2024-01-05")]
    assert _cells(rows["day_zero_chosen"]) == [("A", "p", 2, "C", "Infusion", "2022-01-10")]
    assert [row["field"] for row in rows["date_in_future"]] == ["day"]


def test_a_code_is_shown_as_in_the_sheet(tmp_path: Path) -> None:
    rows = _rows(tmp_path, [["A", 1, *A[2:]]], [["2022-01-05", 200, "A"]])
    assert _cells(rows["unknown_word"]) == [("A", "p", 2, "B", "Geschlecht", "1")]


def test_every_cell_of_one_issue_is_a_row_with_its_patient(tmp_path: Path) -> None:
    undone: list[list[Any]] = [["2022-01-05", "n.d.", "A"], ["2022-01-06", "n.d.", "A"]]
    labs = [*undone, ["2022-01-07", 200, None], ["2022-01-08", 210, None]]
    rows = _rows(tmp_path, [A, ["B", "m", "2022-01-11", "Abecma", None]], labs)
    assert _cells(rows["not_done"]) == [
        ("A", "l", 2, "B", "LDH", "n.d."), ("A", "l", 3, "B", "LDH", "n.d.")]  # fmt: skip
    assert [cells[:5] for cells in _cells(rows["patient_id_missing"])] == [
        (None, "l", 4, "C", "Pat"), (None, "l", 5, "C", "Pat")]  # fmt: skip
    assert [cells[:3] for cells in _cells(rows["row_blank"])] == [("A", "p", 2), ("B", "p", 3)]


def test_a_label_of_the_mapping_is_the_value(tmp_path: Path) -> None:
    labels = '[day_labels]\n"Visite 9" = [900000, 900001]\n'
    rows = _rows(tmp_path, [A], [["2022-01-05", 200, "A"]])
    (tmp_path / "m.toml").write_text(MAPPING + labels, "utf-8")
    book = openpyxl.load_workbook(tmp_path / "b.xlsx")
    book["l"]["A2"] = "Visite 9"
    book.save(tmp_path / "b.xlsx")
    rows = worklist_of(read(tmp_path / "b.xlsx", tmp_path / "m.toml")).plain()["issues"]
    told = [row for row in rows if row["code"] in ("date_in_future", "beyond_age")]
    assert _cells(told) == [("A", "l", 2, "A", "Datum", "Visite 9")]


@pytest.mark.parametrize(("header", "column"), [("day", "day"), ("Date", "Date")])
def test_a_column_of_a_csv_file_is_found_by_its_header(
    tmp_path: Path, header: str, column: str
) -> None:
    (tmp_path / "labs.csv").write_text(
        f"patient_id,{header},test,value,unit\nA,nie,ldh,200,U/L\n", "utf-8"
    )
    (tmp_path / "patients.csv").write_text("patient_id\nA\n", "utf-8")
    rows = worklist_of(read(tmp_path)).plain()["issues"]
    (told,) = [row for row in rows if row["code"] == "day_unreadable"]
    assert _cells([told]) == [("A", None, 2, column, header, "nie")]
    assert (told["file"], told["field"]) == ("labs.csv", "day")


_LABS = [
    # the M-protein without its decimal point
    ("2023-05-01", "serum_m_protein", 0.9, "g/dL"),
    ("2023-06-01", "serum_m_protein", 9, "g/dL"),
    ("2023-07-01", "serum_m_protein", 0.8, "g/dL"),
    # the chains the other way round
    ("2023-06-01", "kappa_flc", 6, "mg/L"),
    ("2023-06-01", "lambda_flc", 800, "mg/L"),
    # less IgG than M-protein
    ("2023-07-01", "igg", 300, "mg/dL"),
    ("2023-08-01", "ldh", "n.d.", "U/L"),
]
# code, row, value
DOUBTED = [
    ("possible_slip", 3, "9"), ("light_chains_swapped", 5, "6"),
    ("igg_below_m_protein", 7, "300"), ("not_done", 8, "n.d."),
]  # fmt: skip


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_a_doubted_value_is_found_in_its_cell(tmp_path: Path, suffix: str) -> None:
    labs: list[list[Any]] = [
        ["patient_id", "day", "test", "value", "unit"],
        *(["A", *row] for row in _LABS),
    ]
    people = [["patient_id", "heavy_chain", "light_chain"], ["A", "IgG", "kappa"]]
    tables: dict[str, list[list[Any]]] = {"patients": people, "labs": labs}
    if suffix == "csv":
        for name, rows in tables.items():
            lines = "\n".join(",".join(map(str, row)) for row in rows)
            (tmp_path / f"{name}.csv").write_text(lines, "utf-8")
    else:
        book = openpyxl.Workbook()
        book.remove(book.worksheets[0])
        for name, rows in tables.items():
            sheet = book.create_sheet(name)
            for row in rows:
                sheet.append(row)
        book.save(tmp_path / "t.xlsx")
    told = worklist_of(read(tmp_path)).plain()["issues"]
    sheet_name, column = (None, "value") if suffix == "csv" else ("labs", "D")
    found = {code: _cells([x for x in told if x["code"] == code]) for code, _, _ in DOUBTED}
    wanted = {
        code: ("A", sheet_name, line, column, "value", value) for code, line, value in DOUBTED
    }
    assert {code for code in wanted if wanted[code] not in found[code]} == set()
    named = [(*cell[3:5], bool(cell[5])) for cells in found.values() for cell in cells]
    assert set(named) == {(column, "value", True)}
