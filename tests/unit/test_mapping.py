"""The mapping language, on small tables: what is read, what contradicts itself, and what a wrong
mapping says.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest

from rearm.intake import InputError, Reading, read
from rearm.intake.mapping.draft.write import draft_mapping, write_draft
from rearm.intake.mapping.load import load_mapping
from rearm.intake.tidy.template import write_template
from rearm.record import Record, When

Rows = list[list[Any]]


def _book(folder: Path, **sheets: Rows) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(folder / "cohort.xlsx")
    return folder / "cohort.xlsx"


def _mapping(folder: Path, text: str) -> Path:
    path = folder / "centre.toml"
    path.write_text('[files]\nbook = "*.xlsx"\n' + text, "utf-8")
    return path


def _read(folder: Path, text: str, **sheets: Rows) -> Reading:
    return read(_book(folder, **sheets), _mapping(folder, text))


def _issues(record: Record, code: str) -> list[str]:
    return [f"{i.source.place}|{i.done}" for i in record.issues if i.code == code]


CLINICAL = """
[day_labels]
"3 month" = [61, 137]
LA = "apheresis"
[[sheet]]
file = "book"
sheet = "clin"
id = "Pat"
id_pattern = "(.+?)(?:_[0-9]+)?"
  [[sheet.row]]
  table = "patients"
  sex = { column = "Geschlecht", words = { w = "F", m = "M" } }
  light_chain = { column = "Typ", extract = "(?i)kappa|lambda" }
  heavy_chain = { column = "Typ", extract = "IgG|IgA|BJ", words = { BJ = "none" } }
  diagnosis_day = { column = "ED", negate = true }
  [[sheet.row]]
  table = "infusions"
  day = 0
  product = { column = "Produkt", words = { a = "ide-cel", c = "cilta-cel" } }
  [[sheet.row]]
  table = "therapies"
  each = "Regime_(?P<line>[0-9]+)"
  line = { group = "line" }
  after_infusion = 0
  start_day = "before infusion"
  regimen = { cell = true }
  best_response = { column = "Remission_{line}" }
  [[sheet.row]]
  table = "therapies"
  line = { last_column = "Regime_(?P<line>[0-9]+)", plus = 1 }
  after_infusion = 1
  regimen = { column = "Salvage" }
  [[sheet.row]]
  table = "assessments"
  when = { column = "progress", is = [1] }
  day = { column = "pfs" }
  response = "PD"
  by = "team"
  [[sheet.row]]
  table = "assessments"
  each = "(?P<visit>.+) response"
  day = { group = "visit" }
  response = { cell = true }
[regimens]
XYZ = ["bortezomib", "dexamethasone"]
"""
CLIN_HEADER: list[Any] = [
    "Pat", "Geschlecht", "Typ", "ED", "Produkt", "Regime_1", "Remission_1", "Regime_2", "Regime_3",
    "Salvage",
    "progress", "pfs", "3 month response",
]  # fmt: skip


def test_clinical_sheet(tmp_path: Path) -> None:
    rows: Rows = [
        CLIN_HEADER,
        ["A_1", "w", "IgG Kappa", 900, "a", "VCD", "PR", "XYZ", "CAR-T", "Pd", 1, 100, "VGPR"],
        ["B", "m", "BJ lambda", None, "c", "VRd", None, None, None, None, 0, 50, None],
    ]
    first, second = _read(tmp_path, CLINICAL, clin=rows).records
    assert (
        first.patient_id,
        first.sex,
        first.heavy_chain,
        first.light_chain,
        first.diagnosis_day,
    ) == ("A", "F", ("IgG",), "kappa", -900)
    assert (
        second.patient_id,
        second.sex,
        second.heavy_chain,
        second.light_chain,
        second.diagnosis_day,
    ) == ("B", "M", ("none",), "lambda", None)
    assert [(x.product, x.day) for x in (*first.infusions, *second.infusions)] == [
        ("ide-cel", 0),
        ("cilta-cel", 0),
    ]
    assert [(t.line, t.agents, t.after_infusion) for t in first.therapies] == [
        (1, ("bortezomib", "cyclophosphamide", "dexamethasone"), 0),
        (
            2,
            ("bortezomib", "dexamethasone"),
            0,
        ),  # the centre's own name; the column with CAR-T is no therapy
        (4, ("pomalidomide", "dexamethasone"), 1),
    ]
    assert first.therapies[0].best_response == "PR" and first.therapies[0].start == When(None, -1)
    assert first.therapies[0].source.place == "clin!F2"
    assert [(r.response, r.when) for r in first.responses] == [
        ("PD", When.on(100)),
        ("VGPR", When(61, 137)),
    ]
    assert second.responses == ()


PCR = """
[[sheet]]
file = "book"
sheet = "PCR"
header_row = 2
id = "id"
  [[sheet.twin]]
  first = "copies_(?P<day>[0-9]+)"
  second = "cart_copies_(?P<day>[0-9]+)"
  ratio = 290
  tolerance = 1
  relative = 0.02
  [[sheet.row]]
  table = "labs"
  each = "copies_(?P<day>[0-9]+)"
  day = { group = "day" }
  test = "car_copies_per_ug_dna"
  value = { cell = true }
  unit = "copies/ug"
