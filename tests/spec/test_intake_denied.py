"""A word that says there was none is no event, whatever the reader; that something is not known
denies nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.support.fhir_builder import SUBJECT, agent, code, m_protein, record_of, without
from tests.support.filled_form import FilledForm

from rearm.intake import read, read_tables
from rearm.record import Record

FIELDS = {
    "deaths": "deaths",
    "infusions": "infusions",
    "therapies": "therapies",
    "imaging": "imaging",
    "toxicities": "toxicities",
    "conditions": "conditions",
    "variants": "variants",
    "refractoriness": "refractoriness",
    "assessments": "responses",
}
# the table, the row besides its id, and how many events it is
ROWS: list[tuple[str, dict[str, str], int]] = [
    # --- infusions: the product is denied, or not known
    ("infusions", {"day": "0", "product": "none"}, 0),
    ("infusions", {"day": "0", "product": "keine"}, 0),
    ("infusions", {"day": "0", "product": "n.d."}, 0),
    ("infusions", {"day": "0", "product": "none", "infused": "no"}, 0),
    ("infusions", {"day": "0", "product": "unknown"}, 1),
    ("infusions", {"day": "0", "product": "NA"}, 1),
    ("infusions", {"day": "0", "product": "n.d.", "infused": "yes"}, 1),
    ("infusions", {"day": "0", "product": "n.d.", "dose_cells": "450000000"}, 1),
    ("infusions", {"day": "0", "product": "ide-cel", "target": "n.d."}, 1),
    ("infusions", {"day": "0", "product": "ide-cel", "dose_cells": "n.d."}, 1),
    # --- therapies
    ("therapies", {"start_day": "3", "regimen": "none"}, 0),
    ("therapies", {"start_day": "3", "regimen": "keine", "line": "2"}, 0),
    ("therapies", {"start_day": "3", "agents": "nein"}, 0),
    ("therapies", {"start_day": "3", "regimen": "not done"}, 0),
    ("therapies", {"start_day": "3", "regimen": "unknown"}, 1),
    ("therapies", {"start_day": "3", "regimen": "VRd", "agents": "n.d."}, 1),
    ("therapies", {"start_day": "3", "regimen": "none", "purpose": "radiotherapy"}, 1),
    # --- imaging
    ("imaging", {"day": "3", "lesion": "n.d."}, 0),
    ("imaging", {"day": "3", "lesion": "none", "method": "CT"}, 0),
    ("imaging", {"day": "3", "result": "n.d.", "method": "PET-CT"}, 0),
    ("imaging", {"day": "3", "result": "negative", "lesion": "none"}, 1),
    ("imaging", {"day": "3", "lesion": "L1", "result": "n.d."}, 1),
    ("imaging", {"day": "3", "result": "pending", "method": "PET-CT"}, 1),
    # --- toxicities: "none" is no grade 0, which says that somebody looked
    ("toxicities", {"day": "3", "toxicity": "crs", "grade": "none"}, 0),
    ("toxicities", {"day": "3", "toxicity": "crs", "grade": "no"}, 0),
    ("toxicities", {"day": "3", "toxicity": "crs", "grade": "n.d."}, 0),
    ("toxicities", {"day": "3", "toxicity": "crs", "severity": "keine"}, 0),
    ("toxicities", {"day": "3", "toxicity": "none"}, 0),
    ("toxicities", {"day": "3", "toxicity": "crs", "grade": "n.d.", "severity": "mild"}, 1),
    ("toxicities", {"day": "3", "toxicity": "crs", "grade": "unknown"}, 1),
    ("toxicities", {"day": "3", "toxicity": "crs", "grade": "0"}, 1),
    # --- what is named is none
    ("conditions", {"day": "3", "condition": "none", "status": "present"}, 0),
    ("variants", {"day": "3", "gene": "keine", "result": "present"}, 0),
    ("refractoriness", {"agent_or_class": "none", "status": "refractory"}, 0),
    # --- a word of the column's own list is that word
    ("variants", {"day": "3", "gene": "TP53", "result": "no"}, 1),
    ("conditions", {"day": "3", "condition": "hepatitis_b", "status": "no"}, 1),
    # --- deaths
    ("deaths", {"day": "300", "cause": "n.d."}, 1),
    ("deaths", {"cause": "n.d."}, 0),
    ("deaths", {"cause": ""}, 0),
]


def _tidy(table: str, row: dict[str, str]) -> Any:
    return read_tables({"patients": [{"patient_id": "A"}], table: [{"patient_id": "A"} | row]})


def _mapped(folder: Path, table: str, row: dict[str, str]) -> Any:
    names = list(row)
    cells = ",".join(f'"{row[name]}"' for name in names)
    (folder / "a.csv").write_text(f"Pat,{','.join(names)}\nA,{cells}\n", "utf-8")
    columns = "\n".join(f'{name} = {{ column = "{name}" }}' for name in names)
    (folder / "m.toml").write_text(
        '[files]\na = "a.csv"\n[[sheet]]\nfile = "a"\nid = "Pat"\n'
        '[[sheet.row]]\ntable = "patients"\nsex = "F"\n'
        f'[[sheet.row]]\ntable = "{table}"\n{columns}\n',
        "utf-8",
    )
    return read(folder / "a.csv", folder / "m.toml")


@pytest.mark.parametrize(("table", "row", "events"), ROWS)
def test_tables_and_mapping_agree(
    tmp_path: Path, table: str, row: dict[str, str], events: int
) -> None:
    for reading in (_tidy(table, row), _mapped(tmp_path, table, row)):
        record = reading.records[0]
        assert len(getattr(record, FIELDS[table])) == events
        if not events:
            assert {i.code for i in reading.all_issues()} & {"not_done", "row_blank"}


@pytest.mark.parametrize("cause", ["unknown", "not known", "unbekannt"])
def test_a_row_of_deaths_is_a_death_where_its_cause_is_unknown(tmp_path: Path, cause: str) -> None:
    """A sheet has a line for everybody, and a word for every blank cell: there it is none."""
    (stated,) = _tidy("deaths", {"cause": cause}).records
    (line,) = _mapped(tmp_path, "deaths", {"day": "", "cause": cause}).records
    (with_day,) = _mapped(tmp_path, "deaths", {"day": "300", "cause": cause}).records
    assert [len(x.deaths) for x in (stated, line, with_day)] == [1, 0, 1]


def test_cause_of_death_that_is_not_known() -> None:
    (death,) = _tidy("deaths", {"cause": "nicht bekannt"}).records[0].deaths
    assert death.cause == "unknown"


def test_day_of_an_infusion_that_was_none_is_not_day_0() -> None:
    infusions = [{"patient_id": "A", "day": "2024-03-04", "product": "none", "best_response": "CR"}]
    labs = [
        {"patient_id": "A", "day": "2024-05-06", "test": "hemoglobin", "value": 11, "unit": "g/dL"}
    ]
    tables: dict[str, Any] = {
        "patients": [{"patient_id": "A"}], "infusions": infusions, "labs": labs
    }  # fmt: skip
    record = read_tables(tables).records[0]
    assert str(record.day_zero) == "2024-05-06"
    assert (record.infusions, record.responses) == ((), ())


# a line of the form, and how many events it is
LINES: list[tuple[str, dict[str, str], str, int]] = [
    ("lesion", {"lesion": "n.d.", "day": "2024-03-04"}, "imaging", 0),
    ("lesion", {"lesion": "none", "day": "2024-03-04", "site": "liver"}, "imaging", 0),
    ("lesion", {"lesion": "liver", "day": "2024-03-04"}, "imaging", 1),
    ("pet_ct", {"result": "not done", "day": "2024-03-04"}, "imaging", 0),
    ("bridging", {"regimen": "none"}, "therapies", 0),
    ("bridging", {"regimen": "keine", "start_day": "2024-03-04"}, "therapies", 0),
    ("bridging", {"regimen": "VRd"}, "therapies", 1),
    ("lymphodepletion", {"regimen": "none", "start_day": "2024-03-04"}, "therapies", 0),
    ("car_t", {"product": "none", "day": "2024-03-04"}, "infusions", 0),
    ("crs", {"grade": "none", "day": "2024-03-04"}, "toxicities", 0),
    ("crs", {"grade": "0"}, "toxicities", 1),
    ("other_toxicity", {"toxicity": "keine"}, "toxicities", 0),
    ("other_condition", {"condition": "none"}, "conditions", 0),
    ("del_17p", {"result": "n.d.", "day": "2024-03-04"}, "variants", 0),
]


@pytest.mark.parametrize(("field", "given", "events_of", "events"), LINES)
def test_line_of_the_form(
    tmp_path: Path, field: str, given: dict[str, str], events_of: str, events: int
) -> None:
    form = FilledForm(tmp_path / "form.xlsx")
    form.fill("patient_id", patient_id="A")
    form.fill(field, **given)
    (record,) = read(form.save()).records
    assert len(getattr(record, events_of)) == events
    if not events:
        assert "not_done" in {i.code for i in record.issues}


def test_fhir() -> None:
    def statement(identifier: str, table: str, **columns: str) -> dict[str, Any]:
        components = [
            {"code": code("urn:rearm:column", k), "valueString": v} for k, v in columns.items()
        ]
        return {
            **without(m_protein(identifier), "valueQuantity"),
            "code": code("urn:rearm:table", table),
            "component": components,
        }

    grade = {"extension": [{"url": "urn:rearm:column:grade", "valueString": "none"}]}
    event = {
        "resourceType": "AdverseEvent", "id": "a", "actuality": "actual", "date": "2024-03-09",
        "event": code("urn:rearm:toxicity", "crs"), "subject": SUBJECT, **grade,
    }  # fmt: skip
    record = record_of(
        event,
        statement("r", "refractoriness", agent_or_class="none", status="refractory"),
        agent("t", {"text": "none"}),
        agent("u", {"text": "keine"}),
    )
    assert (record.toxicities, record.refractoriness, record.therapies) == ((), (), ())


def test_unknown_result_of_fhir_without_a_value_is_none() -> None:
    def record(**value: Any) -> Record:
        result = without(m_protein("x"), "valueQuantity")
        return record_of({**result, "code": {"text": "M-protein by a new method"}, **value})

    assert record(valueQuantity={"unit": "g/L"}).set_aside == ()
    (lab,) = record(valueQuantity={"value": 3, "unit": "g/L"}).set_aside
    assert lab.as_given == "3 g/L"


# --- a mapped sheet in which a day stands, and beside it that there was none, or nothing

BESIDE = """
[files]
a = "a.csv"
[[sheet]]
file = "a"
id = "Pat"
[[sheet.row]]
table = "patients"
sex = "F"
[[sheet.row]]
table = "toxicities"
day = {{ column = "Datum" }}
toxicity = "crs"
grade = {{ column = "CRS" }}
[[sheet.row]]
table = "conditions"
day = {{ column = "{day}" }}
condition = "active_infection"
status = {{ column = "Infekt" }}
"""
# first line; Datum, CRS, Tag, Infekt; the days of the conditions; code and place of the issues
SHEETS: list[tuple[str, str, str, list[tuple[str, str]]]] = [
    ("", "3;nein;;", "Tag", [("day_of_none", "row 2, CRS")]),
    ("", "2024-03;no;;", "Tag", [("day_of_none", "row 2, CRS")]),
    ("", "Anfang März 2024;keine;;", "Tag", [("day_of_none", "row 2, CRS")]),
    ("sep=;\n", "3;nein;;", "Tag", [("day_of_none", "row 3, CRS")]),
    ("", "3;n.d.;;", "Tag", []),
    ("", ";nein;;", "Tag", []),
    ("", "n.d.;nein;;", "Tag", []),
    ("", ";;20;", "Tag", [("day_without_event", "row 2, Tag")]),
    ("", ";;20;ja", "Tag", []),
    ("", ";;unbekannt;", "Tag", []),
    # a day that two blocks read is that of the visit
    ("", "3;nein;;", "Datum", []),
    ("", "3;1;;", "Datum", []),
]


@pytest.mark.parametrize(("first", "line", "day", "told"), SHEETS)
def test_a_day_of_which_no_event_is_made_is_told(
    tmp_path: Path, first: str, line: str, day: str, told: list[tuple[str, str]]
) -> None:
    (tmp_path / "a.csv").write_text(f"{first}Pat;Datum;CRS;Tag;Infekt\nA;{line}\n", "utf-8")
    (tmp_path / "m.toml").write_text(BESIDE.format(day=day), "utf-8")
    (record,) = read(tmp_path / "a.csv", tmp_path / "m.toml").records
    own = ("day_of_none", "day_without_event")
    assert [(i.code, i.source.place) for i in record.issues if i.code in own] == told
    if told:
        assert (record.toxicities, record.conditions) == ((), ())
