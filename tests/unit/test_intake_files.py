"""Files that are no tables, and the true places of cells."""

from __future__ import annotations

import gzip
import zipfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from rearm.intake import InputError, read
from rearm.intake.files.read import read_grids

REVIEW = Path(__file__).parents[1] / "data" / "review" / "inputs"
PATIENTS = "patient_id,sex\nA,F\n"


def _book(path: Path, cells: dict[str, Any], title: str = "patients") -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for address, value in cells.items():
        sheet[address] = value
    book.save(path)
    return path


def _refused(path: Path) -> str:
    with pytest.raises(InputError) as error:
        read(path)
    return str(error.value)


def test_missing_file(tmp_path: Path) -> None:
    assert "There is no file" in _refused(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("patients.csv", b"", "empty"),
        ("patients.csv", b"\n\n", "is an empty table"),
        ("patients.csv", b"PK\x03\x04\x00\x00", "named like a text file but is not one"),
        ("patients.csv", b"sex,age\nF,3\n", "patient_id is missing"),
        ("patients.csv", b"patient_id,sex,sex\nA,F,F\n", "appears twice"),
        ("patients.csv", b"patient_id,sex\n", "contains no patient"),
        ("cohort.csv", b"patient_id,sex\nA,F\n", "no tidy table"),
        ("notes.docx", b"hello", "not a readable table"),
        ("old.xls", b"\xd0\xcf\x11\xe0", "old Excel"),
        ("cohort.xlsx", b"hello, this is text", "is not one"),
        ("cohort.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "password"),
        ("cohort.xlsx", b"PK\x03\x04 truncated", "damaged or truncated"),
        ("labs.parquet", b"hello, this is text", "is not one"),
        ("labs.parquet", b"PAR1 truncated", "damaged or truncated"),
    ],
)
def test_unusable_files(tmp_path: Path, name: str, content: bytes, why: str) -> None:
    (tmp_path / name).write_bytes(content)
    sentence = _refused(tmp_path / name)
    assert why in sentence and name in sentence and sentence.endswith((".", ")"))


def test_truncated_workbook(tmp_path: Path) -> None:
    path = _book(tmp_path / "c.xlsx", {"A1": "patient_id", "A2": "A"})
    path.write_bytes(path.read_bytes()[:-200])
    assert "damaged or truncated" in _refused(path)


def test_zip_that_is_no_workbook(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "c.xlsx", "w") as archive:
        archive.writestr("a.txt", "hello")
    assert "not an Excel workbook" in _refused(tmp_path / "c.xlsx")