"""
PCR_HEADER: Rows = [
    [None, "per ug", None, "per 1000 cells"],
    ["id", "copies_7", "copies_14", "cart_copies_7", "cart_copies_14"],
]
# copies on day 7 and 14, their twins; days that are used; cells named by an issue
TWINS = [
    ((29000, 2900, 100, 10), [7, 14], []),
    ((29000, 290, 100, 2), [7, 14], []),  # off by one: rounding
    ((290000, 2900, 1019, 10), [7, 14], []),  # 1.9 %
    ((290000, 2900, 1030, 10), [14], ["PCR!B3"]),  # 3 %
    ((29000, 2900, 1000, 10), [14], ["PCR!B3"]),  # off by ten
    ((None, 29000, 100, None), [], ["PCR!C3"]),  # the same under two visits
    ((29000, None, None, None), [7], []),  # nothing to compare with
    ((0, 2900, 0, 10), [7, 14], []),
]


@pytest.mark.parametrize(("cells", "used", "flagged"), TWINS)
def test_twin_columns(
    tmp_path: Path, cells: tuple[object, ...], used: list[int], flagged: list[str]
) -> None:
    record = _read(tmp_path, PCR, PCR=[*PCR_HEADER, ["A", *cells]]).records[0]
    assert [x.day for x in record.labs] == used
    assert _issues(record, "twin_contradiction") == [f"{place}|set_aside" for place in flagged]
    assert all(x.why_set_aside and x.quantity is None for x in record.set_aside)


DAYS = """
[day_labels]
"Day 7" = 7
LA = "apheresis"
[[agree]]
what = "day of apheresis"
tolerance = 1
days = [
  { sheet = "clin", column = "aph", negate = true },
  { sheet = "cells", column = "true_day", where = { Day = "LA" } },
]
[[sheet]]
file = "book"
sheet = "clin"
id = "id"
  [[sheet.row]]
  table = "infusions"
  day = 0
  product = "ide-cel"
  apheresis_days = { column = "aph", negate = true }
[[sheet]]
file = "book"
sheet = "cells"
id = "id"
label = { column = "Day", day = "true_day" }
  [[sheet.row]]
  table = "labs"
  day = { column = "true_day" }
  nominal_day = { column = "Day" }
  test = "cd4_t_cells"
  value = { column = "CD4" }
  unit = "/uL"
