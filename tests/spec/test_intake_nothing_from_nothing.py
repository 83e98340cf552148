"""Nothing is made of nothing: a row whose own cells are blank, or can't be read, makes no event,
whatever the reader.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rearm.intake import InputError, read, read_tables
from rearm.record import Record, When

BLOCKS = {
    "deaths": 'day = { column = "x" }',
    "assessments": 'day = { column = "x" }\nresponse = "PD"\nby = "team"',
    "conditions": 'day = { column = "x" }\ncondition = "active_infection"\nstatus = "present"',
    "therapies": 'start_day = { column = "x" }\nregimen = "Talquetamab"',
    "toxicities": 'toxicity = "crs"\ngrade = { column = "x" }',
    "infusions": 'day = { column = "x" }\nproduct = "ide-cel"',
    "imaging": 'day = { column = "x" }\nresult = "positive"',
    "variants": 'day = { column = "x" }\ngene = "TP53"\nresult = "present"',
    "refractoriness": 'agent_or_class = "IMiD"\nstatus = { column = "x" }',
    "facts": 'finding = "frailty"\nvalue = { column = "x" }',
}
FIELDS = {table: table for table in BLOCKS} | {"assessments": "responses"}
BLANKS = [
    "", "-", "–", "n/a", "NA", "NULL", "unknown", "NK", "n.d.", "keine Angabe", "k.A.", "n.b.",
    "unbekannt", "not known", "#N/A",
]  # fmt: skip
# What is no blank, and can't be read where it stands.
REFUSED = {"day": "nein", "start_day": "nein", "grade": "keine"}


def _mapped(folder: Path, table: str, cell: str, more: str = "") -> Any:
    (folder / "a.csv").write_text(f'Pat,x\nA,"{cell}"\n', "utf-8")
    mapping = folder / "m.toml"
    mapping.write_text(
        '[files]\na = "a.csv"\n[[sheet]]\nfile = "a"\nid = "Pat"\n'
        '[[sheet.row]]\ntable = "patients"\nsex = "F"\n'
        f'[[sheet.row]]\ntable = "{table}"\n{BLOCKS[table]}\n{more}\n',
        "utf-8",
    )
    return read(folder / "a.csv", mapping)


def _events(record: Record) -> dict[str, int]:
    return {name: len(getattr(record, name)) for name in FIELDS.values() if getattr(record, name)}


@pytest.mark.parametrize("blank", BLANKS)
@pytest.mark.parametrize("table", BLOCKS)
def test_blank_cell_under_a_mapping(tmp_path: Path, table: str, blank: str) -> None:
    reading = _mapped(tmp_path, table, blank)
    record = reading.records[0]
    assert _events(record) == {}
    assert record.set_aside == ()


@pytest.mark.parametrize("table", [t for t in BLOCKS if t != "refractoriness"])
def test_filled_cell_under_a_mapping(tmp_path: Path, table: str) -> None:
    value = {"toxicities": "2", "facts": "frail"}.get(table, "10")
    assert _events(_mapped(tmp_path, table, value).records[0]) == {FIELDS[table]: 1}


@pytest.mark.parametrize("table", ["deaths", "assessments", "conditions", "therapies", "infusions"])
def test_refused_cell_under_a_mapping(tmp_path: Path, table: str) -> None:
    """A word where a day belongs is no event, and the patient's issue says so."""
    record = _mapped(tmp_path, table, "nein").records[0]
    assert _events(record) == {}
    assert [(i.severity, i.code) for i in record.issues] == [("error", "day_unreadable")]
    assert f"The row of {table} is not read." in record.issues[0].message


def test_grade_that_says_none_is_no_episode_and_no_absence(tmp_path: Path) -> None:
    record = _mapped(tmp_path, "toxicities", "keine").records[0]
    assert record.toxicities == ()
    assert [i.code for i in record.issues] == ["not_done"]


def test_date_that_cannot_be_used_is_still_a_death(tmp_path: Path) -> None:
    record = _mapped(tmp_path, "deaths", "03/04/2023").records[0]
    assert [death.when for death in record.deaths] == [When()]
    assert [i.code for i in record.issues] == ["date_ambiguous"]


def test_many_blank_rows_are_one_issue(tmp_path: Path) -> None:
    _mapped(tmp_path, "deaths", "")
    rows = "".join(f"P{n},\n" for n in range(46))
    (tmp_path / "a.csv").write_text(f"Pat,x\n{rows}Q,12\n", "utf-8")
    reading = read(tmp_path / "a.csv", tmp_path / "m.toml")
    assert sum(len(record.deaths) for record in reading.records) == 1
    found = [i for i in reading.all_issues() if i.code == "row_blank"]
    assert [(i.severity, i.message.split(" would")[0]) for i in found] == [
        ("note", "46 rows of deaths")
    ]


