"""A workbook cell is read as it is shown, not as it is stored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from rearm.intake import read


def result(tmp_path: Path, stored: float, number_format: str, test: str, unit: str | None) -> Any:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "labs"
    sheet.append(["patient_id", "day", "test", "value", "unit"])
    sheet.append(["P", 5, test, stored, unit])
    sheet["D2"].number_format = number_format
    people = book.create_sheet("patients")
    people.append(["patient_id", "sex"])
    people.append(["P", "F"])
    book.save(tmp_path / "t.xlsx")
    return read(tmp_path / "t.xlsx")


@pytest.mark.parametrize(
    ("what", "stored", "number_format", "unit", "value"),
    [
        ("percent format, unit %", 0.86, "0%", "%", "86"),
        ("percent format with decimals, no unit given", 0.865, "0.0%", None, "86.5"),
        ("bare number", 86, "0", "%", "86"),
        ("general", 0.86, "General", "%", "0.86"),
        ("a comparator that only the format shows", 5, '"<"0', "%", "<5"),
        ("colour and blanks in a format are no text", 86, '[Red]0.0" "', "%", "86"),
    ],
)
def test_percentages(
    tmp_path: Path, what: str, stored: float, number_format: str, unit: str | None, value: str
) -> None:
    (record,) = result(
        tmp_path, stored, number_format, "gprc5d_positive_plasma_cells", unit
    ).records
    assert [str(x.quantity) for x in record.labs] == [value], what


def test_a_unit_in_the_format_that_contradicts_the_column_is_set_aside(tmp_path: Path) -> None:
    reading = result(tmp_path, 9, '0.0" g/L"', "serum_m_protein", "g/dL")
    (record,) = reading.records
    assert record.labs == () and len(record.set_aside) == 1
    assert any(i.code == "number_format" for i in reading.all_issues())


def test_a_unit_in_the_format_is_used_where_no_other_is_given(tmp_path: Path) -> None:
    (record,) = result(tmp_path, 9, '0.0" g/L"', "serum_m_protein", None).records
    assert [(x.quantity.exact, x.unit) for x in record.labs if x.quantity] == [
        (pytest.approx(0.9), "g/dL")
    ]


@pytest.mark.parametrize(
    ("stored", "number_format", "shown"),
    [
        (1, "000", "001"),
        (12, "00000", "00012"),
        (1234, "000", "1234"),
        (7, '"P"000', "P007"),
        (7, "\\P000", "P007"),
        (1, "0", "1"),
        (1, "0.00", "1"),
        (1, "General", "1"),
    ],
)
def test_an_id_is_read_as_it_is_shown(
    tmp_path: Path, stored: float, number_format: str, shown: str
) -> None:
    """1 under the format 000 is the patient 001 of the other sheet."""
    book = Workbook()
    people, labs = book.create_sheet("patients"), book.create_sheet("labs")
    people.append(["patient_id", "sex"])
    people.append([stored, "F"])
    people["A2"].number_format = number_format
    labs.append(["patient_id", "day", "test", "value", "unit"])
    labs.append([shown, 5, "ldh", 200, "U/L"])
    book.save(tmp_path / "t.xlsx")
    reading = read(tmp_path / "t.xlsx")
    (record,) = reading.records
    assert (record.patient_id, record.sex, len(record.labs)) == (shown, "F", 1)
    assert not {"ids_alike", "no_patient_row"} & {i.code for i in reading.all_issues()}