"""


def test_contradicting_days(tmp_path: Path) -> None:
    """A day that two sheets state differently, and a label that its true day contradicts: neither
    is used as a day.
    """
    clin: Rows = [["id", "aph"], ["A", 50], ["B", 50]]
    cells: Rows = [
        ["id", "Day", "true_day", "CD4"],
        ["A", "LA", -51, 100],
        ["A", "Day 7", 9, 120],
        ["B", "LA", -90, 200],
        ["B", "Day 7", 0, 210],
    ]
    first, second = _read(tmp_path, DAYS, clin=clin, cells=cells).records
    assert first.issues == () and first.infusions[0].apheresis_days == (-50,)
    assert [(x.day, x.nominal_day) for x in first.labs] == [(-51, None), (9, 7)]
    assert second.infusions[0].apheresis_days == ()
    assert [x.when for x in second.labs] == [When(-90, -50), When(0, 7)]
    assert _issues(second, "days_contradict") == ["clin!B3|set_aside", "cells!C5|set_aside"]


def test_rows_that_two_patients_share(tmp_path: Path) -> None:
    text = """
[[sheet]]
file = "book"
sheet = "m"
id = "id"
  [[sheet.row]]
  table = "labs"
  day = { column = "Day" }
  test = "cd4_t_cells"
  value = { column = "CD4" }
  unit = "/uL"
"""
    rows: Rows = [
        ["id", "Day", "CD4", "a", "b", "c", "d"],
        ["A", 7, 1, 2, 3, 4, 5],
        ["B", 7, 1, 2, 3, 4, 5],
        ["C", 7, 1, 2, 3, 4, 6],
        ["C", 8, 0, 0, 0, 0, 0],
        ["A", 8, 0, 0, 0, 0, 0],
    ]
    first, second, third = _read(tmp_path, text, m=rows).records
    assert (
        [x.day for x in first.labs] == [8]
        and [x.day for x in third.labs] == [7, 8]
        and second.labs == ()
    )
    assert _issues(first, "rows_shared_by_patients") == ["m!2|set_aside"] and _issues(
        second, "rows_shared_by_patients"
    ) == ["m!3|set_aside"]


@pytest.mark.parametrize(("scale", "used"), [("", 0), (", scale = 100", 6)])
def test_fractions_in_a_percent_column(tmp_path: Path, scale: str, used: int) -> None:
    text = f"""
[[sheet]]
file = "book"
sheet = "t"
id = "id"
  [[sheet.row]]
  table = "labs"
  day = {{ column = "Day" }}
  test = "regulatory_t_cells"
  value = {{ column = "Tregs %"{scale} }}
  unit = "%"
"""
    rows: Rows = [
        ["id", "Day", "Tregs %"],
        *[["A", d, 0.332999999999999 if d == 1 else 0.05] for d in range(6)],
    ]
    record = _read(tmp_path, text, t=rows).records[0]
    assert len(record.labs) == used and len(record.set_aside) == 6 - used
    assert len(_issues(record, "percent_holds_fractions")) == (0 if used else 1)
    if used:
        assert record.labs[1].quantity is not None and record.labs[
            1
        ].quantity.exact == pytest.approx(33.3)


def test_many_rows_to_one(tmp_path: Path) -> None:
    text = """
cells = { pattern = "*.csv" }
[[sheet]]
file = "cells"
id = "PATIENT"
reduce = { by = ["PATIENT", "Day"], where = { TYPE = "RNA" }, column = "EXPRS", percent_above = 0 }
  [[sheet.row]]
  table = "labs"
  day = { column = "Day" }
  test = "bcma_rna_positive_plasma_cells"
  value = { column = "percent" }
  unit = "%"
  cells_counted = { column = "count" }
"""
    (tmp_path / "cells.csv").write_text(
        "PATIENT,Day,EXPRS,TYPE\nA,30,0.5,RNA\nA,30,0.0,RNA\nA,30,9,ADT\nA,30,x,RNA\nA,30,2,RNA\nA,30,1,RNA\nB,30,0,RNA\n"
    )
    reading = _read(tmp_path, text, other=[["a"], [1]])
    first, second = (r.labs[0] for r in reading.records)
    assert (first.as_given, first.cells_counted, first.source.place) == (
        "75 %",
        4,
        "rows 2 to 7 (4 rows)",
    )
    assert (second.as_given, second.cells_counted) == ("0 %", 1)
    assert "rows_not_counted" in [i.code for i in reading.issues]


def test_words_out_of_place(tmp_path: Path) -> None:
    """A response in a method column and a drug in a percentage column: said and set aside, the rest
    is read.
    """
    text = """