def test_even_blank_is_a_word_of_the_user(tmp_path: Path) -> None:
    record = _mapped(tmp_path, "deaths", "", "even_blank = true").records[0]
    assert [death.when for death in record.deaths] == [When()]


def test_condition_without_a_cell_is_asked_about(tmp_path: Path) -> None:
    """`when` filters rows of an instrument as well as statements: the user says which it is."""
    when = 'when = { column = "Pat", is = ["A"] }'
    reading = _mapped(tmp_path, "deaths", "", when)
    assert reading.records[0].deaths == ()
    issues = [i for i in reading.all_issues() if i.code == "row_blank"]
    assert [i.severity for i in issues] == ["warning"]
    assert "even_blank = true" in issues[0].message


def test_condition_alone_is_the_statement(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Pat,dead\nA,1\nB,0\n", "utf-8")
    (tmp_path / "m.toml").write_text(
        '[files]\na = "a.csv"\n[[sheet]]\nfile = "a"\nid = "Pat"\n[[sheet.row]]\n'
        'table = "patients"\nsex = "F"\n[[sheet.row]]\ntable = "deaths"\ncause = "unknown"\n'
        'when = { column = "dead", is = [1] }\n',
        "utf-8",
    )
    records = read(tmp_path / "a.csv", tmp_path / "m.toml").records
    assert [len(record.deaths) for record in records] == [1, 0]


def test_row_of_constants_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Pat\nA\n", "utf-8")
    text = (
        '[files]\na = "a.csv"\n[[sheet]]\nfile = "a"\nid = "Pat"\n[[sheet.row]]\n'
        'table = "infusions"\nday = 0\nproduct = "ide-cel"\n'
    )
    (tmp_path / "m.toml").write_text(text, "utf-8")
    with pytest.raises(InputError, match="even_blank = true"):
        read(tmp_path / "a.csv", tmp_path / "m.toml")
    (tmp_path / "m.toml").write_text(text + "even_blank = true\n", "utf-8")
    assert len(read(tmp_path / "a.csv", tmp_path / "m.toml").records[0].infusions) == 1


# the row besides its id; events of it
TIDY = [
    ("deaths", {"day": None, "cause": None}, {}),
    ("deaths", {"day": "-", "cause": "-"}, {}),
    ("deaths", {"day": "-", "cause": "unknown"}, {"deaths": 1}),
    ("deaths", {"day": "nein"}, {}),
    ("deaths", {"day": "after infusion"}, {"deaths": 1}),
    ("deaths", {"cause": "myeloma"}, {"deaths": 1}),
    ("infusions", {"day": None, "product": "n/a"}, {}),
    ("infusions", {"product": "keine"}, {}),
    ("infusions", {"product": "ide-cel"}, {"infusions": 1}),
    ("therapies", {"start_day": None, "regimen": "-"}, {}),
    ("therapies", {"regimen": "keine"}, {}),
    ("therapies", {"line": 3}, {"therapies": 1}),  # a line whose agents are not known
    ("imaging", {"method": None, "result": None}, {}),
    ("imaging", {"length_mm": "NA"}, {}),
    ("imaging", {"method": "PET-CT"}, {"imaging": 1}),
    ("toxicities", {"toxicity": "crs", "grade": "-"}, {}),
    ("toxicities", {"toxicity": "crs", "grade": "keine"}, {}),
    ("toxicities", {"toxicity": "crs", "grade": 0}, {"toxicities": 1}),
    ("toxicities", {"toxicity": "crs", "day": 3, "grade": "-"}, {"toxicities": 1}),
    ("toxicities", {"toxicity": "crs"}, {"toxicities": 1}),
    ("assessments", {"response": "NK"}, {}),
    ("variants", {"gene": "TP53", "result": "n/a"}, {}),
    ("facts", {"finding": "frailty", "value": "unknown"}, {}),
    ("refractoriness", {"agent_or_class": "IMiD", "status": "-"}, {}),
]  # fmt: skip


@pytest.mark.parametrize(("table", "row", "events"), TIDY)
def test_tidy_row(table: str, row: dict[str, Any], events: dict[str, int]) -> None:
    reading = read_tables({"patients": [{"patient_id": "A"}], table: [{"patient_id": "A"} | row]})
    record = reading.records[0]
    assert _events(record) == events
    if not events:
        assert any(
            i.code in ("row_blank", "not_done", "day_unreadable", "value_unreadable")
            for i in reading.all_issues()
        )