def test_workbook_bomb(tmp_path: Path) -> None:
    """A small file that unpacks to 300 MiB, and one that packs 2 MiB a thousandfold: neither is
    opened.
    """
    for size, why in ((300, "unpacks to 300 MiB"), (2, "100 times its size")):
        with zipfile.ZipFile(tmp_path / "bomb.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
            for _ in range(size):
                archive.writestr(f"xl/worksheets/sheet{_}.xml", b" " * 2**20)
        assert why in _refused(tmp_path / "bomb.xlsx")


def test_workbook_with_two_far_cells(tmp_path: Path) -> None:
    path = _book(tmp_path / "far.xlsx", {"A1": "patient_id", "A2": "A", "XFD1048576": "x"})
    assert "spans" in _refused(path)


def test_document_type_declaration(tmp_path: Path) -> None:
    path = _book(tmp_path / "c.xlsx", {"A1": "patient_id", "A2": "A"})
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["xl/workbook.xml"] = parts["xl/workbook.xml"].replace(
        b"<workbook ", b"<!DOCTYPE x [<!ENTITY a 'b'>]><workbook ", 1
    )
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    assert "document type declaration" in _refused(path)


def test_addresses_are_true_where_the_table_starts_late(tmp_path: Path) -> None:
    """The reader drops leading empty rows and columns; the place in an issue is that of the
    spreadsheet.
    """
    cells = {
        "C4": "patient_id",
        "D4": "test",
        "E4": "value",
        "F4": "unit",
        "G4": "day",
        "C5": "A",
        "D5": "serum_m_protein",
        "E5": 2.5,
        "G5": 3,
    }
    reading = read(_book(tmp_path / "c.xlsx", cells, "labs"))
    record = reading.records[0]
    assert record.set_aside[0].source.place == "labs!E5"
    assert [i.source.place for i in record.issues if i.code == "unit_missing"] == ["labs!E5"]


def test_formulas_and_errors_in_cells(tmp_path: Path) -> None:
    """A formula without a stored result, an error, and text that looks like a formula: none is
    computed, the first two are said.
    """
    cells = {
        "A1": "patient_id",
        "B1": "sex",
        "C1": "last_seen_day",
        "A2": "=1+1",
        "A3": "B",
        "B3": "#N/A",
        "C3": "=A1",
    }
    path = _book(tmp_path / "c.xlsx", cells)
    reading = read(path)
    assert [r.patient_id for r in reading.records] == ["B"]
    places = {i.source.place for i in reading.issues if i.code == "cell_without_value"}
    assert places == {"patients!A2", "patients!B3", "patients!C3"}
    (tmp_path / "patients.csv").write_text('patient_id,sex\n"=HYPERLINK(""http://x"")",F\n')
    assert read(tmp_path / "patients.csv").records[0].patient_id == '=HYPERLINK("http://x")'


def test_dates_of_the_1904_calendar(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904
    sheet = book.active
    assert sheet is not None
    sheet.title = "patients"
    sheet.append(["patient_id", "day_zero"])
    sheet.append(["A", datetime(2024, 3, 12)])
    book.save(tmp_path / "c.xlsx")
    assert str(read(tmp_path / "c.xlsx").records[0].day_zero) == "2024-03-12"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "patients.csv").write_bytes("patient_id;sex\nMüller;männlich\n".encode(encoding))
    reading = read(tmp_path / "patients.csv")
    assert (reading.records[0].patient_id, reading.records[0].sex) == ("Müller", "M")
    assert ("encoding_guessed" in {i.code for i in reading.issues}) == (encoding == "cp1252")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("patient_id;day;test;value;unit\nA;1;serum_m_protein;2,5;g/dL\n", 2.5),
        (
            "patient_id;day;test;value;unit\nA;1;platelets;1.234;10*9/L\n",
            1.234,
        ),  # no decimal comma anywhere: the point is decimal
        ("patient_id;day;test;value;unit;ref_high\nA;1;ferritin;1234.5;ng/mL;0,5\n", 1234.5),
        ('patient_id,day,test,value,unit\nA,1,serum_m_protein,"2,5",g/dL\n', 2.5),
        ("patient_id\tday\ttest\tvalue\tunit\nA\t1\tserum_m_protein\t2.5\tg/dL\n", 2.5),
    ],
)
def test_decimal_marks(tmp_path: Path, text: str, expected: float) -> None:
    (tmp_path / "labs.csv").write_text(text)
    lab = read(tmp_path / "labs.csv").records[0].labs[0]
    assert lab.quantity is not None and lab.quantity.exact == expected


@pytest.mark.parametrize(
    "text",
    [
        'patient_id,day,test,value,unit\nA,1,ferritin,"1,234",ng/mL\n',
        # commas are decimal elsewhere: 1234, or 1.234?
        "patient_id;day;test;value;unit;ref_high\nA;1;ferritin;1.234;ng/mL;0,5\n",
        'patient_id,day,test,value,unit,ref_high\nA,1,ferritin,1.234,ng/mL,"0,5"\n',
        "patient_id;day;test;value;unit;ref_high\nA;1;ferritin;1.234;ng/mL;1.234,5\n",
        "patient_id;day;test;value;unit;ref_high\nA;1;ferritin;1.234 ng/mL;;2,5\n",
    ],
)
def test_number_that_can_be_two_numbers_is_set_aside(tmp_path: Path, text: str) -> None:
    (tmp_path / "labs.csv").write_text(text)
    record = read(tmp_path / "labs.csv").records[0]
    assert record.labs == () and "can mean" in (record.set_aside[0].why_set_aside or "")


def test_parquet_and_csv_give_the_same(tmp_path: Path) -> None:
    rows = {
        "patient_id": ["A", "A"],
        "day": [1, 2],
        "test": ["crp", "crp"],
        "value": ["<0.5", "12"],
        "unit": ["mg/L", "mg/L"],
    }
    frame = pl.DataFrame(rows)
    (tmp_path / "p").mkdir()
    (tmp_path / "c").mkdir()
    frame.write_parquet(tmp_path / "p" / "labs.parquet")
    frame.write_csv(tmp_path / "c" / "labs.csv")
    first, second = (read(tmp_path / d).records[0] for d in "pc")
    assert [(x.quantity, x.day) for x in first.labs] == [(x.quantity, x.day) for x in second.labs]
    assert first.labs[0].source.place == second.labs[0].source.place == "row 2"


