"""What a draft must not make of a registry: invented rows, the right value beside them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from rearm.errors import InputError
from rearm.intake import Reading, read
from rearm.intake.mapping.draft.write import draft_mapping, write_draft
from rearm.record import UNKNOWN_WHEN, Record, When

Rows = list[list[Any]]


def _book(folder: Path, **sheets: Sequence[Sequence[Any]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(folder / "register.xlsx")
    return folder / "register.xlsx"


def _read(book: Path) -> Reading:
    return read(book, write_draft(book.parent / "draft.toml", book))


def _labs(record: Record) -> list[tuple[str, When, str | None]]:
    return [(x.test, x.when, x.specimen) for x in record.labs]


# ---------------------------------------------------------------- the specimen

SPECIMENS = [
    "Material", "Probenmaterial", "Specimen", "Sample type", "Untersuchungsmaterial",
    "LBSPEC", "Probenart",
]  # fmt: skip
INFUSED: Rows = [["Pat.-Nr.", "Infusionsdatum", "Produkt"], ["A", "2022-01-10", "Carvykti"]]


@pytest.mark.parametrize("header", SPECIMENS)
def test_a_result_keeps_its_specimen(tmp_path: Path, header: str) -> None:
    """The M-gradient of the urine is none of the serum, nor are cells of the CSF those of blood."""
    labs: Rows = [
        ["Pat.-Nr.", "Datum", "Parameter", "Wert", "Einheit", header],
        ["A", "2022-01-05", "M-Gradient", 12, "g/l", "Serum"],
        ["A", "2022-09-06", "M-Gradient", 20, "g/l", "Urin"],
        ["A", "2022-09-06", "Leukozyten", 2, "/nl", "Liquor"],
    ]
    (record,) = _read(_book(tmp_path, p=INFUSED, l=labs)).records
    assert _labs(record) == [("serum_m_protein", When.on(-5), "serum")]
    assert [i.code for i in record.issues if i.severity == "error"] == ["unknown_test"] * 2


def test_columns_of_results_have_the_specimen_beside_them(tmp_path: Path) -> None:
    labs: Rows = [
        ["Pat.-Nr.", "Datum", "Material", "M-Gradient (g/l)"],
        ["A", "2022-01-05", "Serum", 12],
        ["A", "2022-09-06", "Urin", 20],
    ]
    (record,) = _read(_book(tmp_path, p=INFUSED, l=labs)).records
    assert _labs(record) == [("serum_m_protein", When.on(-5), "serum")]


def test_both_limits_of_a_range_are_read(tmp_path: Path) -> None:
    labs: Rows = [
        ["Pat.-Nr.", "Datum", "Parameter", "Wert", "Einheit", "Referenzbereich"],
        ["A", "2022-01-05", "LDH", 200, "U/l", "135 - 250"],
        ["A", "2022-01-06", "LDH", 200, "U/l", "< 250"],
        ["A", "2022-01-07", "LDH", 200, "U/l", "> 120,5"],
        ["A", "2022-01-08", "LDH", 200, "U/l", None],
    ]
    reading = _read(_book(tmp_path, p=INFUSED, l=labs))
    limits = [(x.ref_low, x.ref_high) for x in reading.records[0].labs]
    assert limits == [(135, 250), (None, 250), (120.5, None), (None, None)]
    assert [i.code for i in reading.all_issues()] == ["day_zero_chosen"]


# ---------------------------------------------------------------- codes beside days


@pytest.mark.parametrize(
    ("code", "progressed"), [(1, True), (2, False), ("ja", True), ("nein", False), (None, True)]
)
@pytest.mark.parametrize("name", ["Datum Progress", "PD-Datum"])
def test_a_coded_progress_beside_its_date(
    tmp_path: Path, name: str, code: Any, progressed: bool
) -> None:
    base = [
        [*INFUSED[0], "Progress", name],
        [*INFUSED[1], code, "2022-09-06"],
        ["B", "2022-01-10", "Abecma", 2, None],
    ]
    first, second = _read(_book(tmp_path, p=base)).records
    assert [(x.response, x.day) for x in first.responses] == [("PD", 239)] * progressed
    assert second.responses == ()


def test_whether_there_was_an_infusion_is_not_its_day(tmp_path: Path) -> None:
    base: Rows = [
        ["Pat.-Nr.", "CAR-T-Infusion", "Datum CAR-T", "Produkt"],
        ["A", "ja", "2022-01-10", "Abecma"],
        ["B", "nein", None, "Abecma"],
    ]
    infused = [r.infusions for r in _read(_book(tmp_path, p=base)).records]
    assert [[(x.day, x.infused) for x in own] for own in infused] == [[(0, True)], [(None, False)]]


def test_a_progress_that_answers_neither_yes_nor_no_is_left_to_the_person(tmp_path: Path) -> None:
    base = [[*INFUSED[0], "Progress", "Datum Progress"], [*INFUSED[1], "vielleicht", "2022-09-06"]]
    book = _book(tmp_path, p=base)
    assert "# check: Progress belongs to Datum Progress" in draft_mapping(book)
    (record,) = _read(book).records
    assert record.responses == ()


UNKNOWN_DAY = [UNKNOWN_WHEN]


@pytest.mark.parametrize(
    ("dead", "day", "deaths"),
    [
        (1, "2023-01-10", [When.on(365)]),
        ("ja", "10/2023", [When(629, 659)]),
        (1, "n.d.", UNKNOWN_DAY),  # a death without a day is a death
        (1, None, UNKNOWN_DAY),
        (2, None, []),
        (2, "n.d.", []),
        (None, None, []),
        (None, "2023-01-10", [When.on(365)]),
    ],
)
@pytest.mark.parametrize("diagnosis", ["2018-05-02", None])
def test_the_day_of_death_is_no_day_of_a_stage(
    tmp_path: Path, dead: Any, day: Any, deaths: list[When], diagnosis: str | None
) -> None:
    header = [*INFUSED[0], *(["Erstdiagnose"] if diagnosis else [])]
    base = [
        [*header, "Verstorben", "Todesdatum", "ISS"],
        [*INFUSED[1], *([diagnosis] if diagnosis else []), dead, day, "II"],
    ]
    (record,) = _read(_book(tmp_path, p=base)).records
    assert [death.when for death in record.deaths] == deaths
    stage = When.on(-1349) if diagnosis else UNKNOWN_WHEN
    assert _labs(record) == [("iss", stage, None)]


def test_codes_are_for_the_person_to_name(tmp_path: Path) -> None:
    base = [
        [*INFUSED[0], "Geschlecht", "del(17p)"],
        [*INFUSED[1], 1, 9],
        ["B", "2022-01-10", "Abecma", 2, 1],
        ["C", "2022-01-10", "Abecma", 9, 2],
    ]
    book = _book(tmp_path, p=base)
    draft = draft_mapping(book)
    words = 'add words = { "1" = "", "2" = "", "9" = "" }'
    for column in ("Geschlecht", "del(17p)"):
        assert f'{{ column = "{column}" }}   # check: codes 1, 2, 9; {words}' in draft
    reading = _read(book)
    assert all((r.sex, r.variants) == (None, ()) for r in reading.records)
    codes = [i.code for i in reading.all_issues() if i.severity == "error"]
    assert codes == ["unknown_word"] * 6, "what is not filled in is not lost without a word"


# ---------------------------------------------------------------- months, labels


@pytest.mark.parametrize(
    ("day", "when"), [("10/2023", When(629, 659)), ("Nov 2023", When(660, 689))]
)
def test_months_are_read_and_no_label(tmp_path: Path, day: str, when: When) -> None:
    labs: Rows = [["Pat.-Nr.", "Datum", "LDH (U/l)"], ["A", day, 200], ["A", "2022-01-05", 210]]
    book = _book(tmp_path, p=INFUSED, l=labs)
    assert "day_labels" not in draft_mapping(book)
    (record,) = _read(book).records
    assert _labs(record)[0] == ("ldh", when, None)


def test_only_what_nobody_reads_is_a_label(tmp_path: Path) -> None:
    days = ["Day 7", "3 Monate", "Leukapherese", "Zyklus 3", "03/04/2023", "01.02.23", "n.d."]
    labs: Rows = [["Pat.-Nr.", "Visite", "LDH (U/l)"], *(["A", day, 200] for day in days)]
    draft = draft_mapping(_book(tmp_path, p=INFUSED, l=labs))
    block = re.search(r"^\[day_labels\]\n((?:.+\n)*)", draft, re.MULTILINE)
    assert block is not None and block[1] == '# "Zyklus 3" = \n'


# ---------------------------------------------------------------- two header rows

GROUPS: Rows = [
    ["Pat.-Nr.", "Linie 1", *[None] * 3, "Linie 2", *[None] * 3, "CAR-T", None, None, "Progress",
     "Tod"],
    [None, *["Schema", "Beginn", "Ende", "Ansprechen"] * 2, "Datum", "Produkt", "Ansprechen",
     "Datum", "Datum"],
    ["A", "VRd", "2018-01-10", "2018-06-01", "VGPR", "DPd", "2020-01-10", "2020-06-01", "PR",
     "2022-01-10", "Abecma", "CR", "2022-09-06", "2023-01-01"],
]  # fmt: skip


@pytest.mark.parametrize("id_beside_the_headers", [True, False])
def test_columns_are_called_by_their_group(tmp_path: Path, id_beside_the_headers: bool) -> None:
    rows = [[*row] for row in GROUPS]
    if id_beside_the_headers:
        rows[0][0], rows[1][0] = None, "Pat.-Nr."
    book = _book(tmp_path, p=rows)
    sheet = openpyxl.load_workbook(book)
    for cells in ("B1:E1", "F1:I1", "J1:L1"):
        sheet["p"].merge_cells(cells)
    sheet.save(book)
    draft = draft_mapping(book)
    assert "group_row = 1" in draft and "not recognised" not in draft
    reading = _read(book)
    (record,) = reading.records
    assert [(t.line, t.regimen, t.start.first, t.end.first, t.best_response)
            for t in record.therapies] == [
        (1, "VRd", -1461, -1319, "VGPR"), (2, "DPd", -731, -588, "PR")]  # fmt: skip
    assert [(x.product, x.day) for x in record.infusions] == [("ide-cel", 0)]
    assert {(x.response, x.when) for x in record.responses} == {
        ("PD", When.on(239)), ("CR", When(1, None))}  # fmt: skip
    assert [death.day for death in record.deaths] == [356]
    assert [i.code for i in reading.all_issues()] == ["day_zero_chosen"]


@pytest.mark.parametrize(("code", "progressed"), [(1, True), (2, False)])
def test_a_code_under_a_group_is_a_condition(tmp_path: Path, code: int, progressed: bool) -> None:
    rows: Rows = [
        ["Register"],
        [None, "CAR-T", None, "Progress", None, "Tod", None],
        ["Pat.-Nr.", "Datum", "Produkt", "Ja/Nein", "Datum", "Ja/Nein", "Datum"],
        ["A", "2022-01-10", "Abecma", code, "2022-09-06", code, "2023-01-01"],
    ]
    (record,) = _read(_book(tmp_path, p=rows)).records
    assert [(x.response, x.day) for x in record.responses] == [("PD", 239)] * progressed
    assert [death.day for death in record.deaths] == [356] * progressed


def test_a_header_that_stands_twice_is_listed_and_never_mapped(tmp_path: Path) -> None:
    book = _book(tmp_path, p=[[*INFUSED[0], "Ansprechen", "Ansprechen"], [*INFUSED[1], "PR", "CR"]])
    assert "#   Ansprechen   (appears 2 times)" in draft_mapping(book)
    assert len(_read(book).records) == 1


@pytest.mark.parametrize(("row", "header"), [(0, 2), (2, 2), (3, 2)])
def test_groups_stand_above_the_header(tmp_path: Path, row: int, header: int) -> None:
    book = _book(tmp_path, p=GROUPS)
    mapping = tmp_path / "m.toml"
    text = re.sub("group_row = 1", f"group_row = {row}", draft_mapping(book))
    mapping.write_text(text, "utf-8")
    with pytest.raises(
        InputError, match=rf"group_row: {row} is not possible.*header_row \({header}\)"
    ):
        read(book, mapping)


# ---------------------------------------------------------------- headers of registries


@pytest.mark.parametrize(
    "headers",
    [
        ["Linie 1 Schema", "Linie 1 Beginn", "Linie 2 Schema", "Linie 2 Beginn"],
        ["Schema Linie 1", "Beginn Linie 1", "Schema Linie 2", "Beginn Linie 2"],
        ["1. Linie Schema", "1. Linie Beginn", "2. Linie Schema", "2. Linie Beginn"],
        ["Line_1_Regimen", "Line_1_Start", "Line_2_Regimen", "Line_2_Start"],
    ],
)
def test_numbered_lines(tmp_path: Path, headers: list[str]) -> None:
    base = [
        [*INFUSED[0], *headers],
        [*INFUSED[1], "VRd", "2018-01-10", "DPd", "2020-01-10"],
    ]
    (record,) = _read(_book(tmp_path, p=base)).records
    lines = [(t.line, t.regimen, t.start) for t in record.therapies]
    assert lines == [(1, "VRd", When.on(-1461)), (2, "DPd", When.on(-731))]


def test_headers_that_registries_have(tmp_path: Path) -> None:
    header = ["ECOG vor CAR-T", "CRS max. Grad", "ICANS Grad (max.)", "Best response"]
    base = [
        [*INFUSED[0], *header, "Schwere Kette", "Leichte Kette"],
        [*INFUSED[1], 1, 2, 0, "VGPR", "IgG", "kappa"],
    ]
    (record,) = _read(_book(tmp_path, p=base)).records
    assert _labs(record) == [("ecog", When(None, -1), None)]
    assert [(x.toxicity, x.grade) for x in record.toxicities] == [("crs", 2), ("icans", 0)]
    assert [(x.response, x.when) for x in record.responses] == [("VGPR", When(1, None))]
    assert (record.heavy_chain, record.light_chain) == (("IgG",), "kappa")
