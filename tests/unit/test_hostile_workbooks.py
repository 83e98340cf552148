"""Workbooks made to end or to stall the program, and workbooks in a lawful but rare form."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from rearm.intake import InputError, read
from rearm.intake.files.read import read_grids

REVIEW = Path(__file__).parents[1] / "data" / "review"
HOSTILE = REVIEW / "inputs_hostile"
STRICT = REVIEW / "inputs" / "04-strict-workbook-percent" / "input"
FAR = REVIEW / "inputs" / "24-far-cell-in-strict-workbook" / "input"

# The limits hold from where an ordinary workbook was read: 60 MB of addresses, half a second of the
# processor for each file.
_READ = """
import resource, sys
from pathlib import Path
from rearm.errors import InputError
from rearm.intake.files.read import read_grids

usual, *hostile = map(Path, sys.argv[1:])
read_grids(usual)
pages = int(Path("/proc/self/statm").read_text().split()[0])
used = resource.getrusage(resource.RUSAGE_SELF)
addresses = pages * resource.getpagesize() + 60 * 2**20
seconds = int(used.ru_utime + used.ru_stime + len(hostile) / 2 + 1)
resource.setrlimit(resource.RLIMIT_AS, (addresses, addresses))
resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
for path in hostile:
    try:
        sheets, issues = read_grids(path)
        print(path.name, "read", len(sheets))
    except InputError as error:
        print(path.name, "refused", "span" in str(error))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits of addresses are those of Linux")
def test_no_workbook_takes_more_than_its_size_allows() -> None:
    """Each is refused, or read, within the limits; none ends the process."""
    files = sorted([*HOSTILE.glob("*.xlsx"), *FAR.glob("*.xlsx")])
    assert len(files) == 17
    done = subprocess.run(
        [sys.executable, "-c", _READ, str(STRICT / "usual.xlsx"), *map(str, files)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = [line.split() for line in done.stdout.splitlines()]
    assert [name for name, *_ in told] == [path.name for path in files]
    assert [name for name, what, _ in told if what == "read"] == [
        "x_sheet_c1.xlsx",
        "x_sheet_esc.xlsx",
    ]
    # these are sound XML and name cells that exist; what is wrong with them is their extent
    assert [name for name, what, how in told if (what, how) == ("refused", "True")] == [
        "strict.xlsx", "usual.xlsx", "q_gt.xlsx", "q_lower.xlsx", "q_nl.xlsx", "q_norow.xlsx",
        "q_single.xlsx", "q_space.xlsx", "x_big2.xlsx", "x_bigrow.xlsx",
    ]  # fmt: skip


def test_the_strict_form_gives_what_the_usual_form_gives() -> None:
    """Percent formats, and the formula without a result, are seen in both."""
    usual, strict = (read(STRICT / f"{form}.xlsx") for form in ("usual", "strict"))
    marrow = [
        x.quantity.exact for x in strict.records[0].of_test("marrow_plasma_cells") if x.quantity
    ]
    assert marrow == [55, 20, 42]
    assert [(x.test, x.when, x.quantity) for x in strict.records[0].labs] == [
        (x.test, x.when, x.quantity) for x in usual.records[0].labs
    ]
    said = [{i.code for i in reading.all_issues()} for reading in (usual, strict)]
    assert said[0] == said[1] >= {"cell_without_value", "number_format"}


def _rewritten(path: Path, part: str, change: Callable[[bytes], bytes]) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "patients"
    for row in (["patient_id", "sex"], ["A", "F"], ["B", "=A1"]):
        sheet.append(row)
    book.save(path)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    changed = change(parts[part])
    assert changed != parts[part]
    parts[part] = changed
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


SHEET, BOOK, LINKS = (
    "xl/worksheets/sheet1.xml",
    "xl/workbook.xml",
    "xl/_rels/workbook.xml.rels",
)


def _replace(old: str, new: str) -> Callable[[bytes], bytes]:
    return lambda xml: xml.replace(old.encode(), new.encode())


@pytest.mark.parametrize(
    ("part", "change", "why"),
    [
        (SHEET, _replace('r="B2"', 'r="XFE2"'), "beyond the last possible one"),
        (SHEET, _replace('r="B2"', 'r="B1048577"'), "beyond the last possible one"),
        (SHEET, _replace('r="B2"', 'r="2B"'), "beyond the last possible one"),
        (SHEET, _replace('<row r="2"', '<row r="1048577"'), "beyond the last possible one"),
        (SHEET, _replace('<row r="3"', '<row r="0"'), "beyond the last possible one"),
        (SHEET, _replace("</sheetData>", ""), "not valid XML"),
        (SHEET, lambda xml: xml.decode().encode("utf-16"), "UTF-16"),
        (SHEET, lambda xml: b'<?xml version="1.0" encoding="latin-1"?>' + xml, "latin-1"),
        (BOOK, lambda xml: b'<?xml version="1.0" encoding="UTF-8x"?>' + xml, "UTF-8x"),
        (
            "xl/styles.xml",
            _replace(
                "<fonts",
                f'<numFmts><numFmt numFmtId="200" formatCode="{"[" * 256}0"/></numFmts><fonts',
            ),
            "number format",
        ),
        (LINKS, _replace("sheet1.xml", "sheet1.bin"), "not named as XML"),
        (LINKS, _replace("worksheets/sheet1.xml", "worksheets/SHEET1.xml"), "two ways"),
    ],
)
def test_a_workbook_that_no_program_writes(
    tmp_path: Path, part: str, change: Callable[[bytes], bytes], why: str
) -> None:
    path = _rewritten(tmp_path / "c.xlsx", part, change)
    with pytest.raises(InputError) as error:
        read(path)
    assert why in str(error.value) and "c.xlsx" in str(error.value)


def test_an_entity_is_refused_in_every_part(tmp_path: Path) -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "b"><!ENTITY c "&a;&a;&a;">]>'
    path = _rewritten(tmp_path / "c.xlsx", "docProps/app.xml", lambda xml: bomb + xml)
    with pytest.raises(InputError, match="document type declaration"):
        read(path)


def test_cells_without_addresses_and_other_prefixes_are_read(tmp_path: Path) -> None:
    """Rows and cells count on where they name no place; a prefix is only a name."""

    def change(xml: bytes) -> bytes:
        for address in ("A1", "B1", "A2", "B2", "A3", "B3"):
            xml = xml.replace(f' r="{address}"'.encode(), b"")
        return xml

    path = _rewritten(tmp_path / "c.xlsx", SHEET, change)
    grids, issues = read_grids(path)
    assert grids[0].rows == [["patient_id", "sex"], ["A", "F"], ["B", None]]
    assert [i.source.place for i in issues] == ["patients!B3"]


def test_a_calculated_empty_text_is_a_value(tmp_path: Path) -> None:
    change = _replace('<c r="B3"><f>A1</f><v />', '<c r="B3" t="str"><f>A1</f><v></v>')
    grids, issues = read_grids(_rewritten(tmp_path / "c.xlsx", SHEET, change))
    assert (grids[0].rows[2], issues) == (["B", None], [])