[[sheet]]
file = "book"
sheet = "t"
id = "id"
  [[sheet.row]]
  table = "labs"
  day = 30
  test = "mrd"
  value = { column = "MRD", words = { 0 = "", 1 = "negative", 2 = "positive" } }
  method = { column = "method", words = { MCF = "flow_cytometry" } }
  [[sheet.row]]
  table = "labs"
  day = 30
  test = "car_t_cells_flow"
  value = { column = "CAR" }
  unit = "% of T cells"
"""
    rows: Rows = [
        ["id", "MRD", "method", "CAR", "spare"],
        ["A", 1, "VGPR", 3.5, 1],
        ["B", 2, "MCF", "Teclistamab", 1],
        ["C", 0, None, "n.d.", 1],
        ["D", 3, None, 1, 1],
    ]
    reading = _read(tmp_path, text, t=rows)
    first, second, third, fourth = sorted(reading.records, key=lambda r: r.patient_id)
    assert (first.labs[0].word, first.labs[0].method) == ("negative", None) and _issues(
        first, "word_out_of_place"
    ) == ["t!C2|set_aside"]
    assert (second.labs[0].word, second.labs[0].method) == (
        "positive",
        "flow_cytometry",
    ) and _issues(second, "drug_for_number") == ["t!D3|set_aside"]
    assert (
        third.labs == ()
        and third.set_aside == ()
        and [i.code for i in third.issues] == ["not_done"]
    )
    assert [x.test for x in fourth.labs] == ["car_t_cells_flow"] and _issues(
        fourth, "unknown_word"
    ) == ["t!B5|set_aside"]
    assert "spare" in next(i.message for i in reading.issues if i.code == "columns_not_mapped")


SHEET = '[[sheet]]\nfile = "book"\nsheet = "t"\nid = "id"\n'
LAB = (
    '[[sheet.row]]\ntable = "labs"\nday = 1\ntest = "crp"\nvalue = { column = "CRP" }\nunit ='
    ' "mg/L"\n'
)
TWIN = '[[sheet.twin]]\nfirst = "a"\nsecond = "b"\n'
IN_ROW = r"\[\[sheet\]\] t, row 1 \[labs\]"
# the mapping, what the sentence must name: the place, what stands there, what to write
WRONG = [
    (SHEET + LAB.replace('"CRP"', '"CRPP"'), "'CRPP'.*sheet t.*nearest are CRP"),
    (SHEET.replace('"t"', '"tt"') + LAB, "sheet 'tt'.*nearest are t"),
    (SHEET.replace('"id"', '"Patient"') + LAB, "'Patient'.*sheet t"),
    (SHEET + "header_row = 9\n" + LAB, "row 9"),
    (SHEET + 'header_row = "2"\n' + LAB, r"\]\] t, header_row: a whole number.*not '2'"),
    (SHEET + "header_row = 0\n" + LAB, r"\[\[sheet\]\] t, header_row: 0.*1 or more"),
    (SHEET.replace('"book"', '"bok"') + LAB, "'bok'.*Did you mean book"),
    (SHEET.replace('id = "id"\n', "") + LAB, r"\[\[sheet\]\] t: id is missing"),
    (
        SHEET + 'colour = "red"\n' + LAB,
        r"\[\[sheet\]\] t: unknown key colour; allowed: date_order, file",
    ),
    (SHEET + LAB + 'colour = "red"\n', IN_ROW + ": labs has no column 'colour'"),
    (SHEET + LAB.replace('"labs"', '"lab"'), "no table 'lab'.*Did you mean labs"),
    (SHEET + LAB.replace('test = "crp"\n', ""), IN_ROW + ".*needs test"),
    (
        SHEET + LAB.replace('column = "CRP"', 'colum = "CRP"'),
        IN_ROW + ", value: unknown key colum; allowed: cell, column.*Did you mean column",
    ),
    (SHEET + LAB.replace('column = "CRP"', "negate = true"), IN_ROW + ", value: give exactly one"),
    (SHEET + LAB.replace('column = "CRP"', 'group = "CRP"'), IN_ROW + ", value: cell and group"),
    (SHEET + LAB.replace('"CRP"', '"CRP", scale = "x"'), ", value, scale: a number.*not 'x'"),
    (SHEET + LAB.replace("day = 1", "day = [1, 2, 3]"), r", day: an interval.*\[1, 2, 3\]"),
    (SHEET + LAB.replace("day = 1", "day = [5, 1]"), ", day: an interval.*smaller first"),
    (SHEET + LAB.replace("day = 1", 'day = ["a"]'), r", day: a list.*not \['a'\]"),
    (SHEET + LAB.replace("day = 1", "day = 2024-03-31"), ", day: 2024-03-31.*quotation marks"),
    (SHEET + LAB.replace('"CRP"', '"CRP", words = { a = [1] }'), ", value, words, a: a text"),
    (SHEET + LAB + 'when = { column = "CRP", is = 1 }\n', ", when, is: a list is expected, not 1"),
    (SHEET + LAB + 'each = "(unclosed"\n', IN_ROW + ", each: .*regular expression"),
    (SHEET + LAB + 'each = "[[a]"\n', IN_ROW + ", each: .*regular expression"),
    (
        SHEET
        + LAB.replace("day = 1", 'day = { column = "CRP" }').replace(
            'value = { column = "CRP"', 'value = { last_column = "C(?P<line>[A-Z]+)"'
        ),
        "number of a line from 'RP'",
    ),
    (SHEET.replace('"id"', '"i\\u202ed"') + LAB, r"contains the character .\\u202e"),
    (SHEET + LAB + 'each = "zzz_[0-9]+"\n', "zzz_"),
    (SHEET + LAB.replace("[[sheet.row]]", "[sheet.row]"), r"row is not.*Write \[\[sheet.row\]\]"),
    (SHEET + SHEET + LAB, "same name"),
    (
        SHEET + LAB + TWIN + "ratio = 0\n",
        ", twin 1, ratio: 0 is not allowed. Write a number above 0",
    ),
    (SHEET + LAB + TWIN, ", twin 1: ratio is missing"),
    (SHEET + 'reduce = { by = [], column = "a", percent_above = 0 }\n' + LAB, "t, reduce, by: "),
    (SHEET + 'label = { column = "a" }\n' + LAB, "t, label: day is missing"),
    (SHEET + LAB + "[regimens]\nA = ['zauberol']\n", r"\[regimens\] A: 'zauberol'"),
    (SHEET + LAB + "[regimens]\nA = 'bortezomib'\n", r"\[regimens\] A: a list of agents"),
    (SHEET + LAB + "[day_labels]\nA = [5, 1]\n", r"\[day_labels\] A: an interval.*not \[5, 1\]"),
    (SHEET + LAB + "[day_labels]\nA = 5.5\n", r"\[day_labels\] A: .*not 5.5"),
    (SHEET + LAB + '[[agree]]\nwhat = "day x"\ndays = []\n', r"\[\[agree\]\] day x, days: only 0"),
    (
        SHEET + LAB + '[[agree]]\nwhat = "day x"\ndays = [{ sheet = "t", column = "a" }, '
        '{ sheet = "z", column = "a" }]\n',
        r"\[\[agree\]\] day x: there is no \[\[sheet\]\] named 'z'",
    ),
    ("", r"there is no \[\[sheet\]\]\."),
    ("this is not TOML", "not TOML"),
    ('[day_label]\n"Day 7" = 7\n' + SHEET + LAB, "unknown key day_label.*Did you mean day_labels"),
    (SHEET + LAB + 'time = { template = "{a.b}" }\n', "template"),
]


@pytest.mark.parametrize(("text", "why"), WRONG, ids=range(len(WRONG)))
def test_a_wrong_mapping_is_refused_with_a_sentence(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(InputError, match=why) as error:
        _read(tmp_path, text, t=[["id", "CRP"], ["A", 3]])
    sentence = str(error.value)
    assert len(sentence) < 700
    assert not [name for name in ("ValueSpec", "_Top", "KnowledgeError") if name in sentence]


def test_one_faulty_block_does_not_hide_the_next(tmp_path: Path) -> None:
    row = LAB.replace("column", "colum").replace("day = 1", "day = [2, 1]")
    text = SHEET + 'colour = "red"\n' + row + "[day_labels]\nB = true\n"
    with pytest.raises(InputError) as error:
        _read(tmp_path, text, t=[["id", "CRP"], ["A", 3]])
    sentence = str(error.value)
    assert sentence.startswith("The mapping centre.toml can't be used: ")
    for place in ("[day_labels] B: ", "[[sheet]] t: ", "[labs], day: ", "[labs], value: "):
        assert place in sentence


def test_files_of_a_mapping(tmp_path: Path) -> None:
    book, mapping = _book(tmp_path, t=[["id", "CRP"], ["A", 3]]), _mapping(tmp_path, SHEET + LAB)
    assert len(read(book, mapping).records) == len(read(tmp_path, mapping).records) == 1
    (tmp_path / "second.xlsx").write_bytes(book.read_bytes())
    assert read(book, mapping).files == ("cohort.xlsx",), "the file given is meant"
    with pytest.raises(InputError, match="several files"):
        read(tmp_path, mapping)
    with pytest.raises(InputError, match="matches no file"):
        (tmp_path / "x.csv").write_text("a\n1\n")
        read(tmp_path / "x.csv", mapping)
    with pytest.raises(InputError, match="can't be read"):
        read(book, tmp_path / "none.toml")


def test_draft_lists_every_column_and_loads(tmp_path: Path) -> None:
    header: list[Any] = [
        "Patient",
        "Geschlecht",
        "Hb [g/dL]",
        "CRP_d-1",
        "CRP_d3",
        "Regime_1",
        "Bortezomib",
        "Tag",
        'odd "name"\\',
        "Kommentar",
    ]
    book = _book(
        tmp_path,
        clin=[
            header,
            ["SECRET-1", "w", 10.5, 3, 4, "VRd", "refractory", "Day 7", 1, "secret words"],
        ],
        legend=[["a", "b"], ["x", "y"]],
    )
    text = draft_mapping(book)
    assert all(str(name).split('"')[0] in text for name in header) and "legend" in text
    assert "SECRET" not in text and "secret" not in text
    target = write_draft(tmp_path / "draft.toml", book)
    load_mapping(target)
    record = read(book, target).records[0]
    assert (record.sex, record.labs[0].as_given, record.labs[0].day) == ("F", "10.5 g/dL", 7)
    assert {x.why_set_aside is not None for x in record.set_aside} == {True} and len(
        record.set_aside
    ) == 2, "CRP has no unit yet"
    assert (
        record.therapies[0].agents == ("bortezomib", "lenalidomide", "dexamethasone")
        and record.refractoriness[0].status == "refractory"
    )
    with pytest.raises(InputError, match="already exists"):
        write_draft(target, book)


def test_draft_of_a_german_registry(tmp_path: Path) -> None:
    """Headers as centres write them, units beside the name, cytogenetics as columns; the draft
    reads without being edited.
    """
    header: list[Any] = [
        *(
            "Pat-Nr.",
            "Geschlecht (m/w)",
            "Geb.-Jahr",
            "Datum CAR-T",
            "CAR-T Produkt",
            "Dat. letzter Kontakt",
        ),
        *("t(11;14)", "del17p", "1q21+", "t(4;14)", "Ig-Typ"),
    ]
    person: list[Any] = [
        "007",
        "w",
        1960,
        "05.03.2024",
        "Carvykti",
        "20.02.2025",
        "ja",
        "nein",
        "positiv",
        "siehe Brief",
        "IgG",
    ]
    lab_header: list[Any] = [
        *(
            "Pat-Nr.",
            "Datum",
            "M-Gradient (g/l)",
            "FLC kappa mg/l",
            "Kappa (frei) mg/dl",
            "Thrombo (/nl)",
            "Krea",
            "IFE",
            "Krea grob",
        )
    ]
    labs: list[Any] = ["007", "20.02.2024", 28, 9, "1,5", 120, "0,9", "pos", 3]
    book = _book(tmp_path, Patienten=[["Export"], [None], header, person], Labor=[lab_header, labs])
    target = write_draft(tmp_path / "draft.toml", book)
    draft = target.read_text("utf-8")
    assert all(f"#   {left} " in draft for left in ("IFE", "t(4;14)", "Krea grob"))
    (record,) = read(book, target).records
    assert (record.sex, record.birth_year, record.last_seen_day) == ("F", 1960, 352)
    assert record.heavy_chain == ("IgG",)
    assert [(x.product, x.day) for x in record.infusions] == [("cilta-cel", 0)]
    assert [(v.gene, v.kind, v.result) for v in record.variants] == [
        ("t(11;14)", "translocation", "present"),
        ("17p", "deletion", "absent"),
        ("1q21", "gain", "present"),
    ]
    assert [(x.test, x.day, x.quantity.exact if x.quantity else None) for x in record.labs] == [
        ("serum_m_protein", -14, 2.8),
        ("kappa_flc", -14, 9.0),
        ("kappa_flc", -14, 15.0),
        ("platelets", -14, 120.0),
    ]
    assert [x.test for x in record.set_aside] == ["creatinine"], "creatinine has no unit yet"


def test_draft_without_ids(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="patient ids"):
        draft_mapping(_book(tmp_path, t=[["a", "b"], [1, 2]]))


def test_template_is_a_tidy_folder(tmp_path: Path) -> None:
    written = write_template(tmp_path / "out")
    assert len(written) == 13 and "soluble" not in (tmp_path / "out" / "labs.csv").read_text()
    with (tmp_path / "out" / "patients.csv").open("a") as file:
        file.write("A,F,,1960,,,IgG,kappa,,,\n")
    reading = read(tmp_path / "out")
    (record,) = reading.records
    assert (record.patient_id, record.heavy_chain) == ("A", ("IgG",))
    assert {i.code for i in reading.issues} == {"table_without_rows"}
    missed = [i.source.file for i in reading.issues if i.severity != "note"]
    assert missed == ["labs.csv", "therapies.csv", "infusions.csv"]
    with pytest.raises(InputError, match="Nothing was written"):
        write_template(tmp_path / "out")


@pytest.mark.parametrize("pattern", ["", 'id_pattern = "X[0-9]+"\n'])
def test_where_nobody_is_left_the_sentence_says_why(tmp_path: Path, pattern: str) -> None:
    text = SHEET + pattern + '[[sheet.row]]\ntable = "patients"\nsex = { column = "s" }\n'
    with pytest.raises(InputError) as error:
        _read(tmp_path, text, t=[["id", "s"], ["A\nB", "F"]])
    sentence = str(error.value)
    assert "yields no patient with the mapping centre.toml" in sentence
    assert "cohort.xlsx: t!" in sentence, sentence


def test_rows_of_no_patient_are_one_issue_a_sheet_and_kind(tmp_path: Path) -> None:
    text = (
        SHEET + 'id_pattern = "X[0-9]+"\n[[sheet.row]]\ntable = "patients"\nsex = { column = "s" }'
    )
    rows = [["id", "s"], ["X1", "F"], ["total", "F"], ["", "F"], ["sum", "M"], ["", "M"]]
    issues = _read(tmp_path, text, t=rows).issues
    assert [(i.code, i.source.place, i.done) for i in issues] == [
        ("patient_id_missing", "t!A3", "refused"),
        ("patient_id_missing", "t!A4", "refused"),
    ]
    assert "The ids of 2 rows ('total', 'sum') do not match" in issues[0].message
    assert issues[1].message.startswith("2 rows have no patient id")