def test_rows_are_counted_as_a_spreadsheet_shows_them(tmp_path: Path) -> None:
    (tmp_path / "labs.csv").write_text(
        'patient_id,day,test,value,unit\n\nA,1,crp,"3\n",mg/L\nA,2,crp,x,mg/L\n'
    )
    record = read(tmp_path / "labs.csv").records[0]
    assert [i.source.place for i in record.issues if i.code == "value_unreadable"] == [
        "row 4, value"
    ]


def test_unknown_columns_files_and_tables(tmp_path: Path) -> None:
    (tmp_path / "patients.csv").write_text("patient_id,sex,shoe_size,birth_yaer\nA,F,40,1960\n")
    (tmp_path / "extra.csv").write_text(
        ""
    )  # an empty file that is no table does not stop the others
    (tmp_path / "p.json").write_text("{}")
    reading = read(tmp_path)
    said = {i.code: i.message for i in reading.issues}
    assert (
        "birth_year" in said["unknown_column"]
        and "extra" in said["table_not_read"]
        and "p.json" in said["bundles_beside_tables"]
    )
    (tmp_path / "Patients.parquet").write_bytes(b"")
    pl.DataFrame({"patient_id": ["B"]}).write_parquet(tmp_path / "Patients.parquet")
    assert "appears twice" in _refused(tmp_path)


def test_elapsed_time_in_a_cell_is_no_number(tmp_path: Path) -> None:
    cells = {
        "A1": "patient_id",
        "B1": "day",
        "C1": "test",
        "D1": "value",
        "E1": "unit",
        "A2": "A",
        "B2": 1,
        "C2": "crp",
        "D2": timedelta(hours=30),
        "E2": "mg/L",
    }
    record = read(_book(tmp_path / "c.xlsx", cells, "labs")).records[0]
    assert record.labs == () and record.set_aside[0].why_set_aside


def test_grids_of_a_folder_are_sorted(tmp_path: Path) -> None:
    (tmp_path / "patients.csv").write_text(PATIENTS)
    grids, issues = read_grids(tmp_path / "patients.csv")
    assert (grids[0].rows, issues) == ([["patient_id", "sex"], ["A", "F"]], [])


def test_a_mapped_table_refuses_the_same_numbers_as_a_tidy_one(tmp_path: Path) -> None:
    (tmp_path / "lab.csv").write_text("Pat;Tag;Kappa\nA;30;1.250\nA;60;12,5\n")
    (tmp_path / "m.toml").write_text(
        'name = "m"\n[files]\nlab = "lab.csv"\n[[sheet]]\nfile = "lab"\nid ='
        ' "Pat"\n[[sheet.row]]\ntable = "labs"\nday = { column = "Tag" }\ntest = "kappa_flc"\nvalue'
        ' = { column = "Kappa" }\nunit = "mg/L"\n'
    )
    record = read(tmp_path, mapping=tmp_path / "m.toml").records[0]
    assert [x.quantity.exact for x in record.labs if x.quantity] == [12.5]
    assert [("can mean" in (x.why_set_aside or "")) for x in record.set_aside] == [True]


@pytest.mark.parametrize("day", ["7.000", "-1.000"])
def test_a_day_that_may_be_thousands_is_refused(tmp_path: Path, day: str) -> None:
    (tmp_path / "labs.csv").write_text(
        f"patient_id,day,test,value,unit\nA,{day},ferritin,5,ng/mL\n"
    )
    assert "day_unreadable" in {
        i.code for r in read(tmp_path / "labs.csv").records for i in r.issues
    }


SWALLOWED = REVIEW / "06-stray-quote-swallows-rows" / "input" / "labs.csv"


def test_a_quotation_mark_that_swallows_rows_is_named_with_its_row() -> None:
    assert "labs.csv: a quotation mark opened in row 3 " in _refused(SWALLOWED)


@pytest.mark.parametrize(
    ("text", "row"),
    [
        # closed in the middle of a later row: what remains of it follows the cell
        ('patient_id,day,test,value,unit\nA,1,"crp,3,mg/L\nA,2,crp"x,4,mg/L\n', 2),
        ('patient_id;day;test;value;unit\nA;1;crp;3;mg/L\nA;2;"crp;4;mg/L\nA;3;crp;5;"mg/L\n', 3),
        # never closed
        ('patient_id,sex\nA,F\n"B,F\nC,M\n', 3),
        ('patient_id,sex\nA,F\nB,"F', 3),
    ],
)
def test_an_open_quotation_mark(tmp_path: Path, text: str, row: int) -> None:
    (tmp_path / "labs.csv").write_text(text)
    assert f"opened in row {row} " in _refused(tmp_path / "labs.csv")


