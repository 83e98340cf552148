"""Drafts of two layouts as registries have them, with invented rows: how many columns are drafted
right, and which are left to the person.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from rearm.intake import Reading, read
from rearm.intake.mapping.draft.header_meaning import named_test_and_unit
from rearm.intake.mapping.draft.write import draft_mapping, write_draft
from rearm.record import When

Rows = list[list[Any]]

# A German workbook: a title, merged groups, then the header.
STAMM: Rows = [
    ["Register Export 2024"],
    ["Patient", *[None] * 5, "CAR-T", *[None] * 6, "Verlauf", *[None] * 9],
    [
        "Pat.-Nr.", "Geschlecht", "Geburtsdatum", "Größe (cm)", "Gewicht (kg)", "Typ",
        "Infusion am", "Produkt", "Apherese am", "ED MM (MM/JJJJ)", "ISS", "R-ISS", "del17p",
        "CRS", "ICANS", "Progress am", "Verstorben", "Letzter Kontakt", "t(4;14)", "gain 1q21",
        "Vortherapien", "Zentrum", "Bemerkung",
    ],
    [
        1, "w", "03.04.1960", 165, 70, "IgG kappa", "10.01.2022", "Carvykti (EAP)", "01.12.2021",
        "12/2017", "II", "2", "ja", 2, "-", "01.09.2022", "01.01.2023", "01.01.2023", "nein",
        "nein", 4, "A", "x",
    ],
    [
        2, "m", "05.06.1955", 180, 82, "IgA lambda", "20.02.2022", "Abecma", "10.01.2022",
        "2018-05", "I", "1", "nein", "-", "-", None, None, "20.05.2023", "nein", "ja", 3, "B", None,
    ],
]  # fmt: skip
LABOR: Rows = [
    [
        "Pat.-Nr.", "Abnahmedatum", "M-Gradient", "Einheit", "kappa FLK (mg/l)",
        "lambda FLK (mg/l)", "FLK-Quotient", "Immunfixation (Serum)", "Hb (g/dl)",
        "Thrombozyten (/nl)", "Leukozyten (/nl)", "Neutros (/nl)", "Kreatinin (mg/dl)",
        "Kalzium (mmol/l)", "LDH (U/l)", "CRP (mg/l)", "Ferritin (ng/ml)", "ß2-MG (mg/l)",
        "Albumin (g/l)", "IgG (g/l)", "PZ im KM (%)", "Kommentar",
    ],
    [
        1, "05.01.2022", 28, "g/l", 310, 8, 38, "pos", 10.1, 150, 4.1, 2.0,
        0.9, 2.3, 240, 4, 300, 3.1, 38, 30, 40, "x",
    ],
    [
        1, "10.02.2022", 3, "g/l", 12, 9, 1.3, "neg", 11.0, 120, 3.0, 1.5,
        0.9, 2.3, 200, 2, 280, 2.8, 39, 5, 2, None,
    ],
    [
        2, "15.02.2022", 1.1, "g/dl", 9, 210, 0.04, "pos", 9.8, 90, 3.3, 1.1,
        1.2, 2.4, 260, 9, 700, 4.4, 35, 3, 60, None,
    ],
]  # fmt: skip
THERAPIEN: Rows = [
    ["Pat.-Nr.", "Linie", "Therapie", "von", "bis", "Ansprechen", "Abbruchgrund"],
    [1, 1, "VRd", "01.2018", "06.2018", "VGPR", "abgeschlossen"],
    [2, 1, "VCD", "2018-06", "2018-12", "PR", "Progress"],
]
# A REDCap project: raw codes, and the data dictionary beside it.
FIELDS: Rows = [
    [
        "Variable / Field Name", "Form Name", "Field Type", "Field Label",
        "Choices, Calculations, OR Slider Labels",
    ],
    ["record_id", "base", "text", "Record ID", ""],
    ["gender", "base", "radio", "Sex", "1, Female | 2, Male | 9, Unknown"],
    ["dob", "base", "text", "Date of birth", ""],
    ["mm_type", "base", "dropdown", "Type", "1, IgG kappa | 2, IgA lambda | 3, Light chain kappa"],
    ["date_dx", "base", "text", "Date of diagnosis", ""],
    ["inf_dt", "cart", "text", "CAR-T infusion date", ""],
    ["cart_prod", "cart", "dropdown", "CAR-T product", "1, ide-cel | 2, cilta-cel"],
    ["aph_dt", "cart", "text", "Apheresis date", ""],
    ["crs_gr", "cart", "radio", "Max CRS grade", "0, 0 | 1, 1 | 2, 2 | 3, 3 | 4, 4"],
    ["icans_gr", "cart", "radio", "Max ICANS grade", "0, 0 | 1, 1 | 2, 2"],
    ["prog_dt", "fu", "text", "Date of progression", ""],
    ["death_dt", "fu", "text", "Date of death", ""],
    ["lfu_dt", "fu", "text", "Date of last contact", ""],
    ["lab_dt", "labs", "text", "Lab date", ""],
    ["mspike", "labs", "text", "M-spike (g/dL)", ""],
    ["kap", "labs", "text", "kappa FLC (mg/L)", ""],
    ["lam", "labs", "text", "lambda FLC (mg/L)", ""],
    ["hgb", "labs", "text", "Hemoglobin (g/dL)", ""],
    ["plt", "labs", "text", "Platelets (10*9/L)", ""],
    ["fer", "labs", "text", "Ferritin (ng/mL)", ""],
    ["del17p_fish", "base", "yesno", "del(17p)", "1, Yes | 0, No"],
    ["drug___1", "base", "checkbox", "Drugs given (choice=bortezomib)", ""],
    ["base_complete", "base", "dropdown", "Complete?", "0, Incomplete | 2, Complete"],
]  # fmt: skip
DATA: Rows = [
    [row[0] for row in FIELDS[1:]],
    [
        "R1", 1, "1960-04-03", 1, "2018-05-02", "2022-01-10", 2, "2021-12-01", 2, 0, "2022-09-01",
        "", "2023-01-01", "2022-01-05", 2.8, 310, 8, 10.1, 150, 300, 1, 1, 2,
    ],
    [
        "R2", 2, "1955-06-05", 2, "2017-03-02", "2022-02-20", 1, "2022-01-10", "", "", "",
        "", "2023-05-20", "2022-02-15", 1.1, 9, 210, 9.8, 90, 700, 0, 0, 2,
    ],
]  # fmt: skip


@pytest.fixture
def german(tmp_path: Path) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in (("Stammdaten", STAMM), ("Labor", LABOR), ("Therapien", THERAPIEN)):
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book["Stammdaten"].merge_cells("A2:F2")
    book["Stammdaten"].merge_cells("G2:M2")
    book.save(tmp_path / "register.xlsx")
    return tmp_path / "register.xlsx"


@pytest.fixture
def redcap(tmp_path: Path) -> Path:
    for name, rows in (("data.csv", DATA), ("dictionary.csv", FIELDS)):
        with (tmp_path / name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
    return tmp_path


def _left(draft: str) -> list[str]:
    """Headers that the draft leaves to the person."""
    return re.findall(r"^  #   (.+?)   \(", draft, re.MULTILINE)


def _read(source: Path) -> Reading:
    folder = source.parent if source.is_file() else source
    return read(source, write_draft(folder / "draft.toml", source))


def test_german_workbook_is_drafted(german: Path) -> None:
    draft = draft_mapping(german)
    count = len(STAMM[2]) + len(LABOR[0]) + len(THERAPIEN[0])
    left = _left(draft)
    assert count == 52
    assert left == ["Zentrum", "Bemerkung", "Kommentar"]
    assert "header_row = 3" in draft


def test_german_draft_reads_as_meant(german: Path) -> None:
    reading = _read(german)
    first, second = reading.records
    assert (first.sex, first.heavy_chain, first.light_chain) == ("F", ("IgG",), "kappa")
    assert [(x.product, x.targets, x.day) for x in first.infusions] == [("cilta-cel", ("BCMA",), 0)]
    assert first.infusions[0].apheresis_days == (-40,)
    assert first.diagnosis == When(-1501, -1471)
    assert [(x.toxicity, x.grade) for x in first.toxicities] == [("crs", 2)]
    assert [(x.response, x.day) for x in first.responses] == [("PD", 234)]
    assert [death.day for death in first.deaths] == [356]
    assert (second.deaths, second.responses, second.toxicities) == ((), (), ())
    assert second.last_seen_day == 454
    days = {lab.day for lab in first.labs if lab.test == "serum_m_protein"}
    assert days == {-5, 31}
    assert len(first.labs) > 30
    assert all(lab.day is not None or lab.test in _STATIC for lab in first.labs)
    assert [(t.line, t.best_response) for t in first.therapies] == [(1, "VGPR")]
    assert first.therapies[0].start == When(-1470, -1440)
    values = [x.quantity.exact for x in second.labs if x.test == "serum_m_protein" and x.quantity]
    assert values == [1.1]  # the unit stands in the column beside it


_STATIC = {"iss", "r_iss", "weight", "height"}  # of the sheet that has no day


def test_redcap_is_drafted_by_its_dictionary(redcap: Path) -> None:
    draft = draft_mapping(redcap)
    left = _left(draft)
    assert left == ["drug___1", "base_complete"]
    assert len(DATA[0]) - len(left) >= 0.8 * len(DATA[0])
    assert "not mapped" in draft  # the dictionary itself


def test_redcap_draft_reads_as_meant(redcap: Path) -> None:
    first, second = _read(redcap).records
    assert [(r.sex, r.heavy_chain, r.light_chain) for r in (first, second)] == [
        ("F", ("IgG",), "kappa"),
        ("M", ("IgA",), "lambda"),
    ]
    assert [r.infusions[0].product for r in (first, second)] == ["cilta-cel", "ide-cel"]
    assert [(v.gene, v.result) for r in (first, second) for v in r.variants] == [
        ("17p", "present"),
        ("17p", "absent"),
    ]
    assert [(x.toxicity, x.grade) for x in first.toxicities] == [("crs", 2), ("icans", 0)]
    assert second.toxicities == ()
    assert (first.deaths, second.deaths) == ((), ())
    assert [(x.response, x.day) for x in first.responses] == [("PD", 234)]
    assert {(x.test, x.day) for x in second.labs} == {
        (test, -5)
        for test in (
            "serum_m_protein", "kappa_flc", "lambda_flc", "hemoglobin", "platelets", "ferritin",
        )
    }  # fmt: skip


DATED = ["Abnahmedatum", "lab_date", "Probe vom", "LBDTC", "measurement_date", "resp_date", "Wann"]


@pytest.mark.parametrize("header", DATED)
def test_results_are_dated(tmp_path: Path, header: str) -> None:
    """Also by a column of an unknown name, where it is the only one with dates."""
    (tmp_path / "l.csv").write_text(f"PatNr,{header},M-Gradient (g/l)\nA,2024-03-01,12\n", "utf-8")
    (tmp_path / "p.csv").write_text("PatNr,Infusionsdatum\nA,2024-02-01\n", "utf-8")
    (record,) = _read(tmp_path).records
    assert [(x.test, x.day) for x in record.labs] == [("serum_m_protein", 29)]


@pytest.mark.parametrize("header", ["person_id", "USUBJID", "PatNr", "record_id", "Pat.-Nr."])
def test_ids_are_found(tmp_path: Path, header: str) -> None:
    (tmp_path / "l.csv").write_text(f"{header},date,Hb (g/dl)\nA,2024-03-01,12\n", "utf-8")
    (record,) = _read(tmp_path / "l.csv").records
    assert (record.patient_id, len(record.labs)) == ("A", 1)


def test_results_one_a_row(tmp_path: Path) -> None:
    rows = "USUBJID,LBTEST,LBORRES,LBORRESU,LBDTC\nA,Hemoglobin,12,g/dL,2024-03-01T08:00\n"
    (tmp_path / "lb.csv").write_text(rows, "utf-8")
    (record,) = _read(tmp_path / "lb.csv").records
    assert [(x.test, x.as_given) for x in record.labs] == [("hemoglobin", "12 g/dL")]


def test_labs_of_a_mapping_without_a_day_are_told_once_and_on_the_patient(tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_text("PatNr,Hb (g/dl)\nA,12\nA,12\n", "utf-8")
    reading = _read(tmp_path / "l.csv")
    (record,) = reading.records
    found = [(i.severity, i.code, i.patient_id) for i in reading.all_issues()]
    assert found == [("warning", "undated", "A")]
    assert len(record.labs) == 2  # two visits may hold one value


def test_dead_without_a_date(tmp_path: Path) -> None:
    rows = "patient_id,sex,Verstorben\nA,f,ja\nB,m,nein\nC,m,\n"
    (tmp_path / "p.csv").write_text(rows, "utf-8")
    assert [len(r.deaths) for r in _read(tmp_path / "p.csv").records] == [1, 0, 0]


@pytest.mark.parametrize(
    ("header", "test"),
    [
        ("BCMA", None),  # on the cells or in the serum
        ("BCMA (%)", None),
        ("BCMA (ng/ml)", "soluble_bcma"),
        ("BCMA ng/mL", "soluble_bcma"),
        ("sBCMA", "soluble_bcma"),
        ("GPRC5D", None),
    ],
)
def test_only_its_unit_tells_where_bcma_was_measured(header: str, test: str | None) -> None:
    found = named_test_and_unit(header)
    assert (None if found is None else found[0].id) == test
