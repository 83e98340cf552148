"""Ids and texts that would mislead a person or a terminal: control characters, ids over several
lines, one patient under two ids.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.support.fhir_builder import bundle, infusion, patient, read_text
from tests.support.filled_form import FilledForm

from rearm.intake import InputError, read, read_tables
from rearm.intake.build.checks.ids import id_key
from rearm.intake.files.control_characters import clean_json


@pytest.mark.parametrize(
    "control", ["\x1b", "\x07", "\x7f", "\x9b", "\ufffe", "\uffff", "\ufdd0", "\U0001fffe"]
)
def test_control_characters_of_a_csv_file_are_replaced_with_one_note(
    tmp_path: Path, control: str
) -> None:
    text = f"patient_id,sex\nA{control}[2J,F\nB{control},F\n"
    (tmp_path / "patients.csv").write_text(text, "utf-8")
    reading = read(tmp_path)
    assert [r.patient_id for r in reading.records] == ["A\ufffd[2J", "B\ufffd"]
    (note,) = [i for i in reading.all_issues() if i.code == "control_characters"]
    assert (note.severity, note.source.place) == (
        "note",
        "row 2, column 1",
    ) and "2 texts" in note.message


def test_tabs_and_line_breaks_stay_and_memory_and_json_are_cleaned() -> None:
    reading = read_tables(
        {
            "patients": [{"patient_id": "A\x00"}],
            "facts": [{"patient_id": "A\x00", "finding": "goals", "value": "a\tb\nc"}],
        }
    )
    assert reading.records[0].patient_id == "A\ufffd"
    assert clean_json({"a\x1b": ["b\x1b\n", 1, None]}, "f.json")[0] == {
        "a\ufffd": ["b\ufffd\n", 1, None]
    }
    assert clean_json("\ud800\uffff\U0010ffff", "f.json")[0] == "\ufffd" * 3
    assert clean_json("\u202ea\u200f\u2028b", "f.json")[0] == "\ufffda\ufffd b"
    assert clean_json("\ufffd\U0010fffd\u200b", "f.json")[1] == []
    assert clean_json({"a": "b\n"}, "f.json") == ({"a": "b\n"}, [])


def test_an_open_quotation_mark_that_swallows_lines_is_refused_by_place(tmp_path: Path) -> None:
    (tmp_path / "patients.csv").write_text('patient_id,sex\nA,F\n"B,F\nC,M"\n', "utf-8")
    reading = read(tmp_path)
    assert [r.patient_id for r in reading.records] == ["A"]
    (issue,) = [i for i in reading.issues if i.code == "patient_id_line_break"]
    assert (issue.severity, issue.done, issue.source.place) == (
        "error",
        "refused",
        "row 3, patient_id",
    )


@pytest.mark.parametrize(
    ("written", "code", "words"),
    [
        ("", "patient_id_missing", "3 rows of labs have no patient id"),
        ('"A\nB"', "patient_id_line_break", "3 rows of labs are not read"),
    ],
)
def test_rows_of_no_patient_are_one_issue_a_table(
    tmp_path: Path, written: str, code: str, words: str
) -> None:
    (tmp_path / "patients.csv").write_text(f"patient_id,sex\nC,F\n{written},F\n", "utf-8")
    labs = "".join(f"{written},{day},crp,3,mg/L\n" for day in (1, 2, 3))
    (tmp_path / "labs.csv").write_text("patient_id,day,test,value,unit\n" + labs, "utf-8")
    reading = read(tmp_path)
    assert [r.patient_id for r in reading.records] == ["C"]
    assert [(i.code, i.source.place) for i in reading.issues] == [
        (code, "row 3, patient_id"),
        (code, "row 2, patient_id"),
    ]
    assert words in reading.issues[1].message
    # alone, it is the reason why nothing is read
    with pytest.raises(InputError, match=rf"contains no readable patient\. .*labs\.csv.*{words}"):
        read(tmp_path / "labs.csv")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("P1", "p1"),
        ("P1", "P1\u200b"),
        ("P 1", "P_1"),
        ("P-1", "P.1"),
        ("007", "7"),
        ("\uff301", "P1"),
    ],
)
def test_ids_alike_are_two_patients_and_an_error(one: str, other: str) -> None:
    reading = read_tables({"patients": [{"patient_id": one}, {"patient_id": other}]})
    assert [r.patient_id for r in reading.records] == [one, other]
    (issue,) = [i for i in reading.issues if i.code == "ids_alike"]
    assert (issue.severity, issue.done) == ("error", "used")
    assert all((i if i.isascii() else ascii(i)) in issue.message for i in (one, other))


@pytest.mark.parametrize(
    ("one", "other"), [("P1", "P01"), ("P1", "P-1"), ("10", "1"), ("A1", "B1")]
)
def test_ids_that_differ_are_not_alike(one: str, other: str) -> None:
    assert id_key(one) != id_key(other)


@pytest.mark.parametrize("patient_id", ["KA", "ND", "NA", "NK", "unk", "null", "None", "-"])
def test_an_id_is_never_a_word_for_a_blank(tmp_path: Path, patient_id: str) -> None:
    """The infusion of patient NA is read, by the tables, a mapping, the form and FHIR."""
    row = {"patient_id": patient_id}
    tables = read_tables({"patients": [row], "infusions": [row | {"day": 0, "product": "ide-cel"}]})

    (tmp_path / "a.csv").write_text(f"Pat,day\n{patient_id},0\n", "utf-8")
    (tmp_path / "m.toml").write_text(
        '[files]\na = "a.csv"\n[[sheet]]\nfile = "a"\nid = "Pat"\n'
        '[[sheet.row]]\ntable = "patients"\nsex = "F"\n[[sheet.row]]\ntable = "infusions"\n'
        'product = "ide-cel"\nday = { column = "day" }\n',
        "utf-8",
    )
    mapped = read(tmp_path / "a.csv", tmp_path / "m.toml")

    form = FilledForm(tmp_path / "form.xlsx")
    form.fill("patient_id", patient_id=patient_id)
    form.fill("car_t", product="ide-cel", day="2024-03-04")

    given = infusion(subject={"reference": f"Patient/{patient_id}"})
    fhir = read_text(json.dumps(bundle(patient(id=patient_id), given)))
    for reading in (tables, mapped, read(form.save()), fhir):
        (record,) = reading.records
        assert (record.patient_id, len(record.infusions)) == (patient_id, 1)