def test_a_cell_of_several_lines_is_no_swallowed_row(tmp_path: Path) -> None:
    (tmp_path / "facts.csv").write_text(
        'patient_id,finding,value,by\nA,goals,"at home,\nwith her family, if possible",team\n'
    )
    assert [f.value for f in read(tmp_path / "facts.csv").records[0].facts] == [
        "at home,\nwith her family, if possible"
    ]


@pytest.mark.parametrize("first", ["sep=;\n", '"sep=;"\r\n', "SEP=; \n"])
def test_a_first_line_that_states_the_delimiter_is_none_of_the_table(
    tmp_path: Path, first: str
) -> None:
    (tmp_path / "labs.csv").write_text(
        first + "patient_id;day;test;value;unit\nA;1;serum_m_protein;3,3;g/dL\nA;2;crp;x;mg/L\n"
    )
    record = read(tmp_path / "labs.csv").records[0]
    assert [x.quantity.exact for x in record.labs if x.quantity] == [3.3]
    # rows as they stand in the file, that line being the first
    assert [i.source.place for i in record.issues] == ["row 4, value"]


def test_a_file_for_a_spreadsheet_program_gives_its_results() -> None:
    (record,) = read(REVIEW / "11-excel-separator-line" / "input").records
    assert [(x.day, x.quantity.exact) for x in record.labs if x.quantity] == [
        (-8, 3.3),
        (29, 1.1),
        (58, 0.9),
    ]


def test_text_files_and_pipes(tmp_path: Path) -> None:
    (tmp_path / "patients.csv").write_text("patient_id|sex\nA|F\n")
    assert read(tmp_path / "patients.csv").records[0].sex == "F"
    (tmp_path / "labs.txt").write_text("patient_id day\n")
    assert "Save it as .xlsx or CSV" in _refused(tmp_path / "labs.txt")


TABS = "patient_id\tsex\nA\tF\n"


@pytest.mark.parametrize("name", ["patients.tsv", "patients.txt", "patients.TXT"])
def test_columns_between_tabs_are_a_table(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(TABS)
    (tmp_path / "readme.txt").write_text("What lies here.\nA\tB\n")
    reading = read(tmp_path)
    assert [record.sex for record in reading.records] == ["F"]
    assert [(x.code, x.source.file) for x in reading.issues] == [("file_not_read", "readme.txt")]


@pytest.mark.parametrize("name", ["patients.csv.gz", "patients.tsv.gz", "Patients.CSV.GZ"])
def test_packed_tables_are_read(tmp_path: Path, name: str) -> None:
    text = TABS if "tsv" in name else TABS.replace("\t", ",")
    (tmp_path / name).write_bytes(gzip.compress(text.encode()))
    for path in (tmp_path, tmp_path / name):
        (record,) = read(path).records
        assert (record.sex, record.issues) == ("F", ())


def test_a_packed_table_that_is_cut_off_or_none_is_refused(tmp_path: Path) -> None:
    packed = gzip.compress(TABS.encode())
    for content in (packed[:-9], b"patient_id,sex\nA,F\n"):
        (tmp_path / "patients.csv.gz").write_bytes(content)
        assert "damaged or truncated" in _refused(tmp_path / "patients.csv.gz")


def test_a_packed_file_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "labs.csv.gz", "wb") as file:
        for _ in range(70):
            file.write(b" " * 1024**2)
    assert "unpacks to more than 64 MiB" in _refused(tmp_path / "labs.csv.gz")


def test_a_null_in_one_cell_costs_no_other_row(tmp_path: Path) -> None:
    """As text of a database may hold it; UTF-16 without its mark stays refused."""
    text = "patient_id,day,test,value,unit\nA,1,calcium,9.1,mg/dL\nB\x00,1,calcium,9.4,mg/dL\n"
    file = tmp_path / "labs.csv"
    file.write_bytes(text.encode())
    (grid,), issues = read_grids(file)
    assert [row[0] for row in grid.rows] == ["patient_id", "A", "B\ufffd"]
    assert [issue.code for issue in issues] == ["control_characters"]
    file.write_bytes(text.replace("\x00", "").encode("utf-16-le"))
    with pytest.raises(InputError, match="named like a text file but is not one"):
        read_grids(file)
