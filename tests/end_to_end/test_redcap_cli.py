"""REDCap from the command line: Rearm's own project there and back, a draft, public exports."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.support.command_line import run, says
from tests.support.places import PUBLIC, needs_public
from tests.support.redcap_export import Style, tidy_rows, write_project
from tests.support.redcap_project import project

from rearm.intake import read
from rearm.intake.redcap.dictionary import COLUMNS, read_dictionary
from rearm.intake.redcap.own_dictionary import repeating_forms, write_dictionary
from rearm.knowledge.bundle import bundled
from rearm.record import Record

TABLES = Path(__file__).parents[2] / "examples" / "tables"
STYLES = [
    Style(),
    Style(labels=True),
    Style(labels=True, labelled_headers=True),
]


def _told(value: Any) -> str:
    """An event without its source."""
    return re.sub(r"Source\(file='[^']*', place='[^']*'\)", "", repr(value))


def _facts(record: Record) -> dict[str, Any]:
    """What a record holds, without sources and issues; events in no order."""
    names = [name for name in record.__dataclass_fields__ if name not in ("issues", "source")]
    held = {name: getattr(record, name) for name in names}
    return {
        name: sorted(map(_told, value)) if isinstance(value, tuple) else _told(value)
        for name, value in held.items()
    }


@pytest.mark.parametrize("style", STYLES, ids=["raw", "labels", "labels as headers"])
def test_the_examples_come_back_from_our_own_project(tmp_path: Path, style: Style) -> None:
    export, dictionary = write_project(tmp_path, tidy_rows(TABLES), style)
    there = {record.patient_id: _facts(record) for record in read(TABLES).records}
    reading = read(export, redcap=dictionary)
    back = {record.patient_id: _facts(record) for record in reading.records}
    assert len(there) == 11
    assert back == there
    assert [x.code for x in reading.all_issues()] == []


def test_a_word_that_is_not_listed_and_two_words_come_back(tmp_path: Path) -> None:
    """What the form offers is not all that a centre may enter."""
    tables = {
        "patients": [{"patient_id": "A", "day_zero": "2024-03-08", "heavy_chain": "IgG;IgA"}],
        "infusions": [{"patient_id": "A", "day": "0", "product": "ide-cel", "infused": "yes"}],
        "conditions": [
            {"patient_id": "A", "day": "2024-05", "condition": "gout", "status": "present"},
            {"patient_id": "A", "day": "before infusion", "condition": "hiv", "status": "absent"},
        ],
        "toxicities": [{"patient_id": "A", "day": "3", "toxicity": "crs", "grade": ">=3"}],
        "labs": [
            {"patient_id": "A", "day": "30", "test": "2885-2", "value": "<60", "unit": "g/L"},
            {"patient_id": "A", "day": "31", "test": "mrd", "value": "negative", "unit": ""},
        ],
    }
    export, dictionary = write_project(tmp_path, tables, Style())
    (record,) = read(export, redcap=dictionary).records
    folder = tmp_path / "tidy"
    folder.mkdir()
    for name, rows in tables.items():
        lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
        (folder / f"{name}.csv").write_text("\n".join(lines), "utf-8")
    (tidy,) = read(folder).records
    assert _facts(record) == _facts(tidy)
    assert [x.code for x in record.issues] == [x.code for x in tidy.issues]


def test_the_dictionary_is_one_that_redcap_takes(tmp_path: Path) -> None:
    """Names of fields and codes of boxes as REDCap allows them, each field once, forms together."""
    path = write_dictionary(tmp_path / "d.csv")
    assert path.read_text("utf-8").startswith(
        ",".join(f'"{c}"' if "," in c else c for c in COLUMNS)
    )
    made = read_dictionary(path)
    assert made.id_field.name == "patient_id"
    assert [*made.forms] == [*bundled().tidy_tables.tables]
    for field in made.fields.values():
        assert re.fullmatch(r"[a-z][a-z0-9_]*[a-z0-9]", field.name), field.name
        assert len(field.name) <= 100
        assert "__" not in field.name
        assert field.kind in ("text", "dropdown", "checkbox", "yesno")
        assert len(set(field.choices.values())) == len(field.choices), field.name
        if field.kind == "checkbox":
            assert all(re.fullmatch(r"[a-z0-9_]+", code) for code in field.choices)


def test_template_writes_the_dictionary_and_says_what_it_cannot_hold(tmp_path: Path) -> None:
    target = tmp_path / "rearm.csv"
    says(run("template", "--redcap", target), 0, "repeating instruments", *repeating_forms())
    assert target.exists()
    says(run("template", "--redcap", target), 2, "already exists")


def test_check_and_assess_read_an_export_by_its_dictionary(tmp_path: Path) -> None:
    export, dictionary = write_project(tmp_path, tidy_rows(TABLES), Style(labels=True))
    says(run("check", export, "--redcap", dictionary), 0, "11 patients")
    result = run("assess", export, "--redcap", dictionary, "--json", "-", "--patient", "SYN-03")
    says(result, 0)
    tidy = run("assess", TABLES, "--json", "-", "--patient", "SYN-03")
    own, other = (json.loads(x.stdout.splitlines()[0])["answer"] for x in (result, tidy))
    assert own["state"] == other["state"]


def test_init_drafts_a_mapping_that_reads_the_same(tmp_path: Path) -> None:
    export, dictionary = write_project(tmp_path, tidy_rows(TABLES), Style())
    target = tmp_path / "centre.toml"
    says(run("init", target, "--from", export, "--redcap", dictionary), 0, "written")
    direct, drafted = read(export, redcap=dictionary), read(export, target)
    assert [*map(_facts, direct.records)] == [*map(_facts, drafted.records)]
    says(run("init", target, "--from", export, "--redcap", dictionary), 2, "already exists")


def test_faults_end_with_a_sentence(tmp_path: Path) -> None:
    made = project(
        tmp_path, "field,form,type,label,choices,note,check,id\nid,f,text,Id,,,,\n", "a,b\n1,2\n"
    )
    check = ("check", made.export, "--redcap")
    says(run(*check, made.dictionary), 2, "dictionary.csv does not fit the export export.csv")
    says(run(*check, made.export), 2, "export.csv is not a REDCap data dictionary")
    says(run(*check, tmp_path / "none.csv"), 2, "There is no file")
    both = run(*check, made.dictionary, "--mapping", tmp_path / "m.toml")
    assert both.returncode == 2
    assert "not both" in both.stderr


def test_an_export_without_its_dictionary_is_told_what_is_missing(tmp_path: Path) -> None:
    export = tmp_path / "export.csv"
    export.write_text("row,redcap_repeat_instrument,a___1,a_complete\n1,,0,2\n")
    for command in (("check", export), ("init", tmp_path / "m.toml", "--from", export)):
        done = run(*command)
        assert done.returncode == 2
        assert "give the data dictionary of the project with --redcap" in done.stderr


@needs_public
def test_a_public_project_is_read_and_what_is_left_is_told() -> None:
    export = PUBLIC / "redcap" / "ExampleProject_DATA_2018-06-07_1129.csv"
    dictionary = PUBLIC / "redcap" / "ExampleProject_DataDictionary_2018-06-07.csv"
    reading = read(export, redcap=dictionary)
    assert len(reading.records) == 32
    (left,) = [x for x in reading.issues if x.code == "columns_not_mapped"]
    assert len(left.places) == 21
    assert not any(record.labs for record in reading.records)  # cars have no results
    other = PUBLIC / "redcap" / "WARRIORtestForSoftwa_DATA_2018-06-21_1431.csv"
    says(run("check", other, "--redcap", dictionary), 2, "does not fit the export")
